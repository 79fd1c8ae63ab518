//! Adverse events of customers over HTTP.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::http::pending_change_views;
use crate::auth::scopes::{AdverseEventsRead, AdverseEventsWrite};
use crate::customers::app::dated_facts;
use crate::exposure::domain::adverse_events::{AdverseEvent, AdverseEventEntity, AdverseEventId};
use crate::platform::http::moulds::dated_facts::{fact_handlers, fact_types};
use crate::platform::http::types::{Date, Text};
use crate::rules::domain::credit_policies::AdverseKind;

/// Something that happened to a customer, or that it did not happen after all.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "lawsuit", "occurred_on": "2026-03-01", "evidence": "Case 2026-0117 of the district court",
}))]
pub struct RecordAdverseEvent {
    /// What happened.
    pub kind: AdverseKind,
    /// Day on which it happened, today or earlier.
    pub occurred_on: Date,
    /// What shows it.
    pub evidence: Text<500>,
    /// The adverse event of this kind that did not happen after all. That waits until somebody else has
    /// confirmed it, and resumes no line.
    #[serde(default)]
    pub reverses: Option<AdverseEventId>,
}

fact_types! {
    /// Something that happened to a customer, or that it did not happen after all. It is never changed.
    #[schema(as = AdverseEvent, example = json!({
        "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
        "kind": "lawsuit", "occurred_on": "2026-03-01", "evidence": "Case 2026-0117 of the district court",
        "reverses": null, "recorded_by": "https://issuer.internal.test|ann",
        "recorded_at": "2026-03-01T02:00:00Z", "confirmed_by": null,
    }))]
    AdverseEventView of AdverseEvent as AdverseEventId, stated by RecordAdverseEvent, under "adverse-events" {
        /// What happened.
        kind: AdverseKind,
        /// Day on which it happened.
        occurred_on: Date,
        /// What shows it.
        evidence: Text<500>,
        /// The one that did not happen after all; null for what happened.
        #[schema(required = true)]
        reverses: Option<AdverseEventId>,
    }

    /// A page of adverse events.
    AdverseEventPage by ListAdverseEvents
}

fact_handlers! {
    AdverseEvent by dated_facts, or pending_change_views, tagged "credit-lines",
    AdverseEventView at "/v1/customers/{customer_id}/adverse-events/{adverse_event_id}",
    AdverseEventPage at "/v1/customers/{customer_id}/adverse-events" with ListAdverseEvents;

    /// Record an adverse event of a customer
    ///
    /// It takes effect at once: every active line of the customer is suspended and due for review, or is
    /// due for review, as the credit policy says. Resuming a line is a decision of its own.
    pub async fn create, "recordAdverseEvent": AdverseEventsWrite, RecordAdverseEvent;

    /// List the adverse events of a customer
    ///
    /// The latest recorded first.
    pub async fn list, "listAdverseEvents": AdverseEventsRead;

    /// Read an adverse event of a customer
    ///
    /// As it was recorded; what reverses it is another one.
    pub async fn get, "getAdverseEvent": AdverseEventsRead, AdverseEventEntity;
}
