//! Dunning levels of customers over HTTP.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::http::pending_change_views;
use crate::auth::scopes::{DunningLevelsRead, DunningLevelsWrite};
use crate::customers::app::dated_facts;
use crate::platform::http::moulds::dated_facts::{fact_handlers, fact_types};
use crate::platform::http::types::Date;
use crate::rules::domain::check_rules::DunningFact;
use crate::values::ids::{DunningLevelEntity, DunningLevelId};

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

fact_types! {
    /// A dunning level of a customer. It is never changed; a later one takes its place.
    #[schema(as = DunningLevel, example = json!({
        "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
        "level": 2, "as_of": "2026-03-01", "recorded_by": "https://issuer.internal.test|ann",
        "recorded_at": "2026-03-01T02:00:00Z", "confirmed_by": null,
    }))]
    DunningLevelView of DunningFact as DunningLevelId, stated by RecordDunningLevel, under "dunning-levels" {
        /// Level.
        #[schema(minimum = 0, maximum = 9)]
        level: i16,
        /// Day from which it is true.
        as_of: Date,
    }

    /// A page of dunning levels.
    DunningLevelPage by ListDunningLevels
}

fact_handlers! {
    DunningFact by dated_facts, or pending_change_views, tagged "restrictions",
    DunningLevelView at "/v1/customers/{customer_id}/dunning-levels/{level_id}",
    DunningLevelPage at "/v1/customers/{customer_id}/dunning-levels" with ListDunningLevels;

    /// Record the dunning level of a customer
    ///
    /// The latest one by its day is what credit checks go by, as far as the rule set says. A lower one
    /// than is known waits until somebody else has confirmed it.
    pub async fn record, "recordDunningLevel": DunningLevelsWrite, RecordDunningLevel;

    /// List the dunning levels of a customer
    ///
    /// The latest recorded first.
    pub async fn list, "listDunningLevels": DunningLevelsRead;

    /// Read a dunning level of a customer
    ///
    /// As it was recorded, whether or not a later one has taken its place.
    pub async fn get, "getDunningLevel": DunningLevelsRead, DunningLevelEntity;
}
