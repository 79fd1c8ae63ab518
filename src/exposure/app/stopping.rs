//! Stopping the lines of a customer at once, for what happened to it.

use serde_json::json;

use super::lines::record;
use crate::error::Error;
use crate::exposure::domain::events;
use crate::exposure::domain::lines::LineStatus;
use crate::exposure::store::lines::{self as store, LineChange};
use crate::platform::store::tx::Tx;
use crate::rules::domain::credit_policies::AdverseEffect;
use crate::values::ids::CustomerId;

/// Suspends the active lines of a customer, or leaves them be; either way every line that is not
/// closed is due for review. The caller has locked the lines.
///
/// # Errors
/// When the database refuses.
pub(super) fn stop(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    effect: AdverseEffect,
    reason: &str,
) -> Result<(), Error> {
    for mut row in store::of_customer(tx.connection, customer_id)? {
        if row.status == LineStatus::Closed {
            continue;
        }
        let suspends = effect == AdverseEffect::Suspend && row.status == LineStatus::Active;
        if suspends {
            row.status = LineStatus::Suspended;
        }
        row.review_on = Some(row.review_on.map_or(tx.today, |day| day.min(tx.today)));
        row.version += 1;
        row.updated_at = tx.now;
        let change = LineChange {
            change: if suspends { "suspend" } else { "review_due" },
            reason,
            application_id: None,
            changed_by: &tx.actor.principal,
        };
        store::write_terms(tx.connection, &row, change)?;
        match suspends {
            true => record(
                tx,
                "credit_line.suspend",
                events::CREDIT_LINE_SUSPENDED,
                &row,
                reason,
            )?,
            false => {
                let details = json!({"customer_id": customer_id, "reason": reason});
                tx.record("credit_line.review_due", row.id.subject(), details)?;
            }
        }
    }
    Ok(())
}
