//! What is true of a customer from a day on, until a later statement takes its place: scores,
//! dunning levels. Each is a table of its own, with the same keys and the same questions.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::PgConnection;
use diesel::result::QueryResult;

use crate::values::ids::{CustomerId, Entity, Id};

/// What is stated; the table it is kept in is named by `dated_fact!`.
pub trait DatedFact: Sized {
    /// What its statements are named as.
    type Entity: Entity;
    /// The field that holds its day.
    const DAY: &'static str;

    /// Day from which it is true.
    fn day(&self) -> NaiveDate;

    /// Writes a statement.
    fn insert(connection: &mut PgConnection, row: &FactRow<Self>) -> QueryResult<()>;

    /// Finds a statement about a customer.
    fn find(
        connection: &mut PgConnection,
        customer_id: CustomerId,
        id: Id<Self::Entity>,
    ) -> QueryResult<Option<FactRow<Self>>>;

    /// A page of the statements about a customer, the latest recorded first.
    fn list(
        connection: &mut PgConnection,
        customer_id: CustomerId,
        after: Option<Id<Self::Entity>>,
        limit: i64,
    ) -> QueryResult<Vec<FactRow<Self>>>;

    /// What is true of each of these customers on a day: the latest by its day, and of one day what
    /// was recorded last.
    fn latest_of(
        connection: &mut PgConnection,
        customers: &[CustomerId],
        day: NaiveDate,
    ) -> QueryResult<BTreeMap<CustomerId, Self>>;

    /// Who recorded what is true of each of these customers on a day.
    fn makers_of(
        connection: &mut PgConnection,
        customers: &[CustomerId],
        day: NaiveDate,
    ) -> QueryResult<Vec<String>>;

    /// When something was last recorded of a customer.
    fn last_recorded(
        connection: &mut PgConnection,
        customer_id: CustomerId,
    ) -> QueryResult<Option<DateTime<Utc>>>;

    /// What is true of a customer on a day.
    fn latest(
        connection: &mut PgConnection,
        customer_id: CustomerId,
        day: NaiveDate,
    ) -> QueryResult<Option<Self>> {
        Ok(Self::latest_of(connection, &[customer_id], day)?.remove(&customer_id))
    }
}

/// A statement as it was recorded.
#[derive(Debug, Clone)]
pub struct FactRow<F: DatedFact> {
    pub id: Id<F::Entity>,
    pub customer_id: CustomerId,
    pub fact: F,
    pub recorded_by: String,
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it, where somebody had to.
    pub confirmed_by: Option<String>,
}

/// Keeps a type of the domain, field by field, in a table of the columns `bucket`, `id`,
/// `customer_id`, its own, `recorded_by`, `recorded_at` and `confirmed_by`.
macro_rules! dated_fact {
    ($fact:ident in $table:ident as $entity:ty, from $day:ident { $($field:ident),* $(,)? }) => {
        const _: () = {
            use std::collections::BTreeMap;

            use chrono::NaiveDate;
            use diesel::prelude::*;

            use crate::platform::store::dated_facts::{DatedFact, FactRow};
            use crate::platform::store::schema::$table as t;
            use crate::values::ids::{CustomerId, Id};

            impl DatedFact for $fact {
                type Entity = $entity;
                const DAY: &'static str = stringify!($day);

                fn day(&self) -> NaiveDate {
                    self.$day
                }

                fn insert(connection: &mut PgConnection, row: &FactRow<Self>) -> QueryResult<()> {
                    let columns = (
                        t::bucket.eq(row.id.bucket().as_i16()),
                        t::id.eq(row.id),
                        t::customer_id.eq(row.customer_id),
                        $(t::$field.eq(&row.fact.$field),)*
                        t::recorded_by.eq(&row.recorded_by),
                        t::recorded_at.eq(row.recorded_at),
                        t::confirmed_by.eq(&row.confirmed_by),
                    );
                    let written = diesel::insert_into(t::table).values(columns);
                    written.execute(connection).map(drop)
                }

                fn find(
                    connection: &mut PgConnection,
                    customer_id: CustomerId,
                    id: Id<$entity>,
                ) -> QueryResult<Option<FactRow<Self>>> {
                    let found = t::table
                        .find(id.key())
                        .filter(t::customer_id.eq(customer_id))
                        .select((($(t::$field,)*), t::recorded_by, t::recorded_at, t::confirmed_by))
                        .first(connection)
                        .optional()?;
                    Ok(found.map(|(($($field,)*), recorded_by, recorded_at, confirmed_by)| FactRow {
                        id,
                        customer_id,
                        fact: $fact { $($field),* },
                        recorded_by,
                        recorded_at,
                        confirmed_by,
                    }))
                }

                fn list(
                    connection: &mut PgConnection,
                    customer_id: CustomerId,
                    after: Option<Id<$entity>>,
                    limit: i64,
                ) -> QueryResult<Vec<FactRow<Self>>> {
                    let (bucket, _) = customer_id.key();
                    let mut query = t::table
                        .filter(t::bucket.eq(bucket).and(t::customer_id.eq(customer_id)))
                        .select((
                            t::id,
                            ($(t::$field,)*),
                            t::recorded_by,
                            t::recorded_at,
                            t::confirmed_by,
                        ))
                        .order(t::id.desc())
                        .limit(limit)
                        .into_boxed();
                    if let Some(after) = after {
                        query = query.filter(t::id.lt(after));
                    }
                    let rows = query.load(connection)?.into_iter();
                    Ok(rows
                        .map(|(id, ($($field,)*), recorded_by, recorded_at, confirmed_by)| FactRow {
                            id,
                            customer_id,
                            fact: $fact { $($field),* },
                            recorded_by,
                            recorded_at,
                            confirmed_by,
                        })
                        .collect())
                }

                fn makers_of(
                    connection: &mut PgConnection,
                    customers: &[CustomerId],
                    day: NaiveDate,
                ) -> QueryResult<Vec<String>> {
                    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
                    t::table
                        .filter(t::bucket.eq_any(buckets))
                        .filter(t::customer_id.eq_any(customers))
                        .filter(t::$day.le(day))
                        .distinct_on((t::bucket, t::customer_id))
                        .order((t::bucket, t::customer_id, t::$day.desc(), t::id.desc()))
                        .select(t::recorded_by)
                        .load(connection)
                }

                fn last_recorded(
                    connection: &mut PgConnection,
                    customer_id: CustomerId,
                ) -> QueryResult<Option<chrono::DateTime<chrono::Utc>>> {
                    let (bucket, _) = customer_id.key();
                    t::table
                        .filter(t::bucket.eq(bucket).and(t::customer_id.eq(customer_id)))
                        .select(diesel::dsl::max(t::recorded_at))
                        .first(connection)
                }

                fn latest_of(
                    connection: &mut PgConnection,
                    customers: &[CustomerId],
                    day: NaiveDate,
                ) -> QueryResult<BTreeMap<CustomerId, Self>> {
                    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
                    let rows = t::table
                        .filter(t::bucket.eq_any(buckets))
                        .filter(t::customer_id.eq_any(customers))
                        .filter(t::$day.le(day))
                        .distinct_on((t::bucket, t::customer_id))
                        .order((t::bucket, t::customer_id, t::$day.desc(), t::id.desc()))
                        .select((t::customer_id, ($(t::$field,)*)))
                        .load(connection)?
                        .into_iter();
                    Ok(rows
                        .map(|(customer, ($($field,)*))| (customer, $fact { $($field),* }))
                        .collect())
                }
            }
        };
    };
}

pub(crate) use dated_fact;
