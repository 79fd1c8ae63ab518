//! What a reservation or receivable counts on a line.
//!
//! It counts once, when it comes to the line: its amount, less a deposit where the product lets
//! deposits count, in the currency of the line. From then on every part of the amount that is
//! resolved or paid moves its share of that total, so that the parts add up to exactly the total
//! whatever their order, and neither rounding nor a later rate leaves anything behind.

use super::exchange_rates::{Conversion, RateGap, Rates};
use super::products::ExposureTreatment;
use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::values::currency::Currency;
use crate::values::ids::LineId;
use crate::values::level::Level;
use crate::values::money::{AMOUNT_MINOR_MAX, Money};
use serde::{Deserialize, Serialize};

/// Business that is to count on lines: how much, and what secures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The whole amount.
    pub amount: Money,
    /// Cash deposit for it, in minor units of the same currency; more than the amount where that has
    /// shrunk since.
    pub deposit_minor: i64,
    /// How the deposit counts.
    pub treatment: ExposureTreatment,
}

/// What a claim counts in the currency of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Minor units of that currency.
    pub minor: i64,
    /// How it was converted; `None` in the same currency.
    pub conversion: Option<Conversion>,
}

/// Why a claim cannot count on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncounted {
    /// There is no rate that may be used.
    NoRate(RateGap),
    /// In that currency it is more than any amount may be.
    TooLarge(Conversion),
}

impl Claim {
    /// What of the amount counts, in its own currency.
    pub fn counted_minor(&self) -> i64 {
        match self.treatment {
            ExposureTreatment::Gross => self.amount.minor(),
            // What secures more than the amount secures nothing else.
            ExposureTreatment::NetOfDeposit => (self.amount.minor() - self.deposit_minor).max(0),
        }
    }

    /// What it counts in `currency`.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn exposure_in(&self, currency: Currency, rates: &Rates) -> Result<Exposure, Uncounted> {
        let own = self.amount.currency();
        let conversion = rates.between(own, currency).map_err(Uncounted::NoRate)?;
        self.exposure_at(conversion)
    }

    /// What it counts by a conversion; `None` in its own currency.
    ///
    /// # Errors
    /// When that is more than any amount may be.
    pub fn exposure_at(&self, conversion: Option<Conversion>) -> Result<Exposure, Uncounted> {
        let (own, counted_minor) = (self.amount.currency(), self.counted_minor());
        let minor = match conversion {
            None => counted_minor,
            Some(conversion) => conversion
                .rate_e10
                .convert_up(counted_minor, own, conversion.currency)
                .filter(|minor| *minor <= AMOUNT_MINOR_MAX)
                .ok_or(Uncounted::TooLarge(conversion))?,
        };
        Ok(Exposure { minor, conversion })
    }
}

impl Uncounted {
    /// The refusal it leads to.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NoRate(gap) => gap.reason(),
            Self::TooLarge(conversion) => {
                let code = conversion.currency.code();
                Reason {
                    code: ProblemCode::LimitExceeded,
                    level: None,
                    detail: Bilingual::new(
                        format!("In {code} it is more than any amount may be."),
                        format!("折合 {code} 后超过金额上限。"),
                    ),
                    facts: vec![
                        ("currency", code.to_owned()),
                        ("rate", conversion.rate_e10.to_string()),
                        ("rate_date", conversion.rate_date.to_string()),
                    ],
                }
            }
        }
    }
}

/// A total on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The line.
    pub line_id: LineId,
    /// What the whole counts there, in the currency of the line.
    pub exposure_minor: i64,
    /// How it was converted; `None` in the same currency.
    pub conversion: Option<Conversion>,
}

/// Conversions at the levels whose line has another currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conversions {
    /// At the line of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Conversion>,
    /// At the unified line of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Conversion>,
    /// At the line of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Conversion>,
}

impl Conversions {
    /// That of a level.
    pub fn at(self, level: Level) -> Option<Conversion> {
        match level {
            Level::Product => self.product,
            Level::Customer => self.customer,
            Level::Group => self.group,
        }
    }

    /// With another one at a level; `None` when no level converts.
    pub fn with(mut self, level: Level, conversion: Option<Conversion>) -> Option<Self> {
        let slot = match level {
            Level::Product => &mut self.product,
            Level::Customer => &mut self.customer,
            Level::Group => &mut self.group,
        };
        *slot = conversion;
        (self != Self::default()).then_some(self)
    }
}

/// A part of an amount: from what was resolved of it before to what is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    amount_minor: i64,
    from_minor: i64,
    until_minor: i64,
}

impl Part {
    /// The next `part_minor` of an amount of which `resolved_minor` is resolved.
    pub fn next(amount_minor: i64, resolved_minor: i64, part_minor: i64) -> Self {
        Self {
            amount_minor,
            from_minor: resolved_minor,
            until_minor: resolved_minor + part_minor,
        }
    }

    /// The last `rest_minor` of an amount.
    pub fn rest(amount_minor: i64, rest_minor: i64) -> Self {
        Self::next(amount_minor, amount_minor - rest_minor, rest_minor)
    }

    /// All of an amount.
    pub fn whole(amount_minor: i64) -> Self {
        Self::rest(amount_minor, amount_minor)
    }

    /// Minor units of the amount in it.
    pub fn minor(self) -> i64 {
        self.until_minor - self.from_minor
    }

    /// Its share of a total. What is resolved is rounded down, so that what is left never counts
    /// for less than it is.
    pub fn share_of(self, total_minor: i64) -> i64 {
        self.resolved(total_minor, self.until_minor) - self.resolved(total_minor, self.from_minor)
    }

    /// The largest total of which this part, the last of its amount, has exactly `share_minor`;
    /// `None` where it would be larger than any number here.
    ///
    /// With each unit of the total the share of the rest grows by one or not at all, so it meets
    /// every number.
    pub fn total_with_share(self, share_minor: i64) -> Option<i64> {
        let of_total = i128::from(share_minor) * i128::from(self.amount_minor);
        let total = i64::try_from(of_total / i128::from(self.minor().max(1))).ok()?;
        (self.share_of(total) == share_minor).then_some(total)
    }

    fn resolved(self, total_minor: i64, resolved_minor: i64) -> i64 {
        let product = i128::from(total_minor) * i128::from(resolved_minor);
        // Never more than the total, because no more is resolved than there is.
        i64::try_from(product / i128::from(self.amount_minor.max(1))).unwrap_or(total_minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::domain::exchange_rates::Rate;
    use proptest::prelude::*;

    fn claim(amount: i64, deposit_minor: i64, treatment: ExposureTreatment) -> Claim {
        Claim {
            amount: Money::new(amount, Currency::USD).unwrap(),
            deposit_minor,
            treatment,
        }
    }

    #[test]
    fn a_deposit_counts_where_the_product_says_so() {
        use ExposureTreatment::{Gross, NetOfDeposit};
        assert_eq!(claim(100, 30, Gross).counted_minor(), 100);
        assert_eq!(claim(100, 30, NetOfDeposit).counted_minor(), 70);
        assert_eq!(claim(100, 100, NetOfDeposit).counted_minor(), 0);
        assert_eq!(claim(50, 100, NetOfDeposit).counted_minor(), 0);
        let own = claim(100, 100, NetOfDeposit).exposure_in(Currency::USD, &Rates::default());
        assert_eq!(
            own,
            Ok(Exposure {
                minor: 0,
                conversion: None
            })
        );
    }

    #[test]
    fn without_a_rate_nothing_counts_in_another_currency() {
        let gap = claim(100, 0, ExposureTreatment::Gross)
            .exposure_in(Currency::CNY, &Rates::default())
            .unwrap_err();
        assert_eq!(gap.reason().code, ProblemCode::CurrencyRateMissing);
    }

    #[test]
    fn conversions_are_kept_by_level_and_none_is_nothing() {
        let one = Conversion {
            currency: Currency::CNY,
            rate_e10: Rate::parse("7.1").unwrap(),
            rate_date: "2026-03-02".parse().unwrap(),
        };
        let kept = Conversions::default()
            .with(Level::Group, Some(one))
            .unwrap();
        assert_eq!(
            (kept.at(Level::Group), kept.at(Level::Product)),
            (Some(one), None)
        );
        assert_eq!(kept.with(Level::Group, None), None);
        let json =
            r#"{"group":{"currency":"CNY","rate_e10":71000000000,"rate_date":"2026-03-02"}}"#;
        assert_eq!(serde_json::to_string(&kept).unwrap(), json);
        assert_eq!(serde_json::from_str::<Conversions>(json).unwrap(), kept);
    }

    #[test]
    fn a_third_at_a_time_gives_everything_back() {
        let shares: Vec<i64> = [0, 1, 2]
            .iter()
            .map(|resolved| Part::next(3, *resolved, 1).share_of(100))
            .collect();
        assert_eq!(shares, [33, 33, 34]);
        assert_eq!(Part::rest(3, 1).share_of(100), 34);
    }

    /// An amount cut into parts, and a total for it.
    fn cuts() -> impl Strategy<Value = (Vec<i64>, i64)> {
        (
            prop::collection::vec(1..=AMOUNT_MINOR_MAX / 10, 1..10),
            0..=AMOUNT_MINOR_MAX,
        )
    }

    fn shares(parts: &[i64], total: i64) -> Vec<i64> {
        let amount: i64 = parts.iter().sum();
        let mut resolved = 0;
        parts
            .iter()
            .map(|part| {
                let share = Part::next(amount, resolved, *part).share_of(total);
                resolved += part;
                share
            })
            .collect()
    }

    proptest! {
        #[test]
        fn parts_in_any_order_add_up_to_the_total_and_none_is_negative((mut parts, total) in cuts(), turn in 0..10_usize) {
            for _ in 0..2 {
                let shares = shares(&parts, total);
                prop_assert!(shares.iter().all(|share| *share >= 0));
                prop_assert_eq!(shares.iter().sum::<i64>(), total);
                let length = parts.len();
                parts.rotate_left(turn % length);
            }
        }

        #[test]
        fn what_is_left_is_never_understated((parts, total) in cuts()) {
            let amount: i64 = parts.iter().sum();
            let rest = Part::rest(amount, parts[0]).share_of(total);
            let exact = i128::from(total) * i128::from(parts[0]);
            prop_assert!(i128::from(rest) * i128::from(amount) >= exact);
            prop_assert!(rest <= total);
        }

        #[test]
        fn there_is_a_total_for_every_share_of_the_rest(amount in 1..=AMOUNT_MINOR_MAX, part in 1..=AMOUNT_MINOR_MAX, share in 0..=AMOUNT_MINOR_MAX / 1000) {
            let rest = Part::rest(amount, part.min(amount).max(amount / 1000 + 1).min(amount));
            let total = rest.total_with_share(share).unwrap();
            prop_assert_eq!(rest.share_of(total), share);
        }

        #[test]
        fn in_the_same_currency_a_part_counts_for_what_it_is((parts, _) in cuts()) {
            prop_assert_eq!(shares(&parts, parts.iter().sum()), parts);
        }

        #[test]
        fn a_captured_part_paid_bit_by_bit_gives_back_exactly_what_it_took((parts, total) in cuts(), paid in 1..1000_i64) {
            let amount: i64 = parts.iter().sum();
            let taken = Part::next(amount, 0, parts[0]).share_of(total);
            let paid = paid.min(parts[0]);
            let first = Part::next(parts[0], 0, paid).share_of(taken);
            let rest = Part::rest(parts[0], parts[0] - paid).share_of(taken);
            prop_assert_eq!(first + rest, taken);
        }
    }
}
