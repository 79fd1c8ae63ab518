//! Scores of customers, as they come from elsewhere.

use chrono::NaiveDate;
use serde_json::json;

use crate::customers::store::customers;
use crate::error::{Error, Problem};
use crate::platform::store::tx::{Event, Tx};
use crate::scores::domain::scores::Grade;
use crate::scores::store::scores::{self as store, ScoreRow};
use crate::values::ids::{CustomerId, ScoreId};

/// A score to be recorded.
#[derive(Debug, Clone)]
pub struct NewScore {
    /// Grade.
    pub grade: Grade,
    /// Day of the score.
    pub scored_on: NaiveDate,
    /// Last day it may be relied on.
    pub valid_until: NaiveDate,
    /// Where it comes from.
    pub source: String,
}

/// Records a score. It is never changed: a later one takes its place.
///
/// # Errors
/// 404 when the customer is not visible, 422 for days that make no sense.
pub fn record(tx: &mut Tx<'_>, customer_id: CustomerId, new: &NewScore) -> Result<ScoreRow, Error> {
    let (_, organisation) = customers::status_and_organisation(&mut tx.reader(), customer_id)?
        .ok_or_else(Error::not_found)?;
    if new.scored_on > tx.today {
        return Err(Problem::field("scored_on", "is in the future", "不得晚于今天").into());
    }
    if new.valid_until < new.scored_on {
        return Err(Problem::field("valid_until", "is before scored_on", "早于 scored_on").into());
    }
    let id: ScoreId = tx.mint(customer_id.bucket())?;
    let row = ScoreRow {
        bucket: id.bucket().as_i16(),
        id,
        customer_id,
        grade: new.grade,
        scored_on: new.scored_on,
        valid_until: new.valid_until,
        source: new.source.clone(),
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    let details = json!({
        "grade": row.grade.as_str(), "scored_on": row.scored_on, "valid_until": row.valid_until,
    });
    tx.record("customer_score.record", id.subject(), details.clone())?;
    tx.emit(Event {
        kind: "customer_score.recorded",
        subject: id.subject(),
        org_path: organisation,
        customer_id: Some(customer_id.uuid()),
        data: details,
    })?;
    Ok(row)
}
