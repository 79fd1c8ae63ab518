//! Recording what is true of a customer from a day on, and reading it: the same for every
//! [`DatedFact`], but for what makes sense of it and what is told of it.

use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::approvals::app::pending_changes::{Done, Proposal, propose};
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::customers::store::{customers, standstill};
use crate::error::Error;
use crate::error::days::not_after_today;
use crate::platform::store::dated_facts::{DatedFact, FactRow};
use crate::platform::store::made::Made;
use crate::platform::store::telling::About;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::event_kinds::EventKind;
use crate::values::ids::{CustomerId, Id};
use crate::values::organisation::OrgPath;

/// A dated fact that can be recorded.
pub trait Recordable: DatedFact + Clone + Serialize + DeserializeOwned {
    /// What is done, in the audit trail.
    const ACTION: &'static str;
    /// The type of event that tells of it.
    const EVENT: EventKind;
    /// What a change of it is that waits for a second person.
    const CHANGE: ChangeKind;

    /// Whether it makes sense.
    ///
    /// # Errors
    /// 422 at the field that does not.
    fn check(&self) -> Result<(), Error>;

    /// Whether more passes than by what was known before, today or on a later day.
    fn loosens(&self, before: Option<&Self>) -> bool;

    /// What shows it.
    fn evidence(&self) -> Option<&str> {
        None
    }

    /// Whether it makes sense beside what is known of the customer.
    ///
    /// # Errors
    /// 422 at the field that does not.
    fn fits(&self, _: &mut Tx<'_>, _: CustomerId) -> Result<(), Error> {
        Ok(())
    }

    /// What follows from it at once, once it is on record.
    ///
    /// # Errors
    /// When the database refuses.
    fn takes_effect(&self, _: &mut Tx<'_>, _: CustomerId) -> Result<(), Error> {
        Ok(())
    }

    /// What audit entry and event say of it.
    fn details(&self, customer_id: CustomerId) -> Value;
}

/// Records a fact. It is never changed: a later one takes its place. One by which more passes than
/// by what is known waits for a second person.
///
/// # Errors
/// 404 when the customer is not visible, 422 for a day in the future and for what makes no sense, 409
/// where one waits already.
pub fn record<F: Recordable>(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    fact: F,
) -> Result<Done<FactRow<F>>, Error> {
    let org_path = checked(tx, customer_id, &fact)?;
    let before = F::latest(tx.connection, customer_id, tx.today)?;
    if !fact.loosens(before.as_ref()) {
        let made = Made::alone(tx);
        return insert(tx, (customer_id, &org_path), fact, made).map(Done::Now);
    }
    let mut proposal = Proposal::of_customer(
        F::CHANGE,
        (customer_id, &org_path),
        &fact,
        known(before.as_ref()),
    )?;
    proposal.evidence = fact.evidence().map(str::to_owned);
    Ok(Done::Waits(Box::new(propose(tx, proposal)?)))
}

/// Records what was proposed, if what is known is what it was then.
///
/// # Errors
/// As [`record`]; 409 when something else is known by now.
pub fn carry_out<F: Recordable>(
    tx: &mut Tx<'_>,
    change: &PendingChangeRow,
) -> Result<String, Error> {
    let fact: F = change.asked()?;
    let customer_id = change.customer_id.ok_or_else(Error::not_found)?;
    let org_path = checked(tx, customer_id, &fact)?;
    let before = F::latest(tx.connection, customer_id, tx.today)?;
    change.as_seen(&known(before.as_ref()))?;
    let made = change.made(tx);
    let row = insert(tx, (customer_id, &org_path), fact, made)?;
    Ok(row.id.subject())
}

/// What a fact is recorded in view of.
fn known<F: Recordable>(before: Option<&F>) -> Value {
    json!({"known": before})
}

/// Checks a fact, and locks the customer: what is compared with what is known is recorded before
/// anybody else records something. Gives the organisation of the customer.
fn checked<F: Recordable>(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    fact: &F,
) -> Result<OrgPath, Error> {
    let customer = customers::find_locked(tx, customer_id)?.ok_or_else(Error::not_found)?;
    not_after_today(F::DAY, fact.day(), tx.today)?;
    fact.check()?;
    fact.fits(tx, customer_id)?;
    Ok(customer.org_path)
}

fn insert<F: Recordable>(
    tx: &mut Tx<'_>,
    (customer_id, org_path): (CustomerId, &OrgPath),
    fact: F,
    made: Made,
) -> Result<FactRow<F>, Error> {
    standstill::lock_decisions(tx, customer_id)?;
    // Of one day the one recorded last counts: identifiers, which say it by the millisecond, are in
    // the order of recording.
    tx.lock(|reader| {
        let last = F::last_recorded(reader.connection, customer_id)?;
        Ok(last.map(|last| last + TimeDelta::milliseconds(1)))
    })?;
    let row = FactRow {
        id: tx.mint(customer_id.bucket())?,
        customer_id,
        fact,
        recorded_by: made.by,
        recorded_at: tx.now,
        confirmed_by: made.confirmed_by,
    };
    F::insert(tx.connection, &row)?;
    let about = About::new(row.id, org_path, Some(customer_id));
    tx.tell(F::ACTION, F::EVENT, &about, row.fact.details(customer_id))?;
    row.fact.takes_effect(tx, customer_id)?;
    Ok(row)
}

/// A page of what was recorded of a customer, the latest recorded first.
///
/// # Errors
/// 404 when the customer is not visible.
pub fn list<F: DatedFact>(
    reader: &mut Reader<'_>,
    customer_id: CustomerId,
    after: Option<Id<F::Entity>>,
    limit: i64,
) -> Result<Vec<FactRow<F>>, Error> {
    visible(reader, customer_id)?;
    Ok(F::list(reader.connection, customer_id, after, limit)?)
}

/// What was recorded of a customer under an identifier.
///
/// # Errors
/// 404 when the customer is not visible or nothing was recorded of it under the identifier.
pub fn find<F: DatedFact>(
    reader: &mut Reader<'_>,
    customer_id: CustomerId,
    id: Id<F::Entity>,
) -> Result<FactRow<F>, Error> {
    visible(reader, customer_id)?;
    F::find(reader.connection, customer_id, id)?.ok_or_else(Error::not_found)
}

fn visible(reader: &mut Reader<'_>, customer_id: CustomerId) -> Result<(), Error> {
    customers::status_and_organisation(reader, customer_id)?
        .map(drop)
        .ok_or_else(Error::not_found)
}
