//! Audit entries: who did what to which thing.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::Value;
use uuid::Uuid;

use super::schema::audit_entries;

/// One entry as it is written.
#[derive(Debug, Insertable)]
#[diesel(table_name = audit_entries)]
pub struct AuditRow {
    /// Identifier.
    pub id: Uuid,
    /// Instant of the write.
    pub recorded_at: DateTime<Utc>,
    /// Who.
    pub principal: String,
    /// Through which client.
    pub client_id: String,
    /// Standing where.
    pub org_path: String,
    /// What, as `resource.verb`.
    pub action: String,
    /// To which thing, as `noun/id`.
    pub subject: String,
    /// `done` or `refused`.
    pub outcome: &'static str,
    /// In which request.
    pub request_id: Uuid,
    /// References and numbers; never classified values.
    pub details: Value,
}

/// The transaction number under which entries and events are read, as the statement that writes
/// them sees it.
///
/// It is not simply the number of the transaction. PostgreSQL gives a transaction its number
/// before it waits for its first row lock, and whoever waits longer may have the lower one, so
/// two changes of one row could be read in the wrong order. This number is at least that of the
/// transaction, which is what readers rely on, and above every number that had ended when the
/// entries were written, which is after the locks were had.
const NUMBER: &str =
    "GREATEST(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot()))::text::bigint";

/// Writes entries at the end of their transaction and gives the number under which they are read;
/// `None` where there are none.
pub fn append(connection: &mut PgConnection, rows: &[AuditRow]) -> QueryResult<Option<i64>> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row, audit_entries::xid.eq(sql::<BigInt>(NUMBER))))
        .collect();
    diesel::insert_into(audit_entries::table)
        .values(rows)
        .returning(audit_entries::xid)
        .get_results(connection)
        .map(|numbers| numbers.first().copied())
}
