//! Asking for an order that is reserved already.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::error::{FieldError, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::store::reservations::ReservationRow;

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
