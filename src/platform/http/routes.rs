//! The operations of events and problems, each with the refusals of its business.

use super::operation::{Operation, Tag};
use super::{events, problems};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[
    (
        "events",
        "The change feed: every business change in commit order.",
    ),
    ("problems", "What each problem code means."),
];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(events::list, InvalidCursor, CursorExpired),
            route!(problems::list),
            route!(problems::get),
        ],
    )
}
