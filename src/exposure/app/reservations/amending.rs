//! Reservations that become worth another total.

use super::batch::Batch;
use super::commands::{Amendment, AmountOf};
use super::held::stated;
use super::outcomes::{Done, behind, expiry, part_of, record};
use crate::catalogue::domain::counted::Part;
use crate::error::{Error, Problem};
use crate::exposure::app::ledger::Behind;
use crate::exposure::app::ledger::originals::original;
use crate::exposure::app::ledger::request::Request;
use crate::exposure::app::ledger::worth::{Amending, counting};
use crate::exposure::app::refusing::refused_by;
use crate::exposure::domain::amending::Change;
use crate::exposure::domain::assessment::{Assessment, CreditDecision};
use crate::exposure::domain::lines::MovementKind;
use crate::exposure::domain::referrals::Passing;
use crate::exposure::domain::reservations::{Amended, ReservationFacts};
use crate::exposure::store::counted::Counts;
use crate::exposure::store::referrals::ReferralRow;
use crate::exposure::store::reservations::ReservationRow;
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::{Moved, OrderTerms};
use crate::values::ids::ReservationId;
use crate::values::level::Level;

/// What was decided about more of a reservation.
struct More {
    assessment: Assessment,
    /// The release by which it passes.
    release: Option<ReferralRow>,
}

impl Batch {
    /// Makes a reservation worth another total: the whole counts anew, at the rates that it is kept
    /// at. More is a new decision at every level that bounds the customer now, and so is a smaller
    /// deposit; less is given back.
    pub(super) fn amend(
        &mut self,
        tx: &mut Tx<'_>,
        id: ReservationId,
        asked: &Amendment,
    ) -> Result<ReservationId, Error> {
        let mut row = self.visible(tx, id)?;
        let known = row.clone();
        let before = row.facts();
        let total_minor = (asked.total)(&row)?.unwrap_or_else(|| before.total_minor());
        let amended = before.amend(total_minor, tx.now)?;
        let deposit_minor = self.deposit_of(&row, (asked.deposit)(&row)?, total_minor)?;
        let expires_at = match asked.expires_at {
            Some(until) => expiry(until, tx.now)?,
            None => row.expires_at,
        };
        let order = OrderTerms {
            held_until: Some(tx.last_day_before(expires_at)),
            ..asked.order.clone()
        };
        let amending = Amending::of(&known, self.captures_of(id), total_minor, deposit_minor)?;
        let more = match amending.grows() {
            true => Some(self.room_for_more(tx, &amending, &order)?),
            false => None,
        };
        if more.is_none() && expires_at > row.expires_at {
            self.fits_until(tx, &amending, &order)?;
        }
        let (after, moved_minor) = match amended {
            Amended::Less {
                after,
                released_minor,
            } => (after, -released_minor),
            Amended::More { after, added_minor } => (after, added_minor),
        };
        let assessment = more.as_ref().map(|more| &more.assessment);
        let released = more.as_ref().is_some_and(|more| more.release.is_some());
        let over_limit_released = released && assessment.is_some_and(Assessment::lacks_room);
        let becomes = (after, moved_minor);
        let changes = amending.changes(assessment);
        self.hold_anew(
            tx,
            &mut row,
            &amending,
            (&changes, over_limit_released),
            becomes,
        )?;
        if let Some(release) = more.and_then(|more| more.release) {
            let order = (row.customer_id, row.reference_key.clone());
            self.use_up(tx, &order, release, id)?;
        }
        row.deposit_minor = deposit_minor;
        // What was stated before stands where nothing is stated now.
        row.stated_documents = stated(&order).or(row.stated_documents);
        row.expires_at = expires_at;
        record(tx, Done::AMENDED, &row, moved_minor)?;
        self.changed(row);
        Ok(id)
    }

    /// Gives back a part, or all that is left.
    pub(super) fn release(
        &mut self,
        tx: &mut Tx<'_>,
        id: ReservationId,
        amount: &AmountOf,
    ) -> Result<ReservationId, Error> {
        let mut row = self.visible(tx, id)?;
        let known = row.clone();
        let before = row.facts();
        let (after, released_minor) = before.release(amount(&row)?, tx.now)?;
        let left_minor = before.total_minor() - released_minor;
        let amending = Amending::of(&known, self.captures_of(id), left_minor, row.deposit_minor)?;
        let changes = amending.changes(None);
        let becomes = (after, -released_minor);
        self.hold_anew(tx, &mut row, &amending, (&changes, false), becomes)?;
        record(tx, Done::RELEASED, &row, released_minor)?;
        self.changed(row);
        Ok(id)
    }

    /// The deposit that is asked for: never more than the total, nor less than what went along with
    /// what was captured. As it is where nothing is asked.
    fn deposit_of(
        &self,
        row: &ReservationRow,
        asked: Option<i64>,
        total_minor: i64,
    ) -> Result<i64, Error> {
        let Some(deposit_minor) = asked else {
            return Ok(row.deposit_minor);
        };
        if deposit_minor > total_minor {
            let (en, zh) = ("is not between nothing and the amount", "不在零与金额之间");
            return Err(Problem::field("deposit", en, zh).into());
        }
        let captures = self.captures_of(row.id).iter();
        let captured_minor: i64 = captures.map(|capture| capture.deposit_minor).sum();
        if deposit_minor < captured_minor {
            let (en, zh) = (
                "is less than what secures the receivables",
                "低于已转应收对应的保证金",
            );
            return Err(Problem::field("deposit", en, zh).into());
        }
        Ok(deposit_minor)
    }

    /// Decides about more of a reservation: there is room for it, or what it is to be worth was
    /// referred and released.
    fn room_for_more(
        &mut self,
        tx: &mut Tx<'_>,
        amending: &Amending<'_>,
        order: &OrderTerms,
    ) -> Result<More, Error> {
        let row = amending.row();
        let terms = self.products.get(&row.product).copied();
        let request = Request::for_more(amending, terms, order)?;
        let assessment = self.ledger.assess(tx, &request)?;
        let total = amending.total();
        let worth = Passing {
            product: &row.product,
            amount: total.amount,
            deposit_minor: total.deposit_minor,
        };
        let name = (row.customer_id, row.reference_key.clone());
        let release = self.release_of(tx, &name, worth, &assessment)?;
        if assessment.decision() != CreditDecision::Approved && release.is_none() {
            return Err(refused_by(&assessment));
        }
        self.ledger.make_room(tx, &request, &assessment)?;
        Ok(More {
            assessment,
            release,
        })
    }

    /// Refuses to hold longer what does not fit on the last day any more: because a line or a limit ends
    /// until then. What is so today already is in nobody's way.
    fn fits_until(
        &mut self,
        tx: &mut Tx<'_>,
        amending: &Amending<'_>,
        order: &OrderTerms,
    ) -> Result<(), Error> {
        let terms = self.products.get(&amending.row().product).copied();
        let request = Request::for_more(amending, terms, order)?;
        let assessment = self.ledger.assess(tx, &request)?;
        let mut reasons = assessment.refusals();
        reasons.retain(|reason| reason.facts.iter().any(|(name, _)| *name == "on"));
        match reasons.is_empty() {
            true => Ok(()),
            false => Err(Error::for_reasons(&reasons)),
        }
    }

    /// Holds more or less at each level, and lets the whole count so that the rest of it counts for
    /// exactly what is held.
    fn hold_anew(
        &mut self,
        tx: &mut Tx<'_>,
        row: &mut ReservationRow,
        amending: &Amending<'_>,
        (changes, over_limit_released): (&[(Level, Change)], bool),
        (after, moved_minor): (ReservationFacts, i64),
    ) -> Result<(), Error> {
        let rest = Part::rest(after.amount_minor, after.rest_minor());
        let mut moved = row.clone();
        if rest.minor() > 0 {
            for (level, change) in changes {
                moved.count_at(*level, Some(counting(rest, change)?));
            }
        }
        // Lines of groups before those of customers, as everywhere.
        for (level, change) in changes.iter().rev() {
            let behind = Behind {
                over_limit_released,
                ..behind(row.id)
            };
            if let Some((line_id, held_minor, conversion)) = change.leaves {
                let left = Behind {
                    original: original(row, row.rest(), conversion)?,
                    ..behind
                };
                let given_back = (MovementKind::Release, held_minor);
                self.ledger.hold(tx, row, line_id, given_back, left)?;
            }
            let behind = Behind {
                original: amending.original(*level, change),
                ..behind
            };
            let delta_minor = change.after_minor - change.before_minor;
            let kind = match delta_minor {
                0 if moved_minor == 0 => continue,
                0 if moved_minor > 0 => MovementKind::Reserve,
                1.. => MovementKind::Reserve,
                _ => MovementKind::Release,
            };
            let movement = (kind, delta_minor.abs());
            self.ledger
                .hold(tx, row, change.line_id, movement, behind)?;
        }
        let customer_id = row.customer_id;
        match part_of(row, moved_minor.abs())? {
            added if moved_minor > 0 => self.ledger.note(tx, customer_id, Moved::Ordered(added))?,
            less if moved_minor < 0 => self.ledger.note(tx, customer_id, Moved::GivenBack(less))?,
            _ => {}
        }
        moved.amount_minor = after.amount_minor;
        moved.take(after, tx.now);
        *row = moved;
        Ok(())
    }
}
