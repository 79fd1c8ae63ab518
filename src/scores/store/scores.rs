//! Scores of customers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::platform::store::schema::customer_scores;
use crate::platform::store::sql_types::words;
use crate::scores::domain::scores::{Grade, ScoreFacts};
use crate::values::ids::{CustomerId, ScoreId};

words!(Grade);

/// A score as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_scores)]
pub struct ScoreRow {
    /// Home of the customer.
    pub bucket: i16,
    /// Identifier.
    pub id: ScoreId,
    /// Customer.
    pub customer_id: CustomerId,
    /// Grade.
    pub grade: Grade,
    /// Day of the score.
    pub scored_on: NaiveDate,
    /// Last day it may be relied on.
    pub valid_until: NaiveDate,
    /// Where it comes from.
    pub source: String,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// Writes a new score.
pub fn insert(connection: &mut PgConnection, row: &ScoreRow) -> QueryResult<()> {
    diesel::insert_into(customer_scores::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// The latest score of a customer on a day.
pub fn latest(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    day: NaiveDate,
) -> QueryResult<Option<ScoreFacts>> {
    use customer_scores as s;
    let (bucket, _) = customer_id.key();
    let row = s::table
        .filter(s::bucket.eq(bucket).and(s::customer_id.eq(customer_id)))
        .filter(s::scored_on.le(day))
        .order((s::scored_on.desc(), s::id.desc()))
        .select(ScoreRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.as_ref().map(facts))
}

/// The latest score of each of these customers on a day.
pub fn latest_of(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    day: NaiveDate,
) -> QueryResult<BTreeMap<CustomerId, ScoreFacts>> {
    use customer_scores as s;
    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
    let rows: Vec<ScoreRow> = s::table
        .filter(s::bucket.eq_any(buckets))
        .filter(s::customer_id.eq_any(customers))
        .filter(s::scored_on.le(day))
        .distinct_on((s::bucket, s::customer_id))
        .order((s::bucket, s::customer_id, s::scored_on.desc(), s::id.desc()))
        .select(ScoreRow::as_select())
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|row| (row.customer_id, facts(&row)))
        .collect())
}

fn facts(row: &ScoreRow) -> ScoreFacts {
    ScoreFacts {
        grade: row.grade,
        scored_on: row.scored_on,
        valid_until: row.valid_until,
    }
}

/// A page of the scores of a customer, the latest recorded first.
pub fn list(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    after: Option<ScoreId>,
    limit: i64,
) -> QueryResult<Vec<ScoreRow>> {
    use customer_scores as s;
    let (bucket, _) = customer_id.key();
    let mut query = s::table
        .filter(s::bucket.eq(bucket).and(s::customer_id.eq(customer_id)))
        .select(ScoreRow::as_select())
        .order(s::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(s::id.lt(after));
    }
    query.load(connection)
}
