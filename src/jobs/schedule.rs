//! When a job is due.

use std::time::{Duration, Instant};

use super::job::Progress;

/// The pause after the first failure; it doubles with each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);

/// The longest pause after failures.
const RETRY_MAX: Duration = Duration::from_secs(300);

/// When one job is due next.
#[derive(Debug)]
pub(super) struct Schedule {
    every: Duration,
    due: Instant,
    failures: u32,
}

impl Schedule {
    /// Due at once: a service that starts has a backlog, not a minute of peace.
    pub(super) fn new(every: Duration, now: Instant) -> Self {
        Self {
            every,
            due: now,
            failures: 0,
        }
    }

    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    pub(super) fn succeeded(&mut self, progress: Progress, now: Instant) {
        self.failures = 0;
        self.due = match progress {
            Progress::More => now,
            Progress::Done => now + self.every,
        };
    }

    /// Returns the pause until the next attempt.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        let doubled = RETRY_MIN.saturating_mul(1 << self.failures.min(16));
        let pause = doubled.min(RETRY_MAX).min(self.every.max(RETRY_MIN));
        self.failures = self.failures.saturating_add(1);
        self.due = now + pause;
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_full_batch_is_followed_at_once_and_the_last_one_after_the_interval() {
        let now = Instant::now();
        let mut schedule = Schedule::new(HOUR, now);
        assert_eq!(schedule.wait(now), Duration::ZERO);
        schedule.succeeded(Progress::More, now);
        assert_eq!(schedule.wait(now), Duration::ZERO);
        schedule.succeeded(Progress::Done, now);
        assert_eq!(schedule.wait(now), HOUR);
        assert_eq!(schedule.wait(now + HOUR * 2), Duration::ZERO);
    }

    #[test]
    fn failures_are_retried_with_growing_pauses_until_one_succeeds() {
        let now = Instant::now();
        let mut schedule = Schedule::new(HOUR, now);
        let pauses: Vec<u64> = (0..12).map(|_| schedule.failed(now).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        schedule.succeeded(Progress::Done, now);
        assert_eq!(schedule.failed(now).as_secs(), 1);
    }

    #[test]
    fn a_retry_never_waits_longer_than_the_next_round_would() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Duration::from_secs(5), now);
        let pauses: Vec<u64> = (0..5).map(|_| schedule.failed(now).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
    }
}
