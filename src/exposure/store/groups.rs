//! Credit groups and the memberships of customers in them.
//!
//! A membership lives at the home of its customer; the group's home is in the group's id. It is
//! visible where both the group and the customer are. Self-service customers see neither.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::exposure::domain::groups::{GroupBasis, GroupLimitMode, MembershipDays, MembershipId};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::{credit_group_members, credit_groups, customers};
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::found;
use crate::values::actor::Actor;
use crate::values::ids::{CustomerId, GroupId};
use crate::values::organisation::OrgPath;

words!(GroupBasis, GroupLimitMode);

/// A group as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = credit_groups)]
pub struct GroupRow {
    pub bucket: i16,
    /// Identifier.
    pub id: GroupId,
    pub name: String,
    /// Why the members belong together.
    pub basis: GroupBasis,
    /// Organisation that looks after it.
    pub org_path: OrgPath,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// How its ceiling bounds the members.
    pub limit_mode: GroupLimitMode,
}

dated!(GroupRow: updated_at);

impl Subject for GroupRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, None)
    }
}

/// A membership as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = credit_group_members, treat_none_as_null = true)]
pub struct MembershipRow {
    pub bucket: i16,
    /// Identifier.
    pub id: MembershipId,
    pub customer_id: CustomerId,
    pub group_id: GroupId,
    pub member_from: NaiveDate,
    /// Last day, empty while it lasts.
    pub member_until: Option<NaiveDate>,
    /// What shows the control or consolidation.
    pub evidence: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    /// What shows that it has ended.
    pub leaving_evidence: Option<String>,
}

impl MembershipRow {
    /// The days of membership.
    pub fn days(&self) -> MembershipDays {
        MembershipDays {
            from: self.member_from,
            until: self.member_until,
        }
    }
}

/// What a listing of groups can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct GroupFilter {
    /// Why the members belong together.
    pub basis: Option<GroupBasis>,
    /// At or below this organisation.
    pub org_path: Option<OrgPath>,
}

type Condition<'a, T> = Box<dyn BoxableExpression<T, Pg, SqlType = Bool> + 'a>;

/// The groups that the caller may know of.
pub fn visible_to(actor: &Actor) -> Condition<'_, credit_groups::table> {
    match actor.customer_id {
        Some(_) => Box::new(false.into_sql::<Bool>()),
        None => at_or_below(&actor.org_path),
    }
}

fn at_or_below(org_path: &OrgPath) -> Condition<'_, credit_groups::table> {
    Box::new(
        credit_groups::org_path
            .eq(org_path)
            .or(credit_groups::org_path.like(format!("{org_path}/%"))),
    )
}

/// Memberships whose members the caller may know of. A macro, because the type of a join is
/// longer than what it says.
macro_rules! members_seen_by {
    ($actor:expr) => {{
        let own = &$actor.org_path;
        credit_group_members::table
            .inner_join(
                customers::table.on(customers::bucket
                    .eq(credit_group_members::bucket)
                    .and(customers::id.eq(credit_group_members::customer_id))),
            )
            .filter(
                customers::org_path
                    .eq(own)
                    .or(customers::org_path.like(format!("{own}/%"))),
            )
            .select(MembershipRow::as_select())
    }};
}

/// Memberships that include a day.
macro_rules! includes {
    ($day:expr) => {
        credit_group_members::member_from.le($day).and(
            credit_group_members::member_until
                .is_null()
                .or(credit_group_members::member_until.ge($day))
                .assume_not_null(),
        )
    };
}

found!(credit_groups, GroupRow, GroupId: find, find_locked);

/// A page of visible groups, newest first, after `after`.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &GroupFilter,
    after: Option<GroupId>,
    limit: i64,
) -> QueryResult<Vec<GroupRow>> {
    credit_groups::table
        .filter(visible_to(reader.actor))
        .select(GroupRow::as_select())
        .into_boxed()
        .only(credit_groups::basis, filter.basis)
        .only_if(filter.org_path.as_ref().map(at_or_below))
        .page_after(credit_groups::id, after, limit)
        .load(reader.connection)
}

/// Writes a new group.
pub fn insert(connection: &mut PgConnection, row: &GroupRow) -> QueryResult<()> {
    diesel::insert_into(credit_groups::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes a changed group if its version is still `expected`; says whether it was.
pub fn update(connection: &mut PgConnection, row: &GroupRow, expected: i64) -> QueryResult<bool> {
    diesel::update(
        credit_groups::table
            .find(row.id.key())
            .filter(credit_groups::version.eq(expected)),
    )
    .set(row)
    .execute(connection)
    .map(|changed| changed == 1)
}

/// Finds a membership of a group whose member the caller may know of. The caller has found the
/// group visible before.
pub fn find_member(
    reader: &mut Reader<'_>,
    group_id: GroupId,
    id: MembershipId,
) -> QueryResult<Option<MembershipRow>> {
    members_seen_by!(reader.actor)
        .of((credit_group_members::bucket, credit_group_members::id), id)
        .filter(credit_group_members::group_id.eq(group_id))
        .first(reader.connection)
        .optional()
}

/// The membership by which a customer belongs to a group now. The caller has found both visible.
pub fn open_membership(
    connection: &mut PgConnection,
    group_id: GroupId,
    customer_id: CustomerId,
) -> QueryResult<Option<MembershipRow>> {
    credit_group_members::table
        .filter(credit_group_members::bucket.eq(customer_id.bucket().as_i16()))
        .filter(credit_group_members::customer_id.eq(customer_id))
        .filter(credit_group_members::group_id.eq(group_id))
        .filter(credit_group_members::member_until.is_null())
        .select(MembershipRow::as_select())
        .first(connection)
        .optional()
}

/// A page of the memberships of a group whose members the caller may know of, newest first,
/// after `after`; only those that include the day `on`, where given. The caller has found the
/// group visible before.
pub fn members(
    reader: &mut Reader<'_>,
    group_id: GroupId,
    on: Option<NaiveDate>,
    after: Option<MembershipId>,
    limit: i64,
) -> QueryResult<Vec<MembershipRow>> {
    members_seen_by!(reader.actor)
        .filter(credit_group_members::group_id.eq(group_id))
        .into_boxed()
        .only_if(on.map(|day| includes!(day)))
        .page_after(credit_group_members::id, after, limit)
        .load(reader.connection)
}

/// Whether the customer belongs to any group on any of `days`, other than by `except`. The
/// caller holds the lock of the customer.
pub fn is_member_within(
    connection: &mut PgConnection,
    customer_id: CustomerId,
    days: MembershipDays,
    except: Option<MembershipId>,
) -> QueryResult<bool> {
    let mut others = credit_group_members::table
        .of(
            (
                credit_group_members::bucket,
                credit_group_members::customer_id,
            ),
            customer_id,
        )
        .filter(
            credit_group_members::member_until
                .is_null()
                .or(credit_group_members::member_until.ge(days.from)),
        )
        .into_boxed();
    if let Some(until) = days.until {
        others = others.filter(credit_group_members::member_from.le(until));
    }
    if let Some(except) = except {
        others = others.filter(credit_group_members::id.ne(except));
    }
    diesel::select(diesel::dsl::exists(others)).get_result(connection)
}

/// Writes a new membership. Fails on `credit_group_members_one_open` when the customer has an
/// open one.
pub fn insert_member(connection: &mut PgConnection, row: &MembershipRow) -> QueryResult<()> {
    diesel::insert_into(credit_group_members::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes a changed membership if its version is still `expected`; says whether it was.
pub fn update_member(
    connection: &mut PgConnection,
    row: &MembershipRow,
    expected: i64,
) -> QueryResult<bool> {
    diesel::update(
        credit_group_members::table
            .find(row.id.key())
            .filter(credit_group_members::version.eq(expected)),
    )
    .set(row)
    .execute(connection)
    .map(|changed| changed == 1)
}

/// The group at which the exposure of the customer counts now: the one it has joined and not
/// left. Exposure moves when joining and leaving are recorded, so this changes in the same commit.
pub fn open_group_of(
    connection: &mut PgConnection,
    customer_id: CustomerId,
) -> QueryResult<Option<GroupId>> {
    credit_group_members::table
        .of(
            (
                credit_group_members::bucket,
                credit_group_members::customer_id,
            ),
            customer_id,
        )
        .filter(credit_group_members::member_until.is_null())
        .select(credit_group_members::group_id)
        .first(connection)
        .optional()
}

/// The version of a group.
pub fn version(connection: &mut PgConnection, id: GroupId) -> QueryResult<i64> {
    credit_groups::table
        .find(id.key())
        .select(credit_groups::version)
        .first(connection)
}

/// How the ceiling of a group bounds its members.
pub fn limit_mode(connection: &mut PgConnection, id: GroupId) -> QueryResult<GroupLimitMode> {
    credit_groups::table
        .find(id.key())
        .select(credit_groups::limit_mode)
        .first(connection)
}

/// The customers whose exposure counts at a group now, in order of their identifiers.
pub fn open_members_of(
    connection: &mut PgConnection,
    group_id: GroupId,
) -> QueryResult<Vec<CustomerId>> {
    credit_group_members::table
        .filter(credit_group_members::group_id.eq(group_id))
        .filter(credit_group_members::member_until.is_null())
        .order(credit_group_members::customer_id)
        .select(credit_group_members::customer_id)
        .load(connection)
}
