//! Credit checks over HTTP: the decision without side effects.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::asking::{asked, carried};
use super::together::WithOthers;
use crate::auth::scopes;
use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::app::checks::{Check, shippable};
use crate::exposure::domain::assessment::{Assessment, CreditDecision, RuleResult};
use crate::exposure::domain::level_rooms::LevelRoom;
use crate::exposure::domain::lines::LineState;
use crate::platform::http::answers::Computed;
use crate::platform::http::command::Query;
use crate::platform::http::guard::Require;
use crate::platform::http::problem::{ReasonView, Wording};
use crate::platform::http::types::{Amount, Date, ExchangeRate, Text};
use crate::rules::domain::check_rules::{OrderTerms, Verdict};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};
use crate::values::level::Level;

crate::text_enum! {
    /// How one rule came out.
    pub enum RuleOutcome {
        /// Nothing in the way.
        Pass = "pass",
        /// Somebody with authority decides.
        Refer = "refer",
        /// In the way.
        Fail = "fail",
        /// The rule set does not have the rule, or there is no rule set.
        NotConfigured = "not_configured",
    }
}

/// What an order would need.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "product": "goods_on_credit",
    "amount": "20000.00", "currency": "CNY",
}))]
pub struct RunCreditCheck {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: ProductCode,
    /// Amount of the order, tax included.
    pub amount: Amount,
    /// Currency of the amount.
    pub currency: Currency,
    /// Cash deposit for the order, at most its amount. Whether it takes less of a limit is a matter
    /// of the product.
    #[serde(default)]
    pub deposit: Option<Amount>,
    /// Day on which it ships, today or later: the lines have to be valid and to leave room then too.
    /// Today when left out.
    #[serde(default)]
    pub ship_on: Option<Date>,
    /// Types of documents that the caller states the order carries. Nobody has looked at them: what a
    /// rule makes of them is made of a statement, and the answer repeats it.
    #[serde(default)]
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub documents: BTreeSet<Text<60>>,
}

/// The rule set that a check went by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedRuleSet)]
pub struct CheckedRuleSetView {
    /// Version.
    #[schema(minimum = 1)]
    pub version: i32,
}

/// The decision, the room at every level, and every rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "decision": "approved", "available": "400000.00", "binding_level": "product", "currency": "CNY",
    "levels": [{"level": "product", "credit_line_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "status": "active",
        "limit": "500000.00", "held": "20000.00", "drawn": "80000.00", "carried": "0.00", "on_account": "0.00", "available": "400000.00", "requested": "20000.00", "currency": "CNY",
        "rate": null, "rate_date": null}],
    "rule_set": null,
    "rules": [{"rule": "rule_set", "level": null, "result": "not_configured"},
        {"rule": "limit_exceeded", "level": "product", "result": "pass"}],
    "stated_documents": [], "reasons": [],
}))]
pub struct CreditCheckResult {
    /// approved, referred or declined.
    pub decision: CreditDecision,
    /// Room over all levels before the order, in the currency of the check: nothing where a rate is
    /// missing, null where nothing limits it.
    #[schema(required = true)]
    pub available: Option<Amount>,
    /// The level with the least room.
    #[schema(required = true)]
    pub binding_level: Option<Level>,
    /// Currency of the check.
    pub currency: Currency,
    /// Room at every level that exists.
    #[schema(max_items = 3)]
    pub levels: Vec<LevelView>,
    /// The rule set in force; null where none is published, which is a result too.
    #[schema(required = true)]
    pub rule_set: Option<CheckedRuleSetView>,
    /// Every rule, in the documented order of precedence. Without a rule set there is an entry
    /// `rule_set` that says so.
    #[schema(max_items = 100)]
    pub rules: Vec<RuleView>,
    /// Types of documents that the caller stated, and that nobody has looked at.
    #[schema(max_items = 50)]
    pub stated_documents: Vec<Text<60>>,
    /// Everything in the way, in the same order; empty when approved.
    #[schema(max_items = 100)]
    pub reasons: Vec<ReasonView>,
}

/// Room at one level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LevelRoom)]
pub struct LevelView {
    /// product, customer or group.
    pub level: Level,
    /// The line that applies.
    pub credit_line_id: LineId,
    /// Status of the line today.
    pub status: LineState,
    /// Limit today; null where the level has none of its own.
    #[schema(required = true)]
    pub limit: Option<Amount>,
    /// Set aside.
    pub held: Amount,
    /// Drawn.
    pub drawn: Amount,
    /// Held and drawn on other lines of the level.
    pub carried: Amount,
    /// What money on account takes off what is used.
    pub on_account: Amount,
    /// What is left, on the day that leaves least of those that are asked about; negative when over
    /// the limit, null without a limit.
    #[schema(required = true)]
    pub available: Option<Amount>,
    /// What the order counts here; null where it cannot, for want of a rate.
    #[schema(required = true)]
    pub requested: Option<Amount>,
    /// Currency of the line.
    pub currency: Currency,
    /// Rate from the currency of the check; null in the same currency and without one.
    #[schema(required = true)]
    pub rate: Option<ExchangeRate>,
    /// Day of the rate.
    #[schema(required = true)]
    pub rate_date: Option<Date>,
}

/// How one rule came out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleResult)]
pub struct RuleView {
    /// The rule, named by the problem code it can lead to, or `rule_set`.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub rule: &'static str,
    /// Level it was evaluated at; null where it has none.
    #[schema(required = true)]
    pub level: Option<Level>,
    /// pass, refer, fail or not_configured.
    pub result: RuleOutcome,
}

/// Run a credit check
///
/// Could the customer have this much more of the product on credit now? Evaluates every rule and
/// changes nothing: any rule that declines declines the order, else any that refers refers it. A
/// customer the caller may not know of is declined as `customer_not_found`.
#[utoipa::path(
    post,
    path = "/v1/credit-checks",
    tag = "credit-checks",
    operation_id = "runCreditCheck"
)]
pub async fn run(
    guard: Require<scopes::CreditChecksRun>,
    with_others: WithOthers,
    query: Query<RunCreditCheck>,
) -> Result<Computed<CreditCheckResult>, Error> {
    let Query { body } = query;
    let asked = asked(&body.amount, body.deposit.as_ref(), body.currency)?;
    let stated = body.documents.iter().cloned().collect();
    let order = OrderTerms {
        ship_on: body.ship_on.map(|day| day.0),
        documents: carried(body.documents)?,
        ..OrderTerms::default()
    };
    shippable(&order, guard.today())?;
    let check = Check {
        customer_id: body.customer_id,
        product: body.product,
        asked,
        order,
    };
    let assessment = with_others.check(&guard, check).await?;
    let about = (body.currency, stated);
    Ok(Computed(result(&assessment, about, guard.wording())))
}

fn result(
    assessment: &Assessment,
    (currency, stated_documents): (Currency, Vec<Text<60>>),
    wording: &Wording,
) -> CreditCheckResult {
    let reasons = assessment.refusals();
    let available = assessment
        .available_minor()
        .map(|minor| Amount::of(minor, currency));
    let without_set = assessment.rule_set.is_none().then_some(RuleView {
        rule: "rule_set",
        level: None,
        result: RuleOutcome::NotConfigured,
    });
    CreditCheckResult {
        decision: assessment.decision(),
        available,
        binding_level: assessment.binding(),
        currency,
        levels: assessment.levels.iter().map(level).collect(),
        rule_set: assessment
            .rule_set
            .map(|version| CheckedRuleSetView { version }),
        rules: without_set
            .into_iter()
            .chain(assessment.rules.iter().map(rule))
            .collect(),
        stated_documents,
        reasons: reasons
            .iter()
            .map(|reason| ReasonView::new(reason, wording.language))
            .collect(),
    }
}

/// Room at a level as it is shown.
fn level(room: &LevelRoom) -> LevelView {
    let line = &room.line;
    let exposure = room.exposure.ok();
    let conversion = exposure.and_then(|exposure| exposure.conversion);
    let amount = |minor: i64| Amount::of(minor, line.currency);
    LevelView {
        level: room.level,
        credit_line_id: room.line_id,
        status: room.state,
        limit: room.limit_minor.map(amount),
        held: amount(line.balance.held_minor),
        drawn: amount(line.balance.drawn_minor),
        carried: amount(line.carried_minor),
        on_account: amount(line.covered_minor),
        available: room.left_minor.map(amount),
        requested: exposure.map(|exposure| amount(exposure.minor)),
        currency: line.currency,
        rate: conversion.map(|conversion| conversion.rate_e10.into()),
        rate_date: conversion.map(|conversion| Date(conversion.rate_date)),
    }
}

fn rule(rule: &RuleResult) -> RuleView {
    RuleView {
        rule: rule.code.as_str(),
        level: rule.level,
        result: match rule.verdict {
            Verdict::Pass => RuleOutcome::Pass,
            Verdict::NotConfigured => RuleOutcome::NotConfigured,
            Verdict::Refer(_) => RuleOutcome::Refer,
            Verdict::Fail(_) => RuleOutcome::Fail,
        },
    }
}
