//! How the domain's types travel to and from PostgreSQL.
//!
//! The domain knows nothing of diesel, so what diesel's derives would write stands here once for
//! identifiers and once for words.

use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Jsonb, Nullable, Text, Uuid as SqlUuid};

use crate::domain::approvals::{CaseStatus, Decision, StepStatus};
use crate::domain::company_figures::CompanyFigureKind;
use crate::domain::counted::Conversions;
use crate::domain::credit_applications::ApplicationStatus;
use crate::domain::credit_groups::{GroupBasis, GroupLimitMode};
use crate::domain::credit_lines::{
    LimitKind, LineStatus, MovementKind, ReviewOutcome, TemporaryMode,
};
use crate::domain::customers::{
    CustomerKind, CustomerNature, CustomerStatus, MarketWeight, ServiceTier, TimeClass,
    TradingClass, ValueClass,
};
use crate::domain::ids::{Entity, Id};
use crate::domain::line_terms::ApplicationAction;
use crate::domain::payments::PaymentStatus;
use crate::domain::products::{ExposureTreatment, ProductKind, ReleasedBy};
use crate::domain::referrals::ReferralStatus;
use crate::domain::reservations::ReservationStatus;
use crate::domain::restrictions::RestrictionKind;
use crate::domain::scores::Grade;

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

macro_rules! as_expression {
    ([$($generic:tt)*] $kind:ty, $sql:ty) => {
        impl<$($generic)*> AsExpression<$sql> for $kind {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a, $($generic)*> AsExpression<$sql> for &'a $kind {
            type Expression = Bound<$sql, &'a $kind>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
    };
}

as_expression!([E: Entity] Id<E>, SqlUuid);
as_expression!([E: Entity] Id<E>, Nullable<SqlUuid>);

impl ToSql<Jsonb, Pg> for Conversions {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let value = serde_json::to_value(self)?;
        <serde_json::Value as ToSql<Jsonb, Pg>>::to_sql(&value, &mut out.reborrow())
    }
}

impl ToSql<Nullable<Jsonb>, Pg> for Conversions {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Self as ToSql<Jsonb, Pg>>::to_sql(self, out)
    }
}

impl FromSql<Jsonb, Pg> for Conversions {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(bytes)?;
        Ok(serde_json::from_value(value)?)
    }
}

impl Queryable<Jsonb, Pg> for Conversions {
    type Row = Self;

    fn build(row: Self::Row) -> deserialize::Result<Self> {
        Ok(row)
    }
}

as_expression!([] Conversions, Jsonb);
as_expression!([] Conversions, Nullable<Jsonb>);

macro_rules! words {
    ($($kind:ty),* $(,)?) => {$(
        impl ToSql<Text, Pg> for $kind {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                std::io::Write::write_all(out, self.as_str().as_bytes())?;
                Ok(IsNull::No)
            }
        }
        impl ToSql<Nullable<Text>, Pg> for $kind {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <Self as ToSql<Text, Pg>>::to_sql(self, out)
            }
        }
        impl FromSql<Text, Pg> for $kind {
            fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
                let word = <String as FromSql<Text, Pg>>::from_sql(bytes)?;
                Self::parse(&word).ok_or_else(|| format!("unknown word {word}").into())
            }
        }
        impl Queryable<Text, Pg> for $kind {
            type Row = Self;
            fn build(row: Self::Row) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
        as_expression!([] $kind, Text);
        as_expression!([] $kind, Nullable<Text>);
    )*};
}

words!(
    ApplicationAction,
    ApplicationStatus,
    CaseStatus,
    CompanyFigureKind,
    CustomerKind,
    CustomerNature,
    CustomerStatus,
    Decision,
    ExposureTreatment,
    Grade,
    GroupBasis,
    GroupLimitMode,
    LimitKind,
    LineStatus,
    MarketWeight,
    MovementKind,
    PaymentStatus,
    ProductKind,
    ReferralStatus,
    ReleasedBy,
    ReservationStatus,
    RestrictionKind,
    ReviewOutcome,
    ServiceTier,
    StepStatus,
    TemporaryMode,
    TimeClass,
    TradingClass,
    ValueClass,
);
