//! Recording what is true of a customer from a day on, and reading it: the same for every
//! [`DatedFact`], but for what makes sense of it and what is told of it.

use serde_json::Value;

use crate::customers::store::customers;
use crate::error::Error;
use crate::error::days::not_after_today;
use crate::platform::store::dated_facts::{DatedFact, FactRow};
use crate::platform::store::telling::About;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::event_kinds::EventKind;
use crate::values::ids::{CustomerId, Id};

/// A dated fact that can be recorded.
pub trait Recordable: DatedFact {
    /// What is done, in the audit trail.
    const ACTION: &'static str;
    /// The type of event that tells of it.
    const EVENT: EventKind;

    /// Whether it makes sense.
    ///
    /// # Errors
    /// 422 at the field that does not.
    fn check(&self) -> Result<(), Error>;

    /// What audit entry and event say of it.
    fn details(&self, customer_id: CustomerId) -> Value;
}

/// Records a fact. It is never changed: a later one takes its place.
///
/// # Errors
/// 404 when the customer is not visible, 422 for a day in the future and for what makes no sense.
pub fn record<F: Recordable>(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    fact: F,
) -> Result<FactRow<F>, Error> {
    let (_, org_path) = customers::status_and_organisation(&mut tx.reader(), customer_id)?
        .ok_or_else(Error::not_found)?;
    not_after_today(F::DAY, fact.day(), tx.today)?;
    fact.check()?;
    let row = FactRow {
        id: tx.mint(customer_id.bucket())?,
        customer_id,
        fact,
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    F::insert(tx.connection, &row)?;
    let about = About::new(row.id, &org_path, Some(customer_id));
    tx.tell(F::ACTION, F::EVENT, &about, row.fact.details(customer_id))?;
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
