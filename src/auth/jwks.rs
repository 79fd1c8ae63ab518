//! The key set of an issuer (JWKS, RFC 7517 §5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jsonwebtoken::Algorithm;
use serde_json::Value;
use thiserror::Error;

pub use super::jwk::VerificationKey;

use super::{jwk, strict_json};

/// The largest key set that is read.
pub const KEY_SET_BYTES_MAX: usize = 64 * 1024;
/// The most keys a set may have, usable or not.
pub const KEYS_MAX: usize = 20;

/// Why a document is not a key set that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JwksError {
    /// More bytes than [`KEY_SET_BYTES_MAX`].
    #[error("the key set is larger than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    /// Not one JSON object with an array `keys`, for example a page of HTML.
    #[error("the document is not a JSON key set")]
    NotAKeySet,
    /// More keys than [`KEYS_MAX`].
    #[error("the key set has more than {KEYS_MAX} keys")]
    TooManyKeys,
    /// Not a single key passed.
    #[error("the key set has no usable key")]
    NoUsableKey,
}

/// The keys of an issuer that may verify access tokens.
pub struct KeySet {
    keys: BTreeMap<String, Arc<VerificationKey>>,
    skipped: usize,
}

impl KeySet {
    /// Reads a key set and keeps the keys for one of the allowed algorithms.
    ///
    /// Issuers publish keys for other purposes in the same set, so a key that does not fit is
    /// skipped and counted. Keys that fit but share a `kid` are all skipped: which of them a
    /// token means would be a guess.
    pub fn from_json(bytes: &[u8], allowed: &[Algorithm]) -> Result<Self, JwksError> {
        if bytes.len() > KEY_SET_BYTES_MAX {
            return Err(JwksError::TooLarge);
        }
        let document = strict_json::parse_object(bytes).map_err(|_| JwksError::NotAKeySet)?;
        let published = document.get("keys").and_then(Value::as_array);
        let published = published.ok_or(JwksError::NotAKeySet)?;
        if published.len() > KEYS_MAX {
            return Err(JwksError::TooManyKeys);
        }
        let accepted = published.iter().filter_map(|one| accept(one, allowed));
        let keys = unambiguous(accepted);
        if keys.is_empty() {
            return Err(JwksError::NoUsableKey);
        }
        let skipped = published.len() - keys.len();
        Ok(Self { keys, skipped })
    }

    /// The key of that name.
    pub fn get(&self, key_id: &str) -> Option<Arc<VerificationKey>> {
        self.keys.get(key_id).cloned()
    }

    /// The names of the keys, in order.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// How many published keys are not used.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

fn accept(published: &Value, allowed: &[Algorithm]) -> Option<VerificationKey> {
    match jwk::accept(published, allowed) {
        Ok(key) => Some(key),
        Err(refusal) => {
            tracing::debug!(%refusal, "A published key is not used.");
            None
        }
    }
}

fn unambiguous(
    accepted: impl Iterator<Item = VerificationKey>,
) -> BTreeMap<String, Arc<VerificationKey>> {
    let mut keys = BTreeMap::new();
    let mut ambiguous = BTreeSet::new();
    for key in accepted {
        let key_id = key.key_id().to_owned();
        if keys.insert(key_id.clone(), Arc::new(key)).is_some() {
            ambiguous.insert(key_id);
        }
    }
    keys.retain(|key_id, _| !ambiguous.contains(key_id));
    keys
}
