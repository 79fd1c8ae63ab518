//! Sales that are expected of customers, over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::http::pending_change_views::{MayWait, may_wait};
use crate::auth::scopes::{ExpectedSalesRead, ExpectedSalesWrite};
use crate::customers::app::dated_facts::{self, Recordable};
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::command::KeyedCommand;
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Amount, Date, Principal, Text};
use crate::platform::store::dated_facts::FactRow;
use crate::platform::store::tx::Reader;
use crate::scores::domain::expected_sales::{ExpectedSales, ExpectedSalesEntity, ExpectedSalesId};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerEntity, CustomerId};
use crate::{listing_parameters, page, resource};

/// What is expected to be sold to a customer in a year.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "amount": "4000000.00", "as_of": "2026-01-05", "evidence": "Framework contract 2026-17",
}))]
pub struct RecordExpectedSales {
    /// Amount, in the company's currency.
    pub amount: Amount,
    /// Day from which it is expected, today or earlier.
    pub as_of: Date,
    /// What shows it.
    pub evidence: Text<500>,
}

/// What is expected to be sold to a customer in a year. It is never changed; a later statement takes
/// its place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpectedSales, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "amount": "4000000.00", "currency": "CNY", "as_of": "2026-01-05", "evidence": "Framework contract 2026-17",
    "recorded_by": "https://issuer.internal.test|ann", "recorded_at": "2026-01-05T02:00:00Z",
    "confirmed_by": "https://issuer.internal.test|bob",
}))]
pub struct ExpectedSalesView {
    /// Identifier.
    pub id: ExpectedSalesId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Amount.
    pub amount: Amount,
    /// The company's currency.
    pub currency: Currency,
    /// Day from which it is expected.
    pub as_of: Date,
    /// What shows it.
    pub evidence: Text<500>,
    /// Who recorded it: issuer and subject.
    pub recorded_by: Principal,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it, where somebody had to: issuer and subject.
    #[schema(required = true)]
    pub confirmed_by: Option<Principal>,
}

resource! {
    ExpectedSalesView { customer_id, id } at "/v1/customers/{customer_id}/expected-sales/{id}", always version 1
}

page! {
    /// A page of expected sales.
    ExpectedSalesPage of ExpectedSalesView
}

listing_parameters! {
    /// Where a page of them begins.
    ListExpectedSales {}
}

fn view(row: FactRow<ExpectedSales>) -> ExpectedSalesView {
    ExpectedSalesView {
        id: row.id,
        customer_id: row.customer_id,
        amount: Amount::of(row.fact.amount_minor, row.fact.currency),
        currency: row.fact.currency,
        as_of: Date(row.fact.as_of),
        evidence: Text(row.fact.evidence),
        recorded_by: Principal(row.recorded_by),
        recorded_at: row.recorded_at,
        confirmed_by: row.confirmed_by.map(Principal),
    }
}

/// Record the expected sales of a customer
///
/// What a new customer may get is measured by the latest of them by its day. More than is known waits
/// until somebody else has confirmed it, and so does the first.
#[utoipa::path(
    post,
    path = "/v1/customers/{customer_id}/expected-sales",
    tag = "scores",
    operation_id = "recordExpectedSales"
)]
pub async fn create(
    guard: Require<ExpectedSalesWrite>,
    customer: PathId<CustomerEntity>,
    command: KeyedCommand<RecordExpectedSales>,
) -> Reply<MayWait<Created<ExpectedSalesView>>> {
    let (body, repeatable) = command.into_parts();
    let amount = body.amount.positive(Currency::COMPANY, "amount")?;
    let fact = ExpectedSales {
        amount_minor: amount.minor(),
        currency: amount.currency(),
        as_of: body.as_of.0,
        evidence: body.evidence.0,
    };
    guard
        .write(ExpectedSales::ACTION, repeatable, move |tx| {
            let done = dated_facts::record(tx, customer.0, fact.clone())?;
            may_wait(done, |row| Ok(Created(view(row))))
        })
        .await
}

/// List the expected sales of a customer
///
/// The latest recorded first.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/expected-sales",
    tag = "scores",
    operation_id = "listExpectedSales"
)]
pub async fn list(
    guard: Require<ExpectedSalesRead>,
    customer: PathId<CustomerEntity>,
    parameters: Parameters<ListExpectedSales>,
) -> Result<Listing<ExpectedSalesPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListExpectedSales, after, limit| {
        let rows = dated_facts::list::<ExpectedSales>(reader, customer.0, after, limit)?;
        Ok(rows.into_iter().map(view).collect())
    };
    listing(&guard, parameters, load, |view: &ExpectedSalesView| view.id).await
}

/// Read expected sales of a customer
///
/// As they were recorded, whether or not later ones have taken their place.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/expected-sales/{expected_sales_id}",
    tag = "scores",
    operation_id = "getExpectedSales"
)]
pub async fn get(
    guard: Require<ExpectedSalesRead>,
    customer: PathId<CustomerEntity>,
    id: PathId<ExpectedSalesEntity>,
) -> Result<Resource<ExpectedSalesView>, Error> {
    guard
        .read(move |reader| {
            let row = dated_facts::find::<ExpectedSales>(reader, customer.0, id.0)?;
            Ok(Resource(view(row)))
        })
        .await
}
