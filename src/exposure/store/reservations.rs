//! Reservations.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;

use super::counted::{Counts, counts};
use super::lines::LineRow;
use crate::catalogue::domain::counted::{Conversions, Part};
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode};
use crate::exposure::domain::reservations::{ReservationFacts, ReservationStatus};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::reservations;
use crate::platform::store::sets::{KeyIn, NamedIn, fixed_condition, insert_many, unnested};
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::{found, visible_to};
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId, ReservationId};
use crate::values::level::Level;
use crate::values::organisation::OrgPath;
use crate::values::text_keys::compared;

words!(ReservationStatus);

/// A reservation as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservations)]
pub struct ReservationRow {
    pub bucket: i16,
    /// Identifier.
    pub id: ReservationId,
    pub customer_id: CustomerId,
    pub org_path: OrgPath,
    pub product: ProductCode,
    pub reference: String,
    pub amount_minor: i64,
    pub currency: Currency,
    pub captured_minor: i64,
    pub released_minor: i64,
    pub expired_minor: i64,
    pub status: ReservationStatus,
    /// From here on the rest counts as given back.
    pub expires_at: DateTime<Utc>,
    pub product_line_id: LineId,
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
    pub product_exposure_minor: i64,
    /// What the whole of it counts on the unified line.
    pub customer_exposure_minor: Option<i64>,
    /// What the whole of it counts on the line of the group.
    pub group_exposure_minor: Option<i64>,
    /// Conversions at the levels whose line has another currency.
    pub conversions: Option<Conversions>,
    /// The reference as it is compared.
    pub reference_key: String,
    /// Types of documents that the caller stated for the latest decision, where there were any.
    pub stated_documents: Option<Value>,
}

impl Subject for ReservationRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, Some(self.customer_id))
    }
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
    pub customer_id: Option<CustomerId>,
    pub status: Option<ReservationStatus>,
    pub reference: Option<String>,
}

visible_to!(reservations);
found!(reservations, ReservationRow, ReservationId: find);

fixed_condition! {
    /// Whether a reservation is open, or its expiry not yet in the books.
    IsHeld on reservations: "reservations.status = 'held'"
}

/// Reservations by identifier, whoever may see them: what the caller may know of is decided with
/// the rest.
pub fn find_many(
    connection: &mut PgConnection,
    ids: &[ReservationId],
) -> QueryResult<Vec<ReservationRow>> {
    reservations::table
        .filter(among(ids))
        .select(ReservationRow::as_select())
        .load(connection)
}

/// Reads reservations again and locks them. Their lines are locked before them.
pub fn lock_many(
    connection: &mut PgConnection,
    ids: &[ReservationId],
) -> QueryResult<Vec<ReservationRow>> {
    reservations::table
        .filter(among(ids))
        .order(reservations::id)
        .select(ReservationRow::as_select())
        .for_no_key_update()
        .load(connection)
}

fn among(ids: &[ReservationId]) -> KeyIn<reservations::bucket, reservations::id> {
    KeyIn::new(
        (reservations::bucket, reservations::id),
        ids.iter().copied(),
    )
}

/// The reservations that references of the caller name, as they are compared.
pub fn by_references<'a>(
    connection: &mut PgConnection,
    references: impl IntoIterator<Item = (CustomerId, &'a str)>,
) -> QueryResult<Vec<ReservationRow>> {
    let columns = (
        reservations::bucket,
        reservations::customer_id,
        reservations::reference_key,
    );
    reservations::table
        .filter(NamedIn::new(columns, references))
        .select(ReservationRow::as_select())
        .load(connection)
}

/// A page of visible reservations, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &ReservationFilter,
    after: Option<ReservationId>,
    limit: i64,
) -> QueryResult<Vec<ReservationRow>> {
    let key = filter.reference.as_deref().map(compared);
    let mut query = reservations::table
        .filter(visible_to(reader.actor))
        .select(ReservationRow::as_select())
        .into_boxed()
        .only_of(
            (reservations::bucket, reservations::customer_id),
            filter.customer_id,
        )
        .only(reservations::reference_key, key.as_ref());
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
    query
        .page_after(reservations::id, after, limit)
        .load(reader.connection)
}

insert_many! {
    /// Writes new reservations.
    insert(ReservationRow) into reservations: [
        bucket: i16, id: ReservationId, customer_id: CustomerId, org_path: OrgPath, product: ProductCode,
        reference: String, amount_minor: i64, currency: Currency, captured_minor: i64,
        released_minor: i64, expired_minor: i64, status: ReservationStatus,
        expires_at: DateTime<Utc>, product_line_id: LineId, customer_line_id: Option<LineId>,
        group_line_id: Option<LineId>, version: i64, created_at: DateTime<Utc>,
        updated_at: DateTime<Utc>, deposit_minor: i64, exposure_treatment: ExposureTreatment,
        product_exposure_minor: i64, customer_exposure_minor: Option<i64>,
        group_exposure_minor: Option<i64>, conversions: Option<Conversions>, reference_key: String,
        stated_documents: Option<Value>,
    ]
}

unnested! {
    /// Writes what changed on locked reservations.
    write(ReservationRow) on reservations:
    "UPDATE reservations SET amount_minor = k.amount_minor, captured_minor = k.captured_minor, \
        released_minor = k.released_minor, expired_minor = k.expired_minor, status = k.status, \
        expires_at = k.expires_at, product_line_id = k.product_line_id, \
        customer_line_id = k.customer_line_id, group_line_id = k.group_line_id, product_exposure_minor = k.product_exposure_minor, \
        customer_exposure_minor = k.customer_exposure_minor, \
        group_exposure_minor = k.group_exposure_minor, conversions = k.conversions, \
        deposit_minor = k.deposit_minor, stated_documents = k.stated_documents, \
        version = k.version, updated_at = k.updated_at FROM unnest(",
    [
        bucket: i16, id: ReservationId, amount_minor: i64, captured_minor: i64,
        released_minor: i64, expired_minor: i64, status: ReservationStatus,
        expires_at: DateTime<Utc>, product_line_id: LineId, customer_line_id: Option<LineId>,
        group_line_id: Option<LineId>, product_exposure_minor: i64,
        customer_exposure_minor: Option<i64>, group_exposure_minor: Option<i64>,
        conversions: Option<Conversions>, deposit_minor: i64, stated_documents: Option<Value>,
        version: i64, updated_at: DateTime<Utc>,
    ],
    ") AS k(bucket, id, amount_minor, captured_minor, released_minor, expired_minor, status, \
        expires_at, product_line_id, customer_line_id, group_line_id, product_exposure_minor, \
        customer_exposure_minor, group_exposure_minor, conversions, deposit_minor, stated_documents, version, \
        updated_at) \
     WHERE reservations.bucket = k.bucket AND reservations.id = k.id"
}

/// What is due: reservations on any of `lines` whose time has come and whose rest is still in the
/// books. On lines that are under lock this stays as it is until whoever has them changes it: nothing
/// moves a reservation on a line without the lock of that line.
#[diesel::dsl::auto_type(no_type_alias)]
fn due(lines: &[(Level, LineId)], now: DateTime<Utc>) -> _ {
    let held: IsHeld = IsHeld;
    let of_products: Vec<LineId> = ids_at(Level::Product, lines);
    let of_customers: Vec<LineId> = ids_at(Level::Customer, lines);
    let of_groups: Vec<LineId> = ids_at(Level::Group, lines);
    reservations::table
        .filter(held.and(reservations::expires_at.le(now)))
        .filter(
            reservations::product_line_id
                .eq_any(of_products)
                .or(reservations::customer_line_id
                    .assume_not_null()
                    .eq_any(of_customers))
                .or(reservations::group_line_id
                    .assume_not_null()
                    .eq_any(of_groups)),
        )
}

/// What is due on any of `lines`, locked without waiting: what somebody else is working on is left
/// out, so that nothing may be refused for what this gives.
pub fn lock_due(
    connection: &mut PgConnection,
    lines: &[(Level, LineId)],
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<ReservationRow>> {
    due(lines, now)
        .order((reservations::expires_at, reservations::id))
        .limit(limit)
        .select(ReservationRow::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(connection)
}

fn ids_at(level: Level, lines: &[(Level, LineId)]) -> Vec<LineId> {
    let there = lines.iter().filter(|(its, _)| *its == level);
    there.map(|(_, id)| *id).collect()
}

/// Customers with reservations whose time has come, for the sweep.
pub fn customers_with_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<CustomerId>> {
    reservations::table
        .filter(IsHeld.and(reservations::expires_at.le(now)))
        .select(reservations::customer_id)
        .distinct()
        .limit(limit)
        .load(connection)
}

/// Whose reservations are due on any of `lines`, somebody else's work or not.
pub fn customers_due(
    connection: &mut PgConnection,
    lines: &[(Level, LineId)],
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<BTreeSet<CustomerId>> {
    due(lines, now)
        .select(reservations::customer_id)
        .distinct()
        .limit(limit)
        .load::<CustomerId>(connection)
        .map(BTreeSet::from_iter)
}

/// What is still in the books as held on each of `lines` although its time has come.
pub fn due_by_line(
    connection: &mut PgConnection,
    lines: &[(Level, LineId)],
    now: DateTime<Utc>,
) -> QueryResult<BTreeMap<LineId, i64>> {
    let rows: Vec<ReservationRow> = due(lines, now)
        .select(ReservationRow::as_select())
        .load(connection)?;
    let mut sums: BTreeMap<LineId, i64> = lines.iter().map(|(_, id)| (*id, 0)).collect();
    for row in rows {
        for counted in row.counted() {
            // Of other lines not everything that is due was read.
            if let Some(sum) = sums.get_mut(&counted.line_id) {
                *sum += row.rest().share_of(counted.exposure_minor);
            }
        }
    }
    Ok(sums)
}

/// What each line still had in the books as held at an instant although its time had come: of what
/// expired by then and was given back later, or is not given back yet. On `lines`, or on all.
pub fn due_then(
    connection: &mut PgConnection,
    lines: Option<&[(Level, LineId)]>,
    instant: DateTime<Utc>,
) -> QueryResult<BTreeMap<LineId, i64>> {
    let given_back_later = reservations::status
        .eq(ReservationStatus::Expired)
        .and(reservations::updated_at.gt(instant));
    let mut query = reservations::table
        .filter(reservations::expires_at.le(instant))
        .filter(
            reservations::status
                .eq(ReservationStatus::Held)
                .or(given_back_later),
        )
        .select(ReservationRow::as_select())
        .into_boxed();
    if let Some(lines) = lines {
        query = query.filter(
            reservations::product_line_id
                .eq_any(ids_at(Level::Product, lines))
                .or(reservations::customer_line_id
                    .assume_not_null()
                    .eq_any(ids_at(Level::Customer, lines)))
                .or(reservations::group_line_id
                    .assume_not_null()
                    .eq_any(ids_at(Level::Group, lines))),
        );
    }
    let rows: Vec<ReservationRow> = query.load(connection)?;
    let mut sums: BTreeMap<LineId, i64> = BTreeMap::new();
    for row in rows {
        let rest = Part::rest(
            row.amount_minor,
            row.facts().rest_minor() + row.expired_minor,
        );
        for counted in row.counted() {
            *sums.entry(counted.line_id).or_default() += rest.share_of(counted.exposure_minor);
        }
    }
    Ok(sums)
}

/// Takes off what expired reservations still hold in the books.
pub fn without_due(reader: &mut Reader<'_>, rows: &mut [LineRow]) -> QueryResult<()> {
    let held: Vec<(Level, LineId)> = rows
        .iter()
        .filter(|line| line.held_minor > 0)
        .map(|line| (line.level(), line.id))
        .collect();
    if held.is_empty() {
        return Ok(());
    }
    let due = due_by_line(reader.connection, &held, reader.now)?;
    for line in rows {
        line.held_minor -= due.get(&line.id).copied().unwrap_or(0);
    }
    Ok(())
}

/// Open reservations of a customer, locked, for moving exposure between groups.
pub fn lock_open_of(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Vec<ReservationRow>> {
    reservations::table
        .of(
            (reservations::bucket, reservations::customer_id),
            customer_id,
        )
        .filter(IsHeld)
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
    reservations::table
        .of(
            (reservations::bucket, reservations::customer_id),
            customer_id,
        )
        .filter(IsHeld)
        .filter(reservations::group_line_id.is_not_null())
        .select(reservations::group_line_id.assume_not_null())
        .distinct()
        .load::<LineId>(connection)
        .map(BTreeSet::from_iter)
}

/// Reservations of customers that hold something on the line of a group and have not expired.
pub fn open_on_groups(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<ReservationRow>> {
    let columns = (reservations::bucket, reservations::customer_id);
    reservations::table
        .filter(KeyIn::new(columns, customers.iter().copied()))
        .filter(IsHeld)
        .filter(reservations::group_line_id.is_not_null())
        .filter(reservations::expires_at.gt(now))
        .select(ReservationRow::as_select())
        .load(connection)
}
