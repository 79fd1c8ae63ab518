//! What comes of a command: in the ledger, on record, and in words.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::commands::NewReservation;
use super::reusing::reference_reused;
use crate::error::{Error, OrInternal, Problem};
use crate::exposure::app::ledger::Behind;
use crate::exposure::domain::events;
use crate::exposure::store::counted::claim;
use crate::exposure::store::reservations::ReservationRow;
use crate::platform::store::tx::Tx;
use crate::values::event_kinds::EventKind;
use crate::values::ids::ReservationId;
use crate::values::money::Money;

/// Days a reservation is held when the caller does not say.
pub const HOLD_DAYS_DEFAULT: i64 = 7;
/// Days a reservation may be held at most.
pub const HOLD_DAYS_MAX: i64 = 366;

pub(super) fn part_of(row: &ReservationRow, minor: i64) -> Result<Money, Error> {
    let currency = claim(row)?.amount.currency();
    Money::new(minor, currency).or_internal()
}

pub(super) fn behind(id: ReservationId) -> Behind {
    Behind {
        reservation_id: Some(id.uuid()),
        ..Behind::default()
    }
}

/// In what a request differs from the reservation that its reference names already; `None` when it
/// asks for the same.
pub(super) fn differences(known: &ReservationRow, new: &NewReservation) -> Option<Problem> {
    let same = [
        ("product", known.product == new.product),
        ("amount", known.amount_minor == new.asked.amount.minor()),
        ("currency", known.currency == new.asked.amount.currency()),
        ("deposit", known.deposit_minor == new.asked.deposit_minor),
        (
            "expires_at",
            new.expires_at.is_none_or(|asked| asked == known.expires_at),
        ),
    ];
    reference_reused(known, &same)
}

/// When it expires where the caller does not say.
pub(super) fn default_expiry(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::days(HOLD_DAYS_DEFAULT)
}

/// When it expires, as the caller asks.
pub(super) fn expiry(
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    if expires_at <= now {
        return Err(Problem::field("expires_at", "is not in the future", "不在未来").into());
    }
    if expires_at > now + TimeDelta::days(HOLD_DAYS_MAX) {
        return Err(
            Problem::field("expires_at", "is more than 366 days away", "超过 366 天").into(),
        );
    }
    Ok(expires_at)
}

/// What became of a reservation, as audit entries and events call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    action: &'static str,
    kind: EventKind,
}

impl Done {
    pub(super) const CREATED: Self = Self {
        kind: events::RESERVATION_CREATED,
        action: "reservation.create",
    };
    pub(super) const CAPTURED: Self = Self {
        kind: events::RESERVATION_CAPTURED,
        action: "reservation.capture",
    };
    pub(super) const RELEASED: Self = Self {
        kind: events::RESERVATION_RELEASED,
        action: "reservation.release",
    };
    pub(super) const AMENDED: Self = Self {
        kind: events::RESERVATION_AMENDED,
        action: "reservation.amend",
    };
}

pub(super) fn record(
    tx: &mut Tx<'_>,
    done: Done,
    row: &ReservationRow,
    amount_minor: i64,
) -> Result<(), Error> {
    let mut details = json!({
        "customer_id": row.customer_id, "product": row.product, "reference": row.reference,
        "currency": row.currency, "amount_minor": amount_minor, "status": row.status.as_str(),
    });
    if let Some(stated) = &row.stated_documents {
        details["stated_documents"] = stated.clone();
    }
    tx.tell(done.action, done.kind, row, details)
}
