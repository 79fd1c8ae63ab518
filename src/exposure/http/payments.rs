//! Payments over HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::auth::scopes;
use crate::error::Error;
use crate::exposure::app::payments::{self as app, NewPayment, Spread};
use crate::exposure::domain::payments::{
    AllocationStrategy, PaymentEntity, PaymentId, PaymentStatus,
};
use crate::exposure::store::payments::{self as store, PaymentFilter, PaymentRow};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::audience::Staff;
use crate::platform::http::command::{Honoured, IfMatch, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, ReceivableId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

/// A part of a payment for a receivable.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Allocation, example = json!({"receivable_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "amount": "5000.00"}))]
pub struct AllocationView {
    /// The receivable.
    pub receivable_id: ReceivableId,
    /// Amount in the currency of the payment.
    pub amount: Amount,
}

/// Money that arrived.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "told_or_spread"))]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "amount": "10000.00", "currency": "CNY",
    "received_on": "2026-03-15", "reference": "BANK-20260315-77", "allocate": "oldest_due_first",
}))]
pub struct ReceivePayment {
    /// Customer.
    pub customer_id: CustomerId,
    /// Amount.
    pub amount: Amount,
    /// Currency.
    pub currency: Currency,
    /// Day it arrived; not in the future.
    pub received_on: Date,
    /// Bank reference or the caller's own.
    pub reference: Text<100>,
    /// What it settles, receivable by receivable; or `allocate`. With neither it stays unapplied.
    #[serde(default)]
    #[schema(max_items = 1000)]
    #[validate(length(max = 1000, message = "has more than 1000 entries|超过 1000 项"))]
    pub allocations: Vec<AllocationView>,
    /// How to spread it over open receivables of its currency.
    #[serde(default)]
    pub allocate: Option<AllocationStrategy>,
    /// Whether this is another payment although one of the same reference is on record.
    #[serde(default)]
    pub another: bool,
}

/// How to allocate what is left of a payment.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "told_or_spread_rest"))]
#[schema(example = json!({"allocate": "oldest_due_first"}))]
pub struct AllocatePayment {
    /// What it settles, receivable by receivable; or `allocate`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    #[validate(length(max = 1000, message = "has more than 1000 entries|超过 1000 项"))]
    pub allocations: Vec<AllocationView>,
    /// How to spread it over open receivables of its currency.
    #[serde(default)]
    pub allocate: Option<AllocationStrategy>,
}

fn told_or_spread(body: &ReceivePayment) -> Result<(), ValidationError> {
    if !body.allocations.is_empty() && body.allocate.is_some() {
        let message = "has both allocations and allocate|allocations 与 allocate 只能选其一";
        return Err(ValidationError::new("spread").with_message(message.into()));
    }
    Ok(())
}

fn told_or_spread_rest(body: &AllocatePayment) -> Result<(), ValidationError> {
    if body.allocations.is_empty() == body.allocate.is_none() {
        let message = "needs either allocations or allocate|须在 allocations 与 allocate 中二选一";
        return Err(ValidationError::new("spread").with_message(message.into()));
    }
    Ok(())
}

/// Why a payment is taken back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Cheque bounced."}))]
pub struct ReversePayment {
    /// Why.
    pub reason: Text<1000>,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "org_path": "head-office/east/shanghai", "amount": "10000.00", "unapplied": "0.00", "currency": "CNY",
    "received_on": "2026-03-15", "reference": "BANK-20260315-77", "status": "posted", "reversed_on": null,
    "reversal_reason": null,
    "allocations": [{"receivable_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "amount": "10000.00"}],
    "version": 1, "created_at": "2026-03-15T02:00:00Z", "updated_at": "2026-03-15T02:00:00Z",
}))]
pub struct PaymentView {
    /// Identifier.
    pub id: PaymentId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: OrgPath,
    /// Amount.
    pub amount: Amount,
    /// Part that settles nothing yet.
    pub unapplied: Amount,
    /// Currency.
    pub currency: Currency,
    /// Day it arrived.
    pub received_on: Date,
    /// Bank reference or the caller's own.
    pub reference: Text<100>,
    /// posted or reversed.
    pub status: PaymentStatus,
    /// Day of the reversal.
    #[schema(required = true)]
    pub reversed_on: Option<Date>,
    /// Why it was reversed.
    #[schema(required = true)]
    pub reversal_reason: Option<Staff<Text<1000>>>,
    /// What it settles now; empty once reversed.
    #[schema(max_items = 10000)]
    pub allocations: Vec<AllocationView>,
    /// Version.
    pub version: i64,
    /// Instant of recording.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

resource! { PaymentView { id } at "/v1/payments/{id}" }

page! {
    /// A page of payments.
    PaymentPage of PaymentView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListPayments for PaymentFilter {
        /// Customer.
        customer_id: CustomerId,
        /// posted or reversed.
        status: PaymentStatus,
        /// Bank reference or the caller's own.
        reference: Text<100>,
    }
}

fn shown(reader: &mut Reader<'_>, rows: Vec<PaymentRow>) -> Result<Vec<PaymentView>, Error> {
    let ids: Vec<PaymentId> = rows.iter().map(|row| row.id).collect();
    let made = store::allocations_of(reader.connection, &ids)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = made.iter().filter(|part| part.payment_id == row.id);
            let settled = app::net(own);
            view(row, settled)
        })
        .collect())
}

fn shown_one(reader: &mut Reader<'_>, row: PaymentRow) -> Result<PaymentView, Error> {
    shown(reader, vec![row])?
        .pop()
        .ok_or_else(|| Error::internal("a payment that was just read is gone"))
}

fn view(row: PaymentRow, settled: BTreeMap<ReceivableId, i64>) -> PaymentView {
    let amount = |minor: i64| Amount::of(minor, row.currency);
    let allocations = settled
        .into_iter()
        .map(|(receivable_id, minor)| AllocationView {
            receivable_id,
            amount: amount(minor),
        })
        .collect();
    PaymentView {
        id: row.id,
        customer_id: row.customer_id,
        org_path: row.org_path,
        amount: amount(row.amount_minor),
        unapplied: amount(row.unapplied_minor),
        currency: row.currency,
        received_on: Date(row.received_on),
        reference: Text(row.reference),
        status: row.status,
        reversed_on: row.reversed_on.map(Date),
        reversal_reason: row.reversal_reason.map(|why| Staff(Text(why))),
        allocations,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn spread(
    allocations: &[AllocationView],
    allocate: Option<AllocationStrategy>,
    currency: Currency,
) -> Result<Spread, Error> {
    if let Some(AllocationStrategy::OldestDueFirst) = allocate {
        return Ok(Spread::OldestDueFirst);
    }
    if allocations.is_empty() {
        return Ok(Spread::Nothing);
    }
    let mut told = Vec::with_capacity(allocations.len());
    for (index, part) in allocations.iter().enumerate() {
        let place = format!("allocations/{index}/amount");
        told.push((part.receivable_id, part.amount.positive(currency, &place)?));
    }
    Ok(Spread::Told(told))
}

/// Record a payment
///
/// Allocated as told, or to the oldest due receivables of its currency, or kept unapplied. What is
/// settled releases limit at every level in the same commit. A reference that a posted payment of the
/// customer has is refused with its `payment_id`, unless `another` says that it is another payment.
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "receivePayment"
)]
pub async fn create(
    guard: Require<scopes::PaymentsWrite>,
    command: KeyedCommand<ReceivePayment>,
) -> Reply<Created<PaymentView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewPayment {
        customer_id: body.customer_id,
        amount: body.amount.positive(body.currency, "amount")?,
        received_on: body.received_on.0,
        spread: spread(&body.allocations, body.allocate, body.currency)?,
        reference: body.reference.0,
        another: body.another,
    };
    guard
        .write("payment.receive", repeatable, move |tx| {
            let row = app::receive(tx, &new)?;
            Ok(Created(shown_one(&mut tx.reader(), row)?))
        })
        .await
}

/// List payments
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "listPayments"
)]
pub async fn list(
    guard: Require<scopes::PaymentsRead>,
    parameters: Parameters<ListPayments>,
) -> Result<Listing<PaymentPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListPayments, after, limit| {
        let rows = store::list(reader, &values.into(), after, limit)?;
        shown(reader, rows)
    };
    listing(&guard, parameters, load, |view: &PaymentView| view.id).await
}

/// Read a payment
///
/// With what it settles now.
#[utoipa::path(
    get,
    path = "/v1/payments/{payment_id}",
    tag = "payments",
    operation_id = "getPayment"
)]
pub async fn get(
    guard: Require<scopes::PaymentsRead>,
    id: PathId<PaymentEntity>,
) -> Result<Resource<PaymentView>, Error> {
    guard
        .read_snapshot(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(Resource(shown_one(reader, row)?))
        })
        .await
}

/// Allocate a payment
///
/// Spreads what is still unapplied, as told or to the oldest due receivables.
#[utoipa::path(
    post,
    path = "/v1/payments/{payment_id}/allocations",
    tag = "payments",
    operation_id = "allocatePayment"
)]
pub async fn allocate(
    guard: Require<scopes::PaymentsWrite>,
    id: PathId<PaymentEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedCommand<AllocatePayment>,
) -> Reply<Resource<PaymentView>> {
    let (body, repeatable) = command.into_parts();
    guard
        .write("payment.allocate", repeatable, move |tx| {
            let found = store::find(&mut tx.reader(), id.0)?.ok_or_else(Error::not_found)?;
            let own = found.currency;
            let told = spread(&body.allocations, body.allocate, own)?;
            let row = app::allocate(tx, id.0, &if_match.seen(shown_one), &told)?;
            Ok(Resource(shown_one(&mut tx.reader(), row)?))
        })
        .await
}

/// Reverse a payment
///
/// Takes a payment back that bounced: what it settled is owed again and counts against the limits
/// again. Once, and whole.
#[utoipa::path(
    post,
    path = "/v1/payments/{payment_id}/reverse",
    tag = "payments",
    operation_id = "reversePayment"
)]
pub async fn reverse(
    guard: Require<scopes::PaymentsReverse>,
    id: PathId<PaymentEntity>,
    if_match: IfMatch<Honoured>,
    command: KeyedCommand<ReversePayment>,
) -> Reply<Resource<PaymentView>> {
    let (body, repeatable) = command.into_parts();
    guard
        .write("payment.reverse", repeatable, move |tx| {
            let seen = if_match.seen(shown_one);
            let row = app::reverse(tx, id.0, &seen, &body.reason.0)?;
            Ok(Resource(shown_one(&mut tx.reader(), row)?))
        })
        .await
}
