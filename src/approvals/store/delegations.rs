//! Delegations of approval authority.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use crate::approvals::domain::approvals::DelegationId;
use crate::platform::store::listing::Narrowing;
use crate::platform::store::schema::approval_delegations;
use crate::platform::store::telling::{About, Subject};
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
}

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

/// Finds a delegation that a principal gave or got.
pub fn find(
    connection: &mut PgConnection,
    id: DelegationId,
    principal: &str,
) -> QueryResult<Option<DelegationRow>> {
    use approval_delegations as d;
    d::table
        .find(id.uuid())
        .filter(d::delegator.eq(principal).or(d::delegate.eq(principal)))
        .select(DelegationRow::as_select())
        .for_no_key_update()
        .first(connection)
        .optional()
}

/// A page of the delegations that a principal gave or got, newest first.
pub fn list(
    connection: &mut PgConnection,
    principal: &str,
    after: Option<DelegationId>,
    limit: i64,
) -> QueryResult<Vec<DelegationRow>> {
    use approval_delegations as d;
    d::table
        .filter(d::delegator.eq(principal).or(d::delegate.eq(principal)))
        .select(DelegationRow::as_select())
        .into_boxed()
        .page_after(d::id, after.map(DelegationId::uuid), limit)
        .load(connection)
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

/// Delegates of a principal on a day.
pub fn delegates_of(
    connection: &mut PgConnection,
    principal: &str,
    day: NaiveDate,
) -> QueryResult<Vec<String>> {
    use approval_delegations as d;
    d::table
        .filter(d::delegator.eq(principal))
        .filter(d::delegated_from.le(day).and(d::delegated_until.ge(day)))
        .filter(d::revoked_at.is_null())
        .select(d::delegate)
        .load(connection)
}

/// Writes the revocation of a locked delegation.
pub fn revoke(connection: &mut PgConnection, row: &DelegationRow) -> QueryResult<()> {
    use approval_delegations as d;
    diesel::update(d::table.find(row.id.uuid()))
        .set((
            d::revoked_at.eq(row.revoked_at),
            d::version.eq(row.version),
            d::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(drop)
}
