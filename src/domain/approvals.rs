//! Approvals: cases, steps, four eyes. Knows nothing about what is approved.

use super::organisation::OrgPath;
use crate::error_codes::ProblemCode;

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
    }
}

crate::text_enum! {
    /// What was decided.
    pub enum Decision {
        /// Yes.
        Approved = "approved",
        /// No.
        Rejected = "rejected",
    }
}

/// A step as far as deciding it needs.
#[derive(Debug, Clone)]
pub struct StepFacts {
    /// Order, from 1.
    pub number: i16,
    /// Scope that may decide it.
    pub required_scope: String,
    /// Organisation the decider must stand at or above.
    pub org_path: OrgPath,
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
    /// Its steps, in order.
    pub steps: Vec<StepFacts>,
    /// Who decided a step of it already.
    pub decided_by: Vec<String>,
}

/// Who wants to decide.
#[derive(Clone, Copy)]
pub struct Decider<'a> {
    /// Principal.
    pub principal: &'a str,
    /// Organisation it stands at.
    pub org_path: &'a OrgPath,
    /// Whether it holds a scope.
    pub holds: &'a dyn Fn(&str) -> bool,
}

/// What a decision leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The step that is decided.
    pub step: i16,
    /// Where the step stands after.
    pub step_status: StepStatus,
    /// Where the case stands after.
    pub case_status: CaseStatus,
}

/// Decides the waiting step of a case.
///
/// # Errors
/// In this order: not pending any more, four eyes (nobody decides what they asked for, nor one
/// case twice), scope, organisation.
pub fn decide(
    case: &CaseFacts,
    decider: Decider<'_>,
    decision: Decision,
) -> Result<Progress, ProblemCode> {
    let waiting = case
        .steps
        .iter()
        .position(|step| step.status == StepStatus::Pending);
    let (CaseStatus::Pending, Some(index)) = (case.status, waiting) else {
        return Err(ProblemCode::InvalidTransition);
    };
    if decider.principal == case.requested_by
        || case.decided_by.iter().any(|one| one == decider.principal)
    {
        return Err(ProblemCode::FourEyesRequired);
    }
    let step = &case.steps[index];
    if !(decider.holds)(&step.required_scope) {
        return Err(ProblemCode::InsufficientScope);
    }
    if !decider.org_path.contains(&step.org_path) {
        return Err(ProblemCode::NotFound);
    }
    let is_last = index + 1 == case.steps.len();
    let (step_status, case_status) = match (decision, is_last) {
        (Decision::Rejected, _) => (StepStatus::Rejected, CaseStatus::Rejected),
        (Decision::Approved, true) => (StepStatus::Approved, CaseStatus::Approved),
        (Decision::Approved, false) => (StepStatus::Approved, CaseStatus::Pending),
    };
    Ok(Progress {
        step: step.number,
        step_status,
        case_status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(steps: usize, decided_by: &[&str]) -> CaseFacts {
        CaseFacts {
            status: CaseStatus::Pending,
            requested_by: "ann".to_owned(),
            steps: (0..steps)
                .map(|index| StepFacts {
                    number: i16::try_from(index).unwrap() + 1,
                    required_scope: "x:approve".to_owned(),
                    org_path: OrgPath::parse("head-office/east").unwrap(),
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

    fn attempt(
        case: &CaseFacts,
        who: &str,
        at: &str,
        scope: bool,
        decision: Decision,
    ) -> Result<Progress, ProblemCode> {
        let org_path = OrgPath::parse(at).unwrap();
        decide(
            case,
            Decider {
                principal: who,
                org_path: &org_path,
                holds: &|_| scope,
            },
            decision,
        )
    }

    #[test]
    fn the_last_step_approves_the_case_and_any_rejection_ends_it() {
        let two = case(2, &[]);
        let first = attempt(&two, "bob", "head-office", true, Decision::Approved).unwrap();
        assert_eq!((first.step, first.case_status), (1, CaseStatus::Pending));
        let second = attempt(
            &case(2, &["bob"]),
            "eve",
            "head-office/east",
            true,
            Decision::Approved,
        )
        .unwrap();
        assert_eq!((second.step, second.case_status), (2, CaseStatus::Approved));
        let no = attempt(&two, "bob", "head-office", true, Decision::Rejected).unwrap();
        assert_eq!(no.case_status, CaseStatus::Rejected);
    }

    #[test]
    fn refusals_come_in_the_documented_order() {
        let mut closed = case(1, &[]);
        closed.status = CaseStatus::Withdrawn;
        let refused = |case: &CaseFacts, who, at, scope| {
            attempt(case, who, at, scope, Decision::Approved).unwrap_err()
        };
        assert_eq!(
            refused(&closed, "ann", "head-office/west", false),
            ProblemCode::InvalidTransition
        );
        assert_eq!(
            refused(&case(1, &[]), "ann", "head-office/west", false),
            ProblemCode::FourEyesRequired
        );
        assert_eq!(
            refused(&case(2, &["bob"]), "bob", "head-office", true),
            ProblemCode::FourEyesRequired
        );
        assert_eq!(
            refused(&case(1, &[]), "bob", "head-office/west", false),
            ProblemCode::InsufficientScope
        );
        assert_eq!(
            refused(&case(1, &[]), "bob", "head-office/west", true),
            ProblemCode::NotFound
        );
        assert_eq!(
            refused(&case(1, &[]), "bob", "head-office/east/shanghai", true),
            ProblemCode::NotFound
        );
    }
}
