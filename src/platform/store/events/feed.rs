//! Reading the change feed, in commit order.
//!
//! A sequence is drawn at insert and seen at commit, so ordering by it loses rows. Events carry
//! a transaction number too; a reader sees only those below the oldest transaction still running,
//! ordered by `(xid, seq)`: nothing is skipped and nothing comes twice.
//!
//! The number is that of the audit entries beside them; [`crate::platform::store::audit::append`] says why it keeps
//! the events of one row in order.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::store::schema::events;
use crate::platform::store::tx::Reader;
use crate::values::ids::CustomerId;

/// An event as it is read, with its place in the feed.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct FedEventRow {
    /// Transaction number under which it is read.
    pub xid: i64,
    /// Place under that number.
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

/// Reads the horizon. Taken before the events, so that it can only be too early, never too late.
pub fn horizon(reader: &mut Reader<'_>) -> QueryResult<FeedHorizon> {
    diesel::sql_query(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin, \
                (SELECT system_identifier FROM pg_control_system())::text || '.' || \
                (SELECT oid FROM pg_database WHERE datname = current_database())::text AS epoch",
    )
    .get_result(reader.connection)
}

/// A place in the feed: everything up to it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPlace {
    /// Transaction.
    pub xid: i64,
    /// Place within the transaction.
    pub seq: i64,
}

impl FeedPlace {
    /// Before the first event.
    pub const BEGINNING: Self = Self { xid: 0, seq: 0 };

    /// Behind the last event below the horizon. Events are numbered from 1.
    fn at(horizon: &FeedHorizon) -> Self {
        Self {
            xid: horizon.xmin,
            seq: 0,
        }
    }
}

/// What reading the feed can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Exact type.
    pub kind: Option<String>,
    /// About this customer.
    pub customer_id: Option<CustomerId>,
}

/// A stretch of the feed.
#[derive(Debug)]
pub struct FeedStretch {
    /// What the caller may see of it.
    pub events: Vec<FedEventRow>,
    /// Where it ends: the next one begins here.
    pub end: FeedPlace,
    /// Whether there is nothing behind it yet.
    pub is_last: bool,
}

/// Most events that one stretch passes over, whoever may see them: a caller who may see few of
/// many gets on in bounded steps.
const STRETCH_MAX: i64 = 10_000;

macro_rules! between {
    ($after:expr, $horizon:expr) => {
        events::table
            .filter(
                events::xid
                    .gt($after.xid)
                    .or(events::xid.eq($after.xid).and(events::seq.gt($after.seq))),
            )
            .filter(events::xid.ge($after.xid))
            .filter(events::xid.lt($horizon.xmin))
            .order((events::xid, events::seq))
    };
}

/// Events after a place and below the horizon that the caller may see, at most `limit`.
pub fn after(
    reader: &mut Reader<'_>,
    after: FeedPlace,
    horizon: &FeedHorizon,
    filter: &EventFilter,
    limit: i64,
) -> QueryResult<FeedStretch> {
    let farthest = between!(after, horizon)
        .offset(STRETCH_MAX - 1)
        .select((events::xid, events::seq))
        .first::<(i64, i64)>(reader.connection)
        .optional()?
        .map(|(xid, seq)| FeedPlace { xid, seq });
    let mut query = between!(after, horizon)
        .limit(limit)
        .select(FedEventRow::as_select())
        .into_boxed();
    if let Some(FeedPlace { xid, seq }) = farthest {
        query = query.filter(
            events::xid
                .lt(xid)
                .or(events::xid.eq(xid).and(events::seq.le(seq))),
        );
    }
    query = match reader.actor.customer_id {
        Some(own) => query.filter(events::customer_id.eq(own)),
        None => {
            let org_path = &reader.actor.org_path;
            let subtree = format!("{}%", org_path.subtree_prefix());
            query.filter(
                events::org_path
                    .eq(org_path)
                    .or(events::org_path.like(subtree)),
            )
        }
    };
    if let Some(kind) = &filter.kind {
        query = query.filter(events::kind.eq(kind));
    }
    if let Some(customer_id) = filter.customer_id {
        query = query.filter(events::customer_id.eq(customer_id));
    }
    let events = query.load(reader.connection)?;
    let is_full = i64::try_from(events.len()).is_ok_and(|found| found == limit);
    let end = match (events.last(), farthest) {
        (Some(last), _) if is_full => FeedPlace {
            xid: last.xid,
            seq: last.seq,
        },
        (_, Some(farthest)) => farthest,
        (_, None) => FeedPlace::at(horizon),
    };
    Ok(FeedStretch {
        is_last: !is_full && farthest.is_none(),
        events,
        end,
    })
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
