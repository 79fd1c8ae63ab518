use super::*;
use crate::approvals::domain::matching::rule_for;

fn subject() -> CaseSubject {
    CaseSubject {
        kind: "credit_application".to_owned(),
        action: Some("open".to_owned()),
        product: Some("goods_on_credit".to_owned()),
        grade: Some("B".to_owned()),
        data_class: None,
        amount_minor: 0,
        related_party: false,
        exceptional: false,
        org_path: OrgPath::parse("head-office/east/shanghai").unwrap(),
    }
}

fn name_of(subject: &CaseSubject) -> String {
    rule_for(&built_in(), subject).unwrap().name.clone()
}

#[test]
fn the_built_in_rules_are_sound_and_leave_nothing_undecided() {
    let rules = built_in();
    assert_eq!(check(&rules), Ok(()));
    for amount_minor in [0, 100_000_000, 100_000_001, i64::MAX] {
        for (related_party, exceptional) in [(false, false), (true, false), (false, true)] {
            for grade in [None, Some("A"), Some("D")] {
                let asked = CaseSubject {
                    amount_minor,
                    related_party,
                    exceptional,
                    grade: grade.map(str::to_owned),
                    ..subject()
                };
                assert!(rule_for(&rules, &asked).is_some(), "{asked:?}");
            }
        }
    }
}

#[test]
fn amounts_are_included_up_to_the_last_fen() {
    let of = |amount_minor| {
        name_of(&CaseSubject {
            amount_minor,
            ..subject()
        })
    };
    assert_eq!(of(100_000_000), "branch");
    assert_eq!(of(100_000_001), "head_office");
    assert_eq!(of(5_000_000_000), "head_office");
    assert_eq!(of(5_000_000_001), "executive");
    assert_eq!(of(i64::MAX), "executive");
}

#[test]
fn who_has_no_grade_goes_the_way_of_the_weakest() {
    let rules = built_in();
    let asked = |grade: Option<&str>, amount_minor| CaseSubject {
        grade: grade.map(str::to_owned),
        amount_minor,
        ..subject()
    };
    for grade in ["C", "D", UNGRADED] {
        for amount_minor in [20_000_000, 20_000_001, 5_000_000_000, 5_000_000_001] {
            let (weak, none) = (asked(Some(grade), amount_minor), asked(None, amount_minor));
            assert_eq!(rule_for(&rules, &none), rule_for(&rules, &weak), "{weak:?}");
        }
    }
    assert_eq!(name_of(&asked(None, 20_000_000)), "weak_grade_branch");
    assert_eq!(name_of(&asked(None, 20_000_001)), "weak_grade_head_office");
    // A matrix that does not say what is for them takes them for the worst grade.
    let own = |name: &str, grades: &[&str]| AuthorityRule {
        grades: named(grades),
        ..rule(name, vec![branch()])
    };
    let silent = [own("weak", &["D"]), own("others", &[])];
    assert_eq!(rule_for(&silent, &asked(None, 1)).unwrap().name, "weak");
    let saying = [
        own("weak", &["D"]),
        own("new", &[UNGRADED]),
        own("others", &[]),
    ];
    assert_eq!(rule_for(&saying, &asked(None, 1)).unwrap().name, "new");
}

#[test]
fn the_first_rule_that_matches_decides() {
    let related = CaseSubject {
        related_party: true,
        exceptional: true,
        ..subject()
    };
    assert_eq!(name_of(&related), "related_party");
    let closing = CaseSubject {
        action: Some("close".to_owned()),
        ..related
    };
    assert_eq!(name_of(&closing), "lower_risk");
}

#[test]
fn steps_stand_where_the_depth_says_and_never_below_the_case() {
    let rules = built_in();
    let executive = rules.iter().find(|rule| rule.name == "executive").unwrap();
    let deep = OrgPath::parse("head-office/east/shanghai").unwrap();
    let places: Vec<String> = executive
        .plan(&deep)
        .into_iter()
        .map(|step| step.competence.org_path.as_str().to_owned())
        .collect();
    assert_eq!(places, ["head-office", "head-office"]);
    let branch = rules.iter().find(|rule| rule.name == "branch").unwrap();
    assert_eq!(branch.plan(&deep)[0].competence.org_path, deep);
}

#[test]
fn unsound_sets_are_refused_with_their_place() {
    let sound = built_in();
    let with = |change: &dyn Fn(&mut Vec<AuthorityRule>)| {
        let mut rules = sound.clone();
        change(&mut rules);
        check(&rules).unwrap_err()
    };
    assert_eq!(check(&[]), Err((0, RuleError::Count)));
    assert_eq!(with(&|rules| rules[1].steps.clear()), (1, RuleError::Steps));
    assert_eq!(
        with(&|rules| rules[2].name = "branch".to_owned()),
        (5, RuleError::Name)
    );
    assert_eq!(
        with(&|rules| rules[0].steps[0].scope = "customers:read".to_owned()),
        (0, RuleError::Scope)
    );
    assert_eq!(
        with(&|rules| rules[0].steps[0].organisation_depth = Some(9)),
        (0, RuleError::Depth)
    );
    assert_eq!(
        with(&|rules| rules[5].amount_max_minor = Some(-1)),
        (5, RuleError::Amount)
    );
    assert_eq!(
        with(&|rules| rules[0].steps[0].escalate_to = None),
        (0, RuleError::Deadline)
    );
    assert_eq!(with(&|rules| rules.swap(6, 7)), (7, RuleError::Unreachable));
}
