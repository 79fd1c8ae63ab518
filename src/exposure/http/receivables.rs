//! Receivables over HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::asking::asked;
use super::levels::{LevelExposures, exposures};
use crate::auth::scopes;
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode};
use crate::error::Error;
use crate::exposure::app::receivables::{self as app, NewReceivable};
use crate::exposure::domain::receivables::{ReceivableStatus, overdue_days, status_on};
use crate::exposure::store::receivables::{self as store, ReceivableFilter, ReceivableRow};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::audience::Staff;
use crate::platform::http::command::KeyedCommand;
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId, ReceivableEntity, ReceivableId, ReservationId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

/// A receivable that exists already.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "product": "goods_on_credit", "number": "INV-2026-0002",
    "amount": "8000.00", "currency": "CNY", "issued_on": "2026-03-01", "payment_term_days": 30,
}))]
pub struct PostReceivable {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Number by which the company knows it, unique for the customer.
    pub number: Text<100>,
    /// Amount, tax included.
    pub amount: Amount,
    /// Currency of the amount.
    pub currency: Currency,
    /// Cash deposit for it, at most the amount. Whether it takes less of a limit is a matter of the
    /// product.
    #[serde(default)]
    pub deposit: Option<Amount>,
    /// Day the term starts.
    pub issued_on: Date,
    /// Term in calendar days; that of the line, else of the product, when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days: Option<i32>,
}

/// A receivable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receivable, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "number": "INV-2026-0001",
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "org_path": "head-office/east/shanghai",
    "product": "goods_on_credit", "amount": "15000.00", "outstanding": "5000.00", "currency": "CNY",
    "deposit": "0.00", "exposure_treatment": "gross",
    "issued_on": "2026-03-01", "payment_term_days": 30, "due_on": "2026-03-31", "status": "partly_paid",
    "overdue_days": 0, "disputed_on": null, "dispute_reason": null, "over_limit": false, "term_exceeded": false, "cash_only": false, "reservation_id": null,
    "credit_line_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "levels": [{"level": "product", "credit_line_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "exposure": "15000.00",
        "currency": "CNY", "rate": null, "rate_date": null}], "version": 2,
    "created_at": "2026-03-01T02:00:00Z", "updated_at": "2026-03-15T02:00:00Z",
}))]
pub struct ReceivableView {
    /// Identifier.
    pub id: ReceivableId,
    /// Number by which the company knows it.
    pub number: Text<100>,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: OrgPath,
    /// Product.
    pub product: ProductCode,
    /// Amount.
    pub amount: Amount,
    /// Still owed.
    pub outstanding: Amount,
    /// Currency.
    pub currency: Currency,
    /// Cash deposit for it.
    pub deposit: Amount,
    /// How the deposit counts, as the product had it then.
    pub exposure_treatment: ExposureTreatment,
    /// Day the term starts.
    pub issued_on: Date,
    /// Term in calendar days.
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days: i32,
    /// Due date: the start plus the term; holidays never excuse lateness.
    pub due_on: Date,
    /// State today. Overdue follows from the date.
    pub status: ReceivableStatus,
    /// Days overdue today; 0 when paid or not yet due.
    pub overdue_days: i64,
    /// Day from which it is disputed.
    #[schema(required = true)]
    pub disputed_on: Option<Date>,
    /// Why it is disputed.
    #[schema(required = true)]
    pub dispute_reason: Option<Staff<Text<1000>>>,
    /// Whether it was posted although over the limit or without a usable line.
    pub over_limit: Staff<bool>,
    /// Whether it was posted although it is due later than the lines and the product allow.
    pub term_exceeded: Staff<bool>,
    /// Whether it was posted although the customer pays before delivery by the credit policy.
    pub cash_only: Staff<bool>,
    /// Reservation it was captured from.
    #[schema(required = true)]
    pub reservation_id: Option<Staff<ReservationId>>,
    /// Line at product level that it is drawn on.
    #[schema(required = true)]
    pub credit_line_id: Option<LineId>,
    /// The lines it is drawn on, and what it counts there.
    pub levels: Staff<LevelExposures>,
    /// Version.
    pub version: i64,
    /// Instant of recording.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

resource! { ReceivableView { id } at "/v1/receivables/{id}" }

page! {
    /// A page of receivables.
    ReceivablePage of ReceivableView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListReceivables for ReceivableFilter {
        /// Customer.
        customer_id: CustomerId,
        /// State today.
        status: ReceivableStatus,
        /// Product.
        product: ProductCode,
        /// Number by which the company knows it.
        number: Text<100>,
        /// Due on this day or earlier.
        due_until: Date,
        /// Whether it was posted over the limit.
        over_limit: bool,
        /// Whether it was posted for longer than approved.
        term_exceeded: bool,
        /// Whether it was posted although the customer pays before delivery.
        cash_only: bool,
        /// At or below this organisation.
        #[param(example = "head-office/east")]
        org_path: OrgPath,
    }
}

fn view(row: ReceivableRow, today: NaiveDate) -> ReceivableView {
    let amount = |minor: i64| Amount::of(minor, row.currency);
    let levels = exposures(&row);
    ReceivableView {
        status: status_on(
            row.amount_minor,
            row.outstanding_minor,
            row.due_on,
            row.disputed_on.is_some(),
            today,
        ),
        overdue_days: overdue_days(row.outstanding_minor, row.due_on, today),
        id: row.id,
        number: Text(row.number),
        customer_id: row.customer_id,
        org_path: row.org_path,
        product: row.product,
        amount: amount(row.amount_minor),
        outstanding: amount(row.outstanding_minor),
        currency: row.currency,
        deposit: amount(row.deposit_minor),
        exposure_treatment: row.exposure_treatment,
        issued_on: Date(row.issued_on),
        payment_term_days: row.payment_term_days,
        due_on: Date(row.due_on),
        disputed_on: row.disputed_on.map(Date),
        dispute_reason: row.dispute_reason.map(|why| Staff(Text(why))),
        over_limit: Staff(row.over_limit),
        term_exceeded: Staff(row.term_exceeded),
        cash_only: Staff(row.cash_only),
        reservation_id: row.reservation_id.map(Staff),
        credit_line_id: row.product_line_id,
        levels: Staff(LevelExposures(levels)),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// Post a receivable
///
/// Records goods that were handed over already. A fact always lands: over the limit, or without a
/// usable line, it is marked `over_limit`, for longer than approved `term_exceeded`, to a customer that
/// pays before delivery `cash_only`, and an event says so. On a line in another currency it
/// counts at the rate of the day; without a rate it is marked too and does not count there.
#[utoipa::path(
    post,
    path = "/v1/receivables",
    tag = "receivables",
    operation_id = "postReceivable"
)]
pub async fn create(
    guard: Require<scopes::ReceivablesWrite>,
    command: KeyedCommand<PostReceivable>,
) -> Reply<Created<ReceivableView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewReceivable {
        customer_id: body.customer_id,
        asked: asked(&body.amount, body.deposit.as_ref(), body.currency)?,
        product: body.product,
        number: body.number.0,
        issued_on: body.issued_on.0,
        payment_term_days: body.payment_term_days,
    };
    guard
        .write("receivable.post", repeatable, move |tx| {
            let row = app::post(tx, &new)?;
            Ok(Created(view(row, tx.today)))
        })
        .await
}

/// List receivables
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/receivables",
    tag = "receivables",
    operation_id = "listReceivables"
)]
pub async fn list(
    guard: Require<scopes::ReceivablesRead>,
    parameters: Parameters<ListReceivables>,
) -> Result<Listing<ReceivablePage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListReceivables, after, limit| {
        let today = reader.today;
        let rows = store::list(reader, &values.into(), after, limit)?;
        Ok(rows.into_iter().map(|row| view(row, today)).collect())
    };
    listing(&guard, parameters, load, |view: &ReceivableView| view.id).await
}

/// Read a receivable
///
/// What is owed, since when, and how late it is today.
#[utoipa::path(
    get,
    path = "/v1/receivables/{receivable_id}",
    tag = "receivables",
    operation_id = "getReceivable"
)]
pub async fn get(
    guard: Require<scopes::ReceivablesRead>,
    id: PathId<ReceivableEntity>,
) -> Result<Resource<ReceivableView>, Error> {
    guard
        .read(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(Resource(view(row, reader.today)))
        })
        .await
}
