//! Approval cases, their steps and decisions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::schema::{approval_cases, approval_decisions, approval_steps};
use crate::domain::approvals::{CaseStatus, Decision, StepStatus};
use crate::domain::ids::CaseId;

/// A case as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_cases)]
pub struct CaseRow {
    /// Home of the subject.
    pub bucket: i16,
    /// Identifier.
    pub id: CaseId,
    /// Kind of request.
    pub kind: String,
    /// What is to be approved, as `noun/id`.
    pub subject: String,
    /// Organisation of the case.
    pub org_path: String,
    /// Who asked.
    pub requested_by: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// Version.
    pub version: i64,
    /// Asked.
    pub requested_at: DateTime<Utc>,
    /// Decided or withdrawn.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A step as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_steps)]
pub struct StepRow {
    /// Home of the case.
    pub bucket: i16,
    /// Case.
    pub case_id: Uuid,
    /// Order, from 1.
    pub step_number: i16,
    /// Scope that may decide it.
    pub required_scope: String,
    /// Organisation the decider must stand at or above.
    pub org_path: String,
    /// Where it stands.
    pub status: StepStatus,
}

/// A decision as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_decisions)]
pub struct DecisionRow {
    /// Home of the case.
    pub bucket: i16,
    /// Case.
    pub case_id: Uuid,
    /// Step.
    pub step_number: i16,
    /// What was decided.
    pub decision: Decision,
    /// By whom.
    pub decided_by: String,
    /// Why.
    pub comment: String,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// Writes a new case with its steps.
pub fn insert(connection: &mut PgConnection, case: &CaseRow, steps: &[StepRow]) -> QueryResult<()> {
    diesel::insert_into(approval_cases::table)
        .values(case)
        .execute(connection)?;
    diesel::insert_into(approval_steps::table)
        .values(steps)
        .execute(connection)
        .map(drop)
}

/// Finds a case and locks it: one decision at a time.
pub fn find_locked(connection: &mut PgConnection, id: CaseId) -> QueryResult<CaseRow> {
    approval_cases::table
        .find(id.key())
        .select(CaseRow::as_select())
        .for_no_key_update()
        .first(connection)
}

/// The steps of a case in order.
pub fn steps(connection: &mut PgConnection, id: CaseId) -> QueryResult<Vec<StepRow>> {
    let (bucket, case_id) = id.key();
    approval_steps::table
        .filter(
            approval_steps::bucket
                .eq(bucket)
                .and(approval_steps::case_id.eq(case_id)),
        )
        .order(approval_steps::step_number)
        .select(StepRow::as_select())
        .load(connection)
}

/// The decisions of a case in order.
pub fn decisions(connection: &mut PgConnection, id: CaseId) -> QueryResult<Vec<DecisionRow>> {
    let (bucket, case_id) = id.key();
    approval_decisions::table
        .filter(
            approval_decisions::bucket
                .eq(bucket)
                .and(approval_decisions::case_id.eq(case_id)),
        )
        .order(approval_decisions::step_number)
        .select(DecisionRow::as_select())
        .load(connection)
}

/// Writes a decision and where step and case stand after it.
pub fn apply(
    connection: &mut PgConnection,
    decision: &DecisionRow,
    step: StepStatus,
    case: CaseStatus,
) -> QueryResult<()> {
    diesel::insert_into(approval_decisions::table)
        .values(decision)
        .execute(connection)?;
    diesel::update(approval_steps::table.find((
        decision.bucket,
        decision.case_id,
        decision.step_number,
    )))
    .set(approval_steps::status.eq(step))
    .execute(connection)?;
    let closed_at = (case != CaseStatus::Pending).then_some(decision.decided_at);
    close(
        connection,
        CaseId::from_uuid(decision.case_id),
        case,
        closed_at,
    )
}

/// Writes where a case stands.
pub fn close(
    connection: &mut PgConnection,
    id: CaseId,
    status: CaseStatus,
    closed_at: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    diesel::update(approval_cases::table.find(id.key()))
        .set((
            approval_cases::status.eq(status),
            approval_cases::closed_at.eq(closed_at),
            approval_cases::version.eq(approval_cases::version + 1),
        ))
        .execute(connection)
        .map(drop)
}
