//! The operations of reports and of the change feed, each with the refusals of its business.

use super::{events, portfolios};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[
    (
        "events",
        "The change feed: every business change in commit order.",
    ),
    (
        "reports",
        "Limits and their use over the whole portfolio, on any day.",
    ),
];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(events::list, InvalidCursor, CursorExpired),
            route!(portfolios::concentration),
            route!(portfolios::portfolio),
        ],
    )
}
