//! What a reservation that is worth another total counts at a level.
//!
//! The whole is counted anew, at the rate that it is kept at, and what its receivables count there
//! comes off: so the same total comes to the same to the cent, whatever happened on the way to it.

use crate::catalogue::domain::counted::{Claim, Exposure, Part, Uncounted};
use crate::catalogue::domain::exchange_rates::{Conversion, Rates};
use crate::values::currency::Currency;
use crate::values::ids::LineId;

/// How it stands at a level, and what it is to be worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The line.
    pub line_id: LineId,
    /// Currency of the line.
    pub currency: Currency,
    /// How it was converted; `None` in the same currency.
    pub conversion: Option<Conversion>,
    /// What it holds there.
    pub before_minor: i64,
    /// What its receivables count there, each in whole.
    pub captured_minor: i64,
    /// What it is to be worth, but for receivables of it that count elsewhere.
    pub whole: Claim,
}

impl Standing {
    /// What it is to hold at the rate that it is kept at.
    fn kept_minor(&self) -> Result<i64, Uncounted> {
        let whole = self.whole.exposure_at(self.conversion)?.minor;
        Ok((whole - self.captured_minor).max(0))
    }

    /// The same where nothing was decided about it: never more than it holds.
    fn less_minor(&self) -> i64 {
        let kept = self.kept_minor().unwrap_or(self.before_minor);
        kept.min(self.before_minor)
    }
}

/// The line that bounds the customer at a level now, and what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The line.
    pub line_id: LineId,
    /// Currency of the line.
    pub currency: Currency,
    /// How much more.
    pub exposure: Exposure,
}

/// What becomes of it at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The line it is on afterwards.
    pub line_id: LineId,
    /// How it counts there.
    pub conversion: Option<Conversion>,
    /// What it held there before.
    pub before_minor: i64,
    /// What it holds there afterwards.
    pub after_minor: i64,
    /// The line that it leaves, and what it held there, by which conversion.
    pub leaves: Option<(LineId, i64, Option<Conversion>)>,
}

/// How much more the line that bounds now has to have room for; less than nothing where it gives
/// back. On a line that it has not counted on so far it is what is left of it, at the rate of the
/// day; on one that follows another of the same currency, what it held there is carried already.
///
/// # Errors
/// Why it cannot count there.
pub fn asked(
    standing: Option<&Standing>,
    currency: Currency,
    rest: &Claim,
    rates: &Rates,
) -> Result<Exposure, Uncounted> {
    match standing {
        Some(known) if known.currency == currency => Ok(Exposure {
            minor: known.kept_minor()? - known.before_minor,
            conversion: known.conversion,
        }),
        _ => rest.exposure_in(currency, rates),
    }
}

/// What becomes of it at a level, where the line that bounds now was asked, or was not: then it stays
/// where it is and holds no more than it held. `None` where it counts at the level no more than before.
pub fn change(standing: Option<&Standing>, bounds: Option<Asked>) -> Option<Change> {
    let on = |asked: Asked, before_minor, leaves| Change {
        line_id: asked.line_id,
        conversion: asked.exposure.conversion,
        before_minor,
        after_minor: before_minor + asked.exposure.minor,
        leaves,
    };
    match (standing, bounds) {
        (None, None) => None,
        (None, Some(asked)) => Some(on(asked, 0, None)),
        (Some(known), None) => Some(Change {
            line_id: known.line_id,
            conversion: known.conversion,
            before_minor: known.before_minor,
            after_minor: known.less_minor(),
            leaves: None,
        }),
        (Some(known), Some(asked)) if known.line_id == asked.line_id => {
            Some(on(asked, known.before_minor, None))
        }
        (Some(known), Some(asked)) => {
            let carried = known.currency == asked.currency;
            let carried_minor = if carried { known.before_minor } else { 0 };
            let leaves = Some((known.line_id, known.before_minor, known.conversion));
            Some(Change {
                before_minor: 0,
                ..on(asked, carried_minor, leaves)
            })
        }
    }
}

/// The share of the deposit that goes with a captured part: of what secures the rest, so that it is
/// never more than the part, and the last part takes all of it.
pub fn deposit_of(part_minor: i64, rest_minor: i64, deposit_left_minor: i64) -> i64 {
    let secured = deposit_left_minor.clamp(0, rest_minor.max(0));
    Part::next(rest_minor, 0, part_minor).share_of(secured)
}

#[cfg(test)]
#[path = "amending_tests.rs"]
mod tests;
