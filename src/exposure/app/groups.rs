//! Keeping credit groups and who belongs to them (policies P02.2.9, P12).

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::regrouping::{self, Ceiling};
use crate::customers::store::customers::{self, CustomerRow};
use crate::error::{Error, FieldError, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::events;
use crate::exposure::domain::groups::{
    DayRefusal, GroupBasis, GroupLimitMode, MembershipDays, MembershipId,
};
use crate::exposure::store::groups::{self as store, GroupRow, MembershipRow};
use crate::exposure::store::{lines, parties as loads};
use crate::platform::store::errors::on_violation;
use crate::platform::store::seen::Seen;
use crate::platform::store::telling::About;
use crate::platform::store::tx::Tx;
use crate::values::ids::{CustomerId, GroupId};
use crate::values::organisation::OrgPath;

/// What a new group starts with.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Name.
    pub name: String,
    /// Why its members belong together.
    pub basis: GroupBasis,
    /// How its ceiling bounds the members.
    pub limit_mode: GroupLimitMode,
    /// Organisation that looks after it; the caller's own when left out.
    pub org_path: Option<OrgPath>,
}

/// What a change does: absent fields stay.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// Name.
    pub name: Option<String>,
    /// Why its members belong together.
    pub basis: Option<GroupBasis>,
    /// How its ceiling bounds the members.
    pub limit_mode: Option<GroupLimitMode>,
}

/// Who joins, and since when.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// The customer.
    pub customer_id: CustomerId,
    /// First day of membership.
    pub from: NaiveDate,
    /// What shows the control or consolidation.
    pub evidence: Option<String>,
}

/// Sets up a group.
///
/// # Errors
/// 403 outside the caller's organisation.
pub fn create(tx: &mut Tx<'_>, new: &NewGroup) -> Result<GroupRow, Error> {
    let org_path = new.org_path.as_ref().unwrap_or(&tx.actor.org_path).clone();
    if !tx.actor.reaches(&org_path) {
        return Err(ProblemCode::OutsideOrganisation.into());
    }
    let id: GroupId = tx.mint_home()?;
    let row = GroupRow {
        bucket: id.bucket().as_i16(),
        id,
        name: new.name.clone(),
        basis: new.basis,
        limit_mode: new.limit_mode,
        org_path,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(tx.connection, &row)?;
    let details = json!({"version": 1});
    tx.tell(
        "credit_group.create",
        events::CREDIT_GROUP_CREATED,
        &row,
        details,
    )?;
    Ok(row)
}

/// Changes a group.
///
/// # Errors
/// 404 when it is not visible, 412 when it is not what was seen.
pub fn change(
    tx: &mut Tx<'_>,
    id: GroupId,
    seen: Seen<'_, GroupRow>,
    change: &GroupChange,
) -> Result<GroupRow, Error> {
    let before = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &before)?;
    if change.limit_mode.is_some() {
        // Decisions read the mode under the locks of the lines.
        let of_group = lines::of_group(tx.connection, id)?;
        lines::lock_many(tx, of_group.iter().map(|line| line.id).collect())?;
    }
    let mut row = before.clone();
    let mut fields: Vec<&str> = Vec::new();
    macro_rules! set {
        ($($field:ident),*) => {$(
            if let Some(value) = &change.$field && *value != row.$field {
                row.$field = value.clone();
                fields.push(stringify!($field));
            }
        )*};
    }
    set!(name, basis, limit_mode);
    if !fields.is_empty() {
        row.version += 1;
        row.updated_at = tx.now;
        if !store::update(tx.connection, &row, before.version)? {
            return Err(ProblemCode::PreconditionFailed.into());
        }
    }
    let details = json!({"version": row.version, "fields": fields});
    if row == before {
        // Asking for what is already so is done; it is still on record that it was asked.
        tx.record("credit_group.change", id.subject(), details)?;
    } else {
        tx.tell(
            "credit_group.change",
            events::CREDIT_GROUP_CHANGED,
            &row,
            details,
        )?;
    }
    Ok(row)
}

/// Takes a customer into a group. The exposure of the customer counts at the group from this
/// commit on, so the first day is never a later one.
///
/// # Errors
/// 404 when group or customer is not visible, 422 for a first day in the future and when the
/// ceiling of the group has no room for the exposure, 409 when the customer belongs to a group
/// then.
pub fn join(tx: &mut Tx<'_>, group_id: GroupId, new: &NewMember) -> Result<MembershipRow, Error> {
    take_in(tx, group_id, new, Ceiling::Holds)
}

/// The same for a member whose exposure may go beyond the ceiling of the group, because that was
/// approved as an exception.
///
/// # Errors
/// As [`join`], but for the room.
pub fn admit(tx: &mut Tx<'_>, group_id: GroupId, new: &NewMember) -> Result<MembershipRow, Error> {
    take_in(tx, group_id, new, Ceiling::MayBreak)
}

fn take_in(
    tx: &mut Tx<'_>,
    group_id: GroupId,
    new: &NewMember,
    ceiling: Ceiling,
) -> Result<MembershipRow, Error> {
    let group = store::find(&mut tx.reader(), group_id)?.ok_or_else(Error::not_found)?;
    // A line that is opened for the group meanwhile would not know of the member.
    loads::hold_group(tx, group_id)?;
    // The lock puts the joins and leaves of one customer in a row.
    let customer = customers::find_locked(tx, new.customer_id)?.ok_or_else(unknown_customer)?;
    let days =
        MembershipDays::beginning(new.from, tx.today).map_err(|refusal| at("from", refusal))?;
    if store::is_member_within(tx.connection, customer.id, days, None)? {
        return Err(ProblemCode::AlreadyMember.into());
    }
    regrouping::lock_for_move(tx, customer.id, Some(group_id))?;
    let id: MembershipId = tx.mint(customer.id.bucket())?;
    let row = MembershipRow {
        bucket: customer.bucket,
        id,
        customer_id: customer.id,
        group_id,
        member_from: days.from,
        member_until: days.until,
        evidence: new.evidence.clone(),
        version: 1,
        created_at: tx.now,
    };
    store::insert_member(tx.connection, &row).map_err(|error| {
        on_violation(error, "credit_group_members_one_open", || {
            Problem::new(ProblemCode::AlreadyMember)
        })
    })?;
    regrouping::move_to_group(tx, customer.id, Some((group_id, ceiling)))?;
    let about = membership(tx, &group, &customer, id);
    tx.tell(
        "credit_group.join",
        events::CREDIT_GROUP_MEMBER_JOINED,
        &about,
        details(&row),
    )?;
    Ok(row)
}

/// Records the last day of a membership, or corrects it. The exposure of the customer stops
/// counting at the group with the commit that ends the membership; a correction moves nothing.
///
/// # Errors
/// 404 when group, customer or membership is not visible, 412 when it is not what was seen,
/// 422 for a day before the first or in the future, 409 when the customer belongs to another
/// group then.
pub fn leave(
    tx: &mut Tx<'_>,
    (group_id, id): (GroupId, MembershipId),
    seen: Seen<'_, MembershipRow>,
    until: Option<NaiveDate>,
) -> Result<MembershipRow, Error> {
    let group = store::find(&mut tx.reader(), group_id)?.ok_or_else(Error::not_found)?;
    let read = store::find_member(&mut tx.reader(), group_id, id)?.ok_or_else(Error::not_found)?;
    loads::hold_group(tx, group_id)?;
    let customer = customers::find_locked(tx, read.customer_id)?.ok_or_else(Error::not_found)?;
    // Only under the lock of the customer does a membership stay what it was read to be.
    let before =
        store::find_member(&mut tx.reader(), group_id, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &before)?;
    let days = match until {
        Some(until) => before
            .days()
            .ending(until, tx.today)
            .map_err(|refusal| at("until", refusal))?,
        None => before.days(),
    };
    if days == before.days() {
        // Asking for what is already so is done; it is still on record that it was asked.
        tx.record("credit_group.leave", id.subject(), details(&before))?;
        return Ok(before);
    }
    if store::is_member_within(tx.connection, customer.id, days, Some(id))? {
        return Err(ProblemCode::AlreadyMember.into());
    }
    let row = MembershipRow {
        member_until: days.until,
        version: before.version + 1,
        ..before.clone()
    };
    if !store::update_member(tx.connection, &row, before.version)? {
        return Err(ProblemCode::PreconditionFailed.into());
    }
    if before.member_until.is_none() {
        regrouping::move_to_group(tx, customer.id, None)?;
    }
    let about = membership(tx, &group, &customer, id);
    tx.tell(
        "credit_group.leave",
        events::CREDIT_GROUP_MEMBER_LEFT,
        &about,
        details(&row),
    )?;
    Ok(row)
}

fn unknown_customer() -> Error {
    Problem::new(ProblemCode::NotFound)
        .at(FieldError::field(
            "customer_id",
            "names no customer",
            "没有对应的客户",
        ))
        .into()
}

fn at(field: &str, refusal: DayRefusal) -> Error {
    let chinese = match refusal {
        DayRefusal::BeginsInFuture => "不得晚于今天：成员关系自登记起生效",
        DayRefusal::EndsInFuture => "不得晚于今天：成员关系自登记退出起终止",
        DayRefusal::EndsBeforeItBegan => "不得早于成员关系的首日",
    };
    Problem::field(field, refusal.to_string(), chinese).into()
}

fn details(row: &MembershipRow) -> Value {
    json!({
        "version": row.version,
        "group_id": row.group_id,
        "customer_id": row.customer_id,
        "from": row.member_from,
        "until": row.member_until,
    })
}

/// A membership is known where both the group and the customer are: at the unit above both.
fn membership(tx: &Tx<'_>, group: &GroupRow, customer: &CustomerRow, id: MembershipId) -> About {
    let shared = group.org_path.common(&customer.org_path);
    let org_path = shared.unwrap_or_else(|| tx.actor.org_path.clone());
    About::new(id, &org_path, Some(customer.id))
}
