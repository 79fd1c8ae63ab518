//! Receivables: captured from a reservation, or posted as facts (R1, X3).

use chrono::NaiveDate;
use serde_json::json;

use super::exposure::{Behind, Ledger, Request, org_path};
use crate::domain::credit_lines::{Level, MovementKind};
use crate::domain::currency::Currency;
use crate::domain::ids::{CustomerId, LineId, ReceivableId};
use crate::domain::money::Money;
use crate::domain::receivables::{PAYMENT_TERM_DAYS_MAX, due_on};
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::store::errors::on_violation;
use crate::store::exposure as store;
use crate::store::receivables::{self as rows, ReceivableRow};
use crate::store::reservations::ReservationRow;
use crate::store::tx::{Event, Tx};

/// A receivable to be recorded.
#[derive(Debug, Clone)]
pub struct NewReceivable {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: String,
    /// Number by which the company knows it.
    pub number: String,
    /// Amount, more than nothing.
    pub amount: Money,
    /// Day the term starts.
    pub issued_on: NaiveDate,
    /// Term in calendar days; that of the line, else of the product, when left out.
    pub payment_term_days: Option<i32>,
}

/// Records a receivable that exists already: the goods are gone. It always lands, even over the
/// limit or without a line, is marked then, and an event says so.
///
/// # Errors
/// 404 when the customer is not visible, 422 for an unknown product, 409 for a number that is
/// taken.
pub fn post(tx: &mut Tx<'_>, new: &NewReceivable) -> Result<ReceivableRow, Error> {
    let (status, org) = store::customer_in_its_group(&mut tx.reader(), new.customer_id)?
        .ok_or_else(Error::not_found)?;
    let Some((active, product_term)) = store::product(tx.connection, &new.product)? else {
        return Err(Problem::new(ProblemCode::ProductUnknown).into());
    };
    let mut ledger = Ledger::lock_for_customer(tx, new.customer_id)?;
    let request = Request {
        customer: status,
        product_active: Some(active),
        product: &new.product,
        amount: new.amount,
    };
    let assessment = ledger.assess_with_due(tx, &request)?;
    // A line in another currency cannot count it until there is a rate.
    let usable = |level| {
        assessment.line_at(level).filter(|id| {
            ledger
                .line(*id)
                .is_some_and(|line| line.currency == new.amount.currency().code())
        })
    };
    let lines = Lines {
        product: usable(Level::Product),
        customer: usable(Level::Customer),
        group: usable(Level::Group),
    };
    let term = new
        .payment_term_days
        .or_else(|| {
            lines
                .product
                .and_then(|id| ledger.line(id))
                .and_then(|line| line.payment_term_days)
        })
        .unwrap_or(product_term);
    let refusals = assessment.refusals();
    let row = row(tx, new, org, term, &lines, !refusals.is_empty(), None)?;
    insert(tx, &row)?;
    let behind = Behind {
        receivable_id: Some(row.id.uuid()),
        ..Behind::default()
    };
    ledger.post_all(
        tx,
        row.customer_id,
        &row.lines(),
        MovementKind::Draw,
        row.amount_minor,
        behind,
    )?;
    ledger.write(tx)?;
    announce(tx, &row)?;
    if row.over_limit {
        let codes: Vec<&str> = refusals.iter().map(|reason| reason.code.as_str()).collect();
        emit(
            tx,
            "receivable.over_limit",
            &row,
            json!({"number": row.number, "reasons": codes}),
        )?;
    }
    Ok(row)
}

/// Records the receivable a capture turns into, on the lines of its reservation.
///
/// # Errors
/// As [`post`].
pub(super) fn from_reservation(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    reservation: &ReservationRow,
    new: &NewReceivable,
) -> Result<ReceivableRow, Error> {
    let line_term = ledger
        .line(reservation.product_line_id)
        .and_then(|line| line.payment_term_days);
    let term = match new.payment_term_days.or(line_term) {
        Some(term) => term,
        None => store::product(tx.connection, &new.product)?.map_or(0, |(_, term)| term),
    };
    let lines = Lines {
        product: Some(reservation.product_line_id),
        customer: reservation.customer_line_id,
        group: reservation.group_line_id,
    };
    let row = row(
        tx,
        new,
        reservation.org_path.clone(),
        term,
        &lines,
        false,
        Some(reservation),
    )?;
    insert(tx, &row)?;
    let behind = Behind {
        reservation_id: Some(reservation.id.uuid()),
        receivable_id: Some(row.id.uuid()),
        ..Behind::default()
    };
    ledger.post_all(
        tx,
        row.customer_id,
        &row.lines(),
        MovementKind::Capture,
        row.amount_minor,
        behind,
    )?;
    Ok(row)
}

/// Marks a receivable as disputed from a day on.
///
/// # Errors
/// 404 when it is not visible, 409 when nothing is owed or it is disputed already.
pub fn dispute(tx: &mut Tx<'_>, id: ReceivableId, reason: &str) -> Result<ReceivableRow, Error> {
    let found = rows::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    let mut row = rows::lock_many(tx.connection, found.customer_id, &[id])?
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
    tx.record(
        "receivable.dispute",
        id.subject(),
        json!({"number": row.number}),
    )?;
    emit(
        tx,
        "receivable.disputed",
        &row,
        json!({"number": row.number}),
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
        "due_on": row.due_on, "over_limit": row.over_limit,
    });
    tx.record("receivable.post", row.id.subject(), details.clone())?;
    emit(tx, "receivable.posted", row, details)
}

/// The lines a receivable is drawn on.
struct Lines {
    product: Option<LineId>,
    customer: Option<LineId>,
    group: Option<LineId>,
}

fn row(
    tx: &Tx<'_>,
    new: &NewReceivable,
    org: String,
    term: i32,
    lines: &Lines,
    over_limit: bool,
    reservation: Option<&ReservationRow>,
) -> Result<ReceivableRow, Error> {
    let due = due_on(new.issued_on, term).ok_or_else(|| {
        Problem::field(
            "payment_term_days",
            format!("is not between 0 and {PAYMENT_TERM_DAYS_MAX}"),
            format!("不在 0 与 {PAYMENT_TERM_DAYS_MAX} 之间"),
        )
    })?;
    let id: ReceivableId = tx.mint(new.customer_id.bucket())?;
    Ok(ReceivableRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: new.customer_id,
        org_path: org,
        number: new.number.clone(),
        product: new.product.clone(),
        amount_minor: new.amount.minor(),
        outstanding_minor: new.amount.minor(),
        currency: Currency::code(new.amount.currency()).to_owned(),
        issued_on: new.issued_on,
        payment_term_days: term,
        due_on: due,
        disputed_on: None,
        dispute_reason: None,
        over_limit,
        reservation_id: reservation.map(|reservation| reservation.id),
        product_line_id: lines.product,
        customer_line_id: lines.customer,
        group_line_id: lines.group,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    })
}

fn insert(tx: &mut Tx<'_>, row: &ReceivableRow) -> Result<(), Error> {
    rows::insert(tx.connection, row).map_err(|error| {
        on_violation(error, "receivables_number_unique", || {
            Problem::new(ProblemCode::DuplicateReceivableNumber)
        })
    })
}

fn emit(
    tx: &mut Tx<'_>,
    kind: &'static str,
    row: &ReceivableRow,
    data: serde_json::Value,
) -> Result<(), Error> {
    tx.emit(Event {
        kind,
        subject: row.id.subject(),
        org_path: org_path(&row.org_path)?,
        customer_id: Some(row.customer_id.uuid()),
        data,
    })
}
