//! What happens to a customer and concerns its credit: a default, a lawsuit.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::rules::domain::credit_policies::AdverseKind;

crate::identifiers! {
    /// Something that happened to a customer.
    AdverseEventEntity, AdverseEventId, "adverse_event", "adverse-events", "adverse_event_id";
}

/// What happened, or that it did not after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdverseEvent {
    /// What.
    pub kind: AdverseKind,
    /// Day on which it happened.
    pub occurred_on: NaiveDate,
    /// What shows it.
    pub evidence: String,
    /// The one that did not happen after all; `None` for what happened.
    pub reverses: Option<AdverseEventId>,
}
