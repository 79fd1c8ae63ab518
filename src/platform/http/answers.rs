//! What handlers answer with: one type per shape, each of which knows its status and headers and
//! describes itself for the document.

use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::audience::{self, Audience, Plan};
use super::operation::{Draft, Output};
use super::problem;
use crate::error::{Error, OrInternal};
use crate::platform::store::idempotency::{StoredAnswer, StoredHeader};

/// A representation that can be a resource of its own.
pub trait Representation: Serialize + ToSchema + 'static {
    /// Version, with which its tag begins.
    fn version(&self) -> i64;
    /// Address of the resource.
    fn location(&self) -> String;
}

/// Says at which address a view stands, with its fields in braces, and that its `version` field is
/// its version; a view that never changes is always version 1.
#[macro_export]
macro_rules! resource {
    ($view:ident { $($field:ident),+ } at $address:literal) => {
        $crate::resource! { @ $view { $($field),+ } at $address, |view| i64::from(view.version) }
    };
    ($view:ident { $($field:ident),+ } at $address:literal, always version 1) => {
        $crate::resource! { @ $view { $($field),+ } at $address, |_view| 1 }
    };
    (@ $view:ident { $($field:ident),+ } at $address:literal, |$own:ident| $version:expr) => {
        impl $crate::platform::http::answers::Representation for $view {
            fn version(&self) -> i64 {
                let $own = self;
                $version
            }

            fn location(&self) -> String {
                let Self { $($field),+, .. } = self;
                format!($address)
            }
        }
    };
}

/// An answer that can be kept under an idempotency key.
pub trait Answer: Output + 'static {
    /// The answer as it is sent to an audience.
    ///
    /// # Errors
    /// When the representation cannot be written as JSON.
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error>;

    /// What of the body is for whom, where the answer has this status.
    fn plan(status: u16) -> Arc<Plan>;
}

/// 200 with one resource and its `ETag`; 304 where the caller has it already.
#[derive(Debug)]
pub struct Resource<T>(pub T);

/// 201 with the new resource, its `Location` and its `ETag`.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 202 with what waits for a second person, its `Location` and its `ETag`.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// The usual answer, or 202 where it waits for a second person.
#[derive(Debug)]
pub enum Decidable<A, W> {
    /// It is done.
    Now(A),
    /// It waits.
    Waits(Accepted<W>),
}

/// A resource under a name of the caller's own: 201 where it was made for this request, 200 with
/// `Content-Location` where it is there already.
#[derive(Debug)]
pub enum Named<T> {
    /// It was made.
    Made(T),
    /// It was there.
    Known(T),
}

/// 200 with a result that is no resource: nothing to revalidate.
#[derive(Debug)]
pub struct Computed<T>(pub T);

/// 200 with one page of a collection and a `Link` to the next.
#[derive(Debug)]
pub struct Listing<P> {
    /// The page.
    pub page: P,
    /// Relative address of the next page.
    pub next: Option<String>,
}

/// An answer of a write: fresh, or the first answer again.
#[derive(Debug)]
pub struct Recorded<T> {
    stored: StoredAnswer,
    replayed: bool,
    answer: PhantomData<fn() -> T>,
}

impl<T> Recorded<T> {
    /// The answer of this request.
    pub fn fresh(stored: StoredAnswer) -> Self {
        Self {
            stored,
            replayed: false,
            answer: PhantomData,
        }
    }
}

impl<T: Answer> Recorded<T> {
    /// The answer of an earlier request with the same key, less what is not for who asks now.
    ///
    /// # Errors
    /// When what is kept is not what was answered.
    pub fn replayed(stored: StoredAnswer, audience: Audience) -> Result<Self, Error> {
        Ok(Self {
            replayed: true,
            ..Self::fresh(pruned::<T>(stored, audience)?)
        })
    }
}

fn pruned<T: Answer>(mut stored: StoredAnswer, audience: Audience) -> Result<StoredAnswer, Error> {
    let plan = T::plan(stored.status);
    if stored.status >= 300 || !plan.hides_from(audience) {
        return Ok(stored);
    }
    let mut body: Value = serde_json::from_slice(&stored.body).or_internal()?;
    plan.prune(&mut body, audience);
    stored.body = serde_json::to_vec(&body).or_internal()?;
    // The tag is a digest of all that was answered then: it would tell guesses from what is hidden.
    for header in &mut stored.headers {
        if header.name == "etag" {
            let version = header.value.trim_start_matches('"').split('-').next();
            header.value = entity_tag(version.unwrap_or_default(), &stored.body);
        }
    }
    Ok(stored)
}

impl<T> Responder for Recorded<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = problem::respond(&self.stored);
        if self.replayed {
            response.headers_mut().insert(
                header::HeaderName::from_static("idempotent-replayed"),
                header::HeaderValue::from_static("true"),
            );
        }
        response
    }
}

impl<T: Output> Output for Recorded<T> {
    fn describe(draft: &mut Draft) {
        T::describe(draft);
    }
}

/// An answer with a JSON body, of which each audience gets what is for it.
pub(crate) fn json<T: Serialize + ToSchema + 'static>(
    status: u16,
    value: &T,
    cache: &str,
    audience: Audience,
) -> Result<StoredAnswer, Error> {
    let plan = Plan::of::<T>();
    let body = if plan.hides_from(audience) {
        let mut shown = serde_json::to_value(value).or_internal()?;
        plan.prune(&mut shown, audience);
        serde_json::to_vec(&shown)
    } else {
        serde_json::to_vec(value)
    }
    .or_internal()?;
    let mut stored = StoredAnswer {
        status,
        headers: Vec::new(),
        body,
    };
    add(&mut stored, "content-type", "application/json");
    add(&mut stored, "cache-control", cache);
    Ok(stored)
}

/// Adds a header.
pub(crate) fn add(stored: &mut StoredAnswer, name: &str, value: &str) {
    stored.headers.push(StoredHeader {
        name: name.to_owned(),
        value: value.to_owned(),
    });
}

/// A strong entity tag: the version, for people, and a digest of the representation, because some
/// of it (overdue, expired) changes with the date alone. `If-Match` compares the whole of it.
fn entity_tag(version: impl Display, body: &[u8]) -> String {
    let digest = crate::crypto::sha256(body);
    let hex: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{version}-{hex}\"")
}

/// The tag under which a caller reads a representation.
pub(super) fn tag_of<T: Representation>(value: &T, audience: Audience) -> Result<String, Error> {
    let stored = json(200, value, "private, no-cache", audience)?;
    Ok(entity_tag(value.version(), &stored.body))
}

fn tagged<T: Representation>(
    status: u16,
    value: &T,
    audience: Audience,
) -> Result<StoredAnswer, Error> {
    let mut stored = json(status, value, "private, no-cache", audience)?;
    let tag = entity_tag(value.version(), &stored.body);
    add(&mut stored, "etag", &tag);
    add(&mut stored, "vary", "Authorization, Accept");
    Ok(stored)
}

impl<T: Representation> Answer for Resource<T> {
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        tagged(200, &self.0, audience)
    }

    fn plan(_: u16) -> Arc<Plan> {
        Plan::of::<T>()
    }
}

impl<T: Representation> Answer for Created<T> {
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        let mut stored = tagged(201, &self.0, audience)?;
        add(&mut stored, "location", &self.0.location());
        Ok(stored)
    }

    fn plan(_: u16) -> Arc<Plan> {
        Plan::of::<T>()
    }
}

impl<T: Representation> Answer for Accepted<T> {
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        let mut stored = tagged(202, &self.0, audience)?;
        add(&mut stored, "location", &self.0.location());
        Ok(stored)
    }

    fn plan(_: u16) -> Arc<Plan> {
        Plan::of::<T>()
    }
}

impl<A: Answer, W: Representation> Answer for Decidable<A, W> {
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        match self {
            Self::Now(answer) => answer.to_stored(audience),
            Self::Waits(change) => change.to_stored(audience),
        }
    }

    fn plan(status: u16) -> Arc<Plan> {
        match status {
            202 => Plan::of::<W>(),
            _ => A::plan(status),
        }
    }
}

impl<T: Representation> Answer for Named<T> {
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        let (status, place, value) = match self {
            Self::Made(value) => (201, "location", value),
            Self::Known(value) => (200, "content-location", value),
        };
        let mut stored = tagged(status, value, audience)?;
        add(&mut stored, place, &value.location());
        Ok(stored)
    }

    fn plan(_: u16) -> Arc<Plan> {
        Plan::of::<T>()
    }
}

impl<T: Serialize + ToSchema + 'static> Answer for Computed<T> {
    fn to_stored(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        json(200, &self.0, "no-store", audience)
    }

    fn plan(_: u16) -> Arc<Plan> {
        Plan::of::<T>()
    }
}

impl<T: Representation> Responder for Resource<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let stored = match self.to_stored(audience::of_request(request)) {
            Ok(stored) => stored,
            Err(error) => return HttpResponse::from_error(error),
        };
        let tag = stored.headers.iter().find(|header| header.name == "etag");
        let known = request
            .headers()
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        match (known, tag) {
            (Some(known), Some(tag)) if names(known, &tag.value) => {
                let mut response = problem::respond(&StoredAnswer {
                    body: Vec::new(),
                    ..stored
                });
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response.headers_mut().remove(header::CONTENT_TYPE);
                response
            }
            _ => problem::respond(&stored),
        }
    }
}

/// Whether `If-None-Match` names the tag, compared weakly (RFC 9110 §13.1.2).
fn names(list: &str, tag: &str) -> bool {
    list.trim() == "*"
        || list
            .split(',')
            .any(|known| known.trim().trim_start_matches("W/") == tag)
}

macro_rules! responders {
    ($($answer:ident: $bound:ident),*) => {$(
        impl<T: $bound + Serialize + ToSchema + 'static> Responder for $answer<T> {
            type Body = BoxBody;

            fn respond_to(self, request: &HttpRequest) -> HttpResponse {
                match self.to_stored(audience::of_request(request)) {
                    Ok(stored) => problem::respond(&stored),
                    Err(error) => HttpResponse::from_error(error),
                }
            }
        }
    )*};
}

responders!(
    Accepted: Representation, Created: Representation, Named: Representation, Computed: Serialize
);

impl<A: Answer, W: Representation> Responder for Decidable<A, W> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self.to_stored(audience::of_request(request)) {
            Ok(stored) => problem::respond(&stored),
            Err(error) => HttpResponse::from_error(error),
        }
    }
}

impl<P: Serialize + ToSchema + 'static> Responder for Listing<P> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let audience = audience::of_request(request);
        match json(200, &self.page, "private, no-cache", audience) {
            Ok(mut stored) => {
                add(&mut stored, "vary", "Authorization, Accept");
                if let Some(next) = &self.next {
                    add(&mut stored, "link", &format!("<{next}>; rel=\"next\""));
                }
                problem::respond(&stored)
            }
            Err(error) => HttpResponse::from_error(error),
        }
    }
}

impl<T: Representation> Output for Resource<T> {
    fn describe(draft: &mut Draft) {
        let content = draft.content::<T>("application/json");
        draft.success(200, "The resource as it is now.", &["ETag"], Some(content));
    }
}

impl<T: Representation> Output for Created<T> {
    fn describe(draft: &mut Draft) {
        let content = draft.content::<T>("application/json");
        draft.success(201, "Created.", &["ETag", "Location"], Some(content));
    }
}

impl<T: Representation> Output for Accepted<T> {
    fn describe(draft: &mut Draft) {
        let content = draft.content::<T>("application/json");
        let headers = ["ETag", "Location"];
        draft.success(
            202,
            "It waits for a second person.",
            &headers,
            Some(content),
        );
    }
}

impl<A: Answer, W: Representation> Output for Decidable<A, W> {
    fn describe(draft: &mut Draft) {
        A::describe(draft);
        Accepted::<W>::describe(draft);
    }
}

impl<T: Representation> Output for Named<T> {
    fn describe(draft: &mut Draft) {
        Created::<T>::describe(draft);
        let content = draft.content::<T>("application/json");
        let headers = ["ETag", "Content-Location"];
        let description = "There already under this name, as it is now.";
        draft.success(200, description, &headers, Some(content));
    }
}

impl<T: Serialize + ToSchema + 'static> Output for Computed<T> {
    fn describe(draft: &mut Draft) {
        let content = draft.content::<T>("application/json");
        draft.success(200, "The result.", &[], Some(content));
    }
}

impl<P: Serialize + ToSchema + 'static> Output for Listing<P> {
    fn describe(draft: &mut Draft) {
        let content = draft.content::<P>("application/json");
        draft.success(200, "One page of the collection.", &["Link"], Some(content));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_compares_weakly_and_takes_lists() {
        let tag = entity_tag(3, b"{}");
        assert!(tag.starts_with("\"3-") && tag.ends_with('"'));
        assert!(names(&tag, &tag));
        assert!(names(&format!("\"x\", W/{tag}"), &tag));
        assert!(names("*", &tag));
        assert!(!names("\"3\"", &tag));
        assert_ne!(entity_tag(3, b"{}"), entity_tag(3, b"{ }"));
    }
}
