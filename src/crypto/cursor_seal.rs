//! Cursors of paged lists: signed, so that a client can not make one up, but not secret.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::keyring::{KeyringError, MasterKeys};

/// The longest cursor that is opened, in characters.
pub const CURSOR_CHARS_MAX: usize = 1024;

/// The longest payload whose cursor stays within [`CURSOR_CHARS_MAX`], in bytes: four characters
/// of base64 carry three bytes, and 16 of them are the tag.
pub const CURSOR_PAYLOAD_BYTES_MAX: usize = CURSOR_CHARS_MAX / 4 * 3 - TAG_LENGTH;

/// The length of the tag, in bytes: 128 bits of HMAC-SHA256.
const TAG_LENGTH: usize = 16;

/// The label of the key's derivation. Changing it invalidates the cursors that clients hold.
const LABEL: &str = "shouxin/v1/cursor";

/// The cursor was not made by this service, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this service")]
pub struct CursorError;

/// Signs the positions that paged lists hand to clients. The client can read the payload, so it
/// must hold nothing that the client may not see.
pub struct CursorSeal(hmac::Key);

impl CursorSeal {
    /// Derives the key from the index secret, under a label of its own.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Library`] when the cryptography library refuses.
    pub fn derive(keys: &MasterKeys) -> Result<CursorSeal, KeyringError> {
        keys.derive_hmac_key(LABEL).map(CursorSeal)
    }

    /// The cursor of a payload, in base64url without padding. A payload longer than
    /// [`CURSOR_PAYLOAD_BYTES_MAX`] makes a cursor that does not open again; payloads are sort
    /// keys and ids, far below that.
    #[must_use]
    pub fn seal(&self, payload: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(payload.len() + TAG_LENGTH);
        bytes.extend_from_slice(payload);
        bytes.extend(
            hmac::sign(&self.0, payload)
                .as_ref()
                .iter()
                .take(TAG_LENGTH),
        );
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The payload of a cursor that this service made.
    ///
    /// # Errors
    ///
    /// [`CursorError`] for everything else.
    pub fn open(&self, cursor: &str) -> Result<Vec<u8>, CursorError> {
        if cursor.len() > CURSOR_CHARS_MAX {
            return Err(CursorError);
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorError)?;
        let payload_length = bytes.len().checked_sub(TAG_LENGTH).ok_or(CursorError)?;
        let tag = bytes.split_off(payload_length);
        let expected = hmac::sign(&self.0, &bytes);
        let expected = expected.as_ref().get(..TAG_LENGTH).ok_or(CursorError)?;
        // In constant time, so that the tag can not be guessed byte by byte.
        constant_time::verify_slices_are_equal(expected, &tag).map_err(|_| CursorError)?;
        Ok(bytes)
    }
}

impl fmt::Debug for CursorSeal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CursorSeal(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor_seal() -> CursorSeal {
        let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
        CursorSeal::derive(&keys).unwrap()
    }

    #[test]
    fn no_changed_cursor_opens() {
        let seal = cursor_seal();
        let cursor = seal.seal(b"2025-01-31|42");
        assert_eq!(seal.open(&cursor).unwrap(), b"2025-01-31|42");
        for position in 0..cursor.len() {
            for replacement in ["A", "b", "-", "=", "+", " "] {
                let mut changed = cursor.clone();
                changed.replace_range(position..=position, replacement);
                assert!(
                    changed == cursor || seal.open(&changed).is_err(),
                    "{changed}"
                );
            }
        }
        for length in 0..cursor.len() {
            assert!(seal.open(&cursor[..length]).is_err());
        }
    }

    #[test]
    fn a_cursor_of_other_keys_does_not_open() {
        assert_eq!(
            cursor_seal().open(&cursor_seal().seal(b"1")),
            Err(CursorError)
        );
    }

    #[test]
    fn the_limits_agree() {
        let seal = cursor_seal();
        let longest = seal.seal(&[7; CURSOR_PAYLOAD_BYTES_MAX]);
        assert_eq!(longest.len(), CURSOR_CHARS_MAX);
        assert!(seal.open(&longest).is_ok());
        assert!(
            seal.open(&seal.seal(&[7; CURSOR_PAYLOAD_BYTES_MAX + 1]))
                .is_err()
        );
    }

    #[test]
    fn cursors_and_blind_indexes_have_keys_of_their_own() {
        let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
        let cursor = CursorSeal::derive(&keys).unwrap().seal(b"column\x1Fvalue");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        let index = crate::crypto::BlindIndexKey::derive(&keys)
            .unwrap()
            .index("column", "value");
        assert_ne!(bytes[bytes.len() - 16..], index);
    }

    proptest! {
        #[test]
        fn open_undoes_seal(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let seal = cursor_seal();
            prop_assert_eq!(seal.open(&seal.seal(&payload)), Ok(payload));
        }

        #[test]
        fn open_never_panics(cursor in any::<String>(), other in "[A-Za-z0-9_-]{0,1100}") {
            let seal = cursor_seal();
            prop_assert!(seal.open(&cursor).is_err());
            prop_assert!(seal.open(&other).is_err());
        }
    }
}
