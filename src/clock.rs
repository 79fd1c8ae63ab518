//! The only caller of `now()`. Everything else is told what time it is.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;

/// A source of the current instant.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// In microseconds, because that is what PostgreSQL keeps: an instant in the answer to a
    /// write is the one that is read back later.
    #[expect(clippy::disallowed_methods, reason = "this is the one home of now()")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// A clock that stands still until it is told to move: for tests and for loading a year of
/// sample business.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// A clock that shows `instant`.
    pub fn at(instant: DateTime<Utc>) -> Self {
        Self(AtomicI64::new(instant.timestamp_micros()))
    }

    /// Sets the clock.
    pub fn set(&self, instant: DateTime<Utc>) {
        self.0.store(instant.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.0
            .fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// The business date at `instant` in the time zone of the company.
pub fn business_date(instant: DateTime<Utc>, time_zone: Tz) -> NaiveDate {
    instant.with_timezone(&time_zone).date_naive()
}

/// The instant at which the day after a business date begins.
pub fn end_of(day: NaiveDate, time_zone: Tz) -> DateTime<Utc> {
    let next = (day + TimeDelta::days(1)).and_time(NaiveTime::MIN);
    next.and_local_timezone(time_zone)
        .earliest()
        .map_or_else(|| next.and_utc(), |local| local.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_date_turns_over_at_local_midnight() {
        let before = DateTime::parse_from_rfc3339("2026-01-01T15:59:59Z")
            .unwrap()
            .to_utc();
        let after = DateTime::parse_from_rfc3339("2026-01-01T16:00:00Z")
            .unwrap()
            .to_utc();
        assert_eq!(
            business_date(before, chrono_tz::Asia::Shanghai).to_string(),
            "2026-01-01"
        );
        assert_eq!(
            business_date(after, chrono_tz::Asia::Shanghai).to_string(),
            "2026-01-02"
        );
    }
}
