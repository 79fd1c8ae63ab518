//! Exchange rates: exact decimals, which of those on file answers for a day, and conversion that
//! never understates exposure.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::values::currency::Currency;

/// The currency through which two others are joined where no rate joins them directly.
pub const COMPANY_CURRENCY: Currency = Currency::CNY;

/// Decimal places of a rate.
pub const RATE_PLACES: usize = 10;

/// One, in the units of a rate.
const ONE: i128 = 10_000_000_000;

/// Smallest and largest rate, in units of 1e-10: 0.00000001 and 100,000,000. Each is what the
/// other is the other way round, and 128 bits hold every amount times every rate.
const RATE_E10_MIN: i64 = 100;
const RATE_E10_MAX: i64 = 1_000_000_000_000_000_000;

/// Why a text or a number is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not a plain decimal number, or one with more than ten places.
    #[error("is not a decimal number of at most 10 places")]
    NotDecimal,
    /// Zero, or beyond what is sensible.
    #[error("is not between 0.00000001 and 100000000")]
    OutOfRange,
}

/// How many major units of one currency a major unit of another is worth: an exact decimal of ten
/// places, more than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Rate(i64);

impl Rate {
    /// A rate in units of 1e-10.
    ///
    /// # Errors
    /// [`RateError::OutOfRange`].
    pub fn from_e10(e10: i64) -> Result<Self, RateError> {
        if (RATE_E10_MIN..=RATE_E10_MAX).contains(&e10) {
            Ok(Self(e10))
        } else {
            Err(RateError::OutOfRange)
        }
    }

    /// Reads a decimal number such as `7.1234567890`.
    ///
    /// # Errors
    /// [`RateError`] for everything else.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_digit());
        let padded = whole.len() > 1 && whole.starts_with('0');
        if !digits(whole) || !digits(places) || padded || places.len() > RATE_PLACES {
            return Err(RateError::NotDecimal);
        }
        let units = format!("{whole}{places:0<RATE_PLACES$}");
        Self::from_e10(units.parse().map_err(|_| RateError::OutOfRange)?)
    }

    /// The rate in units of 1e-10.
    pub const fn e10(self) -> i64 {
        self.0
    }

    fn of_units(units: i128) -> Option<Self> {
        i64::try_from(units)
            .ok()
            .and_then(|e10| Self::from_e10(e10).ok())
    }

    /// The other way round, rounded up.
    fn inverse(self) -> Option<Self> {
        Self::of_units(ceiling(ONE * ONE, i128::from(self.0)))
    }

    /// This rate and then the next one, rounded up.
    fn then(self, next: Self) -> Option<Self> {
        Self::of_units(ceiling(i128::from(self.0) * i128::from(next.0), ONE))
    }

    /// An amount (not negative) in minor units of `to`, rounded up: converted exposure is never
    /// less than the original. `None` when it is beyond 64 bits.
    pub fn convert_up(self, minor: i64, from: Currency, to: Currency) -> Option<i64> {
        let product = i128::from(minor) * i128::from(self.0) * unit(to);
        i64::try_from(ceiling(product, ONE * unit(from))).ok()
    }

    /// The same rounded down: money in another currency is never worth more than the original.
    pub fn convert_down(self, minor: i64, from: Currency, to: Currency) -> i64 {
        let product = i128::from(minor) * i128::from(self.0) * unit(to);
        i64::try_from(product.div_euclid(ONE * unit(from))).unwrap_or(i64::MAX)
    }

    /// The largest amount of `from` that [`Rate::convert_up`] makes no more of than `room` of
    /// `to`; less than nothing where there is less than no room.
    pub fn room_before(self, room: i64, from: Currency, to: Currency) -> i64 {
        let most = (i128::from(room) * ONE * unit(from)).div_euclid(i128::from(self.0) * unit(to));
        i64::try_from(most).unwrap_or(if room < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Minor units of a major one.
fn unit(currency: Currency) -> i128 {
    10_i128.pow(currency.places())
}

/// The quotient of two numbers that are not negative, rounded up.
fn ceiling(dividend: i128, divisor: i128) -> i128 {
    dividend / divisor + i128::from(dividend % divisor > 0)
}

/// Whether a rate departs from another by more than a share of it, in whichever direction: so that
/// nobody gets further by turning the pair round.
pub fn departs(new: Rate, last: Rate, most_bp: i32) -> bool {
    let (low, high) = (new.min(last), new.max(last));
    let (low, high) = (i128::from(low.e10()), i128::from(high.e10()));
    high * 10_000 > low * (10_000 + i128::from(most_bp))
}

impl TryFrom<i64> for Rate {
    type Error = RateError;

    fn try_from(e10: i64) -> Result<Self, RateError> {
        Self::from_e10(e10)
    }
}

impl From<Rate> for i64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

/// Without zeros at the end: `7.1`, `0.05`, `1`.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e10 = i128::from(self.0);
        let text = format!("{}.{:0RATE_PLACES$}", e10 / ONE, e10 % ONE);
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A rate as it is on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateOnFile {
    /// Order of recording.
    pub number: i64,
    /// Currency of the one unit.
    pub from: Currency,
    /// Currency in which the unit is worth the rate.
    pub to: Currency,
    /// First day on which it counts.
    pub rate_date: NaiveDate,
    /// The rate.
    pub rate: Rate,
}

crate::text_enum! {
    /// How a rate was found.
    pub enum RateRoute {
        /// As it is on file.
        Direct = "direct",
        /// From the rate on file for the other direction.
        Inverse = "inverse",
        /// From two rates, through the currency of the company.
        Cross = "cross",
    }
}

/// The rate that answers for a day, and what it was put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The rate, rounded up where it is computed.
    pub rate: Rate,
    /// Its day; that of the older half where there are two.
    pub rate_date: NaiveDate,
    /// How it was found.
    pub route: RateRoute,
    /// The rates on file behind it.
    pub rates: Vec<RateOnFile>,
}

/// The pairs whose newest rates [`quote`] has to know: both directions, and both to and from the
/// currency of the company.
pub fn pairs_to_load(from: Currency, to: Currency) -> Vec<(Currency, Currency)> {
    let through = COMPANY_CURRENCY;
    let mut pairs = vec![(from, to), (to, from)];
    if from != through && to != through {
        pairs.extend([
            (from, through),
            (through, from),
            (through, to),
            (to, through),
        ]);
    }
    pairs
}

/// The newest rate from one currency into another, out of the newest on file for each pair. Of
/// equally new ones the direct one answers, then the inverse, then the cross rate.
pub fn quote(on_file: &[RateOnFile], from: Currency, to: Currency) -> Option<Quote> {
    let through = COMPANY_CURRENCY;
    let cross = || {
        if from == through || to == through {
            return None;
        }
        let (first, second) = (leg(on_file, from, through)?, leg(on_file, through, to)?);
        Some(Quote {
            rate: first.rate.then(second.rate)?,
            rate_date: first.rate_date.min(second.rate_date),
            route: RateRoute::Cross,
            rates: [first.rates, second.rates].concat(),
        })
    };
    newest([cross(), leg(on_file, from, to)])
}

fn leg(on_file: &[RateOnFile], from: Currency, to: Currency) -> Option<Quote> {
    let found = |one, other, route, rate: fn(Rate) -> Option<Rate>| {
        let known = on_file
            .iter()
            .filter(|known| known.from == one && known.to == other)
            .max_by_key(|known| (known.rate_date, known.number))?;
        Some(Quote {
            rate: rate(known.rate)?,
            rate_date: known.rate_date,
            route,
            rates: vec![*known],
        })
    };
    newest([
        found(to, from, RateRoute::Inverse, Rate::inverse),
        found(from, to, RateRoute::Direct, Some),
    ])
}

/// The newest of two; the second of equally new ones.
fn newest(quotes: [Option<Quote>; 2]) -> Option<Quote> {
    quotes
        .into_iter()
        .flatten()
        .max_by_key(|quote| quote.rate_date)
}

/// How something counts in another currency than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Conversion {
    /// Currency in which it counts.
    pub currency: Currency,
    /// Rate into that currency.
    pub rate_e10: Rate,
    /// Day of the rate.
    pub rate_date: NaiveDate,
}

/// Why there is no rate that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateGap {
    /// Currency to be converted.
    pub from: Currency,
    /// Currency to convert into.
    pub to: Currency,
    /// Day of the newest rate and the age it may have, where it is too old.
    pub stale: Option<(NaiveDate, i64)>,
}

impl RateGap {
    /// The gap as a refusal.
    pub fn reason(&self) -> Reason {
        let (from, to) = (self.from.code(), self.to.code());
        let mut facts = vec![
            ("from_currency", from.to_owned()),
            ("to_currency", to.to_owned()),
        ];
        let detail = match self.stale {
            None => Bilingual::new(
                format!("No rate from {from} to {to} is on file for the day."),
                format!("当日没有 {from} 兑 {to} 的汇率。"),
            ),
            Some((rate_date, age_days_max)) => {
                facts.push(("rate_date", rate_date.to_string()));
                facts.push(("rate_age_days_max", age_days_max.to_string()));
                Bilingual::new(
                    format!(
                        "The newest rate from {from} to {to} is stale: it is of {rate_date} and may be {age_days_max} days old."
                    ),
                    format!(
                        "{from} 兑 {to} 的最新汇率日期为 {rate_date}，已超过 {age_days_max} 天的有效期。"
                    ),
                )
            }
        };
        Reason {
            code: ProblemCode::CurrencyRateMissing,
            level: None,
            detail,
            facts,
        }
    }
}

/// Rates between currencies on one day, as far as they were looked up.
#[derive(Debug, Clone, Default)]
pub struct Rates(BTreeMap<(Currency, Currency), Result<Conversion, RateGap>>);

impl Rates {
    /// Keeps the answer for a pair: what was quoted for `on`, if it is not too old.
    pub fn add(
        &mut self,
        (from, to): (Currency, Currency),
        quote: Option<&Quote>,
        on: NaiveDate,
        age_days_max: i64,
    ) {
        self.0
            .insert((from, to), usable((from, to), quote, on, age_days_max));
    }

    /// Adds those that were looked up besides.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How `from` counts in `to`; nothing to do where they are the same.
    ///
    /// # Errors
    /// Why there is no rate.
    pub fn between(&self, from: Currency, to: Currency) -> Result<Option<Conversion>, RateGap> {
        if from == to {
            return Ok(None);
        }
        let unknown = Err(RateGap {
            from,
            to,
            stale: None,
        });
        self.0
            .get(&(from, to))
            .copied()
            .unwrap_or(unknown)
            .map(Some)
    }
}

/// A quote, if there is one that may still be used on a day.
///
/// # Errors
/// Why it may not.
pub fn usable(
    (from, to): (Currency, Currency),
    quote: Option<&Quote>,
    on: NaiveDate,
    age_days_max: i64,
) -> Result<Conversion, RateGap> {
    let gap = |stale| RateGap { from, to, stale };
    let quote = quote.ok_or_else(|| gap(None))?;
    if (on - quote.rate_date).num_days() > age_days_max {
        return Err(gap(Some((quote.rate_date, age_days_max))));
    }
    Ok(Conversion {
        currency: to,
        rate_e10: quote.rate,
        rate_date: quote.rate_date,
    })
}

#[cfg(test)]
#[path = "exchange_rates_tests.rs"]
mod tests;
