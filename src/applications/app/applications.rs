//! Applying for credit: drawn up, submitted, checked, decided, and carried out once approved.

use serde_json::json;

use super::lifecycle::{SENT_BACK, SUBMITTED, only_by_its_author, subject, with_facts_of_others};
use super::{checks, effects};
use crate::applications::domain::applications::ApplicationStatus;
use crate::applications::domain::checks::{Attachment, Route};
use crate::applications::domain::events;
use crate::applications::store::applications::{self as store, ApplicationRow};
use crate::approvals::app::approvals;
use crate::approvals::app::lifecycle::{self, Case};
use crate::approvals::domain::approvals::{Decision, Verdict};
use crate::catalogue::domain::products::ProductCode;
use crate::customers::store::customers;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::app::lines as credit_lines;
use crate::exposure::app::refusing::nonsense;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::{ApplicationAction, Asked, change, check_shape};
use crate::exposure::store::lines::{self, LineRow};
use crate::exposure::store::{groups, parties};
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::Tx;
use crate::values::currency::Currency;
use crate::values::ids::{ApplicationId, Bucket, CustomerId, GroupId, LineId};
use crate::values::organisation::OrgPath;

/// What an application is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A new line of a customer.
    Customer(CustomerId),
    /// A new line of a group.
    Group(GroupId),
    /// A line there is.
    Line(LineId),
    /// A customer that is to become a member of a group, or that is to leave it.
    Member(GroupId, CustomerId),
    /// A group whose ceiling is to bound its members in another way.
    Mode(GroupId, GroupLimitMode),
}

/// What is applied for.
#[derive(Debug, Clone)]
pub struct NewApplication {
    /// About what.
    pub target: Target,
    /// What.
    pub action: ApplicationAction,
    /// Product of a new line; none for the unified limit.
    pub product: Option<ProductCode>,
    /// Currency of a new line; that of the line there is otherwise.
    pub currency: Option<Currency>,
    /// The terms.
    pub asked: Asked,
    /// Everything else.
    pub grounds: Grounds,
}

/// What speaks for it.
#[derive(Debug, Clone, Default)]
pub struct Grounds {
    /// What the credit is for.
    pub purpose: Option<String>,
    /// Expected sales of twelve months, in minor units of the currency of the application.
    pub expected_sales_minor: Option<i64>,
    /// Documents by reference.
    pub attachments: Vec<Attachment>,
}

/// Draws up an application.
///
/// # Errors
/// 404 when customer, group or line is not visible, 422 for terms that make no sense.
pub fn draw_up(tx: &mut Tx<'_>, new: &NewApplication) -> Result<ApplicationRow, Error> {
    let about = about(tx, new)?;
    let own = about.currency;
    check_shape(new.action, &new.asked, tx.today).map_err(|error| nonsense(error, own))?;
    if let Some(line) = &about.line {
        change(&line.terms(), new.action, &new.asked, i64::MIN, tx.today)
            .map_err(|error| nonsense(error, own))?;
    }
    let id: ApplicationId = tx.mint(about.home)?;
    let asked = new.asked.clone();
    let row = ApplicationRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: about.customer_id,
        group_id: about.group_id,
        org_path: about.org_path,
        action: new.action,
        product: about.product,
        amount_minor: asked.amount_minor,
        currency: about.currency,
        valid_from: asked.valid_from,
        valid_until: asked.valid_until,
        payment_term_days: asked.payment_term_days,
        revolving: asked.revolving,
        purpose: new.grounds.purpose.clone(),
        status: ApplicationStatus::Draft,
        requested_by: tx.actor.principal.clone(),
        case_id: None,
        credit_line_id: about.line.map(|line| line.id),
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        limit_kind: asked.limit_kind,
        temporary_mode: asked.temporary_mode,
        allow_overdrawn: asked.allow_overdrawn,
        member_customer_id: match new.target {
            Target::Member(_, customer) => Some(customer),
            _ => None,
        },
        expected_sales_minor: new.grounds.expected_sales_minor,
        deposit_share_bp: asked.deposit_share_bp,
        conditions: asked.conditions,
        requires_contract: asked.requires_contract,
        attachments: json!(new.grounds.attachments),
        exceptional: false,
        line_version: None,
    };
    store::insert(tx.connection, &row)?;
    if let Target::Mode(_, mode) = new.target {
        store::insert_limit_mode(tx.connection, id, mode)?;
    }
    tx.tell(
        "credit_application.draw_up",
        events::CREDIT_APPLICATION_DRAWN_UP,
        &row,
        row.details(),
    )?;
    Ok(row)
}

struct About {
    home: Bucket,
    customer_id: Option<CustomerId>,
    group_id: Option<GroupId>,
    org_path: OrgPath,
    product: Option<ProductCode>,
    currency: Currency,
    line: Option<LineRow>,
}

/// Finds what an application is about.
fn about(tx: &mut Tx<'_>, new: &NewApplication) -> Result<About, Error> {
    let currency = new.currency.unwrap_or(Currency::COMPANY);
    match new.target {
        Target::Customer(id) => {
            let (_, org_path) = customers::status_and_organisation(&mut tx.reader(), id)?
                .ok_or_else(Error::not_found)?;
            if let Some(product) = &new.product
                && parties::product(tx.connection, product)?.is_none_or(|terms| !terms.active)
            {
                return Err(ProblemCode::ProductUnknown.into());
            }
            Ok(About {
                home: id.bucket(),
                customer_id: Some(id),
                group_id: None,
                org_path,
                product: new.product.clone(),
                currency,
                line: None,
            })
        }
        Target::Group(id) | Target::Member(id, _) | Target::Mode(id, _) => {
            let org_path = parties::group(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
            if let Target::Member(_, customer) = new.target {
                customers::status_and_organisation(&mut tx.reader(), customer)?
                    .ok_or_else(Error::not_found)?;
            }
            refuse_as_it_is(tx, new)?;
            if new.product.is_some() {
                return Err(Problem::field(
                    "product",
                    "must be null for a group: its line is a ceiling over all products",
                    "集团额度覆盖全部产品，不得指定产品",
                )
                .into());
            }
            Ok(About {
                home: id.bucket(),
                customer_id: None,
                group_id: Some(id),
                org_path,
                product: None,
                currency,
                line: None,
            })
        }
        Target::Line(id) => {
            let line = lines::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
            Ok(About {
                home: id.bucket(),
                customer_id: line.customer_id,
                group_id: line.group_id,
                org_path: line.org_path.clone(),
                product: line.product.clone(),
                currency: line.currency,
                line: Some(line),
            })
        }
    }
}

/// Refuses to ask a group for what is so already.
fn refuse_as_it_is(tx: &mut Tx<'_>, new: &NewApplication) -> Result<(), Error> {
    match (new.action, new.target) {
        (ApplicationAction::ReleaseMember, Target::Member(group, customer))
            if groups::open_membership(tx.connection, group, customer)?.is_none() =>
        {
            Err(Problem::field(
                "member_customer_id",
                "does not belong to the group",
                "不属于该集团",
            )
            .into())
        }
        (_, Target::Mode(group, mode)) if groups::limit_mode(tx.connection, group)? == mode => {
            Err(Problem::field("limit_mode", "is what it is already", "与现行方式相同").into())
        }
        _ => Ok(()),
    }
}

/// What a change of a draft does.
pub type Amendment<'a> = dyn Fn(&mut ApplicationRow) -> Result<(), Error> + 'a;

/// Changes a draft.
///
/// # Errors
/// 404, 412 when it is not what was seen, 409 when it is no draft, 403 for anybody but who drew
/// it up, 422 for terms that make no sense.
pub fn amend(
    tx: &mut Tx<'_>,
    id: ApplicationId,
    seen: Seen<'_, ApplicationRow>,
    amendment: &Amendment<'_>,
) -> Result<ApplicationRow, Error> {
    let mut row: ApplicationRow = lifecycle::locked(tx, id)?;
    seen(&mut tx.reader(), &row)?;
    if row.status != ApplicationStatus::Draft {
        return Err(lifecycle::wrong_status(&row, ApplicationStatus::Draft));
    }
    only_by_its_author(tx, &row)?;
    amendment(&mut row)?;
    let own = row.currency;
    check_shape(row.action, &row.asked(), tx.today).map_err(|error| nonsense(error, own))?;
    row.version += 1;
    row.updated_at = tx.now;
    store::write_draft(tx.connection, &row)?;
    tx.tell(
        "credit_application.amend",
        events::CREDIT_APPLICATION_AMENDED,
        &row,
        row.details(),
    )?;
    Ok(row)
}

/// Submits an application: it is checked, and the steps that decide it are fixed now.
///
/// # Errors
/// 404, 403 for anybody but who drew it up, 409 when it is not a draft, 422 when a check refuses
/// it or no rule is for it.
pub fn submit(
    tx: &mut Tx<'_>,
    id: ApplicationId,
    seen: Seen<'_, ApplicationRow>,
) -> Result<ApplicationRow, Error> {
    let mut row: ApplicationRow = lifecycle::locked(tx, id)?;
    seen(&mut tx.reader(), &row)?;
    lifecycle::expect(&row, &SUBMITTED)?;
    only_by_its_author(tx, &row)?;
    with_facts_of_others(tx, &row)?;
    let own = row.currency;
    check_shape(row.action, &row.asked(), tx.today).map_err(|error| nonsense(error, own))?;
    effects::hold(tx, &row)?;
    if let Some(line_id) = row.credit_line_id {
        let level = credit_lines::lock_level(tx, line_id)?;
        let line = level.line.clone();
        let used = credit_lines::used_minor(tx, level)?;
        change(&line.terms(), row.action, &row.asked(), used, tx.today)
            .map_err(|error| nonsense(error, own))?;
        row.line_version = Some(line.version);
    }
    if row.action == ApplicationAction::ChangeMode {
        let group = row.group_id.ok_or_else(Error::not_found)?;
        row.line_version = Some(groups::version(tx.connection, group)?);
    }
    let checked = checks::run(&mut tx.reader(), &row)?;
    if let Route::Refused(_) = checked.route {
        return Err(checks::problem(
            ProblemCode::ApprovalCheckFailed,
            &checked.results,
        ));
    }
    row.exceptional = checked.route == Route::Exceptional
        || row.action == ApplicationAction::AdmitMember
        || checked.effects.breaks;
    let subject = subject(tx, &row, &checked)?;
    let case = approvals::request(tx, id.bucket(), id.subject(), &subject)?;
    row.case_id = Some(case);
    if checked.effects.raises {
        checks::keep(tx, id, effects::SUBMISSION, &checked)?;
    }
    lifecycle::take(tx, &mut row, &SUBMITTED)?;
    Ok(row)
}

/// Approves the waiting step; after the last one the application is carried out, if the checks
/// still allow it.
///
/// # Errors
/// As [`lifecycle::approve`]; 409 when what it asks for has passed, when the line has other terms
/// by now, when a check fails that did not when it was submitted, or when a line for the same
/// product and period exists.
pub fn approve(
    tx: &mut Tx<'_>,
    id: ApplicationId,
    seen: Seen<'_, ApplicationRow>,
    verdict: &Verdict,
) -> Result<ApplicationRow, Error> {
    lifecycle::approve(tx, id, seen, verdict)
}

/// Sends the application back to its author for a change: it is a draft again, and another
/// submission opens another case.
///
/// # Errors
/// As [`lifecycle::turn_down`].
pub fn send_back(
    tx: &mut Tx<'_>,
    id: ApplicationId,
    seen: Seen<'_, ApplicationRow>,
    verdict: &Verdict,
) -> Result<ApplicationRow, Error> {
    lifecycle::turn_down(tx, id, seen, (Decision::SentBack, verdict), &SENT_BACK)
}
