//! The operations of the archive, each with the refusals of its business.

use super::customers;
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[(
    "customers",
    "The archive: one per customer from first contact.",
)];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(
                customers::create,
                DuplicateSocialCreditCode,
                OutsideOrganisation
            ),
            route!(customers::list, InvalidCursor),
            route!(customers::search),
            route!(customers::get),
            route!(customers::patch, DuplicateSocialCreditCode, ChangeWaiting),
            route!(customers::history, InvalidCursor),
        ],
    )
}
