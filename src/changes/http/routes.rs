//! The operations of changes that wait for a second person, each with the refusals of its business.

use super::pending_changes;
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[(
    "pending-changes",
    "Changes of facts, settings and documents that loosen, and wait for a second person.",
)];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(pending_changes::list, InvalidCursor),
            route!(pending_changes::get),
            route!(
                pending_changes::approve,
                InvalidTransition,
                FourEyesRequired,
                ChangeOutdated,
            ),
            route!(pending_changes::reject, InvalidTransition, FourEyesRequired),
            route!(
                pending_changes::withdraw,
                InvalidTransition,
                FourEyesRequired
            ),
        ],
    )
}
