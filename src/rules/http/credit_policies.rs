//! The credit policy over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::approvals::app::publishing;
use crate::approvals::http::pending_change_views::PendingChangeView;
use crate::auth::scopes::{CreditPoliciesRead, CreditPoliciesWrite};
use crate::error::Error;
use crate::platform::http::moulds::documents::{document_handlers, document_types};
use crate::platform::http::types::{Amount, Date, Text};
use crate::rules::domain::credit_policies::{
    AdverseEffect, AdverseKind, CheckName, CreditPolicy, FailureRoute, GradePolicy, MissingOutcome,
};
use crate::scores::domain::scores::Grade;
use crate::values::currency::Currency;

/// What the policy says about a grade. What is null is not bounded.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GradePolicy, example = json!({
    "grade": "B", "cash_only": false, "limit_max": "2000000.00", "payment_term_days_max": 60,
    "deposit_share_bp_min": 1000, "review_months": 12,
}))]
pub struct GradePolicyView {
    /// Grade.
    pub grade: Grade,
    /// Whether the grade has to pay before delivery.
    #[serde(default)]
    pub cash_only: bool,
    /// Highest limit, in the company's currency.
    #[serde(default)]
    pub limit_max: Option<Amount>,
    /// Longest payment term in calendar days.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days_max: Option<i32>,
    /// Smallest deposit share in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10000)]
    pub deposit_share_bp_min: Option<i32>,
    /// Months between two reviews of a line.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 120)]
    pub review_months: Option<i32>,
}

/// What the policy says about who has no grade, or one that has run out. What is null is not
/// bounded.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UngradedPolicy, example = json!({
    "cash_only": false, "limit_max": "200000.00", "payment_term_days_max": 30, "deposit_share_bp_min": null,
}))]
pub struct UngradedPolicyView {
    /// Whether such a customer has to pay before delivery.
    #[serde(default)]
    pub cash_only: bool,
    /// Highest limit, in the company's currency.
    #[serde(default)]
    pub limit_max: Option<Amount>,
    /// Longest payment term in calendar days.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub payment_term_days_max: Option<i32>,
    /// Smallest deposit share in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10000)]
    pub deposit_share_bp_min: Option<i32>,
}

/// How a check comes out that lacks a fact.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MissingFactPolicy)]
pub struct MissingView {
    /// Which check.
    pub check: CheckName,
    /// How it comes out.
    pub outcome: MissingOutcome,
}

/// What an adverse event does to the lines of the customer.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdverseEventPolicy)]
pub struct AdverseView {
    /// What happened.
    pub kind: AdverseKind,
    /// What it does.
    pub effect: AdverseEffect,
}

/// What a failed check leads to.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CheckFailurePolicy)]
pub struct FailureView {
    /// Which check.
    pub check: CheckName,
    /// Where it leads.
    pub route: FailureRoute,
}

/// The credit policy. What is null is off.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreditPolicy, example = json!({
    "grades": [{"grade": "D", "cash_only": true, "limit_max": null, "payment_term_days_max": null,
        "deposit_share_bp_min": null, "review_months": 3}],
    "ungraded": {"cash_only": false, "limit_max": "200000.00", "payment_term_days_max": null,
        "deposit_share_bp_min": null},
    "missing": [{"check": "score_validity", "outcome": "warn"}], "adverse": [{"kind": "deterioration", "effect": "review"}],
    "new_customer_months": 12, "new_customer_share_bp": 2000, "concentration_warn_bp": 1000,
    "concentration_max_bp": 1500, "overdue_max": "1000.00", "required_documents": ["business_licence"],
    "on_failure": [{"check": "grade", "route": "refuse"}], "tolerance_bp": 0, "grace_days": 0, "review_months": 12,
}))]
pub struct PolicyView {
    /// Bounds by grade.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub grades: Vec<GradePolicyView>,
    /// Bounds of who has no grade, or one that has run out; where null, those of the worst grade in
    /// `grades`.
    #[serde(default)]
    pub ungraded: Option<UngradedPolicyView>,
    /// How checks come out that lack a fact: a score, expected sales, the company's net capital, a rate,
    /// a document. They fail where nothing is said.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub missing: Vec<MissingView>,
    /// What adverse events do to the lines of the customer; they suspend where nothing is said.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub adverse: Vec<AdverseView>,
    /// Months from the first business during which a customer counts as new.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 120)]
    pub new_customer_months: Option<i32>,
    /// Largest limit of a new customer: share of its expected sales in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub new_customer_share_bp: Option<i32>,
    /// Share of net capital from which one group is worth a warning, in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub concentration_warn_bp: Option<i32>,
    /// Largest share of net capital for one group, in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub concentration_max_bp: Option<i32>,
    /// Largest overdue amount that is no reason to refuse, in the company's currency.
    #[serde(default)]
    pub overdue_max: Option<Amount>,
    /// Types of documents that an application for more credit has to refer to.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub required_documents: BTreeSet<String>,
    /// What failed checks lead to; the exceptional chain where nothing is said.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub on_failure: Vec<FailureView>,
    /// What may be used beyond a limit, as a share of it in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 5000)]
    pub tolerance_bp: i32,
    /// Days after its last day on which a line may still be used.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 90)]
    pub grace_days: i32,
    /// Months between two reviews of a line of a customer without a grade.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 120)]
    pub review_months: Option<i32>,
    /// Whether money that came and settles nothing yet takes off what is used, and off what is overdue;
    /// it does when left out.
    #[serde(default = "counts")]
    #[schema(default = true)]
    pub count_money_on_account: bool,
}

fn counts() -> bool {
    true
}

document_types! {
    /// A whole policy.
    #[schema(example = json!({
        "effective_from": "2026-04-01", "note": "Concentration limit of 15 percent.",
        "policy": {"concentration_max_bp": 1500, "review_months": 12},
    }))]
    PublishCreditPolicy {
        /// First day of effect: today or later.
        effective_from,
        /// The policy; what is left out is off.
        policy: PolicyView,
    }

    /// A version of the credit policy.
    #[schema(as = CreditPolicyVersion, example = json!({
        "version": 0, "effective_from": null, "note": null, "published_by": null, "published_at": null, "confirmed_by": null,
        "policy": {"grades": [], "ungraded": null, "missing": [], "adverse": [], "required_documents": [], "on_failure": [], "tolerance_bp": 0, "grace_days": 0},
    }))]
    CreditPolicyView of CreditPolicy, under "credit-policies", built_in {
        /// The policy.
        policy,
    }

    /// A page of versions of the credit policy.
    CreditPolicyPage by ListCreditPolicies
}

impl Shown<CreditPolicy> for PolicyView {
    fn of(policy: CreditPolicy) -> Self {
        let amount = |minor| Amount::of(minor, Currency::COMPANY);
        let grade = |(grade, own): (Grade, GradePolicy)| GradePolicyView {
            grade,
            cash_only: own.cash_only,
            limit_max: own.limit_max_minor.map(amount),
            payment_term_days_max: own.payment_term_days_max,
            deposit_share_bp_min: own.deposit_share_bp_min,
            review_months: own.review_months,
        };
        Self {
            grades: policy.grades.into_iter().map(grade).collect(),
            ungraded: policy.ungraded.map(|own| UngradedPolicyView {
                cash_only: own.cash_only,
                limit_max: own.limit_max_minor.map(amount),
                payment_term_days_max: own.payment_term_days_max,
                deposit_share_bp_min: own.deposit_share_bp_min,
            }),
            missing: policy
                .missing
                .into_iter()
                .map(|(check, outcome)| MissingView { check, outcome })
                .collect(),
            adverse: policy
                .adverse
                .into_iter()
                .map(|(kind, effect)| AdverseView { kind, effect })
                .collect(),
            new_customer_months: policy.new_customer_months,
            new_customer_share_bp: policy.new_customer_share_bp,
            concentration_warn_bp: policy.concentration_warn_bp,
            concentration_max_bp: policy.concentration_max_bp,
            overdue_max: policy.overdue_max_minor.map(amount),
            required_documents: policy.required_documents,
            on_failure: policy
                .on_failure
                .into_iter()
                .map(|(check, route)| FailureView { check, route })
                .collect(),
            tolerance_bp: policy.tolerance_bp,
            grace_days: policy.grace_days,
            review_months: policy.review_months,
            count_money_on_account: policy.count_money_on_account,
        }
    }

    fn read(self) -> Result<CreditPolicy, Error> {
        let minor = |amount: Option<Amount>, field: &str| -> Result<Option<i64>, Error> {
            amount
                .map(|amount| Ok(amount.in_currency(Currency::COMPANY, field)?.minor()))
                .transpose()
        };
        let mut grades = BTreeMap::new();
        for own in self.grades {
            let bounds = GradePolicy {
                cash_only: own.cash_only,
                limit_max_minor: minor(own.limit_max, "policy/grades")?,
                payment_term_days_max: own.payment_term_days_max,
                deposit_share_bp_min: own.deposit_share_bp_min,
                review_months: own.review_months,
            };
            if grades.insert(own.grade, bounds).is_some() {
                let field = "policy/grades";
                return Err(
                    crate::error::Problem::field(field, "has a grade twice", "等级重复").into(),
                );
            }
        }
        let ungraded = match self.ungraded {
            Some(own) => Some(GradePolicy {
                cash_only: own.cash_only,
                limit_max_minor: minor(own.limit_max, "policy/ungraded/limit_max")?,
                payment_term_days_max: own.payment_term_days_max,
                deposit_share_bp_min: own.deposit_share_bp_min,
                review_months: None,
            }),
            None => None,
        };
        let (failures, missing) = (self.on_failure.into_iter(), self.missing.into_iter());
        Ok(CreditPolicy {
            grades,
            ungraded,
            missing: missing.map(|one| (one.check, one.outcome)).collect(),
            adverse: self
                .adverse
                .into_iter()
                .map(|one| (one.kind, one.effect))
                .collect(),
            new_customer_months: self.new_customer_months,
            new_customer_share_bp: self.new_customer_share_bp,
            concentration_warn_bp: self.concentration_warn_bp,
            concentration_max_bp: self.concentration_max_bp,
            overdue_max_minor: minor(self.overdue_max, "policy/overdue_max")?,
            required_documents: self.required_documents,
            on_failure: failures.map(|one| (one.check, one.route)).collect(),
            tolerance_bp: self.tolerance_bp,
            grace_days: self.grace_days,
            review_months: self.review_months,
            count_money_on_account: self.count_money_on_account,
        })
    }
}

document_handlers! {
    CreditPolicy, by publishing as PendingChangeView, tagged "credit-policies",
    CreditPolicyView at "/v1/credit-policies/{version}",
    CreditPolicyPage at "/v1/credit-policies" with ListCreditPolicies;

    /// Publish the credit policy
    ///
    /// A new version of all of it, which waits until somebody else has confirmed it. It holds from its
    /// first day on, and no earlier than confirmed. What is left out is off.
    pub async fn publish, "publishCreditPolicy": CreditPoliciesWrite, PublishCreditPolicy(policy);

    /// List versions of the credit policy
    ///
    /// Newest first. Without any, the built-in one (version 0) is in force.
    pub async fn list, "listCreditPolicies": CreditPoliciesRead;

    /// Read a version of the credit policy
    ///
    /// By its number, or `current` for the one in force today. Version 0 is the built-in one.
    pub async fn get, "getCreditPolicy": CreditPoliciesRead;
}
