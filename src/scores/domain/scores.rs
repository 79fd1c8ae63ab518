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

/// A score as it comes from elsewhere.
#[derive(Debug, Clone)]
pub struct Score {
    /// Grade.
    pub grade: Grade,
    /// Day of the score.
    pub scored_on: NaiveDate,
    /// Last day it may be relied on.
    pub valid_until: NaiveDate,
    /// Where it comes from.
    pub source: String,
}

impl Score {
    /// What decisions see of it.
    pub fn facts(&self) -> ScoreFacts {
        ScoreFacts {
            grade: self.grade,
            scored_on: self.scored_on,
            valid_until: self.valid_until,
        }
    }
}
