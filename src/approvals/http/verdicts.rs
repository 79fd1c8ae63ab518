//! What somebody decides, from the body of the request.

use crate::approvals::domain::approvals::Verdict;
use crate::platform::http::bodies::{Approve, TurnDown};

impl From<Approve> for Verdict {
    fn from(body: Approve) -> Self {
        Self {
            comment: body.comment.map_or_else(String::new, |text| text.0),
            step: body.step,
        }
    }
}

impl From<TurnDown> for Verdict {
    fn from(body: TurnDown) -> Self {
        Self {
            comment: body.reason.0,
            step: body.step,
        }
    }
}
