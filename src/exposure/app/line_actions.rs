//! What is done to a credit line by hand: suspended, resumed, closed.

use serde_json::json;

use super::lines::{record, wrong_status};
use super::pictures;
use crate::error::Error;
use crate::exposure::domain::events;
use crate::exposure::domain::lines::LineStatus;
use crate::exposure::store::lines::{self as store, LineChange, LineRow};
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::Tx;
use crate::values::ids::LineId;

/// What can be done to a line by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineAction {
    /// Takes no new exposure from now on.
    Suspend,
    /// Takes new exposure again.
    Resume,
    /// Ends for good; what is drawn is still released when it is paid.
    Close,
}

/// Suspends, resumes or closes a line. To stop is one person's business; where more becomes usable
/// by it, as by the end of a limit that bounds others, somebody else decides.
///
/// # Errors
/// 404, 412 when it is not what was seen, 409 when the line is not in a state for it, or when it has to be applied for.
pub fn act(
    tx: &mut Tx<'_>,
    id: LineId,
    seen: Seen<'_, LineRow>,
    (action, reason): (LineAction, &str),
) -> Result<LineRow, Error> {
    if action != LineAction::Suspend {
        let read = store::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
        pictures::hold_owner(tx, (read.customer_id, read.group_id))?;
    }
    let mut row = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &row)?;
    let (next, verb, kind) = match (action, row.status) {
        (LineAction::Suspend, LineStatus::Active) => (
            LineStatus::Suspended,
            "credit_line.suspend",
            events::CREDIT_LINE_SUSPENDED,
        ),
        (LineAction::Resume, LineStatus::Suspended) => (
            LineStatus::Active,
            "credit_line.resume",
            events::CREDIT_LINE_RESUMED,
        ),
        (
            LineAction::Close,
            LineStatus::AwaitingContract | LineStatus::Active | LineStatus::Suspended,
        ) => (
            LineStatus::Closed,
            "credit_line.close",
            events::CREDIT_LINE_CLOSED,
        ),
        (_, status) => return Err(wrong_status(status)),
    };
    row.status = next;
    let application = match action {
        LineAction::Suspend => None,
        LineAction::Resume => Some("resume"),
        LineAction::Close => Some("close"),
    };
    if let Some(application) = application {
        let apply_with = json!({"action": application, "credit_line_id": id});
        pictures::refuse_increase_of(tx, &row, apply_with)?;
    }
    row.version += 1;
    row.updated_at = tx.now;
    let change = LineChange {
        change: verb.trim_start_matches("credit_line."),
        reason,
        application_id: None,
        changed_by: &tx.actor.principal,
    };
    store::write_terms(tx.connection, &row, change)?;
    record(tx, verb, kind, &row, reason)?;
    Ok(row)
}
