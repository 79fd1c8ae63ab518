//! The authority matrix: which steps decide a case. A versioned table of rules, read from the top;
//! the first rule that matches gives the steps (P12).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::approvals::Competence;
use crate::values::organisation::OrgPath;

/// Most rules of a set.
pub const RULES_MAX: usize = 200;
/// Most steps of a rule.
pub const STEPS_MAX: usize = 5;
/// Longest time a step may wait before it is escalated, in days.
pub const DEADLINE_DAYS_MAX: i32 = 365;

/// Scopes that steps can ask for, the narrowest authority first. A tier with more authority
/// holds those of the tiers below it too.
pub const DECIDING_SCOPES: [&str; 4] = [BRANCH, HEAD_OFFICE, RELATED_PARTY, EXECUTIVE];

/// Above this, in minor units of the company's currency, no matrix lets one person decide.
pub const TWO_PEOPLE_ABOVE_MINOR: i64 = 5_000_000_000;

/// Kind of the cases of applications for credit.
pub(super) const APPLICATION: &str = "credit_application";
/// Kind of the cases of orders that were referred.
pub(super) const REFERRAL: &str = "referral";
/// Kind of the cases of changes that wait for a second person.
pub(super) const CHANGE: &str = super::pending_changes::CASE_KIND;
/// What a case names as grade whose customer has none that may be relied on; so does one that names no
/// grade.
pub const UNGRADED: &str = "ungraded";
const BRANCH: &str = "approvals:decide:branch";
const HEAD_OFFICE: &str = "approvals:decide:head-office";
/// Scope that decides about related parties.
pub(super) const RELATED_PARTY: &str = "approvals:decide:related-party";
const EXECUTIVE: &str = "approvals:decide:executive";

/// What the rules are asked about. The names of kinds, actions, products, grades and data classes
/// belong to whoever opens the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseSubject {
    /// Kind of case, such as `credit_application`.
    pub kind: String,
    /// What is asked for, such as `increase`.
    pub action: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// Grade of the customer; [`UNGRADED`] where none may be relied on.
    pub grade: Option<String>,
    /// Class of data.
    pub data_class: Option<String>,
    /// Amount in minor units of the company's currency; without a limit is the largest number.
    pub amount_minor: i64,
    /// Whether the customer is related to the company.
    pub related_party: bool,
    /// Whether a check failed that needs exceptional approval.
    pub exceptional: bool,
    /// Organisation it belongs to.
    pub org_path: OrgPath,
}

/// A row of the matrix. An absent or empty condition matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityRule {
    /// Name, unique in the set.
    pub name: String,
    /// Kind of case.
    pub kind: String,
    /// Actions it is for.
    #[serde(default)]
    pub actions: BTreeSet<String>,
    /// Products it is for.
    #[serde(default)]
    pub products: BTreeSet<String>,
    /// Grades it is for.
    #[serde(default)]
    pub grades: BTreeSet<String>,
    /// Classes of data it is for.
    #[serde(default)]
    pub data_classes: BTreeSet<String>,
    /// Largest amount it is for, included, in minor units of the company's currency.
    #[serde(default)]
    pub amount_max_minor: Option<i64>,
    /// Whether it is for related parties, or for everybody else.
    #[serde(default)]
    pub related_party: Option<bool>,
    /// Whether it is for exceptions, or for everything else.
    #[serde(default)]
    pub exceptional: Option<bool>,
    /// Organisation it is for, with everything below.
    #[serde(default)]
    pub within: Option<OrgPath>,
    /// The steps, in order.
    pub steps: Vec<StepRule>,
}

/// A step of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRule {
    /// Name of the step.
    pub name: String,
    /// Scope that decides it.
    pub scope: String,
    /// How far down from the top the decider may stand: 1 is the head office, 2 a branch below
    /// it; absent takes the organisation of the case itself.
    #[serde(default)]
    pub organisation_depth: Option<u8>,
    /// Days it may wait before the escalation may decide it too.
    #[serde(default)]
    pub deadline_days: Option<i32>,
    /// Who that is.
    #[serde(default)]
    pub escalate_to: Option<Escalation>,
}

/// Who may decide a step that waited too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Scope that decides it.
    pub scope: String,
    /// How far down from the top, as in [`StepRule`].
    #[serde(default)]
    pub organisation_depth: Option<u8>,
}

/// A step of a case that is about to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// Name of the step.
    pub name: String,
    /// Who may decide it.
    pub competence: Competence,
    /// Days it may wait.
    pub deadline_days: Option<i32>,
    /// Who may decide it after that.
    pub escalation: Option<Competence>,
}

/// What is wrong with a set of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No rules, or too many.
    #[error("needs between 1 and {RULES_MAX} rules")]
    Count,
    /// A name stands twice.
    #[error("has the name of an earlier rule")]
    Name,
    /// No steps, or too many.
    #[error("needs between 1 and {STEPS_MAX} steps")]
    Steps,
    /// A scope that decides nothing.
    #[error("names a scope that decides nothing")]
    Scope,
    /// A depth no path has.
    #[error("organisation_depth is not between 1 and 8")]
    Depth,
    /// An amount less than zero.
    #[error("has an amount that is less than zero")]
    Amount,
    /// A deadline out of range, or half of an escalation.
    #[error(
        "needs deadline_days between 1 and {DEADLINE_DAYS_MAX} together with escalate_to, or neither"
    )]
    Deadline,
    /// An earlier rule takes everything this one could.
    #[error("can never match: an earlier rule takes everything it is for")]
    Unreachable,
    /// Some case of a kind has no rule.
    #[error("leaves some {0} without a rule")]
    Uncovered(&'static str),
    /// One person decides about more than one person may.
    #[error("lets one person decide above 50,000,000.00")]
    OnePerson,
    /// Related parties are decided by others.
    #[error("decides about related parties without a step of {RELATED_PARTY}")]
    RelatedParty,
}

impl AuthorityRule {
    /// Whether the rule is for a case.
    pub fn matches(&self, subject: &CaseSubject) -> bool {
        let among = |allowed: &BTreeSet<String>, value: &Option<String>| {
            allowed.is_empty() || value.as_ref().is_some_and(|value| allowed.contains(value))
        };
        self.kind == subject.kind
            && among(&self.actions, &subject.action)
            && among(&self.products, &subject.product)
            && among(&self.grades, &subject.grade)
            && among(&self.data_classes, &subject.data_class)
            && self
                .amount_max_minor
                .is_none_or(|most| subject.amount_minor <= most)
            && self
                .related_party
                .is_none_or(|wanted| wanted == subject.related_party)
            && self
                .exceptional
                .is_none_or(|wanted| wanted == subject.exceptional)
            && self
                .within
                .as_ref()
                .is_none_or(|unit| unit.contains(&subject.org_path))
    }

    /// The steps for a case of an organisation.
    pub fn plan(&self, org_path: &OrgPath) -> Vec<PlannedStep> {
        let at = |scope: &str, depth: Option<u8>| Competence {
            scope: scope.to_owned(),
            org_path: match depth {
                Some(depth) => org_path.at_depth(usize::from(depth)),
                None => org_path.clone(),
            },
        };
        self.steps
            .iter()
            .map(|step| PlannedStep {
                name: step.name.clone(),
                competence: at(&step.scope, step.organisation_depth),
                deadline_days: step.deadline_days,
                escalation: step
                    .escalate_to
                    .as_ref()
                    .map(|to| at(&to.scope, to.organisation_depth)),
            })
            .collect()
    }

    /// Whether everything the other rule is for is taken by this one.
    pub(super) fn takes_all_of(&self, other: &Self) -> bool {
        let wider = |own: &BTreeSet<String>, others: &BTreeSet<String>| {
            own.is_empty() || (!others.is_empty() && others.is_subset(own))
        };
        let same = |own: Option<bool>, others: Option<bool>| own.is_none() || own == others;
        self.kind == other.kind
            && wider(&self.actions, &other.actions)
            && wider(&self.products, &other.products)
            && wider(&self.grades, &other.grades)
            && wider(&self.data_classes, &other.data_classes)
            && same(self.related_party, other.related_party)
            && same(self.exceptional, other.exceptional)
            && self
                .amount_max_minor
                .is_none_or(|most| other.amount_max_minor.is_some_and(|least| least <= most))
            && self.within.as_ref().is_none_or(|unit| {
                other
                    .within
                    .as_ref()
                    .is_some_and(|smaller| unit.contains(smaller))
            })
    }

    fn check(&self) -> Result<(), RuleError> {
        if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            return Err(RuleError::Steps);
        }
        if self.amount_max_minor.is_some_and(|most| most < 0) {
            return Err(RuleError::Amount);
        }
        for step in &self.steps {
            let escalation = step.escalate_to.as_ref();
            let scopes = std::iter::once(&step.scope).chain(escalation.map(|to| &to.scope));
            if scopes
                .into_iter()
                .any(|scope| !DECIDING_SCOPES.contains(&scope.as_str()))
            {
                return Err(RuleError::Scope);
            }
            let depths = [
                step.organisation_depth,
                escalation.and_then(|to| to.organisation_depth),
            ];
            if depths
                .into_iter()
                .flatten()
                .any(|depth| !(1..=8).contains(&depth))
            {
                return Err(RuleError::Depth);
            }
            if step.deadline_days.is_some() != escalation.is_some()
                || step
                    .deadline_days
                    .is_some_and(|days| !(1..=DEADLINE_DAYS_MAX).contains(&days))
            {
                return Err(RuleError::Deadline);
            }
        }
        Ok(())
    }
}

/// Checks a set of rules.
///
/// # Errors
/// The place of the first rule that is wrong, and why.
pub fn check(rules: &[AuthorityRule]) -> Result<(), (usize, RuleError)> {
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err((0, RuleError::Count));
    }
    for (index, rule) in rules.iter().enumerate() {
        rule.check().map_err(|error| (index, error))?;
        let earlier = &rules[..index];
        if earlier.iter().any(|one| one.name == rule.name) {
            return Err((index, RuleError::Name));
        }
        if earlier.iter().any(|one| one.takes_all_of(rule)) {
            return Err((index, RuleError::Unreachable));
        }
    }
    Ok(())
}

fn step(name: &str, scope: &str, organisation_depth: Option<u8>) -> StepRule {
    StepRule {
        name: name.to_owned(),
        scope: scope.to_owned(),
        organisation_depth,
        deadline_days: None,
        escalate_to: None,
    }
}

fn branch() -> StepRule {
    StepRule {
        deadline_days: Some(3),
        escalate_to: Some(Escalation {
            scope: HEAD_OFFICE.to_owned(),
            organisation_depth: Some(1),
        }),
        ..step("branch", BRANCH, None)
    }
}

fn head_office() -> StepRule {
    StepRule {
        deadline_days: Some(5),
        escalate_to: Some(Escalation {
            scope: EXECUTIVE.to_owned(),
            organisation_depth: Some(1),
        }),
        ..step("head_office", HEAD_OFFICE, Some(1))
    }
}

fn executive() -> StepRule {
    step("executive", EXECUTIVE, Some(1))
}

fn rule(name: &str, steps: Vec<StepRule>) -> AuthorityRule {
    AuthorityRule {
        name: name.to_owned(),
        kind: APPLICATION.to_owned(),
        actions: BTreeSet::new(),
        products: BTreeSet::new(),
        grades: BTreeSet::new(),
        data_classes: BTreeSet::new(),
        amount_max_minor: None,
        related_party: None,
        exceptional: None,
        within: None,
        steps,
    }
}

/// The rules of a company that has published none: version 0.
///
/// A branch decides up to 1,000,000.00, and whatever lowers the risk; the head office decides
/// above that, and the executive after it above 50,000,000.00. Of weak grades, and of customers
/// without a grade, a branch decides up to 200,000.00. Related parties and exceptions have chains of
/// their own. Orders that are referred go the same way by their amount. Of changes
/// that wait for a second person the executive confirms the matrix and the policy, the head office
/// settings and rates, and the branch what is true of a customer.
pub fn built_in() -> Vec<AuthorityRule> {
    let mut rules = of_applications();
    rules.extend(of_referrals());
    rules.extend(of_changes());
    rules
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn related_party() -> StepRule {
    step("related_party", RELATED_PARTY, Some(1))
}

fn of_applications() -> Vec<AuthorityRule> {
    vec![
        AuthorityRule {
            actions: named(&["close", "decrease", "suspend"]),
            ..rule("lower_risk", vec![branch()])
        },
        AuthorityRule {
            related_party: Some(true),
            ..rule("related_party", vec![related_party(), executive()])
        },
        AuthorityRule {
            exceptional: Some(true),
            ..rule("exception", vec![head_office(), executive()])
        },
        AuthorityRule {
            grades: named(&["C", "D", UNGRADED]),
            amount_max_minor: Some(20_000_000),
            ..rule("weak_grade_branch", vec![branch()])
        },
        AuthorityRule {
            grades: named(&["C", "D", UNGRADED]),
            amount_max_minor: Some(TWO_PEOPLE_ABOVE_MINOR),
            ..rule("weak_grade_head_office", vec![head_office()])
        },
        AuthorityRule {
            amount_max_minor: Some(100_000_000),
            ..rule("branch", vec![branch()])
        },
        AuthorityRule {
            amount_max_minor: Some(TWO_PEOPLE_ABOVE_MINOR),
            ..rule("head_office", vec![head_office()])
        },
        rule("executive", vec![head_office(), executive()]),
    ]
}

fn of_referrals() -> Vec<AuthorityRule> {
    let referral = |name: &str, steps: Vec<StepRule>| AuthorityRule {
        kind: REFERRAL.to_owned(),
        ..rule(name, steps)
    };
    vec![
        AuthorityRule {
            related_party: Some(true),
            amount_max_minor: Some(TWO_PEOPLE_ABOVE_MINOR),
            ..referral("referral_related_party", vec![related_party()])
        },
        AuthorityRule {
            related_party: Some(true),
            ..referral(
                "referral_related_party_executive",
                vec![related_party(), executive()],
            )
        },
        AuthorityRule {
            amount_max_minor: Some(100_000_000),
            ..referral("referral_branch", vec![branch()])
        },
        AuthorityRule {
            amount_max_minor: Some(TWO_PEOPLE_ABOVE_MINOR),
            ..referral("referral_head_office", vec![head_office()])
        },
        referral("referral_executive", vec![head_office(), executive()]),
    ]
}

fn of_changes() -> Vec<AuthorityRule> {
    let change = |name: &str, steps: Vec<StepRule>| AuthorityRule {
        kind: CHANGE.to_owned(),
        ..rule(name, steps)
    };
    vec![
        AuthorityRule {
            related_party: Some(true),
            ..change("change_related_party", vec![related_party()])
        },
        AuthorityRule {
            actions: named(&["authority_rules", "credit_policy"]),
            ..change("change_rules", vec![executive()])
        },
        AuthorityRule {
            actions: named(&[
                "check_rule_set",
                "product",
                "company_figure",
                "exchange_rates",
            ]),
            ..change("change_settings", vec![head_office()])
        },
        change("change_customer", vec![branch()]),
    ]
}

#[cfg(test)]
#[path = "authority_rules_tests.rs"]
mod tests;
