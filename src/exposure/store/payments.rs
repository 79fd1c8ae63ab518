//! Payments and their allocations.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::exposure::domain::payments::{AllocationId, PaymentId, PaymentStatus};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::{payment_allocations, payments};
use crate::platform::store::sets::{KeyIn, fixed_condition};
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::{Reader, Tx};
use crate::platform::store::visibility::{found, visible_to};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, ReceivableId};
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

words!(PaymentStatus);

/// A payment as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payments)]
pub struct PaymentRow {
    pub bucket: i16,
    /// Identifier.
    pub id: PaymentId,
    pub customer_id: CustomerId,
    pub org_path: OrgPath,
    pub amount_minor: i64,
    pub unapplied_minor: i64,
    pub currency: Currency,
    pub received_on: NaiveDate,
    /// Bank reference or the caller's own.
    pub reference: String,
    pub status: PaymentStatus,
    pub reversed_on: Option<NaiveDate>,
    pub reversal_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The reference as it is compared.
    pub reference_key: String,
}

dated!(PaymentRow: updated_at);

impl Subject for PaymentRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, Some(self.customer_id))
    }
}

/// An allocation as stored. Negative amounts take one back.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_allocations)]
pub struct AllocationRow {
    pub bucket: i16,
    /// Identifier.
    pub id: AllocationId,
    pub payment_id: PaymentId,
    pub receivable_id: ReceivableId,
    /// Minor units.
    pub amount_minor: i64,
    /// Day from which it counts.
    pub business_date: NaiveDate,
    pub recorded_at: DateTime<Utc>,
}

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    pub customer_id: Option<CustomerId>,
    pub status: Option<PaymentStatus>,
    pub reference: Option<String>,
}

visible_to!(payments);

fixed_condition! {
    /// Whether some of it settles nothing yet.
    IsOnAccount on payments: "payments.unapplied_minor > 0"
}
found!(payments, PaymentRow, PaymentId: find);

/// Reads a payment again and locks it. Lines and receivables are locked before it.
pub fn lock(tx: &mut Tx<'_>, id: PaymentId) -> QueryResult<PaymentRow> {
    tx.lock(|reader| {
        payments::table
            .find(id.key())
            .select(PaymentRow::as_select())
            .for_no_key_update()
            .first(reader.connection)
    })
}

/// The first payment of a reference, as it is compared, that was not reversed.
pub fn first_posted(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    key: &str,
) -> QueryResult<Option<PaymentId>> {
    payments::table
        .of((payments::bucket, payments::customer_id), customer_id)
        .filter(payments::reference_key.eq(key))
        .filter(payments::status.eq(PaymentStatus::Posted))
        .order(payments::id)
        .select(payments::id)
        .first(connection)
        .optional()
}

/// A page of visible payments, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &PaymentFilter,
    after: Option<PaymentId>,
    limit: i64,
) -> QueryResult<Vec<PaymentRow>> {
    let key = filter.reference.as_deref().map(compared);
    payments::table
        .filter(visible_to(reader.actor))
        .select(PaymentRow::as_select())
        .into_boxed()
        .only_of(
            (payments::bucket, payments::customer_id),
            filter.customer_id,
        )
        .only(payments::status, filter.status)
        .only(payments::reference_key, key.as_ref())
        .page_after(payments::id, after, limit)
        .load(reader.connection)
}

/// Writes a new payment.
pub fn insert(connection: &mut PgConnection, row: &PaymentRow) -> QueryResult<()> {
    diesel::insert_into(payments::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes what changed on a locked payment.
pub fn write(connection: &mut PgConnection, row: &PaymentRow) -> QueryResult<()> {
    use payments as p;
    diesel::update(p::table.find(row.id.key()))
        .set((
            p::unapplied_minor.eq(row.unapplied_minor),
            p::status.eq(row.status),
            p::reversed_on.eq(row.reversed_on),
            p::reversal_reason.eq(&row.reversal_reason),
            p::version.eq(row.version),
            p::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(drop)
}

/// Appends allocations.
pub fn append_allocations(
    connection: &mut PgConnection,
    rows: &[AllocationRow],
) -> QueryResult<()> {
    for part in rows.chunks(1000) {
        diesel::insert_into(payment_allocations::table)
            .values(part)
            .execute(connection)?;
    }
    Ok(())
}

/// Allocations of a payment in the order they were made.
pub fn allocations(
    connection: &mut PgConnection,
    id: PaymentId,
) -> QueryResult<Vec<AllocationRow>> {
    payment_allocations::table
        .of(
            (payment_allocations::bucket, payment_allocations::payment_id),
            id,
        )
        .order(payment_allocations::id)
        .select(AllocationRow::as_select())
        .load(connection)
}

/// Allocations of several payments in the order they were made.
pub fn allocations_of(
    connection: &mut PgConnection,
    payments: &[PaymentId],
) -> QueryResult<Vec<AllocationRow>> {
    let buckets: Vec<i16> = payments.iter().map(|id| id.key().0).collect();
    payment_allocations::table
        .filter(payment_allocations::bucket.eq_any(buckets))
        .filter(payment_allocations::payment_id.eq_any(payments))
        .order(payment_allocations::id)
        .select(AllocationRow::as_select())
        .load(connection)
}

/// Money of a customer that is not allocated, by currency.
pub fn unapplied_of(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<(Currency, i64)>> {
    payments::table
        .of((payments::bucket, payments::customer_id), customer_id)
        .filter(IsOnAccount)
        .select((payments::currency, payments::unapplied_minor))
        .load(connection)
}

/// The same of several customers.
pub fn unapplied_of_many(
    connection: &mut PgConnection,
    customers: &[CustomerId],
) -> QueryResult<Vec<(CustomerId, Currency, i64)>> {
    let columns = (payments::bucket, payments::customer_id);
    payments::table
        .filter(KeyIn::new(columns, customers.iter().copied()))
        .filter(IsOnAccount)
        .select((
            payments::customer_id,
            payments::currency,
            payments::unapplied_minor,
        ))
        .load(connection)
}
