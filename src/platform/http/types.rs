//! Types that bodies are made of. A value that was read is a valid value.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::end_of;
use crate::error::{Error, Problem};
use crate::values::currency::Currency;
use crate::values::ids::{Entity, Id};
use crate::values::money::{Money, decimal_string};
use crate::values::names::validate_display_text;
use crate::values::organisation::{OrgPath, PATH_CHARACTERS_MAX};

/// Characters that [`Text`] refuses, as a pattern every engine reads alike.
const TEXT_PATTERN: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u2028\\u2029]+$";

/// A text for people: not blank, no control or invisible characters, at most `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(pub String);

impl<const MAX: usize> From<String> for Text<MAX> {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        validate_display_text(&text, MAX).map_err(|error| {
            serde::de::Error::custom(format!("unreadable text, expected {error}"))
        })?;
        Ok(Self(text))
    }
}

impl<const MAX: usize> PartialSchema for Text<MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Text without control characters; not blank."))
            .min_length(Some(1))
            .max_length(Some(MAX))
            .pattern(Some(TEXT_PATTERN))
            .examples([json!("text")])
            .into()
    }
}

impl<const MAX: usize> ToSchema for Text<MAX> {
    fn name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }
}

/// An amount of money as a decimal string. The currency stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amount(String);

const AMOUNT_PATTERN: &str = "^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,4})?$";

impl Amount {
    /// Minor units of `currency` as they are shown; any number of them, so that sums can be.
    pub fn of(minor: i64, currency: Currency) -> Self {
        Self(decimal_string(minor, currency))
    }

    /// The amount in `currency`.
    ///
    /// # Errors
    /// A 422 at `field` when it has more places than the currency or is too large.
    pub fn in_currency(&self, currency: Currency, field: &str) -> Result<Money, Error> {
        Money::parse(&self.0, currency).map_err(|error| {
            Problem::field(field, error.to_string(), "金额的小数位数或大小不符合该币种").into()
        })
    }

    /// The amount in `currency`, which has to be more than nothing.
    ///
    /// # Errors
    /// As [`Amount::in_currency`], and a 422 for zero and less.
    pub fn positive(&self, currency: Currency, field: &str) -> Result<Money, Error> {
        let money = self.in_currency(currency, field)?;
        if money.is_positive() {
            Ok(money)
        } else {
            Err(Problem::field(field, "must be more than zero", "必须大于零").into())
        }
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self(money.to_decimal_string())
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let unsigned = text.strip_prefix('-').unwrap_or(&text);
        let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let padded = whole.len() > 1 && whole.starts_with('0');
        if digits(whole, 15) && digits(places, 4) && !padded {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom(
                "not an amount, expected a decimal string such as \"1234.50\"",
            ))
        }
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Amount of money: a decimal string in the places of the currency beside it, never a number.",
            ))
            .max_length(Some(22))
            .pattern(Some(AMOUNT_PATTERN))
            .examples([json!("1234.50")])
            .into()
    }
}

impl ToSchema for Amount {
    fn name() -> Cow<'static, str> {
        "Amount".into()
    }
}

/// An exchange rate as a decimal string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ExchangeRate(pub String);

/// Longest text that is looked at as a rate; what is wrong with it is said by its field.
const RATE_CHARACTERS_MAX: usize = 40;

impl<'de> Deserialize<'de> for ExchangeRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() <= RATE_CHARACTERS_MAX {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom(
                "not a rate, expected a decimal string such as \"7.1234567890\"",
            ))
        }
    }
}

impl PartialSchema for ExchangeRate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Exchange rate: a decimal string of at most ten places, from 0.00000001 to 100000000, never a number.",
            ))
            .max_length(Some(20))
            .pattern(Some("^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,10})?$"))
            .examples([json!("7.123456789")])
            .into()
    }
}

impl ToSchema for ExchangeRate {
    fn name() -> Cow<'static, str> {
        "ExchangeRateValue".into()
    }
}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("ISO 4217 currency code."))
            .enum_values(Some(Currency::EVERY.iter().map(|currency| currency.code())))
            .examples([json!("CNY")])
            .into()
    }
}

impl ToSchema for Currency {
    fn name() -> Cow<'static, str> {
        "Currency".into()
    }
}

impl PartialSchema for OrgPath {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(PATH_CHARACTERS_MAX))
            .pattern(Some("^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$"))
            .into()
    }
}

impl ToSchema for OrgPath {
    fn name() -> Cow<'static, str> {
        "OrgPath".into()
    }
}

/// Who did something: issuer and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Principal(pub String);

impl PartialSchema for Principal {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(600))
            .pattern(Some("^.+$"))
            .into()
    }
}

impl ToSchema for Principal {
    fn name() -> Cow<'static, str> {
        "Principal".into()
    }
}

/// The request in which something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RequestId(pub uuid::Uuid);

impl PartialSchema for RequestId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .max_length(Some(36))
            .into()
    }
}

impl ToSchema for RequestId {
    fn name() -> Cow<'static, str> {
        "RequestId".into()
    }
}

/// A business date, exactly `YYYY-MM-DD`, from 1900 to 2999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Date(pub NaiveDate);

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self(day)
    }
}

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        date.0
    }
}

impl Date {
    fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        (text.len() == 10 && (1900..3000).contains(&date.year())).then_some(Self(date))
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not a date, expected YYYY-MM-DD"))
    }
}

/// A date by the name that it has in the document, for where it stands in a wrapper: utoipa takes any type
/// that is written `Date` for one that it knows.
pub type BusinessDate = Date;

impl PartialSchema for Date {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some("Business date in the time zone of the company."))
            .max_length(Some(10))
            .examples([json!("2026-03-31")])
            .into()
    }
}

impl ToSchema for Date {
    fn name() -> Cow<'static, str> {
        "BusinessDate".into()
    }
}

impl<E: Entity> PartialSchema for Id<E> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .description(Some(format!(
                "Identifier of a {} (UUIDv7).",
                E::NOUN.replace('_', " ")
            )))
            .max_length(Some(36))
            .examples([json!(super::parameters::EXAMPLE_ID)])
            .into()
    }
}

impl<E: Entity> ToSchema for Id<E> {
    fn name() -> Cow<'static, str> {
        E::SCHEMA.into()
    }
}

/// A share in percent, with two places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Percent(pub String);

impl PartialSchema for Percent {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Share in percent: a decimal string with two places, rounded half up.",
            ))
            .max_length(Some(24))
            .pattern(Some("^-?(0|[1-9][0-9]*)\\.[0-9]{2}$"))
            .examples([json!("12.50")])
            .into()
    }
}

impl ToSchema for Percent {
    fn name() -> Cow<'static, str> {
        "Percent".into()
    }
}

/// A past moment to read as of: an instant, or a date that stands for the end of that business
/// day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// An instant.
    Instant(DateTime<Utc>),
    /// The end of a business day.
    Date(NaiveDate),
}

impl AsOf {
    /// The instant up to which facts count.
    pub fn instant(self, time_zone: chrono_tz::Tz) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Date(date) => end_of(date, time_zone) - TimeDelta::microseconds(1),
        }
    }
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(Date(date)) = Date::parse(&text) {
            return Ok(Self::Date(date));
        }
        DateTime::parse_from_rfc3339(&text)
            .ok()
            .map(|instant| instant.to_utc())
            .filter(|instant| (1900..3000).contains(&instant.year()))
            .map(Self::Instant)
            .ok_or_else(|| serde::de::Error::custom("as_of is an RFC 3339 instant or a date"))
    }
}

/// Keeps apart a member that is null (clear it) from one that is absent (leave it) in a merge
/// patch (RFC 7396).
///
/// # Errors
/// As the inner type.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads a member that may be absent but not null: nothing is there to clear.
///
/// # Errors
/// As the type itself.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_plain_decimal_strings() {
        for good in ["0", "1234.50", "-0.05", "999999999999999.9999"] {
            assert!(
                serde_json::from_value::<Amount>(json!(good)).is_ok(),
                "{good}"
            );
        }
        for bad in [
            json!(1),
            json!("1e3"),
            json!("+1"),
            json!(" 1"),
            json!("01"),
            json!("1."),
            json!(".5"),
            json!("１"),
            json!("٣"),
            json!(""),
            json!("1,000.00"),
            json!("--1"),
            json!("1000000000000000"),
        ] {
            assert!(
                serde_json::from_value::<Amount>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn dates_have_one_spelling() {
        assert!(serde_json::from_value::<Date>(json!("2026-02-28")).is_ok());
        for bad in [
            "2026-02-30",
            "2026-2-28",
            "0026-02-28",
            "+12026-02-2",
            "2026-02-28T00:00:00Z",
            "",
        ] {
            assert!(serde_json::from_value::<Date>(json!(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_date_to_read_as_of_is_the_end_of_the_business_day() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let instant = AsOf::Date(date).instant(chrono_tz::Asia::Shanghai);
        assert_eq!(instant.to_rfc3339(), "2026-01-01T15:59:59.999999+00:00");
    }
}
