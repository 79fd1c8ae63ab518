//! Masks for personal data: what somebody without the right to read a value sees of it.
//!
//! The shapes follow common practice of Chinese banks (information masking in JR/T 0171-2020,
//! display restriction in GB/T 35273-2020 §7.2). The social credit code and the name of a company
//! are public and have no mask.
//!
//! Every mask takes any text, counts characters and not bytes, and returns something other than
//! its input when that has two or more characters. When in doubt it hides more.

/// What stands for one hidden character.
const MASK: char = '*';

/// Keeps the first character of a person's name: `张*`, and `张**` for any longer name, so that
/// the mask does not tell how long it is.
#[must_use]
pub fn mask_person_name(name: &str) -> String {
    let mut characters = name.chars();
    let masked = match (characters.next(), characters.next(), characters.next()) {
        (None, _, _) => String::new(),
        (Some(_), None, _) => String::from(MASK),
        (Some(first), Some(_), None) => format!("{first}{MASK}"),
        (Some(first), Some(_), Some(_)) => format!("{first}{MASK}{MASK}"),
    };
    differing_from(name, masked)
}

/// Keeps the first three and the last four digits of a telephone number: `138****5678`. Numbers
/// of fewer than eleven digits keep two at either end, and of fewer than seven none.
#[must_use]
pub fn mask_phone(phone: &str) -> String {
    match significant_count(phone) {
        0..=6 => keep_ends(phone, 0, 0),
        7..=10 => keep_ends(phone, 2, 2),
        _ => keep_ends(phone, 3, 4),
    }
}

/// Keeps the first character and the domain of an e-mail address: `z***@example.com`. A local
/// part of one character is hidden whole.
#[must_use]
pub fn mask_email(email: &str) -> String {
    let (local, domain) = match email.rsplit_once('@') {
        Some((local, domain)) => (local, format!("@{domain}")),
        None => (email, String::new()),
    };
    if email.is_empty() {
        return String::new();
    }
    let mut characters = local.chars();
    let kept = match (characters.next(), characters.next()) {
        (Some(first), Some(_)) => String::from(first),
        _ => String::new(),
    };
    let masked = format!("{kept}***{domain}");
    if masked == email {
        format!("{kept}****{domain}")
    } else {
        masked
    }
}

/// Hides a text whole, and how long it is.
#[must_use]
pub fn mask_whole(text: &str) -> String {
    const WHOLE: &str = "****";
    if text.is_empty() {
        return String::new();
    }
    differing_from(text, WHOLE.to_owned())
}

/// How many characters of a text count as part of a number; the others only separate.
fn significant_count(text: &str) -> usize {
    text.chars().filter(|one| one.is_alphanumeric()).count()
}

/// Hides everything but the first and the last letters and digits. Separators do not count, so
/// that spaces in a number can not move a hidden digit into a shown place; they are hidden too.
fn keep_ends(text: &str, first: usize, last: usize) -> String {
    let shown_again_from = significant_count(text).saturating_sub(last);
    let mut seen = 0;
    let masked = text
        .chars()
        .map(|one| {
            if !one.is_alphanumeric() {
                return MASK;
            }
            let at = seen;
            seen += 1;
            if at < first || at >= shown_again_from {
                one
            } else {
                MASK
            }
        })
        .collect();
    differing_from(text, masked)
}

/// A text that already looks masked would come back as it is, and a reader could not tell that
/// a mask was applied; one more mask character tells.
fn differing_from(original: &str, mut masked: String) -> String {
    if masked == original && !masked.is_empty() {
        masked.push(MASK);
    }
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One mask, as all of them are shaped.
    type Mask = fn(&str) -> String;

    const ALL: [Mask; 4] = [mask_person_name, mask_phone, mask_email, mask_whole];

    fn check(mask: Mask, examples: &[(&str, &str)]) {
        for (value, masked) in examples {
            assert_eq!(mask(value), *masked, "{value}");
        }
    }

    #[test]
    fn person_names_keep_the_first_character() {
        check(
            mask_person_name,
            &[
                ("", ""),
                ("张", "*"),
                ("张三", "张*"),
                ("张三丰", "张**"),
                ("欧阳锋云", "欧**"),
                ("John Smith", "J**"),
                ("𠮷野", "𠮷*"),
                ("张*", "张**"),
            ],
        );
    }

    #[test]
    fn what_is_hidden_whole_has_no_length() {
        check(
            mask_whole,
            &[
                ("", ""),
                ("衡山路1号", "****"),
                ("x", "****"),
                ("****", "*****"),
            ],
        );
    }

    #[test]
    fn phones_keep_three_and_four() {
        check(
            mask_phone,
            &[
                ("13812345678", "138****5678"),
                ("+8613812345678", "*861******5678"),
                ("021-12345678", "021*****5678"),
                ("138 1234 5678", "138******5678"),
                ("87654321", "87****21"),
                ("110", "***"),
            ],
        );
    }

    #[test]
    fn e_mail_addresses_keep_the_first_character_and_the_domain() {
        check(
            mask_email,
            &[
                ("zhangsan@example.com", "z***@example.com"),
                ("z@example.com", "***@example.com"),
                ("z***@example.com", "z****@example.com"),
                ("\"a@b\"@example.com", "\"***@example.com"),
                ("张三@例子.中国", "张***@例子.中国"),
                ("no address", "n***"),
                ("@", "***@"),
                ("", ""),
            ],
        );
    }

    fn any_value() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[*a-z@]{0,6}",
            "[0-9 -]{0,24}",
            "[张三*0-9]{0,20}",
        ]
    }

    proptest! {
        #[test]
        fn masks_never_panic_and_never_return_the_value(value in any_value()) {
            for mask in ALL {
                let masked = mask(&value);
                prop_assert!(value.chars().count() < 2 || masked != value, "{}", masked);
            }
        }

        #[test]
        fn masks_of_numbers_keep_the_length(value in any_value()) {
            let (before, after) = (value.chars().count(), mask_phone(&value).chars().count());
            // One more only where the value already looked masked, or nothing was left to hide.
            prop_assert!(after == before || after == before + 1);
        }
    }
}
