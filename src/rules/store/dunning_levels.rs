//! Dunning levels of customers, as recorded.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::platform::store::schema::customer_dunning_levels;
use crate::rules::domain::check_rules::DunningFact;
use crate::values::ids::{CustomerId, DunningLevelId};

/// A dunning level as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_dunning_levels)]
pub struct DunningLevelRow {
    /// Home of the customer.
    pub bucket: i16,
    /// Identifier.
    pub id: DunningLevelId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Level.
    pub level: i16,
    /// Day from which it is true.
    pub as_of: NaiveDate,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// Writes a new level.
pub fn insert(connection: &mut PgConnection, row: &DunningLevelRow) -> QueryResult<()> {
    diesel::insert_into(customer_dunning_levels::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// A page of the levels of a customer, the latest recorded first.
pub fn list(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    after: Option<DunningLevelId>,
    limit: i64,
) -> QueryResult<Vec<DunningLevelRow>> {
    use customer_dunning_levels as d;
    let (bucket, _) = customer_id.key();
    let mut query = d::table
        .filter(d::bucket.eq(bucket).and(d::customer_id.eq(customer_id)))
        .select(DunningLevelRow::as_select())
        .order(d::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(d::id.lt(after));
    }
    query.load(connection)
}

/// The level of each of these customers on a day: the latest by its day, then by its recording.
pub fn latest_of(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    day: NaiveDate,
) -> QueryResult<BTreeMap<CustomerId, DunningFact>> {
    use customer_dunning_levels as d;
    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
    let rows: Vec<(CustomerId, i16, NaiveDate)> = d::table
        .filter(d::bucket.eq_any(buckets))
        .filter(d::customer_id.eq_any(customers))
        .filter(d::as_of.le(day))
        .distinct_on((d::bucket, d::customer_id))
        .order((d::bucket, d::customer_id, d::as_of.desc(), d::id.desc()))
        .select((d::customer_id, d::level, d::as_of))
        .load(connection)?;
    let fact = |(customer, level, as_of)| (customer, DunningFact { level, as_of });
    Ok(rows.into_iter().map(fact).collect())
}
