//! Statements over a set of rows whose text never changes, so that PostgreSQL plans them once.
//!
//! What diesel writes for many rows has one parameter for each value: another text for each
//! number of rows, planned anew every time. These bring each column as one array.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, Bool, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::domain::ids::{Entity, Id};

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

/// Writes a function that sends some columns of many rows in one statement, each column as an
/// array. The columns stand, in order, between `$before` and `$after`. It says how many rows were
/// written, or, with `returning`, gives a number for each.
macro_rules! unnested {
    (
        $(#[$doc:meta])*
        $name:ident($row:ty) on $table:ident: $before:expr, $columns:tt, $after:expr
    ) => {
        crate::store::sets::unnested! {
            @ $(#[$doc])* $name($row) -> (usize, execute), $table, $before, $columns, $after
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident($row:ty) on $table:ident: $before:expr, $columns:tt, $after:expr, returning
    ) => {
        crate::store::sets::unnested! {
            @ $(#[$doc])* $name($row) -> (Vec<i64>, load), $table, $before, $columns, $after
        }
    };
    (
        @ $(#[$doc:meta])* $name:ident($row:ty) -> ($written:ty, $send:ident), $table:ident,
        $before:expr, [$($column:ident: $type:ty),+ $(,)?], $after:expr
    ) => {
        $(#[$doc])*
        pub fn $name(
            connection: &mut diesel::PgConnection,
            rows: &[$row],
        ) -> diesel::QueryResult<$written> {
            use diesel::RunQueryDsl;
            use diesel::pg::Pg;
            use diesel::query_builder::{AstPass, QueryFragment, QueryId};

            struct Statement {
                $($column: Vec<$type>,)+
            }

            impl QueryId for Statement {
                type QueryId = Self;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl QueryFragment<Pg> for Statement {
                fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
                    let mut commas = std::iter::once("").chain(std::iter::repeat(", "));
                    out.push_sql($before);
                    $(
                        out.push_sql(commas.next().unwrap_or_default());
                        out.push_bind_param::<diesel::sql_types::Array<
                            diesel::dsl::SqlTypeOf<super::schema::$table::$column>
                        >, _>(&self.$column)?;
                    )+
                    out.push_sql($after);
                    Ok(())
                }
            }

            impl diesel::query_builder::Query for Statement {
                type SqlType = diesel::sql_types::BigInt;
            }

            impl RunQueryDsl<diesel::PgConnection> for Statement {}

            if rows.is_empty() {
                return Ok(Default::default());
            }
            Statement {
                $($column: rows.iter().map(|row| row.$column.clone()).collect(),)+
            }
            .$send(connection)
        }
    };
}

/// Writes a function that inserts many rows in one statement.
macro_rules! insert_many {
    (
        $(#[$doc:meta])*
        $name:ident($row:ty) into $table:ident: [$first:ident: $first_type:ty $(, $column:ident: $type:ty)* $(,)?]
    ) => {
        crate::store::sets::unnested! {
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

pub(super) use fixed_condition;
pub(super) use insert_many;
pub(super) use unnested;
