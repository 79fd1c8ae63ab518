//! Asking for approval and deciding. Knows nothing about what is approved: the caller says what a
//! case is about and carries out what an approved case means.

use serde_json::{Value, json};

use super::delegations::{lenders, lent};
use super::{authority_rules, refusals};
use crate::approvals::domain::approvals::{
    self, Authority, CaseFacts, CaseStatus, Competence, Decider, Decision, StepFacts, StepStatus,
    Verdict,
};
use crate::approvals::domain::authority_rules::{CaseSubject, PlannedStep};
use crate::approvals::domain::events;
use crate::approvals::domain::matching::rule_for;
use crate::approvals::store::approvals::{self as store, CaseRow, DecisionRow, StepRow};
use crate::approvals::store::delegations;
use crate::error::Error;
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::ids::{Bucket, CaseId};

/// Escalations that are announced in one transaction.
pub const ESCALATIONS_MAX: i64 = 100;

/// Opens a case about `subject`, a `noun/id`. The steps that the rules of today give are fixed
/// with it.
///
/// # Errors
/// 422 when no rule is for it.
pub fn request(
    tx: &mut Tx<'_>,
    home: Bucket,
    subject: String,
    facts: &CaseSubject,
) -> Result<CaseId, Error> {
    let chain = authority_rules::chain(&mut tx.reader(), facts)?;
    let id: CaseId = tx.mint(home)?;
    let case = CaseRow {
        bucket: home.as_i16(),
        id,
        kind: facts.kind.clone(),
        subject: subject.clone(),
        org_path: facts.org_path.clone(),
        requested_by: tx.actor.principal.clone(),
        status: CaseStatus::Pending,
        version: 1,
        requested_at: tx.now,
        closed_at: None,
        rule_set_version: chain.version,
        rule_name: chain.rule,
        facts: json!(facts),
        current_step: 1,
        requested_on: tx.today,
    };
    let mut rows: Vec<StepRow> = (1_i16..)
        .zip(&chain.steps)
        .map(|(number, step)| step_row(&case, number, step))
        .collect();
    if let Some(first) = rows.first_mut() {
        first.wait_from(tx.now);
    }
    store::insert(tx.connection, &case, &rows)?;
    let details = json!({
        "kind": case.kind, "subject": subject, "rule_set_version": case.rule_set_version,
        "rule": case.rule_name, "steps": rows.len(),
    });
    tx.tell(
        "approval.request",
        events::APPROVAL_REQUESTED,
        &case,
        details,
    )?;
    Ok(id)
}

fn step_row(case: &CaseRow, number: i16, step: &PlannedStep) -> StepRow {
    let escalation = step.escalation.as_ref();
    StepRow {
        bucket: case.bucket,
        case_id: case.id.uuid(),
        step_number: number,
        required_scope: step.competence.scope.clone(),
        org_path: step.competence.org_path.clone(),
        status: StepStatus::Pending,
        name: step.name.clone(),
        deadline_days: step.deadline_days,
        waiting_since: None,
        due_at: None,
        escalation_scope: escalation.map(|one| one.scope.clone()),
        escalation_org_path: escalation.map(|one| one.org_path.clone()),
        escalated_at: None,
    }
}

/// Whether the steps of a case are enough for what it is about by now. By the rules it was opened
/// with: a new version of them does not change open cases, but a customer that has become a
/// related party meanwhile, or has lost its grade, belongs before other people. Whoever may decide about
/// an amount may decide about what has become of it when that is less.
///
/// # Errors
/// When stored rules cannot be read.
pub fn suffices(tx: &mut Tx<'_>, id: CaseId, facts: &CaseSubject) -> Result<bool, Error> {
    let case = store::find_locked(tx, id)?;
    let set = authority_rules::version(&mut tx.reader(), case.rule_set_version)?;
    let then = case.facts.get("amount_minor").and_then(Value::as_i64);
    let facts = &CaseSubject {
        amount_minor: facts.amount_minor.max(then.unwrap_or(0)),
        ..facts.clone()
    };
    let Some(rule) = rule_for(&set, facts) else {
        return Ok(false);
    };
    // What was harmless when it was looked at and is so no more was decided as something else.
    if case.facts.get("action") != Some(&json!(facts.action)) {
        return Ok(false);
    }
    let held: Vec<StepFacts> = store::steps(tx.connection, id)?
        .iter()
        .map(step_facts)
        .collect();
    Ok(rule.plan(&facts.org_path).iter().all(|needed| {
        held.iter().any(|step| {
            step.competence.scope == needed.competence.scope
                && step
                    .competence
                    .org_path
                    .contains(&needed.competence.org_path)
        })
    }))
}

/// Decides the waiting step of a case and says where the case stands then. A step that is named
/// is the one that is decided, or none is.
///
/// # Errors
/// 409 when it is not pending or another step waits, 403 for the requester, their delegates and
/// who decided before, 403 without the scope of the step, 404 outside its organisation, 422 for
/// somebody who may decide a later step and names none.
pub fn decide(
    tx: &mut Tx<'_>,
    id: CaseId,
    decision: Decision,
    verdict: &Verdict,
) -> Result<CaseStatus, Error> {
    let case = store::find_locked(tx, id)?;
    let mut steps = store::steps(tx.connection, id)?;
    let decisions = store::decisions(tx.connection, id)?;
    let facts = CaseFacts {
        status: case.status,
        requested_by: case.requested_by.clone(),
        delegates_of_requester: delegations::delegates_of_requester(
            tx.connection,
            &case,
            tx.today,
        )?
        .into_iter()
        .collect(),
        steps: steps.iter().map(step_facts).collect(),
        decided_by: decisions
            .into_iter()
            .flat_map(|one| {
                let people = [Some(one.decided_by), one.on_behalf_of];
                people.map(|who| Some((who?, one.step_number)))
            })
            .flatten()
            .collect(),
    };
    let decider = decider(&mut tx.reader())?;
    let progress = approvals::decide(&facts, &decider, (decision, verdict.step), tx.now)
        .map_err(|refused| refusals::problem(refused, &steps))?;
    let row = DecisionRow {
        bucket: case.bucket,
        case_id: id.uuid(),
        step_number: progress.step,
        decision,
        decided_by: tx.actor.principal.clone(),
        comment: verdict.comment.clone(),
        decided_at: tx.now,
        on_behalf_of: progress.on_behalf_of.clone(),
    };
    store::apply(
        tx.connection,
        &row,
        progress.step_status,
        progress.case_status,
    )?;
    if progress.case_status == CaseStatus::Pending {
        let next = steps
            .iter_mut()
            .find(|step| step.step_number > progress.step)
            .ok_or_else(|| Error::internal("a pending case without a waiting step"))?;
        next.wait_from(tx.now);
        store::advance(tx.connection, next)?;
    }
    let details = json!({
        "kind": case.kind, "subject": case.subject, "step": progress.step, "decision": decision.as_str(),
        "case": progress.case_status.as_str(), "on_behalf_of": progress.on_behalf_of,
    });
    tx.tell("approval.decide", events::APPROVAL_DECIDED, &case, details)?;
    Ok(progress.case_status)
}

/// Takes a case back. Only who asked may.
///
/// # Errors
/// 409 when it is decided, 403 for anybody else.
pub fn withdraw(tx: &mut Tx<'_>, id: CaseId) -> Result<(), Error> {
    let case = store::find_locked(tx, id)?;
    if case.status != CaseStatus::Pending {
        return Err(ProblemCode::InvalidTransition.into());
    }
    if case.requested_by != tx.actor.principal {
        return Err(ProblemCode::FourEyesRequired.into());
    }
    store::close(tx.connection, id, CaseStatus::Withdrawn, Some(tx.now))?;
    let details = json!({"kind": case.kind, "subject": case.subject});
    tx.tell(
        "approval.withdraw",
        events::APPROVAL_WITHDRAWN,
        &case,
        details,
    )
}

/// Who the caller is to approvals: with their own authority, and with what others have lent them
/// for today and still hold themselves.
///
/// # Errors
/// When the database cannot serve.
pub fn decider(reader: &mut Reader<'_>) -> Result<Decider, Error> {
    let rows = delegations::lent_to(reader.connection, &reader.actor.principal, reader.today)?;
    let lenders = lenders(reader, &rows)?;
    let lent = rows.iter().filter_map(|row| lent(row, &lenders)).collect();
    Ok(Decider {
        own: Authority {
            principal: reader.actor.principal.clone(),
            scopes: reader.actor.scopes.as_ref().clone(),
            org_path: reader.actor.org_path.clone(),
        },
        lent,
    })
}

/// Whether the caller may know of a case: one of its organisation or of whose authority it was lent,
/// one that it asked for, one that it decided.
///
/// # Errors
/// When the database cannot serve.
pub fn may_know(reader: &mut Reader<'_>, id: CaseId) -> Result<bool, Error> {
    let who = decider(reader)?;
    Ok(store::find(reader.connection, id, &who)?.is_some())
}

/// Whether there is anything to announce, so that an idle job leaves no trace in the audit log.
///
/// # Errors
/// When the database cannot serve.
pub fn has_escalations(reader: &mut Reader<'_>) -> Result<bool, Error> {
    Ok(store::any_overdue(reader.connection, reader.now)?)
}

/// Announces steps that have waited too long. Who may decide them follows from the date alone;
/// this only tells.
///
/// # Errors
/// When the database cannot serve.
pub fn announce_escalations(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let overdue = store::lock_overdue(tx.connection, tx.now, ESCALATIONS_MAX)?;
    for (step, case) in &overdue {
        store::mark_escalated(tx.connection, step, tx.now)?;
        let details = json!({
            "kind": case.kind, "subject": case.subject, "step": step.step_number,
            "due_at": step.due_at, "escalation_scope": step.escalation_scope,
        });
        tx.tell(
            "approval.escalate",
            events::APPROVAL_ESCALATED,
            case,
            details,
        )?;
    }
    if overdue.is_empty() {
        let details = json!({"announced": 0});
        tx.record("approval.escalate", "approvals".to_owned(), details)?;
    }
    Ok(overdue.len())
}

fn step_facts(row: &StepRow) -> StepFacts {
    let escalation = match (&row.escalation_scope, &row.escalation_org_path) {
        (Some(scope), Some(path)) => Some(Competence {
            scope: scope.clone(),
            org_path: path.clone(),
        }),
        _ => None,
    };
    StepFacts {
        number: row.step_number,
        competence: Competence {
            scope: row.required_scope.clone(),
            org_path: row.org_path.clone(),
        },
        escalation,
        due_at: row.due_at,
        status: row.status,
    }
}
