//! The rules of credit checks beside the room of lines: what a rule set says, and what it looks at.
//!
//! A set is published version by version. A rule that it does not have is not configured, which a
//! check says; it never passes in silence. Amounts are in minor units of the company's currency.

pub mod evaluation;
mod order_terms;
mod sizes;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use self::order_terms::OrderTerms;
pub use self::sizes::{ComponentLimits, ExposureComponent, LargestDocumentRule, RuleEffect};
use crate::catalogue::domain::exchange_rates::RateGap;
use crate::error::Reason;
use crate::rules::domain::credit_policies::CashOnly;
use crate::scores::domain::scores::{Grade, ScoreFacts};
use crate::values::money::Money;

/// Longest number of days a rule may name.
pub const DAYS_MAX: i32 = 3_650;
/// Highest dunning level.
pub const DUNNING_LEVEL_MAX: i16 = 9;
/// Most types of documents a rule may ask for, and an order may carry.
pub const DOCUMENTS_MAX: usize = 50;
/// Longest time a release may be valid, in days.
pub const RELEASE_DAYS_MAX: i32 = 366;
/// Days a release is valid where the set does not say.
pub const RELEASE_DAYS_DEFAULT: i32 = 7;
/// Most by which a reservation may be larger than what was released, in basis points.
pub const RELEASE_TOLERANCE_BP_MAX: i32 = 5_000;
/// Largest share of a limit by which an order over it may be referred, in basis points.
pub const REFER_UP_TO_BP_MAX: i32 = 100_000;

/// What being over a limit leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomRule {
    /// What it leads to.
    pub effect: RuleEffect,
    /// Share of the limit, in basis points, up to which an order over it is referred although more
    /// is declined.
    #[serde(default)]
    pub refer_up_to_bp: Option<i32>,
}

/// Grades that pay before delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeRule {
    /// Grades that are cash only.
    pub cash_only: BTreeSet<Grade>,
    /// What they lead to.
    pub effect: RuleEffect,
    /// What no grade, or one that holds no more, leads to.
    #[serde(default)]
    pub missing_effect: Option<RuleEffect>,
}

/// What may be overdue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverdueBounds {
    /// Most days.
    #[serde(default)]
    pub days_max: Option<i32>,
    /// Most in all.
    #[serde(default)]
    pub amount_max_minor: Option<i64>,
}

/// Two tiers of what may be overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverdueRule {
    /// More than this is referred.
    #[serde(default)]
    pub refer: Option<OverdueBounds>,
    /// More than this is declined.
    #[serde(default)]
    pub decline: Option<OverdueBounds>,
    /// Receivables of which less is outstanding do not count, unless they are as much together.
    #[serde(default)]
    pub ignore_below_minor: i64,
    /// Whether disputed receivables count.
    #[serde(default)]
    pub include_disputed: bool,
}

/// How far dunning may have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DunningRule {
    /// Highest level that is in nobody's way.
    pub level_max: i16,
    /// What a higher one leads to.
    pub effect: RuleEffect,
}

/// What a supply hold leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplyHoldRule {
    /// What it leads to.
    pub effect: RuleEffect,
}

/// Documents an order carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentsRule {
    /// Types of documents.
    pub required: BTreeSet<String>,
    /// What a missing one leads to.
    pub effect: RuleEffect,
}

/// How old the oldest open receivable may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldestItemRule {
    /// Most days since it was issued.
    pub days_max: i32,
    /// What an older one leads to.
    pub effect: RuleEffect,
    /// Receivables of which less is outstanding do not count, unless they are as much together.
    #[serde(default)]
    pub ignore_below_minor: i64,
}

/// A rule set. What is absent is not configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckRules {
    /// Room of lines; declined where absent.
    pub room: Option<RoomRule>,
    /// Grades.
    pub grade: Option<GradeRule>,
    /// What is overdue.
    pub overdue: Option<OverdueRule>,
    /// Dunning.
    pub dunning: Option<DunningRule>,
    /// Supply holds.
    pub supply_hold: Option<SupplyHoldRule>,
    /// Documents.
    pub documents: Option<DocumentsRule>,
    /// The largest single order.
    pub largest_document: Option<LargestDocumentRule>,
    /// The oldest open receivable.
    pub oldest_open_item: Option<OldestItemRule>,
    /// Components.
    pub component_limits: Option<ComponentLimits>,
    /// By how much a reservation may be larger than what was released, in basis points.
    pub release_tolerance_bp: i32,
    /// Days after its release on which it may be used.
    pub release_valid_days: i32,
}

impl Default for CheckRules {
    fn default() -> Self {
        Self {
            room: None,
            grade: None,
            overdue: None,
            dunning: None,
            supply_hold: None,
            documents: None,
            largest_document: None,
            oldest_open_item: None,
            component_limits: None,
            release_tolerance_bp: 0,
            release_valid_days: RELEASE_DAYS_DEFAULT,
        }
    }
}

/// A rule set in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// Version.
    pub version: i32,
    /// What it says.
    pub rules: CheckRules,
}

/// Days on which a restriction holds, as planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestrictedDays {
    /// First day.
    pub from: NaiveDate,
    /// Last day; `None` until somebody ends it.
    pub until: Option<NaiveDate>,
}

/// How far a customer has been dunned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DunningFact {
    /// Level.
    pub level: i16,
    /// Day from which it is true.
    pub as_of: NaiveDate,
}

/// A sum in the company's currency, or the rate that is missing for it.
pub type Measured = Result<i64, RateGap>;

/// What a customer owes and has ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Everything outstanding.
    pub open: Measured,
    /// What of it is past its due date.
    pub overdue_in_all: Measured,
    /// What of that counts for the overdue rule.
    pub overdue: Measured,
    /// Earliest due date among what counts for it.
    pub overdue_since: Option<NaiveDate>,
    /// Day of issue of the oldest that counts for its rule.
    pub oldest_issued_on: Option<NaiveDate>,
    /// Orders that are not delivered yet.
    pub open_orders: Measured,
    /// What was ordered in the days for which orders count together.
    pub ordered_lately: Measured,
}

impl Default for Owed {
    fn default() -> Self {
        Self {
            open: Ok(0),
            overdue_in_all: Ok(0),
            overdue: Ok(0),
            overdue_since: None,
            oldest_issued_on: None,
            open_orders: Ok(0),
            ordered_lately: Ok(0),
        }
    }
}

/// Where a customer stands, as far as the rules in force ask.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// The rule set in force, if there is one.
    pub rule_set: Option<RuleSet>,
    /// Exclusion from credit in force today.
    pub exclusion: Option<RestrictedDays>,
    /// Supply hold in force today.
    pub supply_hold: Option<RestrictedDays>,
    /// Latest dunning level.
    pub dunning: Option<DunningFact>,
    /// Latest score.
    pub score: Option<ScoreFacts>,
    /// Who pays before delivery by the credit policy in force.
    pub cash_only: CashOnly,
    /// What is owed and ordered.
    pub owed: Owed,
}

/// Business that changes what a customer owes or has ordered, while others are still to be decided.
#[derive(Debug, Clone, Copy)]
pub enum Moved {
    /// An order was accepted.
    Ordered(Money),
    /// A part of an order became a receivable.
    Delivered(Money),
    /// A part of an order was given back.
    GivenBack(Money),
}

/// How a rule came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing in the way.
    Pass,
    /// The rule set does not have it.
    NotConfigured,
    /// Somebody with authority decides.
    Refer(Reason),
    /// In the way.
    Fail(Reason),
}

impl Verdict {
    /// A reason, as its effect has it.
    pub fn of(effect: RuleEffect, mut reason: Reason) -> Self {
        match effect {
            RuleEffect::Refer => {
                reason.facts.push(("effect", effect.as_str().to_owned()));
                Self::Refer(reason)
            }
            RuleEffect::Decline => Self::Fail(reason),
        }
    }

    /// Why it does not pass.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Pass | Self::NotConfigured => None,
            Self::Refer(reason) | Self::Fail(reason) => Some(reason),
        }
    }
}

impl CheckRules {
    /// Whether some rule looks at receivables.
    pub fn looks_at_receivables(&self) -> bool {
        let component = |one| self.component_limit(one).is_some();
        self.overdue.is_some()
            || self.oldest_open_item.is_some()
            || component(ExposureComponent::OpenReceivables)
            || component(ExposureComponent::OverdueReceivables)
    }

    /// Whether some rule looks at orders that are not delivered yet.
    pub fn looks_at_orders(&self) -> bool {
        self.component_limit(ExposureComponent::OpenOrders)
            .is_some()
    }

    /// Whether some rule measures what is asked for in the company's currency.
    pub fn measures_the_order(&self) -> bool {
        self.largest_document.is_some()
            || self.looks_at_orders()
            || self
                .component_limit(ExposureComponent::OpenReceivables)
                .is_some()
    }

    /// The limit of a component, if it has one.
    pub fn component_limit(&self, component: ExposureComponent) -> Option<i64> {
        self.component_limits
            .and_then(|limits| limits.limit_of(component))
    }

    /// The first field that is out of range, and what it should be.
    pub fn out_of_range(&self) -> Option<(&'static str, &'static str)> {
        let share = |room: RoomRule| {
            room.refer_up_to_bp.is_none_or(|bp| {
                room.effect == RuleEffect::Decline && (1..=REFER_UP_TO_BP_MAX).contains(&bp)
            })
        };
        let limits = |own: ComponentLimits| {
            let every = ExposureComponent::EVERY.iter();
            let given: Vec<i64> = every.filter_map(|one| own.limit_of(*one)).collect();
            !given.is_empty() && given.into_iter().all(amount)
        };
        let rows = [
            (
                "room/refer_up_to_bp",
                "is not between 1 and 100000, or the effect is not decline",
                self.room.is_none_or(share),
            ),
            (
                "grade/cash_only",
                "names no grade, and nothing follows from a missing one",
                self.grade
                    .as_ref()
                    .is_none_or(|own| !own.cash_only.is_empty() || own.missing_effect.is_some()),
            ),
            (
                "overdue",
                "needs refer or decline, each with days_max from 0 to 3650 or an amount_max not below zero",
                self.overdue.is_none_or(OverdueRule::is_in_range),
            ),
            (
                "dunning/level_max",
                "is not between 0 and 9",
                self.dunning
                    .is_none_or(|own| (0..=DUNNING_LEVEL_MAX).contains(&own.level_max)),
            ),
            (
                "documents/required",
                "needs between 1 and 50 types of documents",
                self.documents
                    .as_ref()
                    .is_none_or(|own| (1..=DOCUMENTS_MAX).contains(&own.required.len())),
            ),
            (
                "largest_document",
                "needs an amount_max not below zero and within_days from 0 to 31",
                self.largest_document.is_none_or(|own| {
                    amount(own.amount_max_minor) && (0..=31).contains(&own.within_days)
                }),
            ),
            (
                "oldest_open_item",
                "needs days_max from 0 to 3650 and an ignore_below not below zero",
                self.oldest_open_item
                    .is_none_or(|own| days(own.days_max) && amount(own.ignore_below_minor)),
            ),
            (
                "component_limits",
                "needs at least one limit, none of them less than zero",
                self.component_limits.is_none_or(limits),
            ),
            (
                "release_tolerance_bp",
                "is not between 0 and 5000",
                (0..=RELEASE_TOLERANCE_BP_MAX).contains(&self.release_tolerance_bp),
            ),
            (
                "release_valid_days",
                "is not between 0 and 366",
                (0..=RELEASE_DAYS_MAX).contains(&self.release_valid_days),
            ),
        ];
        rows.into_iter()
            .find(|(_, _, fine)| !fine)
            .map(|(field, detail, _)| (field, detail))
    }
}

impl OverdueRule {
    fn is_in_range(self) -> bool {
        let bounds = |own: OverdueBounds| {
            (own.days_max.is_some() || own.amount_max_minor.is_some())
                && own.days_max.is_none_or(days)
                && own.amount_max_minor.is_none_or(amount)
        };
        (self.refer.is_some() || self.decline.is_some())
            && self.refer.is_none_or(bounds)
            && self.decline.is_none_or(bounds)
            && amount(self.ignore_below_minor)
    }
}

fn days(value: i32) -> bool {
    (0..=DAYS_MAX).contains(&value)
}

fn amount(value: i64) -> bool {
    value >= 0
}
