//! What queries are narrowed by, and what listings have in common.
//!
//! A listing starts from what the caller may see (`visible_to`), is boxed, is narrowed by what the
//! caller names, and ends with [`Narrowing::page_after`]:
//!
//! ```text
//! payments::table
//!     .filter(visible_to(reader.actor))
//!     .select(PaymentRow::as_select())
//!     .into_boxed()
//!     .only_of((payments::bucket, payments::customer_id), filter.customer_id)
//!     .only(payments::status, filter.status)
//!     .page_after(payments::id, after, limit)
//!     .load(reader.connection)
//! ```

use diesel::dsl::{Desc, Eq, Lt};
use diesel::expression::{AsExpression, Expression};
use diesel::expression_methods::ExpressionMethods;
use diesel::query_dsl::methods::{FilterDsl, LimitDsl, OrderDsl};
use diesel::sql_types::{SmallInt, SqlType};

use crate::values::ids::{Entity, Id};

/// A query that can be narrowed. All but [`Narrowing::of`] take a boxed one: whatever narrows it
/// leaves its type as it is.
pub trait Narrowing: Sized {
    /// Only what belongs to the thing with this identifier, by the columns of its home and its
    /// identifier: keys and indexes begin with the home.
    fn of<B, C, E, Home, Own>(self, (home, column): (B, C), id: Id<E>) -> Own
    where
        E: Entity,
        B: ExpressionMethods + Expression<SqlType = SmallInt>,
        C: ExpressionMethods<SqlType: SqlType>,
        Id<E>: AsExpression<C::SqlType>,
        Self: FilterDsl<Eq<B, i16>, Output = Home>,
        Home: FilterDsl<Eq<C, Id<E>>, Output = Own>,
    {
        self.filter(home.eq(id.bucket().as_i16()))
            .filter(column.eq(id))
    }

    /// Only rows with this value, where the caller names one.
    fn only<C, V>(self, column: C, value: Option<V>) -> Self
    where
        C: ExpressionMethods<SqlType: SqlType>,
        V: AsExpression<C::SqlType>,
        Self: FilterDsl<Eq<C, V>, Output = Self>,
    {
        match value {
            Some(value) => self.filter(column.eq(value)),
            None => self,
        }
    }

    /// Only what belongs to the thing with this identifier, where the caller names one.
    fn only_of<B, C, E>(self, columns: (B, C), id: Option<Id<E>>) -> Self
    where
        E: Entity,
        B: ExpressionMethods + Expression<SqlType = SmallInt>,
        C: ExpressionMethods<SqlType: SqlType>,
        Id<E>: AsExpression<C::SqlType>,
        Self: FilterDsl<Eq<B, i16>, Output = Self> + FilterDsl<Eq<C, Id<E>>, Output = Self>,
    {
        match id {
            Some(id) => self.of(columns, id),
            None => self,
        }
    }

    /// Only what meets a condition, where there is one.
    fn only_if<P>(self, condition: Option<P>) -> Self
    where
        Self: FilterDsl<P, Output = Self>,
    {
        match condition {
            Some(condition) => self.filter(condition),
            None => self,
        }
    }

    /// A page by a column, the newest first: what comes after `after`, at most `limit` rows.
    fn page_after<C, V>(self, column: C, after: Option<V>, limit: i64) -> Self
    where
        C: ExpressionMethods<SqlType: SqlType> + Copy,
        V: AsExpression<C::SqlType>,
        Self: FilterDsl<Lt<C, V>, Output = Self>
            + OrderDsl<Desc<C>, Output = Self>
            + LimitDsl<Output = Self>,
    {
        let begun = match after {
            Some(after) => self.filter(column.lt(after)),
            None => self,
        };
        begun.order(column.desc()).limit(limit)
    }
}

impl<Q> Narrowing for Q {}
