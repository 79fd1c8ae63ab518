//! Exchange rates. Reference data: everybody who may read rates sees all of them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Date as SqlDate, Text};

use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::exchange_rates;
use crate::values::currency::Currency;

/// A rate as it is written.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = exchange_rates)]
pub struct NewRateRow {
    /// Currency of the one unit.
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    pub to_currency: Currency,
    /// First day on which it counts.
    pub rate_date: NaiveDate,
    /// The rate in units of 1e-10.
    pub rate_e10: i64,
    pub source: String,
    pub recorded_by: String,
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it, where somebody had to.
    pub confirmed_by: Option<String>,
    /// Number of the rate of the same pair and day that it takes the place of.
    pub corrects: Option<i64>,
}

/// A rate as stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = exchange_rates)]
pub struct RateRow {
    pub number: i64,
    /// Currency of the one unit.
    pub from_currency: Currency,
    /// Currency in which the unit is worth the rate.
    pub to_currency: Currency,
    /// First day on which it counts.
    pub rate_date: NaiveDate,
    /// The rate in units of 1e-10.
    pub rate_e10: i64,
    pub source: String,
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it, where somebody had to.
    pub confirmed_by: Option<String>,
    /// Number of the rate of the same pair and day that it takes the place of.
    pub corrects: Option<i64>,
}

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct RateFilter {
    /// Currency of the one unit.
    pub from_currency: Option<Currency>,
    /// Currency in which it is worth the rate.
    pub to_currency: Option<Currency>,
    /// Of this day or later.
    pub rate_date_from: Option<NaiveDate>,
    /// Of this day or earlier.
    pub rate_date_until: Option<NaiveDate>,
}

/// Finds a rate by its number.
pub fn find(connection: &mut PgConnection, number: i64) -> QueryResult<Option<RateRow>> {
    exchange_rates::table
        .find(number)
        .select(RateRow::as_select())
        .first(connection)
        .optional()
}

/// A page of rates before `before`, recorded last first.
pub fn list(
    connection: &mut PgConnection,
    filter: &RateFilter,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<RateRow>> {
    use exchange_rates as e;
    e::table
        .select(RateRow::as_select())
        .into_boxed()
        .only(e::from_currency, filter.from_currency)
        .only(e::to_currency, filter.to_currency)
        .only_if(filter.rate_date_from.map(|from| e::rate_date.ge(from)))
        .only_if(filter.rate_date_until.map(|until| e::rate_date.le(until)))
        .page_after(e::number, before, limit)
        .load(connection)
}

/// Writes new rates in order.
pub fn insert(connection: &mut PgConnection, rows: &[NewRateRow]) -> QueryResult<Vec<RateRow>> {
    diesel::insert_into(exchange_rates::table)
        .values(rows)
        .returning(RateRow::as_returning())
        .get_results(connection)
}

/// The newest rate of each pair up to a day; of several for one day the one recorded last.
pub fn newest(
    connection: &mut PgConnection,
    pairs: &[(Currency, Currency)],
    on: NaiveDate,
) -> QueryResult<Vec<RateRow>> {
    newest_of(connection, pairs, on, false)
}

/// The newest rate of each pair up to a day that two people stood behind.
pub fn newest_confirmed(
    connection: &mut PgConnection,
    pairs: &[(Currency, Currency)],
    on: NaiveDate,
) -> QueryResult<Vec<RateRow>> {
    newest_of(connection, pairs, on, true)
}

fn newest_of(
    connection: &mut PgConnection,
    pairs: &[(Currency, Currency)],
    on: NaiveDate,
    only_confirmed: bool,
) -> QueryResult<Vec<RateRow>> {
    let (from, to): (Vec<Currency>, Vec<Currency>) = pairs.iter().copied().unzip();
    diesel::sql_query(
        "SELECT r.* FROM unnest($1, $2) AS pair (one, other) CROSS JOIN LATERAL ( \
           SELECT number, from_currency, to_currency, rate_date, rate_e10, source, recorded_at, confirmed_by, \
             corrects FROM exchange_rates \
           WHERE from_currency = pair.one AND to_currency = pair.other AND rate_date <= $3 \
             AND (confirmed_by IS NOT NULL OR NOT $4) \
           ORDER BY rate_date DESC, number DESC LIMIT 1) r",
    )
    .bind::<Array<Text>, _>(from)
    .bind::<Array<Text>, _>(to)
    .bind::<SqlDate, _>(on)
    .bind::<Bool, _>(only_confirmed)
    .load(connection)
}

/// The rates on file of these pairs and days, those recorded last: what others of the same pair and
/// day would correct.
pub fn of_days(
    connection: &mut PgConnection,
    wanted: &[(Currency, Currency, NaiveDate)],
) -> QueryResult<Vec<RateRow>> {
    let from: Vec<Currency> = wanted.iter().map(|(from, _, _)| *from).collect();
    let to: Vec<Currency> = wanted.iter().map(|(_, to, _)| *to).collect();
    let days: Vec<NaiveDate> = wanted.iter().map(|(_, _, day)| *day).collect();
    diesel::sql_query(
        "SELECT r.* FROM unnest($1, $2, $3) AS wanted (one, other, day) CROSS JOIN LATERAL ( \
           SELECT number, from_currency, to_currency, rate_date, rate_e10, source, recorded_at, confirmed_by, \
             corrects FROM exchange_rates \
           WHERE from_currency = wanted.one AND to_currency = wanted.other AND rate_date = wanted.day \
           ORDER BY number DESC LIMIT 1) r",
    )
    .bind::<Array<Text>, _>(from)
    .bind::<Array<Text>, _>(to)
    .bind::<Array<SqlDate>, _>(days)
    .load(connection)
}
