//! Restrictions of customers and their ends.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::platform::store::schema::{customer_restriction_ends, customer_restrictions};
use crate::platform::store::sql_types::words;
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::visible_to;
use crate::rules::domain::check_rules::RestrictedDays;
use crate::rules::domain::restrictions::RestrictionKind;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

words!(RestrictionKind);

/// A restriction as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_restrictions)]
pub struct RestrictionRow {
    pub bucket: i16,
    pub id: Uuid,
    pub customer_id: CustomerId,
    pub org_path: OrgPath,
    pub kind: RestrictionKind,
    pub reason: String,
    pub restricted_from: NaiveDate,
    /// Last day, as planned.
    pub restricted_until: Option<NaiveDate>,
    pub recorded_by: String,
    pub recorded_at: DateTime<Utc>,
}

/// The early end of a restriction as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_restriction_ends)]
pub struct EndRow {
    pub bucket: i16,
    pub restriction_id: Uuid,
    /// Day from which it holds no more.
    pub ended_on: NaiveDate,
    pub reason: String,
    pub ended_by: String,
    pub ended_at: DateTime<Utc>,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
}

/// A restriction and its early end, if it has one.
pub type Restriction = (RestrictionRow, Option<EndRow>);

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Copy, Default)]
pub struct RestrictionFilter {
    pub customer_id: Option<CustomerId>,
    /// In force on this day.
    pub active_on: Option<NaiveDate>,
}

visible_to!(customer_restrictions);

/// Finds a visible restriction of a kind.
pub fn find(
    reader: &mut Reader<'_>,
    kind: RestrictionKind,
    key: (i16, Uuid),
) -> QueryResult<Option<Restriction>> {
    let row = customer_restrictions::table
        .find(key)
        .filter(visible_to(reader.actor))
        .filter(customer_restrictions::kind.eq(kind))
        .select(RestrictionRow::as_select())
        .first(reader.connection)
        .optional()?;
    let found = with_ends(reader.connection, row.into_iter().collect())?;
    Ok(found.into_iter().next())
}

/// A page of visible restrictions of a kind, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    kind: RestrictionKind,
    filter: RestrictionFilter,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Restriction>> {
    use customer_restriction_ends as e;
    use customer_restrictions as r;
    let mut query = r::table
        .filter(visible_to(reader.actor))
        .filter(r::kind.eq(kind))
        .select(RestrictionRow::as_select())
        .order(r::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(customer_id) = filter.customer_id {
        let (bucket, _) = customer_id.key();
        query = query.filter(r::bucket.eq(bucket).and(r::customer_id.eq(customer_id)));
    }
    if let Some(day) = filter.active_on {
        let ended = e::table
            .filter(e::bucket.eq(r::bucket))
            .filter(e::restriction_id.eq(r::id))
            .filter(e::ended_on.le(day));
        query = query
            .filter(r::restricted_from.le(day))
            .filter(
                r::restricted_until
                    .is_null()
                    .or(r::restricted_until.assume_not_null().ge(day)),
            )
            .filter(diesel::dsl::not(diesel::dsl::exists(ended)));
    }
    if let Some(after) = after {
        query = query.filter(r::id.lt(after));
    }
    let rows = query.load(reader.connection)?;
    with_ends(reader.connection, rows)
}

fn with_ends(
    connection: &mut PgConnection,
    rows: Vec<RestrictionRow>,
) -> QueryResult<Vec<Restriction>> {
    use customer_restriction_ends as e;
    let keys: (Vec<i16>, Vec<Uuid>) = rows.iter().map(|row| (row.bucket, row.id)).unzip();
    if keys.1.is_empty() {
        return Ok(Vec::new());
    }
    let ends: Vec<EndRow> = e::table
        .filter(e::bucket.eq_any(keys.0))
        .filter(e::restriction_id.eq_any(keys.1))
        .select(EndRow::as_select())
        .load(connection)?;
    let mut ends: BTreeMap<Uuid, EndRow> = ends
        .into_iter()
        .map(|end| (end.restriction_id, end))
        .collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let end = ends.remove(&row.id);
            (row, end)
        })
        .collect())
}

/// Writes a new restriction.
pub fn insert(connection: &mut PgConnection, row: &RestrictionRow) -> QueryResult<()> {
    diesel::insert_into(customer_restrictions::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes the early end of a restriction; `false` when it has one already.
pub fn end(connection: &mut PgConnection, row: &EndRow) -> QueryResult<bool> {
    diesel::insert_into(customer_restriction_ends::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)
        .map(|written| written == 1)
}

/// The restrictions of these customers that hold on a day, by kind: of several the one that holds
/// longest.
pub fn in_force(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    day: NaiveDate,
) -> QueryResult<BTreeMap<(CustomerId, RestrictionKind), RestrictedDays>> {
    use customer_restriction_ends as e;
    use customer_restrictions as r;
    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
    type Days = (CustomerId, RestrictionKind, NaiveDate, Option<NaiveDate>);
    let ended = e::table
        .filter(e::bucket.eq(r::bucket))
        .filter(e::restriction_id.eq(r::id))
        .filter(e::ended_on.le(day));
    let rows: Vec<Days> = r::table
        .filter(r::bucket.eq_any(buckets))
        .filter(r::customer_id.eq_any(customers))
        .filter(r::restricted_from.le(day))
        .filter(
            r::restricted_until
                .is_null()
                .or(r::restricted_until.assume_not_null().ge(day)),
        )
        .filter(diesel::dsl::not(diesel::dsl::exists(ended)))
        .order((r::restricted_until, r::id))
        .select((
            r::customer_id,
            r::kind,
            r::restricted_from,
            r::restricted_until,
        ))
        .load(connection)?;
    // Without a last day comes last in the order, and so stays.
    let days = |(customer, kind, from, until)| ((customer, kind), RestrictedDays { from, until });
    Ok(rows.into_iter().map(days).collect())
}
