//! The operations of scores, each with the refusals of its business.

use super::scores;
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[("scores", "Grades of customers, and how long they hold.")];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(scores::create),
            route!(scores::list, InvalidCursor),
            route!(scores::get),
        ],
    )
}
