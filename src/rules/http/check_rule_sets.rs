//! The rules of credit checks over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

pub use super::check_rules::CheckRulesView;
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Representation, Resource};
use crate::platform::http::command::{Command, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathVersion};
use crate::platform::http::types::{Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::rules::app::check_rules as app;
use crate::rules::store::check_rule_sets::{self as store, VersionRow};
use crate::{listing_parameters, page};

/// A whole rule set.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "effective_from": "2026-04-01", "note": "Late payers are referred.",
    "rules": {"room": {"effect": "decline", "refer_up_to_bp": 500},
        "overdue": {"refer": {"days_max": 10}, "decline": {"days_max": 60, "amount_max": "500000.00"}, "ignore_below": "100.00"}},
}))]
pub struct PublishCheckRuleSet {
    /// First day of effect: today or later.
    pub effective_from: Date,
    /// Why it is published.
    #[serde(default)]
    pub note: Option<Text<500>>,
    /// The rules; what is left out is not configured.
    pub rules: CheckRulesView,
}

/// A version of the rule set of credit checks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckRuleSet, example = json!({
    "version": 1, "effective_from": "2026-04-01", "note": "Late payers are referred.",
    "published_by": "https://issuer.internal.test|ann", "published_at": "2026-03-20T02:00:00Z",
    "rules": {"room": {"effect": "decline", "refer_up_to_bp": 500}, "grade": null,
        "overdue": {"refer": {"days_max": 10, "amount_max": null}, "decline": {"days_max": 60, "amount_max": "500000.00"},
            "ignore_below": "100.00", "include_disputed": false},
        "dunning": null, "supply_hold": null, "documents": null, "largest_document": null, "oldest_open_item": null,
        "component_limits": null, "release_tolerance_bp": 0, "release_valid_days": 7},
}))]
pub struct CheckRuleSetView {
    /// Version, from 1.
    pub version: i32,
    /// First day of effect.
    pub effective_from: Date,
    /// Why it was published.
    #[schema(required = true)]
    pub note: Option<Text<500>>,
    /// Who published it: issuer and subject.
    pub published_by: Principal,
    /// Instant of publication.
    pub published_at: DateTime<Utc>,
    /// The rules.
    pub rules: CheckRulesView,
}

impl Representation for CheckRuleSetView {
    fn version(&self) -> i64 {
        self.version.into()
    }

    fn location(&self) -> String {
        format!("/v1/check-rule-sets/{}", self.version)
    }
}

page! {
    /// A page of versions of the rule set of credit checks.
    CheckRuleSetPage of CheckRuleSetView
}

listing_parameters! {
    /// Pages of the versions.
    ListCheckRuleSets {}
}

fn view(row: VersionRow) -> Result<CheckRuleSetView, Error> {
    let rules = app::stored(row.rules.clone())?;
    Ok(CheckRuleSetView {
        version: row.version,
        effective_from: Date(row.effective_from),
        note: row.note.map(Text),
        published_by: Principal(row.published_by),
        published_at: row.published_at,
        rules: CheckRulesView::of(rules),
    })
}

/// Publish the rule set of credit checks
///
/// A new version of all of it, from its first day on. What is left out is not configured, which
/// every check says.
#[utoipa::path(
    post,
    path = "/v1/check-rule-sets",
    tag = "credit-checks",
    operation_id = "publishCheckRuleSet"
)]
pub async fn publish(
    guard: Require<scopes::CheckRuleSetsWrite>,
    command: KeyedCommand<PublishCheckRuleSet>,
) -> Reply<Created<CheckRuleSetView>> {
    let Command {
        body, repeatable, ..
    } = command;
    let rules = body.rules.read()?;
    let note = body.note.map(|note| note.0);
    guard
        .write("check_rule_set.publish", repeatable, move |tx| {
            let row = app::publish(tx, &rules, body.effective_from.0, note.clone())?;
            Ok(Created(view(row)?))
        })
        .await
}

/// List versions of the rule set of credit checks
///
/// Newest first. Without any, nothing but the room and the state of lines decides.
#[utoipa::path(
    get,
    path = "/v1/check-rule-sets",
    tag = "credit-checks",
    operation_id = "listCheckRuleSets"
)]
pub async fn list(
    guard: Require<scopes::CheckRuleSetsRead>,
    parameters: Parameters<ListCheckRuleSets>,
) -> Result<Listing<CheckRuleSetPage>, Error> {
    let load = |reader: &mut Reader<'_>, _: &ListCheckRuleSets, before, limit| {
        let rows = store::list(reader.connection, before, limit)?;
        rows.into_iter().map(view).collect()
    };
    listing(&guard, parameters, load, |view: &CheckRuleSetView| {
        view.version
    })
    .await
}

/// Read a version of the rule set of credit checks
///
/// By its number, or `current` for the one in force today; 404 while there is none.
#[utoipa::path(
    get,
    path = "/v1/check-rule-sets/{version}",
    tag = "credit-checks",
    operation_id = "getCheckRuleSet"
)]
pub async fn get(
    guard: Require<scopes::CheckRuleSetsRead>,
    version: PathVersion,
) -> Result<Resource<CheckRuleSetView>, Error> {
    guard
        .read(move |reader| {
            let today = reader.today;
            let row = match version.0 {
                Some(number) => store::find(reader.connection, number)?,
                None => store::in_force(reader.connection, today)?,
            };
            Ok(Resource(view(row.ok_or_else(Error::not_found)?)?))
        })
        .await
}
