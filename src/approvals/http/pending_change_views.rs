//! How a change that waits for a second person is shown, and what a use case that may have to wait is
//! answered with.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::approvals::app::pending_changes::Done;
use crate::approvals::domain::pending_changes::{ChangeKind, ChangeStatus, PendingChangeId};
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::error::Error;
use crate::platform::http::answers::{Accepted, Decidable};
use crate::platform::http::types::{Principal, Text};
use crate::resource;
use crate::values::ids::{CaseId, CustomerId};
use crate::values::organisation::OrgPath;

/// A change that waits for a second person, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingChange, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "kind": "credit_policy", "subject": "credit_policies/2",
    "customer_id": null, "org_path": "head-office", "asked": {"effective_from": "2026-04-01"}, "seen": {"version": 1},
    "evidence": "Concentration limit of 15 percent.", "status": "waiting", "proposed_by": "https://issuer.internal.test|ann",
    "approval_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "result": null, "version": 1,
    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct PendingChangeView {
    /// Identifier.
    pub id: PendingChangeId,
    /// What is changed.
    pub kind: ChangeKind,
    /// The thing that is changed, as `noun/id`.
    pub subject: Text<200>,
    /// Customer it is about, where it is about one.
    #[schema(required = true)]
    pub customer_id: Option<CustomerId>,
    /// Organisation that may read it.
    pub org_path: OrgPath,
    /// What was asked for, amounts in minor units of their currency.
    #[schema(value_type = Object)]
    pub asked: Value,
    /// What it was asked in view of. It is carried out only while that is so.
    #[schema(value_type = Object)]
    pub seen: Value,
    /// What shows it.
    #[schema(required = true)]
    pub evidence: Option<Text<1000>>,
    /// Where it stands.
    pub status: ChangeStatus,
    /// Who asked: issuer and subject.
    pub proposed_by: Principal,
    /// Its approval case.
    pub approval_id: CaseId,
    /// What came of it once it was carried out, as `noun/id`.
    #[schema(required = true)]
    pub result: Option<Text<200>>,
    /// Version.
    pub version: i64,
    /// Instant of the proposal.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

resource! { PendingChangeView { id } at "/v1/pending-changes/{id}" }

impl From<PendingChangeRow> for PendingChangeView {
    fn from(row: PendingChangeRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject: Text(row.subject),
            customer_id: row.customer_id,
            org_path: row.org_path,
            asked: row.payload,
            seen: row.seen,
            evidence: row.evidence.map(Text),
            status: row.status,
            proposed_by: Principal(row.proposed_by),
            approval_id: row.case_id,
            result: row.result.map(Text),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The usual answer, or the change that waits.
pub type MayWait<A> = Decidable<A, PendingChangeView>;

/// The answer to what a use case did.
///
/// # Errors
/// Where what is done cannot be shown.
pub fn may_wait<T, A>(
    done: Done<T>,
    now: impl FnOnce(T) -> Result<A, Error>,
) -> Result<MayWait<A>, Error> {
    Ok(match done {
        Done::Now(made) => Decidable::Now(now(made)?),
        Done::Waits(change) => Decidable::Waits(Accepted((*change).into())),
    })
}
