//! How an application goes on from one status to the next, and what is told of it.

use serde_json::json;

use crate::applications::domain::applications::ApplicationStatus;
use crate::applications::store::applications::{self as store, ApplicationRow};
use crate::approvals::app::approvals;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::Tx;
use crate::values::event_kinds::EventKind;
use crate::values::ids::{ApplicationId, CaseId};

pub(super) fn only_by_its_author(tx: &Tx<'_>, row: &ApplicationRow) -> Result<(), Error> {
    if row.requested_by == tx.actor.principal {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::FourEyesRequired)
        .because(
            "Only who drew up an application may submit or withdraw it.",
            "只有申请人本人可以提交或撤回申请。",
        )
        .into())
}

pub(super) fn locked(tx: &mut Tx<'_>, id: ApplicationId) -> Result<ApplicationRow, Error> {
    store::find_locked(&mut tx.reader(), id)?.ok_or_else(Error::not_found)
}

/// Who decides in somebody else's name reaches what that somebody would.
pub(super) fn locked_for_decision(
    tx: &mut Tx<'_>,
    id: ApplicationId,
) -> Result<ApplicationRow, Error> {
    if let Some(row) = store::find_locked(&mut tx.reader(), id)? {
        return Ok(row);
    }
    let decider = approvals::decider(&mut tx.reader())?;
    let row = store::lock(tx.connection, id)?.ok_or_else(Error::not_found)?;
    let mut reached = decider.lent.iter().map(|lent| &lent.org_path);
    if reached.any(|unit| unit.contains(&row.org_path)) {
        Ok(row)
    } else {
        Err(Error::not_found())
    }
}

pub(super) fn case_of(row: &ApplicationRow) -> Result<CaseId, Error> {
    expect(row.status, ApplicationStatus::Approved)?;
    row.case_id
        .ok_or_else(|| Error::internal("a submitted application without a case"))
}

pub(super) fn expect(status: ApplicationStatus, next: ApplicationStatus) -> Result<(), Error> {
    if status.may_become(next) {
        return Ok(());
    }
    Err(wrong_status(status, next))
}

pub(super) fn wrong_status(status: ApplicationStatus, next: ApplicationStatus) -> Error {
    let (status, next) = (status.as_str(), next.as_str());
    Problem::new(ProblemCode::InvalidTransition)
        .because(
            format!("The application is {status} and cannot become {next}."),
            format!("申请状态为 {status}，不能变为 {next}。"),
        )
        .into()
}

pub(super) fn advance(
    tx: &mut Tx<'_>,
    row: &mut ApplicationRow,
    next: ApplicationStatus,
) -> Result<(), Error> {
    let before = row.status;
    row.status = next;
    row.version += 1;
    row.updated_at = tx.now;
    if store::advance(tx.connection, row, before)? {
        Ok(())
    } else {
        Err(Error::Retry("the application moved on"))
    }
}

pub(super) fn record(
    tx: &mut Tx<'_>,
    action: &str,
    kind: EventKind,
    row: &ApplicationRow,
) -> Result<(), Error> {
    let details = json!({
        "customer_id": row.customer_id, "group_id": row.group_id, "action": row.action.as_str(),
        "product": row.product, "currency": row.currency, "amount_minor": row.amount_minor,
        "status": row.status.as_str(), "credit_line_id": row.credit_line_id, "approval_id": row.case_id,
        "exceptional": row.exceptional,
    });
    tx.tell(action, kind, row, details)
}
