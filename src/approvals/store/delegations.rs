//! Delegations of approval authority.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::case_rows::CaseRow;
use crate::approvals::domain::approvals::DelegationId;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::approval_delegations;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::{Reader, Tx};
use crate::values::actor::Actor;
use crate::values::organisation::OrgPath;

/// Authority lent during absence.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = approval_delegations)]
pub struct DelegationRow {
    /// Identifier.
    pub id: DelegationId,
    pub delegator: String,
    pub delegate: String,
    /// Scopes of steps that are lent.
    pub scopes: Vec<Option<String>>,
    /// Organisation the delegator stands at.
    pub org_path: OrgPath,
    pub delegated_from: NaiveDate,
    pub delegated_until: NaiveDate,
    pub reason: String,
    pub revoked_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Business date of the revocation.
    pub revoked_on: Option<NaiveDate>,
}

dated!(DelegationRow: updated_at);

impl Subject for DelegationRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, None)
    }
}

/// Writes a new delegation.
pub fn insert(connection: &mut PgConnection, row: &DelegationRow) -> QueryResult<()> {
    diesel::insert_into(approval_delegations::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

type Condition<'a> =
    Box<dyn BoxableExpression<approval_delegations::table, Pg, SqlType = Bool> + 'a>;

/// Delegations that the caller may know of: those it gave or got, and those of its organisation and
/// everything below it.
fn visible_to(actor: &Actor) -> Condition<'_> {
    use approval_delegations as d;
    let own = d::delegator
        .eq(&actor.principal)
        .or(d::delegate.eq(&actor.principal));
    if actor.customer_id.is_some() {
        return Box::new(own);
    }
    let here = &actor.org_path;
    Box::new(
        own.or(d::org_path.eq(here))
            .or(d::org_path.like(format!("{here}/%"))),
    )
}

/// Finds a delegation that the caller may know of.
pub fn find(reader: &mut Reader<'_>, id: DelegationId) -> QueryResult<Option<DelegationRow>> {
    approval_delegations::table
        .find(id.uuid())
        .filter(visible_to(reader.actor))
        .select(DelegationRow::as_select())
        .first(reader.connection)
        .optional()
}

/// Finds a delegation that the caller may know of, and locks it until the end of the transaction.
pub fn find_locked(tx: &mut Tx<'_>, id: DelegationId) -> QueryResult<Option<DelegationRow>> {
    tx.lock(|reader| {
        approval_delegations::table
            .find(id.uuid())
            .filter(visible_to(reader.actor))
            .select(DelegationRow::as_select())
            .for_no_key_update()
            .first(reader.connection)
            .optional()
    })
}

/// A page of the delegations that the caller may know of, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    after: Option<DelegationId>,
    limit: i64,
) -> QueryResult<Vec<DelegationRow>> {
    use approval_delegations as d;
    d::table
        .filter(visible_to(reader.actor))
        .select(DelegationRow::as_select())
        .into_boxed()
        .page_after(d::id, after.map(DelegationId::uuid), limit)
        .load(reader.connection)
}

/// Delegations to a principal that hold on a day.
pub fn lent_to(
    connection: &mut PgConnection,
    principal: &str,
    day: NaiveDate,
) -> QueryResult<Vec<DelegationRow>> {
    use approval_delegations as d;
    d::table
        .filter(d::delegate.eq(principal))
        .filter(d::delegated_from.le(day).and(d::delegated_until.ge(day)))
        .filter(d::revoked_at.is_null())
        .order(d::id)
        .select(DelegationRow::as_select())
        .load(connection)
}

/// Who has stood in for the requester of a case on any day of its life so far.
pub fn delegates_of_requester(
    connection: &mut PgConnection,
    case: &CaseRow,
    today: NaiveDate,
) -> QueryResult<Vec<String>> {
    use approval_delegations as d;
    // What was revoked before the case, or before its first day, never was for it.
    let revoked_during = d::revoked_at
        .assume_not_null()
        .ge(case.requested_at)
        .and(d::revoked_on.assume_not_null().ge(d::delegated_from));
    d::table
        .filter(d::delegator.eq(&case.requested_by))
        .filter(d::delegated_from.le(today))
        .filter(d::delegated_until.ge(case.requested_on))
        .filter(d::revoked_at.is_null().or(revoked_during))
        .select(d::delegate)
        .load(connection)
}

/// Writes the revocation of a locked delegation.
pub fn revoke(connection: &mut PgConnection, row: &DelegationRow) -> QueryResult<()> {
    use approval_delegations as d;
    diesel::update(d::table.find(row.id.uuid()))
        .set((
            d::revoked_at.eq(row.revoked_at),
            d::revoked_on.eq(row.revoked_on),
            d::version.eq(row.version),
            d::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(drop)
}
