//! Who decides which step of a case, and why somebody does not.

use super::*;

fn at(text: &str) -> OrgPath {
    OrgPath::parse(text).unwrap()
}

fn noon(day: u32) -> DateTime<Utc> {
    format!("2026-03-{day:02}T12:00:00Z").parse().unwrap()
}

fn competence(scope: &str, org_path: &str) -> Competence {
    Competence {
        scope: scope.to_owned(),
        org_path: at(org_path),
    }
}

fn case(steps: usize, decided_by: &[&str]) -> CaseFacts {
    CaseFacts {
        status: CaseStatus::Pending,
        requested_by: "ann".to_owned(),
        delegates_of_requester: BTreeSet::from(["dan".to_owned()]),
        steps: (0..steps)
            .map(|index| StepFacts {
                number: i16::try_from(index).unwrap() + 1,
                competence: competence("decide:branch", "head-office/east"),
                escalation: Some(competence("decide:head-office", "head-office")),
                due_at: Some(noon(5)),
                status: if index < decided_by.len() {
                    StepStatus::Approved
                } else {
                    StepStatus::Pending
                },
            })
            .collect(),
        decided_by: (1..)
            .zip(decided_by)
            .map(|(step, &name)| (name.to_owned(), step))
            .collect(),
    }
}

fn authority(who: &str, org_path: &str, scopes: &[&str]) -> Authority {
    Authority {
        principal: who.to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        org_path: at(org_path),
    }
}

fn attempt(
    case: &CaseFacts,
    who: &str,
    org_path: &str,
    scopes: &[&str],
    decision: Decision,
) -> Result<Progress, Refusal> {
    let decider = Decider {
        own: authority(who, org_path, scopes),
        lent: Vec::new(),
    };
    decide(case, &decider, (decision, None), noon(1))
}

const BRANCH: &[&str] = &["decide:branch"];
const APPROVED: (Decision, Option<i16>) = (Decision::Approved, None);

#[test]
fn the_last_step_approves_the_case_and_any_other_decision_ends_it() {
    let two = case(2, &[]);
    let first = attempt(&two, "bob", "head-office", BRANCH, Decision::Approved).unwrap();
    assert_eq!((first.step, first.case_status), (1, CaseStatus::Pending));
    let one_left = case(2, &["bob"]);
    let second = attempt(
        &one_left,
        "eve",
        "head-office/east",
        BRANCH,
        Decision::Approved,
    );
    let second = second.unwrap();
    assert_eq!((second.step, second.case_status), (2, CaseStatus::Approved));
    let no = attempt(&two, "bob", "head-office", BRANCH, Decision::Rejected).unwrap();
    assert_eq!(no.case_status, CaseStatus::Rejected);
    let back = attempt(&two, "bob", "head-office", BRANCH, Decision::SentBack).unwrap();
    assert_eq!(
        (back.step_status, back.case_status),
        (StepStatus::SentBack, CaseStatus::SentBack)
    );
}

#[test]
fn refusals_come_in_the_documented_order() {
    let mut closed = case(1, &[]);
    closed.status = CaseStatus::Withdrawn;
    let refused = |case: &CaseFacts, who, org_path, scopes| {
        attempt(case, who, org_path, scopes, Decision::Approved).unwrap_err()
    };
    assert_eq!(
        refused(&closed, "ann", "head-office/west", &[]),
        Refusal::NotPending
    );
    for (who, why) in [("ann", Why::Asked), ("dan", Why::StandsIn)] {
        assert_eq!(
            refused(&case(1, &[]), who, "head-office", BRANCH),
            Refusal::FourEyes(why)
        );
    }
    assert_eq!(
        refused(&case(2, &["bob"]), "bob", "head-office", BRANCH),
        Refusal::FourEyes(Why::Decided(1))
    );
    assert_eq!(
        refused(&case(1, &[]), "bob", "head-office/west", &[]),
        Refusal::Scope
    );
    for elsewhere in ["head-office/west", "head-office/east/shanghai"] {
        assert_eq!(
            refused(&case(1, &[]), "bob", elsewhere, BRANCH),
            Refusal::Outside
        );
    }
}

#[test]
fn an_escalation_may_decide_once_the_step_is_due_and_not_before() {
    let head = Decider {
        own: authority("hal", "head-office", &["decide:head-office"]),
        lent: Vec::new(),
    };
    let on = |day| decide(&case(1, &[]), &head, APPROVED, noon(day));
    assert_eq!(on(4), Err(Refusal::Scope));
    assert_eq!(on(5).unwrap().case_status, CaseStatus::Approved);
    // Whom the step was meant for still may.
    let late = attempt(
        &case(1, &[]),
        "bob",
        "head-office",
        BRANCH,
        Decision::Approved,
    );
    assert!(late.is_ok());
}

#[test]
fn a_lent_authority_decides_in_the_name_of_its_owner() {
    let lent = |owner: &str| Decider {
        own: authority("pat", "head-office/west", &[]),
        lent: vec![authority(owner, "head-office/east", BRANCH)],
    };
    let by = |case: &CaseFacts, owner: &str| decide(case, &lent(owner), APPROVED, noon(1));
    let decided = by(&case(1, &[]), "bob").unwrap();
    assert_eq!(decided.on_behalf_of, Some("bob".to_owned()));
    // Whoever may not decide does not decide through somebody else: the requester, who acts
    // for the requester, and who decided before.
    for (decided, owner, why) in [
        (&[][..], "ann", Why::Asked),
        (&[], "dan", Why::StandsIn),
        (&["bob"], "bob", Why::Decided(1)),
    ] {
        let through = Why::LentBy(owner.to_owned(), Box::new(why));
        let case = case(2, decided);
        assert_eq!(by(&case, owner), Err(Refusal::FourEyes(through)));
    }
}

/// The head office, then the executive.
fn of_two(decided_by: &[&str]) -> CaseFacts {
    let mut two = case(2, decided_by);
    for (step, scope) in two.steps.iter_mut().zip([HEAD_OFFICE, EXECUTIVE]) {
        step.competence = competence(scope, "head-office");
        step.escalation = None;
    }
    two
}

const HEAD_OFFICE: &str = "decide:head-office";
const EXECUTIVE: &str = "decide:executive";

#[test]
fn nobody_is_spent_on_a_step_below_their_own_without_saying_so() {
    use Decision::{Approved, Rejected, SentBack};
    let both = &[HEAD_OFFICE, EXECUTIVE][..];
    let pending = |step| Ok((step, CaseStatus::Pending));
    let name_it = || -> Result<(i16, CaseStatus), Refusal> {
        Err(Refusal::NameTheStep {
            waiting: 1,
            also: vec![2],
        })
    };
    let waits = |asked, waiting| Err(Refusal::StepWaits { asked, waiting });
    let decided = |step| Err(Refusal::FourEyes(Why::Decided(step)));
    for (who, scopes, asked, decision, before, expected) in [
        ("eve", both, None, Approved, &[][..], name_it()),
        ("eve", both, Some(1), Approved, &[], pending(1)),
        ("eve", both, Some(2), Approved, &[], waits(2, 1)),
        (
            "eve",
            both,
            None,
            Rejected,
            &[],
            Ok((1, CaseStatus::Rejected)),
        ),
        (
            "eve",
            both,
            None,
            SentBack,
            &[],
            Ok((1, CaseStatus::SentBack)),
        ),
        ("hal", &both[..1], None, Approved, &[], pending(1)),
        (
            "eve",
            both,
            None,
            Approved,
            &["hal"],
            Ok((2, CaseStatus::Approved)),
        ),
        ("eve", both, Some(1), Approved, &["hal"], waits(1, 2)),
        ("eve", both, Some(2), Approved, &["eve"], decided(1)),
        (
            "max",
            both,
            Some(2),
            Approved,
            &["eve"],
            Ok((2, CaseStatus::Approved)),
        ),
        // Who may not decide the step that waits does not learn which to name.
        ("eve", &both[1..], None, Approved, &[], Err(Refusal::Scope)),
    ] {
        let decider = Decider {
            own: authority(who, "head-office", scopes),
            lent: Vec::new(),
        };
        let got = decide(&of_two(before), &decider, (decision, asked), noon(1));
        let got = got.map(|progress| (progress.step, progress.case_status));
        assert_eq!(got, expected, "{who} {asked:?} {decision:?} {before:?}");
    }
    // What is lent to them spends them too.
    let lent = Decider {
        own: authority("eve", "head-office", &[EXECUTIVE]),
        lent: vec![authority("hal", "head-office", &[HEAD_OFFICE])],
    };
    let by = |asked| decide(&of_two(&[]), &lent, (Approved, asked), noon(1));
    assert_eq!(by(None).map(drop), name_it().map(drop));
    assert_eq!(by(Some(1)).unwrap().on_behalf_of.as_deref(), Some("hal"));
    // Of two steps of one kind neither is the lower one.
    let same = attempt(&case(2, &[]), "bob", "head-office", BRANCH, Approved);
    assert_eq!(same.unwrap().step, 1);
}
