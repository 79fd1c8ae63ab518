//! Takes the bearer token out of the `Authorization` header (RFC 6750 §2.1).
//!
//! The header is the only place a token is looked for. RFC 6750 also knows a form field and a
//! query parameter; RFC 9700 §4.3.2 forbids the latter, because query strings end up in logs.

use thiserror::Error;

/// Why no token could be taken from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderProblem {
    /// There is no `Authorization` header. The answer then names no `error` (RFC 6750 §3.1).
    #[error("no Authorization header")]
    Missing,
    /// There is one that is not exactly `Bearer <token>`, or there are several.
    #[error("the Authorization header is not one bearer token")]
    Malformed,
}

/// The token of a request, given the values of all its `Authorization` headers.
///
/// The scheme is compared without regard to case (RFC 9110 §11.1) and followed by one or more
/// spaces; the rest must be a `b64token`, so neither further words nor a list get through.
pub fn bearer_token<'request>(
    header_values: &[&'request str],
) -> Result<&'request str, HeaderProblem> {
    let value = match header_values {
        [] => return Err(HeaderProblem::Missing),
        [value] => value,
        _ => return Err(HeaderProblem::Malformed),
    };
    let (scheme, rest) = value.split_once(' ').ok_or(HeaderProblem::Malformed)?;
    let token = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && is_b64token(token) {
        Ok(token)
    } else {
        Err(HeaderProblem::Malformed)
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 §2.1).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
