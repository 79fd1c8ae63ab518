//! Bodies and parameters that several nouns have in common.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::types::{AsOf, Text};
use crate::values::ids::CaseId;

/// A comment on a decision.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApproveCreditApplication, example = json!({"comment": "Within branch authority."}))]
pub struct Approve {
    /// Why.
    #[serde(default)]
    pub comment: Option<Text<1000>>,
    /// The approval that is decided, as the application or referral names it; stands in for
    /// `If-Match`.
    #[serde(default)]
    pub approval_id: Option<CaseId>,
    /// Number of the step that is meant; needed by whoever may decide a later one as well.
    #[serde(default)]
    #[validate(range(min = 1, max = 5, message = "must be 1 to 5|须为 1 至 5"))]
    #[schema(minimum = 1, maximum = 5)]
    pub step: Option<i16>,
}

/// The reason of a rejection, or what should be changed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RejectCreditApplication, example = json!({"reason": "Financial statements are missing."}))]
pub struct TurnDown {
    /// Why not.
    pub reason: Text<1000>,
    /// The approval that is decided, as the application or referral names it; stands in for
    /// `If-Match`.
    #[serde(default)]
    pub approval_id: Option<CaseId>,
    /// Number of the step that is meant.
    #[serde(default)]
    #[validate(range(min = 1, max = 5, message = "must be 1 to 5|须为 1 至 5"))]
    #[schema(minimum = 1, maximum = 5)]
    pub step: Option<i16>,
}

/// Nothing to say.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NoDetails {}

/// A number behind the result of a check.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApprovalCheckNumber)]
pub struct NumberView {
    /// What it is.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub name: String,
    /// Its value.
    pub value: Text<5000>,
}

/// A past moment to read as of.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadAsOf {
    /// An RFC 3339 instant, or a date that stands for the end of that business day.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 40, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?$")]
    pub as_of: Option<AsOf>,
}
