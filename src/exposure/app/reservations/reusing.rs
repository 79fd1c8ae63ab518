//! Asking for an order that is reserved already: for the same again, or for more of it.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::error::{Error, FieldError, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::store::counted::claim;
use crate::exposure::store::reservations::ReservationRow;
use crate::values::money::Money;

/// The problem of a request that differs in some fields from the reservation that its reference
/// names; `None` where all of them are the same.
pub fn reference_reused(known: &ReservationRow, same: &[(&'static str, bool)]) -> Option<Problem> {
    let mut problem =
        Problem::new(ProblemCode::ReferenceReused).with_member("reservation_id", json!(known.id));
    for (field, _) in same.iter().filter(|(_, same)| !same) {
        problem = problem.at(FieldError::field(
            field,
            "differs from the reservation of that reference",
            "与该编号的预占不一致",
        ));
    }
    (!problem.errors.is_empty()).then_some(problem)
}

/// The problem of asking for an order of which nothing is held any more; `None` while it is open.
/// Its name is not free again: who repeats a request must not be told that goods are covered.
pub(super) fn over(known: &ReservationRow, now: DateTime<Utc>) -> Option<Problem> {
    let code = known.facts().open_at(now).err()?;
    Some(Problem::new(code).with_member("reservation_id", json!(known.id)))
}

/// The amount by which a reservation is to grow.
///
/// # Errors
/// 422 when it were worth more than any amount may be.
pub fn more_of(row: &ReservationRow, added_minor: i64) -> Result<Money, Error> {
    let currency = claim(row)?.amount.currency();
    let grown = row.amount_minor.saturating_add(added_minor);
    Money::new(grown, currency).map_err(|_| too_large())?;
    Money::new(added_minor, currency).map_err(|_| too_large().into())
}

pub(super) fn too_large() -> Problem {
    Problem::field("amount", "is more than any amount may be", "超过金额上限")
}
