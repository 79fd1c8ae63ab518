//! The keys of the configuration, and the data keys that they wrap.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::aead::{self, KEY_LENGTH, KeyBytes, is_label};
use super::random::{RandomnessError, random_bytes};

/// The most keys that may be configured at once, with the index secret. Rotation needs three.
pub const KEYS_MAX: usize = 16;

/// The name of the entry that carries the index secret.
const INDEX_ENTRY: &str = "index";

/// Why keys could not be read, or a data key could not be made or unwrapped. No variant carries
/// what was configured, because a misplaced secret would end up in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// An entry is not `id:BASE64` with an id of letters, digits, `_` and `-`.
    #[error("entry {position} of the keys is not of the form id:BASE64")]
    Malformed {
        /// The place of the entry, counted from 1.
        position: usize,
    },
    /// The key of an entry is not 32 bytes in standard base64 with padding.
    #[error("entry {position} of the keys does not hold 32 bytes in base64")]
    KeyLength {
        /// The place of the entry, counted from 1.
        position: usize,
    },
    /// An entry repeats the id or the secret of an earlier one.
    #[error("entry {position} of the keys repeats the id or the secret of an earlier entry")]
    Repeated {
        /// The place of the entry, counted from 1.
        position: usize,
    },
    /// There is no key-encryption key.
    #[error("there is no key-encryption key")]
    NoKek,
    /// There are more than [`KEYS_MAX`] keys.
    #[error("there are more than {KEYS_MAX} keys")]
    TooMany,
    /// There is no `index` entry.
    #[error("there is no entry index:BASE64 for the index secret")]
    NoIndexSecret,
    /// The data key was wrapped by a key-encryption key that is not configured.
    #[error("the key-encryption key that wrapped this data key is not configured")]
    UnknownKek,
    /// The class of data is not a label of 1 to 63 letters, digits, `_` and `-`.
    #[error("the class of data is not a plain label")]
    ClassLabel,
    /// The wrapped key was changed, or belongs to another customer, class or key.
    #[error("the data key could not be unwrapped")]
    Unwrap,
    /// The cryptography library refused to wrap or derive a key.
    #[error("the key could not be wrapped or derived")]
    Library,
    /// There is no randomness for a new key.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

/// The keys of the configuration: key-encryption keys (KEKs), of which the first wraps new data
/// keys and the others only unwrap old ones, and the index secret.
///
/// The index secret is separate from the KEKs because they rotate and it must not: a blind index
/// made last year has to match one made today.
pub struct MasterKeys {
    current: Kek,
    older: Vec<Kek>,
    index_secret: KeyBytes,
}

struct Kek {
    id: String,
    key: KeyBytes,
}

/// The key that seals the values of one customer and one class of data. It can not be printed,
/// copied or compared.
pub struct DataKey(KeyBytes);

/// A data key as it is stored: encrypted by a key-encryption key, bound to its customer and
/// class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedDataKey {
    /// Which key-encryption key wrapped it.
    pub kek_id: String,
    /// The nonce of the wrapping, 12 bytes.
    pub nonce: Vec<u8>,
    /// The encrypted key and its tag, 48 bytes.
    pub wrapped: Vec<u8>,
}

impl MasterKeys {
    /// Reads keys from `k2:BASE64,k1:BASE64,index:BASE64`, 32 bytes each in standard base64.
    /// The first key-encryption key wraps; the `index` entry may stand anywhere.
    ///
    /// # Errors
    ///
    /// The variants of [`KeyringError`] that name an entry or a missing one.
    pub fn parse(text: &str) -> Result<MasterKeys, KeyringError> {
        let mut keks: Vec<Kek> = Vec::new();
        for (position, entry) in (1..).zip(text.trim().split(',')) {
            if position > KEYS_MAX {
                return Err(KeyringError::TooMany);
            }
            let (id, encoded) = entry
                .trim()
                .split_once(':')
                .filter(|(id, _)| is_label(id))
                .ok_or(KeyringError::Malformed { position })?;
            let key = decode_key(encoded).ok_or(KeyringError::KeyLength { position })?;
            // One secret under two names would undo the separation of wrapping and indexing.
            if keks.iter().any(|kek| kek.id == id || kek.key == key) {
                return Err(KeyringError::Repeated { position });
            }
            keks.push(Kek {
                id: id.to_owned(),
                key,
            });
        }
        let index_position = keks
            .iter()
            .position(|kek| kek.id == INDEX_ENTRY)
            .ok_or(KeyringError::NoIndexSecret)?;
        let index_secret = keks.remove(index_position).key;
        let mut keks = keks.into_iter();
        let current = keks.next().ok_or(KeyringError::NoKek)?;
        Ok(MasterKeys {
            current,
            older: keks.collect(),
            index_secret,
        })
    }

    /// Makes fresh keys in the form that [`MasterKeys::parse`] reads, for development. The text
    /// is a secret.
    ///
    /// # Errors
    ///
    /// [`RandomnessError`].
    pub fn generate() -> Result<String, RandomnessError> {
        let kek = Zeroizing::new(random_bytes::<KEY_LENGTH>()?);
        let index = Zeroizing::new(random_bytes::<KEY_LENGTH>()?);
        Ok(format!(
            "k1:{},{INDEX_ENTRY}:{}",
            STANDARD.encode(kek.as_slice()),
            STANDARD.encode(index.as_slice())
        ))
    }

    /// Makes a data key for one customer and one class of data, and its wrapped form to store.
    ///
    /// # Errors
    ///
    /// [`KeyringError::ClassLabel`], [`KeyringError::Randomness`] or [`KeyringError::Library`].
    pub fn new_data_key(
        &self,
        customer_id: Uuid,
        class: &str,
    ) -> Result<(DataKey, WrappedDataKey), KeyringError> {
        let data_key = DataKey(Zeroizing::new(random_bytes()?));
        let wrapped = self.wrap(&data_key, customer_id, class)?;
        Ok((data_key, wrapped))
    }

    /// Decrypts a stored data key with the key-encryption key that its id names. No other key is
    /// tried: AES-GCM does not commit to a key, so trying several is unsafe.
    ///
    /// # Errors
    ///
    /// [`KeyringError::ClassLabel`], [`KeyringError::UnknownKek`] or [`KeyringError::Unwrap`].
    pub fn unwrap_data_key(
        &self,
        wrapped: &WrappedDataKey,
        customer_id: Uuid,
        class: &str,
    ) -> Result<DataKey, KeyringError> {
        let kek = std::iter::once(&self.current)
            .chain(&self.older)
            .find(|kek| kek.id == wrapped.kek_id)
            .ok_or(KeyringError::UnknownKek)?;
        let associated = wrapping_context(customer_id, class, &kek.id)?;
        let opened = aead::decrypt(&kek.key, &wrapped.nonce, &associated, &wrapped.wrapped)
            .map_err(|_| KeyringError::Unwrap)?;
        let key = <[u8; KEY_LENGTH]>::try_from(opened.as_slice());
        key.map(|bytes| DataKey(Zeroizing::new(bytes)))
            .map_err(|_| KeyringError::Unwrap)
    }

    fn wrap(
        &self,
        data_key: &DataKey,
        customer_id: Uuid,
        class: &str,
    ) -> Result<WrappedDataKey, KeyringError> {
        let kek = &self.current;
        let associated = wrapping_context(customer_id, class, &kek.id)?;
        let (nonce, wrapped) = aead::encrypt(&kek.key, &associated, data_key.0.as_slice())
            .map_err(|_| KeyringError::Library)?;
        Ok(WrappedDataKey {
            kek_id: kek.id.clone(),
            nonce: nonce.to_vec(),
            wrapped,
        })
    }

    /// Derives a key of its own for one purpose from the index secret (HKDF-SHA256, RFC 5869).
    pub(super) fn derive_hmac_key(&self, label: &'static str) -> Result<hmac::Key, KeyringError> {
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"shouxin")
            .extract(self.index_secret.as_slice())
            .expand(&[label.as_bytes()], hmac::HMAC_SHA256)
            .map(hmac::Key::from)
            .map_err(|_| KeyringError::Library)
    }
}

impl DataKey {
    pub(super) fn bytes(&self) -> &KeyBytes {
        &self.0
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.older.iter().map(|kek| kek.id.as_str()).collect();
        formatter
            .debug_struct("MasterKeys")
            .field("current", &self.current.id)
            .field("older", &ids)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DataKey(hidden)")
    }
}

/// Binds a wrapped key to its customer, its class and the key that wraps it. Uuid and label can
/// not contain the separator.
fn wrapping_context(customer_id: Uuid, class: &str, kek_id: &str) -> Result<Vec<u8>, KeyringError> {
    if !is_label(class) {
        return Err(KeyringError::ClassLabel);
    }
    Ok(format!("v1|dek|{customer_id}|{class}|{kek_id}").into_bytes())
}

fn decode_key(encoded: &str) -> Option<KeyBytes> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    <[u8; KEY_LENGTH]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: Uuid = Uuid::from_u128(1);

    fn entry(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; KEY_LENGTH]))
    }

    fn keys(entries: &[(&str, u8)]) -> Result<MasterKeys, KeyringError> {
        let entries: Vec<String> = entries.iter().map(|(id, byte)| entry(id, *byte)).collect();
        MasterKeys::parse(&entries.join(","))
    }

    #[test]
    fn parse_takes_the_first_kek_as_current_wherever_the_index_stands() {
        for entries in [
            [("k2", 2), ("k1", 1), ("index", 9)],
            [("index", 9), ("k2", 2), ("k1", 1)],
            [("k2", 2), ("index", 9), ("k1", 1)],
        ] {
            assert_eq!(keys(&entries).unwrap().current.id, "k2");
        }
        assert!(MasterKeys::parse(&MasterKeys::generate().unwrap()).is_ok());
        assert_ne!(
            MasterKeys::generate().unwrap(),
            MasterKeys::generate().unwrap()
        );
    }

    #[test]
    fn parse_names_what_is_wrong() {
        let error = |text: &str| MasterKeys::parse(text).unwrap_err();
        assert_eq!(error(""), KeyringError::Malformed { position: 1 });
        assert_eq!(error("k1"), KeyringError::Malformed { position: 1 });
        assert_eq!(error("k|1:AAAA"), KeyringError::Malformed { position: 1 });
        assert_eq!(error("k1:AAAA"), KeyringError::KeyLength { position: 1 });
        assert_eq!(error("k1:!"), KeyringError::KeyLength { position: 1 });
        let trailing = format!("{},", entry("k1", 1));
        assert_eq!(error(&trailing), KeyringError::Malformed { position: 2 });

        let error = |entries: &[(&str, u8)]| keys(entries).unwrap_err();
        assert_eq!(error(&[("k1", 1)]), KeyringError::NoIndexSecret);
        assert_eq!(error(&[("index", 1)]), KeyringError::NoKek);
        assert_eq!(
            error(&[("k1", 1), ("k1", 2)]),
            KeyringError::Repeated { position: 2 }
        );
        assert_eq!(
            error(&[("k1", 1), ("index", 1)]),
            KeyringError::Repeated { position: 2 }
        );
        let ids: Vec<String> = (0..KEYS_MAX).map(|number| format!("k{number}")).collect();
        let mut many: Vec<(&str, u8)> = ids.iter().map(String::as_str).zip(1..).collect();
        many.push(("index", 99));
        assert_eq!(error(&many), KeyringError::TooMany);
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_customer_and_class() {
        let keys = keys(&[("k1", 1), ("index", 9)]).unwrap();
        let (data_key, wrapped) = keys.new_data_key(CUSTOMER, "PERSONAL").unwrap();
        assert_eq!((wrapped.nonce.len(), wrapped.wrapped.len()), (12, 48));
        let opened = keys
            .unwrap_data_key(&wrapped, CUSTOMER, "PERSONAL")
            .unwrap();
        assert!(opened.0 == data_key.0);
        let refused = [
            keys.unwrap_data_key(&wrapped, Uuid::from_u128(2), "PERSONAL"),
            keys.unwrap_data_key(&wrapped, CUSTOMER, "HEALTH"),
        ];
        assert!(
            refused
                .into_iter()
                .all(|result| result.unwrap_err() == KeyringError::Unwrap)
        );
        assert_eq!(
            keys.new_data_key(CUSTOMER, "A|B").unwrap_err(),
            KeyringError::ClassLabel
        );
    }

    #[test]
    fn a_changed_wrapped_key_does_not_open() {
        let keys = keys(&[("k1", 1), ("index", 9)]).unwrap();
        let (_, wrapped) = keys.new_data_key(CUSTOMER, "PERSONAL").unwrap();
        for position in 0..wrapped.wrapped.len() {
            let mut changed = wrapped.clone();
            changed.wrapped[position] ^= 1;
            assert!(
                keys.unwrap_data_key(&changed, CUSTOMER, "PERSONAL")
                    .is_err()
            );
        }
        for position in 0..12 {
            let mut changed = wrapped.clone();
            changed.nonce[position] ^= 1;
            assert!(
                keys.unwrap_data_key(&changed, CUSTOMER, "PERSONAL")
                    .is_err()
            );
        }
        for (nonce, bytes) in [(0, 48), (11, 48), (13, 48), (12, 0), (12, 15), (12, 47)] {
            let changed = WrappedDataKey {
                kek_id: wrapped.kek_id.clone(),
                nonce: vec![0; nonce],
                wrapped: vec![0; bytes],
            };
            assert!(
                keys.unwrap_data_key(&changed, CUSTOMER, "PERSONAL")
                    .is_err()
            );
        }
    }

    #[test]
    fn rotation_keeps_old_data_keys_readable_until_the_old_kek_is_gone() {
        let before = keys(&[("k1", 1), ("index", 9)]).unwrap();
        let during = keys(&[("k2", 2), ("k1", 1), ("index", 9)]).unwrap();
        let after = keys(&[("k2", 2), ("index", 9)]).unwrap();

        let (data_key, old) = before.new_data_key(CUSTOMER, "PERSONAL").unwrap();
        let opened = during.unwrap_data_key(&old, CUSTOMER, "PERSONAL").unwrap();
        assert!(opened.0 == data_key.0);
        let (newer_key, new) = during.new_data_key(CUSTOMER, "PERSONAL").unwrap();
        assert_eq!(new.kek_id, "k2");
        let opened = after.unwrap_data_key(&new, CUSTOMER, "PERSONAL").unwrap();
        assert!(opened.0 == newer_key.0);

        let lost = after.unwrap_data_key(&old, CUSTOMER, "PERSONAL");
        assert_eq!(lost.unwrap_err(), KeyringError::UnknownKek);
        // The id alone does not make a key fit.
        let renamed = WrappedDataKey {
            kek_id: "k2".to_owned(),
            ..old
        };
        let refused = during.unwrap_data_key(&renamed, CUSTOMER, "PERSONAL");
        assert_eq!(refused.unwrap_err(), KeyringError::Unwrap);
    }

    #[test]
    fn every_data_key_and_nonce_is_new() {
        let keys = keys(&[("k1", 1), ("index", 9)]).unwrap();
        let made: Vec<_> = (0..100)
            .map(|_| keys.new_data_key(CUSTOMER, "PERSONAL").unwrap())
            .collect();
        for (at, (key, wrapped)) in made.iter().enumerate() {
            assert!(made[..at].iter().all(|(other, other_wrapped)| {
                other.0 != key.0 && other_wrapped.nonce != wrapped.nonce
            }));
        }
    }

    #[test]
    fn debug_output_shows_ids_and_no_keys() {
        let keys = keys(&[("k2", 2), ("k1", 1), ("index", 9)]).unwrap();
        let (data_key, _) = keys.new_data_key(CUSTOMER, "PERSONAL").unwrap();
        assert_eq!(
            format!("{keys:?} {data_key:?}"),
            "MasterKeys { current: \"k2\", older: [\"k1\"], .. } DataKey(hidden)"
        );
    }
}
