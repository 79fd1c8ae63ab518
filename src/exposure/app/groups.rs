//! Keeping credit groups and who belongs to them (policies P02.2.9, P12).

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::pictures::{Picture, refuse_increase};
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
use crate::values::money::decimal_string;
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

/// The end of a membership.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Last day of membership.
    pub until: NaiveDate,
    /// What shows that it has ended.
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

/// Changes a group. A mode by which more becomes usable is applied for.
///
/// # Errors
/// 404 when it is not visible, 412 when it is not what was seen, 409 when the mode has to be
/// applied for, 422 when a tighter one breaks.
pub fn change(
    tx: &mut Tx<'_>,
    id: GroupId,
    seen: Seen<'_, GroupRow>,
    change: &GroupChange,
) -> Result<GroupRow, Error> {
    let before = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &before)?;
    if let Some(mode) = change.limit_mode.filter(|mode| *mode != before.limit_mode) {
        refuse_other_mode(tx, id, mode)?;
    }
    write(tx, before, change)
}

/// Changes how the ceiling of a group bounds its members, as an approved application asks for.
///
/// # Errors
/// 404 when the group is not visible; 409 when it is another one than `version` by now.
pub fn set_mode(
    tx: &mut Tx<'_>,
    id: GroupId,
    version: i64,
    mode: GroupLimitMode,
) -> Result<GroupRow, Error> {
    let before = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    if before.version != version {
        return Err(Problem::new(ProblemCode::ApplicationOutdated)
            .because(
                "The group has changed since the application was submitted.",
                "提交申请后该集团已变更。",
            )
            .into());
    }
    lock_ceiling(tx, id)?;
    let change = GroupChange {
        limit_mode: Some(mode),
        ..GroupChange::default()
    };
    write(tx, before, &change)
}

/// Locks the lines of a group: whoever decides by its mode meanwhile looks again.
fn lock_ceiling(tx: &mut Tx<'_>, id: GroupId) -> Result<(), Error> {
    let ceiling = lines::of_group(tx.connection, id)?;
    lines::lock_many(tx, ceiling.iter().map(|line| line.id).collect())?;
    Ok(())
}

/// Refuses a mode by which more becomes usable, and one under which the ceiling is broken.
fn refuse_other_mode(tx: &mut Tx<'_>, id: GroupId, mode: GroupLimitMode) -> Result<(), Error> {
    lock_ceiling(tx, id)?;
    let now = Picture::of_group(&mut tx.reader(), id, None)?;
    let after = now.with_mode(id, mode);
    let apply_with = json!({"action": "change_mode", "group_id": id, "limit_mode": mode});
    refuse_increase(&now.effect(&after), apply_with.clone())?;
    let Some(line) = after.broken_ceiling(id) else {
        return Ok(());
    };
    let text = |minor: i64| decimal_string(minor, line.currency);
    let available = line.available_on(tx.today).unwrap_or_default();
    Err(Problem::new(ProblemCode::LimitExceeded)
        .because(
            format!(
                "Under that mode the ceiling of the group is exceeded: {} is available.",
                text(available)
            ),
            format!("按该方式集团额度将被突破：可用 {}。", text(available)),
        )
        .with_member("limit", json!(line.limit_on(tx.today).map(text)))
        .with_member("used", json!(text(line.used_minor())))
        .with_member("available", json!(text(available)))
        .with_member("apply_with", apply_with)
        .into())
}

fn write(tx: &mut Tx<'_>, before: GroupRow, change: &GroupChange) -> Result<GroupRow, Error> {
    let id = before.id;
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
/// then, or when its lines inherit more from the ceiling than they had, which is applied for.
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
        leaving_evidence: None,
    };
    let now = match ceiling {
        Ceiling::Holds => {
            let reader = &mut tx.reader();
            Some(Picture::of_group(reader, group_id, Some(customer.id))?)
        }
        Ceiling::MayBreak => None,
    };
    store::insert_member(tx.connection, &row).map_err(|error| {
        on_violation(error, "credit_group_members_one_open", || {
            Problem::new(ProblemCode::AlreadyMember)
        })
    })?;
    regrouping::move_to_group(tx, customer.id, Some((group_id, ceiling)))?;
    if let Some(now) = now {
        let after = now.with_member(group_id, customer.id);
        let apply_with = json!({
            "action": "admit_member", "group_id": group_id, "member_customer_id": customer.id,
        });
        refuse_increase(&now.effect(&after), apply_with)?;
    }
    let about = membership(tx, &group, &customer, id);
    tx.tell(
        "credit_group.join",
        events::CREDIT_GROUP_MEMBER_JOINED,
        &about,
        details(&row),
    )?;
    Ok(row)
}

/// Records the end of a membership. The exposure of the customer stops counting at the group with the
/// commit that ends the membership. Where more becomes usable by it, it is applied for.
///
/// # Errors
/// 404 when group, customer or membership is not visible, 412 when it is not what was seen,
/// 422 for any day but today and without evidence, 409 when it has ended already, or when it has to be
/// applied for.
pub fn leave(
    tx: &mut Tx<'_>,
    (group_id, id): (GroupId, MembershipId),
    seen: Seen<'_, MembershipRow>,
    leaving: Option<&Leaving>,
) -> Result<MembershipRow, Error> {
    let read = store::find_member(&mut tx.reader(), group_id, id)?.ok_or_else(Error::not_found)?;
    let (group, customer) = lock_member(tx, group_id, read.customer_id)?;
    // Only under the lock of the customer does a membership stay what it was read to be.
    let before =
        store::find_member(&mut tx.reader(), group_id, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &before)?;
    let Some(leaving) = leaving.filter(|leaving| before.member_until != Some(leaving.until)) else {
        // Asking for what is already so is done; it is still on record that it was asked.
        tx.record("credit_group.leave", id.subject(), details(&before))?;
        return Ok(before);
    };
    if before.member_until.is_some() {
        return Err(Problem::new(ProblemCode::InvalidTransition)
            .because(
                "The membership has ended; its last day stays.",
                "成员关系已终止，终止日不得更改。",
            )
            .into());
    }
    if leaving.evidence.is_none() {
        return Err(Problem::field("evidence", "is needed", "须填写").into());
    }
    let now = Picture::of_group(&mut tx.reader(), group_id, None)?;
    let apply_with = json!({
        "action": "release_member", "group_id": group_id, "member_customer_id": customer.id,
    });
    let after = now.without_member(group_id, customer.id);
    refuse_increase(&now.effect(&after), apply_with)?;
    end(tx, (&group, &customer), &before, leaving)
}

/// Ends the membership of a customer today, as an approved application asks for.
///
/// # Errors
/// 404 when group or customer is not visible; 409 when the customer belongs to the group no more.
pub fn release(
    tx: &mut Tx<'_>,
    group_id: GroupId,
    customer_id: CustomerId,
    evidence: Option<String>,
) -> Result<MembershipRow, Error> {
    let (group, customer) = lock_member(tx, group_id, customer_id)?;
    let Some(before) = store::open_membership(tx.connection, group_id, customer_id)? else {
        return Err(Problem::new(ProblemCode::ApplicationOutdated)
            .because(
                "The customer belongs to the group no more.",
                "该客户已不属于该集团。",
            )
            .into());
    };
    let until = tx.today;
    let leaving = Leaving { until, evidence };
    end(tx, (&group, &customer), &before, &leaving)
}

/// Keeps a group at its lines, and a customer in it.
fn lock_member(
    tx: &mut Tx<'_>,
    group_id: GroupId,
    customer_id: CustomerId,
) -> Result<(GroupRow, CustomerRow), Error> {
    let group = store::find(&mut tx.reader(), group_id)?.ok_or_else(Error::not_found)?;
    loads::hold_group(tx, group_id)?;
    let customer = customers::find_locked(tx, customer_id)?;
    Ok((group, customer.ok_or_else(Error::not_found)?))
}

fn end(
    tx: &mut Tx<'_>,
    (group, customer): (&GroupRow, &CustomerRow),
    before: &MembershipRow,
    leaving: &Leaving,
) -> Result<MembershipRow, Error> {
    let id = before.id;
    let days = before
        .days()
        .ending(leaving.until, tx.today)
        .map_err(|refusal| at("until", refusal))?;
    let row = MembershipRow {
        member_until: days.until,
        leaving_evidence: leaving.evidence.clone(),
        version: before.version + 1,
        ..before.clone()
    };
    if !store::update_member(tx.connection, &row, before.version)? {
        return Err(ProblemCode::PreconditionFailed.into());
    }
    regrouping::move_to_group(tx, customer.id, None)?;
    let about = membership(tx, group, customer, id);
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
        DayRefusal::EndsOnAnotherDay => "须为当天：成员关系自登记退出起终止",
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
