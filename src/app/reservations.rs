//! Reserving limit for an order, and resolving it (X2).
//!
//! Commands are decided in batches: what all of them need is loaded and locked once, each is
//! decided in its turn and sees what those before it took, and what came of it is written once. One
//! command is a batch of one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::book::Request;
use super::exposure::{Asked, claim, org_path};
use super::ledger::{Behind, Ledger};
use super::receivables;
use crate::domain::counted::{Claim, Counted, Part};
use crate::domain::credit_lines::{Level, MovementKind};
use crate::domain::ids::{CustomerId, LineId, ReservationId};
use crate::domain::money::{AMOUNT_MINOR_MAX, Money};
use crate::domain::reservations::{Amended, ReservationFacts, ReservationStatus};
use crate::error::{Error, FieldError, Problem, Reason};
use crate::error_codes::ProblemCode;
use crate::store::counted::Counts;
use crate::store::errors::on_violation;
use crate::store::exposure::{self as store, ProductTerms};
use crate::store::receivables::{self as receivables_store, CaptureRow, ReceivableRow};
use crate::store::reservations::{self as rows, ReservationRow};
use crate::store::tx::{Event, Many, Tx};

/// Days a reservation is held when the caller does not say.
pub const HOLD_DAYS_DEFAULT: i64 = 7;
/// Days a reservation may be held at most.
pub const HOLD_DAYS_MAX: i64 = 366;

/// What is to be reserved.
#[derive(Debug, Clone)]
pub struct NewReservation {
    /// Customer.
    pub customer_id: CustomerId,
    /// Product.
    pub product: String,
    /// Amount, more than nothing, and what secures it.
    pub asked: Asked,
    /// The caller's own reference.
    pub reference: String,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Reads the amount of a request in the currency of the reservation; `None` means all that is left.
pub type AmountOf = Box<dyn Fn(&ReservationRow) -> Result<Option<i64>, Error> + Send + Sync>;

/// What is asked of reservations.
pub enum Command {
    /// Set limit aside.
    Reserve(NewReservation),
    /// Turn a part, or all that is left, into a receivable.
    Capture {
        /// Which one.
        id: ReservationId,
        /// How much.
        amount: AmountOf,
        /// Whether the rest goes back.
        is_final: bool,
        /// The receivable it turns into.
        receivable: CapturedReceivable,
    },
    /// Give a part, or all that is left, back.
    Release {
        /// Which one.
        id: ReservationId,
        /// How much.
        amount: AmountOf,
    },
    /// Make it worth another total, or hold it until another instant.
    Amend {
        /// Which one.
        id: ReservationId,
        /// The total; as it is when left out.
        total: AmountOf,
        /// When it expires; as it is when left out.
        expires_at: Option<DateTime<Utc>>,
    },
}

impl Command {
    /// The reservation it is about, if that exists already.
    fn about(&self) -> Option<ReservationId> {
        match self {
            Self::Reserve(_) => None,
            Self::Capture { id, .. } | Self::Release { id, .. } | Self::Amend { id, .. } => {
                Some(*id)
            }
        }
    }

    /// Whether it may ask for more limit.
    fn may_take(&self) -> bool {
        matches!(self, Self::Reserve(_) | Self::Amend { .. })
    }
}

/// A reservation as a command left it.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The reservation.
    pub row: ReservationRow,
    /// What was captured from it so far.
    pub captures: Vec<CaptureRow>,
    /// The instant of the decision.
    pub now: DateTime<Utc>,
}

/// A receivable a capture turns into.
#[derive(Debug, Clone)]
pub struct CapturedReceivable {
    /// Number.
    pub number: String,
    /// Day the term starts.
    pub issued_on: NaiveDate,
    /// Term in calendar days; that of the line when left out.
    pub payment_term_days: Option<i32>,
}

/// Decides commands in their order, each for its own caller.
///
/// # Errors
/// When the database cannot serve: nothing is decided then. What one of the commands is refused
/// for stands in its place among the results.
pub fn decide_many(
    many: &mut Many<'_>,
    commands: &[&Command],
) -> Result<Vec<Result<Decided, Error>>, Error> {
    let mut batch = many.on_behalf_of_all(|tx| Batch::open(tx, commands))?;
    let mut decided = Vec::with_capacity(commands.len());
    for (index, command) in commands.iter().enumerate() {
        decided.push(many.on_behalf_of(index, |tx| batch.decide(tx, command)));
        if let Some(broken) = batch.broken.take() {
            return Err(broken);
        }
    }
    many.on_behalf_of_all(|tx| batch.close(tx))?;
    Ok(decided)
}

/// Decides one command.
///
/// # Errors
/// For [`Command::Reserve`], 422 with the first refusal as the code and all of them in `reasons`,
/// 409 when the reference names another order. For the others 404, 409 when already resolved or
/// expired, 422 when more than is left, and for a capture 409 when its number is taken.
pub fn decide(tx: &mut Tx<'_>, command: &Command) -> Result<Decided, Error> {
    let mut batch = Batch::open(tx, &[command])?;
    let decided = batch.decide(tx, command)?;
    batch.close(tx)?;
    Ok(decided)
}

/// What commands need, under lock, and what came of them so far.
struct Batch {
    ledger: Ledger,
    products: BTreeMap<String, ProductTerms>,
    /// Reservations that exist, and those that were made.
    known: BTreeMap<ReservationId, ReservationRow>,
    /// The reservations that references name.
    references: BTreeMap<(CustomerId, String), ReservationId>,
    captures: BTreeMap<ReservationId, Vec<CaptureRow>>,
    /// Numbers of receivables that are taken.
    numbers: BTreeSet<(CustomerId, String)>,
    made: BTreeSet<ReservationId>,
    changed: BTreeSet<ReservationId>,
    drawn: Vec<ReceivableRow>,
    /// Something that went wrong half-way through a command: nothing of the batch may stay.
    broken: Option<Error>,
}

impl Batch {
    /// Loads and locks what the commands need: lines, then reservations.
    fn open(tx: &mut Tx<'_>, commands: &[&Command]) -> Result<Self, Error> {
        let ids: BTreeSet<ReservationId> = commands.iter().filter_map(|one| one.about()).collect();
        let ids: Vec<ReservationId> = ids.into_iter().collect();
        let found = match ids.is_empty() {
            true => Vec::new(),
            false => rows::find_many(tx.connection, &ids)?,
        };
        let in_use: Vec<LineId> = found.iter().flat_map(Counts::lines).collect();
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
            true => Ledger::lock_for_decision(tx, &customers, &in_use)?,
            false => Ledger::lock_in_use(tx, &customers, &in_use)?,
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
            broken: None,
        };
        batch.load_known(tx, &ids)?;
        batch.load_named(tx, new().map(|new| (new.customer_id, new.reference.as_str())))?;
        batch.load_numbers(tx, commands)?;
        batch.load_captures(tx)?;
        let products: BTreeSet<&str> = new()
            .map(|new| new.product.as_str())
            .chain(found.iter().map(|row| row.product.as_str()))
            .collect();
        let products: Vec<&str> = products.into_iter().collect();
        batch.products = store::products(tx.connection, &products)?;
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
    fn load_named<'a>(
        &mut self,
        tx: &mut Tx<'_>,
        references: impl Iterator<Item = (CustomerId, &'a str)>,
    ) -> Result<(), Error> {
        let references: Vec<(CustomerId, &str)> = references.collect();
        if references.is_empty() {
            return Ok(());
        }
        for row in rows::by_references(tx.connection, references)? {
            self.references
                .insert((row.customer_id, row.reference.clone()), row.id);
            self.known.entry(row.id).or_insert(row);
        }
        Ok(())
    }

    /// Looks up numbers of receivables, as references are.
    fn load_numbers(&mut self, tx: &mut Tx<'_>, commands: &[&Command]) -> Result<(), Error> {
        let numbers: Vec<(CustomerId, &str)> = commands
            .iter()
            .filter_map(|command| match command {
                Command::Capture { id, receivable, .. } => {
                    let row = self.known.get(id)?;
                    Some((row.customer_id, receivable.number.as_str()))
                }
                _ => None,
            })
            .collect();
        if !numbers.is_empty() {
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
    fn decide(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<Decided, Error> {
        let posted = self.ledger.posted();
        let result = match command {
            Command::Reserve(new) => self.reserve(tx, new),
            Command::Capture {
                id,
                amount,
                is_final,
                receivable,
            } => self.capture(tx, *id, amount, *is_final, receivable),
            Command::Release { id, amount } => self.release(tx, *id, amount),
            Command::Amend {
                id,
                total,
                expires_at,
            } => self.amend(tx, *id, total, *expires_at),
        };
        let result = result.and_then(|id| self.decided(tx, id));
        if let (Err(error), true) = (&result, self.ledger.posted() > posted) {
            self.broken = Some(Error::internal(format!(
                "a command was given up half-way: {error}"
            )));
        }
        result
    }

    fn decided(&self, tx: &Tx<'_>, id: ReservationId) -> Result<Decided, Error> {
        let row = self
            .row(id)
            .ok_or_else(|| Error::internal("a reservation of the batch is gone"))?;
        Ok(Decided {
            row: row.clone(),
            captures: self.captures.get(&id).cloned().unwrap_or_default(),
            now: tx.now,
        })
    }

    fn row(&self, id: ReservationId) -> Option<&ReservationRow> {
        self.ledger.expired(id).or_else(|| self.known.get(&id))
    }

    /// The reservation, if the caller may know of it.
    fn visible(&self, tx: &Tx<'_>, id: ReservationId) -> Result<ReservationRow, Error> {
        let row = self.row(id).ok_or_else(Error::not_found)?;
        if !tx.actor.knows(row.customer_id, &org_path(&row.org_path)?) {
            return Err(Error::not_found());
        }
        Ok(row.clone())
    }

    fn changed(&mut self, row: ReservationRow) {
        if !self.made.contains(&row.id) {
            self.changed.insert(row.id);
        }
        self.ledger.has_in_hand(row.id);
        self.known.insert(row.id, row);
    }

    /// Sets limit aside at every level, or refuses with every reason. The caller's reference names
    /// the order: asking for the same again gives the reservation there is, in whatever state it
    /// is by now, and takes nothing.
    fn reserve(&mut self, tx: &mut Tx<'_>, new: &NewReservation) -> Result<ReservationId, Error> {
        let party = self.ledger.book().party(tx.actor, new.customer_id);
        let org_path = party.map(|party| party.org_path.as_str().to_owned());
        let reference = (new.customer_id, new.reference.clone());
        let known = org_path
            .is_some()
            .then(|| self.references.get(&reference))
            .flatten()
            .and_then(|id| self.row(*id));
        let conflict = known.map(|known| differences(known, new));
        if let (Some(known), Some(None)) = (known, &conflict) {
            let details = json!({"reference": known.reference, "again": true});
            tx.record("reservation.create", known.id.subject(), details)?;
            return Ok(known.id);
        }
        let expires_at = expiry(new.expires_at, tx.now)?;
        let terms = self.products.get(&new.product).copied();
        let request = Request {
            customer_id: new.customer_id,
            product_active: terms.map(|terms| terms.active),
            product: &new.product,
            claim: new.asked.of(terms),
            more_of: None,
        };
        let assessment = self.ledger.assess_with_due(tx, &request)?;
        let refusals = assessment.refusals();
        let (true, Some(product), Some(org_path)) = (
            refusals.is_empty(),
            assessment.counted_at(Level::Product),
            org_path,
        ) else {
            return Err(refused(&refusals));
        };
        // What credit refuses is refused for that, whatever it is called.
        if let Some(problem) = conflict.flatten() {
            return Err(problem.into());
        }
        let id: ReservationId = tx.mint(new.customer_id.bucket())?;
        let mut row = ReservationRow {
            bucket: id.bucket().as_i16(),
            id,
            customer_id: new.customer_id,
            org_path,
            product: new.product.clone(),
            reference: new.reference.clone(),
            amount_minor: new.asked.amount.minor(),
            currency: new.asked.amount.currency().code().to_owned(),
            captured_minor: 0,
            released_minor: 0,
            expired_minor: 0,
            status: ReservationStatus::Held,
            expires_at,
            product_line_id: product.line_id,
            customer_line_id: None,
            group_line_id: None,
            version: 1,
            created_at: tx.now,
            updated_at: tx.now,
            deposit_minor: new.asked.deposit_minor,
            exposure_treatment: request.claim.treatment,
            product_exposure_minor: product.exposure_minor,
            customer_exposure_minor: None,
            group_exposure_minor: None,
            conversions: None,
        };
        for level in Level::EVERY {
            row.count_at(*level, assessment.counted_at(*level));
        }
        let whole = Part::whole(row.amount_minor);
        self.ledger
            .post_part(tx, &row, whole, MovementKind::Reserve, behind(id))?;
        record(tx, Done::Created, &row, row.amount_minor)?;
        self.references.insert(reference, id);
        self.made.insert(id);
        self.known.insert(id, row);
        Ok(id)
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
        let number = (row.customer_id, captured_as.number.clone());
        if self.numbers.contains(&number) {
            return Err(ProblemCode::DuplicateReceivableNumber.into());
        }
        let term = self
            .products
            .get(&row.product)
            .map_or(0, |terms| terms.payment_term_days);
        let taken = before.next_part(captured);
        let receivable =
            receivables::from_reservation(tx, &mut self.ledger, &row, taken, captured_as, term)?;
        if returned > 0 {
            let rest = Part::rest(row.amount_minor, returned);
            self.ledger
                .post_part(tx, &row, rest, MovementKind::Release, behind(id))?;
        }
        row.take(after, tx.now);
        receivables::announce(tx, &receivable)?;
        record(tx, Done::Captured, &row, captured)?;
        self.numbers.insert(number);
        self.captures.entry(id).or_default().push(CaptureRow {
            reservation_id: id,
            receivable_id: receivable.id,
            amount_minor: receivable.amount_minor,
            captured_at: receivable.created_at,
        });
        self.drawn.push(receivable);
        self.changed(row);
        Ok(id)
    }

    /// Gives back a part, or all that is left.
    fn release(
        &mut self,
        tx: &mut Tx<'_>,
        id: ReservationId,
        amount: &AmountOf,
    ) -> Result<ReservationId, Error> {
        let mut row = self.visible(tx, id)?;
        let amount_minor = amount(&row)?;
        let before = row.facts();
        let (after, released) = before.release(amount_minor, tx.now)?;
        self.give_back(tx, &mut row, before.next_part(released))?;
        row.take(after, tx.now);
        record(tx, Done::Released, &row, released)?;
        self.changed(row);
        Ok(id)
    }

    /// Makes a reservation worth another total: less is a release, more is a new decision about
    /// the difference on the lines it stands on, at the rates it counts at.
    fn amend(
        &mut self,
        tx: &mut Tx<'_>,
        id: ReservationId,
        total: &AmountOf,
        expires_at: Option<DateTime<Utc>>,
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
                let more = self.room_for_more(tx, &row, amount)?;
                self.add(tx, &mut row, after, amount, &more)?;
                added_minor
            }
        };
        row.expires_at = expires_at;
        record(tx, Done::Amended, &row, moved)?;
        self.changed(row);
        Ok(id)
    }

    fn give_back(
        &mut self,
        tx: &mut Tx<'_>,
        row: &mut ReservationRow,
        part: Part,
    ) -> Result<(), Error> {
        let behind = behind(row.id);
        self.ledger
            .post_part(tx, row, part, MovementKind::Release, behind)
    }

    /// What more of a reservation counts on each of its lines, if there is room for it.
    fn room_for_more(
        &mut self,
        tx: &mut Tx<'_>,
        row: &ReservationRow,
        amount: Money,
    ) -> Result<Vec<(Level, Counted)>, Error> {
        let terms = self.products.get(&row.product);
        let request = Request {
            customer_id: row.customer_id,
            product_active: terms.map(|terms| terms.active),
            product: &row.product,
            claim: Claim {
                amount,
                deposit_minor: 0,
                treatment: row.exposure_treatment,
            },
            more_of: Some(row),
        };
        let assessment = self.ledger.assess_with_due(tx, &request)?;
        let refusals = assessment.refusals();
        if !refusals.is_empty() {
            return Err(refused(&refusals));
        }
        Ok(Level::EVERY
            .iter()
            .filter_map(|level| Some((*level, assessment.counted_at(*level)?)))
            .collect())
    }

    /// Sets more aside on each of the lines, and lets the whole count so that the rest of it counts
    /// for exactly what is held.
    fn add(
        &mut self,
        tx: &mut Tx<'_>,
        row: &mut ReservationRow,
        after: ReservationFacts,
        amount: Money,
        more: &[(Level, Counted)],
    ) -> Result<(), Error> {
        let before = row.rest();
        let rest = Part::rest(after.amount_minor, after.rest_minor());
        let mut moved = row.clone();
        for (level, added) in more {
            let Some(known) = row.counted_at(*level) else {
                continue;
            };
            let held = before.share_of(known.exposure_minor) + added.exposure_minor;
            let exposure_minor = rest
                .total_with_share(held)
                .filter(|total| *total <= AMOUNT_MINOR_MAX)
                .ok_or_else(too_large)?;
            moved.count_at(*level, Some(Counted {
                exposure_minor,
                ..known
            }));
        }
        for (_, added) in more {
            self.ledger.hold_more(tx, row, *added, amount)?;
        }
        moved.amount_minor = after.amount_minor;
        moved.take(after, tx.now);
        *row = moved;
        Ok(())
    }

    /// Writes what came of the commands.
    fn close(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let of = |ids: &BTreeSet<ReservationId>| -> Vec<ReservationRow> {
            ids.iter()
                .filter_map(|id| self.known.get(id).cloned())
                .collect()
        };
        rows::insert(tx.connection, &of(&self.made)).map_err(|error| {
            // The customer got its first line meanwhile, and somebody was faster.
            on_violation(error, "reservations_reference", || {
                Problem::new(ProblemCode::RequestInProgress)
            })
        })?;
        rows::write(tx.connection, &of(&self.changed))?;
        receivables_store::insert(tx.connection, &self.drawn)?;
        self.ledger.write(tx)
    }
}

/// The amount by which a reservation is to grow.
fn more_of(row: &ReservationRow, added_minor: i64) -> Result<Money, Error> {
    let currency = claim(row)?.amount.currency();
    let grown = row.amount_minor.saturating_add(added_minor);
    Money::new(grown, currency).map_err(|_| too_large())?;
    Money::new(added_minor, currency).map_err(|_| too_large().into())
}

fn too_large() -> Problem {
    Problem::field("amount", "is more than any amount may be", "超过金额上限")
}

fn behind(id: ReservationId) -> Behind {
    Behind {
        reservation_id: Some(id.uuid()),
        ..Behind::default()
    }
}

/// In what a request differs from the reservation that its reference names already; `None` when it
/// asks for the same.
fn differences(known: &ReservationRow, new: &NewReservation) -> Option<Problem> {
    let same = [
        ("product", known.product == new.product),
        ("amount", known.amount_minor == new.asked.amount.minor()),
        (
            "currency",
            known.currency == new.asked.amount.currency().code(),
        ),
        ("deposit", known.deposit_minor == new.asked.deposit_minor),
        (
            "expires_at",
            new.expires_at.is_none_or(|asked| asked == known.expires_at),
        ),
    ];
    let mut problem =
        Problem::new(ProblemCode::ReferenceReused).with_member("reservation_id", json!(known.id));
    for (field, _) in same.into_iter().filter(|(_, same)| !same) {
        problem = problem.at(FieldError::field(
            field,
            "differs from the reservation of that reference",
            "与该编号的预占不一致",
        ));
    }
    (!problem.errors.is_empty()).then_some(problem)
}

/// Gives back what expired reservations of a customer and its group still hold. For the sweep:
/// decisions do not wait for it.
///
/// # Errors
/// When the database cannot serve.
pub fn sweep(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<usize, Error> {
    let mut ledger = Ledger::lock_for_decision(tx, &[customer_id], &[])?;
    let expired = ledger.expire_due(tx)?;
    ledger.write(tx)?;
    tx.record(
        "reservation.sweep",
        customer_id.subject(),
        json!({"expired": expired}),
    )?;
    Ok(expired)
}

fn expiry(asked: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let expires_at = asked.unwrap_or_else(|| now + TimeDelta::days(HOLD_DAYS_DEFAULT));
    if expires_at <= now {
        return Err(Problem::field("expires_at", "is not in the future", "不在未来").into());
    }
    if expires_at > now + TimeDelta::days(HOLD_DAYS_MAX) {
        return Err(
            Problem::field("expires_at", "is more than 366 days away", "超过 366 天").into(),
        );
    }
    Ok(expires_at)
}

/// The problem of a refused decision: the first reason names it, all are in it.
pub fn refused(reasons: &[Reason]) -> Error {
    match reasons.first() {
        Some(first) => {
            let mut problem = Problem::new(first.code);
            problem.detail = Some(first.detail.clone());
            problem.reasons = reasons.to_vec();
            problem.into()
        }
        None => Error::internal("refused without a reason"),
    }
}

/// What became of a reservation.
#[derive(Debug, Clone, Copy)]
enum Done {
    Created,
    Captured,
    Released,
    Amended,
}

impl Done {
    fn action(self) -> &'static str {
        match self {
            Self::Created => "reservation.create",
            Self::Captured => "reservation.capture",
            Self::Released => "reservation.release",
            Self::Amended => "reservation.amend",
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Created => "reservation.created",
            Self::Captured => "reservation.captured",
            Self::Released => "reservation.released",
            Self::Amended => "reservation.amended",
        }
    }
}

fn record(
    tx: &mut Tx<'_>,
    done: Done,
    row: &ReservationRow,
    amount_minor: i64,
) -> Result<(), Error> {
    let details = json!({
        "customer_id": row.customer_id, "product": row.product, "reference": row.reference,
        "currency": row.currency, "amount_minor": amount_minor, "status": row.status.as_str(),
    });
    tx.record(done.action(), row.id.subject(), details.clone())?;
    tx.emit(Event {
        kind: done.event(),
        subject: row.id.subject(),
        org_path: org_path(&row.org_path)?,
        customer_id: Some(row.customer_id.uuid()),
        data: details,
    })
}
