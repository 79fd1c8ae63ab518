//! Grades of customers, and how long a score may be relied on.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
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

crate::text_enum! {
    /// What a customer, or a group by its members, is taken for: a grade, or that none may be relied
    /// on. The best first.
    pub enum Rating {
        /// Excellent.
        A = "A",
        /// Good.
        B = "B",
        /// Weak.
        C = "C",
        /// There is no score, or it has run out.
        Ungraded = "ungraded",
        /// Cash only.
        D = "D",
    }
}

impl Rating {
    /// What a score stands for on a day. Run out it is as none, and never better than it was.
    pub fn of(score: Option<ScoreFacts>, day: NaiveDate) -> Self {
        let Some(score) = score else {
            return Self::Ungraded;
        };
        match score.grade {
            Grade::D => Self::D,
            _ if !score.holds_on(day) => Self::Ungraded,
            Grade::A => Self::A,
            Grade::B => Self::B,
            Grade::C => Self::C,
        }
    }

    /// What all of them are taken for together: the weakest. Nobody is known to be good.
    pub fn weakest(scores: &[Option<ScoreFacts>], day: NaiveDate) -> Self {
        let each = scores.iter().map(|score| Self::of(*score, day));
        each.max().unwrap_or(Self::Ungraded)
    }
}

impl Grade {
    /// What a customer counts as without a score that may be relied on, where nobody says something
    /// else: no better than the worst that is known.
    pub const UNGRADED: Self = Self::D;
}

impl ScoreFacts {
    /// Whether it may be relied on, on a day.
    pub fn holds_on(self, day: NaiveDate) -> bool {
        day <= self.valid_until
    }

    /// The grade that it stands for on a day. Run out it is as none, and never better than it was.
    fn on(self, day: NaiveDate) -> Grade {
        match self.holds_on(day) {
            true => self.grade,
            false => self.grade.max(Grade::UNGRADED),
        }
    }
}

/// Whether more passes by a new score than by the one that is known, on its day or on a later one.
pub fn loosens(known: Option<ScoreFacts>, new: ScoreFacts) -> bool {
    let Some(known) = known else {
        return new.grade < Grade::UNGRADED;
    };
    // One of an earlier day than the one that is known changes nothing.
    if new.scored_on < known.scored_on {
        return false;
    }
    // The known one changes once, when it has run out; the new one only gets worse.
    let days = [Some(new.scored_on), known.valid_until.succ_opt()];
    let later = days
        .into_iter()
        .flatten()
        .filter(|day| *day >= new.scored_on);
    later.into_iter().any(|day| new.on(day) < known.on(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(grade: Grade, [scored_on, valid_until]: [&str; 2]) -> ScoreFacts {
        ScoreFacts {
            grade,
            scored_on: scored_on.parse().unwrap(),
            valid_until: valid_until.parse().unwrap(),
        }
    }

    #[test]
    fn a_score_that_has_run_out_is_as_none_and_never_better_than_it_was() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let of = |grade| Some(score(grade, ["2026-01-01", "2026-06-30"]));
        for (grade, valid, run_out) in [
            (Grade::A, Rating::A, Rating::Ungraded),
            (Grade::B, Rating::B, Rating::Ungraded),
            (Grade::C, Rating::C, Rating::Ungraded),
            (Grade::D, Rating::D, Rating::D),
        ] {
            assert_eq!(Rating::of(of(grade), day("2026-06-30")), valid);
            assert_eq!(Rating::of(of(grade), day("2026-07-01")), run_out);
        }
        let today = day("2026-03-01");
        for (scores, expected) in [
            (vec![], Rating::Ungraded),
            (vec![None], Rating::Ungraded),
            (vec![of(Grade::A), of(Grade::C)], Rating::C),
            (vec![of(Grade::A), None], Rating::Ungraded),
            (vec![None, of(Grade::D)], Rating::D),
        ] {
            assert_eq!(Rating::weakest(&scores, today), expected, "{scores:?}");
        }
    }

    #[test]
    fn what_is_better_or_good_for_longer_loosens() {
        use Grade::{A, B, C, D};
        let known = |grade| Some(score(grade, ["2026-01-01", "2026-06-30"]));
        let new = |grade, until| score(grade, ["2026-03-01", until]);
        for (before, after, expected) in [
            (None, new(A, "2026-12-31"), true),
            (None, new(B, "2026-12-31"), true),
            (None, new(C, "2026-12-31"), true),
            (None, new(D, "2026-12-31"), false),
            (known(B), new(A, "2026-06-30"), true),
            (known(B), new(B, "2026-06-30"), false),
            (known(B), new(B, "2026-07-01"), true),
            (known(A), new(B, "2026-06-30"), false),
            (known(A), new(B, "2026-12-31"), true),
            (known(A), new(C, "2026-06-30"), false),
            (known(A), new(C, "2026-12-31"), true),
            (known(C), new(C, "2026-06-30"), false),
            (known(C), new(C, "2027-12-31"), true),
            (known(D), new(C, "2026-03-01"), true),
            (known(D), new(D, "2027-12-31"), false),
            // Earlier than what is known.
            (known(D), score(A, ["2025-12-31", "2026-12-31"]), false),
            // What is known has run out.
            (
                Some(score(A, ["2025-01-01", "2025-12-31"])),
                new(B, "2026-12-31"),
                true,
            ),
            (
                Some(score(D, ["2025-01-01", "2025-12-31"])),
                new(C, "2026-12-31"),
                true,
            ),
        ] {
            assert_eq!(loosens(before, after), expected, "{before:?} {after:?}");
        }
    }
}
