//! Grades of customers, and how long a score may be relied on.

use chrono::NaiveDate;

crate::text_enum! {
    /// Grade of a customer, the best first (P14).
    pub enum Grade {
        /// Excellent.
        A = "A",
        /// Good.
        B = "B",
        /// Weak.
        C = "C",
        /// Cash only.
        D = "D",
    }
}

/// A score as decisions see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreFacts {
    /// Grade.
    pub grade: Grade,
    /// Day of the score.
    pub scored_on: NaiveDate,
    /// Last day it may be relied on.
    pub valid_until: NaiveDate,
}
