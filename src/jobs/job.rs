//! What a job is.

use std::time::Duration;

use crate::error::Error;
use crate::platform::store::db::Db;

/// Something to be done again and again.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Name in the log.
    pub name: &'static str,
    /// Time between two rounds.
    pub every: Duration,
    /// Does one bounded batch and says whether there is more to do.
    pub batch: fn(&Db) -> Result<Progress, Error>,
}

/// How far a batch got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The batch was full; the next one may follow at once.
    More,
    /// Nothing is left for this round.
    Done,
}

impl Progress {
    /// Reads the progress off the number of rows that a batch of `limit` rows touched.
    pub fn of(rows: usize, limit: i64) -> Self {
        if usize::try_from(limit).is_ok_and(|limit| rows >= limit) {
            Self::More
        } else {
            Self::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_batch_means_that_there_may_be_more() {
        assert_eq!(Progress::of(1000, 1000), Progress::More);
        assert_eq!(Progress::of(999, 1000), Progress::Done);
        assert_eq!(Progress::of(0, 1000), Progress::Done);
    }
}
