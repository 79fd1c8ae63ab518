//! Proposing a change that waits for a second person, and what a use case needs to carry it out. What
//! is changed is known to the use case alone: it says what it is asked in view of, and takes what was
//! asked for back as it gave it away.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::approvals;
use crate::approvals::domain::authority_rules::CaseSubject;
use crate::approvals::domain::events;
use crate::approvals::domain::pending_changes::{
    CASE_KIND, ChangeKind, ChangeStatus, PendingChangeId,
};
use crate::approvals::store::pending_changes::{self as store, PendingChangeRow};
use crate::error::{Error, OrInternal, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::errors::on_violation;
use crate::platform::store::made::Made;
use crate::platform::store::tx::Tx;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

/// What proposing a change is called in the audit trail.
pub const PROPOSE: &str = "pending_change.propose";

/// A change that is to wait.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What is changed.
    pub kind: ChangeKind,
    /// The thing, as `noun/id`.
    pub subject: String,
    /// Customer it is about, whose home it gets.
    pub customer_id: Option<CustomerId>,
    /// Organisation that may read it: the root where it is about the whole company.
    pub org_path: OrgPath,
    /// Whether it is about being related to the company.
    pub related_party: bool,
    /// What is asked for.
    pub payload: Value,
    /// What it is asked in view of.
    pub seen: Value,
    /// What shows it.
    pub evidence: Option<String>,
}

impl Proposal {
    /// A change of something that is the whole company's.
    ///
    /// # Errors
    /// When what is asked for cannot be written down.
    pub fn of_company(
        kind: ChangeKind,
        subject: String,
        asked: &impl Serialize,
        seen: Value,
    ) -> Result<Self, Error> {
        Ok(Self {
            kind,
            subject,
            customer_id: None,
            org_path: OrgPath::root(),
            related_party: false,
            payload: serde_json::to_value(asked).or_internal()?,
            seen,
            evidence: None,
        })
    }

    /// A change of what is true of a customer.
    ///
    /// # Errors
    /// When what is asked for cannot be written down.
    pub fn of_customer(
        kind: ChangeKind,
        (customer_id, org_path): (CustomerId, &OrgPath),
        asked: &impl Serialize,
        seen: Value,
    ) -> Result<Self, Error> {
        Ok(Self {
            customer_id: Some(customer_id),
            org_path: org_path.clone(),
            ..Self::of_company(kind, customer_id.subject(), asked, seen)?
        })
    }
}

/// What a use case did: at once, or not yet.
#[derive(Debug)]
pub enum Done<T> {
    /// It is so.
    Now(T),
    /// It waits for a second person.
    Waits(Box<PendingChangeRow>),
}

/// Writes the change down and opens its case. The caller has checked it as if it were done now.
///
/// # Errors
/// 409 where one of the same thing of a customer waits already; 422 when no rule says who decides.
pub fn propose(tx: &mut Tx<'_>, new: Proposal) -> Result<PendingChangeRow, Error> {
    let id: PendingChangeId = match new.customer_id {
        Some(customer) => tx.mint(customer.bucket())?,
        None => tx.mint_home()?,
    };
    let facts = CaseSubject {
        kind: CASE_KIND.to_owned(),
        action: Some(new.kind.as_str().to_owned()),
        product: None,
        grade: None,
        data_class: None,
        amount_minor: 0,
        related_party: new.related_party,
        exceptional: false,
        org_path: new.org_path.clone(),
    };
    let case_id = approvals::request(tx, id.bucket(), id.subject(), &facts)?;
    let row = PendingChangeRow {
        bucket: id.bucket().as_i16(),
        id,
        kind: new.kind,
        subject: new.subject,
        customer_id: new.customer_id,
        org_path: new.org_path,
        payload: new.payload,
        seen: new.seen,
        evidence: new.evidence,
        status: ChangeStatus::Waiting,
        proposed_by: tx.actor.principal.clone(),
        case_id,
        result: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(tx.connection, &row).map_err(|error| {
        on_violation(error, "pending_changes_one_waiting", || {
            Problem::new(ProblemCode::ChangeWaiting)
        })
    })?;
    tx.tell(
        PROPOSE,
        events::PENDING_CHANGE_PROPOSED,
        &row,
        row.details(),
    )?;
    Ok(row)
}

impl PendingChangeRow {
    /// What is told of it.
    pub fn details(&self) -> Value {
        json!({
            "kind": self.kind, "changes": self.subject, "status": self.status,
            "approval_id": self.case_id, "proposed_by": self.proposed_by, "result": self.result,
        })
    }

    /// What was asked for, as the use case gave it away.
    ///
    /// # Errors
    /// When it cannot be read: a bug.
    pub fn asked<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(self.payload.clone()).or_internal()
    }

    /// Refuses to carry out what was asked in view of something else.
    ///
    /// # Errors
    /// 409 where `now` is not what was seen.
    pub fn as_seen(&self, now: &Value) -> Result<(), Error> {
        if self.seen == *now {
            return Ok(());
        }
        Err(ProblemCode::ChangeOutdated.into())
    }

    /// Who made it: who asked, confirmed by who carries it out.
    pub fn made(&self, tx: &Tx<'_>) -> Made {
        Made {
            by: self.proposed_by.clone(),
            confirmed_by: Some(tx.actor.principal.clone()),
        }
    }
}
