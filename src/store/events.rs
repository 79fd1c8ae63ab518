//! The change feed, read in commit order.
//!
//! A sequence is drawn at insert and seen at commit, so ordering by it loses rows. Events carry
//! the number of their transaction; a reader sees only transactions below the oldest one still
//! running, ordered by `(xid, seq)`: nothing is skipped and nothing comes twice.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;
use uuid::Uuid;

use super::schema::events;
use super::tx::Reader;

/// An event as it is written.
#[derive(Debug, Insertable)]
#[diesel(table_name = events)]
pub struct EventRow {
    /// Identifier.
    pub id: Uuid,
    /// Type, as `resource.past_tense`.
    pub kind: String,
    /// What changed, as `noun/id`.
    pub subject: String,
    /// Organisation that may read it.
    pub org_path: String,
    /// Customer it is about.
    pub customer_id: Option<Uuid>,
    /// Thin payload.
    pub data: Value,
    /// Instant of the change.
    pub occurred_at: DateTime<Utc>,
}

/// An event as it is read, with its place in the feed.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct FedEventRow {
    /// Transaction that wrote it.
    pub xid: i64,
    /// Place within the transaction.
    pub seq: i64,
    /// Identifier.
    pub id: Uuid,
    /// Type.
    pub kind: String,
    /// What changed.
    pub subject: String,
    /// Payload.
    pub data: Value,
    /// Instant of the change.
    pub occurred_at: DateTime<Utc>,
}

/// How far the feed can be read right now, and which database it belongs to.
#[derive(Debug, QueryableByName)]
pub struct FeedHorizon {
    /// Oldest transaction still running: events at or above it are not shown yet.
    #[diesel(sql_type = BigInt)]
    pub xmin: i64,
    /// Changes when the database is restored elsewhere; transaction numbers start anew there.
    #[diesel(sql_type = Text)]
    pub epoch: String,
}

/// Writes events.
pub fn append(connection: &mut PgConnection, rows: &[EventRow]) -> QueryResult<()> {
    diesel::insert_into(events::table)
        .values(rows)
        .execute(connection)
        .map(drop)
}

/// Reads the horizon. Taken before the events, so that it can only be too early, never too late.
pub fn horizon(reader: &mut Reader<'_>) -> QueryResult<FeedHorizon> {
    diesel::sql_query(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin, \
                (SELECT system_identifier FROM pg_control_system())::text || '.' || \
                (SELECT oid FROM pg_database WHERE datname = current_database())::text AS epoch",
    )
    .get_result(reader.connection)
}

/// Events after the place `(xid, seq)` and below the horizon that the caller may see.
pub fn after(
    reader: &mut Reader<'_>,
    (xid, seq): (i64, i64),
    xmin: i64,
    limit: i64,
) -> QueryResult<Vec<FedEventRow>> {
    let org_path = reader.actor.org_path.as_str();
    let subtree = format!("{}%", reader.actor.org_path.subtree_prefix());
    let query = events::table
        .filter(
            events::xid
                .gt(xid)
                .or(events::xid.eq(xid).and(events::seq.gt(seq))),
        )
        .filter(events::xid.ge(xid))
        .filter(events::xid.lt(xmin))
        .order((events::xid, events::seq))
        .limit(limit)
        .select(FedEventRow::as_select());
    match reader.actor.customer_id {
        Some(customer_id) => query
            .filter(events::customer_id.eq(customer_id.uuid()))
            .load(reader.connection),
        None => query
            .filter(
                events::org_path
                    .eq(org_path)
                    .or(events::org_path.like(subtree)),
            )
            .load(reader.connection),
    }
}

/// How many committed-or-running events are not shown yet, and how old the oldest of them is in
/// seconds. Grows when a transaction stays open for long.
pub fn lag(reader: &mut Reader<'_>) -> QueryResult<(i64, i64)> {
    let xmin = horizon(reader)?.xmin;
    let (hidden, oldest): (i64, Option<DateTime<Utc>>) = events::table
        .filter(events::xid.ge(xmin))
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::min(events::occurred_at),
        ))
        .first(reader.connection)?;
    Ok((
        hidden,
        oldest.map_or(0, |oldest| (reader.now - oldest).num_seconds().max(0)),
    ))
}
