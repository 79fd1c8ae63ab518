//! Reservations.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::counted::{Counts, counts};
use super::schema::reservations;
use super::tx::Reader;
use super::visibility::visible_to;
use crate::domain::counted::Conversions;
use crate::domain::ids::{CustomerId, LineId, ReservationId};
use crate::domain::products::ExposureTreatment;
use crate::domain::reservations::{ReservationFacts, ReservationStatus};

/// A reservation as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservations)]
pub struct ReservationRow {
    /// Home of the customer.
    pub bucket: i16,
    /// Identifier.
    pub id: ReservationId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Organisation of the customer.
    pub org_path: String,
    /// Product.
    pub product: String,
    /// The caller's own reference.
    pub reference: String,
    /// Set aside at first.
    pub amount_minor: i64,
    /// Currency.
    pub currency: String,
    /// Turned into receivables.
    pub captured_minor: i64,
    /// Given back.
    pub released_minor: i64,
    /// Given back by expiry.
    pub expired_minor: i64,
    /// Stored status.
    pub status: ReservationStatus,
    /// From here on the rest counts as given back.
    pub expires_at: DateTime<Utc>,
    /// Line at product level.
    pub product_line_id: LineId,
    /// Unified line of the customer.
    pub customer_line_id: Option<LineId>,
    /// Line of the group.
    pub group_line_id: Option<LineId>,
    /// Version.
    pub version: i64,
    /// Created.
    pub created_at: DateTime<Utc>,
    /// Last changed.
    pub updated_at: DateTime<Utc>,
    /// Cash deposit for it.
    pub deposit_minor: i64,
    /// How the deposit counts, as the product had it then.
    pub exposure_treatment: ExposureTreatment,
    /// What the whole of it counts on the product line.
    pub product_exposure_minor: i64,
    /// What the whole of it counts on the unified line.
    pub customer_exposure_minor: Option<i64>,
    /// What the whole of it counts on the line of the group.
    pub group_exposure_minor: Option<i64>,
    /// Conversions at the levels whose line has another currency.
    pub conversions: Option<Conversions>,
}

impl ReservationRow {
    /// The reservation as decisions see it.
    pub fn facts(&self) -> ReservationFacts {
        ReservationFacts {
            amount_minor: self.amount_minor,
            captured_minor: self.captured_minor,
            released_minor: self.released_minor,
            expired_minor: self.expired_minor,
            status: self.status,
            expires_at: self.expires_at,
        }
    }

    /// Takes over what a decision changed.
    pub fn take(&mut self, facts: ReservationFacts, now: DateTime<Utc>) {
        self.captured_minor = facts.captured_minor;
        self.released_minor = facts.released_minor;
        self.expired_minor = facts.expired_minor;
        self.status = facts.status;
        self.version += 1;
        self.updated_at = now;
    }
}

counts!(
    ReservationRow,
    rest: |row| row.facts().rest_minor(),
    product: |row, counted| {
        if let Some(counted) = counted {
            row.product_line_id = counted.line_id;
            row.product_exposure_minor = counted.exposure_minor;
        }
    }
);

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct ReservationFilter {
    /// Customer.
    pub customer_id: Option<CustomerId>,
    /// Stored status.
    pub status: Option<ReservationStatus>,
    /// The caller's own reference.
    pub reference: Option<String>,
}

visible_to!(reservations);

/// Finds a visible reservation.
pub fn find(reader: &mut Reader<'_>, id: ReservationId) -> QueryResult<Option<ReservationRow>> {
    reservations::table
        .find(id.key())
        .filter(visible_to(reader.actor))
        .select(ReservationRow::as_select())
        .first(reader.connection)
        .optional()
}

/// Reads a reservation again and locks it. Its lines are locked before it.
pub fn lock(connection: &mut PgConnection, id: ReservationId) -> QueryResult<ReservationRow> {
    reservations::table
        .find(id.key())
        .select(ReservationRow::as_select())
        .for_no_key_update()
        .first(connection)
}

/// The reservation that a reference of the caller names.
pub fn by_reference(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    reference: &str,
) -> QueryResult<Option<ReservationRow>> {
    let (bucket, _) = customer_id.key();
    reservations::table
        .filter(reservations::bucket.eq(bucket))
        .filter(reservations::customer_id.eq(customer_id))
        .filter(reservations::reference.eq(reference))
        .select(ReservationRow::as_select())
        .first(connection)
        .optional()
}

/// A page of visible reservations, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ReservationFilter,
    after: Option<ReservationId>,
    limit: i64,
) -> QueryResult<Vec<ReservationRow>> {
    let mut query = reservations::table
        .filter(visible_to(reader.actor))
        .select(ReservationRow::as_select())
        .order(reservations::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(customer_id) = filter.customer_id {
        let (bucket, _) = customer_id.key();
        query = query.filter(
            reservations::bucket
                .eq(bucket)
                .and(reservations::customer_id.eq(customer_id)),
        );
    }
    // Expiry follows from the instant, whether or not the books have caught up.
    match filter.status {
        Some(ReservationStatus::Held) => {
            query = query.filter(
                reservations::status
                    .eq(ReservationStatus::Held)
                    .and(reservations::expires_at.gt(reader.now)),
            );
        }
        Some(ReservationStatus::Expired) => {
            query = query.filter(
                reservations::status
                    .eq(ReservationStatus::Expired)
                    .or(reservations::status
                        .eq(ReservationStatus::Held)
                        .and(reservations::expires_at.le(reader.now))),
            );
        }
        Some(status) => query = query.filter(reservations::status.eq(status)),
        None => {}
    }
    if let Some(reference) = &filter.reference {
        query = query.filter(reservations::reference.eq(reference.clone()));
    }
    if let Some(after) = after {
        query = query.filter(reservations::id.lt(after));
    }
    query.load(reader.connection)
}

/// Writes a new reservation.
pub fn insert(connection: &mut PgConnection, row: &ReservationRow) -> QueryResult<()> {
    diesel::insert_into(reservations::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes what changed on a locked reservation.
pub fn write(connection: &mut PgConnection, row: &ReservationRow) -> QueryResult<()> {
    use reservations as r;
    diesel::update(r::table.find(row.id.key()))
        .set((
            r::captured_minor.eq(row.captured_minor),
            r::released_minor.eq(row.released_minor),
            r::expired_minor.eq(row.expired_minor),
            r::status.eq(row.status),
            r::customer_line_id.eq(row.customer_line_id),
            r::group_line_id.eq(row.group_line_id),
            r::customer_exposure_minor.eq(row.customer_exposure_minor),
            r::group_exposure_minor.eq(row.group_exposure_minor),
            r::conversions.eq(row.conversions),
            r::version.eq(row.version),
            r::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(drop)
}

/// Reservations on any of `lines` whose time has come and whose rest is still in the books, locked
/// without waiting: what somebody else is working on is left to them.
pub fn due_on_lines(
    connection: &mut PgConnection,
    lines: &[LineId],
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<ReservationRow>> {
    reservations::table
        .filter(
            reservations::status
                .eq(ReservationStatus::Held)
                .and(reservations::expires_at.le(now)),
        )
        .filter(
            reservations::product_line_id
                .eq_any(lines)
                .or(reservations::customer_line_id
                    .assume_not_null()
                    .eq_any(lines))
                .or(reservations::group_line_id.assume_not_null().eq_any(lines)),
        )
        .order((reservations::expires_at, reservations::id))
        .limit(limit)
        .select(ReservationRow::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(connection)
}

/// Customers with reservations whose time has come, for the sweep.
pub fn customers_with_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<CustomerId>> {
    reservations::table
        .filter(
            reservations::status
                .eq(ReservationStatus::Held)
                .and(reservations::expires_at.le(now)),
        )
        .select(reservations::customer_id)
        .distinct()
        .limit(limit)
        .load(connection)
}

/// What is still in the books as held on each of `lines` although its time has come.
pub fn due_by_line(
    connection: &mut PgConnection,
    lines: &[LineId],
    now: DateTime<Utc>,
) -> QueryResult<BTreeMap<LineId, i64>> {
    let rows: Vec<ReservationRow> = reservations::table
        .filter(
            reservations::status
                .eq(ReservationStatus::Held)
                .and(reservations::expires_at.le(now)),
        )
        .filter(
            reservations::product_line_id
                .eq_any(lines)
                .or(reservations::customer_line_id
                    .assume_not_null()
                    .eq_any(lines))
                .or(reservations::group_line_id.assume_not_null().eq_any(lines)),
        )
        .select(ReservationRow::as_select())
        .load(connection)?;
    let mut due = BTreeMap::new();
    for row in rows {
        for counted in row.counted() {
            *due.entry(counted.line_id).or_insert(0) += row.rest().share_of(counted.exposure_minor);
        }
    }
    Ok(due)
}

/// Open reservations of a customer, locked, for moving exposure between groups.
pub fn lock_open_of(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReservationRow>> {
    let (bucket, _) = customer_id.key();
    reservations::table
        .filter(
            reservations::bucket
                .eq(bucket)
                .and(reservations::customer_id.eq(customer_id)),
        )
        .filter(reservations::status.eq(ReservationStatus::Held))
        .order(reservations::id)
        .select(ReservationRow::as_select())
        .for_no_key_update()
        .load(connection)
}

/// Lines of groups that open reservations of a customer stand on.
pub fn group_lines_in_use(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<BTreeSet<LineId>> {
    let (bucket, _) = customer_id.key();
    reservations::table
        .filter(
            reservations::bucket
                .eq(bucket)
                .and(reservations::customer_id.eq(customer_id)),
        )
        .filter(reservations::status.eq(ReservationStatus::Held))
        .filter(reservations::group_line_id.is_not_null())
        .select(reservations::group_line_id.assume_not_null())
        .distinct()
        .load::<LineId>(connection)
        .map(BTreeSet::from_iter)
}

/// Reservations of a customer that hold something on the line of a group and have not expired.
pub fn open_on_groups(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<ReservationRow>> {
    let (bucket, _) = customer_id.key();
    reservations::table
        .filter(reservations::bucket.eq(bucket))
        .filter(reservations::customer_id.eq(customer_id))
        .filter(reservations::status.eq(ReservationStatus::Held))
        .filter(reservations::group_line_id.is_not_null())
        .filter(reservations::expires_at.gt(now))
        .select(ReservationRow::as_select())
        .load(connection)
}
