//! What the caller learns of credit that is not given: of decisions that do not approve, and of
//! terms that make no sense.

use serde_json::json;

use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::assessment::Assessment;
use crate::exposure::domain::line_terms::Nonsense;
use crate::exposure::domain::lines::LineStatus;
use crate::values::currency::Currency;
use crate::values::money::decimal_string;

/// The problem of a decision that does not approve: every reason, and whether somebody with
/// authority could let it through.
pub fn refused_by(assessment: &Assessment) -> Error {
    match Error::for_reasons(&assessment.refusals()) {
        Error::Refused(problem) => {
            let decision = json!(assessment.decision());
            (*problem).with_member("decision", decision).into()
        }
        other => other,
    }
}

/// What is wrong with the terms, in words.
pub fn nonsense(error: Nonsense, currency: Currency) -> Error {
    match error {
        Nonsense::Field(name, en, zh) => Problem::field(name, en, zh).into(),
        Nonsense::Day(name, wrong) => wrong.at(name).into(),
        Nonsense::Status(status) => line_status(status),
        Nonsense::BelowUse {
            limit_minor,
            used_minor,
        } => {
            let text = |minor| decimal_string(minor, currency);
            Problem::new(ProblemCode::LimitBelowUse)
                .with_member("limit", json!(text(limit_minor)))
                .with_member("used", json!(text(used_minor)))
                .into()
        }
        Nonsense::TemporaryOverlaps => Problem::new(ProblemCode::LineOverlaps)
            .because(
                "Another temporary increase of the line has not ended yet.",
                "该额度已有尚未结束的临时增额。",
            )
            .into(),
    }
}

fn line_status(status: LineStatus) -> Error {
    let status = status.as_str();
    Problem::new(ProblemCode::InvalidTransition)
        .because(
            format!("The line is {status}."),
            format!("额度状态为 {status}。"),
        )
        .into()
}
