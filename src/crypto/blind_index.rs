//! Blind indexes: finding a sealed value by equality without storing the value.

use std::fmt;

use aws_lc_rs::hmac;

use super::keyring::{KeyringError, MasterKeys};

/// The label of the key's derivation. Changing it makes every stored index useless.
const LABEL: &str = "shouxin/v1/blind-index";

/// What stands between column and value.
const SEPARATOR: u8 = 0x1F;

/// The key of all blind indexes, derived from the index secret and therefore the same before and
/// after a rotation of key-encryption keys.
///
/// Identity and telephone numbers are few enough to be tried one by one by somebody who has this
/// key, so the index secret is as sensitive as the data. Values of which there are only a handful
/// (gender, province) must not be indexed: their frequency alone tells them.
pub struct BlindIndexKey(hmac::Key);

impl BlindIndexKey {
    /// Derives the key.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Library`] when the cryptography library refuses.
    pub fn derive(keys: &MasterKeys) -> Result<BlindIndexKey, KeyringError> {
        keys.derive_hmac_key(LABEL).map(BlindIndexKey)
    }

    /// The index of a value in a column: HMAC-SHA256 of column, 0x1F and value, cut to 16 bytes.
    ///
    /// The caller normalises the value first, in the same way when it writes and when it looks
    /// up. The column is a constant of the program, so it never contains the separator and two
    /// different pairs never make the same message.
    #[must_use]
    pub fn index(&self, column: &'static str, normalised_value: &str) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(column.as_bytes());
        context.update(&[SEPARATOR]);
        context.update(normalised_value.as_bytes());
        let mut index = [0; 16];
        for (to, from) in index.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        index
    }
}

impl fmt::Debug for BlindIndexKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BlindIndexKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,\
        index:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
    const ROTATED: &str = "k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,\
        k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,\
        index:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";

    fn key(text: &str) -> BlindIndexKey {
        BlindIndexKey::derive(&MasterKeys::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn an_index_survives_the_rotation_of_keks() {
        let index = key(BEFORE).index("contacts.phone", "13812345678");
        assert_eq!(index, key(ROTATED).index("contacts.phone", "13812345678"));
    }

    #[test]
    fn an_index_depends_on_column_value_and_secret() {
        let key_one = key(BEFORE);
        let index = key_one.index("contacts.phone", "13812345678");
        assert_ne!(index, key_one.index("contacts.mobile", "13812345678"));
        assert_ne!(index, key_one.index("contacts.phone", "13812345679"));
        assert_ne!(key_one.index("a", "bc"), key_one.index("ab", "c"));
        let other = key(&MasterKeys::generate().unwrap());
        assert_ne!(index, other.index("contacts.phone", "13812345678"));
    }

    #[test]
    fn stored_indexes_stay_valid() {
        // A change here means that nothing indexed before can be found again.
        let index: String = key(BEFORE)
            .index("contacts.phone", "13812345678")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(index, "03b24b0085ed67b7acc68603c65692b2");
    }
}
