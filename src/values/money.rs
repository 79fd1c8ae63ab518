//! Amounts of money: whole minor units of one currency.
//!
//! There is no arithmetic here on purpose. Sums are made in minor units by whoever knows that they
//! are of one currency; interest, shares and conversions each need a stated rounding rule, and that
//! rule belongs to the decision that needs it.

use super::currency::Currency;

/// The largest amount in either direction, in minor units: ten trillion yuan. A stated limit
/// leaves room to add up more than nine thousand such amounts in 64 bits without overflow.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;

/// Why there is no such amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("not a decimal amount such as 1234.50")]
    NotDecimal,
    /// The text has more decimals than the currency's minor unit.
    #[error("{currency} has {} decimal places", .currency.places())]
    TooManyPlaces {
        /// The currency whose places were exceeded.
        currency: Currency,
    },
    /// The amount is outside ±[`AMOUNT_MINOR_MAX`].
    #[error("the amount is larger than the limit of {AMOUNT_MINOR_MAX} minor units")]
    TooLarge,
}

/// An amount of money: whole minor units of one currency, within ±[`AMOUNT_MINOR_MAX`].
///
/// It has no order of its own, because amounts of different currencies have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount of `minor` minor units (fen for `CNY`).
    ///
    /// # Errors
    ///
    /// [`MoneyError::TooLarge`] outside ±[`AMOUNT_MINOR_MAX`].
    pub const fn new(minor: i64, currency: Currency) -> Result<Money, MoneyError> {
        if minor < -AMOUNT_MINOR_MAX || minor > AMOUNT_MINOR_MAX {
            return Err(MoneyError::TooLarge);
        }
        Ok(Money { minor, currency })
    }

    /// Nothing, in that currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// Reads a decimal string of major units: `-?(0|[1-9][0-9]*)(\.[0-9]+)?` in ASCII digits.
    /// Fewer decimals than the currency has are filled up with zeros; `-0` is zero.
    ///
    /// # Errors
    ///
    /// [`MoneyError::NotDecimal`] for any other text, [`MoneyError::TooManyPlaces`] for more
    /// decimals than the currency has (even zeros, because dropping them would be rounding by
    /// stealth), [`MoneyError::TooLarge`] outside ±[`AMOUNT_MINOR_MAX`].
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match unsigned.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NotDecimal),
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        if !is_whole_number(whole) || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MoneyError::NotDecimal);
        }
        let places = currency.places() as usize;
        if decimals.len() > places {
            return Err(MoneyError::TooManyPlaces { currency });
        }
        let padding = std::iter::repeat_n(b'0', places - decimals.len());
        let mut minor: i64 = 0;
        for digit in whole.bytes().chain(decimals.bytes()).chain(padding) {
            minor = minor * 10 + i64::from(digit - b'0');
            // Checked at every digit, so that no length of input can overflow.
            if minor > AMOUNT_MINOR_MAX {
                return Err(MoneyError::TooLarge);
            }
        }
        Money::new(if negative { -minor } else { minor }, currency)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency of the amount.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in major units with exactly the currency's places, as [`decimal_string`].
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        decimal_string(self.minor, self.currency)
    }

    /// Whether the amount is greater than zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }
}

/// Writes minor units as major units with exactly the currency's places: `"1234.50"` and
/// `"-0.05"` for `CNY`, `"1234"` for `JPY`. It takes any `i64`, so that sums beyond the limit
/// of one amount can still be shown.
#[must_use]
pub fn decimal_string(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    // Unsigned, because the smallest i64 has no positive counterpart.
    let magnitude = minor.unsigned_abs();
    let places = currency.places();
    if places == 0 {
        return format!("{sign}{magnitude}");
    }
    let unit = 10_u64.pow(places);
    let width = places as usize;
    format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
}

/// Whether the text is `0|[1-9][0-9]*`.
fn is_whole_number(text: &str) -> bool {
    match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cny(minor: i64) -> Money {
        Money::new(minor, Currency::CNY).unwrap()
    }

    #[test]
    fn parse_reads_plain_decimals() {
        for (text, currency, minor) in [
            ("1234.50", Currency::CNY, 123_450),
            ("1234.5", Currency::CNY, 123_450),
            ("1234", Currency::CNY, 123_400),
            ("-0.05", Currency::CNY, -5),
            ("0", Currency::CNY, 0),
            ("-0", Currency::CNY, 0),
            ("-0.00", Currency::CNY, 0),
            ("1234", Currency::JPY, 1234),
            ("1.005", Currency::KWD, 1005),
            ("1.0005", Currency::CLF, 10_005),
            ("10000000000000.00", Currency::CNY, AMOUNT_MINOR_MAX),
            ("-10000000000000.00", Currency::CNY, -AMOUNT_MINOR_MAX),
        ] {
            let amount = Money::parse(text, currency).unwrap();
            assert_eq!(
                (amount.minor(), amount.currency()),
                (minor, currency),
                "{text}"
            );
        }
    }

    #[test]
    fn parse_refuses_every_other_spelling() {
        for text in [
            "", "-", ".", "-.", "+1", " 1", "1 ", "1.", ".5", "01", "00", "-01", "--1", "1e3",
            "1E3", "1,234", "1_000", "1.2.3", "1.-2", "0x10", "NaN", "inf", "１", "٣", "1.٣",
            "1．5", "¥1", "1\n", "−1",
        ] {
            assert_eq!(
                Money::parse(text, Currency::CNY),
                Err(MoneyError::NotDecimal),
                "{text:?}"
            );
        }
    }

    #[test]
    fn parse_refuses_more_places_than_the_currency_has() {
        for (text, currency) in [
            ("1.005", Currency::CNY),
            ("1.000", Currency::CNY),
            ("1.0", Currency::JPY),
            ("1.0000", Currency::KWD),
        ] {
            assert_eq!(
                Money::parse(text, currency),
                Err(MoneyError::TooManyPlaces { currency })
            );
        }
    }

    #[test]
    fn parse_refuses_amounts_beyond_the_limit() {
        let long = "9".repeat(100_000);
        for text in ["10000000000000.01", "-10000000000000.01", long.as_str()] {
            assert_eq!(Money::parse(text, Currency::CNY), Err(MoneyError::TooLarge));
        }
    }

    #[test]
    fn decimal_string_has_exactly_the_places_of_the_currency() {
        assert_eq!(decimal_string(123_450, Currency::CNY), "1234.50");
        assert_eq!(decimal_string(-5, Currency::CNY), "-0.05");
        assert_eq!(decimal_string(0, Currency::CNY), "0.00");
        assert_eq!(decimal_string(1234, Currency::JPY), "1234");
        assert_eq!(decimal_string(-1, Currency::CLF), "-0.0001");
        assert_eq!(
            decimal_string(i64::MIN, Currency::CNY),
            "-92233720368547758.08"
        );
    }

    #[test]
    fn an_amount_has_a_limit_in_both_directions() {
        for minor in [AMOUNT_MINOR_MAX + 1, -AMOUNT_MINOR_MAX - 1, i64::MIN] {
            assert_eq!(
                Money::new(minor, Currency::CNY),
                Err(MoneyError::TooLarge),
                "{minor}"
            );
        }
    }

    #[test]
    fn zero_is_not_positive() {
        assert!(cny(1).is_positive() && !cny(0).is_positive() && !cny(-1).is_positive());
    }

    fn any_amount() -> impl Strategy<Value = i64> {
        prop_oneof![-1000_i64..=1000, -AMOUNT_MINOR_MAX..=AMOUNT_MINOR_MAX]
    }

    proptest! {
        #[test]
        fn parse_undoes_print_for_every_currency(minor in any_amount()) {
            for &currency in Currency::EVERY {
                let amount = Money::new(minor, currency).unwrap();
                prop_assert_eq!(Money::parse(&amount.to_decimal_string(), currency), Ok(amount));
            }
        }

        #[test]
        fn parse_never_panics(text in any::<String>()) {
            for currency in [Currency::JPY, Currency::CNY, Currency::CLF] {
                let _ = Money::parse(&text, currency);
            }
        }

        #[test]
        fn parse_accepts_the_grammar_and_nothing_else(text in "[-+]?[0-9]{0,3}\\.?[0-9]{0,3}") {
            let unsigned = text.strip_prefix('-').unwrap_or(&text);
            let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let grammatical = digits(whole)
                && digits(decimals)
                && (whole == "0" || !whole.starts_with('0'));
            let parsed = Money::parse(&text, Currency::CLF);
            prop_assert_eq!(parsed.is_ok(), grammatical, "{:?}", parsed);
        }

        #[test]
        fn decimal_string_never_panics(minor in any::<i64>()) {
            for &currency in Currency::EVERY {
                let printed = decimal_string(minor, currency);
                prop_assert_eq!(printed.replace('.', "").parse::<i64>().unwrap(), minor);
            }
        }
    }
}
