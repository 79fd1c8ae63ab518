//! When the keys of one issuer are fetched next. Pure: every instant is passed in.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The limits of fetching: when it is done, how long it may take and from where.
#[derive(Debug, Clone)]
pub struct RefreshSettings {
    /// The longest one fetch may take, from name lookup to the last byte.
    pub timeout: Duration,
    /// The shortest time between planned fetches, whatever `Cache-Control` says. It is also
    /// the interval when the header says nothing.
    pub interval_min: Duration,
    /// The longest time between planned fetches.
    pub interval_max: Duration,
    /// The pause after the first failure; it doubles with each further one.
    pub retry_min: Duration,
    /// The longest pause after failures.
    pub retry_max: Duration,
    /// The shortest time between two fetches that unknown keys asked for.
    pub on_demand_spacing: Duration,
    /// Whether plain HTTP is good enough for an address on this machine.
    pub allow_http_to_loopback: bool,
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            interval_min: Duration::from_secs(5 * 60),
            interval_max: Duration::from_secs(24 * 60 * 60),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            on_demand_spacing: Duration::from_secs(30),
            allow_http_to_loopback: false,
        }
    }
}

/// The plan for one issuer.
///
/// It runs on the wall clock, which may be set back. A plan made in the future is void, so
/// that a corrected clock cannot put a fetch off for as long as the clock was wrong.
pub(super) struct Schedule {
    next: Option<Planned>,
    last_on_demand: Option<DateTime<Utc>>,
    failures: u32,
}

#[derive(Clone, Copy)]
struct Planned {
    made_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

impl Schedule {
    /// A plan whose first fetch is due at once.
    pub(super) fn new() -> Self {
        Self {
            next: None,
            last_on_demand: None,
            failures: 0,
        }
    }

    /// How long until the next fetch; zero if it is due. `requested` says that somebody saw an
    /// unknown key, which counts once per `on_demand_spacing`.
    pub(super) fn wait(
        &self,
        now: DateTime<Utc>,
        requested: bool,
        settings: &RefreshSettings,
    ) -> Duration {
        let planned = self.next.map_or(Duration::ZERO, |next| next.wait(now));
        if requested {
            planned.min(self.on_demand_wait(now, settings))
        } else {
            planned
        }
    }

    /// Remembers that a fetch begins, and whether it is ahead of the plan.
    pub(super) fn begin(&mut self, now: DateTime<Utc>) {
        if self
            .next
            .is_some_and(|next| next.wait(now) > Duration::ZERO)
        {
            self.last_on_demand = Some(now);
        }
    }

    /// The next fetch after a good one.
    pub(super) fn succeeded(
        &mut self,
        now: DateTime<Utc>,
        max_age: Option<Duration>,
        settings: &RefreshSettings,
    ) {
        let interval = max_age
            .unwrap_or(settings.interval_min)
            .clamp(settings.interval_min, settings.interval_max);
        self.failures = 0;
        self.plan(now, interval);
    }

    /// The next fetch after a failed one: the pause doubles each time, up to a limit.
    pub(super) fn failed(&mut self, now: DateTime<Utc>, settings: &RefreshSettings) {
        let doubled = settings
            .retry_min
            .saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.plan(now, doubled.min(settings.retry_max));
    }

    fn plan(&mut self, now: DateTime<Utc>, pause: Duration) {
        self.next = Some(Planned {
            made_at: now,
            due_at: later(now, pause),
        });
    }

    fn on_demand_wait(&self, now: DateTime<Utc>, settings: &RefreshSettings) -> Duration {
        self.last_on_demand.map_or(Duration::ZERO, |made_at| {
            Planned {
                made_at,
                due_at: later(made_at, settings.on_demand_spacing),
            }
            .wait(now)
        })
    }
}

impl Planned {
    fn wait(self, now: DateTime<Utc>) -> Duration {
        if now < self.made_at {
            return Duration::ZERO;
        }
        (self.due_at - now).to_std().unwrap_or(Duration::ZERO)
    }
}

fn later(from: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    let pause = TimeDelta::from_std(pause).unwrap_or(TimeDelta::MAX);
    from.checked_add_signed(pause)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn after_success(max_age: Option<Duration>) -> (Schedule, RefreshSettings) {
        let (mut schedule, settings) = (Schedule::new(), RefreshSettings::default());
        schedule.succeeded(at(0), max_age, &settings);
        (schedule, settings)
    }

    #[test]
    fn the_first_fetch_is_due_at_once() {
        assert_eq!(
            Schedule::new().wait(at(0), false, &RefreshSettings::default()),
            Duration::ZERO
        );
    }

    #[test]
    fn the_interval_is_max_age_within_bounds() {
        for (max_age, expected) in [
            (None, 5 * MINUTE),
            (Some(Duration::ZERO), 5 * MINUTE),
            (Some(10 * MINUTE), 10 * MINUTE),
            (Some(Duration::from_secs(u64::MAX)), 24 * 60 * MINUTE),
        ] {
            let (schedule, settings) = after_success(max_age);
            assert_eq!(
                schedule.wait(at(0), false, &settings),
                expected,
                "{max_age:?}"
            );
        }
    }

    #[test]
    fn the_pause_after_failures_doubles_up_to_a_minute() {
        let (mut schedule, settings) = after_success(None);
        let mut pauses = Vec::new();
        for _ in 0..40 {
            schedule.failed(at(0), &settings);
            pauses.push(schedule.wait(at(0), false, &settings).as_secs());
        }
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses[39], 60);
        schedule.succeeded(at(0), None, &settings);
        schedule.failed(at(0), &settings);
        assert_eq!(schedule.wait(at(0), false, &settings), SECOND);
    }

    #[test]
    fn a_request_is_served_at_once_and_then_only_after_the_spacing() {
        let (mut schedule, settings) = after_success(None);
        assert_eq!(schedule.wait(at(10), true, &settings), Duration::ZERO);
        schedule.begin(at(10));
        schedule.succeeded(at(10), None, &settings);
        assert_eq!(schedule.wait(at(11), true, &settings), 29 * SECOND);
        assert_eq!(schedule.wait(at(40), true, &settings), Duration::ZERO);
        assert_eq!(schedule.wait(at(40), false, &settings), 270 * SECOND);
    }

    #[test]
    fn a_planned_fetch_does_not_use_up_the_request() {
        let (mut schedule, settings) = after_success(None);
        schedule.begin(at(300));
        schedule.succeeded(at(300), None, &settings);
        assert_eq!(schedule.wait(at(301), true, &settings), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_the_fetch_due() {
        let (mut schedule, settings) = after_success(Some(24 * 60 * MINUTE));
        assert_eq!(schedule.wait(at(-1), false, &settings), Duration::ZERO);
        schedule.begin(at(10));
        schedule.succeeded(at(-100), None, &settings);
        assert_eq!(schedule.wait(at(-50), true, &settings), Duration::ZERO);
    }
}
