//! What was approved of a line besides its limit, and binds: the longest payment term, and the share
//! of an order that a cash deposit has to secure.

use chrono::NaiveDate;

use crate::catalogue::domain::counted::Claim;
use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::values::ids::LineId;
use crate::values::money::decimal_string;

/// Basis points of a whole.
const WHOLE_BP: i128 = 10_000;

/// The longest term that business may have, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovedTerm {
    /// Calendar days.
    pub days: i32,
    /// The line that gives it; `None` where it is that of the product.
    pub line_id: Option<LineId>,
}

/// The shortest that a line gives on which the business counts; that of the product where none does.
pub fn approved(
    lines: impl IntoIterator<Item = (LineId, Option<i32>)>,
    product_days: i32,
) -> ApprovedTerm {
    let given = lines
        .into_iter()
        .filter_map(|(line_id, days)| Some((days?, line_id)));
    match given.min() {
        Some((days, line_id)) => ApprovedTerm {
            days,
            line_id: Some(line_id),
        },
        None => ApprovedTerm {
            days: product_days,
            line_id: None,
        },
    }
}

/// Why a term is longer than approved, if it is: one that starts later is a longer one.
pub fn exceeded(
    (issued_on, term_days): (NaiveDate, i32),
    approved: ApprovedTerm,
    today: NaiveDate,
) -> Option<Reason> {
    let asked = i64::from(term_days) + (issued_on - today).num_days().max(0);
    if asked <= i64::from(approved.days) {
        return None;
    }
    let most = approved.days;
    let mut facts = vec![
        ("payment_term_days", asked.to_string()),
        ("payment_term_days_max", most.to_string()),
    ];
    let line = approved.line_id;
    facts.extend(line.map(|line_id| ("credit_line_id", line_id.to_string())));
    Some(Reason {
        code: ProblemCode::TermExceeded,
        level: None,
        detail: Bilingual::new(
            format!("Counted from today, the term is {asked} days; {most} are approved."),
            format!("自今日起账期为 {asked} 天，批准账期为 {most} 天。"),
        ),
        facts,
    })
}

/// What a share of an amount comes to, rounded up.
fn share_up(amount_minor: i64, share_bp: i32) -> i64 {
    let share = i128::from(amount_minor) * i128::from(share_bp);
    i64::try_from((share + WHOLE_BP - 1) / WHOLE_BP).unwrap_or(i64::MAX)
}

/// Why the deposit of an order is less than the share of it that a line asks for, if it is.
pub fn deposit_missing(order: &Claim, share_bp: Option<i32>) -> Option<Reason> {
    let share_bp = share_bp?;
    let required = share_up(order.amount.minor(), share_bp);
    if order.deposit_minor >= required {
        return None;
    }
    let own = order.amount.currency();
    let text = |minor| decimal_string(minor, own);
    let (needed, there) = (text(required), text(order.deposit_minor));
    Some(Reason {
        code: ProblemCode::DepositMissing,
        level: None,
        detail: Bilingual::new(
            format!("A deposit of {needed} is asked for; the order brings {there}."),
            format!("要求保证金 {needed}，订单仅有 {there}。"),
        ),
        facts: vec![
            ("deposit_required", needed),
            ("deposit", there),
            ("deposit_share_bp", share_bp.to_string()),
            ("currency", own.code().to_owned()),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::domain::products::ExposureTreatment;
    use crate::values::currency::Currency;
    use crate::values::ids::Bucket;
    use crate::values::money::Money;

    fn line(number: u64) -> LineId {
        LineId::mint(Bucket::from_random(1), number, [0; 9])
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_shortest_term_of_a_line_binds_and_that_of_the_product_only_without_one() {
        for (lines, days, whose) in [
            (vec![], 30, None),
            (vec![None, None], 30, None),
            (vec![Some(60)], 60, Some(1)),
            (vec![Some(60), None, Some(15)], 15, Some(3)),
            (vec![Some(0)], 0, Some(1)),
        ] {
            let given = (1..).map(line).zip(lines.clone());
            let expected = ApprovedTerm {
                days,
                line_id: whose.map(line),
            };
            assert_eq!(approved(given, 30), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_term_that_starts_later_is_longer() {
        let of_line = ApprovedTerm {
            days: 30,
            line_id: Some(line(1)),
        };
        for (issued_on, term, passes) in [
            ("2026-03-02", 30, true),
            ("2026-03-02", 31, false),
            ("2026-03-02", 3650, false),
            ("2026-03-12", 20, true),
            ("2026-03-12", 21, false),
            ("2025-03-02", 30, true),
            ("2036-03-02", 0, false),
        ] {
            let found = exceeded((day(issued_on), term), of_line, day("2026-03-02"));
            assert_eq!(found.is_none(), passes, "{issued_on} {term}");
        }
    }

    #[test]
    fn a_share_of_the_order_is_asked_for_rounded_up() {
        let missing = |minor: i64, deposit_minor: i64, share_bp: Option<i32>| {
            let order = Claim {
                amount: Money::new(minor, Currency::CNY).unwrap(),
                deposit_minor,
                treatment: ExposureTreatment::Gross,
            };
            let reason = deposit_missing(&order, share_bp)?;
            Some(reason.facts[0].1.clone())
        };
        assert_eq!(missing(10_000, 0, None), None);
        assert_eq!(missing(10_000, 0, Some(0)), None);
        assert_eq!(missing(10_000, 1_999, Some(2000)).as_deref(), Some("20.00"));
        assert_eq!(missing(10_000, 2_000, Some(2000)), None);
        assert_eq!(missing(1, 0, Some(1)).as_deref(), Some("0.01"));
        assert_eq!(missing(101, 50, Some(5000)).as_deref(), Some("0.51"));
        assert_eq!(missing(101, 101, Some(10_000)), None);
    }
}
