//! AES-256-GCM with a random nonce, as both the wrapping of keys and the sealing of values use it.
//!
//! A random nonce of 96 bits is safe for about 2^32 messages under one key (NIST SP 800-38D
//! §8.3). A data key belongs to one customer and one class, so it stays far below that.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::random::random_bytes;

/// The length of a key, in bytes.
pub(super) const KEY_LENGTH: usize = 32;
/// The length of a nonce, in bytes.
pub(super) const NONCE_LENGTH: usize = 12;
/// The length of an authentication tag, in bytes.
pub(super) const TAG_LENGTH: usize = 16;

/// Key material that is wiped when it is dropped. It is neither printed nor compared.
pub(super) type KeyBytes = Zeroizing<[u8; KEY_LENGTH]>;

/// The operation failed. It does not say why: a reason would help only an attacker.
#[derive(Debug)]
pub(super) struct Failed;

/// Encrypts under a fresh nonce and returns it with the ciphertext and its tag.
pub(super) fn encrypt(
    key: &KeyBytes,
    associated: &[u8],
    plaintext: &[u8],
) -> Result<([u8; NONCE_LENGTH], Vec<u8>), Failed> {
    let nonce = random_bytes::<NONCE_LENGTH>().map_err(|_| Failed)?;
    let mut bytes = Vec::with_capacity(plaintext.len() + TAG_LENGTH);
    bytes.extend_from_slice(plaintext);
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated),
            &mut bytes,
        )
        .map_err(|_| Failed)?;
    Ok((nonce, bytes))
}

/// Decrypts ciphertext with its tag, if key, nonce and associated data are those of
/// [`encrypt`].
pub(super) fn decrypt(
    key: &KeyBytes,
    nonce: &[u8],
    associated: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Failed)?;
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(associated), &mut bytes)
        .map_err(|_| Failed)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

fn cipher(key: &KeyBytes) -> Result<LessSafeKey, Failed> {
    UnboundKey::new(&AES_256_GCM, key.as_slice())
        .map(LessSafeKey::new)
        .map_err(|_| Failed)
}

/// Whether a text may stand in a list of associated data that is joined with `|`: 1 to 63
/// characters of `A-Z a-z 0-9 _ -`. Without this rule two different lists could join to the
/// same text, and a value could be moved from one place to another.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
