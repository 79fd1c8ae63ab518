//! Names compared as people read them: a key under which spellings of one name meet.

use icu_normalizer::ComposingNormalizerBorrowed;

/// The form under which two spellings of one name are one: compatibility forms (width, circled digits), case and runs of
/// space do not matter. Not for codes that have a pattern, nor for keys of a caller.
#[must_use]
pub fn compared(text: &str) -> String {
    let folded = folded(text);
    let mut key = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    key
}

/// Compatibility forms and case folded, spaces as they are.
#[must_use]
pub fn folded(text: &str) -> String {
    let nfkc = const { ComposingNormalizerBorrowed::new_nfkc() };
    let lower: String = nfkc
        .normalize(text)
        .chars()
        .flat_map(char::to_lowercase)
        .collect();
    // Lower case may take a composed form apart (İ).
    nfkc.normalize(&lower).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_that_read_the_same_are_the_same() {
        for (key, spellings) in [
            ("so-9", ["SO-9", "ｓｏ－９", " so-9 ", "So-９"].as_slice()),
            (
                "发票 7",
                &["发票 7", "发票　7", "发票\u{a0} ７", "  发票   7  "],
            ),
            ("pay 1/2", &["PAY 1/2", "ＰＡＹ 1／2"]),
            ("strasse", &["STRASSE"]),
            ("(株)山田", &["㈱山田", "（株）山田"]),
        ] {
            for spelling in spellings {
                assert_eq!(compared(spelling), key, "{spelling}");
            }
        }
        for (one, other) in [("SO-9", "SO-90"), ("SO 9", "SO9"), ("SO-9", "SO_9")] {
            assert_ne!(compared(one), compared(other));
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in any::<String>()) {
            let key = compared(&text);
            prop_assert_eq!(compared(&key), key);
        }
    }
}
