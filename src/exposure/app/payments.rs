//! Payments: received, allocated, reversed; limit released in the same commit (R2).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;

use super::ledger::originals::original;
use super::ledger::{Behind, Ledger};
use super::regrouping;
use crate::catalogue::domain::counted::Part;
use crate::customers::store::customers;
use crate::error::{Error, FieldError, Problem, days};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::events;
use crate::exposure::domain::lines::{Movement, MovementKind};
use crate::exposure::domain::payments::{
    self, Allocation, AllocationId, OpenItem, PaymentId, PaymentStatus,
};
use crate::exposure::store::counted::Counts;
use crate::exposure::store::payments::{self as rows, AllocationRow, PaymentRow};
use crate::exposure::store::receivables::{self, ReceivableRow};
use crate::exposure::store::{movements, parties};
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::Tx;
use crate::values::event_kinds::EventKind;
use crate::values::ids::{CustomerId, ReceivableId};
use crate::values::money::Money;
use crate::values::text_keys::compared;

/// How a payment is to be spread.
#[derive(Debug, Clone)]
pub enum Spread {
    /// As told: receivable and amount.
    Told(Vec<(ReceivableId, Money)>),
    /// Over everything open in its currency, the oldest due first.
    OldestDueFirst,
    /// Not at all: it stays unapplied.
    Nothing,
}

/// Money that arrived.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// Customer.
    pub customer_id: CustomerId,
    /// Amount, more than nothing.
    pub amount: Money,
    /// Day it arrived.
    pub received_on: NaiveDate,
    /// Bank reference or the caller's own.
    pub reference: String,
    /// How to spread it.
    pub spread: Spread,
    /// Whether it is another one although one of the same reference is on record.
    pub another: bool,
}

/// Records a payment, allocates it, and releases the limit of what it settles.
///
/// # Errors
/// 404 when customer or receivable is not visible, 409 when a payment of the reference is on record
/// and this is not said to be another one, 422 when an allocation goes too far or is in
/// another currency.
pub fn receive(tx: &mut Tx<'_>, new: &NewPayment) -> Result<PaymentRow, Error> {
    let (_, org) = customers::status_and_organisation(&mut tx.reader(), new.customer_id)?
        .ok_or_else(Error::not_found)?;
    days::not_after_today("received_on", new.received_on, tx.today)?;
    let reference_key = compared(&new.reference);
    if !new.another {
        is_the_first(tx, new.customer_id, &reference_key)?;
    }
    let (mut ledger, mut open) = lock_settled(tx, new.customer_id, &new.spread)?;
    let id: PaymentId = tx.mint(new.customer_id.bucket())?;
    let mut payment = PaymentRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id: new.customer_id,
        org_path: org,
        amount_minor: new.amount.minor(),
        unapplied_minor: new.amount.minor(),
        currency: new.amount.currency(),
        received_on: new.received_on,
        reference: new.reference.clone(),
        status: PaymentStatus::Posted,
        reversed_on: None,
        reversal_reason: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        reference_key,
    };
    rows::insert(tx.connection, &payment)?;
    let parts = spread(&payment, &new.spread, &open)?;
    settle(tx, &mut ledger, &mut payment, &mut open, &parts)?;
    if !parts.is_empty() {
        rows::write(tx.connection, &payment)?;
    }
    ledger.touch_all(tx);
    ledger.write(tx);
    record(
        tx,
        "payment.receive",
        events::PAYMENT_RECEIVED,
        &payment,
        &parts,
    )?;
    Ok(payment)
}

/// Refuses the same money twice: it would give limit back twice. A payment that was reversed gives
/// back nothing, so its reference is free.
fn is_the_first(tx: &mut Tx<'_>, customer_id: CustomerId, key: &str) -> Result<(), Error> {
    // A customer may have no line at which two of them would meet.
    parties::lock_customer(tx, customer_id)?;
    match rows::first_posted(tx.connection, customer_id, key)? {
        None => Ok(()),
        Some(first) => Err(Problem::new(ProblemCode::DuplicatePaymentReference)
            .with_member("payment_id", json!(first))
            .into()),
    }
}

/// Allocates what is left of a payment.
///
/// # Errors
/// As [`receive`], and 409 when the payment is reversed.
pub fn allocate(
    tx: &mut Tx<'_>,
    id: PaymentId,
    seen: Seen<'_, PaymentRow>,
    spread_as: &Spread,
) -> Result<PaymentRow, Error> {
    let found = rows::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    let (mut ledger, mut open) = lock_settled(tx, found.customer_id, spread_as)?;
    let mut payment = rows::lock(tx, id)?;
    seen(&mut tx.reader(), &payment)?;
    if payment.status == PaymentStatus::Reversed {
        return Err(ProblemCode::PaymentReversed.into());
    }
    let parts = spread(&payment, spread_as, &open)?;
    settle(tx, &mut ledger, &mut payment, &mut open, &parts)?;
    payment.version += 1;
    payment.updated_at = tx.now;
    rows::write(tx.connection, &payment)?;
    ledger.touch_all(tx);
    ledger.write(tx);
    record(
        tx,
        "payment.allocate",
        events::PAYMENT_ALLOCATED,
        &payment,
        &parts,
    )?;
    Ok(payment)
}

/// Takes a payment back: every allocation is undone and the receivables are owed again.
///
/// # Errors
/// 404, 409 when it is reversed already.
pub fn reverse(
    tx: &mut Tx<'_>,
    id: PaymentId,
    seen: Seen<'_, PaymentRow>,
    reason: &str,
) -> Result<PaymentRow, Error> {
    let found = rows::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    let settled: Vec<ReceivableId> = net(&rows::allocations(tx.connection, id)?)
        .into_keys()
        .collect();
    let in_use = receivables::group_lines_in_use(tx.connection, found.customer_id, &settled)?;
    let (mut ledger, group) = regrouping::lock_where_it_counts(tx, found.customer_id, in_use)?;
    let mut owed = receivables::lock_many(tx.connection, found.customer_id, &settled)?;
    let mut payment = rows::lock(tx, id)?;
    seen(&mut tx.reader(), &payment)?;
    if payment.status == PaymentStatus::Reversed {
        return Err(ProblemCode::PaymentReversed.into());
    }
    // Allocations may have been added between the first look and the locks.
    let allocated = net(&rows::allocations(tx.connection, id)?);
    if allocated.keys().any(|id| !settled.contains(id))
        || owed.iter().any(|row| !ledger.holds(&row.lines()))
    {
        return Err(Error::Retry("the payment was allocated meanwhile"));
    }
    let mut undone = Vec::new();
    for row in &mut owed {
        let amount_minor = allocated.get(&row.id).copied().unwrap_or(0);
        if amount_minor == 0 {
            continue;
        }
        if row.outstanding_minor == 0 {
            // While it was paid, nothing brought it to lines opened and groups joined since.
            regrouping::settle_in(tx, &ledger, group, row)?;
        }
        row.outstanding_minor += amount_minor;
        touch(tx, row)?;
        let part = row.owed_part(amount_minor);
        owe_again(tx, &mut ledger, &payment, row, part)?;
        undone.push(allocation(tx, &payment, row.id, -amount_minor, tx.today)?);
    }
    rows::append_allocations(tx.connection, &undone)?;
    payment.unapplied_minor = 0;
    payment.status = PaymentStatus::Reversed;
    payment.reversed_on = Some(tx.today);
    payment.reversal_reason = Some(reason.to_owned());
    payment.version += 1;
    payment.updated_at = tx.now;
    rows::write(tx.connection, &payment)?;
    ledger.touch_all(tx);
    ledger.write(tx);
    record(
        tx,
        "payment.reverse",
        events::PAYMENT_REVERSED,
        &payment,
        &[],
    )?;
    Ok(payment)
}

/// Draws on the lines of a receivable again what a payment had repaid. A line that does not
/// revolve gets back what this payment consumed of it, which is nothing where the exposure came to
/// the line after it was paid.
fn owe_again(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    payment: &PaymentRow,
    row: &ReceivableRow,
    part: Part,
) -> Result<(), Error> {
    for counted in row.counted() {
        let id = counted.line_id;
        let revolving = ledger.line(id).is_none_or(|line| line.revolving);
        let share = part.share_of(counted.exposure_minor);
        let mut movement = Movement::new(MovementKind::ReverseRepayment, share, revolving);
        if !revolving {
            let paid = (payment.id.uuid(), payment.created_at);
            movement.consumed_minor =
                -movements::consumed_by(tx.connection, id, paid, row.id.uuid())?;
        }
        let behind = Behind {
            original: original(row, part, counted.conversion)?,
            ..behind(payment, row)
        };
        ledger.post(tx, row.customer_id, id, movement, false, behind)?;
    }
    Ok(())
}

/// Locks the lines on which the money counts and those in use, then the receivables a spread can touch.
fn lock_settled(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    spread: &Spread,
) -> Result<(Ledger, Vec<ReceivableRow>), Error> {
    let told: Vec<ReceivableId> = match spread {
        Spread::Told(parts) => parts.iter().map(|(id, _)| *id).collect(),
        Spread::OldestDueFirst | Spread::Nothing => Vec::new(),
    };
    let in_use = receivables::group_lines_in_use(tx.connection, customer_id, &told)?;
    let ledger = Ledger::lock_bounding(tx, customer_id, in_use)?;
    let open = match spread {
        Spread::Nothing => Vec::new(),
        Spread::Told(_) => receivables::lock_many(tx.connection, customer_id, &told)?,
        _ => receivables::lock_open(tx.connection, customer_id)?,
    };
    if open.iter().any(|row| !ledger.holds(&row.lines())) {
        return Err(Error::Retry("a receivable moved to another line"));
    }
    Ok((ledger, open))
}

fn spread(
    payment: &PaymentRow,
    spread: &Spread,
    open: &[ReceivableRow],
) -> Result<Vec<Allocation>, Error> {
    let items: Vec<OpenItem> = open
        .iter()
        .filter(|row| row.currency == payment.currency)
        .map(|row| OpenItem {
            id: row.id,
            due_on: row.due_on,
            outstanding_minor: row.outstanding_minor,
        })
        .collect();
    let parts = match spread {
        Spread::Nothing => Vec::new(),
        Spread::OldestDueFirst => payments::oldest_due_first(payment.unapplied_minor, &items),
        Spread::Told(told) => told
            .iter()
            .map(|(receivable_id, amount)| Allocation {
                receivable_id: *receivable_id,
                amount_minor: amount.minor(),
            })
            .collect(),
    };
    payments::check(payment.unapplied_minor, &parts, &items).map_err(|(index, code)| {
        let foreign = parts.get(index).is_some_and(|part| {
            open.iter()
                .any(|row| row.id == part.receivable_id && row.currency != payment.currency)
        });
        let code = if foreign {
            ProblemCode::CurrencyMismatch
        } else {
            code
        };
        if code == ProblemCode::NotFound {
            return Error::not_found();
        }
        let entry = code.entry();
        let place = format!("allocations/{index}/amount");
        Error::from(Problem::new(code).at(FieldError::field(
            &place,
            entry.description_en,
            entry.description_zh,
        )))
    })?;
    Ok(parts)
}

fn settle(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    payment: &mut PaymentRow,
    open: &mut [ReceivableRow],
    parts: &[Allocation],
) -> Result<(), Error> {
    let mut made = Vec::with_capacity(parts.len());
    for part in parts {
        let row = open
            .iter_mut()
            .find(|row| row.id == part.receivable_id)
            .ok_or_else(|| Error::internal("allocated to a receivable that is not locked"))?;
        let paid = row.owed_part(part.amount_minor);
        row.outstanding_minor -= part.amount_minor;
        touch(tx, row)?;
        let behind = behind(payment, row);
        ledger.post_part(tx, row, paid, MovementKind::Repay, behind)?;
        payment.unapplied_minor -= part.amount_minor;
        made.push(allocation(
            tx,
            payment,
            row.id,
            part.amount_minor,
            payment.received_on,
        )?);
    }
    rows::append_allocations(tx.connection, &made)?;
    Ok(())
}

fn touch(tx: &mut Tx<'_>, row: &mut ReceivableRow) -> Result<(), Error> {
    row.touch(tx.now);
    receivables::write(tx.connection, row)?;
    Ok(())
}

fn behind(payment: &PaymentRow, row: &ReceivableRow) -> Behind {
    Behind {
        payment_id: Some(payment.id.uuid()),
        receivable_id: Some(row.id.uuid()),
        ..Behind::default()
    }
}

fn allocation(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    receivable_id: ReceivableId,
    amount_minor: i64,
    business_date: NaiveDate,
) -> Result<AllocationRow, Error> {
    let id: AllocationId = tx.mint(payment.customer_id.bucket())?;
    Ok(AllocationRow {
        bucket: id.bucket().as_i16(),
        id,
        payment_id: payment.id,
        receivable_id,
        amount_minor,
        business_date,
        recorded_at: tx.now,
    })
}

/// What is allocated to each receivable after everything that was taken back.
pub fn net<'a>(
    allocations: impl IntoIterator<Item = &'a AllocationRow>,
) -> BTreeMap<ReceivableId, i64> {
    let mut net = BTreeMap::new();
    for row in allocations {
        *net.entry(row.receivable_id).or_insert(0) += row.amount_minor;
    }
    net.retain(|_, amount| *amount != 0);
    net
}

fn record(
    tx: &mut Tx<'_>,
    action: &str,
    kind: EventKind,
    row: &PaymentRow,
    parts: &[Allocation],
) -> Result<(), Error> {
    let details = json!({
        "customer_id": row.customer_id, "currency": row.currency, "amount_minor": row.amount_minor,
        "unapplied_minor": row.unapplied_minor, "status": row.status.as_str(), "reference": row.reference,
        "receivables": parts.iter().map(|part| part.receivable_id).collect::<Vec<_>>(),
    });
    tx.tell(action, kind, row, details)
}
