//! Scores of customers over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::scopes;
use crate::customers::store::customers;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Representation};
use crate::platform::http::command::{Command, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::scores::app::scores::{self as app, NewScore};
use crate::scores::domain::scores::Grade;
use crate::scores::store::scores::{self as store, ScoreRow};
use crate::values::ids::{CustomerEntity, CustomerId, ScoreId};
use crate::{listing_parameters, page};

/// A score as it comes from elsewhere.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "grade": "B", "scored_on": "2026-01-05", "valid_until": "2026-12-31", "source": "Annual assessment 2026",
}))]
pub struct RecordCustomerScore {
    /// Grade.
    pub grade: Grade,
    /// Day of the score, today or earlier.
    pub scored_on: Date,
    /// Last day it may be relied on.
    pub valid_until: Date,
    /// Where it comes from.
    pub source: Text<200>,
}

/// A score of a customer. It is never changed; a later one takes its place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerScore, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "grade": "B", "scored_on": "2026-01-05", "valid_until": "2026-12-31", "source": "Annual assessment 2026",
    "recorded_by": "https://issuer.internal.test|ann", "recorded_at": "2026-01-05T02:00:00Z",
}))]
pub struct CustomerScoreView {
    /// Identifier.
    pub id: ScoreId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Grade.
    pub grade: Grade,
    /// Day of the score.
    pub scored_on: Date,
    /// Last day it may be relied on.
    pub valid_until: Date,
    /// Where it comes from.
    pub source: Text<200>,
    /// Who recorded it: issuer and subject.
    pub recorded_by: Principal,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
}

impl Representation for CustomerScoreView {
    fn version(&self) -> i64 {
        1
    }

    fn location(&self) -> String {
        format!("/v1/customers/{}/scores", self.customer_id)
    }
}

page! {
    /// A page of scores.
    CustomerScorePage of CustomerScoreView
}

listing_parameters! {
    /// Pages of the scores.
    ListCustomerScores {}
}

impl From<ScoreRow> for CustomerScoreView {
    fn from(row: ScoreRow) -> Self {
        let ScoreRow {
            bucket: _,
            id,
            customer_id,
            grade,
            scored_on,
            valid_until,
            source,
            recorded_by,
            recorded_at,
        } = row;
        Self {
            id,
            customer_id,
            grade,
            scored_on: Date(scored_on),
            valid_until: Date(valid_until),
            source: Text(source),
            recorded_by: Principal(recorded_by),
            recorded_at,
        }
    }
}

/// Record a score of a customer
///
/// As it was given elsewhere. The latest one by its day is what checks and reports go by.
#[utoipa::path(
    post,
    path = "/v1/customers/{customer_id}/scores",
    tag = "scores",
    operation_id = "recordCustomerScore"
)]
pub async fn create(
    guard: Require<scopes::ScoresWrite>,
    id: PathId<CustomerEntity>,
    command: KeyedCommand<RecordCustomerScore>,
) -> Reply<Created<CustomerScoreView>> {
    let Command {
        body, repeatable, ..
    } = command;
    let new = NewScore {
        grade: body.grade,
        scored_on: body.scored_on.0,
        valid_until: body.valid_until.0,
        source: body.source.0,
    };
    guard
        .write("customer_score.record", repeatable, move |tx| {
            Ok(Created(app::record(tx, id.0, &new)?.into()))
        })
        .await
}

/// List the scores of a customer
///
/// The latest recorded first.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/scores",
    tag = "scores",
    operation_id = "listCustomerScores"
)]
pub async fn list(
    guard: Require<scopes::ScoresRead>,
    id: PathId<CustomerEntity>,
    parameters: Parameters<ListCustomerScores>,
) -> Result<Listing<CustomerScorePage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListCustomerScores, after, limit| {
        customers::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        let rows = store::list(reader.connection, id.0, after, limit)?;
        Ok(rows.into_iter().map(CustomerScoreView::from).collect())
    };
    listing(&guard, parameters, load, |view: &CustomerScoreView| view.id).await
}
