//! What moves with a customer from line to line.

use std::collections::BTreeMap;

use crate::catalogue::domain::exchange_rates::Conversion;
use crate::error::Error;
use crate::exposure::app::ledger::originals::{Original, original};
use crate::exposure::app::ledger::{Behind, Ledger};
use crate::exposure::domain::lines::{Balance, Movement, MovementKind};
use crate::exposure::store::counted::Counts;
use crate::platform::store::tx::Tx;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};
use crate::values::level::Level;

/// What is left of reservations and receivables on one line, apart by how it was converted.
#[derive(Default)]
pub(super) struct Moved(BTreeMap<Option<(Currency, Conversion)>, (Balance, i64)>);

impl Moved {
    pub(super) fn hold(&mut self, row: &impl Counts, level: Level) -> Result<(), Error> {
        self.add(row, level, |balance| &mut balance.held_minor)
    }

    pub(super) fn draw(&mut self, row: &impl Counts, level: Level) -> Result<(), Error> {
        self.add(row, level, |balance| &mut balance.drawn_minor)
    }

    fn add(
        &mut self,
        row: &impl Counts,
        level: Level,
        side: fn(&mut Balance) -> &mut i64,
    ) -> Result<(), Error> {
        let Some(counted) = row.counted_at(level) else {
            return Ok(());
        };
        let rest = row.rest();
        let original = original(row, rest, counted.conversion)?;
        let key = original.map(|original| (original.currency, original.conversion));
        let (balance, original_minor) = self.0.entry(key).or_default();
        *side(balance) += rest.share_of(counted.exposure_minor);
        *original_minor += original.map_or(0, |original| original.minor);
        Ok(())
    }

    pub(super) fn used_minor(&self) -> i64 {
        self.0
            .values()
            .map(|(balance, _)| balance.used_minor())
            .sum()
    }

    /// Posts one movement for each way of conversion.
    pub(super) fn post(
        self,
        tx: &Tx<'_>,
        ledger: &mut Ledger,
        (customer_id, line_id): (CustomerId, LineId),
        (kind, within_limit): (MovementKind, bool),
    ) -> Result<(), Error> {
        for (key, (balance, minor)) in self.0 {
            if balance == Balance::default() {
                continue;
            }
            let behind = Behind {
                original: key.map(|(currency, conversion)| Original {
                    minor,
                    currency,
                    conversion,
                }),
                ..Behind::default()
            };
            let movement = Movement::of_balance(kind, balance);
            ledger.post(tx, customer_id, line_id, movement, within_limit, behind)?;
        }
        Ok(())
    }
}
