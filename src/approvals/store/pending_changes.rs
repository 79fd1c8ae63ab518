//! Changes that wait for a second person.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::Value;

use crate::approvals::domain::pending_changes::{ChangeKind, ChangeStatus, PendingChangeId};
use crate::platform::store::listing::Narrowing;
use crate::platform::store::locking::dated;
use crate::platform::store::schema::pending_changes;
use crate::platform::store::sql_types::words;
use crate::platform::store::telling::{About, Subject};
use crate::platform::store::tx::Reader;
use crate::platform::store::visibility::found;
use crate::values::actor::Actor;
use crate::values::ids::{CaseId, CustomerId};
use crate::values::organisation::OrgPath;

words!(ChangeKind, ChangeStatus);

/// A change as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = pending_changes)]
pub struct PendingChangeRow {
    pub bucket: i16,
    pub id: PendingChangeId,
    pub kind: ChangeKind,
    /// The thing that is changed, as `noun/id`.
    pub subject: String,
    pub customer_id: Option<CustomerId>,
    pub org_path: OrgPath,
    /// What was asked for, as the use case takes it.
    pub payload: Value,
    /// What it was asked in view of.
    pub seen: Value,
    pub evidence: Option<String>,
    pub status: ChangeStatus,
    pub proposed_by: String,
    pub case_id: CaseId,
    /// What came of it, as `noun/id`.
    pub result: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Subject for PendingChangeRow {
    fn about(&self) -> About {
        About::new(self.id, &self.org_path, self.customer_id)
    }
}

/// What a listing can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct PendingChangeFilter {
    pub kind: Option<ChangeKind>,
    pub status: Option<ChangeStatus>,
    pub customer_id: Option<CustomerId>,
    pub subject: Option<String>,
}

type Visible<'a> =
    Box<dyn diesel::BoxableExpression<pending_changes::table, diesel::pg::Pg, SqlType = Bool> + 'a>;

/// The changes that the caller may know of. Customers themselves know of none: what is thought of
/// them is not their own word.
fn visible_to(actor: &Actor) -> Visible<'_> {
    if actor.customer_id.is_some() {
        return Box::new(pending_changes::version.lt(0));
    }
    let unit = &actor.org_path;
    Box::new(
        pending_changes::org_path
            .eq(unit)
            .or(pending_changes::org_path.like(format!("{unit}/%"))),
    )
}

dated!(PendingChangeRow: updated_at);

found!(pending_changes, PendingChangeRow, PendingChangeId: find, find_locked, anywhere, lock);

/// A page of visible changes, newest first.
pub fn list(
    reader: &mut Reader<'_>,
    filter: &PendingChangeFilter,
    after: Option<PendingChangeId>,
    limit: i64,
) -> QueryResult<Vec<PendingChangeRow>> {
    use pending_changes as p;
    p::table
        .filter(visible_to(reader.actor))
        .select(PendingChangeRow::as_select())
        .into_boxed()
        .only(p::customer_id, filter.customer_id)
        .only(p::kind, filter.kind)
        .only(p::status, filter.status)
        .only(p::subject, filter.subject.as_ref())
        .page_after(p::id, after, limit)
        .load(reader.connection)
}

/// Who asked for the latest change of each of these customers that loosened, such as that it is no related
/// party any more: a fact that whoever decides about the customer relies on.
pub fn makers_of(
    connection: &mut PgConnection,
    customers: &[CustomerId],
) -> QueryResult<Vec<String>> {
    use pending_changes as p;
    let buckets: Vec<i16> = customers.iter().map(|id| id.key().0).collect();
    p::table
        .filter(p::bucket.eq_any(buckets))
        .filter(p::customer_id.eq_any(customers.iter().copied().map(Some)))
        .filter(p::kind.eq(ChangeKind::Customer))
        .filter(p::status.eq(ChangeStatus::CarriedOut))
        .distinct_on((p::bucket, p::customer_id))
        .order((p::bucket, p::customer_id, p::id.desc()))
        .select(p::proposed_by)
        .load(connection)
}

/// Writes a new change. Fails on `pending_changes_one_waiting` when one of the same thing of a
/// customer waits already.
pub fn insert(connection: &mut PgConnection, row: &PendingChangeRow) -> QueryResult<()> {
    diesel::insert_into(pending_changes::table)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Writes where a change stands; `false` when it no longer stands where it was read.
pub fn advance(
    connection: &mut PgConnection,
    row: &PendingChangeRow,
    expected: ChangeStatus,
) -> QueryResult<bool> {
    use pending_changes as p;
    diesel::update(p::table.find(row.id.key()).filter(p::status.eq(expected)))
        .set((
            p::status.eq(row.status),
            p::result.eq(&row.result),
            p::version.eq(row.version),
            p::updated_at.eq(row.updated_at),
        ))
        .execute(connection)
        .map(|changed| changed == 1)
}
