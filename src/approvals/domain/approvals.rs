//! Approvals: cases, steps, four eyes, escalation, delegation. Knows nothing about what is
//! approved.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

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

/// What somebody says who decides a step.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Comment or reason; it is kept.
    pub comment: String,
    /// The step that is meant, where it is named.
    pub step: Option<i16>,
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
    /// Who has stood in for whoever asked, on any day of its life.
    pub delegates_of_requester: BTreeSet<String>,
    /// Its steps, in order.
    pub steps: Vec<StepFacts>,
    /// Who decided a step of it already, in person or through somebody else, and which.
    pub decided_by: BTreeMap<String, i16>,
}

/// Why four eyes keep somebody from deciding a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// They asked for it.
    Asked,
    /// They stood in for who asked, on some day of its life.
    StandsIn,
    /// They decided this step of it, in person or through somebody else.
    Decided(i16),
    /// Who lent them the authority may not decide it.
    LentBy(String, Box<Self>),
}

/// Why somebody does not decide a step, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The case waits for nobody.
    NotPending,
    /// Another person has to decide.
    FourEyes(Why),
    /// The step that was named is not the one that waits.
    StepWaits {
        /// What was named.
        asked: i16,
        /// What waits.
        waiting: i16,
    },
    /// They lack the scope.
    Scope,
    /// They stand elsewhere.
    Outside,
    /// They may decide a later step as well, and did not say which they mean.
    NameTheStep {
        /// What waits.
        waiting: i16,
        /// The later ones.
        also: Vec<i16>,
    },
}

impl CaseFacts {
    /// What keeps somebody from deciding it, in person or through somebody else.
    fn bars(&self, principal: &str) -> Option<Why> {
        if principal == self.requested_by {
            return Some(Why::Asked);
        }
        if self.delegates_of_requester.contains(principal) {
            return Some(Why::StandsIn);
        }
        self.decided_by
            .get(principal)
            .map(|step| Why::Decided(*step))
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

impl Decider {
    /// What they may decide a case with: their own authority, and what is lent by those whom
    /// nothing keeps from deciding it.
    fn usable<'a>(&'a self, case: &'a CaseFacts) -> impl Iterator<Item = &'a Authority> {
        let free = self.lent.iter();
        let free = free.filter(|lent| case.bars(&lent.principal).is_none());
        std::iter::once(&self.own).chain(free)
    }
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

/// Decides the waiting step of a case: the one that is named, where one is.
///
/// # Errors
/// In this order: not pending any more; four eyes (nobody decides what they asked for or what
/// was asked by whom they stood in for, nor one case twice, in person or through a delegate);
/// another step was named; scope; organisation; no step was named by somebody who would spend
/// themselves on a step below their own.
pub fn decide(
    case: &CaseFacts,
    decider: &Decider,
    (decision, asked): (Decision, Option<i16>),
    now: DateTime<Utc>,
) -> Result<Progress, Refusal> {
    let waiting = case
        .steps
        .iter()
        .position(|step| step.status == StepStatus::Pending);
    let (CaseStatus::Pending, Some(index)) = (case.status, waiting) else {
        return Err(Refusal::NotPending);
    };
    let who = &decider.own.principal;
    if let Some(why) = case.bars(who) {
        return Err(Refusal::FourEyes(why));
    }
    let (step, later) = (&case.steps[index], &case.steps[index + 1..]);
    if let Some(asked) = asked.filter(|asked| *asked != step.number) {
        return Err(Refusal::StepWaits {
            asked,
            waiting: step.number,
        });
    }
    let used = authority_for(case, decider, step, now)?;
    // What is rejected or sent back ends the case: nobody is spent by that.
    if asked.is_none() && decision == Decision::Approved {
        let also = later_steps_of(case, decider, step, later);
        if !also.is_empty() {
            return Err(Refusal::NameTheStep {
                waiting: step.number,
                also,
            });
        }
    }
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

/// The later steps that somebody may decide, in person or through somebody else, where any of them
/// is another's than the waiting one: of two steps of one competence the first is nobody's lower
/// one.
fn later_steps_of(
    case: &CaseFacts,
    decider: &Decider,
    step: &StepFacts,
    later: &[StepFacts],
) -> Vec<i16> {
    let covered = || {
        later.iter().filter(|one| {
            decider
                .usable(case)
                .any(|authority| authority.covers(&one.competence))
        })
    };
    if covered().all(|one| one.competence == step.competence) {
        return Vec::new();
    }
    covered().map(|one| one.number).collect()
}

/// The authority by which a step is decided: their own, or one that is lent by somebody who may
/// decide the case.
fn authority_for<'a>(
    case: &'a CaseFacts,
    decider: &'a Decider,
    step: &StepFacts,
    now: DateTime<Utc>,
) -> Result<&'a Authority, Refusal> {
    let escalation = step
        .escalation
        .as_ref()
        .filter(|_| step.due_at.is_some_and(|due| due <= now));
    let competences = || std::iter::once(&step.competence).chain(escalation);
    let able = |authority: &&Authority| competences().any(|one| authority.covers(one));
    if let Some(used) = decider.usable(case).find(able) {
        return Ok(used);
    }
    // Whoever could have lent it may not decide this case themselves.
    let barred = decider.lent.iter().filter(able).find_map(|lent| {
        let why = case.bars(&lent.principal)?;
        Some(Why::LentBy(lent.principal.clone(), Box::new(why)))
    });
    if let Some(why) = barred {
        return Err(Refusal::FourEyes(why));
    }
    let holds_scope = std::iter::once(&decider.own)
        .chain(&decider.lent)
        .any(|authority| competences().any(|one| authority.scopes.contains(&one.scope)));
    Err(if holds_scope {
        Refusal::Outside
    } else {
        Refusal::Scope
    })
}

#[cfg(test)]
#[path = "approvals_tests.rs"]
mod tests;
