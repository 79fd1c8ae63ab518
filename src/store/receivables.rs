//! Receivables.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::counted::counts;
use super::schema::receivables;
use super::tx::Reader;
use super::visibility::visible_to;
use crate::domain::counted::{Conversions, Part};
use crate::domain::ids::{CustomerId, LineId, ReceivableId, ReservationId};
use crate::domain::products::ExposureTreatment;
use crate::domain::receivables::ReceivableStatus;

/// A receivable as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = receivables)]
pub struct ReceivableRow {
    /// Home of the customer.
    pub bucket: i16,
    /// Identifier.
    pub id: ReceivableId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: String,
    /// Number by which the company knows it.
    pub number: String,
    /// Product.
    pub product: String,
    /// Amount.
    pub amount_minor: i64,
    /// Still owed.
    pub outstanding_minor: i64,
    /// Currency.
    pub currency: String,
    /// Day the term starts.
    pub issued_on: NaiveDate,
    /// Term in calendar days.
    pub payment_term_days: i32,
    /// Due date.
    pub due_on: NaiveDate,
    /// Disputed from.
    pub disputed_on: Option<NaiveDate>,
    /// Why it is disputed.
    pub dispute_reason: Option<String>,
    /// Posted although over the limit or without a usable line.
    pub over_limit: bool,
    /// Reservation it was captured from.
    pub reservation_id: Option<ReservationId>,
    /// Line at product level.
    pub product_line_id: Option<LineId>,
    /// Unified line of the customer.
    pub customer_line_id: Option<LineId>,
    /// Line of the group.
    pub group_line_id: Option<LineId>,
    /// Version.
    pub version: i64,
    /// Recorded.
    pub created_at: DateTime<Utc>,
    /// Last changed.
    pub updated_at: DateTime<Utc>,
    /// Cash deposit for it.
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
}

impl ReceivableRow {
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
    /// Customer.
    pub customer_id: Option<CustomerId>,
    /// State today.
    pub status: Option<ReceivableStatus>,
    /// Product.
    pub product: Option<String>,
    /// Number.
    pub number: Option<String>,
    /// Due on this day or earlier.
    pub due_until: Option<NaiveDate>,
    /// Posted over the limit.
    pub over_limit: Option<bool>,
    /// At or below this organisation.
    pub org_path: Option<String>,
}

visible_to!(receivables);

/// Finds a visible receivable.
pub fn find(reader: &mut Reader<'_>, id: ReceivableId) -> QueryResult<Option<ReceivableRow>> {
    receivables::table
        .find(id.key())
        .filter(visible_to(reader.actor))
        .select(ReceivableRow::as_select())
        .first(reader.connection)
        .optional()
}

/// A page of visible receivables, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ReceivableFilter,
    after: Option<ReceivableId>,
    limit: i64,
) -> QueryResult<Vec<ReceivableRow>> {
    use receivables as r;
    let mut query = r::table
        .filter(visible_to(reader.actor))
        .select(ReceivableRow::as_select())
        .order(r::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(customer_id) = filter.customer_id {
        let (bucket, _) = customer_id.key();
        query = query.filter(r::bucket.eq(bucket).and(r::customer_id.eq(customer_id)));
    }
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
    if let Some(product) = &filter.product {
        query = query.filter(r::product.eq(product.clone()));
    }
    if let Some(number) = &filter.number {
        query = query.filter(r::number.eq(number.clone()));
    }
    if let Some(due_until) = filter.due_until {
        query = query.filter(r::due_on.le(due_until));
    }
    if let Some(over_limit) = filter.over_limit {
        query = query.filter(r::over_limit.eq(over_limit));
    }
    if let Some(org_path) = &filter.org_path {
        query = query.filter(at_or_below(org_path));
    }
    if let Some(after) = after {
        query = query.filter(r::id.lt(after));
    }
    query.load(reader.connection)
}

/// Writes a new receivable. Fails on `receivables_number_unique` when the number is taken.
pub fn insert(connection: &mut PgConnection, row: &ReceivableRow) -> QueryResult<()> {
    diesel::insert_into(receivables::table)
        .values(row)
        .execute(connection)
        .map(drop)
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

/// The lines that open receivables of a customer are drawn on, with those of `also`.
pub fn lines_in_use(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    also: &[ReceivableId],
) -> QueryResult<Vec<LineId>> {
    let (bucket, _) = customer_id.key();
    let rows: Vec<(Option<LineId>, Option<LineId>, Option<LineId>)> = receivables::table
        .filter(
            receivables::bucket
                .eq(bucket)
                .and(receivables::customer_id.eq(customer_id)),
        )
        .filter(
            receivables::outstanding_minor
                .gt(0)
                .or(receivables::id.eq_any(also)),
        )
        .select((
            receivables::group_line_id,
            receivables::customer_line_id,
            receivables::product_line_id,
        ))
        .distinct()
        .load(connection)?;
    let mut lines: Vec<LineId> = rows
        .into_iter()
        .flat_map(|(group, customer, product)| [group, customer, product])
        .flatten()
        .collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(lines)
}

/// Open receivables of a customer, oldest due first, locked.
pub fn lock_open(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReceivableRow>> {
    let (bucket, _) = customer_id.key();
    receivables::table
        .filter(
            receivables::bucket
                .eq(bucket)
                .and(receivables::customer_id.eq(customer_id)),
        )
        .filter(receivables::outstanding_minor.gt(0))
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
    let (bucket, _) = customer_id.key();
    receivables::table
        .filter(
            receivables::bucket
                .eq(bucket)
                .and(receivables::customer_id.eq(customer_id)),
        )
        .filter(receivables::id.eq_any(ids))
        .order((receivables::due_on, receivables::id))
        .select(ReceivableRow::as_select())
        .for_no_key_update()
        .load(connection)
}

/// A receivable captured from a reservation.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct CaptureRow {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The receivable.
    pub receivable_id: ReceivableId,
    /// Its amount.
    pub amount_minor: i64,
    /// Instant of the capture.
    pub captured_at: DateTime<Utc>,
}

/// Receivables captured from any of several reservations, in the order of the captures.
pub fn captured_from(
    connection: &mut PgConnection,
    reservations: &[ReservationId],
) -> QueryResult<Vec<CaptureRow>> {
    let buckets: Vec<i16> = reservations.iter().map(|id| id.key().0).collect();
    receivables::table
        .filter(receivables::bucket.eq_any(buckets))
        .filter(
            receivables::reservation_id
                .assume_not_null()
                .eq_any(reservations),
        )
        .order(receivables::id)
        .select((
            receivables::reservation_id.assume_not_null(),
            receivables::id,
            receivables::amount_minor,
            receivables::created_at,
        ))
        .load(connection)
}

/// Open receivables of a customer, for its credit summary.
pub fn open_of(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReceivableRow>> {
    let (bucket, _) = customer_id.key();
    receivables::table
        .filter(
            receivables::bucket
                .eq(bucket)
                .and(receivables::customer_id.eq(customer_id)),
        )
        .filter(receivables::outstanding_minor.gt(0))
        .order((receivables::due_on, receivables::id))
        .select(ReceivableRow::as_select())
        .load(connection)
}

/// Lines of groups that open receivables of a customer stand on.
pub fn group_lines_in_use(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<BTreeSet<LineId>> {
    let (bucket, _) = customer_id.key();
    receivables::table
        .filter(
            receivables::bucket
                .eq(bucket)
                .and(receivables::customer_id.eq(customer_id)),
        )
        .filter(receivables::outstanding_minor.gt(0))
        .filter(receivables::group_line_id.is_not_null())
        .select(receivables::group_line_id.assume_not_null())
        .distinct()
        .load::<LineId>(connection)
        .map(BTreeSet::from_iter)
}

/// Receivables of a customer that are open and count on the line of a group.
pub fn open_on_groups(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReceivableRow>> {
    let (bucket, _) = customer_id.key();
    receivables::table
        .filter(receivables::bucket.eq(bucket))
        .filter(receivables::customer_id.eq(customer_id))
        .filter(receivables::outstanding_minor.gt(0))
        .filter(receivables::group_line_id.is_not_null())
        .select(ReceivableRow::as_select())
        .load(connection)
}
