//! Credit checks: the decision on what is stored, without side effects.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::ledger::book::{Book, By};
use super::ledger::request::Request;
use crate::catalogue::domain::counted::Claim;
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode};
use crate::error::{Error, days};
use crate::exposure::domain::assessment::Assessment;
use crate::exposure::store::parties::{self as store, ProductTerms};
use crate::platform::store::tx::Reader;
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::actor::Actor;
use crate::values::ids::CustomerId;
use crate::values::money::Money;

/// What a request says of the business that is to count.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The whole amount.
    pub amount: Money,
    /// Cash deposit for it, in minor units of the same currency.
    pub deposit_minor: i64,
}

impl Asked {
    /// Business without a deposit.
    pub fn unsecured(amount: Money) -> Self {
        Self {
            amount,
            deposit_minor: 0,
        }
    }

    /// What it claims of a product, if there is one.
    pub fn of(self, product: Option<ProductTerms>) -> Claim {
        Claim {
            amount: self.amount,
            deposit_minor: self.deposit_minor,
            treatment: product.map_or(ExposureTreatment::Gross, |terms| terms.exposure_treatment),
        }
    }
}

/// What a check asks.
#[derive(Debug, Clone)]
pub struct Check {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount and deposit.
    pub asked: Asked,
    /// What the order brings along.
    pub order: OrderTerms,
}

/// An order ships today or later.
///
/// # Errors
/// 422 for a day in the past.
pub fn shippable(order: &OrderTerms, today: NaiveDate) -> Result<(), Error> {
    if let Some(day) = order.ship_on {
        days::not_before_today("ship_on", day, today)?;
    }
    Ok(())
}

/// Decisions without side effects, each for its own caller: nothing is locked, and what expired
/// reservations still hold in the books counts as given back.
///
/// # Errors
/// When the database cannot serve.
pub fn check(
    reader: &mut Reader<'_>,
    checks: &[(&Actor, &Check)],
) -> Result<Vec<Assessment>, Error> {
    let customers: BTreeSet<CustomerId> =
        checks.iter().map(|(_, check)| check.customer_id).collect();
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    let mut book = Book::read(reader, &customers)?;
    book.ask_rules(reader)?;
    let products = checks.iter().map(|(_, check)| &check.product).collect();
    let products = store::products(reader.connection, products)?;
    checks
        .iter()
        .map(|(actor, check)| {
            let terms = products.get(&check.product).copied();
            let request = Request {
                customer_id: check.customer_id,
                terms,
                product: &check.product,
                claim: check.asked.of(terms),
                more_of: None,
                order: Some(&check.order),
            };
            book.assess(&mut reader.of(actor), &request, By::Instant)
        })
        .collect()
}
