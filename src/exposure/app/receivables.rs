//! Receivables: captured from a reservation, or posted as facts (R1, X3).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::json;

use super::checks::Asked;
use super::ledger::request::Request;
use super::ledger::{Behind, Ledger};
use crate::catalogue::domain::counted::{Claim, Counted, Part};
use crate::catalogue::domain::products::ProductCode;
use crate::error::{Error, FieldError, OrInternal, Problem, Reason};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::events;
use crate::exposure::domain::lines::MovementKind;
use crate::exposure::domain::money_on_account::OnAccount;
use crate::exposure::domain::receivables::{PAYMENT_TERM_DAYS_MAX, due_on};
use crate::exposure::domain::terms::{self, ApprovedTerm};
use crate::exposure::store::counted::{Counts, claim};
use crate::exposure::store::receivables::{self as rows, ReceivableRow};
use crate::exposure::store::reservations::ReservationRow;
use crate::exposure::store::{parties as store, payments};
use crate::platform::store::errors::on_violation;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId, ReceivableId, ReservationId};
use crate::values::level::Level;
use crate::values::money::Money;
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

/// A receivable to be recorded.
#[derive(Debug, Clone)]
pub struct NewReceivable {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Number by which the company knows it.
    pub number: String,
    /// Amount, more than nothing, and what secures it.
    pub asked: Asked,
    /// Day the term starts.
    pub issued_on: NaiveDate,
    /// Term in calendar days; that of the line, else of the product, when left out.
    pub payment_term_days: Option<i32>,
}

/// A receivable a capture turns into.
#[derive(Debug, Clone)]
pub struct CapturedReceivable {
    /// Number.
    pub number: String,
    /// Day the term starts.
    pub issued_on: NaiveDate,
    /// Term in calendar days; that of the line when left out.
    pub payment_term_days: Option<i32>,
}

/// Records a receivable that exists already: the goods are gone. It always lands, even over the
/// limit, without a line, for longer than approved or to who pays before delivery, is marked then, and
/// an event says so.
///
/// # Errors
/// 404 when the customer is not visible, 422 for an unknown product, 409 for a number that is
/// taken.
pub fn post(tx: &mut Tx<'_>, new: &NewReceivable) -> Result<ReceivableRow, Error> {
    let (_, org) =
        store::customer_in_its_group(tx, new.customer_id)?.ok_or_else(Error::not_found)?;
    let Some(product) = store::product(tx.connection, &new.product)? else {
        return Err(Problem::new(ProblemCode::ProductUnknown).into());
    };
    let mut ledger = Ledger::lock_for_decision(tx, &[new.customer_id], BTreeSet::new())?;
    let request = Request {
        customer_id: new.customer_id,
        terms: Some(product),
        product: &new.product,
        claim: new.asked.of(Some(product)),
        more_of: None,
        order: None,
    };
    let assessment = ledger.assess(tx, &request)?;
    // A line in another currency cannot count it until there is a rate.
    let counted = |level| assessment.counted_at(level);
    let lines = Level::EVERY
        .iter()
        .filter_map(|level| Some(counted(*level)?.line_id));
    let approved = approved_term(&ledger, lines, product.payment_term_days);
    let term = new.payment_term_days.unwrap_or(approved.days);
    let too_long = terms::exceeded((new.issued_on, term), approved, tx.today);
    let refusals = assessment.refusals();
    let pays_cash = ledger.book().pays_cash(new.customer_id, tx.today);
    let fact = Fact {
        customer_id: new.customer_id,
        org_path: org,
        product: &new.product,
        number: &new.number,
        claim: request.claim,
        issued_on: new.issued_on,
        payment_term_days: term,
        over_limit: !refusals.is_empty(),
        term_exceeded: too_long.is_some(),
        cash_only: pays_cash.is_some(),
        reservation_id: None,
    };
    let row = row(tx, fact, &counted)?;
    insert(tx, &row)?;
    let behind = Behind {
        receivable_id: Some(row.id.uuid()),
        ..Behind::default()
    };
    let whole = Part::whole(row.amount_minor);
    ledger.post_part(tx, &row, whole, MovementKind::Draw, behind)?;
    ledger.write(tx);
    announce(tx, &row)?;
    if row.over_limit {
        let codes: Vec<&str> = refusals.iter().map(|reason| reason.code.as_str()).collect();
        let data = json!({"number": row.number, "reasons": codes});
        tx.publish(events::RECEIVABLE_OVER_LIMIT, &row, data)?;
    }
    if row.term_exceeded {
        let data = json!({"number": row.number, "due_on": row.due_on,
            "payment_term_days": row.payment_term_days, "payment_term_days_max": approved.days});
        tx.publish(events::RECEIVABLE_TERM_EXCEEDED, &row, data)?;
    }
    if let Some(why) = pays_cash {
        let data = json!({"number": row.number, "detail": why.detail.en});
        tx.publish(events::RECEIVABLE_CASH_ONLY, &row, data)?;
    }
    Ok(row)
}

/// The longest term that lines on which something counts allow, or its product: which is also what the
/// line of the product allows that says none.
fn approved_term(
    ledger: &Ledger,
    lines: impl Iterator<Item = LineId>,
    product_days: i32,
) -> ApprovedTerm {
    let given = lines.filter_map(|id| ledger.line(id));
    terms::approved(
        given.map(|line| {
            let of_product = line.product.as_ref().map(|_| product_days);
            (line.id, line.payment_term_days.or(of_product))
        }),
        product_days,
    )
}

/// The part of a reservation that a capture takes.
pub(super) struct Taken {
    /// Of its amount.
    pub(super) part: Part,
    /// What of its deposit goes along.
    pub(super) deposit_minor: i64,
}

/// The receivable that a part of a reservation turns into, drawn on the lines of the reservation: it
/// counts there exactly what it takes from what was set aside, and takes along its share of the
/// deposit. The caller writes it.
///
/// # Errors
/// As [`post`], and 422 when it is due later than the lines and the product allow.
pub(super) fn from_reservation(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    reservation: &ReservationRow,
    taken: Taken,
    captured: &CapturedReceivable,
    product_term_days: i32,
) -> Result<ReceivableRow, Error> {
    let lines = reservation.lines();
    let approved = approved_term(ledger, lines.into_iter(), product_term_days);
    let term = captured.payment_term_days.unwrap_or(approved.days);
    if let Some(reason) = terms::exceeded((captured.issued_on, term), approved, tx.today) {
        return Err(too_long(&reason));
    }
    let whole = claim(reservation)?;
    let Taken {
        part,
        deposit_minor,
    } = taken;
    let fact = Fact {
        customer_id: reservation.customer_id,
        org_path: reservation.org_path.clone(),
        product: &reservation.product,
        number: &captured.number,
        claim: Claim {
            amount: Money::new(part.minor(), whole.amount.currency()).or_internal()?,
            deposit_minor,
            treatment: whole.treatment,
        },
        issued_on: captured.issued_on,
        payment_term_days: term,
        over_limit: false,
        term_exceeded: false,
        cash_only: false,
        reservation_id: Some(reservation.id),
    };
    let counted = |level| {
        let whole = reservation.counted_at(level)?;
        Some(Counted {
            exposure_minor: part.share_of(whole.exposure_minor),
            ..whole
        })
    };
    let row = row(tx, fact, &counted)?;
    let behind = Behind {
        reservation_id: Some(reservation.id.uuid()),
        receivable_id: Some(row.id.uuid()),
        ..Behind::default()
    };
    ledger.post_part(tx, reservation, part, MovementKind::Capture, behind)?;
    Ok(row)
}

/// The problem of a term that is longer than approved.
fn too_long(reason: &Reason) -> Error {
    let (en, zh) = ("is longer than approved", "超过批准的账期");
    let field = FieldError::field("receivable/payment_term_days", en, zh);
    match Error::for_reasons(std::slice::from_ref(reason)) {
        Error::Refused(problem) => problem.at(field).into(),
        other => other,
    }
}

/// What of a customer is overdue today, by currency: less what money on account covers, where that
/// counts.
///
/// # Errors
/// When the database cannot serve.
pub fn overdue_by_currency(
    reader: &mut Reader<'_>,
    customer_id: CustomerId,
    money_counts: bool,
) -> Result<BTreeMap<Currency, i64>, Error> {
    let open = rows::open_of(reader.connection, customer_id)?;
    let money = match money_counts {
        true => payments::unapplied_of(reader.connection, customer_id)?,
        false => Vec::new(),
    };
    let cover = OnAccount::of(money, open.iter().map(ReceivableRow::item)).cover();
    let mut sums = BTreeMap::new();
    for row in open.iter().filter(|row| row.due_on < reader.today) {
        let covered = cover.by_item.get(&row.id).copied().unwrap_or(0);
        let sum: &mut i64 = sums.entry(row.currency).or_default();
        *sum = sum.saturating_add(row.outstanding_minor - covered);
    }
    sums.retain(|_, minor| *minor > 0);
    Ok(sums)
}

/// Marks a receivable as disputed from a day on.
///
/// # Errors
/// 404 when it is not visible, 409 when nothing is owed or it is disputed already.
pub fn dispute(tx: &mut Tx<'_>, id: ReceivableId, reason: &str) -> Result<ReceivableRow, Error> {
    let found = rows::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    let mut row = tx
        .lock(|reader| rows::lock_many(reader.connection, found.customer_id, &[id]))?
        .pop()
        .ok_or_else(Error::not_found)?;
    if row.outstanding_minor == 0 || row.disputed_on.is_some() {
        return Err(ProblemCode::InvalidTransition.into());
    }
    row.disputed_on = Some(tx.today);
    row.dispute_reason = Some(reason.to_owned());
    row.version += 1;
    row.updated_at = tx.now;
    rows::write(tx.connection, &row)?;
    let details = json!({"number": row.number});
    tx.tell(
        "receivable.dispute",
        events::RECEIVABLE_DISPUTED,
        &row,
        details,
    )?;
    Ok(row)
}

/// Records that a receivable was posted.
///
/// # Errors
/// When no identifier can be minted.
pub(super) fn announce(tx: &mut Tx<'_>, row: &ReceivableRow) -> Result<(), Error> {
    let details = json!({
        "number": row.number, "product": row.product, "currency": row.currency, "amount_minor": row.amount_minor,
        "due_on": row.due_on, "over_limit": row.over_limit, "term_exceeded": row.term_exceeded,
        "cash_only": row.cash_only,
    });
    tx.tell("receivable.post", events::RECEIVABLE_POSTED, row, details)
}

/// What a receivable is made of.
struct Fact<'a> {
    customer_id: CustomerId,
    org_path: OrgPath,
    product: &'a ProductCode,
    number: &'a str,
    claim: Claim,
    issued_on: NaiveDate,
    payment_term_days: i32,
    over_limit: bool,
    term_exceeded: bool,
    cash_only: bool,
    reservation_id: Option<ReservationId>,
}

fn row(
    tx: &Tx<'_>,
    fact: Fact<'_>,
    counted: &dyn Fn(Level) -> Option<Counted>,
) -> Result<ReceivableRow, Error> {
    let due = due_on(fact.issued_on, fact.payment_term_days).ok_or_else(|| {
        Problem::field(
            "payment_term_days",
            format!("is not between 0 and {PAYMENT_TERM_DAYS_MAX}"),
            format!("不在 0 与 {PAYMENT_TERM_DAYS_MAX} 之间"),
        )
    })?;
    let id: ReceivableId = tx.mint(fact.customer_id.bucket())?;
    let Claim {
        amount,
        deposit_minor,
        treatment,
    } = fact.claim;
    let mut row = ReceivableRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: fact.customer_id,
        org_path: fact.org_path,
        number: fact.number.to_owned(),
        product: fact.product.clone(),
        amount_minor: amount.minor(),
        outstanding_minor: amount.minor(),
        currency: amount.currency(),
        issued_on: fact.issued_on,
        payment_term_days: fact.payment_term_days,
        due_on: due,
        disputed_on: None,
        dispute_reason: None,
        over_limit: fact.over_limit,
        reservation_id: fact.reservation_id,
        product_line_id: None,
        customer_line_id: None,
        group_line_id: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        deposit_minor,
        exposure_treatment: treatment,
        product_exposure_minor: None,
        customer_exposure_minor: None,
        group_exposure_minor: None,
        conversions: None,
        number_key: compared(fact.number),
        term_exceeded: fact.term_exceeded,
        cash_only: fact.cash_only,
    };
    for level in Level::EVERY {
        row.count_at(*level, counted(*level));
    }
    Ok(row)
}

fn insert(tx: &mut Tx<'_>, row: &ReceivableRow) -> Result<(), Error> {
    rows::insert(std::slice::from_ref(row))
        .send(tx.connection)
        .map_err(|error| {
            on_violation(error, "receivables_number_unique", || {
                Problem::new(ProblemCode::DuplicateReceivableNumber)
            })
        })
}
