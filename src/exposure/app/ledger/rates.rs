//! The rates that a decision about lines needs.

use chrono::NaiveDate;

use crate::catalogue::app::exchange_rates;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::error::Error;
use crate::exposure::domain::lines::{LineFacts, applicable};
use crate::platform::store::tx::Reader;
use crate::rules::domain::check_rules::Standing;
use crate::values::currency::Currency;
use crate::values::level::Level;

/// Rates of today from a currency into those of the lines that apply on any of some days, and into
/// that of the company where a rule measures the order.
pub(crate) fn rates_into(
    reader: &mut Reader<'_>,
    own: Currency,
    (lines, days): (&[LineFacts], &[NaiveDate]),
    standing: &Standing,
) -> Result<Rates, Error> {
    let levels = || Level::EVERY.iter();
    let applying = days
        .iter()
        .flat_map(|day| levels().filter_map(|level| applicable(lines, *level, *day)));
    let set = standing.rule_set.as_ref();
    let measured = set.filter(|set| set.rules.measures_the_order());
    let pairs = applying
        .map(|line| (own, line.currency))
        .chain(measured.map(|_| (own, Currency::COMPANY)));
    exchange_rates::of_today(reader, pairs)
}
