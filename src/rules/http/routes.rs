//! The operations of the rules and what they look at, each with the refusals of its business.

use super::{check_rule_sets, credit_policies, dunning_levels, restrictions};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[
    (
        "credit-checks",
        "Could this ship on credit? No side effects. And the rules it goes by.",
    ),
    (
        "credit-policies",
        "Thresholds of checks, bounds by grade, tolerances and review dates.",
    ),
    (
        "restrictions",
        "Exclusions from credit, supply holds and dunning levels of customers.",
    ),
];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(credit_policies::publish),
            route!(credit_policies::list, InvalidCursor),
            route!(credit_policies::get),
            route!(check_rule_sets::publish),
            route!(check_rule_sets::list, InvalidCursor),
            route!(check_rule_sets::get),
            route!(restrictions::exclude, NotFound),
            route!(restrictions::list_exclusions, InvalidCursor),
            route!(restrictions::get_exclusion),
            route!(
                restrictions::end_exclusion,
                InvalidTransition,
                ChangeWaiting
            ),
            route!(restrictions::hold, NotFound),
            route!(restrictions::list_holds, InvalidCursor),
            route!(restrictions::get_hold),
            route!(restrictions::end_hold, InvalidTransition, ChangeWaiting),
            route!(dunning_levels::record, ChangeWaiting),
            route!(dunning_levels::list, InvalidCursor),
            route!(dunning_levels::get),
        ],
    )
}
