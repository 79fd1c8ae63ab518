//! The rates that a decision about lines needs.

use crate::catalogue::app::exchange_rates;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::error::Error;
use crate::exposure::domain::lines::{LineFacts, applicable};
use crate::platform::store::tx::Reader;
use crate::rules::domain::check_rules::Standing;
use crate::values::currency::Currency;
use crate::values::level::Level;

/// Rates of today from a currency into those of the lines that apply, and into that of the company
/// where a rule measures the order.
pub(crate) fn rates_into(
    reader: &mut Reader<'_>,
    own: Currency,
    lines: &[LineFacts],
    standing: &Standing,
) -> Result<Rates, Error> {
    let today = reader.today;
    let applying = Level::EVERY
        .iter()
        .filter_map(|level| applicable(lines, *level, today));
    let set = standing.rule_set.as_ref();
    let measured = set.filter(|set| set.rules.measures_the_order());
    let pairs = applying
        .map(|line| (own, line.currency))
        .chain(measured.map(|_| (own, Currency::COMPANY)));
    exchange_rates::of_today(reader, pairs)
}
