//! The outer form of a token: three parts and a header (RFC 7515 §7.1), before any key is used.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::algorithms;
use super::rejection::TokenRejection;
use super::strict_json::{self, Object};

/// The longest `kid`.
const KEY_ID_CHARACTERS_MAX: usize = 128;

/// Members that must not be there, whatever their value: nested content, an unencoded payload
/// (RFC 7797), compression, and keys that the sender brings along (RFC 8725 §3.10).
const HEADERS_REFUSED: [&str; 7] = ["cty", "b64", "zip", "jku", "jwk", "x5u", "x5c"];

/// The parts of a token, still encoded.
#[derive(Clone, Copy)]
pub(super) struct CompactToken<'token> {
    /// Header and payload with the dot between them: what the signature is over.
    pub(super) signed: &'token str,
    header: &'token str,
    payload: &'token str,
    /// The signature.
    pub(super) signature: &'token str,
}

/// What is used of a header.
pub(super) struct Header {
    /// `alg`, compared with the key's and never used to choose how to verify.
    pub(super) algorithm: Algorithm,
    /// `kid`.
    pub(super) key_id: String,
}

impl<'token> CompactToken<'token> {
    /// Takes a token apart without decoding anything.
    pub(super) fn split(token: &'token str, bytes_max: usize) -> Result<Self, TokenRejection> {
        if token.len() > bytes_max {
            return Err(TokenRejection::TooLong);
        }
        if !token.bytes().all(is_token_byte) {
            return Err(TokenRejection::IllegalCharacter);
        }
        match token.bytes().filter(|byte| *byte == b'.').count() {
            2 => {}
            4 => return Err(TokenRejection::Encrypted),
            _ => return Err(TokenRejection::NotCompact),
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRejection::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenRejection::NotCompact)?;
        if signature.is_empty() {
            return Err(TokenRejection::SignatureMissing);
        }
        Ok(Self {
            signed,
            header,
            payload,
            signature,
        })
    }

    /// The header, if it is one of an access token.
    pub(super) fn header(&self) -> Result<Header, TokenRejection> {
        let members = decode_object(self.header).ok_or(TokenRejection::HeaderMalformed)?;
        check_members(&members)?;
        check_type(&members)?;
        Ok(Header {
            algorithm: algorithm(&members)?,
            key_id: key_id(&members)?,
        })
    }

    /// The payload; nothing in it may be believed before the signature has been checked.
    pub(super) fn unverified_payload(&self) -> Result<Object, TokenRejection> {
        decode_object(self.payload).ok_or(TokenRejection::PayloadMalformed)
    }
}

/// The decoder refuses padding and stray bits at the end, so each part has one spelling.
fn decode_object(part: &str) -> Option<Object> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    strict_json::parse_object(&bytes).ok()
}

fn check_members(members: &Object) -> Result<(), TokenRejection> {
    if members.contains_key("crit") {
        return Err(TokenRejection::CriticalHeader);
    }
    if members.contains_key("enc") {
        return Err(TokenRejection::Encrypted);
    }
    match HEADERS_REFUSED
        .into_iter()
        .find(|name| members.contains_key(*name))
    {
        Some(name) => Err(TokenRejection::HeaderRefused(name)),
        None => Ok(()),
    }
}

fn check_type(members: &Object) -> Result<(), TokenRejection> {
    let accepted = ["at+jwt", "application/at+jwt"];
    match members.get("typ").and_then(Value::as_str) {
        Some(name) if accepted.iter().any(|one| name.eq_ignore_ascii_case(one)) => Ok(()),
        _ => Err(TokenRejection::TypeRefused),
    }
}

fn algorithm(members: &Object) -> Result<Algorithm, TokenRejection> {
    members
        .get("alg")
        .and_then(Value::as_str)
        .and_then(algorithms::from_name)
        .ok_or(TokenRejection::AlgorithmRefused)
}

fn key_id(members: &Object) -> Result<String, TokenRejection> {
    match members.get("kid") {
        None => Err(TokenRejection::KeyIdMissing),
        Some(Value::String(key_id)) if is_key_id(key_id) => Ok(key_id.clone()),
        Some(_) => Err(TokenRejection::KeyIdMalformed),
    }
}

/// Whether a text may name a key: it is only ever compared, yet it also reaches log lines.
pub(super) fn is_key_id(text: &str) -> bool {
    (1..=KEY_ID_CHARACTERS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}
