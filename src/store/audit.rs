//! Audit entries: who did what to which thing.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
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

/// Writes entries.
pub fn append(connection: &mut PgConnection, rows: &[AuditRow]) -> QueryResult<()> {
    diesel::insert_into(audit_entries::table)
        .values(rows)
        .execute(connection)
        .map(drop)
}
