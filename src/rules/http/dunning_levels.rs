//! Dunning levels of customers over HTTP.

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
use crate::platform::http::types::{Date, Principal};
use crate::platform::store::tx::Reader;
use crate::rules::app::dunning_levels as app;
use crate::rules::store::dunning_levels::{self as store, DunningLevelRow};
use crate::values::ids::{CustomerEntity, CustomerId, DunningLevelId};
use crate::{listing_parameters, page};

/// How far a customer has been dunned.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": 2, "as_of": "2026-03-01"}))]
pub struct RecordDunningLevel {
    /// Level: 0 is none, 9 the last.
    #[schema(minimum = 0, maximum = 9)]
    pub level: i16,
    /// Day from which it is true, today at the latest.
    pub as_of: Date,
}

/// A dunning level of a customer. It is never changed; a later one takes its place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningLevel, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "level": 2, "as_of": "2026-03-01", "recorded_by": "https://issuer.internal.test|ann",
    "recorded_at": "2026-03-01T02:00:00Z",
}))]
pub struct DunningLevelView {
    /// Identifier.
    pub id: DunningLevelId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Level.
    #[schema(minimum = 0, maximum = 9)]
    pub level: i16,
    /// Day from which it is true.
    pub as_of: Date,
    /// Who recorded it: issuer and subject.
    pub recorded_by: Principal,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
}

impl Representation for DunningLevelView {
    fn version(&self) -> i64 {
        1
    }

    fn location(&self) -> String {
        format!("/v1/customers/{}/dunning-levels", self.customer_id)
    }
}

page! {
    /// A page of dunning levels.
    DunningLevelPage of DunningLevelView
}

listing_parameters! {
    /// Pages of the levels.
    ListDunningLevels {}
}

impl From<DunningLevelRow> for DunningLevelView {
    fn from(row: DunningLevelRow) -> Self {
        let DunningLevelRow {
            bucket: _,
            id,
            customer_id,
            level,
            as_of,
            recorded_by,
            recorded_at,
        } = row;
        Self {
            id,
            customer_id,
            level,
            as_of: Date(as_of),
            recorded_by: Principal(recorded_by),
            recorded_at,
        }
    }
}

/// Record the dunning level of a customer
///
/// The latest one by its day is what credit checks go by, as far as the rule set says.
#[utoipa::path(
    post,
    path = "/v1/customers/{customer_id}/dunning-levels",
    tag = "restrictions",
    operation_id = "recordDunningLevel"
)]
pub async fn record(
    guard: Require<scopes::DunningLevelsWrite>,
    id: PathId<CustomerEntity>,
    command: KeyedCommand<RecordDunningLevel>,
) -> Reply<Created<DunningLevelView>> {
    let Command {
        body, repeatable, ..
    } = command;
    guard
        .write("dunning_level.record", repeatable, move |tx| {
            let row = app::record(tx, id.0, body.level, body.as_of.0)?;
            Ok(Created(row.into()))
        })
        .await
}

/// List the dunning levels of a customer
///
/// The latest recorded first.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/dunning-levels",
    tag = "restrictions",
    operation_id = "listDunningLevels"
)]
pub async fn list(
    guard: Require<scopes::DunningLevelsRead>,
    id: PathId<CustomerEntity>,
    parameters: Parameters<ListDunningLevels>,
) -> Result<Listing<DunningLevelPage>, Error> {
    let load = move |reader: &mut Reader<'_>, _: &ListDunningLevels, after, limit| {
        customers::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        let rows = store::list(reader.connection, id.0, after, limit)?;
        Ok(rows.into_iter().map(DunningLevelView::from).collect())
    };
    listing(&guard, parameters, load, |view: &DunningLevelView| view.id).await
}
