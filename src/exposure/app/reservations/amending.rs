//! Reservations that become worth another total.

use chrono::{DateTime, Utc};

use super::batch::Batch;
use super::commands::AmountOf;
use super::outcomes::{Done, expiry, record};
use super::reusing::{more_of, too_large};
use crate::catalogue::domain::counted::{Counted, Part};
use crate::error::Error;
use crate::exposure::app::ledger::book::Request;
use crate::exposure::app::refusing::refused_by;
use crate::exposure::domain::assessment::CreditDecision;
use crate::exposure::domain::referrals::Passing;
use crate::exposure::domain::reservations::{Amended, ReservationFacts};
use crate::exposure::store::counted::Counts;
use crate::exposure::store::referrals::ReferralRow;
use crate::exposure::store::reservations::ReservationRow;
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::{Moved, OrderTerms};
use crate::values::ids::ReservationId;
use crate::values::level::Level;
use crate::values::money::{AMOUNT_MINOR_MAX, Money};

/// What more of a reservation comes to.
struct More {
    /// What it counts on each of the lines.
    counted: Vec<(Level, Counted)>,
    /// Somebody with authority has let it go beyond the limit.
    over_limit_released: bool,
    /// The release by which it passes.
    release: Option<ReferralRow>,
}

impl Batch {
    /// Makes a reservation worth another total: less is a release, more is a new decision about
    /// the difference on the lines it stands on, at the rates it counts at.
    pub(super) fn amend(
        &mut self,
        tx: &mut Tx<'_>,
        id: ReservationId,
        total: &AmountOf,
        (expires_at, order): (Option<DateTime<Utc>>, &OrderTerms),
    ) -> Result<ReservationId, Error> {
        let mut row = self.visible(tx, id)?;
        let before = row.facts();
        let total_minor = total(&row)?.unwrap_or_else(|| before.total_minor());
        let amended = before.amend(total_minor, tx.now)?;
        let expires_at = match expires_at {
            Some(asked) => expiry(Some(asked), tx.now)?,
            None => row.expires_at,
        };
        let moved = match amended {
            Amended::Less {
                after,
                released_minor,
            } => {
                if released_minor > 0 {
                    self.give_back(tx, &mut row, before.next_part(released_minor))?;
                }
                row.take(after, tx.now);
                -released_minor
            }
            Amended::More { after, added_minor } => {
                let amount = more_of(&row, added_minor)?;
                let more = self.room_for_more(tx, &row, (amount, total_minor), order)?;
                self.add(tx, &mut row, after, amount, &more)?;
                if let Some(release) = more.release {
                    let order = (row.customer_id, row.reference_key.clone());
                    self.use_up(tx, &order, release, id)?;
                }
                added_minor
            }
        };
        row.expires_at = expires_at;
        record(tx, Done::AMENDED, &row, moved)?;
        self.changed(row);
        Ok(id)
    }

    /// What more of a reservation counts on each of its lines, if there is room for it, or if what
    /// it is to be worth was referred and released.
    fn room_for_more(
        &mut self,
        tx: &mut Tx<'_>,
        row: &ReservationRow,
        (amount, total_minor): (Money, i64),
        order: &OrderTerms,
    ) -> Result<More, Error> {
        let terms = self.products.get(&row.product).copied();
        let request = Request::for_more(row, amount, terms, order);
        let assessment = self.ledger.assess(tx, &request)?;
        let worth = Passing {
            product: &row.product,
            amount: Money::new(total_minor, amount.currency()).map_err(|_| too_large())?,
            deposit_minor: row.deposit_minor,
        };
        let name = (row.customer_id, row.reference_key.clone());
        let release = self.release_of(tx, &name, worth, &assessment)?;
        if assessment.decision() != CreditDecision::Approved && release.is_none() {
            return Err(refused_by(&assessment));
        }
        self.ledger.make_room(tx, &request, &assessment)?;
        Ok(More {
            counted: Level::EVERY
                .iter()
                .filter_map(|level| Some((*level, assessment.counted_at(*level)?)))
                .collect(),
            over_limit_released: release.is_some() && assessment.lacks_room(),
            release,
        })
    }

    /// Sets more aside on each of the lines, and lets the whole count so that the rest of it counts
    /// for exactly what is held.
    fn add(
        &mut self,
        tx: &mut Tx<'_>,
        row: &mut ReservationRow,
        after: ReservationFacts,
        amount: Money,
        more: &More,
    ) -> Result<(), Error> {
        let before = row.rest();
        let rest = Part::rest(after.amount_minor, after.rest_minor());
        let mut moved = row.clone();
        for level in Level::EVERY {
            let Some(known) = row.counted_at(*level) else {
                continue;
            };
            // A line that bounds the customer no more holds what it held.
            let added = more.counted.iter().find(|(of, _)| of == level);
            let added_minor = added.map_or(0, |(_, added)| added.exposure_minor);
            let held = before.share_of(known.exposure_minor) + added_minor;
            let exposure_minor = rest
                .total_with_share(held)
                .filter(|total| *total <= AMOUNT_MINOR_MAX)
                .ok_or_else(too_large)?;
            moved.count_at(
                *level,
                Some(Counted {
                    exposure_minor,
                    ..known
                }),
            );
        }
        for (_, added) in &more.counted {
            self.ledger
                .hold_more(tx, row, *added, amount, more.over_limit_released)?;
        }
        self.ledger
            .note(tx, row.customer_id, Moved::Ordered(amount))?;
        moved.amount_minor = after.amount_minor;
        moved.take(after, tx.now);
        *row = moved;
        Ok(())
    }
}
