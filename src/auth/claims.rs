//! The claims of an access token (RFC 9068 §2.2), read strictly and by hand.
//!
//! Reading member by member instead of deriving lets each refusal name its claim, and leaves
//! no claim with a type that the reader did not choose.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::rejection::TokenRejection;
use super::strict_json::Object;
use crate::values::organisation::OrgPath;

/// The longest issuer, subject, client or token id.
const TEXT_CHARACTERS_MAX: usize = 255;
/// The most audiences a token may be for.
const AUDIENCES_MAX: usize = 10;
/// The most scopes a token may carry.
const SCOPES_MAX: usize = 100;

/// Everything a token says, well-formed and not yet compared with anything.
#[derive(Clone)]
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    pub(super) subject: String,
    pub(super) client_id: String,
    pub(super) token_id: String,
    pub(super) scopes: Arc<BTreeSet<String>>,
    pub(super) org_path: OrgPath,
    pub(super) customer_id: Option<Uuid>,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) not_before: Option<DateTime<Utc>>,
    pub(super) expires_at: DateTime<Utc>,
}

impl Claims {
    /// Reads the claims of a payload.
    pub(super) fn read(payload: &Object) -> Result<Self, TokenRejection> {
        refuse_other_tokens(payload)?;
        Ok(Self {
            issuer: issuer(payload)?,
            audiences: audiences(payload)?,
            subject: text(payload, "sub")?,
            client_id: text(payload, "client_id")?,
            token_id: text(payload, "jti")?,
            scopes: Arc::new(scopes(payload)?),
            org_path: org_path(payload)?,
            customer_id: customer_id(payload)?,
            issued_at: required(payload, "iat").and_then(|value| instant(value, "iat"))?,
            not_before: payload
                .get("nbf")
                .map(|value| instant(value, "nbf"))
                .transpose()?,
            expires_at: required(payload, "exp").and_then(|value| instant(value, "exp"))?,
        })
    }
}

/// The issuer a payload names, which is all that is read before the signature is checked.
pub(super) fn issuer(payload: &Object) -> Result<String, TokenRejection> {
    text(payload, "iss")
}

/// Some issuers sign every kind of token with one key, and tell them apart by claims only:
/// logout and event tokens have `events` (RFC 8417), others name their use.
fn refuse_other_tokens(payload: &Object) -> Result<(), TokenRejection> {
    if payload.contains_key("events") {
        return Err(TokenRejection::NotAnAccessToken("events"));
    }
    for (name, accepted) in [("typ", "bearer"), ("token_use", "access")] {
        let fits = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| text.eq_ignore_ascii_case(accepted))
        };
        if payload.get(name).is_some_and(|value| !fits(value)) {
            return Err(TokenRejection::NotAnAccessToken(name));
        }
    }
    Ok(())
}

fn required<'payload>(
    payload: &'payload Object,
    name: &'static str,
) -> Result<&'payload Value, TokenRejection> {
    payload.get(name).ok_or(TokenRejection::ClaimMissing(name))
}

fn text(payload: &Object, name: &'static str) -> Result<String, TokenRejection> {
    required(payload, name)?
        .as_str()
        .filter(|text| is_name(text))
        .map(str::to_owned)
        .ok_or(TokenRejection::ClaimMalformed(name))
}

/// Printable, so that a name cannot forge a line in a log or an audit entry.
fn is_name(text: &str) -> bool {
    (1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// One string or an array of them (RFC 7519 §4.1.3).
fn audiences(payload: &Object) -> Result<Vec<String>, TokenRejection> {
    let malformed = TokenRejection::ClaimMalformed("aud");
    let one = |value: &Value| {
        value
            .as_str()
            .filter(|text| is_name(text))
            .map(str::to_owned)
            .ok_or(malformed)
    };
    match required(payload, "aud")? {
        Value::Array(values) if (1..=AUDIENCES_MAX).contains(&values.len()) => {
            values.iter().map(one).collect()
        }
        value => Ok(vec![one(value)?]),
    }
}

/// One string of scope tokens with single spaces between them (RFC 6749 §3.3). The claim is
/// there only if scopes were asked for (RFC 9068 §2.2.3); without it the set is empty.
fn scopes(payload: &Object) -> Result<BTreeSet<String>, TokenRejection> {
    let malformed = TokenRejection::ClaimMalformed("scope");
    let Some(value) = payload.get("scope") else {
        return Ok(BTreeSet::new());
    };
    let words: Vec<&str> = value.as_str().ok_or(malformed)?.split(' ').collect();
    if words.len() > SCOPES_MAX || !words.iter().all(|word| is_scope_token(word)) {
        return Err(malformed);
    }
    Ok(words.into_iter().map(str::to_owned).collect())
}

/// `1*( %x21 / %x23-5B / %x5D-7E )`: printable ASCII without quote and backslash.
fn is_scope_token(word: &str) -> bool {
    (1..=TEXT_CHARACTERS_MAX).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

fn org_path(payload: &Object) -> Result<OrgPath, TokenRejection> {
    required(payload, "org")?
        .as_str()
        .and_then(|text| OrgPath::parse(text).ok())
        .ok_or(TokenRejection::ClaimMalformed("org"))
}

/// The hyphenated lower-case form only, so that one customer has one spelling.
fn customer_id(payload: &Object) -> Result<Option<Uuid>, TokenRejection> {
    let malformed = TokenRejection::ClaimMalformed("customer");
    let Some(value) = payload.get("customer") else {
        return Ok(None);
    };
    let text = value.as_str().ok_or(malformed)?;
    let id = Uuid::try_parse(text).map_err(|_| malformed)?;
    if id.hyphenated().to_string() == text {
        Ok(Some(id))
    } else {
        Err(malformed)
    }
}

/// A whole number of seconds. RFC 7519 §2 would also allow a fraction; no issuer needs one,
/// and `1e300` is one.
fn instant(value: &Value, name: &'static str) -> Result<DateTime<Utc>, TokenRejection> {
    value
        .as_u64()
        .and_then(|seconds| i64::try_from(seconds).ok())
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(TokenRejection::ClaimMalformed(name))
}
