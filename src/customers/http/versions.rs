//! Past versions of an archive.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::archive::{CustomerView, read};
use crate::customers::domain::customers::{
    CustomerKind, CustomerNature, CustomerStatus, MarketWeight, ServiceTier, TimeClass,
    TradingClass, ValueClass, changes, is_major,
};
use crate::customers::domain::personal::{self, NAME};
use crate::customers::store::customers::{CustomerRow, CustomerVersionRow};
use crate::error::Error;
use crate::platform::http::audience::{Audience, Plan, Staff};
use crate::platform::http::types::{Principal, RequestId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page};

/// One version of an archive and what it changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerVersion, example = json!({
    "version": 2, "recorded_at": "2026-01-05T02:00:00Z", "changed_by": "https://issuer.internal.test|clerk-1",
    "request_id": "5b0cbd2e-58e1-4a52-9a51-3f1c5a0a9b11", "major": false,
    "changes": [{"field": "industry", "before": null, "after": "steel"}],
}))]
pub struct CustomerVersionView {
    /// Version.
    pub version: i64,
    /// From when it was the current one.
    pub recorded_at: DateTime<Utc>,
    /// Who made it: issuer and subject.
    pub changed_by: Staff<Principal>,
    /// In which request.
    pub request_id: Staff<RequestId>,
    /// Whether one of these fields is a major one.
    pub major: bool,
    /// Fields that changed, as far as they are for the reader; classified ones are shown by their masks.
    #[schema(max_items = 100)]
    pub changes: Vec<FieldChangeView>,
}

/// One changed field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub struct FieldChangeView {
    /// Name of the field.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub field: String,
    /// Value before; null where it was empty.
    #[schema(value_type = Value)]
    pub before: Value,
    /// Value after; null where it is empty.
    #[schema(value_type = Value)]
    pub after: Value,
}

page! {
    /// A page of versions.
    CustomerVersionPage of CustomerVersionView
}

listing_parameters! {
    /// Pages of the history.
    ListVersions {}
}

/// The archive of a version, nothing of which is shown that is not sealed yet.
fn shown_of(row: &CustomerVersionRow) -> Value {
    let kind = row.snapshot["kind"].as_str().and_then(CustomerKind::parse);
    match kind {
        Some(kind) => personal::shown(kind, &row.snapshot, &row.personal_sealed),
        None => row.snapshot.clone(),
    }
}

/// The versions with what each changed of the fields that an audience is shown.
pub(super) fn history_views(
    rows: &[CustomerVersionRow],
    audience: Audience,
) -> Vec<CustomerVersionView> {
    let nothing = Value::Object(Map::new());
    // A field has the same name in a version as in the archive, and is for the same readers.
    let plan = Plan::of::<CustomerView>();
    let shown: Vec<Value> = rows.iter().map(shown_of).collect();
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let before = shown.get(index + 1).unwrap_or(&nothing);
            let after = shown.get(index).unwrap_or(&nothing);
            let mut changes = changes(before, after);
            changes.retain(|change| plan.of_member(&change.field) <= audience);
            CustomerVersionView {
                version: row.version,
                recorded_at: row.recorded_at,
                changed_by: Staff(Principal(row.changed_by.clone())),
                request_id: Staff(RequestId(row.request_id)),
                major: is_major(&changes),
                changes: changes
                    .into_iter()
                    .map(|change| FieldChangeView {
                        field: change.field,
                        before: change.before,
                        after: change.after,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The archive as a past version shows it, and whether it was called then as it is now: others are
/// similar to what it is called now.
pub(super) fn past(
    mut row: CustomerRow,
    version: CustomerVersionRow,
) -> Result<(CustomerRow, bool), Error> {
    #[derive(Deserialize)]
    struct Fixed {
        name: String,
        kind: CustomerKind,
        roles: Vec<Option<String>>,
        unified_social_credit_code: Option<String>,
        org_path: OrgPath,
        status: CustomerStatus,
        time_class: TimeClass,
        trading_class: TradingClass,
        nature: CustomerNature,
        market_weight: MarketWeight,
        value_class: Option<ValueClass>,
        service_tier: Option<ServiceTier>,
        industry: Option<String>,
        /// Absent in versions from before it was kept.
        #[serde(default)]
        related_party: bool,
    }
    let Fixed {
        name,
        kind,
        roles,
        unified_social_credit_code,
        org_path,
        status,
        time_class,
        trading_class,
        nature,
        market_weight,
        value_class,
        service_tier,
        industry,
        related_party,
    } = read(version.snapshot.clone())?;
    // Two names may have one mask; what is sealed is sealed anew with every change.
    let sealed_name = |sealed: &Value| sealed.get(NAME).cloned();
    let is_called_so = row.name == name
        && sealed_name(&row.personal_sealed) == sealed_name(&version.personal_sealed);
    row.profile = version.snapshot;
    row.personal_sealed = version.personal_sealed;
    row.version = version.version;
    row.updated_at = version.recorded_at;
    let then = CustomerRow {
        name,
        kind,
        roles,
        unified_social_credit_code,
        org_path,
        status,
        time_class,
        trading_class,
        nature,
        market_weight,
        value_class,
        service_tier,
        industry,
        related_party,
        ..row
    };
    Ok((then, is_called_so))
}
