//! What holds of all rule sets.

use proptest::prelude::*;

use super::assessment::{CreditDecision, assess};
use super::assessment_rule_tests::{LIMIT, ago, claim, facts, with};
use crate::rules::domain::check_rules::RuleEffect::{self, Decline, Refer};
use crate::rules::domain::check_rules::*;
use crate::values::currency::Currency;

/// How good a decision is for who asks.
fn rank(decision: CreditDecision) -> u8 {
    match decision {
        CreditDecision::Approved => 2,
        CreditDecision::Referred => 1,
        CreditDecision::Declined => 0,
    }
}

fn effects() -> impl Strategy<Value = RuleEffect> {
    prop_oneof![Just(Refer), Just(Decline)]
}

/// Thresholds of a set: days, amounts, shares and effects.
fn sets() -> impl Strategy<Value = CheckRules> {
    let bounds = || {
        prop::option::of(
            (0..50, 0..500_i64).prop_map(|(days, amount)| OverdueBounds {
                days_max: Some(days),
                amount_max_minor: Some(amount),
            }),
        )
    };
    let overdue = (bounds(), bounds()).prop_map(|(refer, decline)| OverdueRule {
        refer,
        decline,
        ignore_below_minor: 0,
        include_disputed: false,
    });
    let components =
        (0..500_i64, 0..500_i64, effects()).prop_map(|(open, orders, effect)| ComponentLimits {
            open_receivables_max_minor: Some(open),
            overdue_receivables_max_minor: Some(open / 2),
            open_orders_max_minor: Some(orders),
            effect,
        });
    let largest =
        (0..500_i64, effects()).prop_map(|(amount_max_minor, effect)| LargestDocumentRule {
            amount_max_minor,
            effect,
            within_days: 1,
        });
    (
        prop::option::of(overdue),
        prop::option::of(components),
        prop::option::of(largest),
        prop::option::of(0..2_000),
    )
        .prop_map(
            |(overdue, component_limits, largest_document, share)| CheckRules {
                overdue,
                component_limits,
                largest_document,
                room: share.map(|share| RoomRule {
                    effect: Decline,
                    refer_up_to_bp: Some(share),
                }),
                ..CheckRules::default()
            },
        )
}

/// The same set, stricter: every threshold lower, what was referred declined.
fn stricter(rules: &CheckRules, by: i64) -> CheckRules {
    let lower = |minor: Option<i64>| minor.map(|minor| (minor - by).max(0));
    let days = |days: Option<i32>| days.map(|days| (days - i32::try_from(by).unwrap()).max(0));
    let bounds = |one: OverdueBounds| OverdueBounds {
        days_max: days(one.days_max),
        amount_max_minor: lower(one.amount_max_minor),
    };
    let mut strict = rules.clone();
    strict.room = None;
    strict.overdue = rules.overdue.map(|rule| OverdueRule {
        refer: rule.refer.map(bounds),
        decline: rule.decline.map(bounds),
        ..rule
    });
    strict.component_limits = rules.component_limits.map(|own| ComponentLimits {
        open_receivables_max_minor: lower(own.open_receivables_max_minor),
        overdue_receivables_max_minor: lower(own.overdue_receivables_max_minor),
        open_orders_max_minor: lower(own.open_orders_max_minor),
        effect: Decline,
    });
    strict.largest_document = rules.largest_document.map(|own| LargestDocumentRule {
        amount_max_minor: (own.amount_max_minor - by).max(0),
        effect: Decline,
        ..own
    });
    strict
}

/// An open receivable: outstanding, and days since it was due (negative: still to come).
type Item = (i64, i64);

fn owed(items: &[Item]) -> Owed {
    let overdue = || items.iter().filter(|(_, late)| *late > 0);
    let sum: i64 = overdue().map(|(minor, _)| minor).sum();
    Owed {
        open: Ok(items.iter().map(|(minor, _)| minor).sum()),
        overdue_in_all: Ok(sum),
        overdue: Ok(sum),
        overdue_since: overdue().map(|(_, late)| ago(*late)).min(),
        oldest_issued_on: items.iter().map(|(_, late)| ago(late + 30)).min(),
        open_orders: Ok(sum / 2),
        ordered_lately: Ok(0),
    }
}

fn decided(rules: &CheckRules, items: &[Item], minor: i64) -> CreditDecision {
    let standing = Standing {
        owed: owed(items),
        ..with(rules.clone())
    };
    let facts = facts(LIMIT / 2, standing, OrderTerms::default());
    assess(&facts, &claim(minor, Currency::CNY)).decision()
}

proptest! {
    #[test]
    fn one_more_overdue_item_never_makes_it_better(
        rules in sets(),
        mut items in prop::collection::vec((1..200_i64, -30..90_i64), 0..6),
        more in (1..200_i64, 1..90_i64),
        minor in 1..600_i64,
    ) {
        let before = decided(&rules, &items, minor);
        items.push(more);
        prop_assert!(rank(decided(&rules, &items, minor)) <= rank(before));
    }

    #[test]
    fn a_stricter_set_never_approves_more(
        rules in sets(),
        by in 0..100_i64,
        items in prop::collection::vec((1..200_i64, -30..90_i64), 0..6),
        minor in 1..600_i64,
    ) {
        let strict = stricter(&rules, by);
        prop_assert!(rank(decided(&strict, &items, minor)) <= rank(decided(&rules, &items, minor)));
    }

    #[test]
    fn a_larger_order_never_fares_better(rules in sets(), minor in 1..600_i64, more in 1..600_i64) {
        let small = decided(&rules, &[], minor);
        prop_assert!(rank(decided(&rules, &[], minor + more)) <= rank(small));
    }

    #[test]
    fn a_set_is_read_back_as_it_was_written(rules in sets()) {
        let stored = serde_json::to_value(&rules).unwrap();
        prop_assert_eq!(serde_json::from_value::<CheckRules>(stored).unwrap(), rules);
    }
}
