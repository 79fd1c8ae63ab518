//! Restrictions of customers over HTTP: exclusions and supply holds, which differ by their words.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::http::pending_change_views::PendingChangeView;
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Accepted, Created, Listing, Representation, Resource};
use crate::platform::http::command::{Honoured, IfMatch, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::rules::app::restrictions::{self as app, NewRestriction, Restricts, is_in_force};
use crate::rules::domain::restrictions::RestrictionKind;
use crate::rules::store::restrictions::{
    self as store, EndRow, Restriction, RestrictionFilter, RestrictionRow,
};
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
    "recorded_at": "2026-03-01T02:00:00Z", "ended_on": null, "end_reason": null, "ended_by": null, "ended_at": null, "end_confirmed_by": null,
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
    /// Who confirmed the end: issuer and subject.
    #[schema(required = true)]
    pub end_confirmed_by: Option<Principal>,
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
fn asked(body: RestrictCustomer) -> NewRestriction {
    NewRestriction {
        customer_id: body.customer_id,
        reason: body.reason.0,
        from: body.from.0,
        until: body.until.map(|day| day.0),
    }
}

/// A restriction as it is shown on a day.
fn view(restriction: Restriction, today: NaiveDate) -> RestrictionView {
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
    let (ended_on, end_reason, ended_by, ended_at, end_confirmed_by) = match end {
        Some(EndRow {
            bucket: _,
            restriction_id: _,
            ended_on,
            reason,
            ended_by,
            ended_at,
            confirmed_by,
        }) => (
            Some(Date(ended_on)),
            Some(Text(reason)),
            Some(Principal(ended_by)),
            Some(ended_at),
            confirmed_by.map(Principal),
        ),
        None => (None, None, None, None, None),
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
        end_confirmed_by,
    }
}

/// Writes the handlers of a kind of restriction, each from its words.
macro_rules! restriction_handlers {
    (
        $entity:ident at $collection:literal, $member:literal, ended at $end_path:literal,
        for $write:ident and $read:ident;

        $(#[$record_doc:meta])*
        pub async fn $record:ident, $record_id:literal;

        $(#[$list_doc:meta])*
        pub async fn $list:ident, $list_id:literal;

        $(#[$get_doc:meta])*
        pub async fn $get:ident, $get_id:literal;

        $(#[$end_doc:meta])*
        pub async fn $end:ident, $end_id:literal;
    ) => {
        $(#[$record_doc])*
        #[utoipa::path(post, path = $collection, tag = "restrictions", operation_id = $record_id)]
        pub async fn $record(
            guard: Require<scopes::$write>,
            command: KeyedCommand<RestrictCustomer>,
        ) -> Reply<Created<RestrictionView>> {
            let (body, repeatable) = command.into_parts();
            let new = asked(body);
            guard
                .write($entity::RECORD, repeatable, move |tx| {
                    let recorded = app::restrict::<$entity>(tx, &new)?;
                    Ok(Created(view(recorded, tx.today)))
                })
                .await
        }

        $(#[$list_doc])*
        #[utoipa::path(get, path = $collection, tag = "restrictions", operation_id = $list_id)]
        pub async fn $list(
            guard: Require<scopes::$read>,
            parameters: Parameters<ListRestrictions>,
        ) -> Result<Listing<CustomerRestrictionPage>, Error> {
            let load = |reader: &mut Reader<'_>, values: &ListRestrictions, after, limit| {
                let filter = RestrictionFilter {
                    customer_id: values.customer_id,
                    active_on: values.active_on.map(|day| day.0),
                };
                let found = store::list(reader, $entity::KIND, filter, after, limit)?;
                let today = reader.today;
                Ok(found.into_iter().map(|one| view(one, today)).collect())
            };
            listing(&guard, parameters, load, |view: &RestrictionView| view.id).await
        }

        $(#[$get_doc])*
        #[utoipa::path(get, path = $member, tag = "restrictions", operation_id = $get_id)]
        pub async fn $get(
            guard: Require<scopes::$read>,
            id: PathId<$entity>,
        ) -> Result<Resource<RestrictionView>, Error> {
            guard
                .read_snapshot(move |reader| {
                    let found = store::find(reader, $entity::KIND, id.0.key())?;
                    let found = found.ok_or_else(Error::not_found)?;
                    Ok(Resource(view(found, reader.today)))
                })
                .await
        }

        $(#[$end_doc])*
        #[utoipa::path(post, path = $end_path, tag = "restrictions", operation_id = $end_id)]
        pub async fn $end(
            guard: Require<scopes::$write>,
            id: PathId<$entity>,
            if_match: IfMatch<Honoured>,
            command: KeyedCommand<EndRestriction>,
        ) -> Reply<Accepted<PendingChangeView>> {
            let (body, repeatable) = command.into_parts();
            guard
                .write(app::PROPOSE, repeatable, move |tx| {
                    let seen = if_match.seen(|reader, found| Ok(view(found, reader.today)));
                    Ok(Accepted(app::end(tx, id.0, &seen, &body.reason.0)?.into()))
                })
                .await
        }
    };
}

restriction_handlers! {
    ExclusionEntity at "/v1/credit-exclusions", "/v1/credit-exclusions/{exclusion_id}",
    ended at "/v1/credit-exclusions/{exclusion_id}/end",
    for CreditExclusionsWrite and CreditExclusionsRead;

    /// Exclude a customer from credit
    ///
    /// From its first to its last day, both included, every order of the customer is declined as
    /// `customer_excluded`. The refusal names the days, never the reason.
    pub async fn exclude, "recordCreditExclusion";

    /// List exclusions from credit
    ///
    /// Newest first.
    pub async fn list_exclusions, "listCreditExclusions";

    /// Read an exclusion from credit
    ///
    /// With its early end, where it has one.
    pub async fn get_exclusion, "getCreditExclusion";

    /// End an exclusion from credit
    ///
    /// Before its last day. It holds until somebody else has confirmed that; from that day on it holds no
    /// more. It stays on record.
    pub async fn end_exclusion, "endCreditExclusion";
}

restriction_handlers! {
    SupplyHoldEntity at "/v1/supply-holds", "/v1/supply-holds/{hold_id}",
    ended at "/v1/supply-holds/{hold_id}/end",
    for SupplyHoldsWrite and SupplyHoldsRead;

    /// Hold the supply of a customer
    ///
    /// What it does to orders is said by the rule set of credit checks; without such a rule, checks say
    /// that it is not configured.
    pub async fn hold, "recordSupplyHold";

    /// List supply holds
    ///
    /// Newest first.
    pub async fn list_holds, "listSupplyHolds";

    /// Read a supply hold
    ///
    /// With its early end, where it has one.
    pub async fn get_hold, "getSupplyHold";

    /// End a supply hold
    ///
    /// Before its last day. It holds until somebody else has confirmed that; from that day on it holds no
    /// more. It stays on record.
    pub async fn end_hold, "endSupplyHold";
}
