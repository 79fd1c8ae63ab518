//! Kinds of events of scores.

use crate::values::event_kinds::event_kinds;

event_kinds! {
    CUSTOMER_SCORE_RECORDED = "customer_score.recorded": "A score of a customer was recorded.";
    EXPECTED_SALES_RECORDED = "expected_sales.recorded": "The sales that are expected of a customer were recorded.";
}
