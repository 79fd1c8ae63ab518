//! How large an order may be, in however many pieces it comes.

use super::assessment::assess;
use super::assessment_rule_tests::{approved, by, claim, facts, seen, with};
use crate::error_codes::ProblemCode;
use crate::rules::domain::check_rules::RuleEffect::{Decline, Refer};
use crate::rules::domain::check_rules::*;
use crate::values::currency::Currency;

#[test]
fn an_order_is_no_smaller_for_coming_in_pieces() {
    for effect in [Refer, Decline] {
        let largest = |minor, worth_minor, lately| {
            let mut standing = with(CheckRules {
                largest_document: Some(LargestDocumentRule {
                    amount_max_minor: 300,
                    effect,
                    within_days: 1,
                }),
                ..CheckRules::default()
            });
            standing.owed.ordered_lately = Ok(lately);
            let order = OrderTerms {
                worth_minor,
                ..OrderTerms::default()
            };
            let facts = facts(0, standing, order);
            seen(&assess(&facts, &claim(minor, Currency::CNY)))
        };
        let too_large = by(effect, ProblemCode::DocumentTooLarge);
        assert_eq!(largest(300, 0, 0), approved());
        assert_eq!(largest(301, 0, 0), too_large);
        // It is one order, in however many steps it has grown.
        assert_eq!(largest(1, 299, 0), approved());
        assert_eq!(largest(1, 300, 0), too_large);
        // What was ordered shortly before counts in, and the order itself only once.
        assert_eq!(largest(100, 0, 200), approved());
        assert_eq!(largest(101, 0, 200), too_large);
        assert_eq!(largest(50, 250, 250), approved());
        assert_eq!(largest(1, 10, 300), too_large);
    }
}
