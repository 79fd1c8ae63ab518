//! The rules of a set as they are sent and shown: amounts are decimal strings of the company's
//! currency.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::platform::http::moulds::documents::Shown;
use crate::platform::http::types::{Amount, Text};
use crate::rules::domain::check_rules::{
    CheckRules, ComponentLimits, DocumentsRule, DunningRule, GradeRule, LargestDocumentRule,
    OldestItemRule, OverdueBounds, OverdueRule, RELEASE_DAYS_DEFAULT, RoomRule, RuleEffect,
    SupplyHoldRule,
};
use crate::scores::domain::scores::Grade;
use crate::values::currency::Currency;

fn shown(minor: i64) -> Amount {
    Amount::of(minor, Currency::COMPANY)
}

fn minor(amount: &Amount, field: &str) -> Result<i64, Error> {
    let field = format!("rules/{field}");
    Ok(amount.in_currency(Currency::COMPANY, &field)?.minor())
}

fn nothing() -> Amount {
    crate::values::money::Money::zero(Currency::COMPANY).into()
}

fn decline() -> RuleEffect {
    RuleEffect::Decline
}

fn release_days() -> i32 {
    RELEASE_DAYS_DEFAULT
}

/// What being over a limit leads to.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoomRule, example = json!({"effect": "decline", "refer_up_to_bp": 500}))]
pub struct RoomRuleView {
    /// What it leads to; decline when left out.
    #[serde(default = "decline")]
    #[schema(required = false)]
    pub effect: RuleEffect,
    /// With decline: share of the limit, in basis points, up to which an order over it is referred.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100000)]
    pub refer_up_to_bp: Option<i32>,
}

/// Grades that pay before delivery.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GradeRule, example = json!({"cash_only": ["D"], "effect": "decline", "missing_effect": "refer"}))]
pub struct GradeRuleView {
    /// Grades that are cash only.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<Grade>)]
    pub cash_only: BTreeSet<Grade>,
    /// What they lead to.
    pub effect: RuleEffect,
    /// What no grade, or one that holds no more, leads to; nothing when null.
    #[serde(default)]
    pub missing_effect: Option<RuleEffect>,
}

/// What may be overdue: days, an amount in the company's currency, or both.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OverdueBounds, example = json!({"days_max": 10, "amount_max": "1000.00"}))]
pub struct OverdueBoundsView {
    /// Most days since the earliest due date.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub days_max: Option<i32>,
    /// Most in all.
    #[serde(default)]
    pub amount_max: Option<Amount>,
}

/// Two tiers of what may be overdue, of which one may be left out.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OverdueRule, example = json!({"refer": {"days_max": 10}, "decline": {"days_max": 60}, "ignore_below": "100.00"}))]
pub struct OverdueRuleView {
    /// More than this is referred.
    #[serde(default)]
    pub refer: Option<OverdueBoundsView>,
    /// More than this is declined.
    #[serde(default)]
    pub decline: Option<OverdueBoundsView>,
    /// Receivables of which less is outstanding do not count, unless they are as much together.
    #[serde(default = "nothing")]
    #[schema(required = false)]
    pub ignore_below: Amount,
    /// Whether disputed receivables count.
    #[serde(default)]
    pub include_disputed: bool,
}

/// How far dunning may have gone.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningRule, example = json!({"level_max": 2, "effect": "decline"}))]
pub struct DunningRuleView {
    /// Highest level that is in nobody's way.
    #[schema(minimum = 0, maximum = 9)]
    pub level_max: i16,
    /// What a higher one leads to.
    pub effect: RuleEffect,
}

/// What a supply hold leads to.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SupplyHoldRule, example = json!({"effect": "decline"}))]
pub struct SupplyHoldRuleView {
    /// What it leads to.
    pub effect: RuleEffect,
}

/// Documents that the caller of an order states it carries: nobody has looked at them.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentsRule, example = json!({"required": ["signed_order"], "effect": "refer"}))]
pub struct DocumentsRuleView {
    /// Types of documents.
    #[schema(max_items = 50, value_type = Vec<Text<60>>)]
    pub required: BTreeSet<Text<60>>,
    /// What a missing one leads to.
    pub effect: RuleEffect,
}

/// The largest order, alone and with what was ordered shortly before, in the company's currency.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LargestDocumentRule, example = json!({"amount_max": "1000000.00", "effect": "refer", "within_days": 1}))]
pub struct LargestDocumentRuleView {
    /// Largest amount.
    pub amount_max: Amount,
    /// What a larger one leads to. One that cannot be measured, for want of a rate, is declined.
    pub effect: RuleEffect,
    /// Days back, of 24 hours each, for which orders count together: one order is no smaller for coming
    /// in pieces. 0 looks at each alone.
    #[serde(default = "one_day")]
    #[schema(minimum = 0, maximum = 31)]
    pub within_days: i32,
}

fn one_day() -> i32 {
    1
}

/// How old the oldest open receivable may be.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OldestItemRule, example = json!({"days_max": 120, "effect": "refer", "ignore_below": "100.00"}))]
pub struct OldestItemRuleView {
    /// Most days since it was issued.
    #[schema(minimum = 0, maximum = 3650)]
    pub days_max: i32,
    /// What an older one leads to.
    pub effect: RuleEffect,
    /// Receivables of which less is outstanding do not count, unless they are as much together.
    #[serde(default = "nothing")]
    #[schema(required = false)]
    pub ignore_below: Amount,
}

/// What a customer may have of each component, in the company's currency. At least one is given.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ComponentLimits, example = json!({"open_orders_max": "500000.00", "overdue_receivables_max": "10000.00", "effect": "decline"}))]
pub struct ComponentLimitsView {
    /// Most that may be outstanding, overdue or not, with what is asked for.
    #[serde(default)]
    pub open_receivables_max: Option<Amount>,
    /// Most that may be overdue.
    #[serde(default)]
    pub overdue_receivables_max: Option<Amount>,
    /// Most that may be on order with what is asked for.
    #[serde(default)]
    pub open_orders_max: Option<Amount>,
    /// What more leads to.
    pub effect: RuleEffect,
}

/// The rules of credit checks. What is null is not configured.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CheckRules, example = json!({
    "room": {"effect": "decline", "refer_up_to_bp": 500}, "supply_hold": {"effect": "decline"},
    "release_tolerance_bp": 100, "release_valid_days": 7,
}))]
pub struct CheckRulesView {
    /// Room of lines; more than a limit is declined where this is null.
    #[serde(default)]
    pub room: Option<RoomRuleView>,
    /// Grades.
    #[serde(default)]
    pub grade: Option<GradeRuleView>,
    /// What is overdue.
    #[serde(default)]
    pub overdue: Option<OverdueRuleView>,
    /// Dunning.
    #[serde(default)]
    pub dunning: Option<DunningRuleView>,
    /// Supply holds.
    #[serde(default)]
    pub supply_hold: Option<SupplyHoldRuleView>,
    /// Documents.
    #[serde(default)]
    pub documents: Option<DocumentsRuleView>,
    /// The largest single order.
    #[serde(default)]
    pub largest_document: Option<LargestDocumentRuleView>,
    /// The oldest open receivable.
    #[serde(default)]
    pub oldest_open_item: Option<OldestItemRuleView>,
    /// Components of what a customer owes and has ordered.
    #[serde(default)]
    pub component_limits: Option<ComponentLimitsView>,
    /// By how much a reservation may be larger than what was released, in basis points.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 5000)]
    pub release_tolerance_bp: i32,
    /// Days after its release on which it may be used.
    #[serde(default = "release_days")]
    #[schema(required = false, minimum = 0, maximum = 366)]
    pub release_valid_days: i32,
}

impl OverdueBoundsView {
    fn of(own: OverdueBounds) -> Self {
        Self {
            days_max: own.days_max,
            amount_max: own.amount_max_minor.map(shown),
        }
    }

    fn read(&self, field: &str) -> Result<OverdueBounds, Error> {
        let amount = self.amount_max.as_ref();
        Ok(OverdueBounds {
            days_max: self.days_max,
            amount_max_minor: amount.map(|amount| minor(amount, field)).transpose()?,
        })
    }
}

impl Shown<CheckRules> for CheckRulesView {
    fn of(rules: CheckRules) -> Self {
        let overdue = |own: OverdueRule| OverdueRuleView {
            refer: own.refer.map(OverdueBoundsView::of),
            decline: own.decline.map(OverdueBoundsView::of),
            ignore_below: shown(own.ignore_below_minor),
            include_disputed: own.include_disputed,
        };
        let largest = |own: LargestDocumentRule| LargestDocumentRuleView {
            amount_max: shown(own.amount_max_minor),
            effect: own.effect,
            within_days: own.within_days,
        };
        let oldest = |own: OldestItemRule| OldestItemRuleView {
            days_max: own.days_max,
            effect: own.effect,
            ignore_below: shown(own.ignore_below_minor),
        };
        let components = |own: ComponentLimits| ComponentLimitsView {
            open_receivables_max: own.open_receivables_max_minor.map(shown),
            overdue_receivables_max: own.overdue_receivables_max_minor.map(shown),
            open_orders_max: own.open_orders_max_minor.map(shown),
            effect: own.effect,
        };
        Self {
            room: rules.room.map(|own| RoomRuleView {
                effect: own.effect,
                refer_up_to_bp: own.refer_up_to_bp,
            }),
            grade: rules.grade.map(|own| GradeRuleView {
                cash_only: own.cash_only,
                effect: own.effect,
                missing_effect: own.missing_effect,
            }),
            overdue: rules.overdue.map(overdue),
            dunning: rules.dunning.map(|own| DunningRuleView {
                level_max: own.level_max,
                effect: own.effect,
            }),
            supply_hold: rules
                .supply_hold
                .map(|own| SupplyHoldRuleView { effect: own.effect }),
            documents: rules.documents.map(|own| DocumentsRuleView {
                required: own.required.into_iter().map(Text).collect(),
                effect: own.effect,
            }),
            largest_document: rules.largest_document.map(largest),
            oldest_open_item: rules.oldest_open_item.map(oldest),
            component_limits: rules.component_limits.map(components),
            release_tolerance_bp: rules.release_tolerance_bp,
            release_valid_days: rules.release_valid_days,
        }
    }

    fn read(self) -> Result<CheckRules, Error> {
        let overdue = |own: OverdueRuleView| {
            let refer = own.refer.map(|one| one.read("overdue/refer/amount_max"));
            let decline = own
                .decline
                .map(|one| one.read("overdue/decline/amount_max"));
            Ok::<_, Error>(OverdueRule {
                refer: refer.transpose()?,
                decline: decline.transpose()?,
                ignore_below_minor: minor(&own.ignore_below, "overdue/ignore_below")?,
                include_disputed: own.include_disputed,
            })
        };
        let largest = |own: LargestDocumentRuleView| {
            Ok::<_, Error>(LargestDocumentRule {
                amount_max_minor: minor(&own.amount_max, "largest_document/amount_max")?,
                effect: own.effect,
                within_days: own.within_days,
            })
        };
        let oldest = |own: OldestItemRuleView| {
            Ok::<_, Error>(OldestItemRule {
                days_max: own.days_max,
                effect: own.effect,
                ignore_below_minor: minor(&own.ignore_below, "oldest_open_item/ignore_below")?,
            })
        };
        let components = |own: ComponentLimitsView| {
            let amount = |most: Option<Amount>, field: &str| {
                most.map(|most| minor(&most, &format!("component_limits/{field}")))
                    .transpose()
            };
            Ok::<_, Error>(ComponentLimits {
                open_receivables_max_minor: amount(
                    own.open_receivables_max,
                    "open_receivables_max",
                )?,
                overdue_receivables_max_minor: amount(
                    own.overdue_receivables_max,
                    "overdue_receivables_max",
                )?,
                open_orders_max_minor: amount(own.open_orders_max, "open_orders_max")?,
                effect: own.effect,
            })
        };
        Ok(CheckRules {
            room: self.room.map(|own| RoomRule {
                effect: own.effect,
                refer_up_to_bp: own.refer_up_to_bp,
            }),
            grade: self.grade.map(|own| GradeRule {
                cash_only: own.cash_only,
                effect: own.effect,
                missing_effect: own.missing_effect,
            }),
            overdue: self.overdue.map(overdue).transpose()?,
            dunning: self.dunning.map(|own| DunningRule {
                level_max: own.level_max,
                effect: own.effect,
            }),
            supply_hold: self
                .supply_hold
                .map(|own| SupplyHoldRule { effect: own.effect }),
            documents: self.documents.map(|own| DocumentsRule {
                required: own.required.into_iter().map(|text| text.0).collect(),
                effect: own.effect,
            }),
            largest_document: self.largest_document.map(largest).transpose()?,
            oldest_open_item: self.oldest_open_item.map(oldest).transpose()?,
            component_limits: self.component_limits.map(components).transpose()?,
            release_tolerance_bp: self.release_tolerance_bp,
            release_valid_days: self.release_valid_days,
        })
    }
}
