//! Recording how far customers have been dunned.

use chrono::NaiveDate;
use serde_json::json;

use crate::customers::store::customers;
use crate::error::{Error, Problem};
use crate::platform::store::tx::{Event, Tx};
use crate::rules::domain::check_rules::DUNNING_LEVEL_MAX;
use crate::rules::store::dunning_levels::{self as store, DunningLevelRow};
use crate::values::ids::{CustomerId, DunningLevelId};

/// Records a level. The latest by its day counts, and of one day the one recorded last.
///
/// # Errors
/// 404 when the customer is not visible, 422 for a level or day that makes no sense.
pub fn record(
    tx: &mut Tx<'_>,
    customer_id: CustomerId,
    level: i16,
    as_of: NaiveDate,
) -> Result<DunningLevelRow, Error> {
    let (_, organisation) = customers::status_and_organisation(&mut tx.reader(), customer_id)?
        .ok_or_else(Error::not_found)?;
    if !(0..=DUNNING_LEVEL_MAX).contains(&level) {
        return Err(Problem::field("level", "is not between 0 and 9", "不在 0 与 9 之间").into());
    }
    if as_of > tx.today {
        return Err(Problem::field("as_of", "is in the future", "不得晚于今天").into());
    }
    let id: DunningLevelId = tx.mint(customer_id.bucket())?;
    let row = DunningLevelRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id,
        level,
        as_of,
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    let details = json!({"customer_id": customer_id, "level": level, "as_of": as_of});
    tx.record("dunning_level.record", id.subject(), details.clone())?;
    tx.emit(Event {
        kind: "dunning_level.recorded",
        subject: id.subject(),
        org_path: organisation,
        customer_id: Some(customer_id.uuid()),
        data: details,
    })?;
    Ok(row)
}
