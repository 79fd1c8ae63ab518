//! Masks for personal data: what somebody without the right to read a value sees of it.
//!
//! The shapes follow common practice of Chinese banks (information masking in JR/T 0171-2020,
//! display restriction in GB/T 35273-2020 §7.2) and, for cards, the most that PCI DSS lets be
//! shown. The social credit code and the name of a company are public and have no mask.
//!
//! Every mask takes any text, counts characters and not bytes, and returns something other than
//! its input when that has two or more characters. When in doubt it hides more.

/// What stands for one hidden character.
const MASK: char = '*';

/// The places of the birth date in a resident identity number (GB 11643-1999): characters 7 to
/// 14, counted here from 0.
const BIRTH_DATE_END: usize = 14;

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

/// Keeps the first three and the last four characters of an identity number:
/// `110***********002X`. Characters 7 to 14, the birth date, are hidden in every number long
/// enough to be a resident identity number, even an incomplete or an old one of 15 digits.
/// Shorter documents, such as passports and travel permits, keep the first and the last two.
#[must_use]
pub fn mask_identity_number(number: &str) -> String {
    let count = significant_count(number);
    match count {
        0..=4 => keep_ends(number, 0, 0),
        5..=11 => keep_ends(number, 1, 2),
        _ => keep_ends(number, 3, count.saturating_sub(BIRTH_DATE_END).min(4)),
    }
}

/// Keeps the issuer's six digits and the last four of a bank card: `622202*********0128`.
/// Numbers of fewer than 15 digits keep the last four, and of fewer than nine none.
#[must_use]
pub fn mask_bank_card(card: &str) -> String {
    match significant_count(card) {
        0..=8 => keep_ends(card, 0, 0),
        9..=14 => keep_ends(card, 0, 4),
        _ => keep_ends(card, 6, 4),
    }
}

/// Keeps a Chinese address down to its city and district and hides the rest:
/// `上海市浦东新区********`. An address in which they are not found is hidden whole.
#[must_use]
pub fn mask_address_detail(address: &str) -> String {
    let characters: Vec<char> = address.chars().collect();
    let kept = administrative_prefix_chars(&characters);
    let masked = characters
        .iter()
        .enumerate()
        .map(|(at, one)| if at < kept { *one } else { MASK })
        .collect();
    differing_from(address, masked)
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

/// The longest name of a unit in characters, as in 克孜勒苏柯尔克孜自治州.
const UNIT_CHARS_MAX: usize = 12;

/// What the names of provinces, of cities and of districts end in.
const UNIT_ENDINGS: [&[&str]; 3] = [
    &["省", "自治区", "特别行政区"],
    &["市", "自治州", "地区", "盟"],
    &["区", "县", "旗", "市"],
];

/// Endings in 区 that are parts of a street address: a compound, a community, a campus.
const NOT_DISTRICTS: [&str; 5] = ["小区", "社区", "校区", "园区", "厂区"];

/// Where the detail begins, when it stands after the first character of a unit: 路桥区 is a
/// district, 中山路 is a street.
const DETAIL_MARKS: &str = "路街巷弄号村楼栋室,，";

/// How many characters the names of province, city and district take, one after the other.
fn administrative_prefix_chars(address: &[char]) -> usize {
    let mut end = 0;
    for endings in UNIT_ENDINGS {
        let rest = address.get(end..).unwrap_or_default();
        end += unit_chars(rest, endings).unwrap_or(0);
    }
    end
}

/// How many characters the unit at the start takes, if it ends in one of the endings.
fn unit_chars(rest: &[char], endings: &[&str]) -> Option<usize> {
    let mut unit = String::new();
    for (at, &one) in rest.iter().take(UNIT_CHARS_MAX).enumerate() {
        if one.is_numeric() || (at > 0 && DETAIL_MARKS.contains(one)) {
            return None;
        }
        unit.push(one);
        let named = endings
            .iter()
            .any(|ending| unit.ends_with(ending) && unit != *ending);
        if named {
            let is_district = !NOT_DISTRICTS.iter().any(|other| unit.ends_with(other));
            return is_district.then_some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One mask, as all of them are shaped.
    type Mask = fn(&str) -> String;

    const ALL: [Mask; 6] = [
        mask_person_name,
        mask_phone,
        mask_email,
        mask_identity_number,
        mask_bank_card,
        mask_address_detail,
    ];

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

    #[test]
    fn identity_numbers_keep_three_and_four() {
        check(
            mask_identity_number,
            &[
                ("11010519491231002X", "110***********002X"),
                ("110105 19491231 002X", "110*************002X"),
                ("110105491231002", "110***********2"),
                ("1101051949123100", "110***********00"),
                ("1101051949123", "110**********"),
                ("E12345678", "E******78"),
                ("H1234567801", "H********01"),
                ("1234", "****"),
            ],
        );
    }

    #[test]
    fn bank_cards_keep_six_and_four() {
        check(
            mask_bank_card,
            &[
                ("6222021234567890128", "622202*********0128"),
                ("6222 0212 3456 7890 128", "6222*02***********0*128"),
                ("4111111111111", "*********1111"),
                ("12345678", "********"),
            ],
        );
    }

    #[test]
    fn addresses_keep_city_and_district() {
        check(
            mask_address_detail,
            &[
                ("上海市浦东新区张江路1号", "上海市浦东新区*****"),
                ("浙江省台州市路桥区中山路12号", "浙江省台州市路桥区******"),
                ("江西省景德镇市昌江区解放路", "江西省景德镇市昌江区***"),
                (
                    "广西壮族自治区南宁市青秀区民族大道",
                    "广西壮族自治区南宁市青秀区****",
                ),
                (
                    "内蒙古自治区锡林郭勒盟正蓝旗上都镇",
                    "内蒙古自治区锡林郭勒盟正蓝旗***",
                ),
                ("浙江省义乌市稠州路", "浙江省义乌市***"),
                ("江苏省苏州市昆山市玉山镇", "江苏省苏州市昆山市***"),
                ("杭州市翠苑小区3幢", "杭州市******"),
                ("北京市中山路市民广场", "北京市*******"),
                ("上海市浦东新区", "上海市浦东新区*"),
                ("翠苑小区3幢", "******"),
                ("12 Main Street, London", "**********************"),
                ("", ""),
            ],
        );
    }

    fn any_value() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[*a-z@]{0,6}",
            "[0-9 -]{0,24}",
            "[张三*省市区县路小自治州0-9]{0,20}",
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
        fn masks_of_numbers_and_addresses_keep_the_length(value in any_value()) {
            for mask in [mask_phone, mask_identity_number, mask_bank_card, mask_address_detail] {
                let (before, after) = (value.chars().count(), mask(&value).chars().count());
                // One more only where the value already looked masked, or nothing was left to hide.
                prop_assert!(after == before || after == before + 1);
            }
        }

        #[test]
        fn mask_identity_number_never_shows_digits_7_to_14(
            number in "[1-9][0-9]{13}[0-9]{0,3}[0-9X]",
            separator in "[ -]?",
        ) {
            // Every digit is followed by the same separator; places shift, digits stay hidden.
            let spaced: String =
                number.chars().flat_map(|one| std::iter::once(one).chain(separator.chars())).collect();
            let shown: Vec<char> = mask_identity_number(&spaced).chars().collect();
            let step = 1 + separator.len();
            for place in 7..=14 {
                prop_assert_eq!(shown[(place - 1) * step], MASK);
            }
        }

        #[test]
        fn masks_show_at_most_ten_digits_of_a_card(card in "[0-9]{13,19}") {
            let shown = mask_bank_card(&card).chars().filter(char::is_ascii_digit).count();
            prop_assert!(shown <= 10);
        }
    }
}
