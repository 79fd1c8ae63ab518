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
pub mod sealed;

use aws_lc_rs::{digest, rand};

pub use blind_index::BlindIndexKey;
pub use cursor_seal::{CursorError, CursorSeal};
pub use keyring::{DataKey, KeyringError, MasterKeys, WrappedDataKey};
pub use sealed::{AccessGrant, Plaintext, SealContext, SealError, Sealed, open, seal};

/// The operating system gave no randomness; nothing that needs a key or a nonce can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no secure randomness is available")]
pub struct RandomnessError;

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

/// `N` bytes from the process's cryptographic random generator.
///
/// # Errors
///
/// [`RandomnessError`] when the operating system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomnessError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| RandomnessError)?;
    Ok(bytes)
}

/// Whether a text may stand in a list of associated data that is joined with `|`: 1 to 63
/// characters of `A-Z a-z 0-9 _ -`. Without this rule two different lists could join to the
/// same text, and a value could be moved from one place to another.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
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

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
    }

    #[test]
    fn labels_can_not_contain_the_separator() {
        for label in ["k1", "CUSTOMER_CONTACT", "bank-account", &"x".repeat(63)] {
            assert!(is_label(label), "{label}");
        }
        for other in ["", "a|b", "a b", "a\n", "类", &"x".repeat(64)] {
            assert!(!is_label(other), "{other}");
        }
    }
}
