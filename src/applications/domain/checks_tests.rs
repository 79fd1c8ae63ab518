//! Every check at its boundary.

use super::*;
use crate::scores::domain::scores::{Grade, ScoreFacts};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn facts() -> CheckFacts {
    CheckFacts {
        today: day("2026-03-02"),
        limit_after_minor: Some(10_000_000),
        payment_term_days: Some(30),
        deposit_share_bp: None,
        scores: vec![None],
        first_business_on: None,
        is_group: false,
        expected_sales_minor: None,
        net_capital: None,
        group_total_after_minor: Some(10_000_000),
        overdue_minor: Some(0),
        attachments: Vec::new(),
    }
}

fn score(grade: Grade) -> Option<ScoreFacts> {
    Some(ScoreFacts {
        grade,
        scored_on: day("2026-01-01"),
        valid_until: day("2026-12-31"),
    })
}

fn scored(grade: Grade) -> CheckFacts {
    CheckFacts {
        scores: vec![score(grade)],
        ..facts()
    }
}

fn outcome(check: CheckName, facts: &CheckFacts, policy: &CreditPolicy) -> CheckOutcome {
    evaluate(facts, policy)
        .into_iter()
        .find(|result| result.check == check)
        .unwrap()
        .outcome
}

#[test]
fn without_policy_and_facts_nothing_is_in_the_way_and_nothing_passes_silently() {
    let policy = CreditPolicy::default();
    let results = evaluate(&facts(), &policy);
    assert_eq!(results.len(), CheckName::EVERY.len());
    assert_eq!(route(&results, &policy), Route::Ordinary);
    let evaluated: Vec<(CheckName, CheckOutcome)> = results
        .iter()
        .filter(|result| result.outcome != CheckOutcome::NotEvaluated)
        .map(|result| (result.check, result.outcome))
        .collect();
    let expected = [
        (CheckName::Grade, CheckOutcome::Warn),
        (CheckName::ScoreValidity, CheckOutcome::Warn),
        (CheckName::OverdueBalance, CheckOutcome::Pass),
    ];
    assert_eq!(evaluated, expected);
}

#[test]
fn grade_d_is_cash_only_and_a_limit_of_zero_is_not_credit() {
    let policy = CreditPolicy::default();
    let asked = scored(Grade::D);
    let results = evaluate(&asked, &policy);
    assert_eq!(
        route(&results, &policy),
        Route::Refused(vec![CheckName::Grade])
    );
    let blocked = CheckFacts {
        limit_after_minor: Some(0),
        ..asked
    };
    assert_eq!(
        outcome(CheckName::Grade, &blocked, &policy),
        CheckOutcome::Pass
    );
}

#[test]
fn the_bounds_of_a_grade_are_included() {
    let mut policy = CreditPolicy::default();
    policy.grades.insert(
        Grade::B,
        GradePolicy {
            limit_max_minor: Some(10_000_000),
            payment_term_days_max: Some(30),
            deposit_share_bp_min: Some(0),
            ..GradePolicy::default()
        },
    );
    let check = |facts: &CheckFacts| outcome(CheckName::Grade, facts, &policy);
    assert_eq!(check(&scored(Grade::B)), CheckOutcome::Pass);
    let changed = |change: &dyn Fn(&mut CheckFacts)| {
        let mut facts = scored(Grade::B);
        change(&mut facts);
        check(&facts)
    };
    assert_eq!(
        changed(&|facts| facts.limit_after_minor = Some(10_000_001)),
        CheckOutcome::Fail
    );
    assert_eq!(
        changed(&|facts| facts.limit_after_minor = None),
        CheckOutcome::Fail
    );
    assert_eq!(
        changed(&|facts| facts.payment_term_days = Some(31)),
        CheckOutcome::Fail
    );
}

#[test]
fn an_expired_score_fails_from_the_day_after() {
    let policy = CreditPolicy::default();
    let on = |today: &str| {
        let facts = CheckFacts {
            today: day(today),
            ..scored(Grade::A)
        };
        outcome(CheckName::ScoreValidity, &facts, &policy)
    };
    assert_eq!(on("2026-12-31"), CheckOutcome::Pass);
    assert_eq!(on("2027-01-01"), CheckOutcome::Fail);
}

/// A policy that somebody published, which says nothing of missing facts.
fn published() -> CreditPolicy {
    CreditPolicy {
        ungraded: None,
        missing: std::collections::BTreeMap::new(),
        ..CreditPolicy::default()
    }
}

#[test]
fn what_lacks_a_fact_fails_unless_the_policy_says_otherwise() {
    let policy = CreditPolicy {
        new_customer_months: Some(12),
        new_customer_share_bp: Some(2_000),
        concentration_max_bp: Some(1_500),
        overdue_max_minor: Some(100),
        required_documents: ["business_licence".to_owned()].into(),
        ..published()
    };
    let lacking = CheckFacts {
        limit_after_minor: Some(0),
        overdue_minor: None,
        ..facts()
    };
    for check in CheckName::EVERY {
        assert_eq!(
            outcome(*check, &lacking, &policy),
            CheckOutcome::Fail,
            "{check:?}"
        );
        for (said, expected) in [
            (MissingOutcome::Fail, CheckOutcome::Fail),
            (MissingOutcome::Warn, CheckOutcome::Warn),
            (MissingOutcome::Pass, CheckOutcome::Pass),
        ] {
            let mut saying = policy.clone();
            saying.missing.insert(*check, said);
            assert_eq!(outcome(*check, &lacking, &saying), expected, "{check:?}");
        }
    }
}

#[test]
fn who_has_no_valid_grade_is_bounded_as_the_policy_says_or_as_the_worst() {
    let bounded = |limit_max_minor| GradePolicy {
        limit_max_minor: Some(limit_max_minor),
        ..GradePolicy::default()
    };
    let mut policy = published();
    policy
        .missing
        .insert(CheckName::Grade, MissingOutcome::Warn);
    let check = |scores: Vec<Option<ScoreFacts>>, limit, policy: &CreditPolicy| {
        let facts = CheckFacts {
            scores,
            limit_after_minor: Some(limit),
            today: day("2027-01-01"),
            ..facts()
        };
        outcome(CheckName::Grade, &facts, policy)
    };
    // Nothing is said of them: as grade D, which pays cash.
    assert_eq!(check(vec![None], 1, &policy), CheckOutcome::Fail);
    assert_eq!(check(vec![score(Grade::A)], 1, &policy), CheckOutcome::Fail);
    assert_eq!(check(vec![], 1, &policy), CheckOutcome::Fail);
    policy.ungraded = Some(bounded(200));
    policy.grades.insert(Grade::C, bounded(100));
    assert_eq!(check(vec![None], 200, &policy), CheckOutcome::Warn);
    assert_eq!(check(vec![None], 201, &policy), CheckOutcome::Fail);
    // One that has run out is bounded as none, and as it was.
    assert_eq!(
        check(vec![score(Grade::A)], 201, &policy),
        CheckOutcome::Fail
    );
    assert_eq!(
        check(vec![score(Grade::C)], 100, &policy),
        CheckOutcome::Warn
    );
    assert_eq!(
        check(vec![score(Grade::C)], 101, &policy),
        CheckOutcome::Fail
    );
    assert_eq!(check(vec![score(Grade::D)], 1, &policy), CheckOutcome::Fail);
}

#[test]
fn a_group_is_as_good_as_its_weakest_member() {
    let mut policy = published();
    let check = |check, scores: Vec<Option<ScoreFacts>>, policy: &CreditPolicy| {
        outcome(
            check,
            &CheckFacts {
                scores,
                is_group: true,
                ..facts()
            },
            policy,
        )
    };
    let (good, weak) = (score(Grade::A), score(Grade::D));
    for name in [CheckName::Grade, CheckName::ScoreValidity] {
        assert_eq!(check(name, vec![good, good], &policy), CheckOutcome::Pass);
        assert_eq!(check(name, vec![good, None], &policy), CheckOutcome::Fail);
        assert_eq!(check(name, vec![], &policy), CheckOutcome::Fail);
    }
    assert_eq!(
        check(CheckName::Grade, vec![good, weak], &policy),
        CheckOutcome::Fail
    );
    policy.grades.remove(&Grade::D);
    assert_eq!(
        check(CheckName::Grade, vec![good, weak], &policy),
        CheckOutcome::Pass
    );
}

#[test]
fn new_customers_get_no_more_than_their_share_of_expected_sales() {
    let policy = CreditPolicy {
        new_customer_months: Some(12),
        new_customer_share_bp: Some(2_000),
        ..CreditPolicy::default()
    };
    let of = |first: Option<&str>, sales| {
        let facts = CheckFacts {
            first_business_on: first.map(day),
            expected_sales_minor: sales,
            ..facts()
        };
        outcome(CheckName::NewCustomerShare, &facts, &policy)
    };
    assert_eq!(of(None, Some(50_000_000)), CheckOutcome::Pass);
    assert_eq!(of(None, Some(49_999_999)), CheckOutcome::Fail);
    assert_eq!(of(None, None), CheckOutcome::Fail);
    assert_eq!(of(Some("2025-03-03"), None), CheckOutcome::Fail);
    assert_eq!(of(Some("2025-03-02"), None), CheckOutcome::Pass);
}

#[test]
fn concentration_warns_and_then_fails_beyond_its_bounds() {
    let policy = CreditPolicy {
        concentration_warn_bp: Some(1_000),
        concentration_max_bp: Some(1_500),
        ..CreditPolicy::default()
    };
    let of = |total, capital| {
        let facts = CheckFacts {
            group_total_after_minor: total,
            net_capital: Some(NetCapital {
                minor: capital,
                as_of: day("2025-12-31"),
            }),
            ..facts()
        };
        outcome(CheckName::Concentration, &facts, &policy)
    };
    assert_eq!(of(Some(1_000), Some(10_000)), CheckOutcome::Pass);
    assert_eq!(of(Some(1_001), Some(10_000)), CheckOutcome::Warn);
    assert_eq!(of(Some(1_500), Some(10_000)), CheckOutcome::Warn);
    assert_eq!(of(Some(1_501), Some(10_000)), CheckOutcome::Fail);
    // A share that is only just above counts as above.
    assert_eq!(of(Some(15_000_001), Some(100_000_000)), CheckOutcome::Fail);
    assert_eq!(of(None, Some(10_000)), CheckOutcome::Fail);
    assert_eq!(of(Some(1), Some(0)), CheckOutcome::Fail);
    // What cannot be measured is not within a bound.
    assert_eq!(of(Some(1), None), CheckOutcome::Fail);
    assert_eq!(
        outcome(CheckName::Concentration, &facts(), &policy),
        CheckOutcome::Fail
    );
}

#[test]
fn documents_have_to_be_there_and_valid() {
    let policy = CreditPolicy {
        required_documents: ["business_licence".to_owned()].into(),
        ..CreditPolicy::default()
    };
    let with = |until: Option<&str>| {
        let facts = CheckFacts {
            attachments: vec![Attachment {
                kind: "business_licence".to_owned(),
                reference: "DMS-1".to_owned(),
                valid_until: until.map(day),
            }],
            ..facts()
        };
        outcome(CheckName::Documents, &facts, &policy)
    };
    assert_eq!(with(None), CheckOutcome::Pass);
    assert_eq!(with(Some("2026-03-02")), CheckOutcome::Pass);
    assert_eq!(with(Some("2026-03-01")), CheckOutcome::Fail);
    let results = evaluate(&facts(), &policy);
    let missing = results
        .iter()
        .find(|result| result.check == CheckName::Documents)
        .unwrap();
    assert_eq!(missing.outcome, CheckOutcome::Fail);
    assert_eq!(
        missing.numbers,
        [("missing".to_owned(), "business_licence".to_owned())]
    );
    assert_eq!(route(&results, &policy), Route::Exceptional);
}

#[test]
fn overdue_warns_and_fails_above_what_the_policy_tolerates() {
    let policy = CreditPolicy {
        overdue_max_minor: Some(100),
        ..CreditPolicy::default()
    };
    let of = |overdue_minor| {
        let facts = CheckFacts {
            overdue_minor: Some(overdue_minor),
            ..facts()
        };
        outcome(CheckName::OverdueBalance, &facts, &policy)
    };
    assert_eq!(of(0), CheckOutcome::Pass);
    assert_eq!(of(100), CheckOutcome::Warn);
    assert_eq!(of(101), CheckOutcome::Fail);
}
