//! Sales that are expected of customers, over HTTP.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::http::pending_change_views;
use crate::auth::scopes::{ExpectedSalesRead, ExpectedSalesWrite};
use crate::customers::app::dated_facts;
use crate::error::Error;
use crate::platform::http::moulds::dated_facts::fact_handlers;
use crate::platform::http::moulds::*;
use crate::platform::http::types::{Amount, Date, Text};
use crate::platform::store::dated_facts::FactRow;
use crate::scores::domain::expected_sales::{ExpectedSales, ExpectedSalesEntity, ExpectedSalesId};
use crate::values::currency::Currency;
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

impl From<FactRow<ExpectedSales>> for ExpectedSalesView {
    fn from(row: FactRow<ExpectedSales>) -> Self {
        Self {
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
}

impl TryFrom<RecordExpectedSales> for ExpectedSales {
    type Error = Error;

    fn try_from(body: RecordExpectedSales) -> Result<Self, Error> {
        let amount = body.amount.positive(Currency::COMPANY, "amount")?;
        Ok(Self {
            amount_minor: amount.minor(),
            currency: amount.currency(),
            as_of: body.as_of.0,
            evidence: body.evidence.0,
        })
    }
}

fact_handlers! {
    ExpectedSales by dated_facts, or pending_change_views, tagged "scores",
    ExpectedSalesView at "/v1/customers/{customer_id}/expected-sales/{expected_sales_id}",
    ExpectedSalesPage at "/v1/customers/{customer_id}/expected-sales" with ListExpectedSales;

    /// Record the expected sales of a customer
    ///
    /// What a new customer may get is measured by the latest of them by its day. More than is known waits
    /// until somebody else has confirmed it, and so does the first.
    pub async fn create, "recordExpectedSales": ExpectedSalesWrite, RecordExpectedSales;

    /// List the expected sales of a customer
    ///
    /// The latest recorded first.
    pub async fn list, "listExpectedSales": ExpectedSalesRead;

    /// Read expected sales of a customer
    ///
    /// As they were recorded, whether or not later ones have taken their place.
    pub async fn get, "getExpectedSales": ExpectedSalesRead, ExpectedSalesEntity;
}
