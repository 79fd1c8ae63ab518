//! Excluding customers from credit and holding their supply: recorded, and ended by another fact.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

pub use crate::approvals::app::pending_changes::PROPOSE;
use crate::approvals::app::pending_changes::{Proposal, propose};
use crate::approvals::domain::pending_changes::ChangeKind;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::customers::store::{customers, standstill};
use crate::error::Error;
use crate::error_codes::ProblemCode;
use crate::platform::store::seen::Seen;
use crate::platform::store::telling::About;
use crate::platform::store::tx::Tx;
use crate::rules::domain::events;
use crate::rules::domain::restrictions::{RestrictionKind, holds_on, recordable};
use crate::rules::store::restrictions::{self as store, EndRow, Restriction, RestrictionRow};
use crate::values::event_kinds::EventKind;
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

/// What restrictions of a kind are named as, and their words.
pub trait Restricts: Entity {
    /// The kind.
    const KIND: RestrictionKind;
    /// What recording one is called in the audit trail.
    const RECORD: &'static str;
    /// The type of event that tells of it.
    const RECORDED: EventKind;
    /// What ending one is called in the audit trail.
    const END: &'static str;
    /// The type of event that tells of it.
    const ENDED: EventKind;
}

impl Restricts for ExclusionEntity {
    const KIND: RestrictionKind = RestrictionKind::Exclusion;
    const RECORD: &'static str = "credit_exclusion.record";
    const RECORDED: EventKind = events::CREDIT_EXCLUSION_RECORDED;
    const END: &'static str = "credit_exclusion.end";
    const ENDED: EventKind = events::CREDIT_EXCLUSION_ENDED;
}

impl Restricts for SupplyHoldEntity {
    const KIND: RestrictionKind = RestrictionKind::SupplyHold;
    const RECORD: &'static str = "supply_hold.record";
    const RECORDED: EventKind = events::SUPPLY_HOLD_RECORDED;
    const END: &'static str = "supply_hold.end";
    const ENDED: EventKind = events::SUPPLY_HOLD_ENDED;
}

/// Records a restriction.
///
/// # Errors
/// 404 when the customer is not visible, 422 for days that make no sense.
pub fn restrict<R: Restricts>(tx: &mut Tx<'_>, new: &NewRestriction) -> Result<Restriction, Error> {
    let (_, org_path) = customers::status_and_organisation(&mut tx.reader(), new.customer_id)?
        .ok_or_else(Error::not_found)?;
    recordable(new.from, new.until, tx.today).map_err(|wrong| wrong.at("until"))?;
    standstill::lock_decisions(tx, new.customer_id)?;
    let id: Id<R> = tx.mint(new.customer_id.bucket())?;
    let row = RestrictionRow {
        bucket: id.bucket().as_i16(),
        id: id.uuid(),
        customer_id: new.customer_id,
        org_path,
        kind: R::KIND,
        reason: new.reason.clone(),
        restricted_from: new.from,
        restricted_until: new.until,
        recorded_by: tx.actor.principal.clone(),
        recorded_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    told(tx, id, R::RECORD, R::RECORDED, &row)?;
    Ok((row, None))
}

/// The end of a restriction, as it waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ending {
    restriction: RestrictionKind,
    id: Uuid,
    reason: String,
}

/// Proposes to end a restriction before its last day: it holds until a second person has confirmed
/// that.
///
/// # Errors
/// 404, 412 when it is not what was seen, 409 when it has ended or is over, or when its end waits
/// already.
pub fn end<R: Restricts>(
    tx: &mut Tx<'_>,
    id: Id<R>,
    seen: Seen<'_, Restriction>,
    reason: &str,
) -> Result<PendingChangeRow, Error> {
    let found = store::find(&mut tx.reader(), R::KIND, id.key())?;
    let found = found.ok_or_else(Error::not_found)?;
    // Nothing about it changes but its end, of which there is one.
    seen(&mut tx.reader(), &found)?;
    let row = not_ended(found, tx.today)?;
    let ending = Ending {
        restriction: R::KIND,
        id: row.id,
        reason: reason.to_owned(),
    };
    let known = json!({"from": row.restricted_from, "until": row.restricted_until});
    let about = (row.customer_id, &row.org_path);
    let mut proposal = Proposal::of_customer(ChangeKind::RestrictionEnd, about, &ending, known)?;
    proposal.subject = id.subject();
    proposal.evidence = Some(ending.reason);
    propose(tx, proposal)
}

/// Ends a restriction as it was proposed: from today on it holds no more.
///
/// # Errors
/// 409 when it has ended or is over.
pub fn carry_out(tx: &mut Tx<'_>, change: &PendingChangeRow) -> Result<String, Error> {
    let asked: Ending = change.asked()?;
    match asked.restriction {
        RestrictionKind::Exclusion => finish::<ExclusionEntity>(tx, change, asked),
        RestrictionKind::SupplyHold => finish::<SupplyHoldEntity>(tx, change, asked),
    }
}

fn finish<R: Restricts>(
    tx: &mut Tx<'_>,
    change: &PendingChangeRow,
    asked: Ending,
) -> Result<String, Error> {
    let id: Id<R> = Id::from_uuid(asked.id);
    let found = store::find(&mut tx.reader(), R::KIND, id.key())?;
    let row = not_ended(found.ok_or_else(Error::not_found)?, tx.today)?;
    standstill::lock_decisions(tx, row.customer_id)?;
    let made = change.made(tx);
    let end = EndRow {
        bucket: row.bucket,
        restriction_id: row.id,
        ended_on: tx.today,
        reason: asked.reason,
        ended_by: made.by,
        ended_at: tx.now,
        confirmed_by: made.confirmed_by,
    };
    if !store::end(tx.connection, &end)? {
        return Err(ProblemCode::InvalidTransition.into());
    }
    told(tx, id, R::END, R::ENDED, &row)?;
    Ok(id.subject())
}

fn not_ended((row, ended): Restriction, today: NaiveDate) -> Result<RestrictionRow, Error> {
    let over = row.restricted_until.is_some_and(|last| last < today);
    match over || ended.is_some() {
        true => Err(ProblemCode::InvalidTransition.into()),
        false => Ok(row),
    }
}

/// Whether a restriction holds on a day.
pub fn is_in_force((row, end): &Restriction, day: NaiveDate) -> bool {
    let ended_on = end.as_ref().map(|end| end.ended_on);
    holds_on(row.restricted_from, row.restricted_until, ended_on, day)
}

/// Records and publishes what was done. The reason is not for everybody who reads events.
fn told<R: Restricts>(
    tx: &mut Tx<'_>,
    id: Id<R>,
    action: &str,
    kind: EventKind,
    row: &RestrictionRow,
) -> Result<(), Error> {
    let about = About::new(id, &row.org_path, Some(row.customer_id));
    let details = json!({
        "customer_id": row.customer_id, "from": row.restricted_from, "until": row.restricted_until,
    });
    tx.tell(action, kind, &about, details)
}
