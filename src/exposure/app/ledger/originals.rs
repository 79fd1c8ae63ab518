//! What moved in the currency of the business, where a line has another.

use crate::catalogue::domain::counted::Part;
use crate::catalogue::domain::exchange_rates::Conversion;
use crate::error::Error;
use crate::exposure::store::counted::{Counts, claim};
use crate::values::currency::Currency;

/// What moved in the currency of the business, and how it was converted.
#[derive(Debug, Clone, Copy)]
pub struct Original {
    /// Minor units that count.
    pub minor: i64,
    /// Currency of the business.
    pub currency: Currency,
    /// How they were converted.
    pub conversion: Conversion,
}

/// The part of something in its own currency, where it counts in another.
pub fn original(
    row: &(impl Counts + ?Sized),
    part: Part,
    conversion: Option<Conversion>,
) -> Result<Option<Original>, Error> {
    let Some(conversion) = conversion else {
        return Ok(None);
    };
    let claim = claim(row)?;
    Ok(Some(Original {
        minor: part.share_of(claim.counted_minor()),
        currency: claim.amount.currency(),
        conversion,
    }))
}
