//! Statements over a set of rows whose text never changes, so that PostgreSQL plans them once.
//!
//! What diesel writes for many rows has one parameter for each value: another text for each
//! number of rows, planned anew every time. These bring each column as one array.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::result::QueryResult;
use diesel::sql_types::{Array, Bool, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::values::ids::{Entity, Id};

/// Whether the columns of a home and an identifier are among some keys.
#[derive(Debug, Clone, QueryId)]
pub struct KeyIn<B, I> {
    bucket: B,
    id: I,
    buckets: Vec<i16>,
    ids: Vec<Uuid>,
}

impl<B, I> KeyIn<B, I> {
    /// Compares two columns with the keys of some identifiers.
    pub fn new<E: Entity>((bucket, id): (B, I), of: impl IntoIterator<Item = Id<E>>) -> Self {
        let (buckets, ids) = of.into_iter().map(Id::key).unzip();
        Self {
            bucket,
            id,
            buckets,
            ids,
        }
    }
}

impl<B: QueryFragment<Pg>, I: QueryFragment<Pg>> QueryFragment<Pg> for KeyIn<B, I> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        self.bucket.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.id.walk_ast(out.reborrow())?;
        out.push_sql(") IN (SELECT * FROM unnest(");
        out.push_bind_param::<Array<SmallInt>, _>(&self.buckets)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.ids)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<B, I> Expression for KeyIn<B, I> {
    type SqlType = Bool;
}
impl<B, I> ValidGrouping<()> for KeyIn<B, I> {
    type IsAggregate = diesel::expression::is_aggregate::No;
}
impl<B: AppearsOnTable<T>, I: AppearsOnTable<T>, T> AppearsOnTable<T> for KeyIn<B, I> {}
impl<B: SelectableExpression<T>, I: SelectableExpression<T>, T> SelectableExpression<T>
    for KeyIn<B, I>
{
}

/// Whether the columns of a home, a customer and a text are among some of these.
#[derive(Debug, Clone, QueryId)]
pub struct NamedIn<B, I, N> {
    key: KeyIn<B, I>,
    name: N,
    names: Vec<String>,
}

impl<B, I, N> NamedIn<B, I, N> {
    /// Compares three columns with pairs of a customer and a text.
    pub fn new<'a, E: Entity>(
        (bucket, id, name): (B, I, N),
        of: impl IntoIterator<Item = (Id<E>, &'a str)>,
    ) -> Self {
        let (ids, names): (Vec<Id<E>>, Vec<String>) = of
            .into_iter()
            .map(|(id, name)| (id, name.to_owned()))
            .unzip();
        Self {
            key: KeyIn::new((bucket, id), ids),
            name,
            names,
        }
    }
}

impl<B, I, N> QueryFragment<Pg> for NamedIn<B, I, N>
where
    B: QueryFragment<Pg>,
    I: QueryFragment<Pg>,
    N: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        self.key.bucket.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.key.id.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.name.walk_ast(out.reborrow())?;
        out.push_sql(") IN (SELECT * FROM unnest(");
        out.push_bind_param::<Array<SmallInt>, _>(&self.key.buckets)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.key.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.names)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<B, I, N> Expression for NamedIn<B, I, N> {
    type SqlType = Bool;
}
impl<B, I, N> ValidGrouping<()> for NamedIn<B, I, N> {
    type IsAggregate = diesel::expression::is_aggregate::No;
}
impl<B, I, N, T> AppearsOnTable<T> for NamedIn<B, I, N>
where
    B: AppearsOnTable<T>,
    I: AppearsOnTable<T>,
    N: AppearsOnTable<T>,
{
}
impl<B, I, N, T> SelectableExpression<T> for NamedIn<B, I, N>
where
    B: SelectableExpression<T>,
    I: SelectableExpression<T>,
    N: SelectableExpression<T>,
{
}

/// Writes a condition on a table that is always the same text: PostgreSQL sees that an index on
/// just such rows serves it, which it cannot of a value it is told later.
macro_rules! fixed_condition {
    ($(#[$doc:meta])* $name:ident on $table:ident: $sql:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, diesel::query_builder::QueryId)]
        pub struct $name;

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }
        impl diesel::Expression for $name {
            type SqlType = diesel::sql_types::Bool;
        }
        impl diesel::expression::ValidGrouping<()> for $name {
            type IsAggregate = diesel::expression::is_aggregate::No;
        }
        impl diesel::AppearsOnTable<$table::table> for $name {}
        impl diesel::SelectableExpression<$table::table> for $name {}
    };
}

/// A write of many rows in one statement, to be sent alone or together with others.
pub struct SetWrite {
    statement: Box<dyn QueryFragment<Pg>>,
    is_empty: bool,
}

impl SetWrite {
    /// A statement that writes `rows` rows.
    pub(crate) fn new(statement: impl QueryFragment<Pg> + 'static, rows: usize) -> Self {
        Self {
            statement: Box::new(statement),
            is_empty: rows == 0,
        }
    }

    /// Sends it alone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn send(self, connection: &mut PgConnection) -> QueryResult<()> {
        send_together(connection, vec![self])
    }
}

/// Sends several writes as one statement: one round trip, whatever is written. They see the
/// database as it was before all of them, so that no two may change the same row; foreign keys
/// among them are looked at when all is written.
///
/// # Errors
/// When the database refuses one of them; none is written then.
pub fn send_together(connection: &mut PgConnection, mut writes: Vec<SetWrite>) -> QueryResult<()> {
    writes.retain(|write| !write.is_empty);
    if writes.is_empty() {
        return Ok(());
    }
    Sent(writes).execute(connection).map(drop)
}

struct Sent(Vec<SetWrite>);

impl QueryFragment<Pg> for Sent {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (number, write) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "WITH w" } else { "), w" });
            out.push_sql(&number.to_string());
            out.push_sql(" AS (");
            write.statement.walk_ast(out.reborrow())?;
        }
        out.push_sql(") SELECT 1");
        Ok(())
    }
}

/// The text depends on what is sent: PostgreSQL plans each combination once.
impl QueryId for Sent {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<PgConnection> for Sent {}

/// Writes a function that puts some columns of many rows into one statement, each column as an
/// array. The columns stand, in order, between `$before` and `$after`.
macro_rules! unnested {
    (
        $(#[$doc:meta])*
        $name:ident($row:ty) on $table:ident:
        $before:expr, [$($column:ident: $type:ty),+ $(,)?], $after:expr
    ) => {
        $(#[$doc])*
        pub fn $name(rows: &[$row]) -> crate::platform::store::sets::SetWrite {
            use diesel::pg::Pg;
            use diesel::query_builder::{AstPass, QueryFragment};

            struct Statement {
                $($column: Vec<$type>,)+
            }

            impl QueryFragment<Pg> for Statement {
                fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
                    let mut commas = std::iter::once("").chain(std::iter::repeat(", "));
                    out.push_sql($before);
                    $(
                        out.push_sql(commas.next().unwrap_or_default());
                        out.push_bind_param::<diesel::sql_types::Array<
                            diesel::dsl::SqlTypeOf<crate::platform::store::schema::$table::$column>
                        >, _>(&self.$column)?;
                    )+
                    out.push_sql($after);
                    Ok(())
                }
            }

            let statement = Statement {
                $($column: rows.iter().map(|row| row.$column.clone()).collect(),)+
            };
            crate::platform::store::sets::SetWrite::new(statement, rows.len())
        }
    };
}

/// Writes a function that puts new rows into one statement.
macro_rules! insert_many {
    (
        $(#[$doc:meta])*
        $name:ident($row:ty) into $table:ident: [$first:ident: $first_type:ty $(, $column:ident: $type:ty)* $(,)?]
    ) => {
        crate::platform::store::sets::unnested! {
            $(#[$doc])*
            $name($row) on $table:
            concat!(
                "INSERT INTO ", stringify!($table), " (", stringify!($first)
                $(, ", ", stringify!($column))*,
                ") SELECT * FROM unnest("
            ),
            [$first: $first_type $(, $column: $type)*],
            ")"
        }
    };
}

/// The number under which what a statement writes is read in feeds; [`super::audit::append`] says
/// why it is this one.
macro_rules! feed_number {
    () => {
        "GREATEST(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot()))::text::bigint"
    };
}

pub(crate) use feed_number;
pub(crate) use fixed_condition;
pub(crate) use insert_many;
pub(crate) use unnested;
