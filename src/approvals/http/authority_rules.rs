//! The authority matrix over HTTP.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::approvals::app::authority_rules as app;
use crate::approvals::domain::authority_rules::{self, AuthorityRule, Escalation, StepRule};
use crate::approvals::store::authority_rules::{self as store, VersionRow};
use crate::auth::scopes;
use crate::error::Error;
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Representation, Resource};
use crate::platform::http::command::{Command, KeyedCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathVersion};
use crate::platform::http::types::{Amount, Date, Principal, Text};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page};

/// Who may decide a step that waited too long.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuthorityEscalation)]
pub struct EscalationView {
    /// Scope that decides it.
    pub scope: Text<60>,
    /// How far down from the top the decider may stand: 1 is the head office; null is the
    /// organisation of the case.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 8)]
    pub organisation_depth: Option<u8>,
}

/// A step of a rule.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuthorityStep)]
pub struct StepRuleView {
    /// Name of the step.
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z0-9_]+$")]
    pub name: String,
    /// Scope that decides it: one of `approvals:decide:*`.
    pub scope: Text<60>,
    /// How far down from the top the decider may stand: 1 is the head office; null is the
    /// organisation of the case.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 8)]
    pub organisation_depth: Option<u8>,
    /// Days it may wait before `escalate_to` may decide it too.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    pub deadline_days: Option<i32>,
    /// Who that is.
    #[serde(default)]
    pub escalate_to: Option<EscalationView>,
}

/// A rule of the authority matrix. An absent or empty condition matches everything.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuthorityRule, example = json!({
    "name": "branch", "kind": "credit_application", "actions": [], "products": [], "grades": [], "data_classes": [],
    "amount_max": "1000000.00", "related_party": null, "exceptional": null, "within": null,
    "steps": [{"name": "branch", "scope": "approvals:decide:branch", "organisation_depth": null,
        "deadline_days": 3, "escalate_to": {"scope": "approvals:decide:head-office", "organisation_depth": 1}}],
}))]
pub struct AuthorityRuleView {
    /// Name, unique in the matrix.
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z0-9_]+$")]
    #[validate(custom(function = "a_name"))]
    pub name: String,
    /// Kind of request, such as `credit_application`.
    pub kind: Text<60>,
    /// Actions it is for.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub actions: BTreeSet<String>,
    /// Products it is for.
    #[serde(default)]
    #[schema(max_items = 200, value_type = Vec<Text<60>>)]
    pub products: BTreeSet<String>,
    /// Grades it is for.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<Text<20>>)]
    pub grades: BTreeSet<String>,
    /// Classes of data it is for.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<Text<60>>)]
    pub data_classes: BTreeSet<String>,
    /// Largest amount it is for, included, in the company's currency.
    #[serde(default)]
    pub amount_max: Option<Amount>,
    /// Whether it is for related parties (true) or for everybody else (false).
    #[serde(default)]
    pub related_party: Option<bool>,
    /// Whether it is for exceptions (true) or for everything else (false).
    #[serde(default)]
    pub exceptional: Option<bool>,
    /// Organisation it is for, with everything below.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$")]
    pub within: Option<OrgPath>,
    /// The steps, in order.
    #[schema(min_items = 1, max_items = 5)]
    #[validate(custom(function = "named_steps"))]
    pub steps: Vec<StepRuleView>,
}

fn is_name(text: &str) -> bool {
    (1..=60).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn a_name(text: &str) -> Result<(), validator::ValidationError> {
    if is_name(text) {
        Ok(())
    } else {
        Err(validator::ValidationError::new("name")
            .with_message("is not a word of a-z, 0-9 and _|须为小写字母、数字和下划线".into()))
    }
}

fn named_steps(steps: &[StepRuleView]) -> Result<(), validator::ValidationError> {
    steps.iter().try_for_each(|step| a_name(&step.name))
}

/// A whole matrix. The first rule that matches gives the steps of a case.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "effective_from": "2026-04-01", "note": "Branches decide up to half a million.",
    "rules": [{"name": "branch", "kind": "credit_application", "amount_max": "500000.00",
        "steps": [{"name": "branch", "scope": "approvals:decide:branch"}]},
        {"name": "head_office", "kind": "credit_application",
        "steps": [{"name": "head_office", "scope": "approvals:decide:head-office", "organisation_depth": 1}]}],
}))]
pub struct PublishAuthorityRules {
    /// First day on which cases are opened by it: today or later.
    pub effective_from: Date,
    /// Why it is published.
    #[serde(default)]
    pub note: Option<Text<500>>,
    /// The rules, in order.
    #[schema(min_items = 1, max_items = 200)]
    #[validate(nested)]
    pub rules: Vec<AuthorityRuleView>,
}

/// A version of the authority matrix.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthorityRules, example = json!({
    "version": 1, "effective_from": "2026-04-01", "note": null, "published_by": "https://issuer.internal.test|ann",
    "published_at": "2026-03-20T02:00:00Z", "rules": [],
}))]
pub struct AuthorityRulesView {
    /// Version; 0 is the built-in one.
    pub version: i32,
    /// First day of effect; null for the built-in one.
    #[schema(required = true)]
    pub effective_from: Option<Date>,
    /// Why it was published.
    #[schema(required = true)]
    pub note: Option<Text<500>>,
    /// Who published it: issuer and subject.
    #[schema(required = true)]
    pub published_by: Option<Principal>,
    /// Instant of publication.
    #[schema(required = true)]
    pub published_at: Option<DateTime<Utc>>,
    /// The rules, in order.
    #[schema(max_items = 200)]
    pub rules: Vec<AuthorityRuleView>,
}

impl Representation for AuthorityRulesView {
    fn version(&self) -> i64 {
        self.version.into()
    }

    fn location(&self) -> String {
        format!("/v1/authority-rules/{}", self.version)
    }
}

page! {
    /// A page of versions of the authority matrix.
    AuthorityRulesPage of AuthorityRulesView
}

listing_parameters! {
    /// Pages of the versions.
    ListAuthorityRules {}
}

fn rule_view(rule: AuthorityRule) -> AuthorityRuleView {
    let amount = |minor| Amount::of(minor, Currency::COMPANY);
    AuthorityRuleView {
        name: rule.name,
        kind: Text(rule.kind),
        actions: rule.actions,
        products: rule.products,
        grades: rule.grades,
        data_classes: rule.data_classes,
        amount_max: rule.amount_max_minor.map(amount),
        related_party: rule.related_party,
        exceptional: rule.exceptional,
        within: rule.within,
        steps: rule
            .steps
            .into_iter()
            .map(|step| StepRuleView {
                name: step.name,
                scope: Text(step.scope),
                organisation_depth: step.organisation_depth,
                deadline_days: step.deadline_days,
                escalate_to: step.escalate_to.map(|to| EscalationView {
                    scope: Text(to.scope),
                    organisation_depth: to.organisation_depth,
                }),
            })
            .collect(),
    }
}

fn rule(view: AuthorityRuleView) -> Result<AuthorityRule, Error> {
    let amount_max_minor = view
        .amount_max
        .map(|amount| amount.in_currency(Currency::COMPANY, "rules"))
        .transpose()?
        .map(|money| money.minor());
    Ok(AuthorityRule {
        name: view.name,
        kind: view.kind.0,
        actions: view.actions,
        products: view.products,
        grades: view.grades,
        data_classes: view.data_classes,
        amount_max_minor,
        related_party: view.related_party,
        exceptional: view.exceptional,
        within: view.within,
        steps: view
            .steps
            .into_iter()
            .map(|step| StepRule {
                name: step.name,
                scope: step.scope.0,
                organisation_depth: step.organisation_depth,
                deadline_days: step.deadline_days,
                escalate_to: step.escalate_to.map(|to| Escalation {
                    scope: to.scope.0,
                    organisation_depth: to.organisation_depth,
                }),
            })
            .collect(),
    })
}

fn view(row: VersionRow) -> Result<AuthorityRulesView, Error> {
    let rules = app::stored(&row)?;
    Ok(AuthorityRulesView {
        version: row.version,
        effective_from: Some(Date(row.effective_from)),
        note: row.note.map(Text),
        published_by: Some(Principal(row.published_by)),
        published_at: Some(row.published_at),
        rules: rules.into_iter().map(rule_view).collect(),
    })
}

fn built_in() -> AuthorityRulesView {
    AuthorityRulesView {
        version: 0,
        effective_from: None,
        note: None,
        published_by: None,
        published_at: None,
        rules: authority_rules::built_in()
            .into_iter()
            .map(rule_view)
            .collect(),
    }
}

/// Publish the authority matrix
///
/// A new version of all of it. It counts for cases opened from its first day on; open cases keep
/// their steps. Rules that can never match are refused.
#[utoipa::path(
    post,
    path = "/v1/authority-rules",
    tag = "approvals",
    operation_id = "publishAuthorityRules"
)]
pub async fn publish(
    guard: Require<scopes::AuthorityRulesWrite>,
    command: KeyedCommand<PublishAuthorityRules>,
) -> Reply<Created<AuthorityRulesView>> {
    let Command {
        body, repeatable, ..
    } = command;
    let set: Vec<AuthorityRule> = body.rules.into_iter().map(rule).collect::<Result<_, _>>()?;
    let note = body.note.map(|note| note.0);
    guard
        .write("authority_rules.publish", repeatable, move |tx| {
            let row = app::publish(tx, &set, body.effective_from.0, note.clone())?;
            Ok(Created(view(row)?))
        })
        .await
}

/// List versions of the authority matrix
///
/// Newest first. Without any, the built-in one (version 0) is in force.
#[utoipa::path(
    get,
    path = "/v1/authority-rules",
    tag = "approvals",
    operation_id = "listAuthorityRules"
)]
pub async fn list(
    guard: Require<scopes::AuthorityRulesRead>,
    parameters: Parameters<ListAuthorityRules>,
) -> Result<Listing<AuthorityRulesPage>, Error> {
    let load = |reader: &mut Reader<'_>, _: &ListAuthorityRules, before, limit| {
        let rows = store::list(reader.connection, before, limit)?;
        rows.into_iter().map(view).collect()
    };
    listing(&guard, parameters, load, |view: &AuthorityRulesView| {
        view.version
    })
    .await
}

/// Read a version of the authority matrix
///
/// By its number, or `current` for the one in force today. Version 0 is the built-in one.
#[utoipa::path(
    get,
    path = "/v1/authority-rules/{version}",
    tag = "approvals",
    operation_id = "getAuthorityRules"
)]
pub async fn get(
    guard: Require<scopes::AuthorityRulesRead>,
    version: PathVersion,
) -> Result<Resource<AuthorityRulesView>, Error> {
    guard
        .read(move |reader| {
            let today = reader.today;
            let row = match version.0 {
                Some(0) => return Ok(Resource(built_in())),
                Some(number) => store::find(reader.connection, number)?,
                None => match store::in_force(reader.connection, today)? {
                    None => return Ok(Resource(built_in())),
                    found => found,
                },
            };
            Ok(Resource(view(row.ok_or_else(Error::not_found)?)?))
        })
        .await
}
