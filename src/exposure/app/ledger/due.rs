//! What has expired and is still in the books.
//!
//! An expired reservation takes nobody's room from the instant on at which it expires; the books
//! learn of it later, from whoever needs the room or from a job. Where room is in the way of a
//! decision, what is due on the lines that lack it is therefore taken off first. That needs no lock
//! but those of these lines, which the decision has: nothing moves a reservation on a line without
//! the lock of the line, so what a plain read finds due there is all of it, and stays due until the
//! commit. A refusal, and whether a receivable is over the limit, rests on that alone and waits for
//! nobody, least of all while it holds the line that a whole group wants.
//!
//! Only who is let through needs the books brought up to date: a movement within a limit leaves the
//! balance in the books within it, at every commit. Giving back what is due moves all the lines that
//! the reservation counts on, also those of another member of the group. Those that are free are
//! locked out of order, which is safe because nobody waits for a line afterwards. If that is not enough,
//! nothing is decided: [`Error::Awaits`] starts the transaction over with the lines of those members
//! among the ones that are locked in order, from the start. It waits for them as for any lock; after
//! a few attempts, or when a lock is not had in time, the answer is 503, which is not kept.

use serde_json::json;

use super::book::By;
use super::request::Request;
use super::{Behind, Ledger};
use crate::error::Error;
use crate::exposure::domain::assessment::Assessment;
use crate::exposure::domain::events;
use crate::exposure::domain::lines::MovementKind;
use crate::exposure::store::counted::Counts;
use crate::exposure::store::lines;
use crate::exposure::store::reservations::{self as reservations_store, ReservationRow};
use crate::platform::store::tx::Tx;
use crate::values::ids::{CustomerId, LineId};
use crate::values::level::Level;

/// Expired reservations given back at a time.
const EXPIRE_BATCH_MAX: i64 = 100;
/// Customers whose lines join those that are locked, at most, each time.
const AWAITED_MAX: i64 = 1000;

impl Ledger {
    /// Assesses a request for more exposure against the locked lines as they are at this instant.
    /// Its reasons say what is so, whatever else is in the way. Who is let through calls
    /// [`Ledger::make_room`] before anything is posted within a limit.
    ///
    /// # Errors
    /// When stored values cannot be read or the database cannot serve.
    pub(crate) fn assess(
        &mut self,
        tx: &mut Tx<'_>,
        request: &Request<'_>,
    ) -> Result<Assessment, Error> {
        let assessment = self.book.assess(&mut tx.reader(), request, By::Instant)?;
        if !assessment.lacks_room() {
            return Ok(assessment);
        }
        let narrow = self.book.where_room_is_lacking(&assessment, request);
        match self.look_for_due(tx, &narrow)? {
            true => self.book.assess(&mut tx.reader(), request, By::Instant),
            false => Ok(assessment),
        }
    }

    /// Brings the books so far up to date that there is room in them for a request that was assessed
    /// not to lack any. Where it lacks some and goes through all the same, no limit has to hold.
    ///
    /// # Errors
    /// [`Error::Awaits`] where somebody else has the lines that this would move: nothing is decided.
    pub(crate) fn make_room(
        &mut self,
        tx: &mut Tx<'_>,
        request: &Request<'_>,
        assessment: &Assessment,
    ) -> Result<(), Error> {
        if assessment.lacks_room() || !self.book.has_due() {
            return Ok(());
        }
        loop {
            let in_books = self.book.assess(&mut tx.reader(), request, By::Books)?;
            if !in_books.lacks_room() {
                return Ok(());
            }
            let narrow = self.book.where_room_is_lacking(&in_books, request);
            self.give_back_some(tx, &narrow)?;
        }
    }

    /// Looks up what is due on some of the locked lines, where that was not done yet; says whether
    /// anything was found.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub(crate) fn look_for_due(&mut self, tx: &mut Tx<'_>, on: &[LineId]) -> Result<bool, Error> {
        let unknown = on.iter().filter(|id| !self.book.knows_due_on(**id));
        let lines = self.levels(unknown);
        if lines.is_empty() {
            return Ok(false);
        }
        let due = reservations_store::due_by_line(tx.connection, &lines, tx.now)?;
        let found = due.values().any(|minor| *minor > 0);
        self.book.note_due(due);
        Ok(found)
    }

    /// Gives back some of what is due on locked lines.
    ///
    /// # Errors
    /// [`Error::Awaits`] when somebody else has the lines of all who have something due there.
    pub(crate) fn give_back_some(&mut self, tx: &mut Tx<'_>, on: &[LineId]) -> Result<(), Error> {
        if self.expire_due_on(tx, on)? > 0 {
            return Ok(());
        }
        let lines = self.levels(on);
        let customers =
            reservations_store::customers_due(tx.connection, &lines, tx.now, AWAITED_MAX)?;
        match customers.is_empty() {
            true => Err(Error::Retry("what was due is due no more")),
            false => Err(Error::Awaits(customers)),
        }
    }

    fn levels<'a>(&self, ids: impl IntoIterator<Item = &'a LineId>) -> Vec<(Level, LineId)> {
        let known = ids.into_iter().filter_map(|id| self.line(*id));
        known.map(|line| (line.level(), line.id)).collect()
    }

    /// Gives back what expired reservations still hold on the locked lines, as far as that can be
    /// done without waiting.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn expire_due(&mut self, tx: &mut Tx<'_>) -> Result<usize, Error> {
        let ids: Vec<LineId> = self.book.lines().map(|line| line.id).collect();
        self.expire_due_on(tx, &ids)
    }

    /// Gives back everything that is due of a customer whose lines are locked: nobody else can be
    /// at work on that.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub(crate) fn expire_all_of(
        &mut self,
        tx: &mut Tx<'_>,
        customer_id: CustomerId,
    ) -> Result<(), Error> {
        let own = self.book.lines();
        let own = own.filter(|line| line.customer_id == Some(customer_id));
        let own: Vec<LineId> = own.map(|line| line.id).collect();
        while self.expire_due_on(tx, &own)? > 0 {}
        Ok(())
    }

    /// The same on some of the locked lines. Reservations of other members of the group are taken
    /// where their lines can be locked without waiting, and were last moved before this instant.
    fn expire_due_on(&mut self, tx: &mut Tx<'_>, on: &[LineId]) -> Result<usize, Error> {
        let lines = self.levels(on);
        let due = reservations_store::lock_due(tx.connection, &lines, tx.now, EXPIRE_BATCH_MAX)?;
        let mut expired = Vec::new();
        for mut reservation in due {
            if !self.holds(&reservation.lines()) {
                let others = lines::try_lock_of_customer(tx.connection, reservation.customer_id)?;
                for line in others {
                    if self.line(line.id).is_none() && line.moved_at <= tx.now {
                        self.book.add(line);
                    }
                }
            }
            if self.holds(&reservation.lines()) && self.expire(tx, &mut reservation)? {
                expired.push(reservation);
            }
        }
        reservations_store::write(&expired).send(tx.connection)?;
        let count = expired.len();
        self.expired
            .extend(expired.into_iter().map(|row| (row.id, row)));
        Ok(count)
    }

    fn expire(&mut self, tx: &mut Tx<'_>, reservation: &mut ReservationRow) -> Result<bool, Error> {
        let Some((after, rest)) = reservation.facts().expire(tx.now) else {
            return Ok(false);
        };
        let behind = Behind {
            reservation_id: Some(reservation.id.uuid()),
            ..Behind::default()
        };
        let part = reservation.rest();
        self.post_part(tx, reservation, part, MovementKind::Expire, behind)?;
        for counted in reservation.counted() {
            let given_back = part.share_of(counted.exposure_minor);
            self.book.note_given_back(counted.line_id, given_back);
        }
        reservation.take(after, tx.now);
        tx.record(
            "reservation.expire",
            reservation.id.subject(),
            json!({"expired_minor": rest}),
        )?;
        // Whoever reads events knows a reservation by its reference.
        let data = json!({
            "reference": reservation.reference, "currency": reservation.currency, "expired_minor": rest,
        });
        tx.publish(events::RESERVATION_EXPIRED, &*reservation, data)?;
        Ok(true)
    }
}
