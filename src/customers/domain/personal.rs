//! What of an archive is personal where the customer is a person: how it is shown, and how it is
//! found.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::customers::CustomerKind;
use crate::values::masking::{mask_person_name, mask_phone, mask_whole};
use crate::values::text_keys::folded;

/// A person to talk to at the customer. Classified.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Job title; not classified.
    pub title: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Mail address.
    pub email: Option<String>,
}

/// A field that is sealed, and shown by its mask, in the archive of a person.
pub struct PersonalField {
    /// Its name.
    pub name: &'static str,
    mask: fn(&str) -> String,
    key: Option<fn(&Value) -> Option<String>>,
}

/// The field of the name; that of a company is public, and found by parts.
pub const NAME: &str = "name";
/// The field of the people to talk to, sealed whoever the customer is.
pub const CONTACTS: &str = "contacts";

/// Every such field besides the name.
pub const OF_PERSONS: &[PersonalField] = &[
    PersonalField {
        name: "english_name",
        mask: mask_person_name,
        key: None,
    },
    PersonalField {
        name: "short_name",
        mask: mask_person_name,
        key: None,
    },
    PersonalField {
        name: "phone",
        mask: mask_phone,
        key: Some(phone_of),
    },
    PersonalField {
        name: "fax",
        mask: mask_phone,
        key: Some(phone_of),
    },
    PersonalField {
        name: "website",
        mask: mask_whole,
        key: Some(site_of),
    },
    PersonalField {
        name: "registered_address",
        mask: mask_whole,
        key: Some(address_of),
    },
    PersonalField {
        name: "delivery_address",
        mask: mask_whole,
        key: Some(address_of),
    },
];

/// Parts of an address that tell where somebody lives; the others stay, to city and district.
const HIDDEN_PARTS: &[&str] = &["street", "postcode"];

/// What a value is sought as, and the fields that may hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// The exact name of a person.
    Name,
    /// A telephone number, in whatever spelling.
    Phone,
    /// An address from the large to the small.
    Address,
    /// A site.
    Website,
}

impl Sought {
    /// The fields that may hold it.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Name => &[NAME],
            Self::Phone => &["phone", "fax", CONTACTS],
            Self::Address => &["registered_address", "delivery_address"],
            Self::Website => &["website"],
        }
    }

    /// The form under which spellings of it are one; `None` where nothing of it tells anything apart.
    pub fn key(self, text: &str) -> Option<String> {
        match self {
            Self::Name => name_key(text),
            Self::Phone => phone_key(text),
            Self::Address => letters_and_digits(text),
            Self::Website => site_key(text),
        }
    }
}

/// The field of this name, where it is one of them.
pub fn field(name: &str) -> Option<&'static PersonalField> {
    OF_PERSONS.iter().find(|field| field.name == name)
}

impl PersonalField {
    /// What is shown in place of a value.
    pub fn masked(&self, plain: &Value) -> Value {
        match plain {
            Value::String(text) => (self.mask)(text).into(),
            Value::Object(parts) => parts
                .iter()
                .map(|(name, part)| match part {
                    Value::String(text) if HIDDEN_PARTS.contains(&name.as_str()) => {
                        (name.clone(), (self.mask)(text).into())
                    }
                    part => (name.clone(), part.clone()),
                })
                .collect::<Map<String, Value>>()
                .into(),
            other => other.clone(),
        }
    }

    /// Under what a value is found.
    pub fn key(&self, plain: &Value) -> Option<String> {
        self.key.and_then(|key| key(plain))
    }
}

/// Fields of a person that are in an archive as they are, because nobody has sealed them yet.
pub fn unsealed(
    kind: CustomerKind,
    archive: &Value,
    sealed: &Value,
) -> BTreeMap<&'static str, Value> {
    let plain = OF_PERSONS
        .iter()
        .filter(|_| kind == CustomerKind::Individual)
        .filter(|field| sealed.get(field.name).is_none());
    plain
        .filter_map(|field| Some((field.name, archive.get(field.name)?.clone())))
        .collect()
}

/// An archive with masks in place of what nobody has sealed yet.
pub fn shown(kind: CustomerKind, archive: &Value, sealed: &Value) -> Value {
    let mut shown = archive.clone();
    for (name, plain) in unsealed(kind, archive, sealed) {
        if let Some(field) = field(name) {
            shown[name] = field.masked(&plain);
        }
    }
    shown
}

/// Whether a mask came back instead of a value.
pub fn holds_a_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('*'),
        Value::Object(parts) => parts.values().any(holds_a_mask),
        _ => false,
    }
}

/// A name as people compare it: without case, width, spaces and dots.
pub fn name_key(name: &str) -> Option<String> {
    letters_and_digits(name)
}

/// The digits of a telephone number, without the country code of China and the zero of a trunk.
pub fn phone_key(phone: &str) -> Option<String> {
    const COUNTRY: &str = "86";
    const WITH_COUNTRY_MIN: usize = 12;
    let folded = folded(phone);
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let national = match digits.strip_prefix(COUNTRY) {
        Some(rest) if digits.len() >= WITH_COUNTRY_MIN => rest.trim_start_matches('0'),
        _ => digits,
    };
    (!national.is_empty()).then(|| national.to_owned())
}

fn site_key(site: &str) -> Option<String> {
    let folded = folded(site);
    let bare = folded.trim();
    let bare = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| bare.strip_prefix(scheme))
        .unwrap_or(bare);
    let bare = bare
        .strip_prefix("www.")
        .unwrap_or(bare)
        .trim_end_matches('/');
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn letters_and_digits(text: &str) -> Option<String> {
    let key: String = folded(text)
        .chars()
        .filter(|one| one.is_alphanumeric())
        .collect();
    (!key.is_empty()).then_some(key)
}

fn phone_of(plain: &Value) -> Option<String> {
    phone_key(plain.as_str()?)
}

fn site_of(plain: &Value) -> Option<String> {
    site_key(plain.as_str()?)
}

/// From the large to the small. Where the street is missing there is nothing to find somebody by: of
/// cities there are too few.
fn address_of(plain: &Value) -> Option<String> {
    plain.get("street")?;
    let whole: String = ["province", "city", "district", "street"]
        .into_iter()
        .filter_map(|part| plain.get(part)?.as_str())
        .collect();
    letters_and_digits(&whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn spellings_of_one_number_are_one() {
        for (key, spellings) in [
            (
                "13800138000",
                [
                    "13800138000",
                    "138 0013 8000",
                    "+86 138-0013-8000",
                    "0086 13800138000",
                    "１３８００１３８０００",
                ],
            ),
            (
                "2112345678",
                [
                    "021-12345678",
                    "(021) 1234 5678",
                    "+86 21 12345678",
                    "+86 (0)21 1234-5678",
                    "0086-21-12345678",
                ],
            ),
        ] {
            for spelling in spellings {
                assert_eq!(phone_key(spelling).as_deref(), Some(key), "{spelling}");
            }
        }
        assert_eq!(phone_key("86123456").as_deref(), Some("86123456"));
        assert_eq!(phone_key("none"), None);
    }

    #[test]
    fn names_sites_and_addresses_are_compared_as_people_read_them() {
        for (sought, one, other) in [
            (Sought::Name, "买买提·吐尔逊", "买买提 • 吐尔逊"),
            (Sought::Name, "John Smith", "ＪＯＨＮ  smith"),
            (Sought::Website, "https://www.Example.com/", "example.com"),
            (
                Sought::Address,
                "上海市 浦东新区 世纪大道100号",
                "上海市浦东新区世纪大道１００号",
            ),
        ] {
            assert_eq!(sought.key(one), sought.key(other), "{one}");
        }
        assert_ne!(Sought::Name.key("张三"), Sought::Name.key("张三丰"));
        let address = json!({"city": "上海市", "district": "浦东新区", "street": "世纪大道100号", "purpose": "家"});
        let whole = Sought::Address.key("上海市浦东新区世纪大道100号");
        assert_eq!(field("delivery_address").unwrap().key(&address), whole);
        assert_eq!(
            field("delivery_address")
                .unwrap()
                .key(&json!({"city": "上海市"})),
            None
        );
    }

    #[test]
    fn a_mask_keeps_city_and_district_and_tells_no_length() {
        let field = field("registered_address").unwrap();
        let masked = |street: &str| {
            field.masked(&json!({"province": "上海市", "district": "徐汇区", "street": street, "postcode": "200030"}))
        };
        let shown = json!({"province": "上海市", "district": "徐汇区", "street": "****", "postcode": "****"});
        assert_eq!(masked("衡山路1号"), shown);
        assert_eq!(masked("衡山路一百二十三弄四十五号六百零七室"), shown);
        assert!(holds_a_mask(&shown) && !holds_a_mask(&json!({"street": "衡山路"})));
    }

    #[test]
    fn what_is_not_sealed_yet_is_masked_in_the_archive_of_a_person_only() {
        let archive = json!({"phone": "13800138000", "fax": "021******78", "remarks": "x"});
        let sealed = json!({"fax": "AQ=="});
        let person = shown(CustomerKind::Individual, &archive, &sealed);
        let masked = json!({"phone": "138****8000", "fax": "021******78", "remarks": "x"});
        assert_eq!(person, masked);
        assert_eq!(shown(CustomerKind::Company, &archive, &sealed), archive);
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in any::<String>()) {
            for sought in [Sought::Name, Sought::Address] {
                if let Some(key) = sought.key(&text) {
                    prop_assert_eq!(sought.key(&key), Some(key));
                }
            }
        }
    }
}
