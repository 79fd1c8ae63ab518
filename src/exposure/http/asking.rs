//! What requests about credit have in common: an amount with its deposit, and documents.

use std::collections::BTreeSet;

use crate::error::{Error, Problem};
use crate::exposure::app::checks::Asked;
use crate::platform::http::types::{Amount, Text};
use crate::rules::domain::check_rules::DOCUMENTS_MAX;
use crate::values::currency::Currency;

/// An amount that counts, and the deposit that secures it: nothing when left out, and never more
/// than the amount.
///
/// # Errors
/// A 422 at `amount` or `deposit`.
pub fn asked(
    amount: &Amount,
    deposit: Option<&Amount>,
    currency: Currency,
) -> Result<Asked, Error> {
    let amount = amount.positive(currency, "amount")?;
    let deposit_minor = match deposit {
        Some(deposit) => deposit.in_currency(currency, "deposit")?.minor(),
        None => 0,
    };
    if (0..=amount.minor()).contains(&deposit_minor) {
        Ok(Asked {
            amount,
            deposit_minor,
        })
    } else {
        let (en, zh) = ("is not between nothing and the amount", "不在零与金额之间");
        Err(Problem::field("deposit", en, zh).into())
    }
}

/// Types of documents that an order carries.
///
/// # Errors
/// A 422 at `documents` for too many.
pub fn carried(documents: BTreeSet<Text<60>>) -> Result<BTreeSet<String>, Error> {
    if documents.len() > DOCUMENTS_MAX {
        let (en, zh) = ("has more than 50 types", "超过 50 种");
        return Err(Problem::field("documents", en, zh).into());
    }
    Ok(documents.into_iter().map(|text| text.0).collect())
}
