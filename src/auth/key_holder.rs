//! Holds the current key set of one issuer, and knows how long it may be believed.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::{DateTime, TimeDelta, Utc};

use super::jwks::{KeySet, VerificationKey};

/// How long the last good key set is used when no newer one can be fetched.
pub const STALE_AFTER_DEFAULT: TimeDelta = TimeDelta::hours(24);

/// The keys of one issuer, shared between requests and the thread that refreshes them.
///
/// The lock is held for a map lookup or for swapping one pointer, never for I/O.
pub struct KeyHolder {
    state: RwLock<State>,
    stale_after: Option<TimeDelta>,
}

struct State {
    keys: Option<Arc<KeySet>>,
    last_success: Option<DateTime<Utc>>,
}

impl KeyHolder {
    /// A holder that is empty until the first fetch, and stale when fetching fails too long.
    pub fn refreshed(stale_after: TimeDelta) -> Self {
        Self {
            state: RwLock::new(State {
                keys: None,
                last_success: None,
            }),
            stale_after: Some(stale_after),
        }
    }

    /// A holder of keys that are not fetched from anywhere, such as the development key.
    pub fn fixed(keys: KeySet) -> Self {
        Self {
            state: RwLock::new(State {
                keys: Some(Arc::new(keys)),
                last_success: None,
            }),
            stale_after: None,
        }
    }

    /// The key of that name, if the current set has one.
    pub fn get(&self, key_id: &str) -> Option<Arc<VerificationKey>> {
        self.read().keys.as_ref().and_then(|keys| keys.get(key_id))
    }

    /// Puts a newly fetched set in place of the current one. Keys that are no longer in it
    /// stop being accepted at once.
    pub fn replace(&self, keys: KeySet, fetched_at: DateTime<Utc>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            keys: Some(Arc::new(keys)),
            last_success: Some(fetched_at),
        };
    }

    /// Whether the keys may be believed: there are some, and they are not older than the hard
    /// limit. An empty holder is not fresh, so a service without keys is not ready.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        let state = self.read();
        match (self.stale_after, state.last_success) {
            (None, _) => state.keys.is_some(),
            (Some(_), None) => false,
            (Some(stale_after), Some(at)) => now - at <= stale_after,
        }
    }

    /// A panic while holding the lock leaves a whole state behind, so poisoning is no reason
    /// to stop.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
