//! Applying for a credit line, and what an approved application opens.

use chrono::NaiveDate;
use serde_json::json;

use super::approvals::{self, NewStep};
use super::credit_lines;
use super::exposure::org_path;
use crate::auth::scopes::{CreditApplicationsApprove, Scope};
use crate::domain::approvals::{CaseStatus, Decision};
use crate::domain::credit_applications::{ApplicationAction, ApplicationStatus};
use crate::domain::ids::{ApplicationId, Bucket, CaseId, CustomerId, GroupId};
use crate::domain::money::Money;
use crate::domain::receivables::PAYMENT_TERM_DAYS_MAX;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::store::credit_applications::{self as store, ApplicationRow};
use crate::store::credit_lines::LineRow;
use crate::store::exposure;
use crate::store::tx::{Event, Tx};

/// Whose line it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A customer.
    Customer(CustomerId),
    /// A credit group.
    Group(GroupId),
}

impl Owner {
    fn home(self) -> Bucket {
        match self {
            Self::Customer(id) => id.bucket(),
            Self::Group(id) => id.bucket(),
        }
    }
}

/// What is applied for.
#[derive(Debug, Clone)]
pub struct NewApplication {
    /// For whom.
    pub owner: Owner,
    /// What.
    pub action: ApplicationAction,
    /// Product; none for the unified limit.
    pub product: Option<String>,
    /// Limit.
    pub amount: Money,
    /// First day of use.
    pub valid_from: NaiveDate,
    /// Last day of use.
    pub valid_until: NaiveDate,
    /// Payment term in calendar days.
    pub payment_term_days: Option<i32>,
    /// Whether released limit can be used again.
    pub revolving: bool,
    /// What the credit is for.
    pub purpose: Option<String>,
}

/// How a decision came out.
#[derive(Debug)]
pub enum Decided {
    /// The last step was approved: this is the line.
    Opened(Box<LineRow>),
    /// More steps wait, or it was rejected.
    Pending(Box<ApplicationRow>),
}

/// Draws up an application.
///
/// # Errors
/// 404 when customer or group is not visible, 422 for terms that make no sense.
pub fn draw_up(tx: &mut Tx<'_>, new: &NewApplication) -> Result<ApplicationRow, Error> {
    let organisation = match new.owner {
        Owner::Customer(id) => exposure::customer(&mut tx.reader(), id)?.map(|(_, org)| org),
        Owner::Group(id) => exposure::group(&mut tx.reader(), id)?,
    }
    .ok_or_else(Error::not_found)?;
    check_terms(tx, new)?;
    let id: ApplicationId = tx.mint(new.owner.home())?;
    let (customer_id, group_id) = match new.owner {
        Owner::Customer(id) => (Some(id), None),
        Owner::Group(id) => (None, Some(id)),
    };
    let row = ApplicationRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id,
        group_id,
        org_path: organisation,
        action: new.action,
        product: new.product.clone(),
        amount_minor: new.amount.minor(),
        currency: new.amount.currency().code().to_owned(),
        valid_from: new.valid_from,
        valid_until: new.valid_until,
        payment_term_days: new.payment_term_days,
        revolving: new.revolving,
        purpose: new.purpose.clone(),
        status: ApplicationStatus::Draft,
        requested_by: tx.actor.principal.clone(),
        case_id: None,
        credit_line_id: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    record(
        tx,
        "credit_application.draw_up",
        "credit_application.drawn_up",
        &row,
    )?;
    Ok(row)
}

fn check_terms(tx: &mut Tx<'_>, new: &NewApplication) -> Result<(), Error> {
    if let Some(product) = &new.product {
        if matches!(new.owner, Owner::Group(_)) {
            return Err(Problem::field(
                "product",
                "must be null for a group: its line is a ceiling over all products",
                "集团额度覆盖全部产品，不得指定产品",
            )
            .into());
        }
        if exposure::product(tx.connection, product)?.is_none_or(|terms| !terms.active) {
            return Err(ProblemCode::ProductUnknown.into());
        }
    }
    if new.valid_until < new.valid_from {
        return Err(
            Problem::field("valid_until", "is before valid_from", "早于 valid_from").into(),
        );
    }
    if new.valid_until < tx.today {
        return Err(Problem::field("valid_until", "is in the past", "已过期").into());
    }
    if new
        .payment_term_days
        .is_some_and(|days| !(0..=PAYMENT_TERM_DAYS_MAX).contains(&days))
    {
        return Err(Problem::field(
            "payment_term_days",
            "is not between 0 and 3650",
            "不在 0 与 3650 之间",
        )
        .into());
    }
    if new.amount.minor() < 0 {
        return Err(Problem::field("amount", "is less than zero", "不得小于零").into());
    }
    Ok(())
}

/// Submits an application: the steps that decide it are fixed now.
///
/// # Errors
/// 404, 409 when it is not a draft.
pub fn submit(tx: &mut Tx<'_>, id: ApplicationId) -> Result<ApplicationRow, Error> {
    let mut row = locked(tx, id)?;
    expect(row.status, ApplicationStatus::Submitted)?;
    if row.valid_until < tx.today {
        return Err(Problem::field("valid_until", "is in the past", "已过期").into());
    }
    let organisation = org_path(&row.org_path)?;
    let steps = [NewStep {
        required_scope: CreditApplicationsApprove::NAME,
        org_path: organisation.clone(),
    }];
    let case = approvals::request(
        tx,
        id.bucket(),
        "credit_application",
        id.subject(),
        &organisation,
        &steps,
    )?;
    row.case_id = Some(case);
    advance(tx, &mut row, ApplicationStatus::Submitted)?;
    record(
        tx,
        "credit_application.submit",
        "credit_application.submitted",
        &row,
    )?;
    Ok(row)
}

/// Approves the waiting step; the last one opens the line.
///
/// # Errors
/// As [`approvals::decide`], 409 when a line for the same product and period exists.
pub fn approve(tx: &mut Tx<'_>, id: ApplicationId, comment: &str) -> Result<Decided, Error> {
    let mut row = locked(tx, id)?;
    let case = case_of(&row)?;
    if approvals::decide(tx, case, Decision::Approved, comment)? != CaseStatus::Approved {
        return Ok(Decided::Pending(Box::new(row)));
    }
    let line = credit_lines::open(tx, &row)?;
    row.credit_line_id = Some(line.id);
    advance(tx, &mut row, ApplicationStatus::Approved)?;
    record(
        tx,
        "credit_application.approve",
        "credit_application.approved",
        &row,
    )?;
    Ok(Decided::Opened(Box::new(line)))
}

/// Rejects the waiting step, and with it the application.
///
/// # Errors
/// As [`approvals::decide`].
pub fn reject(tx: &mut Tx<'_>, id: ApplicationId, reason: &str) -> Result<ApplicationRow, Error> {
    let mut row = locked(tx, id)?;
    approvals::decide(tx, case_of(&row)?, Decision::Rejected, reason)?;
    advance(tx, &mut row, ApplicationStatus::Rejected)?;
    record(
        tx,
        "credit_application.reject",
        "credit_application.rejected",
        &row,
    )?;
    Ok(row)
}

/// Takes an application back. Only who drew it up may.
///
/// # Errors
/// 404, 409 when it is decided, 403 for anybody else.
pub fn withdraw(tx: &mut Tx<'_>, id: ApplicationId) -> Result<ApplicationRow, Error> {
    let mut row = locked(tx, id)?;
    expect(row.status, ApplicationStatus::Withdrawn)?;
    if row.requested_by != tx.actor.principal {
        return Err(Problem::new(ProblemCode::FourEyesRequired)
            .because(
                "Only who drew up an application may withdraw it.",
                "只有申请人本人可以撤回申请。",
            )
            .into());
    }
    if let Some(case) = row.case_id {
        approvals::withdraw(tx, case)?;
    }
    advance(tx, &mut row, ApplicationStatus::Withdrawn)?;
    record(
        tx,
        "credit_application.withdraw",
        "credit_application.withdrawn",
        &row,
    )?;
    Ok(row)
}

fn locked(tx: &mut Tx<'_>, id: ApplicationId) -> Result<ApplicationRow, Error> {
    store::find_locked(&mut tx.reader(), id)?.ok_or_else(Error::not_found)
}

fn case_of(row: &ApplicationRow) -> Result<CaseId, Error> {
    expect(row.status, ApplicationStatus::Approved)?;
    row.case_id
        .ok_or_else(|| Error::internal("a submitted application without a case"))
}

fn expect(status: ApplicationStatus, next: ApplicationStatus) -> Result<(), Error> {
    if status.may_become(next) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::InvalidTransition)
        .because(
            format!(
                "The application is {} and cannot become {}.",
                status.as_str(),
                next.as_str()
            ),
            format!(
                "申请状态为 {}，不能变为 {}。",
                status.as_str(),
                next.as_str()
            ),
        )
        .into())
}

fn advance(
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

fn record(
    tx: &mut Tx<'_>,
    action: &str,
    kind: &'static str,
    row: &ApplicationRow,
) -> Result<(), Error> {
    let details = json!({
        "customer_id": row.customer_id, "group_id": row.group_id, "product": row.product, "currency": row.currency,
        "amount_minor": row.amount_minor, "status": row.status.as_str(), "credit_line_id": row.credit_line_id,
    });
    tx.record(action, row.id.subject(), details.clone())?;
    tx.emit(Event {
        kind,
        subject: row.id.subject(),
        org_path: org_path(&row.org_path)?,
        customer_id: row.customer_id.map(CustomerId::uuid),
        data: details,
    })
}
