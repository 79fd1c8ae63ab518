//! What customers owe and have ordered, added up for many customers in one statement each.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use crate::platform::store::schema::receivables;
use crate::values::currency::Currency;
use crate::values::ids::CustomerId;

/// The smallest outstanding amounts of a currency that count; smaller ones do once they are as much
/// together.
#[derive(Debug, Clone)]
pub struct Floor {
    /// Currency.
    pub currency: Currency,
    /// For what is overdue.
    pub overdue_minor: i64,
    /// For the oldest.
    pub oldest_minor: i64,
}

/// Open receivables of a customer in a currency.
#[derive(Debug, Clone, QueryableByName)]
pub struct OpenRow {
    /// Customer.
    #[diesel(sql_type = SqlUuid)]
    pub customer_id: Uuid,
    /// Currency.
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    /// Outstanding.
    #[diesel(sql_type = BigInt)]
    pub open_minor: i64,
    /// What of it is past its due date.
    #[diesel(sql_type = BigInt)]
    pub overdue_in_all_minor: i64,
    /// What of that counts.
    #[diesel(sql_type = BigInt)]
    pub overdue_minor: i64,
    /// Earliest due date of what counts.
    #[diesel(sql_type = Nullable<Date>)]
    pub overdue_since: Option<NaiveDate>,
    /// Day of issue of the oldest that counts.
    #[diesel(sql_type = Nullable<Date>)]
    pub oldest_issued_on: Option<NaiveDate>,
}

/// Orders of a customer in a currency that are not delivered yet.
#[derive(Debug, Clone, QueryableByName)]
pub struct OrderedRow {
    /// Customer.
    #[diesel(sql_type = SqlUuid)]
    pub customer_id: Uuid,
    /// Currency.
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    /// Still to be delivered.
    #[diesel(sql_type = BigInt)]
    pub open_minor: i64,
}

/// The largest sum that is told from a larger one.
const SUM_MAX: &str = "9000000000000000000";

fn keys(customers: &[CustomerId]) -> (Vec<i16>, Vec<Uuid>) {
    customers.iter().map(|id| id.key()).unzip()
}

/// Currencies in which these customers owe something.
pub fn currencies(
    connection: &mut PgConnection,
    customers: &[CustomerId],
) -> QueryResult<Vec<Currency>> {
    let (buckets, _) = keys(customers);
    receivables::table
        .filter(receivables::bucket.eq_any(buckets))
        .filter(receivables::customer_id.eq_any(customers))
        .filter(receivables::outstanding_minor.gt(0))
        .select(receivables::currency)
        .distinct()
        .order(receivables::currency)
        .load(connection)
}

/// What is outstanding as it is, and once money on account covers what is due first.
const OPEN: &str = "SELECT * FROM receivables WHERE bucket = ANY($1) AND customer_id = ANY($2) AND outstanding_minor > 0";
const OPEN_NET: &str = "SELECT r.customer_id, r.currency, r.due_on, r.issued_on, r.disputed_on, \
     least(r.outstanding_minor, sum(r.outstanding_minor) OVER (PARTITION BY r.customer_id, r.currency \
         ORDER BY r.due_on, r.id) - coalesce(m.minor, 0)) AS outstanding_minor \
     FROM receivables r LEFT JOIN (SELECT customer_id, currency, sum(unapplied_minor) AS minor FROM payments \
         WHERE bucket = ANY($1) AND customer_id = ANY($2) AND unapplied_minor > 0 GROUP BY customer_id, currency) m \
     ON m.customer_id = r.customer_id AND m.currency = r.currency \
     WHERE r.bucket = ANY($1) AND r.customer_id = ANY($2) AND r.outstanding_minor > 0";

/// Open receivables of these customers on a day, in the currencies of the floors; where they have money
/// on account, what that does not cover.
pub fn open(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    floors: &[Floor],
    (include_disputed, with_money): (bool, bool),
    day: NaiveDate,
) -> QueryResult<Vec<OpenRow>> {
    let (buckets, ids) = keys(customers);
    let currencies: Vec<Currency> = floors.iter().map(|floor| floor.currency).collect();
    let overdue: Vec<i64> = floors.iter().map(|floor| floor.overdue_minor).collect();
    let oldest: Vec<i64> = floors.iter().map(|floor| floor.oldest_minor).collect();
    let late = "r.due_on < $6 AND ($7 OR r.disputed_on IS NULL)";
    let large_late = format!("{late} AND r.outstanding_minor >= f.overdue");
    let small_late = format!("{late} AND r.outstanding_minor < f.overdue");
    let (large, small) = (
        "r.outstanding_minor >= f.oldest",
        "r.outstanding_minor < f.oldest",
    );
    // `least` passes over nulls: the sum of nothing has to be nothing first.
    let sum = |condition: &str| {
        format!(
            "least(coalesce(sum(r.outstanding_minor) FILTER (WHERE {condition}), 0), {SUM_MAX})::bigint"
        )
    };
    // What is small alone counts as soon as there is enough of it.
    let enough = |small: &str, floor: &str, counted: &str| {
        let together = sum(small);
        format!("CASE WHEN {together} >= max({floor}) THEN {counted} END")
    };
    let first = |day: &str, large: &str, small: &str, floor: &str| {
        let earliest = |condition: &str| format!("min({day}) FILTER (WHERE {condition})");
        let of_small = enough(small, floor, &earliest(small));
        format!("least({}, {of_small})", earliest(large))
    };
    let open = if with_money { OPEN_NET } else { OPEN };
    diesel::sql_query(format!(
        "SELECT r.customer_id, r.currency, {} AS open_minor, {} AS overdue_in_all_minor, \
         least({} + coalesce({}, 0), {SUM_MAX})::bigint AS overdue_minor, \
         {} AS overdue_since, {} AS oldest_issued_on \
         FROM ({open}) r JOIN unnest($3, $4, $5) AS f (currency, overdue, oldest) ON f.currency = r.currency \
         WHERE r.outstanding_minor > 0 GROUP BY r.customer_id, r.currency",
        sum("true"),
        sum("r.due_on < $6"),
        sum(&large_late),
        enough(&small_late, "f.overdue", &sum(&small_late)),
        first("r.due_on", &large_late, &small_late, "f.overdue"),
        first("r.issued_on", large, small, "f.oldest"),
    ))
    .bind::<Array<SmallInt>, _>(buckets)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Text>, _>(currencies)
    .bind::<Array<BigInt>, _>(overdue)
    .bind::<Array<BigInt>, _>(oldest)
    .bind::<Date, _>(day)
    .bind::<Bool, _>(include_disputed)
    .load(connection)
}

/// What these customers have on order: reservations that hold something and have not expired.
pub fn ordered(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<OrderedRow>> {
    let (buckets, ids) = keys(customers);
    diesel::sql_query(format!(
        "SELECT customer_id, currency, least(sum(amount_minor - captured_minor - released_minor - expired_minor), \
         {SUM_MAX})::bigint AS open_minor FROM reservations \
         WHERE bucket = ANY($1) AND customer_id = ANY($2) AND status = 'held' AND expires_at > $3 \
         GROUP BY customer_id, currency",
    ))
    .bind::<Array<SmallInt>, _>(buckets)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(now)
    .load(connection)
}

/// What these customers have ordered since an instant, without what they gave back.
pub fn ordered_since(
    connection: &mut PgConnection,
    customers: &[CustomerId],
    since: DateTime<Utc>,
) -> QueryResult<Vec<OrderedRow>> {
    let (buckets, ids) = keys(customers);
    diesel::sql_query(format!(
        "SELECT customer_id, currency, least(sum(amount_minor - released_minor - expired_minor), \
         {SUM_MAX})::bigint AS open_minor FROM reservations \
         WHERE bucket = ANY($1) AND customer_id = ANY($2) AND created_at > $3 \
         GROUP BY customer_id, currency",
    ))
    .bind::<Array<SmallInt>, _>(buckets)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(since)
    .load(connection)
}
