//! Problems as answers (RFC 9457), in the language of the caller.

use actix_web::http::header::{AcceptLanguage, Header as _, HeaderValue, Preference, Quality};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::{Bilingual, Error, Place, Problem, Reason};
use crate::error_codes::ProblemCode;
use crate::platform::store::idempotency::{StoredAnswer, StoredHeader};

/// Media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Languages the service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, where nothing else is asked for.
    #[default]
    English,
    /// Chinese (simplified).
    Chinese,
}

impl Language {
    /// The language of `Accept-Language` (RFC 9110 §12.5.4) that the caller likes best.
    pub fn of(request: &impl HttpMessage) -> Self {
        let mut wanted =
            AcceptLanguage::parse(request).unwrap_or_else(|_| AcceptLanguage(Vec::new()));
        wanted.retain(|one| one.quality > Quality::ZERO);
        let mut wanted = wanted.ranked().into_iter();
        let spoken = wanted.find_map(|preference| {
            let Preference::Specific(tag) = preference else {
                return Some(Self::English);
            };
            match tag.primary_language() {
                "zh" => Some(Self::Chinese),
                "en" => Some(Self::English),
                _ => None,
            }
        });
        spoken.unwrap_or_default()
    }

    /// The value of `Content-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// Picks the text.
    pub fn pick(self, text: &Bilingual) -> &str {
        match self {
            Self::English => &text.en,
            Self::Chinese => &text.zh,
        }
    }

    /// The title of a code.
    pub fn title(self, code: ProblemCode) -> &'static str {
        let entry = code.entry();
        match self {
            Self::English => entry.title_en,
            Self::Chinese => entry.title_zh,
        }
    }
}

/// Why a request was not carried out (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/v1/problems/not_found", "title": "Not found", "status": 404, "code": "not_found",
    "request_id": "5b0cbd2e-58e1-4a52-9a51-3f1c5a0a9b11"
}))]
pub struct ProblemView {
    /// Address of the documentation of the code.
    #[serde(rename = "type")]
    #[schema(max_length = 300, pattern = "^/v1/problems/[a-z_]+$")]
    pub problem_type: String,
    /// What the code means, in the language of the request.
    #[schema(max_length = 200, pattern = "^.+$")]
    pub title: String,
    /// HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: i32,
    /// What clients switch on; never changes.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub code: &'static str,
    /// What is special about this occurrence, in the language of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, pattern = "^[^\\u0000]*$", nullable = false)]
    pub detail: Option<String>,
    /// Identifies the request in the log and in audit entries.
    #[schema(format = Uuid, max_length = 36)]
    pub request_id: String,
    /// Fields and parameters that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100, required = false)]
    pub errors: Vec<FieldProblem>,
    /// Every reason of a refused credit decision, in the documented order of precedence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100, required = false)]
    pub reasons: Vec<ReasonView>,
    /// Further members, where a code has any.
    #[serde(flatten)]
    #[schema(ignore)]
    pub members: Map<String, Value>,
}

/// One wrong field, parameter or header.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into the body, as a fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300, pattern = "^#.*$", nullable = false)]
    pub pointer: Option<String>,
    /// Name of the path or query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[^\\u0000]+$", nullable = false)]
    pub parameter: Option<String>,
    /// Name of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = "^[^\\u0000]+$", nullable = false)]
    pub header: Option<String>,
    /// What is wrong with it.
    #[schema(max_length = 1000, pattern = "^[^\\u0000]*$")]
    pub detail: String,
}

/// One reason of a refused credit decision, with the numbers behind it as further members.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonView {
    /// Problem code of the reason.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub code: &'static str,
    /// Level it stands at: `product`, `customer` or `group`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, pattern = "^[a-z]+$", nullable = false)]
    pub level: Option<&'static str>,
    /// The reason in words.
    #[schema(max_length = 1000, pattern = "^[^\\u0000]*$")]
    pub detail: String,
    /// The numbers behind it: amounts as decimal strings, dates, identifiers.
    #[serde(flatten)]
    #[schema(ignore)]
    pub facts: Map<String, Value>,
}

impl ReasonView {
    /// A reason in the language of the caller.
    pub fn new(reason: &Reason, language: Language) -> Self {
        let fact = |(name, value): &(&'static str, String)| {
            ((*name).to_owned(), Value::from(value.clone()))
        };
        Self {
            code: reason.code.as_str(),
            level: reason.level,
            detail: language.pick(&reason.detail).to_owned(),
            facts: reason.facts.iter().map(fact).collect(),
        }
    }
}

/// What rendering a problem needs to know about the request.
#[derive(Debug, Clone)]
pub struct Wording {
    /// Language of the caller.
    pub language: Language,
    /// Identifier of the request.
    pub request_id: uuid::Uuid,
}

/// Renders a problem as it is sent, and kept under an idempotency key.
pub fn render(problem: &Problem, wording: &Wording) -> StoredAnswer {
    let view = view_of(problem, wording);
    let stored = |name: &str, value: &str| StoredHeader {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let mut headers = vec![
        stored("content-type", PROBLEM_JSON),
        stored("content-language", wording.language.tag()),
        stored("cache-control", "no-store"),
    ];
    headers.extend(
        problem
            .headers
            .iter()
            .map(|(name, value)| stored(name, value)),
    );
    StoredAnswer {
        status: problem.code.status(),
        headers,
        body: serde_json::to_vec(&view).unwrap_or_default(),
    }
}

/// A problem in the words of a request.
pub fn view_of(problem: &Problem, wording: &Wording) -> ProblemView {
    let code = problem.code;
    ProblemView {
        problem_type: format!("/v1/problems/{}", code.as_str()),
        title: wording.language.title(code).to_owned(),
        status: i32::from(code.status()),
        code: code.as_str(),
        detail: problem
            .detail
            .as_ref()
            .map(|detail| wording.language.pick(detail).to_owned()),
        request_id: wording.request_id.to_string(),
        errors: problem
            .errors
            .iter()
            .map(|error| {
                let (pointer, parameter, header) = match error.place.clone() {
                    Place::Pointer(name) => (Some(name), None, None),
                    Place::Parameter(name) => (None, Some(name), None),
                    Place::Header(name) => (None, None, Some(name)),
                };
                FieldProblem {
                    pointer,
                    parameter,
                    header,
                    detail: wording.language.pick(&error.detail).to_owned(),
                }
            })
            .collect(),
        reasons: problem
            .reasons
            .iter()
            .map(|reason| ReasonView::new(reason, wording.language))
            .collect(),
        members: problem
            .members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    }
}

/// The problem an error is to the outside. What happened inside is logged here, once.
pub fn outside(error: Error) -> Problem {
    match error {
        Error::Refused(problem) => *problem,
        Error::Retry(reason) => {
            tracing::warn!(reason, "a transaction kept giving way");
            Problem::new(ProblemCode::Overloaded).with_header("Retry-After", "1")
        }
        Error::Awaits(customers) => {
            let customers = customers.len();
            tracing::warn!(customers, "lines that a transaction waits for were not had");
            Problem::new(ProblemCode::Overloaded).with_header("Retry-After", "1")
        }
        Error::Unavailable(reason) => {
            tracing::warn!(reason, "the database cannot serve");
            Problem::new(ProblemCode::Unavailable).with_header("Retry-After", "1")
        }
        internal @ Error::Internal(_) => {
            tracing::error!(error = %internal, "internal error");
            Problem::new(ProblemCode::InternalError)
        }
    }
}

/// Handlers fail with [`Error`]; the answer carries the problem in its extensions and the
/// outermost middleware, which knows language and request id, writes it out.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        let status = match self {
            Self::Refused(problem) => problem.code.status(),
            Self::Retry(_) | Self::Awaits(_) | Self::Unavailable(_) => 503,
            Self::Internal(_) => 500,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let problem = match self {
            Self::Refused(problem) => (**problem).clone(),
            Self::Retry(reason) => outside(Self::Retry(reason)),
            Self::Awaits(customers) => outside(Self::Awaits(customers.clone())),
            Self::Unavailable(reason) => outside(Self::Unavailable(reason.clone())),
            Self::Internal(source) => outside(Self::internal(chain(source.as_ref()))),
        };
        carrying(problem)
    }
}

fn chain(source: &dyn std::error::Error) -> String {
    let mut text = source.to_string();
    let mut cause = source.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// An empty response that carries a problem for the outermost middleware.
pub fn carrying(problem: Problem) -> HttpResponse {
    let status =
        StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status).finish();
    response.extensions_mut().insert(problem);
    response
}

/// The problem for an error answer that the framework made by itself.
pub fn for_status(status: StatusCode) -> Problem {
    Problem::new(match status.as_u16() {
        400 => ProblemCode::MalformedRequest,
        401 => ProblemCode::Unauthenticated,
        404 => ProblemCode::NotFound,
        405 => ProblemCode::MethodNotAllowed,
        406 => ProblemCode::NotAcceptable,
        408 => ProblemCode::RequestTimeout,
        413 => ProblemCode::BodyTooLarge,
        414 => ProblemCode::UriTooLong,
        415 => ProblemCode::UnsupportedMediaType,
        431 => ProblemCode::HeadersTooLarge,
        402..=499 => ProblemCode::InvalidParameter,
        503 => ProblemCode::Unavailable,
        _ => ProblemCode::InternalError,
    })
}

/// Turns a stored answer into a response.
pub fn respond(answer: &StoredAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    for header in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(&header.value) {
            builder.insert_header((header.name.as_str(), value));
        }
    }
    builder.body(answer.body.clone())
}

/// 405 with the methods a path does support (RFC 9110 §15.5.6).
pub fn method_not_allowed(allowed: &[Method]) -> HttpResponse {
    carrying(Problem::new(ProblemCode::MethodNotAllowed).with_header("Allow", allow(allowed)))
}

/// The value of an `Allow` header.
pub fn allow(allowed: &[Method]) -> String {
    allowed
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn language(value: &str) -> Language {
        let request = TestRequest::default().insert_header(("accept-language", value));
        Language::of(&request.to_http_request())
    }

    #[test]
    fn the_best_liked_language_wins_and_english_is_the_default() {
        assert_eq!(language("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(language("en;q=0.9, zh;q=0.95"), Language::Chinese);
        assert_eq!(language("en, zh;q=0.5"), Language::English);
        assert_eq!(language("fr, de;q=0.3"), Language::English);
        assert_eq!(language("fr, *, ZH-cn;q=0.9"), Language::English);
        assert_eq!(language("fr, ZH-cn;q=0.9, *;q=0.5"), Language::Chinese);
        assert_eq!(language("zh;q=0"), Language::English);
        assert_eq!(language(";;;q=,,zh;q=9"), Language::English);
    }
}
