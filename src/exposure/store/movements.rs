//! The ledger of credit lines: movements, never changed once written.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::exposure::domain::lines::MovementKind;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::credit_movements;
use crate::platform::store::sets::insert_many;
use crate::platform::store::sql_types::words;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};

words!(MovementKind);

/// A movement of the ledger.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_movements)]
pub struct MovementRow {
    pub bucket: i16,
    pub line_id: LineId,
    /// Number, from 1 without gaps.
    pub movement_number: i64,
    pub kind: MovementKind,
    pub held_delta_minor: i64,
    pub drawn_delta_minor: i64,
    pub consumed_delta_minor: i64,
    pub held_after_minor: i64,
    pub drawn_after_minor: i64,
    pub consumed_after_minor: i64,
    /// The limit at that moment.
    pub limit_minor: Option<i64>,
    /// Whether the limit had to hold.
    pub within_limit: bool,
    /// Customer whose business moved it.
    pub customer_id: CustomerId,
    pub reservation_id: Option<Uuid>,
    pub receivable_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub business_date: NaiveDate,
    pub recorded_at: DateTime<Utc>,
    pub principal: String,
    /// What moved in the currency of the business, where it is another.
    pub original_minor: Option<i64>,
    pub original_currency: Option<Currency>,
    /// Rate at which it was converted, in units of 1e-10.
    pub rate_e10: Option<i64>,
    pub rate_date: Option<NaiveDate>,
    /// What money on account took off what was used, where the limit had to hold.
    pub covered_minor: i64,
}

insert_many! {
    /// Appends movements.
    append(MovementRow) into credit_movements: [
        bucket: i16, line_id: LineId, movement_number: i64, kind: MovementKind,
        held_delta_minor: i64, drawn_delta_minor: i64, consumed_delta_minor: i64,
        held_after_minor: i64, drawn_after_minor: i64, consumed_after_minor: i64,
        limit_minor: Option<i64>, within_limit: bool, customer_id: CustomerId,
        reservation_id: Option<Uuid>, receivable_id: Option<Uuid>, payment_id: Option<Uuid>,
        business_date: NaiveDate, recorded_at: DateTime<Utc>, principal: String,
        original_minor: Option<i64>, original_currency: Option<Currency>, rate_e10: Option<i64>,
        rate_date: Option<NaiveDate>, covered_minor: i64,
    ]
}

/// Movements of a line before `before`, newest first.
pub fn movements(
    connection: &mut PgConnection,
    id: LineId,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<MovementRow>> {
    credit_movements::table
        .of((credit_movements::bucket, credit_movements::line_id), id)
        .filter(credit_movements::movement_number.lt(before.unwrap_or(i64::MAX)))
        .order(credit_movements::movement_number.desc())
        .limit(limit)
        .select(MovementRow::as_select())
        .load(connection)
}

/// What a payment of a receivable consumed of a line and was not given back since.
pub fn consumed_by(
    connection: &mut PgConnection,
    id: LineId,
    (payment_id, since): (Uuid, DateTime<Utc>),
    receivable_id: Uuid,
) -> QueryResult<i64> {
    credit_movements::table
        .of((credit_movements::bucket, credit_movements::line_id), id)
        .filter(credit_movements::recorded_at.ge(since))
        .filter(credit_movements::payment_id.eq(payment_id))
        .filter(credit_movements::receivable_id.eq(receivable_id))
        .select(credit_movements::consumed_delta_minor)
        .load::<i64>(connection)
        .map(|changes| changes.into_iter().sum())
}

/// The latest movement of a line up to an instant.
pub fn movement_as_of(
    connection: &mut PgConnection,
    id: LineId,
    instant: DateTime<Utc>,
) -> QueryResult<Option<MovementRow>> {
    credit_movements::table
        .of((credit_movements::bucket, credit_movements::line_id), id)
        .filter(credit_movements::recorded_at.le(instant))
        .order(credit_movements::movement_number.desc())
        .select(MovementRow::as_select())
        .first(connection)
        .optional()
}
