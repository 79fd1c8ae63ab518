//! Audit entries: who did what to which thing.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::sets::{feed_number, unnested};
use crate::values::organisation::OrgPath;

/// One entry as it is written.
#[derive(Debug)]
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
    pub org_path: OrgPath,
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

unnested! {
    /// Writes entries at the end of their transaction, under the number by which they are read.
    ///
    /// It is not simply the number of the transaction. PostgreSQL gives a transaction its number
    /// before it waits for its first row lock, and whoever waits longer may have the lower one, so
    /// two changes of one row could be read in the wrong order. This number is at least that of the
    /// transaction, which is what readers rely on, and above every number that had ended when the
    /// entries were written, which is after the locks were had.
    append(AuditRow) on audit_entries:
    concat!(
        "INSERT INTO audit_entries (xid, id, recorded_at, principal, client_id, org_path, action, \
            subject, outcome, request_id, details) SELECT ", feed_number!(), ", k.* FROM unnest("
    ),
    [
        id: Uuid, recorded_at: DateTime<Utc>, principal: String, client_id: String,
        org_path: OrgPath, action: String, subject: String, outcome: &'static str,
        request_id: Uuid, details: Value,
    ],
    ") AS k"
}
