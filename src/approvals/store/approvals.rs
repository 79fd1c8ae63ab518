//! Approval cases, their steps and decisions.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

pub use super::case_rows::{CaseRow, DecisionRow, StepRow};
use crate::approvals::domain::approvals::{Authority, CaseStatus, Decider, Decision, StepStatus};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::{
    approval_cases, approval_decisions, approval_delegations, approval_steps,
};
use crate::platform::store::sql_types::words;
use crate::platform::store::tx::Tx;
use crate::values::ids::CaseId;

words!(CaseStatus, Decision, StepStatus);

/// Whose cases a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Those the caller could decide now.
    WaitingForMe,
    /// Those the caller decided a step of.
    DecidedByMe,
    /// Those the caller asked for.
    AskedByMe,
    /// All that belong to the caller's organisation.
    Visible,
}

/// What a listing of cases can be narrowed by.
#[derive(Debug, Clone)]
pub struct CaseFilter {
    pub role: Role,
    pub kind: Option<String>,
    pub status: Option<CaseStatus>,
    /// What is to be approved.
    pub subject: Option<String>,
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
pub fn find_locked(tx: &mut Tx<'_>, id: CaseId) -> QueryResult<CaseRow> {
    use approval_decisions as d;
    let (case, _) = tx.lock(|reader| {
        let case: CaseRow = approval_cases::table
            .find(id.key())
            .select(CaseRow::as_select())
            .for_no_key_update()
            .first(reader.connection)?;
        let decided: Option<DateTime<Utc>> = d::table
            .of((d::bucket, d::case_id), id)
            .select(diesel::dsl::max(d::decided_at))
            .first(reader.connection)?;
        Ok((case, decided))
    })?;
    Ok(case)
}

/// The steps of a case in order.
pub fn steps(connection: &mut PgConnection, id: CaseId) -> QueryResult<Vec<StepRow>> {
    approval_steps::table
        .of((approval_steps::bucket, approval_steps::case_id), id)
        .order(approval_steps::step_number)
        .select(StepRow::as_select())
        .load(connection)
}

/// The decisions of a case in order.
pub fn decisions(connection: &mut PgConnection, id: CaseId) -> QueryResult<Vec<DecisionRow>> {
    approval_decisions::table
        .of(
            (approval_decisions::bucket, approval_decisions::case_id),
            id,
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

/// Lets the next step of a case wait.
pub fn advance(connection: &mut PgConnection, step: &StepRow) -> QueryResult<()> {
    use approval_steps as st;
    diesel::update(st::table.find((step.bucket, step.case_id, step.step_number)))
        .set((
            st::waiting_since.eq(step.waiting_since),
            st::due_at.eq(step.due_at),
        ))
        .execute(connection)?;
    diesel::update(approval_cases::table.find((step.bucket, step.case_id)))
        .set(approval_cases::current_step.eq(step.step_number))
        .execute(connection)
        .map(drop)
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

type Condition = Box<
    dyn BoxableExpression<
            diesel::helper_types::InnerJoinQuerySource<
                approval_cases::table,
                approval_steps::table,
                Joined,
            >,
            Pg,
            SqlType = Bool,
        >,
>;

type Joined = diesel::dsl::And<
    diesel::dsl::And<
        diesel::dsl::Eq<approval_cases::bucket, approval_steps::bucket>,
        diesel::dsl::Eq<approval_cases::id, approval_steps::case_id>,
    >,
    diesel::dsl::Eq<approval_cases::current_step, approval_steps::step_number>,
>;

/// Steps that an authority covers: `org_path` is at or below where it stands.
fn covered(authority: &Authority, now: DateTime<Utc>) -> Condition {
    use approval_steps as st;
    let scopes: Vec<String> = authority.scopes.iter().cloned().collect();
    let here = authority.org_path.clone();
    let below = format!("{here}/%");
    Box::new(
        st::required_scope
            .eq_any(scopes.clone())
            .and(
                st::org_path
                    .eq(here.clone())
                    .or(st::org_path.like(below.clone())),
            )
            .or(st::due_at
                .assume_not_null()
                .le(now)
                .and(st::due_at.is_not_null())
                .and(st::escalation_scope.assume_not_null().eq_any(scopes))
                .and(
                    st::escalation_org_path
                        .assume_not_null()
                        .eq(here)
                        .or(st::escalation_org_path.assume_not_null().like(below)),
                )),
    )
}

/// Cases of the organisations that any of the authorities stands at.
fn within(decider: &Decider) -> Condition {
    let of = |authority: &Authority| -> Condition {
        let here = &authority.org_path;
        Box::new(
            approval_cases::org_path
                .eq(here.clone())
                .or(approval_cases::org_path.like(format!("{here}/%"))),
        )
    };
    decider
        .lent
        .iter()
        .fold(of(&decider.own), |all, lent| Box::new(all.or(of(lent))))
}

fn decided_by(principal: &str) -> Condition {
    use approval_decisions as d;
    Box::new(diesel::dsl::exists(
        d::table.filter(
            d::bucket
                .eq(approval_cases::bucket)
                .and(d::case_id.eq(approval_cases::id))
                .and(d::decided_by.eq(principal.to_owned())),
        ),
    ))
}

/// Cases that four eyes keep somebody from deciding on a day, in person or through somebody else:
/// they asked for it, have stood in for whoever did on any day of its life, or decided a step of it
/// already.
fn barred(principal: &str, day: NaiveDate) -> Condition {
    use approval_decisions as made;
    use approval_delegations as lent;
    let decided = made::table
        .filter(made::bucket.eq(approval_cases::bucket))
        .filter(made::case_id.eq(approval_cases::id))
        .filter(
            made::decided_by
                .eq(principal.to_owned())
                .or(made::on_behalf_of.is_not_distinct_from(principal.to_owned())),
        );
    let revoked_during = lent::revoked_at
        .assume_not_null()
        .ge(approval_cases::requested_at)
        .and(lent::revoked_on.assume_not_null().ge(lent::delegated_from));
    let stands_in = lent::table
        .filter(lent::delegator.eq(approval_cases::requested_by))
        .filter(lent::delegate.eq(principal.to_owned()))
        .filter(lent::delegated_from.le(day))
        .filter(lent::delegated_until.ge(approval_cases::requested_on))
        .filter(lent::revoked_at.is_null().or(revoked_during));
    Box::new(
        approval_cases::requested_by
            .eq(principal.to_owned())
            .or(diesel::dsl::exists(decided))
            .or(diesel::dsl::exists(stands_in)),
    )
}

/// Cases whose waiting step somebody may decide with an authority, their own or one that is lent.
fn decidable(authority: &Authority, now: DateTime<Utc>, day: NaiveDate) -> Condition {
    let free = diesel::dsl::not(barred(&authority.principal, day));
    Box::new(covered(authority, now).and(free))
}

fn asked_by(principal: &str) -> Condition {
    Box::new(approval_cases::requested_by.eq(principal.to_owned()))
}

/// Cases that a caller may know of: those of its organisation, those it asked for, those it
/// decided.
fn known_to(decider: &Decider) -> Condition {
    let who = &decider.own.principal;
    Box::new(within(decider).or(asked_by(who)).or(decided_by(who)))
}

fn with_current_step() -> Joined {
    approval_cases::bucket
        .eq(approval_steps::bucket)
        .and(approval_cases::id.eq(approval_steps::case_id))
        .and(approval_cases::current_step.eq(approval_steps::step_number))
}

/// Finds a case that the caller may know of.
pub fn find(
    connection: &mut PgConnection,
    id: CaseId,
    decider: &Decider,
) -> QueryResult<Option<CaseRow>> {
    approval_cases::table
        .inner_join(approval_steps::table.on(with_current_step()))
        .of((approval_cases::bucket, approval_cases::id), id)
        .filter(known_to(decider))
        .select(CaseRow::as_select())
        .first(connection)
        .optional()
}

/// A page of cases, newest first.
pub fn list(
    connection: &mut PgConnection,
    filter: &CaseFilter,
    decider: &Decider,
    (now, today): (DateTime<Utc>, NaiveDate),
    after: Option<CaseId>,
    limit: i64,
) -> QueryResult<Vec<CaseRow>> {
    let who = &decider.own.principal;
    let mut query = approval_cases::table
        .inner_join(approval_steps::table.on(with_current_step()))
        .select(CaseRow::as_select())
        .into_boxed();
    query = match filter.role {
        Role::Visible => query.filter(known_to(decider)),
        Role::AskedByMe => query.filter(asked_by(who)),
        Role::DecidedByMe => query.filter(decided_by(who)),
        Role::WaitingForMe => {
            let own = decidable(&decider.own, now, today);
            let any = decider.lent.iter().fold(own, |all, lent| {
                Box::new(all.or(decidable(lent, now, today)))
            });
            query
                .filter(approval_cases::status.eq(CaseStatus::Pending))
                .filter(diesel::dsl::not(barred(who, today)))
                .filter(any)
        }
    };
    query
        .only(approval_cases::kind, filter.kind.as_ref())
        .only(approval_cases::status, filter.status)
        .only(approval_cases::subject, filter.subject.as_ref())
        .page_after(approval_cases::id, after, limit)
        .load(connection)
}

/// The steps of several cases, in order.
pub fn steps_of(connection: &mut PgConnection, cases: &[CaseRow]) -> QueryResult<Vec<StepRow>> {
    let ids: Vec<Uuid> = cases.iter().map(|case| case.id.uuid()).collect();
    let buckets: Vec<i16> = cases.iter().map(|case| case.bucket).collect();
    approval_steps::table
        .filter(approval_steps::bucket.eq_any(buckets))
        .filter(approval_steps::case_id.eq_any(ids))
        .order((approval_steps::case_id, approval_steps::step_number))
        .select(StepRow::as_select())
        .load(connection)
}

/// The decisions of several cases.
pub fn decisions_of(
    connection: &mut PgConnection,
    cases: &[CaseRow],
) -> QueryResult<Vec<DecisionRow>> {
    let ids: Vec<Uuid> = cases.iter().map(|case| case.id.uuid()).collect();
    let buckets: Vec<i16> = cases.iter().map(|case| case.bucket).collect();
    approval_decisions::table
        .filter(approval_decisions::bucket.eq_any(buckets))
        .filter(approval_decisions::case_id.eq_any(ids))
        .select(DecisionRow::as_select())
        .load(connection)
}

/// Pending steps that are due and whose escalation was not announced yet.
pub fn lock_overdue(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<(StepRow, CaseRow)>> {
    use approval_steps as st;
    approval_cases::table
        .inner_join(approval_steps::table.on(with_current_step()))
        .filter(approval_cases::status.eq(CaseStatus::Pending))
        .filter(st::status.eq(StepStatus::Pending))
        .filter(
            st::due_at
                .is_not_null()
                .and(st::due_at.assume_not_null().le(now)),
        )
        .filter(st::escalated_at.is_null())
        .order(st::due_at)
        .limit(limit)
        .select((StepRow::as_select(), CaseRow::as_select()))
        .for_no_key_update()
        .skip_locked()
        .load(connection)
}

/// Whether there is a step whose escalation is still to be announced.
pub fn any_overdue(connection: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<bool> {
    use approval_steps as st;
    let overdue = approval_cases::table
        .inner_join(approval_steps::table.on(with_current_step()))
        .filter(approval_cases::status.eq(CaseStatus::Pending))
        .filter(st::status.eq(StepStatus::Pending))
        .filter(st::due_at.assume_not_null().le(now))
        .filter(st::escalated_at.is_null());
    diesel::select(diesel::dsl::exists(overdue)).get_result(connection)
}

/// Marks the escalation of a step as announced.
pub fn mark_escalated(
    connection: &mut PgConnection,
    step: &StepRow,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    use approval_steps as st;
    diesel::update(st::table.find((step.bucket, step.case_id, step.step_number)))
        .set(st::escalated_at.eq(now))
        .execute(connection)
        .map(drop)
}
