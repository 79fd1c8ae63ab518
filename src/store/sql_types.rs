//! How the domain's types travel to and from PostgreSQL.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Uuid as SqlUuid;

use crate::domain::ids::{Entity, Id};

// `Id<E>` is generic, so the derives of diesel cannot be used: they would ask for bounds on `E`.
impl<E: Entity> ToSql<SqlUuid, Pg> for Id<E> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <uuid::Uuid as ToSql<SqlUuid, Pg>>::to_sql(&self.uuid(), &mut out.reborrow())
    }
}

impl<E: Entity> FromSql<SqlUuid, Pg> for Id<E> {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        <uuid::Uuid as FromSql<SqlUuid, Pg>>::from_sql(bytes).map(Self::from_uuid)
    }
}

// The derive expands to the impls for values, references and their nullable forms.
mod expression {
    use super::*;
    use diesel::expression::bound::Bound;
    use diesel::sql_types::Nullable;

    impl<E: Entity> AsExpression<SqlUuid> for Id<E> {
        type Expression = Bound<SqlUuid, Self>;
        fn as_expression(self) -> Self::Expression {
            Bound::new(self)
        }
    }
    impl<E: Entity> AsExpression<Nullable<SqlUuid>> for Id<E> {
        type Expression = Bound<Nullable<SqlUuid>, Self>;
        fn as_expression(self) -> Self::Expression {
            Bound::new(self)
        }
    }
    impl<'a, E: Entity> AsExpression<SqlUuid> for &'a Id<E> {
        type Expression = Bound<SqlUuid, &'a Id<E>>;
        fn as_expression(self) -> Self::Expression {
            Bound::new(self)
        }
    }
    impl<'a, E: Entity> AsExpression<Nullable<SqlUuid>> for &'a Id<E> {
        type Expression = Bound<Nullable<SqlUuid>, &'a Id<E>>;
        fn as_expression(self) -> Self::Expression {
            Bound::new(self)
        }
    }
    impl<E: Entity> ToSql<Nullable<SqlUuid>, Pg> for Id<E> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            <Self as ToSql<SqlUuid, Pg>>::to_sql(self, out)
        }
    }
    impl<E: Entity> diesel::deserialize::Queryable<SqlUuid, Pg> for Id<E> {
        type Row = Self;
        fn build(row: Self::Row) -> deserialize::Result<Self> {
            Ok(row)
        }
    }
    impl<E: Entity> FromSqlRow<SqlUuid, Pg> for Id<E> {
        fn build_from_row<'a>(row: &impl diesel::row::Row<'a, Pg>) -> deserialize::Result<Self> {
            use diesel::row::Field;
            let field = row.get(0).ok_or("no column")?;
            Self::from_nullable_sql(field.value())
        }
    }
}
