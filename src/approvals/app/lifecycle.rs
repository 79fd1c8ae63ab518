//! The way of everything that is decided by approval, whatever it is: who may lock it, which turn it
//! may take from where it stands, and what is told of it. A noun says in a [`Case`] what it is called,
//! which turns it takes and what an approval of it means.

use serde_json::Value;

use super::{approvals, refusals};
use crate::approvals::domain::approvals::{CaseStatus, Decision, Verdict};
use crate::approvals::domain::authority_rules::CaseSubject;
use crate::approvals::domain::lifecycle::Standing;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::seen::Seen;
use crate::platform::store::telling::Subject;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::event_kinds::EventKind;
use crate::values::ids::{CaseId, Entity, Id};

/// Where something goes, and what is told of it.
pub struct Turn<S> {
    /// Where it stands then.
    pub next: S,
    /// What was done, as `resource.verb`.
    pub action: &'static str,
    /// The event.
    pub kind: EventKind,
}

/// A row that is decided by approval.
pub trait Case: Subject + Sized {
    /// What it is.
    type Entity: Entity;
    /// Where it may stand.
    type Status: Standing;

    /// Scope that reads it.
    const READ: &'static str;
    /// What a refusal calls it, in English and Chinese.
    const NAME: (&'static str, &'static str);
    /// Its last step was approved, and it was carried out.
    const APPROVED: Turn<Self::Status>;
    /// A step was rejected.
    const REJECTED: Turn<Self::Status>;
    /// Who asked took it back.
    const WITHDRAWN: Turn<Self::Status>;

    /// Finds one that the caller may know of.
    fn find(reader: &mut Reader<'_>, id: Id<Self::Entity>) -> Result<Option<Self>, Error>;

    /// Finds one whoever may see it.
    fn anywhere(reader: &mut Reader<'_>, id: Id<Self::Entity>) -> Result<Option<Self>, Error>;

    /// Finds one that the caller may know of, and locks it.
    fn find_locked(tx: &mut Tx<'_>, id: Id<Self::Entity>) -> Result<Option<Self>, Error>;

    /// Locks one whoever may see it.
    fn lock(tx: &mut Tx<'_>, id: Id<Self::Entity>) -> Result<Option<Self>, Error>;

    /// Writes where it stands; `false` when it no longer stands at `before`.
    fn write(&self, tx: &mut Tx<'_>, before: Self::Status) -> Result<bool, Error>;

    /// Where it stands.
    fn status(&self) -> Self::Status;

    /// Lets it stand there from now on, as another version.
    fn stand(&mut self, next: Self::Status, tx: &Tx<'_>);

    /// Its latest approval case.
    fn latest_case(&self) -> Option<CaseId>;

    /// Its approval case, while it waits for the decision.
    fn waiting_case(&self) -> Option<CaseId>;

    /// What is told of it.
    fn details(&self) -> Value;

    /// Does what the last approval means, if that is still what was asked for.
    ///
    /// # Errors
    /// Why it cannot be carried out.
    fn carry_out(&mut self, tx: &mut Tx<'_>, case: CaseId) -> Result<(), Error>;

    /// Who made the facts that it relies on: they do not decide it.
    ///
    /// # Errors
    /// When the database cannot serve.
    fn makers(&self, _tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Whether the caller may take it back where no case says so.
    ///
    /// # Errors
    /// 403 when not.
    fn may_be_withdrawn(&self, _tx: &Tx<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Finds one that the caller may know of, and locks it.
///
/// # Errors
/// 404.
pub fn locked<C: Case>(tx: &mut Tx<'_>, id: Id<C::Entity>) -> Result<C, Error> {
    C::find_locked(tx, id)?.ok_or_else(Error::not_found)
}

/// Finds one to read: one that the caller may know of, or that the caller may decide, has decided or
/// has asked for. Nobody decides what they may not read.
///
/// # Errors
/// 404.
pub fn readable<C: Case>(reader: &mut Reader<'_>, id: Id<C::Entity>) -> Result<C, Error> {
    if let Some(row) = C::find(reader, id)? {
        return Ok(row);
    }
    // Who sees what is their own, and nothing else, decides nothing.
    if reader.actor.customer_id.is_none()
        && let Some(row) = C::anywhere(reader, id)?
        && let Some(case) = row.latest_case()
        && approvals::may_know(reader, case)?
    {
        return Ok(row);
    }
    Err(Error::not_found())
}

/// Locks one for a decision: who decides in somebody else's name reaches what that somebody would,
/// and reads it before.
fn locked_for_decision<C: Case>(tx: &mut Tx<'_>, id: Id<C::Entity>) -> Result<C, Error> {
    let row: C = reached_for_decision(tx, id)?;
    if tx.actor.scopes.contains(C::READ) {
        return Ok(row);
    }
    let needed = C::READ;
    Err(refusals::lacking(needed)
        .because(
            format!("Nobody decides blind: whoever decides needs {needed} too."),
            format!("不得未经阅读即审批：审批人还须具备 {needed} 权限。"),
        )
        .into())
}

fn reached_for_decision<C: Case>(tx: &mut Tx<'_>, id: Id<C::Entity>) -> Result<C, Error> {
    if let Some(row) = C::find_locked(tx, id)? {
        return Ok(row);
    }
    let decider = approvals::decider(&mut tx.reader())?;
    let row = C::lock(tx, id)?.ok_or_else(Error::not_found)?;
    let unit = row.about().org_path;
    let mut reached = decider.lent.iter().map(|lent| &lent.org_path);
    if reached.any(|lent| lent.contains(&unit)) {
        Ok(row)
    } else {
        Err(Error::not_found())
    }
}

/// Whether it may take a turn from where it stands.
///
/// # Errors
/// 409 when not.
pub fn expect<C: Case>(row: &C, turn: &Turn<C::Status>) -> Result<(), Error> {
    if row.status().may_become(turn.next) {
        return Ok(());
    }
    Err(wrong_status(row, turn.next))
}

/// The refusal of a turn.
pub fn wrong_status<C: Case>(row: &C, next: C::Status) -> Error {
    let (status, next) = (row.status().word(), next.word());
    let (en, zh) = C::NAME;
    Problem::new(ProblemCode::InvalidTransition)
        .because(
            format!("The {en} is {status} and cannot become {next}."),
            format!("{zh}状态为 {status}，不能变为 {next}。"),
        )
        .into()
}

/// Takes a turn: writes where it stands, and tells it.
///
/// # Errors
/// When somebody else was faster.
pub fn take<C: Case>(tx: &mut Tx<'_>, row: &mut C, turn: &Turn<C::Status>) -> Result<(), Error> {
    let before = row.status();
    row.stand(turn.next, tx);
    if !row.write(tx, before)? {
        return Err(Error::Retry("what is decided about moved on"));
    }
    tx.tell(turn.action, turn.kind, row, row.details())
}

/// Approves the waiting step; after the last one it is carried out.
///
/// # Errors
/// 412 when it is not what was seen; as [`approvals::decide`]; 409 where it stands elsewhere, and
/// when it can no longer be carried out.
pub fn approve<C: Case>(
    tx: &mut Tx<'_>,
    id: Id<C::Entity>,
    seen: Seen<'_, C>,
    verdict: &Verdict,
) -> Result<C, Error> {
    let mut row: C = locked_for_decision(tx, id)?;
    seen(&mut tx.reader(), &row)?;
    let case = waiting(&row, &C::APPROVED)?;
    made_by_others(tx, &row)?;
    if approvals::decide(tx, case, Decision::Approved, verdict)? == CaseStatus::Approved {
        row.carry_out(tx, case)?;
        take(tx, &mut row, &C::APPROVED)?;
    }
    Ok(row)
}

/// Whether the facts that it relies on were made by others than who decides, and than who has lent
/// them the authority to.
fn made_by_others<C: Case>(tx: &mut Tx<'_>, row: &C) -> Result<(), Error> {
    let makers = row.makers(tx)?;
    let decider = approvals::decider(&mut tx.reader())?;
    let mut deciders = std::iter::once(&decider.own).chain(&decider.lent);
    if !deciders.any(|one| makers.contains(&one.principal)) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::FourEyesRequired)
        .because(
            "Who made a fact that it relies on does not decide it.",
            "制作其所依据事实的人不得审批。",
        )
        .into())
}

/// Rejects the waiting step, and with it the whole.
///
/// # Errors
/// 412 when it is not what was seen; as [`approvals::decide`]; 409 where it stands elsewhere.
pub fn reject<C: Case>(
    tx: &mut Tx<'_>,
    id: Id<C::Entity>,
    seen: Seen<'_, C>,
    verdict: &Verdict,
) -> Result<C, Error> {
    turn_down(tx, id, seen, (Decision::Rejected, verdict), &C::REJECTED)
}

/// Decides the waiting step in another way than to approve it.
///
/// # Errors
/// 412 when it is not what was seen; as [`approvals::decide`]; 409 where it stands elsewhere.
pub fn turn_down<C: Case>(
    tx: &mut Tx<'_>,
    id: Id<C::Entity>,
    seen: Seen<'_, C>,
    (decision, verdict): (Decision, &Verdict),
    turn: &Turn<C::Status>,
) -> Result<C, Error> {
    let mut row: C = locked_for_decision(tx, id)?;
    seen(&mut tx.reader(), &row)?;
    let case = waiting(&row, turn)?;
    approvals::decide(tx, case, decision, verdict)?;
    take(tx, &mut row, turn)?;
    Ok(row)
}

/// Takes it back. Only who asked may, and only until it is decided.
///
/// # Errors
/// 404, 412 when it is not what was seen, 409 when it is decided, 403 for anybody else.
pub fn withdraw<C: Case>(
    tx: &mut Tx<'_>,
    id: Id<C::Entity>,
    seen: Seen<'_, C>,
) -> Result<C, Error> {
    let mut row: C = locked(tx, id)?;
    seen(&mut tx.reader(), &row)?;
    expect(&row, &C::WITHDRAWN)?;
    row.may_be_withdrawn(tx)?;
    if let Some(case) = row.waiting_case() {
        approvals::withdraw(tx, case)?;
    }
    take(tx, &mut row, &C::WITHDRAWN)?;
    Ok(row)
}

/// Whether those who decided a case may do so for what it is about by now.
///
/// # Errors
/// 409 when other people have to.
pub fn still_decided_by(tx: &mut Tx<'_>, case: CaseId, facts: &CaseSubject) -> Result<(), Error> {
    if approvals::suffices(tx, case, facts)? {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::ApprovalChecksChanged)
        .because(
            "What it is about has changed since it was requested: other people have to approve it now.",
            "申请后情况已变化，现应由其他审批人审批。",
        )
        .into())
}

fn waiting<C: Case>(row: &C, turn: &Turn<C::Status>) -> Result<CaseId, Error> {
    expect(row, turn)?;
    row.waiting_case()
        .ok_or_else(|| Error::internal("what waits for a decision has no case"))
}
