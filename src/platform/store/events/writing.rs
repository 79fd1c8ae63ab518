//! Writing events: rows that a transaction appends right before its commit.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::store::sets::{feed_number, unnested};
use crate::values::organisation::OrgPath;

/// An event as it is written.
#[derive(Debug)]
pub struct EventRow {
    /// Identifier.
    pub id: Uuid,
    /// Type, as `resource.past_tense`.
    pub kind: String,
    /// What changed, as `noun/id`.
    pub subject: String,
    /// Organisation that may read it.
    pub org_path: OrgPath,
    /// Customer it is about.
    pub customer_id: Option<Uuid>,
    /// Thin payload.
    pub data: Value,
    /// Instant of the change.
    pub occurred_at: DateTime<Utc>,
}

unnested! {
    /// Appends events.
    append(EventRow) on events:
    concat!(
        "INSERT INTO events (xid, id, kind, subject, org_path, customer_id, data, occurred_at) \
            SELECT ", feed_number!(), ", k.* FROM unnest("
    ),
    [
        id: Uuid, kind: String, subject: String, org_path: OrgPath, customer_id: Option<Uuid>,
        data: Value, occurred_at: DateTime<Utc>,
    ],
    ") AS k"
}
