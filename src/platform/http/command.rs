//! What a changing request brings: a body, a key under which it may be repeated, and the version
//! it means to change.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::operation::{Draft, Input};
pub use super::preconditions::{Honoured, IfMatch, OfDecision};
use super::state::State;
use crate::error::{Bilingual, Error, FieldError, Place, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::idempotency::IdempotencyScope;
use crate::values::actor::Actor;

/// A key that must be there: for requests that change exposure, money or approvals.
#[derive(Debug)]
pub enum KeyRequired {}
/// A key that may be there.
#[derive(Debug)]
pub enum KeyOptional {}

/// Whether a request needs an `Idempotency-Key`.
pub trait KeyRule: 'static {
    /// Whether it does.
    const REQUIRED: bool;
}
impl KeyRule for KeyRequired {
    const REQUIRED: bool = true;
}
impl KeyRule for KeyOptional {
    const REQUIRED: bool = false;
}

/// How a body arrives.
pub trait MediaRule: 'static {
    /// Accepted content type.
    const MEDIA_TYPE: &'static str;
    /// Header that names it when another one came.
    const ADVICE: &'static str;
    /// Whether the body may be left out.
    const OPTIONAL: bool;
}
/// A JSON body.
#[derive(Debug)]
pub enum Json {}
impl MediaRule for Json {
    const MEDIA_TYPE: &'static str = "application/json";
    const ADVICE: &'static str = "Accept-Post";
    const OPTIONAL: bool = false;
}
/// A JSON body that may be left out; no body means `{}`.
#[derive(Debug)]
pub enum JsonOrNothing {}
impl MediaRule for JsonOrNothing {
    const MEDIA_TYPE: &'static str = "application/json";
    const ADVICE: &'static str = "Accept-Post";
    const OPTIONAL: bool = true;
}
/// A merge patch (RFC 7396).
#[derive(Debug)]
pub enum MergePatch {}
impl MediaRule for MergePatch {
    const MEDIA_TYPE: &'static str = "application/merge-patch+json";
    const ADVICE: &'static str = "Accept-Patch";
    const OPTIONAL: bool = false;
}

/// A request that changes something: its body, and what makes it repeatable.
pub struct Command<T, K = KeyOptional, M = Json> {
    /// The body, read and checked.
    pub body: T,
    /// Key and fingerprint.
    pub repeatable: Repeatable,
    rules: PhantomData<fn() -> (K, M)>,
}

impl<T, K, M> Command<T, K, M> {
    /// The body, and what makes the request repeatable.
    pub fn into_parts(self) -> (T, Repeatable) {
        (self.body, self.repeatable)
    }
}

/// A changing request that needs an `Idempotency-Key`.
pub type KeyedCommand<T> = Command<T, KeyRequired, Json>;
/// A changing request that needs an `Idempotency-Key` and whose body may be left out.
pub type KeyedAction<T> = Command<T, KeyRequired, JsonOrNothing>;
/// A merge patch.
pub type PatchCommand<T> = Command<T, KeyOptional, MergePatch>;
/// A body that changes nothing, such as search criteria.
pub struct Query<T> {
    /// The body, read and checked.
    pub body: T,
}

/// What makes a request repeatable.
#[derive(Debug, Clone)]
pub struct Repeatable {
    key: Option<String>,
    method: String,
    /// Path of the request.
    pub path: String,
    fingerprint: [u8; 32],
}

impl Repeatable {
    /// The scope of the key for this caller; `None` without a key.
    pub fn scope_for(&self, actor: &Actor) -> Option<IdempotencyScope> {
        Some(IdempotencyScope {
            principal: format!("{}|{}", actor.principal, actor.client_id),
            method: self.method.clone(),
            path: self.path.clone(),
            key: self.key.clone()?,
            fingerprint: self.fingerprint,
        })
    }
}

impl<T, K, M> FromRequest for Command<T, K, M>
where
    T: DeserializeOwned + Validate + 'static,
    K: KeyRule,
    M: MediaRule,
{
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let key = key_of::<K>(&request);
        let bytes = read_body::<M>(&request, payload);
        Box::pin(async move {
            let key = key?;
            let bytes = bytes.await?;
            let body = parse::<T>(&bytes, &request)?;
            let path = request.path().to_owned();
            Ok(Self {
                body,
                repeatable: Repeatable {
                    key,
                    method: request.method().as_str().to_owned(),
                    fingerprint: fingerprint(&request, &path, &bytes),
                    path,
                },
                rules: PhantomData,
            })
        })
    }
}

impl<T: ToSchema + DeserializeOwned + Validate + 'static, K: KeyRule, M: MediaRule> Input
    for Command<T, K, M>
{
    fn describe(draft: &mut Draft) {
        draft.parameter(json!({
            "name": "Idempotency-Key", "in": "header", "required": K::REQUIRED,
            "description": if K::REQUIRED {
                "Names the request of this caller, whatever the operation, so that repeating it has no second effect \
                 and gives the first answer again. Required: without it the answer is 400. Kept for 24 hours."
            } else {
                "Names the request of this caller, whatever the operation, so that repeating it has no second effect \
                 and gives the first answer again. Kept for 24 hours."
            },
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
        }));
        if K::REQUIRED {
            draft.problem(&[ProblemCode::IdempotencyKeyMissing]);
        }
        draft.problem(&[
            ProblemCode::IdempotencyKeyInvalid,
            ProblemCode::IdempotencyKeyReused,
            ProblemCode::RequestInProgress,
            // The first answer again, for who may not see any more what it is about.
            ProblemCode::NotFound,
        ]);
        describe_body::<T, M>(draft);
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let bytes = read_body::<Json>(&request, payload);
        Box::pin(async move {
            let body = parse::<T>(&bytes.await?, &request)?;
            Ok(Self { body })
        })
    }
}

impl<T: ToSchema + DeserializeOwned + Validate + 'static> Input for Query<T> {
    fn describe(draft: &mut Draft) {
        describe_body::<T, Json>(draft);
    }
}

fn describe_body<T: ToSchema, M: MediaRule>(draft: &mut Draft) {
    draft.body::<T>(M::MEDIA_TYPE, !M::OPTIONAL);
    draft.problem(&[
        ProblemCode::MalformedBody,
        ProblemCode::UnknownField,
        ProblemCode::InvalidField,
        ProblemCode::BodyTooLarge,
        ProblemCode::UnsupportedMediaType,
        ProblemCode::ValidationFailed,
    ]);
}

fn key_of<K: KeyRule>(request: &HttpRequest) -> Result<Option<String>, Error> {
    let mut values = request.headers().get_all("idempotency-key");
    let Some(value) = values.next() else {
        return if K::REQUIRED {
            Err(ProblemCode::IdempotencyKeyMissing.into())
        } else {
            Ok(None)
        };
    };
    let invalid = || Error::from(ProblemCode::IdempotencyKeyInvalid);
    if values.next().is_some() {
        return Err(invalid());
    }
    let text = value.to_str().map_err(|_| invalid())?.trim();
    // A structured-field string has quotes; most clients send the bare form.
    let bare = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    let fine = (1..=255).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_graphic());
    if fine {
        Ok(Some(bare.to_owned()))
    } else {
        Err(invalid())
    }
}

fn read_body<M: MediaRule>(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, Error>> + use<M> {
    let limit = request
        .app_data::<web::Data<State>>()
        .map_or(0, |state| state.limits.body_bytes);
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| {
            value
                .split(';')
                .next()
                .unwrap_or("")
                .trim()
                .to_ascii_lowercase()
        });
    let encoded = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| value.as_bytes() != b"identity");
    let payload = web::Payload::from_request(request, payload);
    async move {
        let unsupported = || {
            Error::from(
                Problem::new(ProblemCode::UnsupportedMediaType)
                    .with_header(M::ADVICE, M::MEDIA_TYPE),
            )
        };
        if encoded {
            return Err(unsupported());
        }
        let payload = payload
            .await
            .map_err(|error| Error::internal(error.to_string()))?;
        let bytes = payload
            .to_bytes_limited(limit)
            .await
            .map_err(|_| Error::from(ProblemCode::BodyTooLarge))?
            .map_err(|_| Error::from(ProblemCode::MalformedBody))?;
        match content_type.as_deref() {
            Some(found) if found == M::MEDIA_TYPE => Ok(bytes),
            None if M::OPTIONAL && bytes.is_empty() => Ok(bytes),
            _ => Err(unsupported()),
        }
        .map(|bytes| {
            if M::OPTIONAL && bytes.is_empty() {
                web::Bytes::from_static(b"{}")
            } else {
                bytes
            }
        })
    }
}

fn parse<T: DeserializeOwned + Validate>(bytes: &[u8], request: &HttpRequest) -> Result<T, Error> {
    let depth = request
        .app_data::<web::Data<State>>()
        .map_or(32, |state| state.limits.json_depth);
    if nesting(bytes) > depth {
        return Err(ProblemCode::MalformedBody.into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let body: T =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| unreadable(&error))?;
    reader
        .end()
        .map_err(|_| Error::from(ProblemCode::MalformedBody))?;
    body.validate().map_err(|errors| {
        let mut problem = Problem::new(ProblemCode::ValidationFailed);
        collect(&errors, "#", &mut problem.errors);
        Error::from(problem)
    })?;
    Ok(body)
}

/// Deepest nesting of arrays and objects, without parsing.
fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The problem behind a body that serde could not read. Words of serde that repeat the value are
/// left out: it may be personal data.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let inner = error.inner();
    if !inner.is_data() {
        return ProblemCode::MalformedBody.into();
    }
    let message = inner.to_string();
    let mut pointer = pointer(error.path());
    let (code, en, zh) = if message.starts_with("unknown field") {
        (
            ProblemCode::UnknownField,
            "is not a known field".to_owned(),
            "不是已知字段".to_owned(),
        )
    } else if let Some(name) = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        // serde stands at the object that lacks it; a form wants to know the field.
        pointer.push_str(&format!("/{name}"));
        (
            ProblemCode::InvalidField,
            "is missing".to_owned(),
            "缺失".to_owned(),
        )
    } else if message.starts_with("duplicate field") {
        (
            ProblemCode::MalformedBody,
            "occurs twice".to_owned(),
            "重复出现".to_owned(),
        )
    } else {
        let expected = message
            .rsplit_once("expected ")
            .map_or("another type or format", |(_, expected)| {
                expected.split(" at line").next().unwrap_or(expected)
            });
        (
            ProblemCode::InvalidField,
            format!("expected {expected}"),
            format!("应为 {expected}"),
        )
    };
    Problem::new(code)
        .at(FieldError {
            place: Place::Pointer(pointer),
            detail: Bilingual::new(en, zh),
        })
        .into()
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::from("#");
    for segment in path {
        text.push('/');
        match segment {
            Segment::Seq { index } => text.push_str(&index.to_string()),
            Segment::Map { key } => text.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => text.push_str(variant),
            Segment::Unknown => text.push('?'),
        }
        if text.len() > 250 {
            break;
        }
    }
    text.chars().take(300).collect()
}

/// Messages of validation rules are written `English|中文`.
fn collect(errors: &ValidationErrors, place: &str, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        let here = if field == "__all__" {
            place.to_owned()
        } else {
            format!("{place}/{field}")
        };
        match kind {
            ValidationErrorsKind::Field(list) => found.extend(list.iter().map(|error| {
                let message = error
                    .message
                    .as_deref()
                    .unwrap_or("is not acceptable|取值不可接受");
                let (en, zh) = message.split_once('|').unwrap_or((message, message));
                FieldError {
                    place: Place::Pointer(here.clone()),
                    detail: Bilingual::new(en, zh),
                }
            })),
            ValidationErrorsKind::Struct(inner) => collect(inner, &here, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{here}/{index}"), found);
                }
            }
        }
    }
}

fn fingerprint(request: &HttpRequest, path: &str, body: &[u8]) -> [u8; 32] {
    let mut query: Vec<&str> = request.query_string().split('&').collect();
    query.sort_unstable();
    let mut text = Vec::with_capacity(body.len() + 256);
    for part in [request.method().as_str(), path, &query.join("&")] {
        text.extend_from_slice(part.as_bytes());
        text.push(0);
    }
    text.extend_from_slice(body);
    crate::crypto::sha256(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_strings_only() {
        assert_eq!(nesting(br#"{"a":[{"b":"[[[{{{\"["}]}"#), 3);
        assert_eq!(nesting(b"1"), 0);
        assert_eq!(nesting(&b"[".repeat(100)), 100);
    }
}
