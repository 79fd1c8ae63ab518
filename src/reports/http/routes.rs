//! The operations of reports, each with the refusals of its business.

use super::portfolios;
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[(
    "reports",
    "Limits and their use over the whole portfolio, on any day.",
)];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(portfolios::concentration),
            route!(portfolios::portfolio),
        ],
    )
}
