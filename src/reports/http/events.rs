//! The change feed over HTTP.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::applications::domain::events as applications;
use crate::approvals::domain::events as approvals;
use crate::auth::scopes;
use crate::catalogue::domain::events as catalogue;
use crate::crypto::CursorSeal;
use crate::customers::domain::events as customers;
use crate::error::{Error, FieldError, OrInternal, Problem};
use crate::error_codes::ProblemCode;
use crate::exposure::domain::events as exposure;
use crate::platform::http::answers::Listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{PAGE_SIZE_DEFAULT, Parameters, page_size};
use crate::platform::store::events::feed::{self as store, EventFilter, FedEventRow, FeedPlace};
use crate::platform::store::tx::Reader;
use crate::rules::domain::events as rules;
use crate::scores::domain::events as scores;
use crate::values::event_kinds::EventKind;
use crate::values::ids::{CustomerId, EventId};

/// Every kind of event, of every area, by name.
pub static EVENT_KINDS: LazyLock<Vec<EventKind>> = LazyLock::new(|| {
    let areas = [
        approvals::EVERY,
        catalogue::EVERY,
        customers::EVERY,
        scores::EVERY,
        rules::EVERY,
        exposure::EVERY,
        applications::EVERY,
    ];
    let mut kinds = areas.concat();
    kinds.sort_unstable_by_key(|kind| kind.name());
    kinds
});

/// The longest that an answer waits for the next event, in seconds.
const WAIT_SECONDS_MAX: u64 = 20;
/// How long to pass over events that the caller may not see before answering with none.
const SEARCH_MAX: Duration = Duration::from_secs(2);
/// The first pause of a wait; every next one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause of a wait.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// Where to read the feed, how much of it, and how long to wait for it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadEvents {
    /// Where to go on: `next_cursor` of the answer before. From the beginning when left out.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 1024, pattern = "^[A-Za-z0-9_-]+$")]
    pub after: Option<String>,
    /// Items of an answer, 1 to 200.
    #[serde(default, deserialize_with = "page_size")]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: Option<i64>,
    /// Seconds to wait for an event when there is none yet, 0 to 20.
    #[serde(default, deserialize_with = "wait_seconds")]
    #[param(value_type = Option<i32>, minimum = 0, maximum = 20, default = 0, example = 0)]
    pub wait: Option<u64>,
    /// Only events of this type.
    #[serde(default, rename = "type", deserialize_with = "event_type")]
    #[param(value_type = Option<String>, max_length = 60, pattern = "^[a-z_]+\\.[a-z_]+$", example = "customer.created")]
    pub kind: Option<String>,
    /// Only events about this customer.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
}

/// A business change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event, example = json!({
    "id": "01940ca0-11f2-7d2c-a4b1-90c3d2e1f001", "type": "customer.created",
    "time": "2026-01-05T02:00:00Z", "subject": "customer/01940c9e-7a3b-7d2c-8f00-3b9aca001234",
    "data": {"version": 1},
}))]
pub struct EventView {
    /// Identifier; the same whenever the event is read.
    pub id: EventId,
    /// Type, as `resource.past_tense`.
    #[serde(rename = "type")]
    #[schema(max_length = 60, pattern = "^[a-z_]+\\.[a-z_]+$")]
    pub kind: String,
    /// Instant of the change.
    pub time: DateTime<Utc>,
    /// What changed, as `kind/identifier`.
    #[schema(max_length = 120, pattern = "^[a-z_]+/[0-9a-z_-]+$")]
    pub subject: String,
    /// Identifiers, amounts and states, never classified values: read the subject for more.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Events in commit order.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, oldest first. There may be more when there are none: only `next_cursor` tells
    /// where to go on.
    #[schema(max_items = 200)]
    pub items: Vec<EventView>,
    /// Where to go on. Always given: the feed has no last page.
    #[schema(
        max_length = 1024,
        pattern = "^[A-Za-z0-9_-]+$",
        example = "eyJvZiI6ImV2ZW50cyJ9"
    )]
    pub next_cursor: String,
}

impl From<FedEventRow> for EventView {
    fn from(row: FedEventRow) -> Self {
        let FedEventRow {
            xid: _,
            seq: _,
            id,
            kind,
            subject,
            data,
            occurred_at,
        } = row;
        Self {
            id: EventId::from_uuid(id),
            kind,
            time: occurred_at,
            subject,
            data,
        }
    }
}

/// Read the change feed
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    operation_id = "listEvents",
    description = description()
)]
pub async fn list(
    guard: Require<scopes::EventsRead>,
    parameters: Parameters<ReadEvents>,
) -> Result<Listing<EventPage>, Error> {
    let Parameters { values, place } = parameters;
    let seal = &guard.state().cursors;
    let from = Cursor::open(seal, values.after.as_deref())?;
    let limit = values.limit.unwrap_or(PAGE_SIZE_DEFAULT);
    let wait = Duration::from_secs(values.wait.unwrap_or(0));
    let filter = EventFilter {
        kind: values.kind,
        customer_id: values.customer_id,
    };
    let (events, end) = follow(&guard, from, filter, limit, wait).await?;
    let next_cursor = end.seal(seal)?;
    Ok(Listing {
        next: Some(place.next("after", &next_cursor, limit)),
        page: EventPage {
            items: events.into_iter().map(EventView::from).collect(),
            next_cursor,
        },
    })
}

fn description() -> String {
    let types: String = EVENT_KINDS
        .iter()
        .map(|kind| format!("\n- `{}`: {}", kind.name(), kind.description()))
        .collect();
    format!(
        "Every business change in commit order: no gaps, and from any cursor, however old, the same events in the \
         same order. A reader that keeps `next_cursor` once it has worked off an answer gets every event at least \
         once; repeats have the same `id`. The events of one subject are in the order of its changes.\n\n\
         With `wait` the answer comes as soon as there is an event, and without one when the time is over. \
         Callers see the events of their own organisation and below. A cursor goes with any filter. After the \
         database was restored, cursors from before are answered with `cursor_expired`.\n\n\
         Types:\n{types}"
    )
}

/// Reads on until there is an event, or the time is over, or the service is about to stop. The
/// connection goes back between reads, so that waiting takes nothing away from others.
async fn follow(
    guard: &Require<scopes::EventsRead>,
    mut from: Option<Cursor>,
    filter: EventFilter,
    limit: i64,
    wait: Duration,
) -> Result<(Vec<FedEventRow>, Cursor), Error> {
    let started = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        let wanted = filter.clone();
        let (events, end, is_last) = guard
            .read(move |reader| stretch(reader, from.as_ref(), &wanted, limit))
            .await?;
        let waited = started.elapsed();
        let patience = if is_last { wait } else { wait.max(SEARCH_MAX) };
        if !events.is_empty() || waited >= patience || guard.state().is_draining() {
            return Ok((events, end));
        }
        from = Some(end);
        if is_last {
            tokio::time::sleep(pause.min(wait - waited)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

/// One stretch of the feed, the cursor of its end, and whether there is nothing behind it yet.
fn stretch(
    reader: &mut Reader<'_>,
    from: Option<&Cursor>,
    filter: &EventFilter,
    limit: i64,
) -> Result<(Vec<FedEventRow>, Cursor, bool), Error> {
    // First the horizon, then the events: everything below it is there by then.
    let horizon = store::horizon(reader)?;
    let place = match from {
        // A cursor ahead of the horizon is from a history that a restore took back.
        Some(cursor) if cursor.epoch != horizon.epoch || cursor.xid > horizon.xmin => {
            return Err(ProblemCode::CursorExpired.into());
        }
        Some(cursor) => cursor.place(),
        None => FeedPlace::BEGINNING,
    };
    let stretch = store::after(reader, place, &horizon, filter, limit)?;
    let end = Cursor::at(stretch.end, horizon.epoch);
    Ok((stretch.events, end, stretch.is_last))
}

/// What a cursor of the feed holds. It belongs to no filter: the place is the same with any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    of: String,
    epoch: String,
    xid: i64,
    seq: i64,
}

/// What the cursors of the feed say they are of, so that those of listings do not pass.
const FEED: &str = "events";

impl Cursor {
    fn at(place: FeedPlace, epoch: String) -> Self {
        Self {
            of: FEED.to_owned(),
            epoch,
            xid: place.xid,
            seq: place.seq,
        }
    }

    fn place(&self) -> FeedPlace {
        FeedPlace {
            xid: self.xid,
            seq: self.seq,
        }
    }

    fn seal(&self, seal: &CursorSeal) -> Result<String, Error> {
        let bytes = serde_json::to_vec(self).or_internal()?;
        Ok(seal.seal(&bytes))
    }

    fn open(seal: &CursorSeal, cursor: Option<&str>) -> Result<Option<Self>, Error> {
        cursor
            .map(|cursor| {
                let bytes = seal.open(cursor).ok()?;
                let cursor: Self = serde_json::from_slice(&bytes).ok()?;
                (cursor.of == FEED).then_some(cursor)
            })
            .map(|opened| opened.ok_or_else(invalid))
            .transpose()
    }
}

fn invalid() -> Error {
    Problem::new(ProblemCode::InvalidCursor)
        .at(FieldError::parameter(
            "after",
            "is not a cursor of the change feed",
            "不是变更流的游标",
        ))
        .into()
}

/// Reads the seconds to wait: plain digits, 0 to 20.
fn wait_seconds<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let plain = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|seconds| plain && *seconds <= WAIT_SECONDS_MAX)
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom("wait is a number from 0 to 20"))
}

/// Reads a type of event. One that does not exist is refused: it would be waited for for ever.
fn event_type<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if EVENT_KINDS.iter().any(|kind| kind.name() == text) {
        Ok(Some(text))
    } else {
        Err(serde::de::Error::custom("type is a type of event"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKeys;

    fn seal() -> CursorSeal {
        let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
        CursorSeal::derive(&keys).unwrap()
    }

    #[test]
    fn a_cursor_comes_back_as_it_went_out() {
        let seal = seal();
        let cursor = Cursor::at(FeedPlace { xid: 742, seq: 9 }, "7.5".to_owned());
        let sealed = cursor.seal(&seal).unwrap();
        assert_eq!(Cursor::open(&seal, Some(&sealed)).unwrap(), Some(cursor));
        assert_eq!(Cursor::open(&seal, None).unwrap(), None);
    }

    #[test]
    fn cursors_of_anything_else_are_refused() {
        let seal = seal();
        for content in [
            r#"{"at":"01940c9e-7a3b-7d2c-8f00-3b9aca001234","of":"ab"}"#,
            r#"{"of":"other","epoch":"7.5","xid":1,"seq":1}"#,
            "",
        ] {
            let cursor = seal.seal(content.as_bytes());
            assert!(Cursor::open(&seal, Some(&cursor)).is_err(), "{content}");
        }
        assert!(Cursor::open(&seal, Some("")).is_err());
    }

    #[test]
    fn parameters_are_read_strictly() {
        let read = |query: &str| serde_urlencoded::from_str::<ReadEvents>(query);
        let values = read("wait=20&limit=200&type=customer.created").unwrap();
        assert_eq!((values.wait, values.limit), (Some(20), Some(200)));
        assert_eq!(values.kind.as_deref(), Some("customer.created"));
        for bad in [
            "wait=21",
            "wait=-1",
            "wait=%2B1",
            "wait=",
            "wait=1.5",
            "type=customer",
            "type=",
            "customer_id=1",
            "limit=0",
            "cursor=a",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
