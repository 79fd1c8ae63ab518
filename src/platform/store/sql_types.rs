//! How the domain's types travel to and from PostgreSQL.
//!
//! The domain knows nothing of diesel, so what diesel's derives would write stands here once for
//! identifiers and once for words. Which words there are is said beside the rows that hold them.

use diesel::deserialize::{self, FromSql, Queryable};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Nullable, Uuid as SqlUuid};

use crate::values::currency::Currency;
use crate::values::ids::{Entity, Id};
use crate::values::organisation::OrgPath;

impl<E: Entity> ToSql<SqlUuid, Pg> for Id<E> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <uuid::Uuid as ToSql<SqlUuid, Pg>>::to_sql(&self.uuid(), &mut out.reborrow())
    }
}

impl<E: Entity> ToSql<Nullable<SqlUuid>, Pg> for Id<E> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Self as ToSql<SqlUuid, Pg>>::to_sql(self, out)
    }
}

impl<E: Entity> FromSql<SqlUuid, Pg> for Id<E> {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        <uuid::Uuid as FromSql<SqlUuid, Pg>>::from_sql(bytes).map(Self::from_uuid)
    }
}

impl<E: Entity> Queryable<SqlUuid, Pg> for Id<E> {
    type Row = Self;

    fn build(row: Self::Row) -> deserialize::Result<Self> {
        Ok(row)
    }
}

/// Lets a value stand where a column of its SQL type does.
macro_rules! as_expression {
    ([$($generic:tt)*] $kind:ty, $sql:ty) => {
        impl<$($generic)*> diesel::expression::AsExpression<$sql> for $kind {
            type Expression = diesel::internal::derives::as_expression::Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self)
            }
        }
        impl<'a, $($generic)*> diesel::expression::AsExpression<$sql> for &'a $kind {
            type Expression = diesel::internal::derives::as_expression::Bound<$sql, &'a $kind>;
            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self)
            }
        }
    };
}

as_expression!([E: Entity] Id<E>, SqlUuid);
as_expression!([E: Entity] Id<E>, Nullable<SqlUuid>);

/// What is kept as text: how it is written, and how it is read. Called beside the rows that hold it.
macro_rules! text {
    ($kind:ty, $write:expr, $read:expr) => {
        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $kind {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                let write: fn(&Self) -> &str = $write;
                std::io::Write::write_all(out, write(self).as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }
        impl diesel::serialize::ToSql<diesel::sql_types::Nullable<diesel::sql_types::Text>, diesel::pg::Pg>
            for $kind
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <Self as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(self, out)
            }
        }
        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $kind {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let read: fn(&str) -> diesel::deserialize::Result<Self> = $read;
                read(std::str::from_utf8(bytes.as_bytes())?)
            }
        }
        impl diesel::deserialize::Queryable<diesel::sql_types::Text, diesel::pg::Pg> for $kind {
            type Row = Self;
            fn build(row: Self::Row) -> diesel::deserialize::Result<Self> {
                Ok(row)
            }
        }
        crate::platform::store::sql_types::as_expression!([] $kind, diesel::sql_types::Text);
        crate::platform::store::sql_types::as_expression!([] $kind, diesel::sql_types::Nullable<diesel::sql_types::Text>);
    };
}

/// Lets words of the domain stand in columns of text. Called beside the rows that hold them.
macro_rules! words {
    ($($kind:ty),* $(,)?) => {$(
        crate::platform::store::sql_types::text!($kind, |one| one.as_str(), |word| {
            <$kind>::parse(word).ok_or_else(|| format!("unknown word {word}").into())
        });
    )*};
}

pub(crate) use {as_expression, text, words};

text!(Currency, |one| one.code(), |code| Ok(Currency::parse(
    code
)?));
text!(OrgPath, OrgPath::as_str, |path| Ok(OrgPath::parse(path)?));
