//! Credit lines: opened by an approved application, suspended, resumed, closed.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::ledger::bounds::{Bounds, carried_minor};
use super::refusing::nonsense;
use super::regrouping;
use crate::catalogue::domain::products::ProductCode;
use crate::error::{Error, Problem, days};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::events;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::{self, ApplicationAction, Asked, Nonsense, change};
use crate::exposure::domain::lines::{LineFacts, LineStatus, ReviewOutcome, windows_overlap};
use crate::exposure::store::contracts::{self, ReviewRow};
use crate::exposure::store::lines::{self as store, ComparedTerms, LineChange, LineRow};
use crate::exposure::store::reservations::without_due;
use crate::exposure::store::{groups, parties as loads};
use crate::platform::store::dated_facts::DatedFact;
use crate::platform::store::documents;
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::{Reader, Tx};
use crate::rules::domain::credit_policies::CreditPolicy;
use crate::scores::domain::scores::Score;
use crate::values::currency::Currency;
use crate::values::event_kinds::EventKind;
use crate::values::ids::{ApplicationId, CustomerId, GroupId, LineId};
use crate::values::organisation::OrgPath;

/// A new line that was applied for and approved.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// Application behind it; the line has the same home.
    pub application_id: ApplicationId,
    /// Customer, or empty for a group line.
    pub customer_id: Option<CustomerId>,
    /// Group, or empty for a customer line.
    pub group_id: Option<GroupId>,
    /// Organisation of the customer or group.
    pub org_path: OrgPath,
    /// Product; empty for the unified limit.
    pub product: Option<ProductCode>,
    /// Currency.
    pub currency: Currency,
    /// The terms asked for.
    pub asked: Asked,
    /// What the credit is for.
    pub reason: String,
    /// Who applied for it.
    pub requested_by: String,
}

/// A change of a line that was applied for and approved.
#[derive(Debug, Clone)]
pub struct ChangedLine {
    /// Application behind it.
    pub application_id: ApplicationId,
    /// Customer, or empty for a group line.
    pub customer_id: Option<CustomerId>,
    /// Group, or empty for a customer line.
    pub group_id: Option<GroupId>,
    /// The line.
    pub line_id: LineId,
    /// Its version when the application was submitted.
    pub version: i64,
    /// What is to be done.
    pub action: ApplicationAction,
    /// The terms asked for.
    pub asked: Asked,
    /// Why.
    pub reason: String,
}

/// Opens the line of an approved application. Exposure of its level that was there before counts
/// from the first day.
///
/// # Errors
/// 409 when another line for the same product overlaps in time.
pub fn open(tx: &mut Tx<'_>, new: NewLine) -> Result<LineRow, Error> {
    let own = new.currency;
    let terms = line_terms::open(&new.asked, tx.today).map_err(|error| nonsense(error, own))?;
    let existing = lock_owner(tx, new.customer_id, new.group_id)?;
    let window = (terms.valid_from, terms.valid_until);
    refuse_overlap(&existing, new.product.as_ref(), None, window)?;
    // Whoever decides without the line does so before it is there.
    regrouping::lock_for_adoption(tx, (new.customer_id, new.group_id))?;
    let id: LineId = tx.mint(new.application_id.bucket())?;
    let mut row = LineRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: new.customer_id,
        group_id: new.group_id,
        org_path: new.org_path,
        product: new.product,
        limit_kind: terms.limit_kind,
        limit_minor: None,
        currency: new.currency,
        status: terms.status,
        valid_from: terms.valid_from,
        valid_until: terms.valid_until,
        payment_term_days: None,
        revolving: terms.revolving,
        held_minor: 0,
        drawn_minor: 0,
        consumed_minor: 0,
        moved_at: tx.now,
        movement_count: 0,
        application_id: new.application_id,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        temporary_mode: None,
        temporary_minor: None,
        temporary_from: None,
        temporary_until: None,
        deposit_share_bp: None,
        conditions: None,
        review_on: None,
    };
    row.take(terms);
    row.review_on = next_review(tx, &row)?;
    let change = LineChange {
        change: "open",
        reason: &new.reason,
        application_id: Some(new.application_id),
        changed_by: &tx.actor.principal,
    };
    store::insert(tx.connection, &row, &new.requested_by, change)?;
    regrouping::adopt(tx, id)?;
    record(tx, "credit_line.open", events::CREDIT_LINE_OPENED, &row, "")?;
    Ok(store::lock(tx, id)?)
}

/// Changes a line as an approved application asks for. The line has to have the terms for which
/// the application was submitted.
///
/// # Errors
/// 409 when it has others by now, or when renewing it would overlap another line; 422 when the
/// limit would be below what is used and nobody said that this is meant.
pub fn carry_out(tx: &mut Tx<'_>, new: &ChangedLine) -> Result<LineRow, Error> {
    let id = new.line_id;
    let existing = lock_owner(tx, new.customer_id, new.group_id)?;
    let level = lock_level(tx, id)?;
    let mut row = level.line.clone();
    expect_terms_of(tx, &row, new.version)?;
    let own = row.currency;
    let used = used_minor(tx, level)?;
    let before = row.terms();
    let after = change(&before, new.action, &new.asked, used, tx.today)
        .map_err(|error| nonsense(error, own))?;
    let window = (after.valid_from, after.valid_until);
    refuse_overlap(&existing, row.product.as_ref(), Some(id), window)?;
    let status = after.status;
    row.take(after);
    row.version += 1;
    row.updated_at = tx.now;
    if new.action == ApplicationAction::Renew {
        row.review_on = next_review(tx, &row)?;
    }
    let verb = new.action.as_str();
    let reason = new.reason.as_str();
    let change = LineChange {
        change: verb,
        reason,
        application_id: Some(new.application_id),
        changed_by: &tx.actor.principal,
    };
    store::write_terms(tx.connection, &row, change)?;
    let kind = match (before.status, status) {
        (LineStatus::Active, LineStatus::Suspended) => events::CREDIT_LINE_SUSPENDED,
        (LineStatus::Suspended, LineStatus::Active) => events::CREDIT_LINE_RESUMED,
        (_, LineStatus::Closed) => events::CREDIT_LINE_CLOSED,
        _ => events::CREDIT_LINE_CHANGED,
    };
    record(tx, &format!("credit_line.{verb}"), kind, &row, reason)?;
    Ok(row)
}

/// That a line still has the terms for which an application was submitted.
///
/// # Errors
/// 409 when it has others.
pub fn expect_terms(tx: &mut Tx<'_>, id: LineId, version: i64) -> Result<(), Error> {
    let row = store::lock(tx, id)?;
    expect_terms_of(tx, &row, version)
}

/// Whether a line has the terms of one of its versions now.
///
/// # Errors
/// When the database cannot serve.
pub fn has_terms(reader: &mut Reader<'_>, id: LineId, version: i64) -> Result<bool, Error> {
    let found = store::find_many(reader.connection, [id].into())?;
    let submitted = store::terms_at(reader.connection, id, version)?;
    Ok(found.first().map(comparable) == submitted)
}

fn expect_terms_of(tx: &mut Tx<'_>, row: &LineRow, version: i64) -> Result<(), Error> {
    if store::terms_at(tx.connection, row.id, version)? == Some(comparable(row)) {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::ApplicationOutdated)
        .because(
            "The line has other terms than when the application was submitted.",
            "提交申请后该额度的条款已变更。",
        )
        .into())
}

/// A line under lock, with the other ones of its level.
pub struct LockedLevel {
    /// The line.
    pub line: LineRow,
    others: Vec<LineRow>,
}

/// Locks a line and the other ones of its level: what is read of what is due on them afterwards is
/// what is so until the commit.
///
/// # Errors
/// When there is no such line, or the database cannot serve.
pub fn lock_level(tx: &mut Tx<'_>, id: LineId) -> Result<LockedLevel, Error> {
    let found = store::find_many(tx.connection, [id].into())?;
    let found = found.into_iter().next().ok_or_else(Error::not_found)?;
    let owned = match (found.customer_id, found.group_id) {
        (Some(id), _) => store::of_customer(tx.connection, id)?,
        (None, Some(id)) => store::of_group(tx.connection, id)?,
        (None, None) => Vec::new(),
    };
    let level = owned.iter().filter(|line| line.product == found.product);
    let mut others = store::lock_many(tx, level.map(|line| line.id).collect())?;
    let place = others.iter().position(|line| line.id == id);
    let line = others.remove(place.ok_or_else(Error::not_found)?);
    Ok(LockedLevel { line, others })
}

/// What counts against the limit of a line: its own balance, and what other lines of its level
/// still carry. What expired reservations still hold in the books counts as given back. Where the
/// ceiling of a group bounds each member by itself, it is what the member with the most of it uses.
///
/// # Errors
/// When the database cannot serve.
pub fn used_minor(tx: &mut Tx<'_>, level: LockedLevel) -> Result<i64, Error> {
    let LockedLevel { line, others } = level;
    let mut rows = others;
    rows.push(line.clone());
    without_due(&mut tx.reader(), &mut rows)?;
    if let Some(group) = line.group_id
        && groups::limit_mode(tx.connection, group)? != GroupLimitMode::Pooled
    {
        return most_used_minor(tx, group, line.id, &rows);
    }
    let own = rows.last().map_or(0, |own| own.balance().used_minor());
    Ok(own + carried_minor(&line, rows.iter()))
}

/// The most that one member of a group uses of its ceiling.
fn most_used_minor(
    tx: &mut Tx<'_>,
    group: GroupId,
    line_id: LineId,
    rows: &[LineRow],
) -> Result<i64, Error> {
    let rows: Vec<&LineRow> = rows.iter().collect();
    let mut most = 0;
    for member in groups::open_members_of(tx.connection, group)? {
        let bounds = Bounds::of(&mut tx.reader(), member, Some(group))?;
        let facts = bounds.line_facts(&rows, None);
        let own = facts.iter().find(|facts| facts.id == line_id);
        most = most.max(own.map_or(0, LineFacts::used_minor));
    }
    Ok(most)
}

/// Locks whom a line belongs to, which makes "no other line overlaps" hold until the commit, and
/// gives the lines there are.
pub(super) fn lock_owner(
    tx: &mut Tx<'_>,
    customer_id: Option<CustomerId>,
    group_id: Option<GroupId>,
) -> Result<Vec<LineRow>, Error> {
    match (customer_id, group_id) {
        (Some(id), _) => {
            loads::lock_customer(tx, id)?;
            Ok(store::of_customer(tx.connection, id)?)
        }
        (None, Some(id)) => {
            loads::lock_group(tx, id)?;
            Ok(store::of_group(tx.connection, id)?)
        }
        (None, None) => Err(Error::internal("a line without an owner")),
    }
}

fn refuse_overlap(
    existing: &[LineRow],
    product: Option<&ProductCode>,
    except: Option<LineId>,
    window: (NaiveDate, NaiveDate),
) -> Result<(), Error> {
    let overlapping = existing.iter().find(|line| {
        line.status != LineStatus::Closed
            && Some(line.id) != except
            && line.product.as_ref() == product
            && windows_overlap(window, (line.valid_from, line.valid_until))
    });
    let Some(other) = overlapping else {
        return Ok(());
    };
    let (id, from, until) = (other.id, other.valid_from, other.valid_until);
    Err(Problem::new(ProblemCode::LineOverlaps)
        .because(
            format!("The line {id} is valid from {from} until {until}."),
            format!("额度 {id} 有效期为 {from} 至 {until}。"),
        )
        .into())
}

/// The terms an application is approved for: status and temporary increases may change meanwhile.
pub(super) fn comparable(row: &LineRow) -> ComparedTerms {
    (
        row.limit_kind,
        row.limit_minor,
        row.valid_until,
        row.payment_term_days,
        row.revolving,
        row.deposit_share_bp,
        row.conditions.clone(),
    )
}

pub(super) fn next_review(tx: &mut Tx<'_>, row: &LineRow) -> Result<Option<NaiveDate>, Error> {
    let today = tx.today;
    let policy = documents::in_force::<CreditPolicy>(&mut tx.reader(), today)?.document;
    let score = match row.customer_id {
        Some(id) => Score::latest(tx.connection, id, tx.today)?,
        None => None,
    };
    let from = tx.today.max(row.valid_from);
    Ok(policy.review_on(score.map(|score| score.grade), from))
}

/// What a review found.
#[derive(Debug, Clone)]
pub struct NewReview {
    /// What follows.
    pub outcome: ReviewOutcome,
    /// What was found.
    pub comment: String,
    /// Day of the next one; as the policy says when left out.
    pub next_review_on: Option<NaiveDate>,
}

/// Records the review of a line. One that ends with `suspend` suspends it at once; what is to be
/// adjusted is applied for.
///
/// # Errors
/// 404, 412 when it is not what was seen, 409 for a closed line, 422 for a next review that is not in the
/// future, or later than the policy says.
pub fn review(
    tx: &mut Tx<'_>,
    id: LineId,
    seen: Seen<'_, LineRow>,
    new: &NewReview,
) -> Result<LineRow, Error> {
    let mut row = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &row)?;
    if row.status == LineStatus::Closed {
        return Err(wrong_status(row.status));
    }
    if let Some(day) = new.next_review_on {
        days::after_today("next_review_on", day, tx.today)?;
    }
    let latest = next_review(tx, &row)?;
    if let (Some(asked), Some(latest)) = (new.next_review_on, latest)
        && asked > latest
    {
        return Err(Problem::field(
            "next_review_on",
            format!("is later than the policy allows for the grade: {latest}"),
            format!("晚于信用政策对该评级规定的日期 {latest}"),
        )
        .into());
    }
    row.review_on = new.next_review_on.or(latest);
    let review = ReviewRow {
        bucket: row.bucket,
        line_id: id,
        review_number: contracts::next_review_number(tx.connection, id)?,
        outcome: new.outcome,
        comment: new.comment.clone(),
        next_review_on: row.review_on,
        reviewed_by: tx.actor.principal.clone(),
        reviewed_at: tx.now,
    };
    contracts::insert_review(tx.connection, &review)?;
    let suspends = new.outcome == ReviewOutcome::Suspend && row.status == LineStatus::Active;
    if suspends {
        row.status = LineStatus::Suspended;
    }
    row.version += 1;
    row.updated_at = tx.now;
    let change = LineChange {
        change: "review",
        // What was found is for fewer readers than the history and the feed have.
        reason: new.outcome.as_str(),
        application_id: None,
        changed_by: &tx.actor.principal,
    };
    store::write_terms(tx.connection, &row, change)?;
    record(
        tx,
        "credit_line.review",
        events::CREDIT_LINE_REVIEWED,
        &row,
        new.outcome.as_str(),
    )?;
    // Whoever follows suspensions learns of every one of them.
    if suspends {
        tx.publish(
            events::CREDIT_LINE_SUSPENDED,
            &row,
            details(&row, new.outcome.as_str()),
        )?;
    }
    Ok(row)
}

pub(super) fn wrong_status(status: LineStatus) -> Error {
    nonsense(Nonsense::Status(status), Currency::COMPANY)
}

pub(super) fn record(
    tx: &mut Tx<'_>,
    action: &str,
    kind: EventKind,
    row: &LineRow,
    reason: &str,
) -> Result<(), Error> {
    tx.tell(action, kind, row, details(row, reason))
}

pub(super) fn details(row: &LineRow, reason: &str) -> Value {
    json!({
        "customer_id": row.customer_id, "group_id": row.group_id, "product": row.product, "currency": row.currency,
        "limit_minor": row.limit_minor, "status": row.status.as_str(), "reason": reason,
    })
}
