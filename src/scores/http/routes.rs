//! The operations of scores, each with the refusals of its business.

use super::{expected_sales, scores};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[(
    "scores",
    "Grades of customers and how long they hold, and the sales that are expected of them.",
)];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(scores::create, ChangeWaiting),
            route!(scores::list, InvalidCursor),
            route!(scores::get),
            route!(expected_sales::create, ChangeWaiting),
            route!(expected_sales::list, InvalidCursor),
            route!(expected_sales::get),
        ],
    )
}
