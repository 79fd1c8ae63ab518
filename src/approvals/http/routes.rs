//! The operations of approvals, delegations and the authority matrix, each with the refusals of its business.

use super::{approvals, authority_rules, delegations};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[(
    "approvals",
    "Who has to decide what: cases, steps, delegations, and the authority matrix.",
)];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(approvals::list, InvalidCursor).naming::<approvals::ApprovalRole>(),
            route!(approvals::get),
            route!(approvals::simulate, AuthorityRuleMissing),
            route!(delegations::create, NothingToDelegate),
            route!(delegations::list, InvalidCursor),
            route!(delegations::get),
            route!(delegations::revoke, InvalidTransition, FourEyesRequired),
            route!(authority_rules::publish, AuthorityFloor),
            route!(authority_rules::list, InvalidCursor),
            route!(authority_rules::get),
        ],
    )
}
