//! The authority matrix over HTTP.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::pending_change_views::PendingChangeView;
use crate::approvals::app::publishing;
use crate::approvals::domain::authority_rules::{AuthorityRule, Escalation, StepRule};
use crate::auth::scopes::{AuthorityRulesRead, AuthorityRulesWrite};
use crate::error::Error;
use crate::platform::http::moulds::documents::{document_handlers, document_types};
use crate::platform::http::types::{Amount, Date, Text};
use crate::values::currency::Currency;
use crate::values::organisation::OrgPath;

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
    /// Grades it is for; `ungraded` is for who has no valid one, and goes the way of grade `D` where no
    /// rule of the kind names it.
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

document_types! {
    /// A whole matrix. The first rule that matches gives the steps of a case.
    #[schema(example = json!({
        "effective_from": "2026-04-01", "note": "Branches decide up to half a million.",
        "rules": [{"name": "branch", "kind": "credit_application", "amount_max": "500000.00",
            "steps": [{"name": "branch", "scope": "approvals:decide:branch"}]},
            {"name": "head_office", "kind": "credit_application",
            "steps": [{"name": "head_office", "scope": "approvals:decide:head-office", "organisation_depth": 1}]}],
    }))]
    PublishAuthorityRules {
        /// First day on which cases are opened by it: today or later.
        effective_from,
        /// The rules, in order.
        #[schema(min_items = 1, max_items = 200)]
        #[validate(nested)]
        rules: Vec<AuthorityRuleView>,
    }

    /// A version of the authority matrix.
    #[schema(as = AuthorityRules, example = json!({
        "version": 1, "effective_from": "2026-04-01", "note": null, "published_by": "https://issuer.internal.test|ann",
        "published_at": "2026-03-20T02:00:00Z",
        "confirmed_by": "https://issuer.internal.test|bob", "rules": [],
    }))]
    AuthorityRulesView of Vec<AuthorityRule>, under "authority-rules", built_in {
        /// The rules, in order.
        #[schema(max_items = 200)]
        rules,
    }

    /// A page of versions of the authority matrix.
    AuthorityRulesPage by ListAuthorityRules
}

impl Shown<Vec<AuthorityRule>> for Vec<AuthorityRuleView> {
    fn of(rules: Vec<AuthorityRule>) -> Self {
        rules.into_iter().map(rule_view).collect()
    }

    fn read(self) -> Result<Vec<AuthorityRule>, Error> {
        self.into_iter().map(rule).collect()
    }
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

document_handlers! {
    Vec<AuthorityRule>, by publishing as PendingChangeView, tagged "approvals",
    AuthorityRulesView at "/v1/authority-rules/{version}",
    AuthorityRulesPage at "/v1/authority-rules" with ListAuthorityRules;

    /// Publish the authority matrix
    ///
    /// A new version of all of it, which waits until somebody else has confirmed it. It counts for cases
    /// opened from its first day on, and no earlier than confirmed; open cases keep their steps. Rules
    /// that can never match are refused, and so is a matrix that goes below the floor
    /// (`authority_floor`): each kind of case has a rule for whatever it is about; related parties are
    /// decided by those who decide about them; above 50,000,000.00 it takes two people.
    pub async fn publish, "publishAuthorityRules": AuthorityRulesWrite, PublishAuthorityRules(rules);

    /// List versions of the authority matrix
    ///
    /// Newest first. Without any, the built-in one (version 0) is in force.
    pub async fn list, "listAuthorityRules": AuthorityRulesRead;

    /// Read a version of the authority matrix
    ///
    /// By its number, or `current` for the one in force today. Version 0 is the built-in one.
    pub async fn get, "getAuthorityRules": AuthorityRulesRead;
}
