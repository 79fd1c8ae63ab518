//! The ledger: lines under lock, movements posted on them, balances written once.
//!
//! Every path that changes exposure comes through here and takes locks in one order: lines of
//! groups, then the unified line of the customer, then its product lines, each by identifier;
//! reservations, receivables and payments after the lines.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::bounds::Bounds;
use super::check_rules;
use super::exchange_rates;
use crate::domain::check_rules::{OrderTerms, Standing};
use crate::domain::counted::{Claim, Part};
use crate::domain::credit_lines::{Level, LineFacts, Movement, MovementKind, applicable};
use crate::domain::currency::Currency;
use crate::domain::exchange_rates::{Conversion, Rates};
use crate::domain::exposure::{Assessment, ExposureFacts, assess};
use crate::domain::ids::{CustomerId, GroupId, LineId};
use crate::domain::money::Money;
use crate::domain::organisation::OrgPath;
use crate::domain::products::ExposureTreatment;
use crate::error::Error;
use crate::store::counted::Counts;
use crate::store::credit_groups;
use crate::store::credit_lines::{self as lines, LineRow, MovementRow};
use crate::store::exposure::{self as store, ProductTerms};
use crate::store::reservations::{self as reservations_store, ReservationRow};
use crate::store::tx::{Event, Reader, Tx};

/// Expired reservations given back in one transaction at most.
const EXPIRE_BATCH_MAX: i64 = 100;

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

/// What moved in the currency of the business, and how it was converted.
#[derive(Debug, Clone, Copy)]
pub struct Original {
    /// Minor units that count.
    pub minor: i64,
    /// Currency of the business.
    pub currency: Currency,
    /// How they were converted.
    pub conversion: Conversion,
}

/// Lines under lock, with the movements to be written.
#[derive(Debug, Default)]
pub struct Ledger {
    lines: Vec<LineRow>,
    /// Lines of other members of the group: locked to give back what expired there, and no part
    /// of any decision.
    of_others: BTreeSet<LineId>,
    movements: Vec<MovementRow>,
    touched: BTreeSet<LineId>,
    /// Whose lines they are, and the group it belongs to, where a decision is to be made.
    of_customer: Option<(CustomerId, Option<GroupId>)>,
    /// What bounds the customer, once a decision has asked.
    bounds: Option<Bounds>,
}

impl Ledger {
    /// Locks the lines of the customer's group, then those of the customer.
    ///
    /// The group is read before its lines can be locked, so both are read again under lock; if
    /// the customer changed groups in between, the transaction starts over.
    ///
    /// # Errors
    /// [`Error::Retry`] in that case.
    pub fn lock_for_customer(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<Self, Error> {
        let group = credit_groups::open_group_of(tx.connection, customer_id)?;
        let mut locked = match group {
            Some(group) => lines::lock_of_group(tx.connection, group)?,
            None => Vec::new(),
        };
        let group_lines: Vec<LineId> = locked.iter().map(|line| line.id).collect();
        locked.extend(lines::lock_of_customer(tx.connection, customer_id)?);
        if credit_groups::open_group_of(tx.connection, customer_id)? != group {
            return Err(Error::Retry("the customer changed its group"));
        }
        if let Some(group) = group {
            let now: Vec<LineId> = lines::of_group(tx.connection, group)?
                .iter()
                .map(|line| line.id)
                .collect();
            if now != group_lines {
                return Err(Error::Retry("the group got another line"));
            }
        }
        Ok(Self {
            of_customer: Some((customer_id, group)),
            ..Self::of(tx, locked)
        })
    }

    /// Locks the lines a reservation, receivable or payment stands on: those of groups one by one
    /// in order, then all of the customer.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn lock_in_use(
        tx: &mut Tx<'_>,
        customer_id: CustomerId,
        in_use: &[LineId],
    ) -> Result<Self, Error> {
        let own: BTreeSet<LineId> = lines::of_customer(tx.connection, customer_id)?
            .iter()
            .map(|line| line.id)
            .collect();
        let of_groups: BTreeSet<LineId> = in_use
            .iter()
            .copied()
            .filter(|id| !own.contains(id))
            .collect();
        let mut locked = Vec::new();
        for id in of_groups {
            locked.push(lines::lock(tx.connection, id)?);
        }
        locked.extend(lines::lock_of_customer(tx.connection, customer_id)?);
        Ok(Self::of(tx, locked))
    }

    /// A ledger over lines that are under lock.
    pub(super) fn of(tx: &mut Tx<'_>, locked: Vec<LineRow>) -> Self {
        if let Some(latest) = locked.iter().map(|line| line.moved_at).max() {
            tx.time_after_locks(latest);
        }
        Self {
            lines: locked,
            ..Self::default()
        }
    }

    /// The bounds by which what is posted from now on is judged.
    pub(super) fn bounded_by(&mut self, bounds: Bounds) {
        self.bounds = Some(bounds);
    }

    /// The line, if it is under lock.
    pub fn line(&self, id: LineId) -> Option<&LineRow> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// Every line under lock.
    pub(super) fn lines(&self) -> impl Iterator<Item = &LineRow> {
        self.lines.iter()
    }

    /// Whether all these lines are under lock.
    pub fn holds(&self, ids: &[LineId]) -> bool {
        ids.iter().all(|id| self.line(*id).is_some())
    }

    fn assess(&mut self, tx: &mut Tx<'_>, request: &Request<'_>) -> Result<Assessment, Error> {
        let (customer_id, group) = self
            .of_customer
            .ok_or_else(|| Error::internal("a decision about lines of nobody"))?;
        // Under lock: what the customer itself uses cannot change any more.
        let bounds = Bounds::of(&mut tx.reader(), customer_id, group)?;
        let own: Vec<&LineRow> = self
            .lines
            .iter()
            .filter(|line| !self.of_others.contains(&line.id))
            .collect();
        let lines = bounds.line_facts(&own, request.product)?;
        // What is a fact is not asked about: no rule set is in its way.
        let standing = match request.order {
            Some(_) => check_rules::standing(&mut tx.reader(), customer_id)?,
            None => Standing::default(),
        };
        let facts = ExposureFacts {
            customer: Some(request.customer),
            product_active: request.product_active,
            rates: rates_into(
                &mut tx.reader(),
                request.claim.amount.currency(),
                &lines,
                &standing,
            )?,
            lines,
            today: tx.today,
            standing,
            order: request.order.cloned().unwrap_or_default(),
        };
        self.bounds = Some(bounds);
        Ok(assess(&facts, &request.claim))
    }

    /// Assesses a request for more exposure against the locked lines. While only room is in the
    /// way, what has expired is given back first: a decision never waits for a job.
    ///
    /// # Errors
    /// When stored values cannot be read or the database cannot serve.
    pub fn assess_with_due(
        &mut self,
        tx: &mut Tx<'_>,
        request: &Request<'_>,
    ) -> Result<Assessment, Error> {
        let mut assessment = self.assess(tx, request)?;
        while assessment.lacks_only_room() && self.expire_due(tx)? > 0 {
            assessment = self.assess(tx, request)?;
        }
        Ok(assessment)
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
        let bounds = self.bounds.as_ref().unwrap_or(&plain);
        let line = self
            .lines
            .iter_mut()
            .find(|line| line.id == line_id)
            .ok_or_else(|| Error::internal("a movement on a line that is not locked"))?;
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
            limit_minor: bounds.allowed_minor(line),
            // A ceiling that bounds each member by itself does not bound their sum.
            within_limit: within_limit && bounds.is_shared(line),
            customer_id,
            reservation_id: behind.reservation_id,
            receivable_id: behind.receivable_id,
            payment_id: behind.payment_id,
            business_date: tx.today,
            recorded_at: tx.now,
            principal: tx.actor.principal.clone(),
            original_minor: behind.original.map(|original| original.minor),
            original_currency: behind
                .original
                .map(|original| original.currency.code().to_owned()),
            rate_e10: behind
                .original
                .map(|original| original.conversion.rate_e10.e10()),
            rate_date: behind
                .original
                .map(|original| original.conversion.rate_date),
        });
        self.touched.insert(line_id);
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

    /// Writes balances and movements.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        for line in self
            .lines
            .iter()
            .filter(|line| self.touched.contains(&line.id))
        {
            lines::write_balance(tx.connection, line)?;
        }
        lines::append_movements(tx.connection, &self.movements)?;
        Ok(())
    }

    /// Gives back what expired reservations still hold on the locked lines, so that no decision
    /// waits for a job. Reservations of other members of the group are taken only where their
    /// lines can be locked without waiting: what is busy is in somebody else's hands.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn expire_due(&mut self, tx: &mut Tx<'_>) -> Result<usize, Error> {
        let ids: Vec<LineId> = self.lines.iter().map(|line| line.id).collect();
        let due = reservations_store::due_on_lines(tx.connection, &ids, tx.now, EXPIRE_BATCH_MAX)?;
        let mut expired = 0;
        for mut reservation in due {
            if !self.holds(&reservation.lines()) {
                let others = lines::try_lock_of_customer(tx.connection, reservation.customer_id)?;
                for line in others {
                    if self.line(line.id).is_none() {
                        tx.time_after_locks(line.moved_at);
                        self.of_others.insert(line.id);
                        self.lines.push(line);
                    }
                }
            }
            if self.holds(&reservation.lines()) && self.expire(tx, &mut reservation)? {
                expired += 1;
            }
        }
        Ok(expired)
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
        reservation.take(after, tx.now);
        reservations_store::write(tx.connection, reservation)?;
        tx.record(
            "reservation.expire",
            reservation.id.subject(),
            json!({"expired_minor": rest}),
        )?;
        tx.emit(Event {
            kind: "reservation.expired",
            subject: reservation.id.subject(),
            org_path: org_path(&reservation.org_path)?,
            customer_id: Some(reservation.customer_id.uuid()),
            data: json!({"reference": reservation.reference, "currency": reservation.currency, "expired_minor": rest}),
        })?;
        Ok(true)
    }
}

/// A request for more exposure.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Status of the customer.
    pub customer: crate::domain::customers::CustomerStatus,
    /// Whether the product is offered; `None` when unknown.
    pub product_active: Option<bool>,
    /// Product.
    pub product: &'a str,
    /// How much more.
    pub claim: Claim,
    /// What the order brings along; `None` for what is a fact already.
    pub order: Option<&'a OrderTerms>,
}

/// What a request says of the business that is to count.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The whole amount.
    pub amount: Money,
    /// Cash deposit for it, in minor units of the same currency.
    pub deposit_minor: i64,
}

impl Asked {
    /// Business without a deposit.
    pub fn unsecured(amount: Money) -> Self {
        Self {
            amount,
            deposit_minor: 0,
        }
    }

    /// What it claims of a product, if there is one.
    pub fn of(self, product: Option<ProductTerms>) -> Claim {
        Claim {
            amount: self.amount,
            deposit_minor: self.deposit_minor,
            treatment: product.map_or(ExposureTreatment::Gross, |terms| terms.exposure_treatment),
        }
    }
}

/// The decision without side effects: nothing is locked, and what expired reservations still hold
/// in the books counts as given back.
///
/// # Errors
/// When the database cannot serve.
pub fn check(
    reader: &mut Reader<'_>,
    customer_id: CustomerId,
    product: &str,
    asked: Asked,
    order: &OrderTerms,
) -> Result<Assessment, Error> {
    let customer = store::customer(reader, customer_id)?;
    let terms = store::product(reader.connection, product)?;
    let claim = asked.of(terms);
    let mut rows = Vec::new();
    let mut bounds = Bounds::plain(reader.today);
    let mut standing = Standing::default();
    if customer.is_some() {
        standing = check_rules::standing(reader, customer_id)?;
        let group = credit_groups::open_group_of(reader.connection, customer_id)?;
        if let Some(group) = group {
            rows = lines::of_group(reader.connection, group)?;
        }
        bounds = Bounds::of(reader, customer_id, group)?;
        rows.extend(lines::of_customer(reader.connection, customer_id)?);
        without_due(reader, &mut rows)?;
    }
    let lines = bounds.line_facts(&rows.iter().collect::<Vec<_>>(), product)?;
    let facts = ExposureFacts {
        customer: customer.map(|(status, _)| status),
        product_active: terms.map(|terms| terms.active),
        rates: rates_into(reader, asked.amount.currency(), &lines, &standing)?,
        lines,
        today: reader.today,
        standing,
        order: order.clone(),
    };
    Ok(assess(&facts, &claim))
}

/// Rates of today from a currency into those of the lines that apply, and into that of the company
/// where a rule measures the order.
pub(super) fn rates_into(
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

/// A stored claim.
///
/// # Errors
/// When stored values are none: a bug.
pub(super) fn claim(row: &(impl Counts + ?Sized)) -> Result<Claim, Error> {
    row.claim()
        .ok_or_else(|| Error::internal("a stored amount or currency is none"))
}

/// The part of something in its own currency, where it counts in another.
pub(super) fn original(
    row: &(impl Counts + ?Sized),
    part: Part,
    conversion: Option<Conversion>,
) -> Result<Option<Original>, Error> {
    let Some(conversion) = conversion else {
        return Ok(None);
    };
    let claim = claim(row)?;
    Ok(Some(Original {
        minor: part.share_of(claim.counted_minor()),
        currency: claim.amount.currency(),
        conversion,
    }))
}

/// Takes off what expired reservations still hold in the books.
///
/// # Errors
/// When the database cannot serve.
pub fn without_due(reader: &mut Reader<'_>, rows: &mut [LineRow]) -> Result<(), Error> {
    let ids: Vec<LineId> = rows
        .iter()
        .filter(|line| line.held_minor > 0)
        .map(|line| line.id)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let due = reservations_store::due_by_line(reader.connection, &ids, reader.now)?;
    for line in rows {
        line.held_minor -= due.get(&line.id).copied().unwrap_or(0);
    }
    Ok(())
}

/// A stored currency.
///
/// # Errors
/// When it is none: a bug.
pub fn currency(code: &str) -> Result<Currency, Error> {
    Currency::parse(code).map_err(|error| Error::Internal(Box::new(error)))
}

/// A stored organisation path.
///
/// # Errors
/// When it is none: a bug.
pub fn org_path(path: &str) -> Result<OrgPath, Error> {
    OrgPath::parse(path).map_err(|error| Error::Internal(Box::new(error)))
}
