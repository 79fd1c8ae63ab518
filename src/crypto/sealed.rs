//! Sealed values: one field of one row, encrypted and bound to its place.
//!
//! Layout: version (1 byte), algorithm (1), key version (4, big-endian), nonce (12), ciphertext,
//! tag (16). The header and the place are authenticated, so a value that is moved to another
//! row or column, or claimed for another key version, does not open. The algorithm byte leaves
//! room for SM4-GCM, which regulated users in China ask for.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::aead::{self, NONCE_LENGTH, TAG_LENGTH, is_label};
use super::keyring::DataKey;

/// The largest plaintext that is sealed, in bytes: 16 MiB, as large as a stored document may be.
pub const PLAINTEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The version of the layout.
const LAYOUT_VERSION: u8 = 1;
/// The algorithm id of AES-256-GCM.
const AES_256_GCM: u8 = 1;
/// Version, algorithm and key version, in bytes.
const HEADER_LENGTH: usize = 6;

/// Why a value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are shorter than any sealed value, or longer than the longest.
    #[error("the length is not that of a sealed value")]
    Length,
    /// The layout version or the algorithm is not known to this build.
    #[error("the value is sealed in a way this build does not know")]
    UnknownFormat,
    /// The plaintext is longer than [`PLAINTEXT_BYTES_MAX`].
    #[error("the value is longer than {PLAINTEXT_BYTES_MAX} bytes")]
    TooLong,
    /// The table or the column is not a plain label.
    #[error("the table or column of a sealed value is not a plain label")]
    ContextLabel,
    /// There was no randomness, or the cryptography library refused.
    #[error("the value could not be sealed")]
    Seal,
    /// The value was changed or moved, or the key is another one.
    #[error("the sealed value could not be opened")]
    Open,
}

/// The place of a sealed value in the database. The value opens only there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext {
    /// The table, as it is called in the database.
    pub table: &'static str,
    /// The id of the row.
    pub row_id: Uuid,
    /// The column, as it is called in the database.
    pub column: &'static str,
}

/// Proof that the reading of classified data was recorded; without one, nothing opens.
///
/// It is neither `Clone` nor constructible outside this crate, and inside it only the function
/// that writes the access record may make one.
#[derive(Debug)]
pub struct AccessGrant {
    access_record_id: Uuid,
}

impl AccessGrant {
    /// States that the access record of this id has been written in the transaction that reads.
    ///
    /// Only the function that writes the access record may call this. A call from anywhere else
    /// is a read that nobody will ever know of.
    pub(crate) fn recorded(access_record_id: Uuid) -> AccessGrant {
        AccessGrant { access_record_id }
    }

    /// The access record that this grant rests on.
    #[must_use]
    pub const fn access_record_id(&self) -> Uuid {
        self.access_record_id
    }
}

/// A sealed value as it is stored. It holds no secret without its key, and may be copied.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes stored bytes whose length and header are those of a sealed value.
    ///
    /// # Errors
    ///
    /// [`SealError::Length`] or [`SealError::UnknownFormat`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Sealed, SealError> {
        let overhead = HEADER_LENGTH + NONCE_LENGTH + TAG_LENGTH;
        if !(overhead..=overhead + PLAINTEXT_BYTES_MAX).contains(&bytes.len()) {
            return Err(SealError::Length);
        }
        if !bytes.starts_with(&[LAYOUT_VERSION, AES_256_GCM]) {
            return Err(SealError::UnknownFormat);
        }
        Ok(Sealed(bytes))
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to store, without copying them.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Which version of the customer's data key sealed the value, so that the right one can be
    /// loaded. It is authenticated only once the value opens.
    #[must_use]
    pub fn key_version(&self) -> u32 {
        match self.0.as_slice() {
            [_, _, a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]),
            // A constructed value is never this short.
            _ => 0,
        }
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Sealed({} bytes, key version {})",
            self.0.len(),
            self.key_version()
        )
    }
}

/// An opened value. It does not print itself and is wiped when it is dropped.
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// The opened bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Plaintext(hidden)")
    }
}

/// Encrypts a value for one place, under a fresh nonce.
///
/// # Errors
///
/// [`SealError::TooLong`], [`SealError::ContextLabel`] or [`SealError::Seal`].
pub fn seal(
    key: &DataKey,
    key_version: u32,
    plaintext: &[u8],
    context: &SealContext,
) -> Result<Sealed, SealError> {
    if plaintext.len() > PLAINTEXT_BYTES_MAX {
        return Err(SealError::TooLong);
    }
    let associated = associated_data(key_version, context)?;
    let (nonce, ciphertext) =
        aead::encrypt(key.bytes(), &associated, plaintext).map_err(|_| SealError::Seal)?;
    let mut bytes = Vec::with_capacity(HEADER_LENGTH + NONCE_LENGTH + ciphertext.len());
    bytes.extend_from_slice(&[LAYOUT_VERSION, AES_256_GCM]);
    bytes.extend_from_slice(&key_version.to_be_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&ciphertext);
    Ok(Sealed(bytes))
}

/// Decrypts a value in the place it was sealed for. `_grant` is not used but required: it proves
/// that this reading was recorded.
///
/// # Errors
///
/// [`SealError::ContextLabel`] or [`SealError::Open`], which does not tell whether key, place or
/// bytes were wrong.
pub fn open(
    key: &DataKey,
    sealed: &Sealed,
    context: &SealContext,
    _grant: &AccessGrant,
) -> Result<Plaintext, SealError> {
    let associated = associated_data(sealed.key_version(), context)?;
    let (nonce, ciphertext) = sealed
        .0
        .get(HEADER_LENGTH..)
        .and_then(|rest| rest.split_at_checked(NONCE_LENGTH))
        .ok_or(SealError::Open)?;
    aead::decrypt(key.bytes(), nonce, &associated, ciphertext)
        .map(Plaintext)
        .map_err(|_| SealError::Open)
}

/// What is authenticated beside the value. GCM does not commit to a key, so the key version is
/// part of it.
fn associated_data(key_version: u32, context: &SealContext) -> Result<Vec<u8>, SealError> {
    let SealContext {
        table,
        row_id,
        column,
    } = context;
    if !is_label(table) || !is_label(column) {
        return Err(SealError::ContextLabel);
    }
    Ok(
        format!("v{LAYOUT_VERSION}|{AES_256_GCM}|{key_version}|{table}|{row_id}|{column}")
            .into_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::MasterKeys;

    const PLACE: SealContext = SealContext {
        table: "contacts",
        row_id: Uuid::from_u128(7),
        column: "phone",
    };

    fn data_key() -> DataKey {
        let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
        keys.new_data_key(Uuid::from_u128(1), "PERSONAL").unwrap().0
    }

    fn grant() -> AccessGrant {
        AccessGrant::recorded(Uuid::from_u128(3))
    }

    #[test]
    fn a_sealed_value_opens_in_its_place() {
        let key = data_key();
        let sealed = seal(&key, 0x0102_0304, "13812345678".as_bytes(), &PLACE).unwrap();
        assert_eq!(sealed.as_bytes()[..HEADER_LENGTH], [1, 1, 1, 2, 3, 4]);
        assert_eq!(sealed.as_bytes().len(), 6 + 12 + 11 + 16);
        assert_eq!(sealed.key_version(), 0x0102_0304);
        let stored = Sealed::from_bytes(sealed.into_bytes()).unwrap();
        let opened = open(&key, &stored, &PLACE, &grant()).unwrap();
        assert_eq!(opened.as_bytes(), b"13812345678");
        assert_eq!(grant().access_record_id(), Uuid::from_u128(3));
    }

    #[test]
    fn a_moved_value_does_not_open() {
        let key = data_key();
        let sealed = seal(&key, 1, b"secret", &PLACE).unwrap();
        for place in [
            SealContext {
                table: "persons",
                ..PLACE
            },
            SealContext {
                row_id: Uuid::from_u128(8),
                ..PLACE
            },
            SealContext {
                column: "email",
                ..PLACE
            },
        ] {
            assert_eq!(
                open(&key, &sealed, &place, &grant()).unwrap_err(),
                SealError::Open
            );
        }
    }

    #[test]
    fn another_key_does_not_open() {
        let sealed = seal(&data_key(), 1, b"secret", &PLACE).unwrap();
        assert_eq!(
            open(&data_key(), &sealed, &PLACE, &grant()).unwrap_err(),
            SealError::Open
        );
    }

    #[test]
    fn no_changed_byte_opens() {
        let key = data_key();
        let bytes = seal(&key, 1, b"secret", &PLACE).unwrap().into_bytes();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let opened =
                Sealed::from_bytes(changed).and_then(|one| open(&key, &one, &PLACE, &grant()));
            let expected = if position < 2 {
                SealError::UnknownFormat
            } else {
                SealError::Open
            };
            assert_eq!(opened.unwrap_err(), expected, "byte {position}");
        }
        for length in 0..bytes.len() {
            let opened = Sealed::from_bytes(bytes[..length].to_vec())
                .and_then(|one| open(&key, &one, &PLACE, &grant()));
            assert!(opened.is_err(), "{length} bytes");
        }
    }

    #[test]
    fn every_nonce_is_new() {
        let key = data_key();
        let nonces: std::collections::HashSet<Vec<u8>> = (0..1000)
            .map(|_| seal(&key, 1, b"same", &PLACE).unwrap().as_bytes()[6..18].to_vec())
            .collect();
        assert_eq!(nonces.len(), 1000);
    }

    #[test]
    fn limits_and_labels_are_checked() {
        let key = data_key();
        let long = vec![0; PLAINTEXT_BYTES_MAX + 1];
        assert_eq!(
            seal(&key, 1, &long, &PLACE).unwrap_err(),
            SealError::TooLong
        );
        let place = SealContext {
            column: "phone|x",
            ..PLACE
        };
        assert_eq!(
            seal(&key, 1, b"", &place).unwrap_err(),
            SealError::ContextLabel
        );
    }

    #[test]
    fn debug_output_shows_no_content() {
        let key = data_key();
        let sealed = seal(&key, 2, b"secret", &PLACE).unwrap();
        let opened = open(&key, &sealed, &PLACE, &grant()).unwrap();
        assert_eq!(
            format!("{sealed:?} {opened:?}"),
            "Sealed(40 bytes, key version 2) Plaintext(hidden)"
        );
    }

    proptest! {
        #[test]
        fn open_undoes_seal(plaintext in any::<Vec<u8>>(), version in any::<u32>()) {
            let key = data_key();
            let sealed = seal(&key, version, &plaintext, &PLACE).unwrap();
            let opened = open(&key, &sealed, &PLACE, &grant()).unwrap();
            prop_assert_eq!(opened.as_bytes(), plaintext.as_slice());
        }

        #[test]
        fn from_bytes_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = Sealed::from_bytes(bytes);
        }
    }
}
