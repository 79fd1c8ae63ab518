//! Names and other text that people type: a key that finds similar company names, and the rule
//! of what may be stored and shown.

use super::text_keys::folded;

/// Chinese legal-form words, dropped wherever they stand (a branch carries its parent's form in
/// the middle of its name). Longer words come before the words they contain.
const CHINESE_LEGAL_FORMS: [&str; 5] = ["有限责任公司", "股份有限公司", "有限公司", "公司", "集团"];

/// A legal form only at the end of a name: inside one it is part of other words (厂商, 厂房).
const CHINESE_FINAL_FORM: char = '厂';

/// Latin legal-form words, dropped only as whole words: `Costco` keeps its `co`.
const LATIN_LEGAL_FORMS: [&str; 9] = [
    "co",
    "ltd",
    "limited",
    "inc",
    "corp",
    "company",
    "gmbh",
    "llc",
    "corporation",
];

/// Why a text may not be stored for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text is empty or only white space.
    #[error("must not be blank")]
    Blank,
    /// The text has more characters than its field may have.
    #[error("must not be longer than {max_chars} characters")]
    TooLong {
        /// The most characters that are accepted.
        max_chars: usize,
    },
    /// A character is invisible, breaks lines or changes the direction of writing.
    #[error("character {position} (U+{code_point:04X}) is not allowed")]
    ForbiddenCharacter {
        /// The place of the first such character, counted from 1.
        position: usize,
        /// Its Unicode code point.
        code_point: u32,
    },
}

/// A key under which differently written forms of one company name meet: compatibility forms are
/// folded, letters to lower case, and spaces, punctuation, brackets and words of legal
/// form are dropped.
///
/// It is for finding candidates, not for deciding that two companies are the same. The key of a
/// non-empty name is never empty: when everything would be dropped, less is.
#[must_use]
pub fn similarity_key(name: &str) -> String {
    let folded = folded(name);
    [without_legal_forms(&folded), letters_and_digits(&folded)]
        .into_iter()
        .find(|key| !key.is_empty())
        .unwrap_or(folded)
}

/// Checks text that people will read in lists and documents: not blank, at most `max_chars`
/// characters, and nothing that hides, breaks or reorders what is shown. That excludes control
/// characters (with U+0000, which PostgreSQL can not store, tabs and line breaks), U+2028 and
/// U+2029, zero-width characters (U+200B–U+200D, U+2060, U+FEFF) and bidirectional controls
/// (U+061C, U+200E, U+200F, U+202A–U+202E, U+2066–U+2069).
///
/// # Errors
///
/// [`TextError`], the length first, so that the cost of the check is bounded.
pub fn validate_display_text(text: &str, max_chars: usize) -> Result<(), TextError> {
    if text.chars().nth(max_chars).is_some() {
        return Err(TextError::TooLong { max_chars });
    }
    if let Some((index, character)) = text.chars().enumerate().find(|(_, one)| is_forbidden(*one)) {
        let code_point = u32::from(character);
        return Err(TextError::ForbiddenCharacter {
            position: index + 1,
            code_point,
        });
    }
    if text.trim().is_empty() {
        return Err(TextError::Blank);
    }
    Ok(())
}

fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061C}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{FEFF}'
        )
}

fn letters_and_digits(folded: &str) -> String {
    folded.chars().filter(|one| one.is_alphanumeric()).collect()
}

fn without_legal_forms(folded: &str) -> String {
    let mut name = folded.to_owned();
    for form in CHINESE_LEGAL_FORMS {
        // A space in its place, so that Latin words on both sides stay two words.
        name = name.replace(form, " ");
    }
    let is_separator = |one: char| !one.is_alphanumeric();
    let name = name
        .trim_end_matches(is_separator)
        .trim_end_matches(CHINESE_FINAL_FORM);
    name.split(is_separator)
        .filter(|word| !LATIN_LEGAL_FORMS.contains(word))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn different_spellings_of_one_name_share_a_key() {
        for (key, names) in [
            (
                "上海宏远机械",
                [
                    "上海宏远机械有限公司",
                    "上海宏远机械有限责任公司",
                    " 上海 宏远机械（集团）股份有限公司",
                    "上海宏远机械厂",
                ],
            ),
            (
                "abc贸易",
                [
                    "ＡＢＣ贸易有限公司",
                    "abc 贸易公司",
                    "A.B.C. 贸易（有限公司）",
                    "Abc　贸易",
                ],
            ),
            (
                "acmetrading",
                [
                    "Acme Trading Co., Ltd.",
                    "ACME TRADING CO.,LTD",
                    "Acme-Trading Inc",
                    "acme trading limited",
                ],
            ),
            (
                "müller",
                ["Müller GmbH", "MÜLLER GMBH", "Müller", "Müller Corp."],
            ),
        ] {
            for name in names {
                assert_eq!(similarity_key(name), key, "{name}");
            }
        }
    }

    #[test]
    fn legal_forms_inside_other_words_stay() {
        assert_eq!(similarity_key("Costco Ltd"), "costco");
        assert_eq!(similarity_key("Incline Limited"), "incline");
        assert_eq!(similarity_key("华东厂商联盟"), "华东厂商联盟");
        assert_eq!(
            similarity_key("北京甲乙有限公司上海分公司"),
            "北京甲乙上海分"
        );
    }

    #[test]
    fn a_name_of_nothing_but_legal_form_keeps_it() {
        assert_eq!(similarity_key("有限公司"), "有限公司");
        assert_eq!(similarity_key("Co., Ltd."), "coltd");
        assert_eq!(similarity_key("厂"), "厂");
        assert_eq!(similarity_key("！！"), "!!");
        assert_eq!(similarity_key(" "), " ");
        assert_eq!(similarity_key(""), "");
    }

    #[test]
    fn display_text_accepts_ordinary_names() {
        for text in [
            "上海宏远机械有限公司",
            "Müller & Söhne GmbH",
            "a",
            "甲 乙",
            "شركة",
            "𠮷野家",
        ] {
            assert_eq!(validate_display_text(text, 20), Ok(()), "{text}");
        }
        assert_eq!(validate_display_text("四个汉字", 4), Ok(()));
    }

    #[test]
    fn display_text_refuses_blank_and_long() {
        for text in ["", " ", "　", "\u{A0}\u{2003}"] {
            assert_eq!(
                validate_display_text(text, 20),
                Err(TextError::Blank),
                "{text:?}"
            );
        }
        assert_eq!(
            validate_display_text("五个汉字呢", 4),
            Err(TextError::TooLong { max_chars: 4 })
        );
    }

    #[test]
    fn display_text_refuses_what_hides_breaks_or_reorders() {
        let forbidden = [
            0x0000..=0x001F,
            0x007F..=0x009F,
            0x061C..=0x061C,
            0x200B..=0x200F,
        ]
        .into_iter()
        .chain([
            0x2028..=0x202E,
            0x2060..=0x2060,
            0x2066..=0x2069,
            0xFEFF..=0xFEFF,
        ])
        .flatten();
        for code_point in forbidden {
            let text = format!("甲{}乙", char::from_u32(code_point).unwrap());
            let error = TextError::ForbiddenCharacter {
                position: 2,
                code_point,
            };
            assert_eq!(validate_display_text(&text, 20), Err(error));
        }
    }

    proptest! {
        #[test]
        fn a_name_always_has_a_key(name in ".+") {
            prop_assert!(!similarity_key(&name).is_empty());
        }

        #[test]
        fn letter_case_and_width_do_not_matter(name in "[ -~]{1,40}") {
            let wide: String = name
                .chars()
                .map(|one| if one == ' ' { '　' } else {
                    char::from_u32(u32::from(one) + 0xFEE0).unwrap()
                })
                .collect();
            let key = similarity_key(&name);
            prop_assert_eq!(&similarity_key(&wide), &key);
            prop_assert_eq!(&similarity_key(&name.to_uppercase()), &key);
        }

        #[test]
        fn display_text_never_panics(text in any::<String>(), max_chars in 0_usize..50) {
            let _ = validate_display_text(&text, max_chars);
        }
    }
}
