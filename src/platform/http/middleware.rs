//! What happens around every request: identity, limits, the words of problems, security headers,
//! one log line and one measurement.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, web};
use tracing::{Instrument, Span};

use super::negotiation::preferred;
use super::operation::{JSON, Operations};
use super::problem::{self, Language, PROBLEM_JSON, Wording};
use super::state::{RequestIdentity, State};
use crate::error::Problem;
use crate::error_codes::ProblemCode;

/// Wraps every request, from the outside.
///
/// # Errors
/// None of its own, and none from inside: failures of handlers are answers when they get here.
pub async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let state = request.app_data::<web::Data<State>>().cloned();
    let span = state
        .as_ref()
        .map_or_else(Span::none, |state| state.span.clone());
    answered(request, state, next).instrument(span).await
}

async fn answered(
    request: ServiceRequest,
    state: Option<web::Data<State>>,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let identity = RequestIdentity::new(trace_id(request.headers()));
    let wording = Wording {
        language: Language::of(&request),
        request_id: identity.request_id,
    };
    let origin = request.headers().get(header::ORIGIN).cloned();
    let method = request.method().clone();
    request.extensions_mut().insert(identity.clone());

    let refused = refused_at_the_door(&request, state.as_ref().map(web::Data::get_ref));
    let response = match refused {
        Some(early) => request.into_response(early),
        // Nobody may hold on to the request while it is routed: actix changes it in place. All
        // failures inside are answers already, handlers and extractors having been through
        // `ResponseError`.
        None => next.call(request).await?.map_into_boxed_body(),
    };

    let mut response = in_words(response, &wording);
    decorate(
        response.headers_mut(),
        &identity,
        state.as_ref().map(web::Data::get_ref),
        origin.as_ref(),
    );
    let route = response.request().match_pattern();
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    if let Some(state) = state {
        state.metrics.observe(
            method.as_str(),
            route.as_deref().unwrap_or("none"),
            status,
            seconds,
        );
    }
    tracing::info!(
        request_id = %identity.request_id,
        trace_id = identity.trace_id,
        method = method.as_str(),
        // The template, not the path: paths hold identifiers, and queries may hold more.
        route = route.as_deref().unwrap_or("none"),
        status,
        millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    Ok(response)
}

/// Requests that no handler should see: addresses and headers that are too long, and
/// representations that do not exist.
fn refused_at_the_door(request: &ServiceRequest, state: Option<&State>) -> Option<HttpResponse> {
    let limits = state?.limits;
    if request.path().len() + request.query_string().len() > limits.uri_bytes {
        return Some(problem::carrying(Problem::new(ProblemCode::UriTooLong)));
    }
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers > limits.header_bytes {
        return Some(problem::carrying(Problem::new(
            ProblemCode::HeadersTooLarge,
        )));
    }
    if request.path().starts_with("/v1") && !is_acceptable(request) {
        return Some(problem::carrying(Problem::new(ProblemCode::NotAcceptable)));
    }
    None
}

/// Whether `Accept` leaves room for what the operation answers with: JSON, and here and there
/// something else.
fn is_acceptable(request: &ServiceRequest) -> bool {
    let path = request.match_pattern().unwrap_or_default();
    let offered = request
        .app_data::<web::Data<Operations>>()
        .map_or(&[JSON][..], |all| all.formats(request.method(), &path));
    preferred(request, offered).is_some()
}

/// Gives every error answer a problem for a body, in the caller's language.
fn in_words(response: ServiceResponse<BoxBody>, wording: &Wording) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let has_words = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes() == PROBLEM_JSON.as_bytes());
    if !is_error || has_words {
        return response;
    }
    let problem = response
        .response()
        .extensions()
        .get::<Problem>()
        .cloned()
        .unwrap_or_else(|| problem::for_status(status));
    let mut rendered = problem::respond(&problem::render(&problem, wording));
    for (name, value) in response.headers() {
        if *name == header::ALLOW {
            rendered.headers_mut().insert(name.clone(), value.clone());
        }
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, rendered)
}

/// Headers of every answer.
pub(crate) fn decorate(
    headers: &mut HeaderMap,
    identity: &RequestIdentity,
    state: Option<&State>,
    origin: Option<&HeaderValue>,
) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-request-id", &identity.request_id.to_string());
    set("x-trace-id", &identity.trace_id);
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "no-referrer");
    set(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    );
    let allowed = origin
        .and_then(|origin| origin.to_str().ok())
        .filter(|origin| {
            state.is_some_and(|state| state.allowed_origins.iter().any(|known| known == origin))
        });
    if let Some(origin) = allowed {
        set("access-control-allow-origin", origin);
        set(
            "access-control-expose-headers",
            "ETag, Location, Link, Retry-After, X-Request-Id, Idempotent-Replayed, Content-Disposition",
        );
    }
    if allowed.is_some() || state.is_some_and(|state| !state.allowed_origins.is_empty()) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    // The documentation page brings its own policy; everything else is data.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// The answer to OPTIONS: what the path supports, and, to a browser of an allowed origin, leave
/// to call it.
pub fn options(allowed: &[Method]) -> HttpResponse {
    let methods = problem::allow(allowed);
    HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header((header::ALLOW, methods.clone()))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Accept-Language, Idempotency-Key, If-Match, If-None-Match, traceparent",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// The trace identifier of `traceparent` (W3C Trace Context).
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .and_then(parse_traceparent)
}

fn parse_traceparent(text: &str) -> Option<&str> {
    // Unknown higher versions are read by their first 55 characters.
    let head = text.get(..55)?;
    let mut parts = head.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let nonzero = |part: &str| part.bytes().any(|byte| byte != b'0');
    let whole = version != "00" || text.len() == 55;
    (hex(version, 2) && version != "ff" && hex(trace, 32) && hex(span, 16) && hex(flags, 2))
        .then_some(trace)
        .filter(|_| whole && nonzero(trace) && nonzero(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_traceparent_is_taken_over_and_any_other_ignored() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            parse_traceparent(good),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        assert!(
            parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what")
                .is_some()
        );
        for bad in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert_eq!(parse_traceparent(bad), None, "{bad}");
        }
    }
}
