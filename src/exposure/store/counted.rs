//! Where a stored reservation or receivable counts: its lines, and what the whole of it counts on
//! each of them.

use diesel::deserialize::{self, FromSql, Queryable};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Jsonb, Nullable};

use crate::catalogue::domain::counted::{Claim, Conversions, Counted, Part};
use crate::error::Error;
use crate::platform::store::sql_types::as_expression;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};
use crate::values::level::Level;

/// A row that counts on lines.
pub trait Counts {
    /// Whose business it is.
    fn customer_id(&self) -> CustomerId;
    /// Currency of its amounts.
    fn currency(&self) -> Currency;
    /// The claim it is; `None` when the stored amount is none: a bug.
    fn claim(&self) -> Option<Claim>;
    /// What of its amount is not resolved yet.
    fn rest(&self) -> Part;
    /// What the whole of it counts at a level.
    fn counted_at(&self, level: Level) -> Option<Counted>;
    /// Lets it count at a level, or not any more. A reservation is always on the line of some product.
    fn count_at(&mut self, level: Level, counted: Option<Counted>);
    /// Marks it as changed.
    fn touch(&mut self, now: chrono::DateTime<chrono::Utc>);

    /// What it counts on every line: group, customer, product.
    fn counted(&self) -> Vec<Counted> {
        [Level::Group, Level::Customer, Level::Product]
            .into_iter()
            .filter_map(|level| self.counted_at(level))
            .collect()
    }

    /// The lines it stands on: group, customer, product.
    fn lines(&self) -> Vec<LineId> {
        self.counted()
            .into_iter()
            .map(|counted| counted.line_id)
            .collect()
    }
}

/// A stored claim.
///
/// # Errors
/// When stored values are none: a bug.
pub fn claim(row: &(impl Counts + ?Sized)) -> Result<Claim, Error> {
    row.claim()
        .ok_or_else(|| Error::internal("a stored amount or currency is none"))
}

/// Implements [`Counts`] for a row. `$rest` says what is left of its amount, `$product` writes
/// what it counts at its product line.
macro_rules! counts {
    ($row:ty, rest: $rest:expr, product: $product:expr) => {
        impl crate::exposure::store::counted::Counts for $row {
            fn customer_id(&self) -> crate::values::ids::CustomerId {
                self.customer_id
            }

            fn currency(&self) -> crate::values::currency::Currency {
                self.currency
            }

            fn claim(&self) -> Option<crate::catalogue::domain::counted::Claim> {
                Some(crate::catalogue::domain::counted::Claim {
                    amount: crate::values::money::Money::new(self.amount_minor, self.currency)
                        .ok()?,
                    deposit_minor: self.deposit_minor,
                    treatment: self.exposure_treatment,
                })
            }

            fn rest(&self) -> crate::catalogue::domain::counted::Part {
                let rest: fn(&$row) -> i64 = $rest;
                crate::catalogue::domain::counted::Part::rest(self.amount_minor, rest(self))
            }

            fn counted_at(
                &self,
                level: crate::values::level::Level,
            ) -> Option<crate::catalogue::domain::counted::Counted> {
                use crate::values::level::Level;
                let (line_id, exposure_minor) = match level {
                    Level::Product => (
                        Option::from(self.product_line_id),
                        Option::from(self.product_exposure_minor),
                    ),
                    Level::Customer => (self.customer_line_id, self.customer_exposure_minor),
                    Level::Group => (self.group_line_id, self.group_exposure_minor),
                };
                Some(crate::catalogue::domain::counted::Counted {
                    line_id: line_id?,
                    exposure_minor: exposure_minor?,
                    conversion: self.conversions.and_then(|known| known.at(level)),
                })
            }

            fn count_at(
                &mut self,
                level: crate::values::level::Level,
                counted: Option<crate::catalogue::domain::counted::Counted>,
            ) {
                use crate::values::level::Level;
                let conversion = counted.and_then(|counted| counted.conversion);
                self.conversions = self.conversions.unwrap_or_default().with(level, conversion);
                let line_id = counted.map(|counted| counted.line_id);
                let exposure_minor = counted.map(|counted| counted.exposure_minor);
                match level {
                    Level::Product => {
                        let write: fn(
                            &mut $row,
                            Option<crate::catalogue::domain::counted::Counted>,
                        ) = $product;
                        write(self, counted);
                    }
                    Level::Customer => {
                        self.customer_line_id = line_id;
                        self.customer_exposure_minor = exposure_minor;
                    }
                    Level::Group => {
                        self.group_line_id = line_id;
                        self.group_exposure_minor = exposure_minor;
                    }
                }
            }

            fn touch(&mut self, now: chrono::DateTime<chrono::Utc>) {
                self.version += 1;
                self.updated_at = now;
            }
        }
    };
}

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

pub(crate) use counts;
