//! Scores of customers over HTTP.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::http::pending_change_views;
use crate::auth::scopes::{ScoresRead, ScoresWrite};
use crate::customers::app::dated_facts;
use crate::platform::http::moulds::dated_facts::{fact_handlers, fact_types};
use crate::platform::http::types::{Date, Text};
use crate::scores::domain::scores::{Grade, Score};
use crate::values::ids::{ScoreEntity, ScoreId};

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

fact_types! {
    /// A score of a customer. It is never changed; a later one takes its place.
    #[schema(as = CustomerScore, example = json!({
        "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
        "grade": "B", "scored_on": "2026-01-05", "valid_until": "2026-12-31", "source": "Annual assessment 2026",
        "recorded_by": "https://issuer.internal.test|ann", "recorded_at": "2026-01-05T02:00:00Z", "confirmed_by": null,
    }))]
    CustomerScoreView of Score as ScoreId, stated by RecordCustomerScore, under "scores" {
        /// Grade.
        grade: Grade,
        /// Day of the score.
        scored_on: Date,
        /// Last day it may be relied on.
        valid_until: Date,
        /// Where it comes from.
        source: Text<200>,
    }

    /// A page of scores.
    CustomerScorePage by ListCustomerScores
}

fact_handlers! {
    Score by dated_facts, or pending_change_views, tagged "scores",
    CustomerScoreView at "/v1/customers/{customer_id}/scores/{score_id}",
    CustomerScorePage at "/v1/customers/{customer_id}/scores" with ListCustomerScores;

    /// Record a score of a customer
    ///
    /// As it was given elsewhere. The latest one by its day is what checks and reports go by. One that
    /// is better than what is known, or stays good for longer, waits until somebody else has confirmed
    /// it; without a score a customer counts as one of grade C.
    pub async fn create, "recordCustomerScore": ScoresWrite, RecordCustomerScore;

    /// List the scores of a customer
    ///
    /// The latest recorded first.
    pub async fn list, "listCustomerScores": ScoresRead;

    /// Read a score of a customer
    ///
    /// As it was recorded, whether or not a later one has taken its place.
    pub async fn get, "getCustomerScore": ScoresRead, ScoreEntity;
}
