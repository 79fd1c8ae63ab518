//! Restrictions of customers as they are sent and shown: exclusions and supply holds alike.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::platform::http::answers::Representation;
use crate::platform::http::types::{Date, Principal, Text};
use crate::rules::app::restrictions::{NewRestriction, is_in_force};
use crate::rules::domain::restrictions::RestrictionKind;
use crate::rules::store::restrictions::{EndRow, Restriction, RestrictionRow};
use crate::values::ids::{CustomerId, Entity, ExclusionEntity, SupplyHoldEntity};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page};

/// A restriction to be recorded.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "reason": "Court enforcement",
    "from": "2026-03-01", "until": null,
}))]
pub struct RestrictCustomer {
    /// Customer.
    pub customer_id: CustomerId,
    /// Why: only for who may read restrictions.
    pub reason: Text<500>,
    /// First day.
    pub from: Date,
    /// Last day, today or later; null until somebody ends it.
    #[serde(default)]
    pub until: Option<Date>,
}

/// Why a restriction ends early.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Settled in full"}))]
pub struct EndRestriction {
    /// Why.
    pub reason: Text<500>,
}

/// A restriction of a customer: a fact that is never changed, and ended by another fact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerRestriction, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "org_path": "head-office/east/shanghai", "kind": "exclusion", "reason": "Court enforcement", "from": "2026-03-01",
    "until": null, "in_force": true, "recorded_by": "https://issuer.internal.test|ann",
    "recorded_at": "2026-03-01T02:00:00Z", "ended_on": null, "end_reason": null, "ended_by": null, "ended_at": null,
}))]
pub struct RestrictionView {
    /// Identifier.
    #[schema(max_length = 36, value_type = String, format = Uuid)]
    pub id: uuid::Uuid,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: OrgPath,
    /// What it is restricted from.
    pub kind: RestrictionKind,
    /// Why.
    pub reason: Text<500>,
    /// First day.
    pub from: Date,
    /// Last day, as planned.
    #[schema(required = true)]
    pub until: Option<Date>,
    /// Whether it holds today.
    pub in_force: bool,
    /// Who recorded it: issuer and subject.
    pub recorded_by: Principal,
    /// Instant of recording.
    pub recorded_at: DateTime<Utc>,
    /// Day from which it holds no more, because it was ended early.
    #[schema(required = true)]
    pub ended_on: Option<Date>,
    /// Why it was ended.
    #[schema(required = true)]
    pub end_reason: Option<Text<500>>,
    /// Who ended it: issuer and subject.
    #[schema(required = true)]
    pub ended_by: Option<Principal>,
    /// Instant of the end.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
}

impl Representation for RestrictionView {
    fn version(&self) -> i64 {
        if self.ended_on.is_some() { 2 } else { 1 }
    }

    fn location(&self) -> String {
        let collection = match self.kind {
            RestrictionKind::Exclusion => ExclusionEntity::COLLECTION,
            RestrictionKind::SupplyHold => SupplyHoldEntity::COLLECTION,
        };
        format!("/v1/{collection}/{}", self.id)
    }
}

page! {
    /// A page of restrictions.
    CustomerRestrictionPage of RestrictionView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListRestrictions {
        /// Customer.
        customer_id: CustomerId,
        /// In force on this day.
        active_on: Date,
    }
}

/// What is to be recorded.
pub(super) fn asked(body: RestrictCustomer) -> NewRestriction {
    NewRestriction {
        customer_id: body.customer_id,
        reason: body.reason.0,
        from: body.from.0,
        until: body.until.map(|day| day.0),
    }
}

/// A restriction as it is shown on a day.
pub(super) fn view(restriction: Restriction, today: NaiveDate) -> RestrictionView {
    let in_force = is_in_force(&restriction, today);
    let (row, end) = restriction;
    let RestrictionRow {
        bucket: _,
        id,
        customer_id,
        org_path,
        kind,
        reason,
        restricted_from,
        restricted_until,
        recorded_by,
        recorded_at,
    } = row;
    let (ended_on, end_reason, ended_by, ended_at) = match end {
        Some(EndRow {
            bucket: _,
            restriction_id: _,
            ended_on,
            reason,
            ended_by,
            ended_at,
        }) => (
            Some(Date(ended_on)),
            Some(Text(reason)),
            Some(Principal(ended_by)),
            Some(ended_at),
        ),
        None => (None, None, None, None),
    };
    RestrictionView {
        id,
        customer_id,
        org_path,
        kind,
        reason: Text(reason),
        from: Date(restricted_from),
        until: restricted_until.map(Date),
        in_force,
        recorded_by: Principal(recorded_by),
        recorded_at,
        ended_on,
        end_reason,
        ended_by,
        ended_at,
    }
}
