//! The unified social credit code of China (统一社会信用代码, GB 32100-2015).
//!
//! Eighteen characters: one for the registering department, one for the category, six digits
//! of administrative region (GB/T 2260), nine of organisation code (GB 11714, the last of which
//! checks the eight before it) and one that checks all of them. Both checks are verified,
//! because together they catch typing errors that either alone may miss.

use std::fmt;

/// The alphabet of GB 32100: no I, O, S, V and Z. A character's place is its value.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The number of characters of a code.
const LENGTH: usize = 18;

/// Weights of GB 32100 for characters 1 to 17: the powers of 3 modulo 31.
const CODE_WEIGHTS: [u32; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];

/// Weights of GB 11714 for the eight characters of the organisation code's body.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Which rule of the standard a text breaks. Positions count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SocialCreditCodeError {
    /// The text, or a part of it, does not have the right number of characters.
    #[error("a unified social credit code has 18 characters")]
    Length,
    /// A character is not in the alphabet of GB 32100. Full-width characters are not either.
    #[error("character {position} is not one of 0-9 and A-Z without I, O, S, V, Z")]
    Character {
        /// The place of the first such character.
        position: usize,
    },
    /// Characters 3 to 8 are not six digits.
    #[error("characters 3 to 8 are a region of six digits (GB/T 2260)")]
    Region,
    /// Character 17 does not check the organisation code in characters 9 to 16.
    #[error("character 17 does not check the organisation code (GB 11714)")]
    OrganisationCheckCharacter,
    /// Character 18 does not check the code.
    #[error("character 18 does not check the code (GB 32100-2015)")]
    CheckCharacter,
}

/// A unified social credit code whose two check characters are right, in upper case.
///
/// The code is public information, so it is printed as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocialCreditCode(String);

impl SocialCreditCode {
    /// Reads a code. Lower-case letters are taken as upper case; nothing is trimmed.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of [`SocialCreditCodeError`].
    pub fn parse(text: &str) -> Result<SocialCreditCode, SocialCreditCodeError> {
        // Reading one character too many is enough to tell, however long the text is.
        if text.chars().take(LENGTH + 1).count() != LENGTH {
            return Err(SocialCreditCodeError::Length);
        }
        let code = text.to_ascii_uppercase();
        if let Some(index) = code.chars().position(|one| !ALPHABET.contains(one)) {
            return Err(SocialCreditCodeError::Character {
                position: index + 1,
            });
        }
        // Every character is ASCII from here on, so byte ranges are character ranges.
        let part = |range: std::ops::Range<usize>| code.get(range).unwrap_or_default();
        if !part(2..8).bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SocialCreditCodeError::Region);
        }
        if !part(16..17).chars().eq([organisation_check(part(8..16))]) {
            return Err(SocialCreditCodeError::OrganisationCheckCharacter);
        }
        if !part(17..18).chars().eq([code_check(part(0..17))]) {
            return Err(SocialCreditCodeError::CheckCharacter);
        }
        Ok(SocialCreditCode(code))
    }

    /// Builds a code for sample data: two characters of department and category (`"91"` is an
    /// enterprise), six digits of region and the eight characters of an organisation code's
    /// body. Both check characters are computed.
    ///
    /// # Errors
    ///
    /// [`SocialCreditCodeError::Length`] when a part has another length, and the rules of
    /// characters and region as in [`SocialCreditCode::parse`].
    pub fn from_parts(
        department_and_category: &str,
        region: &str,
        organisation_body: &str,
    ) -> Result<SocialCreditCode, SocialCreditCodeError> {
        for (part, length) in [
            (department_and_category, 2),
            (region, 6),
            (organisation_body, 8),
        ] {
            if part.chars().take(length + 1).count() != length {
                return Err(SocialCreditCodeError::Length);
            }
        }
        let mut code =
            format!("{department_and_category}{region}{organisation_body}").to_ascii_uppercase();
        code.push(organisation_check(&organisation_body.to_ascii_uppercase()));
        code.push(code_check(&code));
        SocialCreditCode::parse(&code)
    }

    /// The eighteen characters, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SocialCreditCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// The check character of GB 32100 for the first seventeen characters of a code.
fn code_check(code: &str) -> char {
    let sum: u32 = code
        .chars()
        .zip(CODE_WEIGHTS)
        .map(|(one, weight)| weight * alphabet_value(one))
        .sum();
    let value = (31 - sum % 31) % 31;
    ALPHABET.chars().nth(value as usize).unwrap_or_default()
}

/// The check character of GB 11714 for the eight characters of an organisation code's body.
fn organisation_check(body: &str) -> char {
    // This standard counts all of 0-9 and A-Z, so a letter's value differs from its value in
    // GB 32100.
    let sum: u32 = body
        .chars()
        .zip(ORGANISATION_WEIGHTS)
        .map(|(one, weight)| weight * one.to_digit(36).unwrap_or_default())
        .sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap_or_default(),
    }
}

/// The value of a character in GB 32100; callers refuse characters outside the alphabet.
fn alphabet_value(character: char) -> u32 {
    ALPHABET
        .chars()
        .zip(0..)
        .find(|(one, _)| *one == character)
        .map_or(0, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Codes of real organisations and the standard's own example.
    const REAL: [&str; 11] = [
        "91350100M000100Y43",
        "9144030071526726XG",
        "914403001922038216",
        "91330100799655058B",
        "91100000100003962T",
        "91110000802100433B",
        "9152000071430580XT",
        "911103026605015136",
        "91110108551385082Q",
        "12100000400000624D",
        "91440300192317458F",
    ];

    /// Codes made up for their rare check characters: X and 0 of either standard.
    const SYNTHETIC: [&str; 4] = [
        "91310115MA000004XR",
        "91310115MA00000905",
        "91310115MA0000285Y",
        "91310115MA00003300",
    ];

    fn single_character_mutants(code: &str) -> Vec<String> {
        let characters: Vec<char> = code.chars().collect();
        let mut mutants = Vec::new();
        for position in 0..characters.len() {
            for replacement in ALPHABET.chars().filter(|one| *one != characters[position]) {
                let mut mutant = characters.clone();
                mutant[position] = replacement;
                mutants.push(mutant.into_iter().collect());
            }
        }
        mutants
    }

    fn adjacent_swap_mutants(code: &str) -> Vec<String> {
        let characters: Vec<char> = code.chars().collect();
        (1..characters.len())
            .filter(|&position| characters[position - 1] != characters[position])
            .map(|position| {
                let mut mutant = characters.clone();
                mutant.swap(position - 1, position);
                mutant.into_iter().collect()
            })
            .collect()
    }

    /// How many mutants of these codes there are; every one of them must be refused.
    fn refused_mutants(codes: &[&str]) -> usize {
        let mutants: Vec<String> = codes
            .iter()
            .flat_map(|code| [single_character_mutants(code), adjacent_swap_mutants(code)])
            .flatten()
            .collect();
        for mutant in &mutants {
            assert!(SocialCreditCode::parse(mutant).is_err(), "{mutant}");
        }
        mutants.len()
    }

    #[test]
    fn parse_accepts_valid_codes_in_either_case() {
        for code in REAL.into_iter().chain(SYNTHETIC) {
            assert_eq!(SocialCreditCode::parse(code).unwrap().as_str(), code);
            assert_eq!(
                SocialCreditCode::parse(&code.to_lowercase())
                    .unwrap()
                    .as_str(),
                code
            );
            let rebuilt =
                SocialCreditCode::from_parts(&code[0..2], &code[2..8], &code[8..16]).unwrap();
            assert_eq!(rebuilt.as_str(), code);
        }
    }

    #[test]
    fn parse_refuses_every_mutant() {
        assert_eq!(refused_mutants(&REAL), 6_080);
        assert_eq!(refused_mutants(&SYNTHETIC), 2_208);
    }

    #[test]
    fn errors_name_the_rule() {
        use SocialCreditCodeError as Error;
        for (text, error) in [
            ("", Error::Length),
            ("91350100M000100Y4", Error::Length),
            ("91350100M000100Y430", Error::Length),
            ("440301103203918", Error::Length),
            ("91350100M000100Y4 ", Error::Character { position: 18 }),
            ("9I350100M000100Y43", Error::Character { position: 2 }),
            (
                "９１３５０１００Ｍ０００１００Ｙ４３",
                Error::Character { position: 1 },
            ),
            ("91350100M000100Y4３", Error::Character { position: 18 }),
            ("9135A100M000100Y43", Error::Region),
            ("91350100M000100Y53", Error::OrganisationCheckCharacter),
            ("91350100M000100Y44", Error::CheckCharacter),
            ("92350100M000100Y43", Error::CheckCharacter),
        ] {
            assert_eq!(SocialCreditCode::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn from_parts_refuses_parts_that_do_not_fit() {
        use SocialCreditCodeError as Error;
        let from = SocialCreditCode::from_parts;
        assert_eq!(from("9", "3101150", "MA000001"), Err(Error::Length));
        assert_eq!(from("91", "310115", "MA00001"), Err(Error::Length));
        assert_eq!(from("91", "31011A", "MA000001"), Err(Error::Region));
        assert_eq!(
            from("91", "310115", "MI000001"),
            Err(Error::Character { position: 10 })
        );
        assert_eq!(
            from("91", "310115", "ＭＡ000001"),
            Err(Error::Character { position: 9 })
        );
    }

    proptest! {
        #[test]
        fn parts_of_the_alphabet_make_a_valid_code(
            head in "[1-9NY][1-9]",
            region in "[0-9]{6}",
            body in "[0-9A-HJ-NP-RTUW-Y]{8}",
        ) {
            let code = SocialCreditCode::from_parts(&head, &region, &body).unwrap();
            prop_assert_eq!(SocialCreditCode::parse(code.as_str()).unwrap(), code);
        }

        #[test]
        fn parse_never_panics(text in any::<String>(), other in "[0-9a-zA-Z]{18}") {
            let _ = SocialCreditCode::parse(&text);
            let _ = SocialCreditCode::parse(&other);
            let _ = SocialCreditCode::from_parts(&text, &text, &text);
        }
    }
}
