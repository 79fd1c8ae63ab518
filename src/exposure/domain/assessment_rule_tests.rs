//! Truth tables of the rules, by what comes of an order under each.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::assessment::{Assessment, CreditDecision, RuleResult, assess};
use super::exposure_facts::ExposureFacts;
use super::fixtures;
use crate::catalogue::domain::counted::Claim;
use crate::catalogue::domain::exchange_rates::RateGap;
use crate::catalogue::domain::products::ExposureTreatment;
use crate::error_codes::ProblemCode;
use crate::rules::domain::check_rules::RuleEffect::{self, Decline, Refer};
use crate::rules::domain::check_rules::*;
use crate::scores::domain::scores::{Grade, ScoreFacts};
use crate::values::currency::Currency;
use crate::values::level::Level;
use crate::values::money::Money;

pub(super) const LIMIT: i64 = 1_000;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn today() -> NaiveDate {
    day("2026-06-30")
}

pub(super) fn ago(days: i64) -> NaiveDate {
    today() - chrono::TimeDelta::days(days)
}

pub(super) fn claim(minor: i64, currency: Currency) -> Claim {
    Claim {
        amount: Money::new(minor, currency).unwrap(),
        deposit_minor: 0,
        treatment: ExposureTreatment::Gross,
    }
}

pub(super) fn facts(used: i64, standing: Standing, order: OrderTerms) -> ExposureFacts {
    let mut line = fixtures::line(Level::Product, Some(LIMIT));
    line.balance.drawn_minor = used;
    ExposureFacts {
        standing,
        order,
        ..fixtures::facts(vec![line], today())
    }
}

pub(super) fn with(rules: CheckRules) -> Standing {
    Standing {
        rule_set: Some(RuleSet { version: 1, rules }),
        ..Standing::default()
    }
}

/// What comes of an order of 1 with lots of room.
fn of(standing: Standing) -> (CreditDecision, Vec<ProblemCode>) {
    seen(&assess(
        &facts(0, standing, OrderTerms::default()),
        &claim(1, Currency::CNY),
    ))
}

pub(super) fn seen(assessment: &Assessment) -> (CreditDecision, Vec<ProblemCode>) {
    let codes = assessment.refusals().into_iter().map(|reason| reason.code);
    (assessment.decision(), codes.collect())
}

pub(super) fn approved() -> (CreditDecision, Vec<ProblemCode>) {
    (CreditDecision::Approved, Vec::new())
}

pub(super) fn by(effect: RuleEffect, code: ProblemCode) -> (CreditDecision, Vec<ProblemCode>) {
    let decision = match effect {
        Refer => CreditDecision::Referred,
        Decline => CreditDecision::Declined,
    };
    (decision, vec![code])
}

#[test]
fn without_a_set_only_the_policy_is_asked_and_an_empty_set_says_so_of_each_rule() {
    let count = |standing| {
        let assessment = assess(
            &facts(0, standing, OrderTerms::default()),
            &claim(1, Currency::CNY),
        );
        let silent = |rule: &&RuleResult| rule.verdict == Verdict::NotConfigured;
        (
            assessment.rule_set,
            assessment.rules.iter().filter(silent).count(),
        )
    };
    // Who pays before delivery is a matter of the policy too, which here says nothing of it.
    assert_eq!(count(Standing::default()), (None, 1));
    assert_eq!(count(with(CheckRules::default())), (Some(1), 8));
}

#[test]
fn room_declines_unless_the_set_refers_all_or_a_share_of_the_limit() {
    let rule = |effect, refer_up_to_bp| {
        Some(RoomRule {
            effect,
            refer_up_to_bp,
        })
    };
    let asked = |room, minor| {
        let standing = with(CheckRules {
            room,
            ..CheckRules::default()
        });
        let facts = facts(500, standing, OrderTerms::default());
        assess(&facts, &claim(minor, Currency::CNY)).decision()
    };
    use CreditDecision::{Approved, Declined, Referred};
    for (room, at_501, at_550, at_551) in [
        (None, Declined, Declined, Declined),
        (rule(Decline, None), Declined, Declined, Declined),
        (rule(Decline, Some(500)), Referred, Referred, Declined),
        (rule(Refer, None), Referred, Referred, Referred),
    ] {
        assert_eq!(asked(room, 500), Approved, "{room:?}");
        assert_eq!(asked(room, 501), at_501, "{room:?}");
        assert_eq!(asked(room, 550), at_550, "{room:?}");
        assert_eq!(asked(room, 551), at_551, "{room:?}");
    }
}

#[test]
fn grades_cash_only_missing_and_run_out() {
    let score = |grade, valid_until| {
        Some(ScoreFacts {
            grade,
            scored_on: ago(100),
            valid_until,
        })
    };
    let asked = |missing_effect, score| {
        of(Standing {
            score,
            ..with(CheckRules {
                grade: Some(GradeRule {
                    cash_only: BTreeSet::from([Grade::D]),
                    effect: Decline,
                    missing_effect,
                }),
                ..CheckRules::default()
            })
        })
    };
    let code = ProblemCode::GradeCashOnly;
    let (valid, over) = (today(), ago(1));
    for (missing, score, expected) in [
        (None, score(Grade::A, valid), approved()),
        (None, score(Grade::D, valid), by(Decline, code)),
        (None, None, approved()),
        (None, score(Grade::A, over), approved()),
        // A grade does not get better by running out.
        (Some(Refer), score(Grade::D, over), by(Decline, code)),
        (Some(Refer), score(Grade::A, over), by(Refer, code)),
        (Some(Refer), None, by(Refer, code)),
        (Some(Decline), None, by(Decline, code)),
    ] {
        assert_eq!(asked(missing, score), expected, "{missing:?} {score:?}");
    }
}

#[test]
fn overdue_has_two_tiers_of_days_and_amount() {
    let rule = OverdueRule {
        refer: Some(OverdueBounds {
            days_max: Some(10),
            amount_max_minor: Some(100),
        }),
        decline: Some(OverdueBounds {
            days_max: Some(30),
            amount_max_minor: None,
        }),
        ignore_below_minor: 0,
        include_disputed: false,
    };
    let asked = |days: Option<i64>, minor| {
        of(Standing {
            owed: Owed {
                overdue: Ok(minor),
                overdue_since: days.map(ago),
                ..Owed::default()
            },
            ..with(CheckRules {
                overdue: Some(rule),
                ..CheckRules::default()
            })
        })
    };
    let code = ProblemCode::OverdueExceeded;
    assert_eq!(asked(None, 0), approved());
    assert_eq!(asked(Some(10), 100), approved());
    assert_eq!(asked(Some(11), 100), by(Refer, code));
    assert_eq!(asked(Some(10), 101), by(Refer, code));
    assert_eq!(asked(Some(30), 9_999), by(Refer, code));
    assert_eq!(asked(Some(31), 1), by(Decline, code));
}

#[test]
fn what_cannot_be_measured_passes_no_bound() {
    let gap = RateGap {
        from: Currency::USD,
        to: Currency::CNY,
        stale: None,
    };
    let owed = Owed {
        overdue: Err(gap),
        open_orders: Err(gap),
        overdue_since: Some(ago(1)),
        ..Owed::default()
    };
    let asked = |rules| {
        of(Standing {
            owed: owed.clone(),
            ..with(rules)
        })
    };
    let bounds = |days_max, amount_max_minor| CheckRules {
        overdue: Some(OverdueRule {
            refer: Some(OverdueBounds {
                days_max,
                amount_max_minor,
            }),
            decline: None,
            ignore_below_minor: 0,
            include_disputed: false,
        }),
        ..CheckRules::default()
    };
    assert_eq!(asked(bounds(Some(5), None)), approved());
    assert_eq!(
        asked(bounds(Some(5), Some(i64::MAX))),
        by(Refer, ProblemCode::OverdueExceeded)
    );
    let orders = CheckRules {
        component_limits: Some(ComponentLimits {
            open_receivables_max_minor: None,
            overdue_receivables_max_minor: None,
            open_orders_max_minor: Some(i64::MAX),
            effect: Decline,
        }),
        ..CheckRules::default()
    };
    assert_eq!(
        asked(orders),
        by(Decline, ProblemCode::ComponentLimitExceeded)
    );
    // One order without a rate is declined, whatever the effect.
    let largest = with(CheckRules {
        largest_document: Some(LargestDocumentRule {
            amount_max_minor: i64::MAX,
            effect: Refer,
            within_days: 0,
        }),
        ..CheckRules::default()
    });
    let mut foreign = facts(0, largest, OrderTerms::default());
    foreign.lines[0].currency = Currency::USD;
    let assessment = assess(&foreign, &claim(1, Currency::USD));
    assert_eq!(
        seen(&assessment),
        by(Decline, ProblemCode::DocumentTooLarge)
    );
}

#[test]
fn the_other_rules_one_by_one() {
    for effect in [Refer, Decline] {
        let hold = |supply_hold| {
            of(Standing {
                supply_hold,
                ..with(CheckRules {
                    supply_hold: Some(SupplyHoldRule { effect }),
                    ..CheckRules::default()
                })
            })
        };
        let days = RestrictedDays {
            from: ago(1),
            until: None,
        };
        assert_eq!(hold(None), approved());
        assert_eq!(hold(Some(days)), by(effect, ProblemCode::SupplyHold));

        let dunned = |level| {
            of(Standing {
                dunning: Some(DunningFact {
                    level,
                    as_of: ago(1),
                }),
                ..with(CheckRules {
                    dunning: Some(DunningRule {
                        level_max: 2,
                        effect,
                    }),
                    ..CheckRules::default()
                })
            })
        };
        assert_eq!(dunned(2), approved());
        assert_eq!(dunned(3), by(effect, ProblemCode::DunningLevelExceeded));

        let oldest = |days| {
            of(Standing {
                owed: Owed {
                    oldest_issued_on: Some(ago(days)),
                    ..Owed::default()
                },
                ..with(CheckRules {
                    oldest_open_item: Some(OldestItemRule {
                        days_max: 90,
                        effect,
                        ignore_below_minor: 0,
                    }),
                    ..CheckRules::default()
                })
            })
        };
        assert_eq!(oldest(90), approved());
        assert_eq!(oldest(91), by(effect, ProblemCode::OldestItemExceeded));

        let carrying = |documents: &[&str]| {
            let standing = with(CheckRules {
                documents: Some(DocumentsRule {
                    required: BTreeSet::from(["contract".to_owned(), "order".to_owned()]),
                    effect,
                }),
                ..CheckRules::default()
            });
            let order = OrderTerms {
                documents: documents.iter().map(|&one| one.to_owned()).collect(),
                ..OrderTerms::default()
            };
            seen(&assess(
                &facts(0, standing, order),
                &claim(1, Currency::CNY),
            ))
        };
        assert_eq!(carrying(&["order", "contract", "more"]), approved());
        assert_eq!(
            carrying(&["order"]),
            by(effect, ProblemCode::DocumentsMissing)
        );
    }
}

#[test]
fn components_count_what_is_asked_for_except_what_is_overdue() {
    let asked = |limits, owed: Owed| {
        let standing = Standing {
            owed,
            ..with(CheckRules {
                component_limits: Some(limits),
                ..CheckRules::default()
            })
        };
        let facts = facts(0, standing, OrderTerms::default());
        assess(&facts, &claim(100, Currency::CNY)).refusals().len()
    };
    let none = ComponentLimits {
        open_receivables_max_minor: None,
        overdue_receivables_max_minor: None,
        open_orders_max_minor: None,
        effect: Decline,
    };
    let owed = |minor| Owed {
        open: Ok(minor),
        overdue_in_all: Ok(minor),
        open_orders: Ok(minor),
        ..Owed::default()
    };
    let most = Some(150);
    let limits = [
        ComponentLimits {
            open_receivables_max_minor: most,
            ..none
        },
        ComponentLimits {
            open_orders_max_minor: most,
            ..none
        },
        ComponentLimits {
            overdue_receivables_max_minor: most,
            ..none
        },
    ];
    let refused = |minor| limits.map(|limit| asked(limit, owed(minor)));
    assert_eq!(refused(50), [0, 0, 0]);
    assert_eq!(refused(51), [1, 1, 0]);
    assert_eq!(refused(151), [1, 1, 1]);
}

#[test]
fn an_excluded_customer_is_declined_with_or_without_a_set_and_room_comes_last() {
    let days = RestrictedDays {
        from: ago(3),
        until: Some(today()),
    };
    let excluded = Standing {
        exclusion: Some(days),
        supply_hold: Some(days),
        ..with(CheckRules {
            supply_hold: Some(SupplyHoldRule { effect: Refer }),
            room: Some(RoomRule {
                effect: Refer,
                refer_up_to_bp: None,
            }),
            ..CheckRules::default()
        })
    };
    let assessment = assess(
        &facts(LIMIT, excluded, OrderTerms::default()),
        &claim(1, Currency::CNY),
    );
    assert_eq!(
        seen(&assessment),
        (
            CreditDecision::Declined,
            vec![
                ProblemCode::CustomerExcluded,
                ProblemCode::SupplyHold,
                ProblemCode::LimitExceeded
            ]
        )
    );
    let plain = Standing {
        exclusion: Some(days),
        ..Standing::default()
    };
    assert_eq!(of(plain), by(Decline, ProblemCode::CustomerExcluded));
}

#[test]
fn the_line_has_to_be_valid_on_the_day_of_shipping() {
    let on = |text: &str| {
        let order = OrderTerms {
            ship_on: Some(day(text)),
            ..OrderTerms::default()
        };
        seen(&assess(
            &facts(0, Standing::default(), order),
            &claim(1, Currency::CNY),
        ))
    };
    assert_eq!(on("2026-12-31"), approved());
    assert_eq!(on("2027-01-01"), by(Decline, ProblemCode::LineExpired));
}
