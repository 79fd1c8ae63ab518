//! Kinds of events of the rules.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    CHECK_RULE_SET_PUBLISHED = "check_rule_set.published": "A version of the rules of credit checks was published.";
    CREDIT_EXCLUSION_ENDED = "credit_exclusion.ended": "An exclusion of a customer from credit was ended before its last day.";
    CREDIT_EXCLUSION_RECORDED = "credit_exclusion.recorded": "A customer was excluded from credit.";
    CREDIT_POLICY_PUBLISHED = "credit_policy.published": "A version of the credit policy was published.";
    DUNNING_LEVEL_RECORDED = "dunning_level.recorded": "The dunning level of a customer was recorded.";
    SUPPLY_HOLD_ENDED = "supply_hold.ended": "A supply hold of a customer was ended before its last day.";
    SUPPLY_HOLD_RECORDED = "supply_hold.recorded": "The supply of a customer was put on hold.";
}
