//! Errors have an outside and an inside.
//!
//! The outside is a [`Problem`]: a code from the one table, words in two languages, and the
//! fields or reasons behind it. The inside is whatever went wrong in here: it is logged once with
//! its chain where the answer is made, and the caller learns only that it was our fault.

pub mod days;

use std::collections::BTreeSet;
use std::fmt;

use crate::error_codes::ProblemCode;
use crate::values::ids::CustomerId;

/// A text in both languages of the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Chinese (simplified).
    pub zh: String,
}

impl Bilingual {
    /// Joins two texts that say the same.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            zh: zh.into(),
        }
    }
}

/// Where in a request an error is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// JSON pointer into the body, as a fragment: `#/amount`.
    Pointer(String),
    /// Name of a path or query parameter.
    Parameter(String),
    /// Name of a header.
    Header(String),
}

/// One thing wrong with one part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where.
    pub place: Place,
    /// What is wrong. Never repeats the rejected value: it may be personal data.
    pub detail: Bilingual,
}

impl FieldError {
    /// An error at a top-level field of the body.
    pub fn field(name: &str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            place: Place::Pointer(format!("#/{name}")),
            detail: Bilingual::new(en, zh),
        }
    }

    /// An error at a query or path parameter.
    pub fn parameter(name: &str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            place: Place::Parameter(name.to_owned()),
            detail: Bilingual::new(en, zh),
        }
    }
}

/// One reason of a refused credit decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What is in the way.
    pub code: ProblemCode,
    /// Level it is in the way at: product, customer or group.
    pub level: Option<&'static str>,
    /// The numbers behind it, in words.
    pub detail: Bilingual,
    /// The numbers behind it, by name; amounts are decimal strings.
    pub facts: Vec<(&'static str, String)>,
}

/// A refusal the caller is told about (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Code; decides the status.
    pub code: ProblemCode,
    /// What is special about this occurrence.
    pub detail: Option<Bilingual>,
    /// Fields and parameters that are wrong.
    pub errors: Vec<FieldError>,
    /// All reasons of a refused credit decision, in the documented order.
    pub reasons: Vec<Reason>,
    /// Extra headers of the answer, such as `Retry-After` or `Allow`.
    pub headers: Vec<(&'static str, String)>,
    /// Further members of the body, such as the checks of readiness.
    pub members: Vec<(&'static str, serde_json::Value)>,
}

impl Problem {
    /// A problem with nothing to add to its code.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            code,
            detail: None,
            errors: Vec::new(),
            reasons: Vec::new(),
            headers: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Adds what is special about this occurrence.
    #[must_use]
    pub fn because(mut self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        self.detail = Some(Bilingual::new(en, zh));
        self
    }

    /// Adds a field or parameter that is wrong.
    #[must_use]
    pub fn at(mut self, error: FieldError) -> Self {
        self.errors.push(error);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.members.push((name, value));
        self
    }

    /// What an audit entry keeps of it: codes, never values.
    pub fn for_audit(&self) -> serde_json::Value {
        let reasons: Vec<&str> = self.reasons.iter().map(|one| one.code.as_str()).collect();
        serde_json::json!({"code": self.code.as_str(), "reasons": reasons})
    }

    /// A single unacceptable field of the body.
    pub fn field(name: &str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::new(ProblemCode::ValidationFailed).at(FieldError::field(name, en, zh))
    }
}

/// Why a use case did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// The caller is told why.
    Refused(Box<Problem>),
    /// Somebody else was faster; the transaction is tried again from the start.
    Retry(&'static str),
    /// Nothing can be decided before what has expired on the lines of these customers is given back,
    /// and somebody else has the lines; the transaction is tried again from the start and waits for
    /// them.
    Awaits(BTreeSet<CustomerId>),
    /// The database cannot serve the request now.
    Unavailable(String),
    /// A bug or a broken promise in here.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An internal error from words.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into().into())
    }

    /// The refusal it is, if that may stand as an answer among others: whatever passes by itself
    /// would be final there, and ends the whole request instead.
    ///
    /// # Errors
    /// Itself, when it is no refusal or a transient one.
    pub fn into_refusal(self) -> Result<Box<Problem>, Self> {
        match self {
            Self::Refused(problem) if !problem.code.is_transient() => Ok(problem),
            error => Err(error),
        }
    }

    /// The answer for a refused decision: the first reason names it, all are in it.
    pub fn for_reasons(reasons: &[Reason]) -> Self {
        match reasons.first() {
            Some(first) => {
                let mut problem = Problem::new(first.code);
                problem.detail = Some(first.detail.clone());
                problem.reasons = reasons.to_vec();
                problem.into()
            }
            None => Self::internal("refused without a reason"),
        }
    }

    /// The answer for a thing that is not there or not visible.
    pub fn not_found() -> Self {
        Problem::new(ProblemCode::NotFound).into()
    }
}

/// What nobody outside can do anything about.
pub trait OrInternal<T> {
    /// The value; an error of whatever kind is an internal one.
    ///
    /// # Errors
    /// [`Error::Internal`].
    fn or_internal(self) -> Result<T, Error>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> OrInternal<T> for Result<T, E> {
    fn or_internal(self) -> Result<T, Error> {
        self.map_err(|error| Error::Internal(Box::new(error)))
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

/// What is read without fail goes the way of what may be refused.
impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<ProblemCode> for Error {
    fn from(code: ProblemCode) -> Self {
        Problem::new(code).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(problem) => write!(formatter, "refused: {}", problem.code.as_str()),
            Self::Retry(reason) => write!(formatter, "gave way to another transaction: {reason}"),
            Self::Awaits(customers) => {
                write!(
                    formatter,
                    "waits for the lines of {} customers",
                    customers.len()
                )
            }
            Self::Unavailable(reason) => write!(formatter, "unavailable: {reason}"),
            Self::Internal(source) => {
                write!(formatter, "internal error: {source}")?;
                let mut cause = source.source();
                while let Some(inner) = cause {
                    write!(formatter, ": {inner}")?;
                    cause = inner.source();
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_no_refusal_that_may_stand() {
        for code in ProblemCode::ALL {
            let stands = Error::from(*code).into_refusal();
            assert_eq!(stands.is_ok(), !code.is_transient(), "{}", code.as_str());
        }
        for error in [Error::Retry("again"), Error::internal("broken")] {
            assert!(error.into_refusal().is_err());
        }
    }
}
