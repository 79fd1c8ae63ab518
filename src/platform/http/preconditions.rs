//! The version that a change means to change.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use serde_json::json;

use super::operation::{Draft, Input};
use crate::error::{Bilingual, Error, FieldError, Place, Problem};
use crate::error_codes::ProblemCode;

/// The version a change means to change, from `If-Match` (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version.
    Any,
    /// One of these versions; none when the header names none of ours.
    OneOf(Vec<i64>),
}

impl IfMatch {
    /// Checks the current version.
    ///
    /// # Errors
    /// [`ProblemCode::PreconditionFailed`] when it is another.
    pub fn check(&self, current: i64) -> Result<(), Error> {
        match self {
            // The tag names the version alone: its digest is of a representation that this
            // caller has not asked for.
            Self::OneOf(wanted) if !wanted.contains(&current) => {
                Err(Problem::new(ProblemCode::PreconditionFailed)
                    .with_header("ETag", format!("\"{current}\""))
                    .into())
            }
            _ => Ok(()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(if_match(request))
    }
}

impl Input for IfMatch {
    fn describe(draft: &mut Draft) {
        draft.parameter(json!({
            "name": "If-Match", "in": "header", "required": false,
            "description": "ETag of the version that the change is meant for. Required: without it the answer is 428.",
            "schema": {"type": "string", "maxLength": 200, "pattern": r#"^(\*|"[0-9a-z-]+")$"#},
            "example": "\"1-5f2b8c0d9e3a4b71\"",
        }));
        draft.problem(&[
            ProblemCode::PreconditionRequired,
            ProblemCode::PreconditionFailed,
        ]);
    }
}

fn if_match(request: &HttpRequest) -> Result<IfMatch, Error> {
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return Err(ProblemCode::PreconditionRequired.into());
    };
    let text = value.to_str().unwrap_or("").trim();
    if text == "*" {
        return Ok(IfMatch::Any);
    }
    let malformed = || {
        Error::from(Problem::new(ProblemCode::InvalidParameter).at(FieldError {
            place: Place::Header("If-Match".to_owned()),
            detail: Bilingual::new("is not an entity tag in quotes", "不是带引号的实体标签"),
        }))
    };
    // Lists are allowed; one of the tags has to be ours. A weak tag never matches strongly.
    let mut versions = Vec::new();
    for tag in text.split(',').map(str::trim) {
        let weak = tag.starts_with("W/");
        let inner = tag
            .trim_start_matches("W/")
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .ok_or_else(malformed)?;
        let number = inner.split('-').next().unwrap_or("");
        if let (false, Ok(found)) = (weak, number.parse::<i64>()) {
            versions.push(found);
        }
    }
    Ok(IfMatch::OneOf(versions))
}
