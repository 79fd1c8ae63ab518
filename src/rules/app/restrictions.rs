//! Excluding customers from credit and holding their supply: recorded, and ended by another fact.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use crate::customers::store::customers;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::tx::{Event, Tx};
use crate::rules::domain::restrictions::{
    RestrictionKind, RestrictionRefusal, holds_on, recordable,
};
use crate::rules::store::restrictions::{self as store, EndRow, Restriction, RestrictionRow};
use crate::values::ids::{CustomerId, Entity, ExclusionEntity, Id, SupplyHoldEntity};

/// A restriction to be recorded.
#[derive(Debug, Clone)]
pub struct NewRestriction {
    /// Customer.
    pub customer_id: CustomerId,
    /// Why.
    pub reason: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: Option<NaiveDate>,
}

/// The words of a kind: how its things are called, its audit actions and its events.
struct Words {
    noun: &'static str,
    recorded: &'static str,
    ended: &'static str,
    record: &'static str,
    end: &'static str,
}

fn words(kind: RestrictionKind) -> Words {
    match kind {
        RestrictionKind::Exclusion => Words {
            noun: ExclusionEntity::NOUN,
            recorded: "credit_exclusion.recorded",
            ended: "credit_exclusion.ended",
            record: "credit_exclusion.record",
            end: "credit_exclusion.end",
        },
        RestrictionKind::SupplyHold => Words {
            noun: SupplyHoldEntity::NOUN,
            recorded: "supply_hold.recorded",
            ended: "supply_hold.ended",
            record: "supply_hold.record",
            end: "supply_hold.end",
        },
    }
}

/// Records a restriction.
///
/// # Errors
/// 404 when the customer is not visible, 422 for days that make no sense.
pub fn restrict(
    tx: &mut Tx<'_>,
    kind: RestrictionKind,
    new: &NewRestriction,
) -> Result<Restriction, Error> {
    let (_, org_path) = customers::status_and_organisation(&mut tx.reader(), new.customer_id)?
        .ok_or_else(Error::not_found)?;
    recordable(new.from, new.until, tx.today).map_err(|refusal| match refusal {
        RestrictionRefusal::UntilBeforeFrom => {
            Problem::field("until", "is before from", "早于 from")
        }
        RestrictionRefusal::Over => Problem::field("until", "is in the past", "不得早于今天"),
    })?;
    let home = new.customer_id.bucket();
    let id = match kind {
        RestrictionKind::Exclusion => tx.mint::<ExclusionEntity>(home)?.uuid(),
        RestrictionKind::SupplyHold => tx.mint::<SupplyHoldEntity>(home)?.uuid(),
    };
    let row = RestrictionRow {
        bucket: home.as_i16(),
        id,
        customer_id: new.customer_id,
        org_path,
        kind,
        reason: new.reason.clone(),
        restricted_from: new.from,
        restricted_until: new.until,
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    let Words {
        record, recorded, ..
    } = words(kind);
    told(tx, record, recorded, &row)?;
    Ok((row, None))
}

/// Ends a restriction before its last day: from today on it holds no more.
///
/// # Errors
/// 404, 409 when it has ended or is over.
pub fn end<E: Entity>(
    tx: &mut Tx<'_>,
    kind: RestrictionKind,
    id: Id<E>,
    reason: &str,
) -> Result<Restriction, Error> {
    let found = store::find(&mut tx.reader(), kind, id.key())?;
    let (row, ended) = found.ok_or_else(Error::not_found)?;
    let end = EndRow {
        bucket: row.bucket,
        restriction_id: row.id,
        ended_on: tx.today,
        reason: reason.to_owned(),
        ended_by: tx.actor.principal.clone(),
        ended_at: tx.now,
    };
    let over = row.restricted_until.is_some_and(|last| last < tx.today);
    if over || ended.is_some() || !store::end(tx.connection, &end)? {
        return Err(ProblemCode::InvalidTransition.into());
    }
    let Words {
        end: action, ended, ..
    } = words(kind);
    told(tx, action, ended, &row)?;
    Ok((row, Some(end)))
}

/// Whether a restriction holds on a day.
pub fn is_in_force((row, end): &Restriction, day: NaiveDate) -> bool {
    let ended_on = end.as_ref().map(|end| end.ended_on);
    holds_on(row.restricted_from, row.restricted_until, ended_on, day)
}

/// Records and publishes what was done. The reason is not for everybody who reads events.
fn told(
    tx: &mut Tx<'_>,
    action: &str,
    kind: &'static str,
    row: &RestrictionRow,
) -> Result<(), Error> {
    let subject = subject(row.kind, row.id);
    let details = json!({
        "customer_id": row.customer_id, "from": row.restricted_from, "until": row.restricted_until,
    });
    tx.record(action, subject.clone(), details.clone())?;
    tx.emit(Event {
        kind,
        subject,
        org_path: row.org_path.clone(),
        customer_id: Some(row.customer_id.uuid()),
        data: details,
    })
}

fn subject(kind: RestrictionKind, id: Uuid) -> String {
    format!("{}/{id}", words(kind).noun)
}
