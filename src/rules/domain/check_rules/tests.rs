//! What a set may say.

use super::*;
use crate::catalogue::domain::counted::Claim;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::catalogue::domain::products::ExposureTreatment;
use crate::error_codes::ProblemCode;
use crate::values::currency::Currency;
use RuleEffect::Refer;

#[test]
fn a_field_out_of_range_is_named() {
    let named = |rules: CheckRules| rules.out_of_range().map(|found| found.0);
    let default = CheckRules::default;
    assert_eq!(named(default()), None);
    let both = RoomRule {
        effect: Refer,
        refer_up_to_bp: Some(100),
    };
    let rules = CheckRules {
        room: Some(both),
        ..default()
    };
    assert_eq!(named(rules), Some("room/refer_up_to_bp"));
    let rules = CheckRules {
        release_valid_days: 367,
        ..default()
    };
    assert_eq!(named(rules), Some("release_valid_days"));
    let neither = OverdueRule {
        refer: Some(OverdueBounds::default()),
        decline: None,
        ignore_below_minor: 0,
        include_disputed: false,
    };
    let rules = CheckRules {
        overdue: Some(neither),
        ..default()
    };
    assert_eq!(named(rules), Some("overdue"));
}

#[test]
fn who_pays_cash_by_the_policy_does_so_whatever_the_rules_say() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let today = day("2026-06-30");
    let score = |grade, until: &str| {
        Some(ScoreFacts {
            grade,
            scored_on: day("2026-01-01"),
            valid_until: day(until),
        })
    };
    let (valid, over) = ("2026-06-30", "2026-06-29");
    let refers = RuleSet {
        version: 1,
        rules: CheckRules {
            grade: Some(GradeRule {
                cash_only: BTreeSet::from([Grade::A, Grade::D]),
                effect: RuleEffect::Refer,
                missing_effect: None,
            }),
            ..CheckRules::default()
        },
    };
    // Whether those without a valid grade pay cash too, the score, and what comes of it without a
    // rule set and with one that refers grades A and D.
    for (ungraded, score, without, with) in [
        (false, score(Grade::D, valid), "fail", "fail"),
        (false, score(Grade::D, over), "fail", "fail"),
        (false, score(Grade::A, over), "pass", "refer"),
        (false, None, "pass", "pass"),
        (true, score(Grade::A, valid), "pass", "refer"),
        (true, score(Grade::A, over), "fail", "fail"),
        (true, None, "fail", "fail"),
    ] {
        let came = |rule_set: Option<&RuleSet>, grades: &[Grade]| {
            let standing = Standing {
                rule_set: rule_set.cloned(),
                score,
                cash_only: CashOnly {
                    grades: grades.iter().copied().collect(),
                    ungraded,
                },
                ..Standing::default()
            };
            let claim = Claim {
                amount: Money::new(1, Currency::CNY).unwrap(),
                deposit_minor: 0,
                treatment: ExposureTreatment::Gross,
            };
            let (terms, rates) = (OrderTerms::default(), Rates::default());
            let outcomes = evaluation::evaluate(&claim, &terms, &standing, &rates, today);
            let found = outcomes
                .into_iter()
                .find(|one| one.0 == ProblemCode::GradeCashOnly);
            match found.unwrap().1 {
                Verdict::Pass => "pass",
                Verdict::NotConfigured => "not_configured",
                Verdict::Refer(_) => "refer",
                Verdict::Fail(_) => "fail",
            }
        };
        assert_eq!(came(None, &[Grade::D]), without, "{ungraded} {score:?}");
        assert_eq!(
            came(Some(&refers), &[Grade::D]),
            with,
            "{ungraded} {score:?}"
        );
        if !ungraded {
            assert_eq!(came(None, &[]), "not_configured");
        }
    }
}
