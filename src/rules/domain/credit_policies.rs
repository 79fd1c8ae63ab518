//! The credit policy of the company: thresholds of the checks before an approval, bounds by
//! grade, and what is tolerated after it (P02, P07, P14). Versioned; whatever is not set is off.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::scores::domain::scores::Grade;

/// Most that may be tolerated over a limit, in basis points.
pub const TOLERANCE_BP_MAX: i32 = 5_000;
/// Longest grace after the last day of a line.
pub const GRACE_DAYS_MAX: i32 = 90;

/// What the policy says about a grade.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GradePolicy {
    /// Whether the grade has to pay before delivery.
    pub cash_only: bool,
    /// Highest limit, in minor units of the company's currency.
    pub limit_max_minor: Option<i64>,
    /// Longest payment term in calendar days.
    pub payment_term_days_max: Option<i32>,
    /// Smallest deposit share, in basis points.
    pub deposit_share_bp_min: Option<i32>,
    /// Months between two reviews of a line.
    pub review_months: Option<i32>,
}

crate::text_enum! {
    /// Name of a check.
    pub enum CheckName {
        /// The bounds of the policy for the grade of the customer.
        Grade = "grade",
        /// Whether the score may still be relied on.
        ScoreValidity = "score_validity",
        /// The share of a new customer's expected sales.
        NewCustomerShare = "new_customer_share",
        /// The total of the group against the company's net capital.
        Concentration = "concentration",
        /// What is overdue.
        OverdueBalance = "overdue_balance",
        /// The documents that have to be there and valid.
        Documents = "documents",
    }
}

crate::text_enum! {
    /// What a failed check leads to.
    pub enum FailureRoute {
        /// The application goes to the exceptional chain.
        Exceptional = "exceptional",
        /// The application cannot be submitted.
        Refuse = "refuse",
    }
}

crate::text_enum! {
    /// How a check comes out that lacks a fact.
    pub enum MissingOutcome {
        /// As one that fails.
        Fail = "fail",
        /// It is worth knowing, and no reason to refuse.
        Warn = "warn",
        /// Nothing is in the way.
        Pass = "pass",
    }
}

crate::text_enum! {
    /// What happened to a customer that concerns its credit.
    pub enum AdverseKind {
        /// It did not pay what it owes, to us or to others.
        Default = "default",
        /// It is sued, or its assets are seized.
        Lawsuit = "lawsuit",
        /// It is insolvent, or asks for protection from its creditors.
        Insolvency = "insolvency",
        /// Its business has become much worse.
        Deterioration = "deterioration",
        /// Something else.
        Other = "other",
    }
}

crate::text_enum! {
    /// What an adverse event does to the lines of the customer.
    pub enum AdverseEffect {
        /// Every active line is suspended at once, and due for review.
        Suspend = "suspend",
        /// Every line is due for review at once.
        Review = "review",
    }
}

/// The policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreditPolicy {
    /// Bounds by grade.
    pub grades: BTreeMap<Grade, GradePolicy>,
    /// Bounds of who has no grade that may be relied on; those of the worst grade that has some where
    /// nothing is said.
    // What a published policy does not say is not what the built-in one says.
    #[serde(default = "nothing_said")]
    pub ungraded: Option<GradePolicy>,
    /// How checks come out that lack a fact; they fail where nothing is said.
    #[serde(default = "BTreeMap::new")]
    pub missing: BTreeMap<CheckName, MissingOutcome>,
    /// What adverse events do to lines; they suspend where nothing is said.
    #[serde(default = "BTreeMap::new")]
    pub adverse: BTreeMap<AdverseKind, AdverseEffect>,
    /// Months from the first business during which a customer counts as new.
    pub new_customer_months: Option<i32>,
    /// Largest limit of a new customer, as a share of its expected sales in basis points.
    pub new_customer_share_bp: Option<i32>,
    /// Share of net capital from which one group is worth a warning, in basis points.
    pub concentration_warn_bp: Option<i32>,
    /// Largest share of net capital for one group, in basis points.
    pub concentration_max_bp: Option<i32>,
    /// Largest overdue amount that is no reason to refuse, in minor units of the company's
    /// currency.
    pub overdue_max_minor: Option<i64>,
    /// Types of documents that an application for more credit has to refer to.
    pub required_documents: BTreeSet<String>,
    /// What a failed check leads to; the exceptional chain where nothing is said.
    pub on_failure: BTreeMap<CheckName, FailureRoute>,
    /// What may be used beyond a limit, as a share of it in basis points.
    pub tolerance_bp: i32,
    /// Days after its last day on which a line may still be used.
    pub grace_days: i32,
    /// Months between two reviews of a line of a customer without a grade.
    pub review_months: Option<i32>,
    /// Whether money that came and settles nothing yet takes off what is used.
    pub count_money_on_account: bool,
}

fn nothing_said() -> Option<GradePolicy> {
    None
}

impl Default for CreditPolicy {
    /// The policy of a company that has published none: version 0. Grade D pays cash; lines are
    /// reviewed every year, weak grades more often; a missing score is worth a warning, and decided as
    /// the weakest grade; everything else is off.
    fn default() -> Self {
        let reviewed = |review_months| GradePolicy {
            review_months: Some(review_months),
            ..GradePolicy::default()
        };
        Self {
            grades: BTreeMap::from([
                (Grade::A, reviewed(12)),
                (Grade::B, reviewed(12)),
                (Grade::C, reviewed(6)),
                (
                    Grade::D,
                    GradePolicy {
                        cash_only: true,
                        ..reviewed(3)
                    },
                ),
            ]),
            ungraded: Some(GradePolicy::default()),
            missing: BTreeMap::from([
                (CheckName::Grade, MissingOutcome::Warn),
                (CheckName::ScoreValidity, MissingOutcome::Warn),
            ]),
            adverse: BTreeMap::new(),
            new_customer_months: None,
            new_customer_share_bp: None,
            concentration_warn_bp: None,
            concentration_max_bp: None,
            overdue_max_minor: None,
            required_documents: BTreeSet::new(),
            on_failure: BTreeMap::from([(CheckName::Grade, FailureRoute::Refuse)]),
            tolerance_bp: 0,
            grace_days: 0,
            review_months: Some(12),
            count_money_on_account: true,
        }
    }
}

/// Who pays before delivery, whatever else is agreed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CashOnly {
    /// Those of these grades, also when these have run out.
    pub grades: BTreeSet<Grade>,
    /// Those without a grade that may be relied on.
    pub ungraded: bool,
}

/// What is tolerated on the way to a decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Beyond a limit, as a share of it in basis points.
    pub over_bp: i32,
    /// Days after the last day of a line.
    pub grace_days: i32,
}

impl CreditPolicy {
    /// What it tolerates.
    pub fn tolerance(&self) -> Tolerance {
        Tolerance {
            over_bp: self.tolerance_bp,
            grace_days: self.grace_days,
        }
    }

    /// Who pays before delivery.
    pub fn cash_only(&self) -> CashOnly {
        let paying = self.grades.iter().filter(|(_, own)| own.cash_only);
        CashOnly {
            grades: paying.map(|(grade, _)| *grade).collect(),
            ungraded: self.of_ungraded().cash_only,
        }
    }

    /// What a failed check leads to.
    pub fn route_of(&self, check: CheckName) -> FailureRoute {
        self.on_failure
            .get(&check)
            .copied()
            .unwrap_or(FailureRoute::Exceptional)
    }

    /// How a check comes out that lacks a fact.
    pub fn when_missing(&self, check: CheckName) -> MissingOutcome {
        self.missing
            .get(&check)
            .copied()
            .unwrap_or(MissingOutcome::Fail)
    }

    /// What an adverse event does to lines.
    pub fn on_adverse(&self, kind: AdverseKind) -> AdverseEffect {
        let said = self.adverse.get(&kind).copied();
        said.unwrap_or(AdverseEffect::Suspend)
    }

    /// What it says about who has no grade that may be relied on.
    pub fn of_ungraded(&self) -> GradePolicy {
        let worst = || self.grades.values().next_back().cloned();
        self.ungraded.clone().or_else(worst).unwrap_or_default()
    }

    /// The day of the next review of a line, from a day on.
    pub fn review_on(&self, grade: Option<Grade>, from: NaiveDate) -> Option<NaiveDate> {
        let months = match grade {
            Some(grade) => self.grades.get(&grade).and_then(|own| own.review_months),
            None => self.review_months,
        };
        from.checked_add_months(Months::new(u32::try_from(months?).ok()?))
    }

    /// The first field that is out of range, and what it should be.
    pub fn out_of_range(&self) -> Option<(&'static str, &'static str)> {
        let share = |value: Option<i32>| value.is_none_or(|bp| (0..=1_000_000).contains(&bp));
        let months = |value: Option<i32>| value.is_none_or(|count| (1..=120).contains(&count));
        let amount = |value: Option<i64>| value.is_none_or(|minor| minor >= 0);
        let of_grades = |fine: &dyn Fn(&GradePolicy) -> bool| {
            self.grades.values().chain(&self.ungraded).all(fine)
        };
        let rows = [
            (
                "grades",
                "is not in range",
                of_grades(&|own| {
                    amount(own.limit_max_minor)
                        && months(own.review_months)
                        && own
                            .payment_term_days_max
                            .is_none_or(|days| (0..=3650).contains(&days))
                        && own
                            .deposit_share_bp_min
                            .is_none_or(|bp| (0..=10_000).contains(&bp))
                }),
            ),
            (
                "new_customer_months",
                "is not between 1 and 120",
                months(self.new_customer_months),
            ),
            (
                "review_months",
                "is not between 1 and 120",
                months(self.review_months),
            ),
            (
                "new_customer_share_bp",
                "is not between 0 and 1000000",
                share(self.new_customer_share_bp),
            ),
            (
                "concentration_warn_bp",
                "is not between 0 and 1000000",
                share(self.concentration_warn_bp),
            ),
            (
                "concentration_max_bp",
                "is not between 0 and 1000000",
                share(self.concentration_max_bp),
            ),
            (
                "overdue_max",
                "is less than zero",
                amount(self.overdue_max_minor),
            ),
            (
                "tolerance_bp",
                "is not between 0 and 5000",
                (0..=TOLERANCE_BP_MAX).contains(&self.tolerance_bp),
            ),
            (
                "grace_days",
                "is not between 0 and 90",
                (0..=GRACE_DAYS_MAX).contains(&self.grace_days),
            ),
        ];
        rows.into_iter()
            .find(|(_, _, fine)| !fine)
            .map(|(field, detail, _)| (field, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_tolerated_unless_somebody_says_so() {
        let policy = CreditPolicy::default();
        assert_eq!(policy.tolerance(), Tolerance::default());
        assert_eq!(policy.out_of_range(), None);
        assert_eq!(policy.route_of(CheckName::Grade), FailureRoute::Refuse);
        assert_eq!(
            policy.route_of(CheckName::Concentration),
            FailureRoute::Exceptional
        );
    }

    #[test]
    fn weak_grades_are_reviewed_more_often() {
        let policy = CreditPolicy::default();
        let on = |grade| {
            policy
                .review_on(grade, "2026-01-31".parse().unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(on(Some(Grade::A)), "2027-01-31");
        assert_eq!(on(Some(Grade::D)), "2026-04-30");
        assert_eq!(on(None), "2027-01-31");
    }

    #[test]
    fn what_is_not_said_of_missing_facts_is_no_better_than_the_worst_known() {
        let built_in = CreditPolicy::default();
        assert_eq!(
            built_in.when_missing(CheckName::Grade),
            MissingOutcome::Warn
        );
        assert!(!built_in.of_ungraded().cash_only);
        // A stored policy of a release that knew of none of it, and one that does not say.
        let published: CreditPolicy =
            serde_json::from_str(r#"{"grades": {"B": {}, "D": {"cash_only": true}}}"#).unwrap();
        for check in CheckName::EVERY {
            assert_eq!(published.when_missing(*check), MissingOutcome::Fail);
        }
        assert!(published.of_ungraded().cash_only);
        let without_grades: CreditPolicy = serde_json::from_str(r#"{"grades": {}}"#).unwrap();
        assert_eq!(without_grades.of_ungraded(), GradePolicy::default());
    }

    #[test]
    fn a_field_out_of_range_is_named() {
        let policy = CreditPolicy {
            tolerance_bp: 5_001,
            ..CreditPolicy::default()
        };
        assert_eq!(
            policy.out_of_range().map(|found| found.0),
            Some("tolerance_bp")
        );
    }
}
