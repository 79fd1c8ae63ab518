//! The ledger: lines under lock, movements posted on them, balances written once.
//!
//! Every path that changes exposure comes through here and takes locks in one order: lines of
//! groups by identifier, then unified lines of customers, then their product lines, each by
//! identifier; reservations, receivables and payments after the lines. One customer or many, the
//! order is the same.
//!
//! What has expired and is still in the books takes nobody's room: see `due`, which says when it is
//! given back, and who waits for whom.

pub mod book;
pub mod bounds;
pub mod cover;
mod due;
pub mod originals;
pub mod rates;
pub mod request;
pub mod standings;
pub mod worth;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use self::book::Book;
use self::bounds::Bounds;
use self::originals::{Original, original};
use crate::catalogue::domain::counted::Part;
use crate::error::Error;
use crate::exposure::domain::lines::{Movement, MovementKind};
use crate::exposure::store::counted::Counts;
use crate::exposure::store::lines::{self, LineRow};
use crate::exposure::store::movements::{self, MovementRow};
use crate::exposure::store::parties::Parties;
use crate::exposure::store::receivables::ReceivableRow;
use crate::exposure::store::reservations::ReservationRow;
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::Moved;
use crate::values::ids::{CustomerId, LineId, ReservationId};

/// What is behind a movement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behind {
    /// A reservation.
    pub reservation_id: Option<Uuid>,
    /// A receivable.
    pub receivable_id: Option<Uuid>,
    /// A payment.
    pub payment_id: Option<Uuid>,
    /// Business in another currency than the line.
    pub original: Option<Original>,
    /// Somebody with authority has let it go beyond the limit.
    pub over_limit_released: bool,
}

/// Lines under lock, with the movements to be written.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Book,
    /// By what is judged that belongs to no customer about whom is decided.
    bounds: Option<Bounds>,
    movements: Vec<MovementRow>,
    posted: usize,
    expired: BTreeMap<ReservationId, ReservationRow>,
    touched: BTreeSet<LineId>,
}

impl Ledger {
    /// Locks the lines of customers and of the groups they belong to, and lines of other groups
    /// that are in use besides.
    ///
    /// Which lines those are is read before they can be locked, so it is read again under lock; if
    /// one of the customers changed groups in between, or it or its group got another line, the
    /// transaction starts over.
    ///
    /// # Errors
    /// [`Error::Retry`] in that case.
    pub fn lock_for_decision(
        tx: &mut Tx<'_>,
        customers: &[CustomerId],
        in_use: BTreeSet<LineId>,
    ) -> Result<Self, Error> {
        let (locked, parties) = lock_bounding(tx, customers, in_use)?;
        let mut ledger = Self::of(locked);
        // Under lock: what the customers use cannot change any more.
        ledger.book.bring_in(&mut tx.reader(), parties)?;
        Ok(ledger)
    }

    /// Locks lines of groups that business of customers stands on, then all lines of the customers.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn lock_in_use(
        tx: &mut Tx<'_>,
        customers: &[CustomerId],
        of_groups: BTreeSet<LineId>,
    ) -> Result<Self, Error> {
        let mut locked = lines::lock_many(tx, of_groups)?;
        let customers = [customers, &tx.awaited()].concat();
        locked.extend(lines::lock_of_customers(tx, &customers)?);
        Ok(Self::of(locked))
    }

    /// A ledger over lines that are under lock. From here on the instant of the transaction stands:
    /// what is due at it, and what is not, does not change while it is worked through.
    pub(super) fn of(locked: Vec<LineRow>) -> Self {
        Self {
            book: Book::of(locked),
            ..Self::default()
        }
    }

    /// The bounds by which what is posted from now on is judged.
    pub(super) fn bounded_by(&mut self, bounds: Bounds) {
        self.bounds = Some(bounds);
    }

    /// Loads where the customers stand by the rules in force: for decisions about orders.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub(super) fn ask_rules(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.book.ask_rules(&mut tx.reader())
    }

    /// Takes note of business that the rules look at, for the decisions that follow.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub(super) fn note(
        &mut self,
        tx: &mut Tx<'_>,
        customer_id: CustomerId,
        moved: Moved,
    ) -> Result<(), Error> {
        self.book.note(&mut tx.reader(), customer_id, moved)
    }

    /// Takes note of what a customer owes besides, for the decisions that follow: money on account
    /// covers it.
    pub(super) fn note_owed(&mut self, row: &ReceivableRow) {
        self.book.note_owed(row);
    }

    /// Locks the lines on which money of a customer counts: its own, those of its group, and lines of
    /// other groups that are in use besides. No decision that looks at the money is under way then.
    ///
    /// # Errors
    /// [`Error::Retry`] when other lines bound it meanwhile.
    pub(super) fn lock_bounding(
        tx: &mut Tx<'_>,
        customer_id: CustomerId,
        in_use: BTreeSet<LineId>,
    ) -> Result<Self, Error> {
        let (locked, _) = lock_bounding(tx, &[customer_id], in_use)?;
        Ok(Self::of(locked))
    }

    /// Marks every line as changed at this instant: whoever decides on them later does not decide by an
    /// earlier clock, though nothing moved.
    pub(super) fn touch_all(&mut self, tx: &Tx<'_>) {
        self.touched.extend(self.book.touch_all(tx.now));
    }

    /// What decisions are made from.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The line, if it is under lock.
    pub fn line(&self, id: LineId) -> Option<&LineRow> {
        self.book.line(id)
    }

    /// Whether all these lines are under lock.
    pub fn holds(&self, ids: &[LineId]) -> bool {
        ids.iter().all(|id| self.line(*id).is_some())
    }

    /// How many movements were posted, but for those that gave back what had expired: that is true
    /// whatever becomes of the command that brought it to light.
    pub(super) fn posted(&self) -> usize {
        self.posted
    }

    /// A reservation as it is now that it was found expired.
    pub(super) fn expired(&self, id: ReservationId) -> Option<&ReservationRow> {
        self.expired.get(&id)
    }

    /// Posts a movement on a line.
    ///
    /// # Errors
    /// When the line is not under lock or the balance would be negative: a bug.
    pub fn post(
        &mut self,
        tx: &Tx<'_>,
        customer_id: CustomerId,
        line_id: LineId,
        movement: Movement,
        within_limit: bool,
        behind: Behind,
    ) -> Result<(), Error> {
        let plain = Bounds::plain(tx.today);
        let bounds = self.book.bounds(customer_id).or(self.bounds.as_ref());
        let bounds = bounds.unwrap_or(&plain);
        let not_locked = || Error::internal("a movement on a line that is not locked");
        let line = self.book.line(line_id).ok_or_else(not_locked)?;
        let limit_minor = bounds.allowed_minor(line);
        // A ceiling that bounds each member by itself does not bound their sum.
        let within_limit = within_limit && bounds.is_shared(line);
        let covered_minor = match within_limit {
            true => self.book.covered_minor(customer_id, line, tx.today),
            false => 0,
        };
        let line = self.book.line_mut(line_id).ok_or_else(not_locked)?;
        let after = movement.apply(line.balance()).ok_or_else(|| {
            Error::internal(format!(
                "{} would make line {line_id} negative",
                movement.kind.as_str()
            ))
        })?;
        line.held_minor = after.held_minor;
        line.drawn_minor = after.drawn_minor;
        line.consumed_minor = after.consumed_minor;
        line.movement_count += 1;
        line.moved_at = tx.now;
        self.movements.push(MovementRow {
            bucket: line.bucket,
            line_id,
            movement_number: line.movement_count,
            kind: movement.kind,
            held_delta_minor: movement.held_minor,
            drawn_delta_minor: movement.drawn_minor,
            consumed_delta_minor: movement.consumed_minor,
            held_after_minor: after.held_minor,
            drawn_after_minor: after.drawn_minor,
            consumed_after_minor: after.consumed_minor,
            limit_minor,
            within_limit,
            customer_id,
            reservation_id: behind.reservation_id,
            receivable_id: behind.receivable_id,
            payment_id: behind.payment_id,
            business_date: tx.today,
            recorded_at: tx.now,
            principal: tx.actor.principal.clone(),
            original_minor: behind.original.map(|original| original.minor),
            original_currency: behind.original.map(|original| original.currency),
            rate_e10: behind
                .original
                .map(|original| original.conversion.rate_e10.e10()),
            rate_date: behind
                .original
                .map(|original| original.conversion.rate_date),
            covered_minor,
        });
        // What had expired was no use of its own to begin with.
        let is_of_group = line.group_id.is_some() && movement.kind != MovementKind::Expire;
        if is_of_group {
            let delta_minor = movement.held_minor + movement.drawn_minor;
            self.book.note_use(customer_id, line_id, delta_minor);
        }
        self.touched.insert(line_id);
        if movement.kind != MovementKind::Expire {
            self.posted += 1;
        }
        Ok(())
    }

    /// Posts the same kind of movement on every line that something counts on: on each the share
    /// that a part of its amount has there.
    ///
    /// # Errors
    /// As [`Ledger::post`].
    pub fn post_part(
        &mut self,
        tx: &Tx<'_>,
        row: &impl Counts,
        part: Part,
        kind: MovementKind,
        behind: Behind,
    ) -> Result<(), Error> {
        for counted in row.counted() {
            let revolving = self.line(counted.line_id).is_none_or(|line| line.revolving);
            let movement = Movement::new(kind, part.share_of(counted.exposure_minor), revolving);
            let behind = Behind {
                original: original(row, part, counted.conversion)?,
                ..behind
            };
            // What takes no room is welcome on a line that is over its limit by facts.
            let within_limit = kind == MovementKind::Reserve
                && movement.held_minor > 0
                && !behind.over_limit_released;
            self.post(
                tx,
                row.customer_id(),
                counted.line_id,
                movement,
                within_limit,
                behind,
            )?;
        }
        Ok(())
    }

    /// Holds more on a line for a reservation, or less.
    ///
    /// # Errors
    /// As [`Ledger::post`].
    pub(super) fn hold(
        &mut self,
        tx: &Tx<'_>,
        row: &ReservationRow,
        line_id: LineId,
        (kind, minor): (MovementKind, i64),
        behind: Behind,
    ) -> Result<(), Error> {
        let revolving = self.line(line_id).is_none_or(|line| line.revolving);
        let movement = Movement::new(kind, minor, revolving);
        // What takes no room is welcome on a line that is over its limit by facts.
        let within_limit = movement.held_minor > 0 && !behind.over_limit_released;
        let customer_id = row.customer_id;
        self.post(tx, customer_id, line_id, movement, within_limit, behind)
    }

    /// Writes balances and movements before the commit.
    pub fn write(self, tx: &mut Tx<'_>) {
        let touched: Vec<LineRow> = self
            .book
            .into_lines()
            .into_iter()
            .filter(|line| self.touched.contains(&line.id))
            .collect();
        tx.write_last(lines::write_balances(&touched));
        tx.write_last(movements::append(&self.movements));
    }
}

/// Locks the lines that bound customers, and others that are in use besides.
fn lock_bounding(
    tx: &mut Tx<'_>,
    customers: &[CustomerId],
    in_use: BTreeSet<LineId>,
) -> Result<(Vec<LineRow>, Parties), Error> {
    let before = Parties::of(tx.connection, customers)?;
    let mut wanted: BTreeSet<LineId> = before.lines().into_iter().chain(in_use).collect();
    let awaited = tx.awaited();
    if !awaited.is_empty() {
        wanted.extend(lines::ids_of_customers(tx.connection, &awaited)?);
    }
    let locked = lines::lock_many(tx, wanted)?;
    let parties = Parties::of(tx.connection, customers)?;
    if !parties.are_bound_as(&before) {
        return Err(Error::Retry("a customer changed its group, or got a line"));
    }
    Ok((locked, parties))
}
