//! What a change means to change: as the caller has read it, and not as it is by now.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use serde_json::json;

use super::answers::{Representation, tag_of};
use super::audience::{self, Audience};
use super::operation::{Draft, Input};
use crate::error::{Bilingual, Error, FieldError, Place, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::Reader;
use crate::values::ids::CaseId;

/// A change that is lost or loses another one where it comes blind.
#[derive(Debug)]
pub enum Required {}
/// An action that may mean whatever is there, and is held to a tag where one is sent.
#[derive(Debug)]
pub enum Honoured {}
/// A decision: of what was read, or of what the approval that is named was asked for.
#[derive(Debug)]
pub enum OfDecision {}

/// Whether a request needs `If-Match`.
pub trait MatchRule: 'static {
    /// Whether it is refused where neither the header nor anything else says what is meant.
    const REQUIRED: bool;
    /// Whether something else than the header can say so.
    const OTHERWISE: bool;
    /// What the document says of it.
    const DESCRIPTION: &'static str;
}

impl MatchRule for Required {
    const REQUIRED: bool = true;
    const OTHERWISE: bool = false;
    const DESCRIPTION: &'static str =
        "ETag of the version that the change is meant for. Required: without it the answer is 428.";
}

impl MatchRule for Honoured {
    const REQUIRED: bool = false;
    const OTHERWISE: bool = false;
    const DESCRIPTION: &'static str = "ETag of what the action is meant for, compared whole: when it is another by now, nothing is \
         done and the answer is 412. Without it the action is about whatever is there.";
}

impl MatchRule for OfDecision {
    const REQUIRED: bool = true;
    const OTHERWISE: bool = true;
    const DESCRIPTION: &'static str = "ETag of what was read and is decided. Required, unless the body names the approval in \
         approval_id: without both the answer is 428, and `*` stands for neither.";
}

/// What a change is meant for, from `If-Match` (RFC 9110 §13.1.1).
#[derive(Debug)]
pub struct IfMatch<R = Required> {
    wanted: Wanted,
    /// As whom the caller reads, and so has read before.
    audience: Audience,
    rule: PhantomData<fn() -> R>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// Whatever is there: the header says so, or is missing where it may.
    Any,
    /// Something with one of these tags, which is none where all are weak.
    OneOf(Vec<String>),
}

impl Wanted {
    /// Compares strongly, and the whole of a tag: that the version is the same does not make it
    /// what was read, some of which follows from the date or from elsewhere.
    fn check<T: Representation>(
        &self,
        audience: Audience,
        current: impl FnOnce() -> Result<T, Error>,
    ) -> Result<(), Error> {
        let Self::OneOf(tags) = self else {
            return Ok(());
        };
        let tag = tag_of(&current()?, audience)?;
        if tags.contains(&tag) {
            return Ok(());
        }
        Err(failed(tag))
    }
}

/// What is there is not what was meant; its tag serves for the next attempt.
fn failed(current: String) -> Error {
    Problem::new(ProblemCode::PreconditionFailed)
        .with_header("ETag", current)
        .into()
}

impl<R> IfMatch<R> {
    /// Looks at a row as this caller would read it now.
    pub fn seen<Row: Clone, T: Representation>(
        &self,
        view: impl Fn(&mut Reader<'_>, Row) -> Result<T, Error>,
    ) -> impl Fn(&mut Reader<'_>, &Row) -> Result<(), Error> {
        let (wanted, audience) = (&self.wanted, self.audience);
        move |reader, row| wanted.check(audience, || view(reader, row.clone()))
    }

    /// Compares what is there now.
    ///
    /// # Errors
    /// 412 when it is not what was read.
    pub fn check<T: Representation>(
        &self,
        current: impl FnOnce() -> Result<T, Error>,
    ) -> Result<(), Error> {
        self.wanted.check(self.audience, current)
    }

    /// Whether anything is asked of what is there.
    pub fn asks(&self) -> bool {
        self.wanted != Wanted::Any
    }
}

impl IfMatch<OfDecision> {
    /// What is decided: that with one of the tags, that of the approval, or that with both.
    ///
    /// # Errors
    /// 428 when neither says what was read.
    pub fn or_approval(self, approval: Option<CaseId>) -> Result<Deciding, Error> {
        if approval.is_none() && !self.asks() {
            return Err(ProblemCode::PreconditionRequired.into());
        }
        Ok(Deciding {
            wanted: self.wanted,
            audience: self.audience,
            approval,
        })
    }
}

/// What somebody decides about.
#[derive(Debug)]
pub struct Deciding {
    wanted: Wanted,
    audience: Audience,
    approval: Option<CaseId>,
}

impl Deciding {
    /// Looks at a row as this caller would read it now, and at the approval it waits for.
    pub fn seen<Row: Clone, T: Representation>(
        &self,
        view: impl Fn(&mut Reader<'_>, Row) -> Result<T, Error>,
        approval: impl Fn(&Row) -> Option<CaseId>,
    ) -> impl Fn(&mut Reader<'_>, &Row) -> Result<(), Error> {
        move |reader, row| {
            let audience = self.audience;
            self.wanted.check(audience, || view(reader, row.clone()))?;
            if self.approval.is_none() || self.approval == approval(row) {
                return Ok(());
            }
            Err(failed(tag_of(&view(reader, row.clone())?, audience)?))
        }
    }
}

impl<R: MatchRule> FromRequest for IfMatch<R> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (rule, audience) = (PhantomData, audience::of_request(request));
        std::future::ready(wanted::<R>(request).map(|wanted| Self {
            wanted,
            audience,
            rule,
        }))
    }
}

impl<R: MatchRule> Input for IfMatch<R> {
    fn describe(draft: &mut Draft) {
        draft.parameter(json!({
            "name": "If-Match", "in": "header", "required": false,
            "description": R::DESCRIPTION,
            "schema": {"type": "string", "maxLength": 200, "pattern": r#"^(\*|"[0-9a-z-]+")$"#},
            "example": "\"1-5f2b8c0d9e3a4b71\"",
        }));
        draft.problem(&[ProblemCode::PreconditionFailed]);
        if R::REQUIRED {
            draft.problem(&[ProblemCode::PreconditionRequired]);
        }
    }
}

fn wanted<R: MatchRule>(request: &HttpRequest) -> Result<Wanted, Error> {
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return if R::REQUIRED && !R::OTHERWISE {
            Err(ProblemCode::PreconditionRequired.into())
        } else {
            Ok(Wanted::Any)
        };
    };
    let text = value.to_str().unwrap_or("").trim();
    if text == "*" {
        return Ok(Wanted::Any);
    }
    let malformed = || {
        Error::from(Problem::new(ProblemCode::InvalidParameter).at(FieldError {
            place: Place::Header("If-Match".to_owned()),
            detail: Bilingual::new("is not an entity tag in quotes", "不是带引号的实体标签"),
        }))
    };
    // Lists are allowed; one of the tags has to be ours. A weak tag never matches strongly.
    let mut tags = Vec::new();
    for tag in text.split(',').map(str::trim) {
        let (weak, tag) = match tag.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        if tag.len() < 2 || !tag.starts_with('"') || !tag.ends_with('"') {
            return Err(malformed());
        }
        if !weak {
            tags.push(tag.to_owned());
        }
    }
    Ok(Wanted::OneOf(tags))
}
