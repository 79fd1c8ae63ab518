//! Signed contracts behind credit lines, and the reviews of the lines.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::exposure::domain::lines::ReviewOutcome;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::{credit_contracts, credit_line_reviews};
use crate::platform::store::sql_types::words;
use crate::values::ids::LineId;

words!(ReviewOutcome);

/// A contract as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_contracts)]
pub struct ContractRow {
    pub bucket: i16,
    pub line_id: LineId,
    pub number: String,
    pub signed_on: NaiveDate,
    pub payment_method: String,
    pub payment_term_days: Option<i32>,
    /// Who answers for what when payment fails.
    pub liability_clauses: Option<String>,
    /// Day on which the customer was told the credit policy.
    pub policy_notified_on: Option<NaiveDate>,
    pub recorded_by: String,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// A review as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_line_reviews)]
pub struct ReviewRow {
    pub bucket: i16,
    pub line_id: LineId,
    /// Counts the reviews of the line.
    pub review_number: i32,
    pub outcome: ReviewOutcome,
    pub comment: String,
    /// Day of the next one.
    pub next_review_on: Option<NaiveDate>,
    pub reviewed_by: String,
    /// When.
    pub reviewed_at: DateTime<Utc>,
}

/// Records a contract.
pub fn insert(connection: &mut PgConnection, row: &ContractRow) -> QueryResult<()> {
    diesel::insert_into(credit_contracts::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// The contracts of a line, the latest recorded first.
pub fn of_line(connection: &mut PgConnection, id: LineId) -> QueryResult<Vec<ContractRow>> {
    use credit_contracts as c;
    c::table
        .of((c::bucket, c::line_id), id)
        .order((c::recorded_at.desc(), c::number))
        .limit(100)
        .select(ContractRow::as_select())
        .load(connection)
}

/// The numbers of the contracts of a line.
pub fn numbers_of(connection: &mut PgConnection, id: LineId) -> QueryResult<Vec<String>> {
    use credit_contracts as c;
    c::table
        .of((c::bucket, c::line_id), id)
        .select(c::number)
        .load(connection)
}

/// Number of the next review of a locked line.
pub fn next_review_number(connection: &mut PgConnection, id: LineId) -> QueryResult<i32> {
    use credit_line_reviews as r;
    let latest: Option<i32> = r::table
        .of((r::bucket, r::line_id), id)
        .select(diesel::dsl::max(r::review_number))
        .first(connection)?;
    Ok(latest.unwrap_or(0) + 1)
}

/// Records a review.
pub fn insert_review(connection: &mut PgConnection, row: &ReviewRow) -> QueryResult<()> {
    diesel::insert_into(credit_line_reviews::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Reviews of a line before `before`, newest first.
pub fn reviews(
    connection: &mut PgConnection,
    id: LineId,
    before: Option<i32>,
    limit: i64,
) -> QueryResult<Vec<ReviewRow>> {
    use credit_line_reviews as r;
    r::table
        .of((r::bucket, r::line_id), id)
        .filter(r::review_number.lt(before.unwrap_or(i32::MAX)))
        .order(r::review_number.desc())
        .limit(limit)
        .select(ReviewRow::as_select())
        .load(connection)
}
