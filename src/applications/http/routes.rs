//! The operations of applying for credit and deciding about it, each with the refusals of its business.

use super::{applications, decisions};
use crate::platform::http::operation::{Operation, Tag};
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[(
    "credit-applications",
    "Requests for credit lines and their approval.",
)];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(
        TAGS,
        vec![
            route!(
                applications::create,
                NotFound,
                ProductUnknown,
                InvalidTransition,
                LineOverlaps,
            ),
            route!(applications::list, InvalidCursor),
            route!(applications::get),
            route!(applications::patch, InvalidTransition, FourEyesRequired),
            route!(decisions::checks),
            route!(
                decisions::submit,
                InvalidTransition,
                FourEyesRequired,
                LineOverlaps,
                LimitBelowUse,
                ApprovalCheckFailed,
                AuthorityRuleMissing,
                CurrencyRateMissing,
            ),
            route!(
                decisions::approve,
                InvalidTransition,
                FourEyesRequired,
                LineOverlaps,
                ApplicationOutdated,
                ApprovalChecksChanged,
                LimitBelowUse,
                CurrencyRateMissing,
                AlreadyMember,
            ),
            route!(decisions::reject, InvalidTransition, FourEyesRequired),
            route!(decisions::send_back, InvalidTransition, FourEyesRequired),
            route!(decisions::withdraw, InvalidTransition, FourEyesRequired),
        ],
    )
}
