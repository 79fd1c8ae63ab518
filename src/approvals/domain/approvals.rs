//! Approvals: cases, steps, four eyes, escalation, delegation. Knows nothing about what is
//! approved.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::error_codes::ProblemCode;
use crate::values::organisation::OrgPath;

crate::identifiers! {
    /// An approval delegation.
    DelegationEntity, DelegationId, "approval_delegation", "approval-delegations", "delegation_id";
}

crate::text_enum! {
    /// Where a case stands.
    pub enum CaseStatus {
        /// A step is waiting for a decision.
        Pending = "pending",
        /// Every step was approved.
        Approved = "approved",
        /// A step was rejected.
        Rejected = "rejected",
        /// The requester took it back.
        Withdrawn = "withdrawn",
        /// A step sent it back for a change; another submission opens another case.
        SentBack = "sent_back",
    }
}

crate::text_enum! {
    /// Where a step stands.
    pub enum StepStatus {
        /// Waiting.
        Pending = "pending",
        /// Approved.
        Approved = "approved",
        /// Rejected.
        Rejected = "rejected",
        /// Sent back for a change.
        SentBack = "sent_back",
    }
}

crate::text_enum! {
    /// What was decided.
    pub enum Decision {
        /// Yes.
        Approved = "approved",
        /// No.
        Rejected = "rejected",
        /// Not like this: the requester is asked to change it.
        SentBack = "sent_back",
    }
}

/// Who may decide a step: a scope, held somewhere in the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Competence {
    /// Scope that may decide.
    pub scope: String,
    /// Organisation the decider must stand at or above.
    pub org_path: OrgPath,
}

/// A step as far as deciding it needs.
#[derive(Debug, Clone)]
pub struct StepFacts {
    /// Order, from 1.
    pub number: i16,
    /// Who may decide it.
    pub competence: Competence,
    /// Who may decide it too once it is due.
    pub escalation: Option<Competence>,
    /// Instant from which it is.
    pub due_at: Option<DateTime<Utc>>,
    /// Where it stands.
    pub status: StepStatus,
}

/// A case as far as deciding it needs.
#[derive(Debug, Clone)]
pub struct CaseFacts {
    /// Where it stands.
    pub status: CaseStatus,
    /// Who asked.
    pub requested_by: String,
    /// Who may act for whoever asked: delegates of the requester.
    pub delegates_of_requester: BTreeSet<String>,
    /// Its steps, in order.
    pub steps: Vec<StepFacts>,
    /// Who decided a step of it already, and on whose behalf.
    pub decided_by: BTreeSet<String>,
}

impl CaseFacts {
    /// Whether four eyes keep somebody from deciding it, in person or through somebody else: they
    /// asked for it, act for whoever did, or decided a step of it already.
    fn bars(&self, principal: &String) -> bool {
        *principal == self.requested_by
            || self.delegates_of_requester.contains(principal)
            || self.decided_by.contains(principal)
    }
}

/// What somebody may decide: by their own token, or lent by somebody who is absent.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Whose authority it is.
    pub principal: String,
    /// Scopes of it.
    pub scopes: BTreeSet<String>,
    /// Organisation it stands at.
    pub org_path: OrgPath,
}

impl Authority {
    fn covers(&self, competence: &Competence) -> bool {
        self.scopes.contains(&competence.scope) && self.org_path.contains(&competence.org_path)
    }
}

/// Who wants to decide.
#[derive(Debug, Clone)]
pub struct Decider {
    /// Their own authority.
    pub own: Authority,
    /// What others have lent them for today.
    pub lent: Vec<Authority>,
}

/// What a decision leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The step that is decided.
    pub step: i16,
    /// Where the step stands after.
    pub step_status: StepStatus,
    /// Where the case stands after.
    pub case_status: CaseStatus,
    /// Whose authority was used, when it was lent.
    pub on_behalf_of: Option<String>,
}

/// Decides the waiting step of a case.
///
/// # Errors
/// In this order: not pending any more; four eyes (nobody decides what they asked for or what
/// was asked by whom they stand in for, nor one case twice, in person or through a delegate);
/// scope; organisation.
pub fn decide(
    case: &CaseFacts,
    decider: &Decider,
    decision: Decision,
    now: DateTime<Utc>,
) -> Result<Progress, ProblemCode> {
    let waiting = case
        .steps
        .iter()
        .position(|step| step.status == StepStatus::Pending);
    let (CaseStatus::Pending, Some(index)) = (case.status, waiting) else {
        return Err(ProblemCode::InvalidTransition);
    };
    let who = &decider.own.principal;
    if case.bars(who) {
        return Err(ProblemCode::FourEyesRequired);
    }
    let step = &case.steps[index];
    let competences: Vec<&Competence> = std::iter::once(&step.competence)
        .chain(
            step.escalation
                .as_ref()
                .filter(|_| step.due_at.is_some_and(|due| due <= now)),
        )
        .collect();
    let able = |authority: &&Authority| competences.iter().any(|one| authority.covers(one));
    let used = std::iter::once(&decider.own)
        .chain(
            decider
                .lent
                .iter()
                .filter(|lent| !case.bars(&lent.principal)),
        )
        .find(able);
    let Some(used) = used else {
        // Whoever could have lent it may not decide this case themselves.
        if decider.lent.iter().any(|lent| able(&lent)) {
            return Err(ProblemCode::FourEyesRequired);
        }
        let holds_scope = std::iter::once(&decider.own)
            .chain(&decider.lent)
            .any(|authority| {
                competences
                    .iter()
                    .any(|one| authority.scopes.contains(&one.scope))
            });
        return Err(if holds_scope {
            ProblemCode::NotFound
        } else {
            ProblemCode::InsufficientScope
        });
    };
    let is_last = index + 1 == case.steps.len();
    let (step_status, case_status) = match (decision, is_last) {
        (Decision::Rejected, _) => (StepStatus::Rejected, CaseStatus::Rejected),
        (Decision::SentBack, _) => (StepStatus::SentBack, CaseStatus::SentBack),
        (Decision::Approved, true) => (StepStatus::Approved, CaseStatus::Approved),
        (Decision::Approved, false) => (StepStatus::Approved, CaseStatus::Pending),
    };
    Ok(Progress {
        step: step.number,
        step_status,
        case_status,
        on_behalf_of: (used.principal != *who).then(|| used.principal.clone()),
    })
}

#[cfg(test)]
mod tests {
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
            decided_by: decided_by.iter().map(|&name| name.to_owned()).collect(),
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
    ) -> Result<Progress, ProblemCode> {
        let decider = Decider {
            own: authority(who, org_path, scopes),
            lent: Vec::new(),
        };
        decide(case, &decider, decision, noon(1))
    }

    const BRANCH: &[&str] = &["decide:branch"];

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
            ProblemCode::InvalidTransition
        );
        for who in ["ann", "dan"] {
            assert_eq!(
                refused(&case(1, &[]), who, "head-office", BRANCH),
                ProblemCode::FourEyesRequired
            );
        }
        assert_eq!(
            refused(&case(2, &["bob"]), "bob", "head-office", BRANCH),
            ProblemCode::FourEyesRequired
        );
        assert_eq!(
            refused(&case(1, &[]), "bob", "head-office/west", &[]),
            ProblemCode::InsufficientScope
        );
        for elsewhere in ["head-office/west", "head-office/east/shanghai"] {
            assert_eq!(
                refused(&case(1, &[]), "bob", elsewhere, BRANCH),
                ProblemCode::NotFound
            );
        }
    }

    #[test]
    fn an_escalation_may_decide_once_the_step_is_due_and_not_before() {
        let head = Decider {
            own: authority("hal", "head-office", &["decide:head-office"]),
            lent: Vec::new(),
        };
        let on = |day| decide(&case(1, &[]), &head, Decision::Approved, noon(day));
        assert_eq!(on(4), Err(ProblemCode::InsufficientScope));
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
        let by =
            |case: &CaseFacts, owner: &str| decide(case, &lent(owner), Decision::Approved, noon(1));
        let decided = by(&case(1, &[]), "bob").unwrap();
        assert_eq!(decided.on_behalf_of, Some("bob".to_owned()));
        // Whoever may not decide does not decide through somebody else: the requester, who acts
        // for the requester, and who decided before.
        let refused = Err(ProblemCode::FourEyesRequired);
        assert_eq!(by(&case(1, &[]), "ann"), refused);
        assert_eq!(by(&case(1, &[]), "dan"), refused);
        assert_eq!(by(&case(2, &["bob"]), "bob"), refused);
    }
}
