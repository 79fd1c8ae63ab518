//! Commands of a batch: loaded and locked once, decided one after the other, written once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::commands::{AmountOf, Command, Decided, NewReservation};
use super::held::held;
use super::outcomes::{Done, behind, default_expiry, differences, expiry, part_of, record};
use super::reusing::over;
use crate::catalogue::domain::counted::Part;
use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::error_codes::ProblemCode;
use crate::exposure::app::checks::shippable;
use crate::exposure::app::ledger::request::Request;
use crate::exposure::app::ledger::{Behind, Ledger};
use crate::exposure::app::receivables::{self, CapturedReceivable, Taken};
use crate::exposure::app::referrals::{self, OrderName};
use crate::exposure::app::refusing::refused_by;
use crate::exposure::domain::amending::deposit_of;
use crate::exposure::domain::assessment::{Assessment, CreditDecision};
use crate::exposure::domain::lines::MovementKind;
use crate::exposure::domain::referrals::Passing;
use crate::exposure::store::counted::Counts;
use crate::exposure::store::parties::{self as store, ProductTerms};
use crate::exposure::store::receivables::{self as receivables_store, CaptureRow, ReceivableRow};
use crate::exposure::store::referrals::ReferralRow;
use crate::exposure::store::reservations::{self as rows, ReservationRow};
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::{Moved, OrderTerms};
use crate::values::ids::{CustomerId, LineId, ReservationId};
use crate::values::level::Level;
use crate::values::text_keys::compared;

/// What commands need, under lock, and what came of them so far.
pub(super) struct Batch {
    pub(super) ledger: Ledger,
    pub(super) products: BTreeMap<ProductCode, ProductTerms>,
    /// Reservations that exist, and those that were made.
    known: BTreeMap<ReservationId, ReservationRow>,
    /// The reservations that references name.
    references: BTreeMap<OrderName, ReservationId>,
    captures: BTreeMap<ReservationId, Vec<CaptureRow>>,
    /// Numbers of receivables that are taken, as they are compared.
    numbers: BTreeSet<(CustomerId, String)>,
    made: BTreeSet<ReservationId>,
    changed: BTreeSet<ReservationId>,
    drawn: Vec<ReceivableRow>,
    /// Releases of referred orders that nobody has used, and those that were used up here.
    released: BTreeMap<OrderName, Vec<ReferralRow>>,
    used_up: Vec<ReferralRow>,
    /// Something that went wrong half-way through a command: nothing of the batch may stay.
    pub(super) broken: Option<Error>,
}

impl Batch {
    /// Loads and locks what the commands need: lines, then reservations.
    pub(super) fn open(tx: &mut Tx<'_>, commands: &[&Command]) -> Result<Self, Error> {
        let ids: BTreeSet<ReservationId> = commands.iter().filter_map(|one| one.about()).collect();
        let ids: Vec<ReservationId> = ids.into_iter().collect();
        let found = match ids.is_empty() {
            true => Vec::new(),
            false => rows::find_many(tx.connection, &ids)?,
        };
        let in_use: BTreeSet<LineId> = found.iter().filter_map(|row| row.group_line_id).collect();
        let new = || {
            commands.iter().filter_map(|one| match one {
                Command::Reserve(new) => Some(new),
                _ => None,
            })
        };
        let customers: BTreeSet<CustomerId> = new()
            .map(|new| new.customer_id)
            .chain(found.iter().map(|row| row.customer_id))
            .collect();
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let ledger = match commands.iter().any(|one| one.may_take()) {
            true => Ledger::lock_for_decision(tx, &customers, in_use)?,
            false => Ledger::lock_in_use(tx, &customers, in_use)?,
        };
        let mut batch = Self {
            ledger,
            products: BTreeMap::new(),
            known: BTreeMap::new(),
            references: BTreeMap::new(),
            captures: BTreeMap::new(),
            numbers: BTreeSet::new(),
            made: BTreeSet::new(),
            changed: BTreeSet::new(),
            drawn: Vec::new(),
            released: BTreeMap::new(),
            used_up: Vec::new(),
            broken: None,
        };
        if commands.iter().any(|one| one.may_take()) {
            batch.ledger.ask_rules(tx)?;
        }
        if batch.ledger.book().has_rules() {
            let amended: BTreeSet<ReservationId> = commands
                .iter()
                .filter(|one| one.may_take())
                .filter_map(|one| one.about())
                .collect();
            let amended = found.iter().filter(|row| amended.contains(&row.id));
            let orders: Vec<OrderName> = new()
                .map(NewReservation::name)
                .chain(amended.map(|row| (row.customer_id, row.reference_key.clone())))
                .collect();
            batch.released = referrals::released(tx, &orders)?;
        }
        batch.load_known(tx, &ids)?;
        batch.load_named(tx, &new().map(NewReservation::name).collect::<Vec<_>>())?;
        batch.load_numbers(tx, commands)?;
        batch.load_captures(tx)?;
        let products = new()
            .map(|new| &new.product)
            .chain(found.iter().map(|row| &row.product))
            .collect();
        batch.products = store::products(tx.connection, products)?;
        Ok(batch)
    }

    /// Locks the reservations that commands are about.
    fn load_known(&mut self, tx: &mut Tx<'_>, ids: &[ReservationId]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let locked = rows::lock_many(tx.connection, ids)?;
        if locked.iter().any(|row| !self.ledger.holds(&row.lines())) {
            return Err(Error::Retry(
                "the reservation moved to another group's line",
            ));
        }
        self.known = locked.into_iter().map(|row| (row.id, row)).collect();
        Ok(())
    }

    /// Looks up references: under the locks of the lines nobody else reserves for the customers.
    fn load_named(&mut self, tx: &mut Tx<'_>, names: &[OrderName]) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let references = names.iter().map(|(id, key)| (*id, key.as_str()));
        for row in rows::by_references(tx.connection, references)? {
            self.references
                .insert((row.customer_id, row.reference_key.clone()), row.id);
            self.known.entry(row.id).or_insert(row);
        }
        Ok(())
    }

    /// Looks up numbers of receivables, as references are.
    fn load_numbers(&mut self, tx: &mut Tx<'_>, commands: &[&Command]) -> Result<(), Error> {
        let numbers: Vec<(CustomerId, String)> = commands
            .iter()
            .filter_map(|command| match command {
                Command::Capture { id, receivable, .. } => {
                    let row = self.known.get(id)?;
                    Some((row.customer_id, compared(&receivable.number)))
                }
                _ => None,
            })
            .collect();
        if !numbers.is_empty() {
            let numbers = numbers.iter().map(|(id, key)| (*id, key.as_str()));
            let taken = receivables_store::numbers_taken(tx.connection, numbers)?;
            self.numbers.extend(taken);
        }
        Ok(())
    }

    fn load_captures(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let captured: Vec<ReservationId> = self
            .known
            .values()
            .filter(|row| row.captured_minor > 0)
            .map(|row| row.id)
            .collect();
        if captured.is_empty() {
            return Ok(());
        }
        for capture in receivables_store::captured_from(tx.connection, &captured)? {
            let of_it = self.captures.entry(capture.reservation_id).or_default();
            of_it.push(capture);
        }
        Ok(())
    }

    /// Decides one command. Whatever refuses it does so before anything is posted.
    pub(super) fn decide(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<Decided, Error> {
        // What is refused here was not begun, so that nothing can be half done.
        self.as_it_was_read(tx, command)?;
        let (posted, made) = (self.ledger.posted(), self.made.len());
        let result = match command {
            Command::Reserve(new) => self.reserve(tx, new),
            Command::Capture {
                id,
                amount,
                is_final,
                receivable,
                ..
            } => self.capture(tx, *id, amount, *is_final, receivable),
            Command::Release { id, amount, .. } => self.release(tx, *id, amount),
            Command::Amend { id, amendment, .. } => self.amend(tx, *id, amendment),
        };
        let made = self.made.len() > made;
        let result = result.and_then(|id| self.decided(tx, id, made));
        if let (Err(error), true) = (&result, self.ledger.posted() > posted) {
            self.broken = Some(Error::internal(format!(
                "a command was given up half-way: {error}"
            )));
        }
        result
    }

    fn decided(&self, tx: &Tx<'_>, id: ReservationId, made: bool) -> Result<Decided, Error> {
        let row = self
            .row(id)
            .ok_or_else(|| Error::internal("a reservation of the batch is gone"))?;
        Ok(Decided {
            row: row.clone(),
            captures: self.captures_of(id).to_vec(),
            now: tx.now,
            made,
        })
    }

    /// What was captured from a reservation so far.
    pub(super) fn captures_of(&self, id: ReservationId) -> &[CaptureRow] {
        self.captures.get(&id).map_or(&[], Vec::as_slice)
    }

    fn as_it_was_read(&self, tx: &Tx<'_>, command: &Command) -> Result<(), Error> {
        let Some((id, seen)) = command.seen() else {
            return Ok(());
        };
        self.visible(tx, id)?;
        seen(self.decided(tx, id, false)?)
    }

    fn row(&self, id: ReservationId) -> Option<&ReservationRow> {
        self.ledger.expired(id).or_else(|| self.known.get(&id))
    }

    /// The reservation, if the caller may know of it.
    pub(super) fn visible(&self, tx: &Tx<'_>, id: ReservationId) -> Result<ReservationRow, Error> {
        let row = self.row(id).ok_or_else(Error::not_found)?;
        if !tx.actor.knows(row.customer_id, &row.org_path) {
            return Err(Error::not_found());
        }
        Ok(row.clone())
    }

    pub(super) fn changed(&mut self, row: ReservationRow) {
        if !self.made.contains(&row.id) {
            self.changed.insert(row.id);
        }
        self.known.insert(row.id, row);
    }

    /// Sets limit aside at every level, or refuses with every reason. The caller's reference names
    /// the order for good: asking for the same again gives the reservation there is, takes nothing,
    /// and is refused once nothing of it is held any more.
    fn reserve(&mut self, tx: &mut Tx<'_>, new: &NewReservation) -> Result<ReservationId, Error> {
        let party = self.ledger.book().party(tx.actor, new.customer_id);
        let org_path = party.map(|party| party.org_path.clone());
        let reference = new.name();
        let known = org_path
            .is_some()
            .then(|| self.references.get(&reference))
            .flatten()
            .and_then(|id| self.row(*id));
        let over = known.and_then(|known| over(known, tx.now));
        let conflict = known.map(|known| differences(known, new));
        if let (Some(known), Some(None)) = (known, &conflict) {
            if let Some(problem) = over {
                return Err(problem.into());
            }
            let details = json!({"reference": known.reference, "again": true});
            tx.record("reservation.create", known.id.subject(), details)?;
            return Ok(known.id);
        }
        let (asked_until, order) = asked_days(tx, new)?;
        let terms = self.products.get(&new.product).copied();
        let request = Request {
            customer_id: new.customer_id,
            terms,
            product: &new.product,
            claim: new.asked.of(terms),
            order: Some(&order),
            more_of: None,
        };
        let assessment = self.ledger.assess(tx, &request)?;
        let passing = Passing {
            product: &new.product,
            amount: new.asked.amount,
            deposit_minor: new.asked.deposit_minor,
        };
        let release = self.release_of(tx, &reference, passing, &assessment)?;
        let passes = assessment.decision() == CreditDecision::Approved || release.is_some();
        let (true, Some(product), Some(org_path)) =
            (passes, assessment.counted_at(Level::Product), org_path)
        else {
            return Err(refused_by(&assessment));
        };
        // What credit refuses is refused for that, whatever it is called.
        if let Some(problem) = over.or(conflict.flatten()) {
            return Err(problem.into());
        }
        self.ledger.make_room(tx, &request, &assessment)?;
        let expires_at = asked_until.unwrap_or_else(|| {
            let held_until = assessment.holds_until.map(|day| tx.end_of(day));
            let most = default_expiry(tx.now);
            held_until.map_or(most, |end| most.min(end))
        });
        let id: ReservationId = tx.mint(new.customer_id.bucket())?;
        let treatment = request.claim.treatment;
        let mut row = held(tx.now, id, new, org_path, expires_at, treatment, product);
        for level in Level::EVERY {
            row.count_at(*level, assessment.counted_at(*level));
        }
        let whole = Part::whole(row.amount_minor);
        let behind = Behind {
            over_limit_released: release.is_some() && assessment.lacks_room(),
            ..behind(id)
        };
        self.ledger
            .post_part(tx, &row, whole, MovementKind::Reserve, behind)?;
        if let Some(release) = release {
            self.use_up(tx, &reference, release, id)?;
        }
        let ordered = Moved::Ordered(new.asked.amount);
        self.ledger.note(tx, new.customer_id, ordered)?;
        record(tx, Done::CREATED, &row, row.amount_minor)?;
        self.references.insert(reference, id);
        self.made.insert(id);
        self.known.insert(id, row);
        Ok(id)
    }

    /// The release by which a referred order passes.
    pub(super) fn release_of(
        &self,
        tx: &Tx<'_>,
        order: &OrderName,
        passing: Passing<'_>,
        assessment: &Assessment,
    ) -> Result<Option<ReferralRow>, Error> {
        let (CreditDecision::Referred, Some(releases)) =
            (assessment.decision(), self.released.get(order))
        else {
            return Ok(None);
        };
        referrals::passing(releases, passing, assessment, tx.today)
    }

    pub(super) fn use_up(
        &mut self,
        tx: &mut Tx<'_>,
        order: &OrderName,
        mut release: ReferralRow,
        id: ReservationId,
    ) -> Result<(), Error> {
        referrals::use_up(tx, &mut release, id)?;
        if let Some(left) = self.released.get_mut(order) {
            left.retain(|row| row.id != release.id);
        }
        self.used_up.push(release);
        Ok(())
    }

    /// Turns a part into a receivable. The last capture gives back the rest.
    fn capture(
        &mut self,
        tx: &mut Tx<'_>,
        id: ReservationId,
        amount: &AmountOf,
        is_final: bool,
        captured_as: &CapturedReceivable,
    ) -> Result<ReservationId, Error> {
        let mut row = self.visible(tx, id)?;
        let amount_minor = amount(&row)?;
        let before = row.facts();
        let (after, captured, returned) = before.capture(amount_minor, is_final, tx.now)?;
        let number = (row.customer_id, compared(&captured_as.number));
        if self.numbers.contains(&number) {
            return Err(ProblemCode::DuplicateReceivableNumber.into());
        }
        let term = self
            .products
            .get(&row.product)
            .map_or(0, |terms| terms.payment_term_days);
        let secured = self.captures_of(id).iter().map(|one| one.deposit_minor);
        let deposit_left = row.deposit_minor - secured.sum::<i64>();
        let taken = Taken {
            part: before.next_part(captured),
            deposit_minor: deposit_of(captured, before.rest_minor(), deposit_left),
        };
        let receivable =
            receivables::from_reservation(tx, &mut self.ledger, &row, taken, captured_as, term)?;
        if returned > 0 {
            let rest = Part::rest(row.amount_minor, returned);
            self.ledger
                .post_part(tx, &row, rest, MovementKind::Release, behind(id))?;
        }
        row.take(after, tx.now);
        let delivered = Moved::Delivered(part_of(&row, captured)?);
        self.ledger.note(tx, row.customer_id, delivered)?;
        if returned > 0 {
            let given_back = Moved::GivenBack(part_of(&row, returned)?);
            self.ledger.note(tx, row.customer_id, given_back)?;
        }
        self.ledger.note_owed(&receivable);
        receivables::announce(tx, &receivable)?;
        record(tx, Done::CAPTURED, &row, captured)?;
        self.numbers.insert(number);
        let captures = self.captures.entry(id).or_default();
        captures.extend(CaptureRow::of(&receivable));
        self.drawn.push(receivable);
        self.changed(row);
        Ok(id)
    }

    /// Writes what came of the commands.
    pub(super) fn close(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let of = |ids: &BTreeSet<ReservationId>| -> Vec<ReservationRow> {
            ids.iter()
                .filter_map(|id| self.known.get(id).cloned())
                .collect()
        };
        tx.write_last(rows::insert(&of(&self.made)));
        tx.write_last(rows::write(&of(&self.changed)));
        tx.write_last(receivables_store::insert(&self.drawn));
        self.ledger.write(tx);
        if !self.used_up.is_empty() {
            // A used release names its reservation, which has to stand first.
            tx.write_now()?;
        }
        for release in &self.used_up {
            referrals::write_used(tx, release)?;
        }
        Ok(())
    }
}

/// Until when an order is to be held, and what it brings along with the days that it asks about.
fn asked_days(
    tx: &Tx<'_>,
    new: &NewReservation,
) -> Result<(Option<DateTime<Utc>>, OrderTerms), Error> {
    shippable(&new.order, tx.today)?;
    let until = new.expires_at.map(|until| expiry(until, tx.now));
    let until = until.transpose()?;
    let order = OrderTerms {
        held_until: until.map(|end| tx.last_day_before(end)),
        held_at_most: match until {
            Some(_) => None,
            None => Some(tx.last_day_before(default_expiry(tx.now))),
        },
        ..new.order.clone()
    };
    Ok((until, order))
}
