//! A reservation that is to be worth another total, at the levels it counts at.

use std::collections::BTreeMap;

use super::originals::Original;
use crate::catalogue::domain::counted::{Claim, Counted, Exposure, Part, Uncounted};
use crate::catalogue::domain::exchange_rates::Rates;
use crate::error::{Error, OrInternal, Problem};
use crate::exposure::domain::amending::{self, Asked, Change, Standing};
use crate::exposure::domain::assessment::Assessment;
use crate::exposure::domain::lines::LineFacts;
use crate::exposure::store::counted::{Counts, claim};
use crate::exposure::store::receivables::{self, CaptureRow};
use crate::exposure::store::reservations::ReservationRow;
use crate::platform::store::tx::Tx;
use crate::values::currency::Currency;
use crate::values::ids::{LineId, ReservationId};
use crate::values::level::Level;
use crate::values::money::{AMOUNT_MINOR_MAX, Money};

/// What it is worth, what it is to be worth, and where it stands.
#[derive(Debug)]
pub struct Amending<'a> {
    row: &'a ReservationRow,
    before: Claim,
    total: Claim,
    rest: Claim,
    standings: BTreeMap<Level, Standing>,
}

impl<'a> Amending<'a> {
    /// Makes it worth `total_minor`, secured by `deposit_minor`; `captures` are its receivables.
    ///
    /// # Errors
    /// 422 when that is more than any amount may be.
    pub(crate) fn of(
        row: &'a ReservationRow,
        captures: &[CaptureRow],
        total_minor: i64,
        deposit_minor: i64,
    ) -> Result<Self, Error> {
        let own = claim(row)?;
        let (currency, treatment) = (own.amount.currency(), own.treatment);
        let facts = row.facts();
        let grown = facts.amount_minor.saturating_add(total_minor) - facts.total_minor();
        let claim = |minor: i64, deposit_minor: i64| {
            let amount = Money::new(minor, currency).map_err(|_| too_large())?;
            Ok::<_, Error>(Claim {
                amount,
                deposit_minor: deposit_minor.max(0),
                treatment,
            })
        };
        // What it was set aside for in all is an amount too.
        Money::new(grown, currency).map_err(|_| too_large())?;
        let total = claim(total_minor, deposit_minor)?;
        let left = |captures: &mut dyn Iterator<Item = &CaptureRow>| {
            let taken = captures.fold((0, 0), |(minor, deposit_minor), one| {
                (minor + one.amount_minor, deposit_minor + one.deposit_minor)
            });
            claim((total_minor - taken.0).max(0), deposit_minor - taken.1)
        };
        let rest = left(&mut captures.iter())?;
        let mut standings = BTreeMap::new();
        for level in Level::EVERY {
            let Some(counted) = row.counted_at(*level) else {
                continue;
            };
            let there = |one: &&CaptureRow| one.counts_on(counted.line_id).is_some();
            let here = captures
                .iter()
                .filter_map(|one| one.counts_on(counted.line_id));
            let standing = Standing {
                line_id: counted.line_id,
                currency: counted.conversion.map_or(currency, |known| known.currency),
                conversion: counted.conversion,
                before_minor: row.rest().share_of(counted.exposure_minor),
                captured_minor: here.sum(),
                // Of which nothing is left, nothing is held.
                whole: match rest.amount.minor() {
                    0 => rest,
                    _ => left(&mut captures.iter().filter(|one| !there(one)))?,
                },
            };
            standings.insert(*level, standing);
        }
        Ok(Self {
            row,
            before: claim(facts.total_minor(), row.deposit_minor)?,
            total,
            rest,
            standings,
        })
    }

    /// Whether it is a matter of a new decision: more of it, or less that secures it.
    pub(crate) fn grows(&self) -> bool {
        let more = self.total.amount.minor() > self.before.amount.minor();
        let less_secured = self.total.deposit_minor < self.before.deposit_minor;
        self.rest.amount.minor() > 0 && (more || less_secured)
    }

    /// The reservation.
    pub(crate) fn row(&self) -> &'a ReservationRow {
        self.row
    }

    /// What it is to be worth.
    pub(crate) fn total(&self) -> Claim {
        self.total
    }

    /// What it was worth, in minor units.
    pub(super) fn before_minor(&self) -> i64 {
        self.before.amount.minor()
    }

    /// What more it is to be worth, as rules about orders see it.
    pub(super) fn more(&self) -> Result<Claim, Error> {
        let (before, total) = (self.before.amount, self.total.amount);
        let minor = (total.minor() - before.minor()).max(0);
        Ok(Claim {
            amount: Money::new(minor, total.currency()).or_internal()?,
            deposit_minor: 0,
            treatment: self.total.treatment,
        })
    }

    /// What a line that bounds the customer now is asked for.
    pub(super) fn asked_of(&self, line: &LineFacts, rates: &Rates) -> Result<Exposure, Uncounted> {
        let standing = self.standings.get(&line.level);
        amending::asked(standing, line.currency, &self.rest, rates)
    }

    /// What becomes of it at every level: of the lines that were asked, and of those that were not.
    pub(crate) fn changes(&self, assessment: Option<&Assessment>) -> Vec<(Level, Change)> {
        let asked = |level: Level| {
            let room = assessment?.levels.iter().find(|room| room.level == level)?;
            Some(Asked {
                line_id: room.line_id,
                currency: room.line.currency,
                exposure: room.exposure.ok()?,
            })
        };
        Level::EVERY
            .iter()
            .filter_map(|level| {
                let change = amending::change(self.standings.get(level), asked(*level))?;
                Some((*level, change))
            })
            .collect()
    }

    /// What of it moves on the line of a change, in its own currency.
    fn moved_minor(&self, level: Level, change: &Change) -> i64 {
        let known = self.standings.get(&level);
        match known.is_some_and(|known| known.line_id == change.line_id) {
            true => (self.total.counted_minor() - self.before.counted_minor()).abs(),
            false => self.rest.counted_minor(),
        }
    }

    /// The same, as the ledger keeps it.
    pub(crate) fn original(&self, level: Level, change: &Change) -> Option<Original> {
        change.conversion.map(|conversion| Original {
            minor: self.moved_minor(level, change),
            currency: self.total.amount.currency(),
            conversion,
        })
    }
}

/// Lets what is left of an amount count for so much.
///
/// # Errors
/// 422 when the whole were more than any amount may be.
pub(crate) fn counting(rest: Part, change: &Change) -> Result<Counted, Error> {
    Ok(Counted {
        line_id: change.line_id,
        exposure_minor: whole_of(rest, change.after_minor).ok_or_else(too_large)?,
        conversion: change.conversion,
    })
}

/// What is left of the deposits of reservations of which something was captured.
///
/// # Errors
/// When the database cannot serve.
pub(crate) fn deposits_left(
    tx: &mut Tx<'_>,
    held: &[ReservationRow],
) -> Result<BTreeMap<ReservationId, i64>, Error> {
    let mut left: BTreeMap<ReservationId, i64> =
        held.iter().map(|row| (row.id, row.deposit_minor)).collect();
    let captured: Vec<ReservationId> = held
        .iter()
        .filter(|row| row.captured_minor > 0 && row.deposit_minor > 0)
        .map(|row| row.id)
        .collect();
    if captured.is_empty() {
        return Ok(left);
    }
    for capture in receivables::captured_from(tx.connection, &captured)? {
        if let Some(left) = left.get_mut(&capture.reservation_id) {
            *left -= capture.deposit_minor;
        }
    }
    Ok(left)
}

/// What a reservation counts on another line at the rates of today, or why it cannot: what is left of
/// it counts there for exactly what that is worth.
///
/// # Errors
/// When stored values are none: a bug.
pub(crate) fn held_on(
    row: &ReservationRow,
    deposit_left_minor: i64,
    (line_id, into): (LineId, Currency),
    rates: &Rates,
) -> Result<Result<Counted, Uncounted>, Error> {
    let (own, part) = (claim(row)?, row.rest());
    let rest = Claim {
        amount: Money::new(part.minor(), own.amount.currency()).or_internal()?,
        deposit_minor: deposit_left_minor.max(0),
        treatment: own.treatment,
    };
    let exposure = match rest.exposure_in(into, rates) {
        Ok(exposure) => exposure,
        Err(uncounted) => return Ok(Err(uncounted)),
    };
    let whole = whole_of(part, exposure.minor);
    match (whole, exposure.conversion) {
        (Some(exposure_minor), conversion) => Ok(Ok(Counted {
            line_id,
            exposure_minor,
            conversion,
        })),
        (None, Some(conversion)) => Ok(Err(Uncounted::TooLarge(conversion))),
        (None, None) => Err(too_large().into()),
    }
}

/// What the whole counts where the rest of it counts for so much.
fn whole_of(rest: Part, share_minor: i64) -> Option<i64> {
    rest.total_with_share(share_minor)
        .filter(|total| *total <= AMOUNT_MINOR_MAX)
}

pub(crate) fn too_large() -> Problem {
    Problem::field("amount", "is more than any amount may be", "超过金额上限")
}
