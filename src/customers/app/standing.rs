//! Whether a customer is open, and whether it is a related party: what decisions are made from, and
//! what a second person confirms where it loosens.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::approvals::app::pending_changes::{self, Proposal};
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::customers::domain::customers::CustomerStatus;
use crate::customers::store::customers::CustomerRow;
use crate::error::Error;
use crate::platform::store::tx::Tx;

/// What of a customer waits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Standing {
    #[serde(default)]
    pub(super) status: Option<CustomerStatus>,
    #[serde(default)]
    pub(super) related_party: Option<bool>,
}

impl Standing {
    /// As it is.
    pub(super) fn of(row: &CustomerRow) -> Self {
        Self {
            status: Some(row.status),
            related_party: Some(row.related_party),
        }
    }
}

/// Lets a change wait by which the customer would be as in `after`.
///
/// # Errors
/// 409 where one waits already.
pub(super) fn propose(
    tx: &mut Tx<'_>,
    before: &CustomerRow,
    asked: Standing,
    after: &CustomerRow,
) -> Result<PendingChangeRow, Error> {
    let about = (before.id, &before.org_path);
    let seen = json!(Standing::of(before));
    let mut proposal = Proposal::of_customer(ChangeKind::Customer, about, &asked, seen)?;
    proposal.related_party = before.related_party && !after.related_party;
    pending_changes::propose(tx, proposal)
}
