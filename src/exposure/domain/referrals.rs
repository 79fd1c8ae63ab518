//! Referrals: an order that the rules referred, and the release that lets it through once.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::assessment::{Assessment, CreditDecision};
use crate::approvals::domain::lifecycle::Standing;
use crate::catalogue::domain::products::ProductCode;
use crate::rules::domain::check_rules::Verdict;
use crate::values::money::{AMOUNT_MINOR_MAX, Money};

crate::text_enum! {
    /// Where a referral stands.
    pub enum ReferralStatus {
        /// Waits for a decision.
        Requested = "requested",
        /// Lets one reservation through.
        Released = "released",
        /// Nobody used the release in its days. Follows from the date.
        Lapsed = "lapsed",
        /// Refused.
        Rejected = "rejected",
        /// Taken back by who asked.
        Withdrawn = "withdrawn",
        /// A reservation has passed by it.
        Used = "used",
    }
}

impl Standing for ReferralStatus {
    fn may_become(self, next: Self) -> bool {
        match self {
            Self::Requested => {
                matches!(next, Self::Released | Self::Rejected | Self::Withdrawn)
            }
            Self::Released => next == Self::Used,
            Self::Lapsed | Self::Rejected | Self::Withdrawn | Self::Used => false,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl ReferralStatus {
    /// As it is on a day.
    pub fn on(self, valid_until: Option<NaiveDate>, day: NaiveDate) -> Self {
        match self {
            Self::Released if valid_until.is_some_and(|last| last < day) => Self::Lapsed,
            other => other,
        }
    }
}

/// What was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Product.
    pub product: ProductCode,
    /// Largest amount.
    pub amount_max: Money,
    /// Deposit it was released with.
    pub deposit_minor: i64,
    /// Last day.
    pub valid_until: NaiveDate,
    /// Codes of what was referred.
    pub codes: BTreeSet<String>,
}

/// An order that would like to pass by a release.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'a> {
    /// Product.
    pub product: &'a ProductCode,
    /// Amount.
    pub amount: Money,
    /// Deposit for it.
    pub deposit_minor: i64,
}

impl Release {
    /// Whether the order passes: what was decided about, no more than that, and in time. What
    /// declines is never let through, nor what was not referred when somebody decided.
    pub fn lets_through(
        &self,
        order: Passing<'_>,
        assessment: &Assessment,
        today: NaiveDate,
    ) -> bool {
        assessment.decision() == CreditDecision::Referred
            && self.product == *order.product
            && self.amount_max.currency() == order.amount.currency()
            && order.amount.minor() <= self.amount_max.minor()
            && order.deposit_minor >= self.deposit_minor
            && today <= self.valid_until
            && referred(assessment).is_subset(&self.codes)
    }
}

/// Codes of what an assessment refers.
pub fn referred(assessment: &Assessment) -> BTreeSet<String> {
    assessment
        .rules
        .iter()
        .filter(|rule| matches!(rule.verdict, Verdict::Refer(_)))
        .map(|rule| rule.code.as_str().to_owned())
        .collect()
}

/// The largest amount that a release lets through: what was asked for and a tolerance, rounded
/// down.
pub fn amount_max_minor(amount_minor: i64, tolerance_bp: i32) -> i64 {
    let most = i128::from(amount_minor) * (10_000 + i128::from(tolerance_bp)) / 10_000;
    i64::try_from(most)
        .unwrap_or(AMOUNT_MINOR_MAX)
        .clamp(amount_minor, AMOUNT_MINOR_MAX.max(amount_minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Bilingual, Reason};
    use crate::error_codes::ProblemCode;
    use crate::exposure::domain::assessment::RuleResult;
    use crate::values::currency::Currency;
    use ReferralStatus::*;

    #[test]
    fn only_who_waits_is_decided_and_only_what_is_released_is_used() {
        for from in ReferralStatus::EVERY {
            for to in ReferralStatus::EVERY {
                let expected = matches!(
                    (from, to),
                    (Requested, Released | Rejected | Withdrawn) | (Released, Used)
                );
                assert_eq!(from.may_become(*to), expected, "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn a_release_lapses_by_the_date_alone() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day);
        let on = |status: ReferralStatus, today| status.on(day(5), day(today).unwrap());
        assert_eq!(
            [4, 5, 6].map(|today| on(Released, today)),
            [Released, Released, Lapsed]
        );
        assert_eq!(on(Used, 6), Used);
    }

    #[test]
    fn the_tolerance_is_rounded_down() {
        assert_eq!(amount_max_minor(999, 500), 1_048);
        assert_eq!(amount_max_minor(1, 9_999), 1);
        assert_eq!(amount_max_minor(AMOUNT_MINOR_MAX, 5_000), AMOUNT_MINOR_MAX);
    }

    fn reason(code: ProblemCode) -> Reason {
        Reason {
            code,
            level: None,
            detail: Bilingual::default(),
            facts: Vec::new(),
        }
    }

    type Assessed = (ProblemCode, fn(Reason) -> Verdict);

    fn assessed(verdicts: &[Assessed]) -> Assessment {
        let rule = |(code, of): &Assessed| RuleResult {
            code: *code,
            level: None,
            verdict: of(reason(*code)),
        };
        Assessment {
            rule_set: Some(1),
            rules: verdicts.iter().map(rule).collect(),
            levels: Vec::new(),
            holds_until: None,
        }
    }

    #[test]
    fn it_lets_through_what_was_decided_about_and_nothing_else() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        let money = |minor| Money::new(minor, Currency::CNY).unwrap();
        let product = |code| ProductCode::parse(code).unwrap();
        let (goods, others) = (product("goods"), product("others"));
        let release = Release {
            product: goods.clone(),
            amount_max: money(100),
            deposit_minor: 10,
            valid_until: day(9),
            codes: BTreeSet::from(["limit_exceeded".to_owned()]),
        };
        let order = Passing {
            product: &goods,
            amount: money(100),
            deposit_minor: 10,
        };
        let over = assessed(&[(ProblemCode::LimitExceeded, Verdict::Refer)]);
        let passes =
            |order, assessment: &Assessment, on| release.lets_through(order, assessment, on);
        assert!(passes(order, &over, day(9)));
        assert!(!passes(order, &over, day(10)));
        let other = |change: fn(&mut Passing<'_>)| {
            let mut order = order;
            change(&mut order);
            order
        };
        let of_others = Passing {
            product: &others,
            ..order
        };
        assert!(!passes(of_others, &over, day(9)));
        assert!(!passes(
            other(|order| order.deposit_minor = 9),
            &over,
            day(9)
        ));
        let larger = Passing {
            amount: money(101),
            ..order
        };
        assert!(!passes(larger, &over, day(9)));
        let foreign = Passing {
            amount: Money::new(1, Currency::USD).unwrap(),
            ..order
        };
        assert!(!passes(foreign, &over, day(9)));
        // Declined, or referred for something nobody decided about.
        let limit = (
            ProblemCode::LimitExceeded,
            Verdict::Refer as fn(Reason) -> Verdict,
        );
        for worse in [Verdict::Fail as fn(Reason) -> Verdict, Verdict::Refer] {
            let both = assessed(&[limit, (ProblemCode::OverdueExceeded, worse)]);
            assert!(!passes(order, &both, day(9)));
        }
    }
}
