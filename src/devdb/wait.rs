//! Waiting for something outside this process that cannot wake us.

use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The pause between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Looks again and again until `look` answers or `limit` has passed (then `None`).
///
/// It looks at least once, and once more at the very end.
///
/// # Errors
///
/// The first error of `look` ends the waiting.
pub(super) fn poll<T, E>(
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    // The sender lives as long as the loop, so that every receive runs into its limit.
    let (_nobody, pause) = mpsc::channel::<()>();
    let begun = Instant::now();
    loop {
        let last_look = begun.elapsed() >= limit;
        let seen = look()?;
        if seen.is_some() || last_look {
            return Ok(seen);
        }
        // The answer is always that nothing came in time; the pause is the purpose.
        let _elapsed = pause.recv_timeout(POLL_INTERVAL);
    }
}

/// As [`poll`], for a question that is answered by yes.
pub(super) fn until(limit: Duration, mut look: impl FnMut() -> bool) -> bool {
    let seen: Result<_, std::convert::Infallible> = poll(limit, || Ok(look().then_some(())));
    matches!(seen, Ok(Some(())))
}
