//! Keys and what is done with them: sealed values, blind indexes, cursors, digests.
//!
//! The envelope: a key-encryption key from the configuration ([`MasterKeys`]) wraps one
//! [`DataKey`] per customer and class of data, and that one seals single values ([`Sealed`]).
//! Destroying a wrapped data key destroys everything sealed with it. All primitives come from
//! aws-lc-rs: AES-256-GCM (NIST SP 800-38D), HMAC-SHA256 (RFC 2104), HKDF-SHA256 (RFC 5869) and
//! SHA-256 (FIPS 180-4).
//!
//! Nothing in here prints a key or a plaintext, and key material is wiped when it is dropped.

mod aead;
pub mod blind_index;
pub mod cursor_seal;
pub mod keyring;
mod random;
pub mod sealed;

use aws_lc_rs::digest;

pub use self::blind_index::BlindIndexKey;
pub use self::cursor_seal::{CursorError, CursorSeal};
pub use self::keyring::{DataKey, KeyringError, MasterKeys, WrappedDataKey};
pub use self::random::{RandomnessError, random_bytes};
pub use self::sealed::{AccessGrant, Plaintext, SealContext, SealError, Sealed, open, seal};

/// The SHA-256 digest of the bytes (FIPS 180-4).
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    // Copied pairwise: the lengths are equal by the definition of SHA-256.
    for (to, from) in hash
        .iter_mut()
        .zip(digest::digest(&digest::SHA256, bytes).as_ref())
    {
        *to = *from;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_matches_the_standard() {
        let hex = |bytes: [u8; 32]| -> String {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(
            hex(sha256(b"")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
