//! The credit policy and the rules of credit checks of the sample company: what whoever tries the
//! service out meets. Proposed on the last evening, confirmed by somebody else, and in force from the day
//! of the load on, so that the business of the year went by none.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::action::{Action, Change, LAST_DAY, Planned};
use super::company::Who;
use crate::approvals::app::publishing;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::error::Error;
use crate::platform::store::documents::Publication;
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::{
    CheckRules, DunningRule, OverdueBounds, OverdueRule, RoomRule, RuleEffect, SupplyHoldRule,
};
use crate::rules::domain::credit_policies::{CheckName, CreditPolicy, GradePolicy, MissingOutcome};
use crate::scores::domain::scores::Grade;

/// Publishing both, and confirming them.
pub(super) fn planned() -> Vec<Planned> {
    let each = [Change::Policy, Change::RuleSet].into_iter();
    each.flat_map(|change| {
        [
            (Who::HeadOfficer, Action::Publish(change)),
            (Who::Executive, Action::Confirm(change)),
        ]
    })
    .map(|(who, action)| Planned {
        day: LAST_DAY,
        who,
        action,
    })
    .collect()
}

/// Proposes one of them, to be in force from a day on.
pub(super) fn publish(
    tx: &mut Tx<'_>,
    change: Change,
    effective_from: NaiveDate,
) -> Result<PendingChangeRow, Error> {
    match change {
        Change::Policy => {
            let new = Publication {
                effective_from,
                note: Some("年度信用政策".to_owned()),
                document: policy(),
            };
            publishing::publish(tx, &new)
        }
        Change::RuleSet => {
            let new = Publication {
                effective_from,
                note: Some("年度信用检查规则".to_owned()),
                document: rules(),
            };
            publishing::publish(tx, &new)
        }
        _ => Err(Error::internal("not a document")),
    }
}

fn policy() -> CreditPolicy {
    let graded = |limit_max_minor, days, review_months| GradePolicy {
        limit_max_minor: Some(limit_max_minor),
        payment_term_days_max: Some(days),
        review_months: Some(review_months),
        ..GradePolicy::default()
    };
    let ungraded = GradePolicy {
        limit_max_minor: Some(20_000_000),
        payment_term_days_max: Some(30),
        ..GradePolicy::default()
    };
    let cash_only = GradePolicy {
        cash_only: true,
        review_months: Some(3),
        ..GradePolicy::default()
    };
    CreditPolicy {
        grades: BTreeMap::from([
            (Grade::A, graded(20_000_000_000, 365, 12)),
            (Grade::B, graded(5_000_000_000, 180, 12)),
            (Grade::C, graded(200_000_000, 90, 6)),
            (Grade::D, cash_only),
        ]),
        ungraded: Some(ungraded),
        missing: BTreeMap::from([
            (CheckName::Grade, MissingOutcome::Warn),
            (CheckName::ScoreValidity, MissingOutcome::Warn),
        ]),
        concentration_warn_bp: Some(1_000),
        concentration_max_bp: Some(1_500),
        overdue_max_minor: Some(5_000_000),
        ..CreditPolicy::default()
    }
}

fn rules() -> CheckRules {
    let days = |days_max| {
        Some(OverdueBounds {
            days_max: Some(days_max),
            amount_max_minor: None,
        })
    };
    CheckRules {
        room: Some(RoomRule {
            effect: RuleEffect::Decline,
            refer_up_to_bp: Some(1_000),
        }),
        overdue: Some(OverdueRule {
            refer: days(30),
            decline: days(90),
            ignore_below_minor: 10_000,
            include_disputed: false,
        }),
        dunning: Some(DunningRule {
            level_max: 2,
            effect: RuleEffect::Refer,
        }),
        supply_hold: Some(SupplyHoldRule {
            effect: RuleEffect::Decline,
        }),
        ..CheckRules::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_make_sense_and_bound_who_is_unknown_no_wider_than_the_weakest() {
        let (policy, rules) = (policy(), rules());
        assert_eq!((policy.out_of_range(), rules.out_of_range()), (None, None));
        assert!(policy.cash_only().grades.contains(&Grade::D));
        let most = |own: &GradePolicy| own.limit_max_minor.unwrap();
        assert!(most(&policy.of_ungraded()) <= most(&policy.grades[&Grade::C]));
    }
}
