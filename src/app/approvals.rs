//! Asking for approval and deciding. Knows nothing about what is approved: the caller says what a
//! case is about and carries out what an approved case means.

use serde_json::json;

use crate::domain::approvals::{
    self, CaseFacts, CaseStatus, Decider, Decision, StepFacts, StepStatus,
};
use crate::domain::ids::{Bucket, CaseId};
use crate::domain::organisation::OrgPath;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::store::approvals::{self as store, CaseRow, DecisionRow, StepRow};
use crate::store::tx::Tx;

/// A step to be decided, computed by the caller from its rules when the case is opened.
#[derive(Debug, Clone)]
pub struct NewStep {
    /// Scope that may decide it.
    pub required_scope: &'static str,
    /// Organisation the decider must stand at or above.
    pub org_path: OrgPath,
}

/// Opens a case about `subject` with fixed steps.
///
/// # Errors
/// When the database refuses.
pub fn request(
    tx: &mut Tx<'_>,
    home: Bucket,
    kind: &str,
    subject: String,
    org_path: &OrgPath,
    steps: &[NewStep],
) -> Result<CaseId, Error> {
    let id: CaseId = tx.mint(home)?;
    let case = CaseRow {
        bucket: home.as_i16(),
        id,
        kind: kind.to_owned(),
        subject: subject.clone(),
        org_path: org_path.as_str().to_owned(),
        requested_by: tx.actor.principal.clone(),
        status: CaseStatus::Pending,
        version: 1,
        requested_at: tx.now,
        closed_at: None,
    };
    let rows: Vec<StepRow> = (1_i16..)
        .zip(steps)
        .map(|(step_number, step)| StepRow {
            bucket: home.as_i16(),
            case_id: id.uuid(),
            step_number,
            required_scope: step.required_scope.to_owned(),
            org_path: step.org_path.as_str().to_owned(),
            status: StepStatus::Pending,
        })
        .collect();
    store::insert(tx.connection, &case, &rows)?;
    tx.record(
        "approval.request",
        id.subject(),
        json!({"kind": kind, "subject": subject, "steps": rows.len()}),
    )?;
    Ok(id)
}

/// Decides the waiting step of a case and says where the case stands then.
///
/// # Errors
/// 409 when it is not pending, 403 for the requester and for who decided before, 403 without the
/// scope of the step, 404 outside its organisation.
pub fn decide(
    tx: &mut Tx<'_>,
    id: CaseId,
    decision: Decision,
    comment: &str,
) -> Result<CaseStatus, Error> {
    let case = store::find_locked(tx.connection, id)?;
    let steps = store::steps(tx.connection, id)?;
    let decisions = store::decisions(tx.connection, id)?;
    let facts = CaseFacts {
        status: case.status,
        requested_by: case.requested_by,
        steps: steps
            .into_iter()
            .map(step_facts)
            .collect::<Result<_, _>>()?,
        decided_by: decisions
            .into_iter()
            .map(|decision| decision.decided_by)
            .collect(),
    };
    let holds = |scope: &str| tx.actor.scopes.contains(scope);
    let decider = Decider {
        principal: &tx.actor.principal,
        org_path: &tx.actor.org_path,
        holds: &holds,
    };
    let progress = approvals::decide(&facts, decider, decision).map_err(refusal)?;
    let row = DecisionRow {
        bucket: case.bucket,
        case_id: id.uuid(),
        step_number: progress.step,
        decision,
        decided_by: tx.actor.principal.clone(),
        comment: comment.to_owned(),
        decided_at: tx.now,
    };
    store::apply(
        tx.connection,
        &row,
        progress.step_status,
        progress.case_status,
    )?;
    let details = json!({"step": progress.step, "decision": decision.as_str(), "case": progress.case_status.as_str()});
    tx.record("approval.decide", id.subject(), details)?;
    Ok(progress.case_status)
}

/// Takes a case back. Only who asked may.
///
/// # Errors
/// 409 when it is decided, 403 for anybody else.
pub fn withdraw(tx: &mut Tx<'_>, id: CaseId) -> Result<(), Error> {
    let case = store::find_locked(tx.connection, id)?;
    if case.status != CaseStatus::Pending {
        return Err(ProblemCode::InvalidTransition.into());
    }
    if case.requested_by != tx.actor.principal {
        return Err(refusal(ProblemCode::FourEyesRequired));
    }
    store::close(tx.connection, id, CaseStatus::Withdrawn, Some(tx.now))?;
    tx.record("approval.withdraw", id.subject(), json!({}))?;
    Ok(())
}

fn refusal(code: ProblemCode) -> Error {
    Problem::new(code).into()
}

fn step_facts(row: StepRow) -> Result<StepFacts, Error> {
    Ok(StepFacts {
        number: row.step_number,
        required_scope: row.required_scope,
        org_path: super::exposure::org_path(&row.org_path)?,
        status: row.status,
    })
}
