//! Credit lines: opened by an approved application, suspended, resumed, closed.

use serde_json::json;

use super::exposure::org_path;
use super::standing;
use crate::domain::credit_lines::{LimitKind, LineStatus, windows_overlap};
use crate::domain::ids::{CustomerId, LineId};
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::store::credit_applications::ApplicationRow;
use crate::store::credit_lines::{self as store, LineRow};
use crate::store::exposure as loads;
use crate::store::tx::{Event, Tx};

/// Opens the line of an approved application. Exposure of its level that was there before counts
/// from the first day.
///
/// # Errors
/// 409 when another line for the same product overlaps in time.
pub fn open(tx: &mut Tx<'_>, application: &ApplicationRow) -> Result<LineRow, Error> {
    // Locking the owner makes "no other line overlaps" hold until the commit.
    let existing = match (application.customer_id, application.group_id) {
        (Some(id), _) => {
            loads::lock_customer(tx.connection, id)?;
            store::of_customer(tx.connection, id)?
        }
        (None, Some(id)) => {
            loads::lock_group(tx.connection, id)?;
            store::of_group(tx.connection, id)?
        }
        (None, None) => return Err(Error::internal("an application without an owner")),
    };
    let window = (application.valid_from, application.valid_until);
    let overlapping = existing.iter().find(|line| {
        line.status != LineStatus::Closed
            && line.product == application.product
            && windows_overlap(window, (line.valid_from, line.valid_until))
    });
    if let Some(other) = overlapping {
        return Err(Problem::new(ProblemCode::LineOverlaps)
            .because(
                format!(
                    "The line {} is valid from {} until {}.",
                    other.id, other.valid_from, other.valid_until
                ),
                format!(
                    "额度 {} 有效期为 {} 至 {}。",
                    other.id, other.valid_from, other.valid_until
                ),
            )
            .into());
    }
    let id: LineId = tx.mint(application.id.bucket())?;
    let row = LineRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: application.customer_id,
        group_id: application.group_id,
        org_path: application.org_path.clone(),
        product: application.product.clone(),
        limit_kind: LimitKind::Amount,
        limit_minor: Some(application.amount_minor),
        currency: application.currency.clone(),
        status: LineStatus::Active,
        valid_from: application.valid_from,
        valid_until: application.valid_until,
        payment_term_days: application.payment_term_days,
        revolving: application.revolving,
        held_minor: 0,
        drawn_minor: 0,
        consumed_minor: 0,
        moved_at: tx.now,
        movement_count: 0,
        application_id: application.id,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    standing::adopt(tx, id)?;
    record(tx, "credit_line.open", "credit_line.opened", &row, "")?;
    Ok(store::lock(tx.connection, id)?)
}

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

/// Suspends, resumes or closes a line.
///
/// # Errors
/// 404, 409 when the line is not in a state for it.
pub fn act(
    tx: &mut Tx<'_>,
    id: LineId,
    action: LineAction,
    reason: &str,
) -> Result<LineRow, Error> {
    let mut row = store::find_locked(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    let (next, verb, kind) = match (action, row.status) {
        (LineAction::Suspend, LineStatus::Active) => (
            LineStatus::Suspended,
            "credit_line.suspend",
            "credit_line.suspended",
        ),
        (LineAction::Resume, LineStatus::Suspended) => (
            LineStatus::Active,
            "credit_line.resume",
            "credit_line.resumed",
        ),
        (LineAction::Close, LineStatus::Active | LineStatus::Suspended) => (
            LineStatus::Closed,
            "credit_line.close",
            "credit_line.closed",
        ),
        (_, status) => {
            return Err(Problem::new(ProblemCode::InvalidTransition)
                .because(
                    format!("The line is {}.", status.as_str()),
                    format!("额度状态为 {}。", status.as_str()),
                )
                .into());
        }
    };
    row.status = next;
    row.version += 1;
    row.updated_at = tx.now;
    store::write_status(tx.connection, &row)?;
    record(tx, verb, kind, &row, reason)?;
    Ok(row)
}

fn record(
    tx: &mut Tx<'_>,
    action: &str,
    kind: &'static str,
    row: &LineRow,
    reason: &str,
) -> Result<(), Error> {
    let details = json!({
        "customer_id": row.customer_id, "group_id": row.group_id, "product": row.product, "currency": row.currency,
        "limit_minor": row.limit_minor, "status": row.status.as_str(), "reason": reason,
    });
    tx.record(action, row.id.subject(), details.clone())?;
    tx.emit(Event {
        kind,
        subject: row.id.subject(),
        org_path: org_path(&row.org_path)?,
        customer_id: row.customer_id.map(CustomerId::uuid),
        data: details,
    })
}
