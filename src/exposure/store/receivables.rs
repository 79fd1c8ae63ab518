//! Receivables.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::counted::{Counts, counts};
use crate::catalogue::domain::counted::{Conversions, Part};
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode};
use crate::exposure::domain::money_on_account::Item;
use crate::exposure::domain::receivables::ReceivableStatus;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::receivables;
use crate::platform::store::sets::{KeyIn, NamedIn, fixed_condition, insert_many};
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::{found, visible_to};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId, ReceivableId, ReservationId};
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

/// A receivable as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = receivables)]
pub struct ReceivableRow {
    pub bucket: i16,
    /// Identifier.
    pub id: ReceivableId,
    pub customer_id: CustomerId,
    pub org_path: OrgPath,
    /// Number by which the company knows it.
    pub number: String,
    pub product: ProductCode,
    pub amount_minor: i64,
    pub outstanding_minor: i64,
    pub currency: Currency,
    pub issued_on: NaiveDate,
    pub payment_term_days: i32,
    pub due_on: NaiveDate,
    pub disputed_on: Option<NaiveDate>,
    pub dispute_reason: Option<String>,
    /// Posted although over the limit or without a usable line.
    pub over_limit: bool,
    /// Reservation it was captured from.
    pub reservation_id: Option<ReservationId>,
    pub product_line_id: Option<LineId>,
    /// Unified line of the customer.
    pub customer_line_id: Option<LineId>,
    pub group_line_id: Option<LineId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deposit_minor: i64,
    /// How the deposit counts, as the product had it then.
    pub exposure_treatment: ExposureTreatment,
    /// What the whole of it counts on the product line.
    pub product_exposure_minor: Option<i64>,
    /// What the whole of it counts on the unified line.
    pub customer_exposure_minor: Option<i64>,
    /// What the whole of it counts on the line of the group.
    pub group_exposure_minor: Option<i64>,
    /// Conversions at the levels whose line has another currency.
    pub conversions: Option<Conversions>,
    /// The number as it is compared.
    pub number_key: String,
    /// Posted as a fact although it is due later than approved.
    pub term_exceeded: bool,
    /// Posted as a fact although the customer pays before delivery.
    pub cash_only: bool,
}

dated!(ReceivableRow: updated_at);

impl Subject for ReceivableRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, Some(self.customer_id))
    }
}

impl ReceivableRow {
    /// As money on account sees it.
    pub fn item(&self) -> Item {
        Item {
            id: self.id,
            due_on: self.due_on,
            currency: self.currency,
            amount_minor: self.amount_minor,
            outstanding_minor: self.outstanding_minor,
            counted: self.counted(),
        }
    }

    /// The next part of it to be paid; also the part that was paid last, while it is owed again.
    pub fn owed_part(&self, part_minor: i64) -> Part {
        let paid = self.amount_minor - self.outstanding_minor;
        Part::next(self.amount_minor, paid, part_minor)
    }
}

counts!(
    ReceivableRow,
    rest: |row| row.outstanding_minor,
    product: |row, counted| {
        row.product_line_id = counted.map(|counted| counted.line_id);
        row.product_exposure_minor = counted.map(|counted| counted.exposure_minor);
    }
);

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ReceivableFilter {
    pub customer_id: Option<CustomerId>,
    pub status: Option<ReceivableStatus>,
    pub product: Option<ProductCode>,
    pub number: Option<String>,
    /// Due on this day or earlier.
    pub due_until: Option<NaiveDate>,
    pub over_limit: Option<bool>,
    pub term_exceeded: Option<bool>,
    pub cash_only: Option<bool>,
    /// At or below this organisation.
    pub org_path: Option<OrgPath>,
}

visible_to!(receivables);
found!(receivables, ReceivableRow, ReceivableId: find);

fixed_condition! {
    /// Whether anything is still owed.
    IsOwed on receivables: "receivables.outstanding_minor > 0"
}

/// A page of visible receivables, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ReceivableFilter,
    after: Option<ReceivableId>,
    limit: i64,
) -> QueryResult<Vec<ReceivableRow>> {
    use receivables as r;
    let key = filter.number.as_deref().map(compared);
    let mut query = r::table
        .filter(visible_to(reader.actor))
        .select(ReceivableRow::as_select())
        .into_boxed()
        .only_of((r::bucket, r::customer_id), filter.customer_id)
        .only(r::product, filter.product.as_ref())
        .only(r::number_key, key.as_ref())
        .only(r::over_limit, filter.over_limit)
        .only(r::term_exceeded, filter.term_exceeded)
        .only(r::cash_only, filter.cash_only)
        .only_if(filter.due_until.map(|day| r::due_on.le(day)))
        .only_if(filter.org_path.as_ref().map(at_or_below));
    let today = reader.today;
    match filter.status {
        None => {}
        Some(ReceivableStatus::Paid) => query = query.filter(r::outstanding_minor.eq(0)),
        Some(ReceivableStatus::Disputed) => {
            query = query.filter(r::outstanding_minor.gt(0).and(r::disputed_on.is_not_null()));
        }
        Some(ReceivableStatus::Overdue) => {
            query = query.filter(
                r::outstanding_minor
                    .gt(0)
                    .and(r::disputed_on.is_null())
                    .and(r::due_on.lt(today)),
            );
        }
        Some(ReceivableStatus::PartlyPaid) => {
            query = query
                .filter(
                    r::outstanding_minor
                        .gt(0)
                        .and(r::disputed_on.is_null())
                        .and(r::due_on.ge(today)),
                )
                .filter(r::outstanding_minor.lt(r::amount_minor));
        }
        Some(ReceivableStatus::Open) => {
            query = query
                .filter(r::disputed_on.is_null().and(r::due_on.ge(today)))
                .filter(r::outstanding_minor.eq(r::amount_minor));
        }
        Some(ReceivableStatus::WrittenOff) => {
            query = query.filter(diesel::dsl::sql::<diesel::sql_types::Bool>("FALSE"))
        }
    }
    query
        .page_after(r::id, after, limit)
        .load(reader.connection)
}

insert_many! {
    /// Writes new receivables. Fails on `receivables_number_unique` when a number is taken.
    insert(ReceivableRow) into receivables: [
        bucket: i16, id: ReceivableId, customer_id: CustomerId, org_path: OrgPath, number: String,
        product: ProductCode, amount_minor: i64, outstanding_minor: i64, currency: Currency,
        issued_on: NaiveDate, payment_term_days: i32, due_on: NaiveDate,
        disputed_on: Option<NaiveDate>, dispute_reason: Option<String>, over_limit: bool,
        reservation_id: Option<ReservationId>, product_line_id: Option<LineId>,
        customer_line_id: Option<LineId>, group_line_id: Option<LineId>, version: i64,
        created_at: DateTime<Utc>, updated_at: DateTime<Utc>, deposit_minor: i64,
        exposure_treatment: ExposureTreatment, product_exposure_minor: Option<i64>,
        customer_exposure_minor: Option<i64>, group_exposure_minor: Option<i64>,
        conversions: Option<Conversions>, number_key: String, term_exceeded: bool,
        cash_only: bool,
    ]
}

/// Which of these numbers, as they are compared, the customers have already.
pub fn numbers_taken<'a>(
    connection: &mut PgConnection,
    numbers: impl IntoIterator<Item = (CustomerId, &'a str)>,
) -> QueryResult<Vec<(CustomerId, String)>> {
    let columns = (
        receivables::bucket,
        receivables::customer_id,
        receivables::number_key,
    );
    receivables::table
        .filter(NamedIn::new(columns, numbers))
        .select((receivables::customer_id, receivables::number_key))
        .load(connection)
}

/// Writes what changed on a locked receivable.
pub fn write(connection: &mut PgConnection, row: &ReceivableRow) -> QueryResult<()> {
    use receivables as r;
    diesel::update(r::table.find(row.id.key()))
        .set((
            r::outstanding_minor.eq(row.outstanding_minor),
            r::disputed_on.eq(row.disputed_on),
            r::dispute_reason.eq(&row.dispute_reason),
            r::customer_line_id.eq(row.customer_line_id),
            r::product_line_id.eq(row.product_line_id),
            r::group_line_id.eq(row.group_line_id),
            r::product_exposure_minor.eq(row.product_exposure_minor),
            r::customer_exposure_minor.eq(row.customer_exposure_minor),
            r::group_exposure_minor.eq(row.group_exposure_minor),
            r::conversions.eq(row.conversions),
            r::version.eq(row.version),
            r::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(drop)
}

/// The lines of groups that open receivables of a customer are drawn on, with those of `also`.
pub fn group_lines_in_use(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    also: &[ReceivableId],
) -> QueryResult<BTreeSet<LineId>> {
    receivables::table
        .of((receivables::bucket, receivables::customer_id), customer_id)
        .filter(IsOwed.or(receivables::id.eq_any(also)))
        .filter(receivables::group_line_id.is_not_null())
        .select(receivables::group_line_id.assume_not_null())
        .distinct()
        .load::<LineId>(connection)
        .map(BTreeSet::from_iter)
}

/// Open receivables of a customer, oldest due first, locked.
pub fn lock_open(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReceivableRow>> {
    receivables::table
        .of((receivables::bucket, receivables::customer_id), customer_id)
        .filter(IsOwed)
        .order((receivables::due_on, receivables::id))
        .select(ReceivableRow::as_select())
        .for_no_key_update()
        .load(connection)
}

/// Receivables of a customer by identifier, locked, oldest due first.
pub fn lock_many(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    ids: &[ReceivableId],
) -> QueryResult<Vec<ReceivableRow>> {
    receivables::table
        .of((receivables::bucket, receivables::customer_id), customer_id)
        .filter(receivables::id.eq_any(ids))
        .order((receivables::due_on, receivables::id))
        .select(ReceivableRow::as_select())
        .for_no_key_update()
        .load(connection)
}

/// A receivable captured from a reservation.
#[derive(Debug, Clone, Copy)]
pub struct CaptureRow {
    pub reservation_id: ReservationId,
    pub receivable_id: ReceivableId,
    pub amount_minor: i64,
    pub captured_at: DateTime<Utc>,
    pub deposit_minor: i64,
    /// Its lines, and what the whole of it counts on each.
    pub counted: [(Option<LineId>, Option<i64>); 3],
}

impl CaptureRow {
    /// The receivable as one that was captured, if it was.
    pub fn of(row: &ReceivableRow) -> Option<Self> {
        Some(Self {
            reservation_id: row.reservation_id?,
            receivable_id: row.id,
            amount_minor: row.amount_minor,
            captured_at: row.created_at,
            deposit_minor: row.deposit_minor,
            counted: [
                (row.product_line_id, row.product_exposure_minor),
                (row.customer_line_id, row.customer_exposure_minor),
                (row.group_line_id, row.group_exposure_minor),
            ],
        })
    }

    /// What the whole of it counts on a line; `None` where it does not count there.
    pub fn counts_on(&self, line_id: LineId) -> Option<i64> {
        let there = |(line, _): &&(Option<LineId>, Option<i64>)| *line == Some(line_id);
        self.counted.iter().find(there)?.1
    }
}

/// Receivables captured from any of several reservations, in the order of the captures.
pub fn captured_from(
    connection: &mut PgConnection,
    reservations: &[ReservationId],
) -> QueryResult<Vec<CaptureRow>> {
    let columns = (
        receivables::bucket,
        receivables::reservation_id.assume_not_null(),
    );
    let found: Vec<ReceivableRow> = receivables::table
        .filter(KeyIn::new(columns, reservations.iter().copied()))
        .filter(receivables::reservation_id.is_not_null())
        .order(receivables::id)
        .select(ReceivableRow::as_select())
        .load(connection)?;
    Ok(found.iter().filter_map(CaptureRow::of).collect())
}

/// Open receivables of a customer, for its credit summary.
pub fn open_of(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReceivableRow>> {
    receivables::table
        .of((receivables::bucket, receivables::customer_id), customer_id)
        .filter(IsOwed)
        .order((receivables::due_on, receivables::id))
        .select(ReceivableRow::as_select())
        .load(connection)
}

/// Open receivables of several customers.
pub fn open_of_many(
    connection: &mut PgConnection,
    customers: &[CustomerId],
) -> QueryResult<Vec<ReceivableRow>> {
    let columns = (receivables::bucket, receivables::customer_id);
    receivables::table
        .filter(KeyIn::new(columns, customers.iter().copied()))
        .filter(IsOwed)
        .select(ReceivableRow::as_select())
        .load(connection)
}

/// Receivables of customers that are open and count on the line of a group.
pub fn open_on_groups(
    connection: &mut PgConnection,
    customers: &[CustomerId],
) -> QueryResult<Vec<ReceivableRow>> {
    let columns = (receivables::bucket, receivables::customer_id);
    receivables::table
        .filter(KeyIn::new(columns, customers.iter().copied()))
        .filter(IsOwed)
        .filter(receivables::group_line_id.is_not_null())
        .select(ReceivableRow::as_select())
        .load(connection)
}
