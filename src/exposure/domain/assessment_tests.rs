//! The decision at every level.

use super::super::fixtures;
use super::*;
use crate::catalogue::domain::exchange_rates::{Quote, Rate, RateRoute};
use crate::catalogue::domain::products::ExposureTreatment;
use crate::exposure::domain::lines::{
    LimitKind, LineFacts, LineStatus, TemporaryLimit, TemporaryMode,
};
use crate::rules::domain::check_rules::OrderTerms;
use crate::values::currency::Currency;
use crate::values::ids::{Bucket, LineId};
use crate::values::money::Money;
use proptest::prelude::*;

fn cny(minor: i64) -> Claim {
    secured(minor, 0)
}

fn secured(minor: i64, deposit_minor: i64) -> Claim {
    Claim {
        amount: Money::new(minor, Currency::CNY).unwrap(),
        deposit_minor,
        treatment: ExposureTreatment::NetOfDeposit,
    }
}

fn line(level: Level, limit_minor: Option<i64>, held_minor: i64) -> LineFacts {
    let mut line = fixtures::line(level, limit_minor);
    line.balance.held_minor = held_minor;
    line
}

fn facts(lines: Vec<LineFacts>) -> ExposureFacts {
    fixtures::facts(lines, "2026-06-01".parse().unwrap())
}

fn codes(facts: &ExposureFacts, amount: i64) -> Vec<(ProblemCode, Option<&'static str>)> {
    assess(facts, &cny(amount))
        .refusals()
        .iter()
        .map(|reason| (reason.code, reason.level))
        .collect()
}

#[test]
fn exactly_the_limit_fits_and_one_more_does_not_at_any_level() {
    let three = facts(vec![
        line(Level::Product, Some(100), 40),
        line(Level::Customer, Some(90), 40),
        line(Level::Group, Some(80), 40),
    ]);
    assert!(codes(&three, 40).is_empty());
    assert_eq!(
        codes(&three, 41),
        [(ProblemCode::LimitExceeded, Some("group"))]
    );
    assert_eq!(codes(&three, 61).len(), 3);
    assert_eq!(assess(&three, &cny(1)).available_minor(), Some(40));
    assert_eq!(assess(&three, &cny(1)).binding(), Some(Level::Group));
}

#[test]
fn a_limit_of_zero_blocks_and_no_limit_does_not() {
    assert_eq!(
        codes(&facts(vec![line(Level::Product, Some(0), 0)]), 1),
        [(ProblemCode::LimitExceeded, Some("product"))]
    );
    assert!(codes(&facts(vec![line(Level::Product, None, 0)]), 1_000_000).is_empty());
}

#[test]
fn all_reasons_are_given_and_the_first_is_the_documented_one() {
    let mut product = line(Level::Product, Some(10), 0);
    product.status = LineStatus::Suspended;
    let mut group = line(Level::Group, Some(10), 0);
    group.valid_until = "2026-05-31".parse().unwrap();
    let mut everything = facts(vec![product, group]);
    everything.customer = Some(CustomerStatus::Closed);
    everything.product_active = Some(false);
    assert_eq!(
        codes(&everything, 11),
        [
            (ProblemCode::CustomerClosed, None),
            (ProblemCode::ProductUnknown, None),
            (ProblemCode::LineSuspended, Some("product")),
            (ProblemCode::LineExpired, Some("group")),
            (ProblemCode::LimitExceeded, Some("product")),
            (ProblemCode::LimitExceeded, Some("group")),
        ]
    );
}

#[test]
fn without_a_line_at_product_level_nothing_is_available() {
    let unified = facts(vec![line(Level::Customer, Some(100), 0)]);
    assert_eq!(
        codes(&unified, 1),
        [(ProblemCode::LineNotFound, Some("product"))]
    );
    assert_eq!(assess(&unified, &cny(1)).available_minor(), Some(0));
}

#[test]
fn another_currency_needs_a_rate() {
    let mut foreign = line(Level::Product, Some(1), 0);
    foreign.currency = Currency::USD;
    assert_eq!(
        codes(&facts(vec![foreign]), 100),
        [(ProblemCode::CurrencyRateMissing, Some("product"))]
    );
}

#[test]
fn each_level_decides_in_its_own_currency_and_the_tightest_room_is_in_that_of_the_request() {
    let mut group = line(Level::Group, Some(100), 0);
    group.currency = Currency::USD;
    let mut mixed = facts(vec![line(Level::Product, Some(1_000), 0), group]);
    let quote = Quote {
        rate: Rate::parse("0.125").unwrap(),
        rate_date: mixed.today,
        route: RateRoute::Direct,
        rates: Vec::new(),
    };
    let pair = (Currency::CNY, Currency::USD);
    mixed.rates.add(pair, Some(&quote), mixed.today, 7);
    assert!(codes(&mixed, 800).is_empty());
    let refused = assess(&mixed, &cny(801));
    assert_eq!(
        (refused.available_minor(), refused.binding()),
        (Some(800), Some(Level::Group))
    );
    let reason = &refused.refusals()[0];
    for fact in [
        ("requested", "1.01"),
        ("currency", "USD"),
        ("original_amount", "8.01"),
        ("original_currency", "CNY"),
        ("rate", "0.125"),
        ("rate_date", "2026-06-01"),
    ] {
        assert!(
            reason.facts.contains(&(fact.0, fact.1.to_owned())),
            "{fact:?}"
        );
    }
    assert_eq!(
        refused.counted_at(Level::Group).unwrap().exposure_minor,
        101
    );
}

#[test]
fn what_is_secured_takes_no_room_and_still_needs_a_line_in_force() {
    let mut over = facts(vec![line(Level::Product, Some(0), 40)]);
    assert!(assess(&over, &secured(100, 100)).refusals().is_empty());
    assert_eq!(assess(&over, &secured(100, 99)).refusals().len(), 1);
    over.lines[0].status = LineStatus::Suspended;
    assert_eq!(assess(&over, &secured(100, 100)).refusals().len(), 1);
    let none = assess(&facts(Vec::new()), &secured(100, 100));
    assert_eq!(none.refusals()[0].code, ProblemCode::LineNotFound);
}

#[test]
fn a_closed_line_is_named_at_product_level_and_ignored_above() {
    let mut closed = line(Level::Product, Some(100), 0);
    closed.status = LineStatus::Closed;
    assert_eq!(
        codes(&facts(vec![closed.clone()]), 1),
        [(ProblemCode::LineNotActive, Some("product"))]
    );
    closed.level = Level::Group;
    closed.limit_minor = Some(0);
    assert!(codes(&facts(vec![line(Level::Product, Some(100), 0), closed]), 1).is_empty());
}

/// A line that inherits its limit.
fn inherits(level: Level) -> LineFacts {
    LineFacts {
        limit_kind: LimitKind::Inherit,
        ..line(level, None, 0)
    }
}

#[test]
fn a_line_that_inherits_is_no_limit_and_only_nothing_but_such_lines_leave_nothing() {
    let cases = [
        // Above the product it bounds nothing.
        (
            vec![
                line(Level::Product, Some(100), 0),
                inherits(Level::Customer),
            ],
            Some(100),
            Some(Level::Product),
        ),
        (
            vec![line(Level::Product, None, 0), inherits(Level::Customer)],
            None,
            None,
        ),
        (
            vec![
                line(Level::Product, None, 0),
                inherits(Level::Customer),
                line(Level::Group, Some(15), 0),
            ],
            Some(15),
            Some(Level::Group),
        ),
        (
            vec![inherits(Level::Product), line(Level::Customer, None, 0)],
            None,
            None,
        ),
        (
            vec![inherits(Level::Product), inherits(Level::Customer)],
            Some(0),
            Some(Level::Product),
        ),
    ];
    for (lines, available, binding) in cases {
        let assessment = assess(&facts(lines.clone()), &cny(1));
        assert_eq!(assessment.available_minor(), available, "{lines:?}");
        assert_eq!(assessment.binding(), binding, "{lines:?}");
        let refused = available == Some(0);
        assert_eq!(assessment.refusals().len(), usize::from(refused));
    }
}

fn on(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

/// 50 more until the end of June.
fn with_increase(mut line: LineFacts) -> LineFacts {
    line.temporary = Some(TemporaryLimit {
        mode: TemporaryMode::Add,
        amount_minor: 50,
        from: on("2026-06-01"),
        until: on("2026-06-30"),
    });
    line
}

fn asked_for(lines: Vec<LineFacts>, order: OrderTerms) -> ExposureFacts {
    ExposureFacts {
        order,
        ..facts(lines)
    }
}

/// Codes, and the day where that is not today.
fn dated_codes(facts: &ExposureFacts, amount: i64) -> Vec<(ProblemCode, Option<String>)> {
    let on = |reason: &Reason| {
        let mut facts = reason.facts.iter();
        facts
            .find(|(name, _)| *name == "on")
            .map(|(_, day)| day.clone())
    };
    let reasons = assess(facts, &cny(amount)).refusals();
    reasons
        .iter()
        .map(|reason| (reason.code, on(reason)))
        .collect()
}

#[test]
fn a_day_that_is_asked_about_is_asked_for_amounts_as_for_status() {
    let increased = || vec![with_increase(line(Level::Product, Some(100), 0))];
    let ships = |day: &str| OrderTerms {
        ship_on: Some(on(day)),
        ..OrderTerms::default()
    };
    let held = |day: &str| OrderTerms {
        held_until: Some(on(day)),
        ..OrderTerms::default()
    };
    for order in [ships("2026-06-30"), held("2026-06-30")] {
        assert!(codes(&asked_for(increased(), order), 140).is_empty());
    }
    for order in [ships("2026-07-01"), held("2026-07-01")] {
        let later = asked_for(increased(), order);
        let expected = (ProblemCode::LimitExceeded, Some("2026-07-01".to_owned()));
        assert_eq!(dated_codes(&later, 140), [expected]);
        let assessment = assess(&later, &cny(140));
        assert_eq!(assessment.available_minor(), Some(100));
        assert!(codes(&later, 100).is_empty());
    }
    let after = asked_for(increased(), held("2027-01-01"));
    assert_eq!(
        dated_codes(&after, 1),
        [(ProblemCode::LineExpired, Some("2027-01-01".to_owned()))]
    );
}

#[test]
fn on_a_later_day_the_line_that_applies_then_is_asked() {
    let mut first = line(Level::Product, Some(100), 20);
    first.valid_until = on("2026-06-30");
    let next = LineFacts {
        id: LineId::mint(Bucket::from_random(7), 2, [9; 9]),
        valid_from: on("2026-07-01"),
        carried_minor: 20,
        ..line(Level::Product, Some(60), 0)
    };
    let lines = || vec![first.clone(), next.clone()];
    let ships = OrderTerms {
        ship_on: Some(on("2026-07-02")),
        ..OrderTerms::default()
    };
    let later = asked_for(lines(), ships);
    assert!(codes(&later, 40).is_empty());
    assert_eq!(
        dated_codes(&later, 41),
        [(ProblemCode::LimitExceeded, Some("2026-07-02".to_owned()))]
    );
    // What is too much today is said of today.
    assert_eq!(
        dated_codes(&later, 81),
        [(ProblemCode::LimitExceeded, None)]
    );
}

#[test]
fn where_the_caller_leaves_it_open_it_is_held_no_longer_than_it_fits() {
    let until = |lines: Vec<LineFacts>, amount: i64, most: &str| {
        let order = OrderTerms {
            held_at_most: Some(on(most)),
            ..OrderTerms::default()
        };
        let held = assess(&asked_for(lines, order), &cny(amount)).holds_until;
        held.unwrap().to_string()
    };
    let plain = || vec![line(Level::Product, Some(100), 0)];
    let increased = || vec![with_increase(line(Level::Product, Some(100), 0))];
    assert_eq!(until(plain(), 100, "2026-07-08"), "2026-07-08");
    assert_eq!(until(increased(), 100, "2026-07-08"), "2026-07-08");
    assert_eq!(until(increased(), 140, "2026-07-08"), "2026-06-30");
    assert_eq!(until(plain(), 1, "2027-02-01"), "2026-12-31");
    let mut grace = plain();
    grace[0].grace_days = 5;
    assert_eq!(until(grace, 1, "2027-02-01"), "2027-01-05");
    assert_eq!(assess(&facts(plain()), &cny(1)).holds_until, None);
}

#[test]
fn a_line_asks_for_its_own_share_of_deposit_and_else_for_that_of_the_product() {
    let missing = |own: Option<i32>, unified: Option<i32>, deposit_minor: i64| {
        let mut lines = vec![
            line(Level::Product, None, 0),
            line(Level::Customer, None, 0),
        ];
        lines[0].deposit_share_bp = own;
        lines[1].deposit_share_bp = unified;
        let facts = ExposureFacts {
            secured: Some(secured(1_000, deposit_minor)),
            product_share_bp: Some(1_000),
            ..facts(lines)
        };
        codes(&facts, 1)
    };
    let at = |level| (ProblemCode::DepositMissing, Some(level));
    assert_eq!(missing(None, None, 99), [at("product")]);
    assert_eq!(missing(None, None, 100), []);
    assert_eq!(missing(Some(0), None, 0), []);
    assert_eq!(missing(Some(2_000), Some(3_000), 200), [at("customer")]);
    assert_eq!(missing(Some(2_000), Some(3_000), 300), []);
    // What is a fact is not asked.
    let mut fact = facts(vec![line(Level::Product, None, 0)]);
    fact.lines[0].deposit_share_bp = Some(10_000);
    assert!(codes(&fact, 1).is_empty());
}

proptest! {
    #[test]
    fn approved_exactly_when_it_fits_everywhere(limits in prop::collection::vec((0..200_i64, 0..200_i64), 3), amount in 1..200_i64) {
        let lines: Vec<_> = Level::EVERY.iter().zip(&limits).map(|(level, (limit, held))| line(*level, Some(*limit), *held)).collect();
        let fits = limits.iter().all(|(limit, held)| held + amount <= *limit);
        prop_assert_eq!(codes(&facts(lines), amount).is_empty(), fits);
    }

    #[test]
    fn less_limit_never_gives_more_room(limit in 0..200_i64, cut in 0..100_i64, held in 0..200_i64) {
        let before = assess(&facts(vec![line(Level::Product, Some(limit), held)]), &cny(1)).available_minor();
        let after = assess(&facts(vec![line(Level::Product, Some((limit - cut).max(0)), held)]), &cny(1)).available_minor();
        prop_assert!(after <= before);
    }
}
