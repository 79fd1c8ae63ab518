//! Receivables: what is owed, due when, and what state it is in on a day.

use chrono::{NaiveDate, TimeDelta};

crate::text_enum! {
    /// State of a receivable on a day. Overdue follows from the date alone.
    pub enum ReceivableStatus {
        /// Nothing paid, not yet due.
        Open = "open",
        /// Partly paid, not yet due.
        PartlyPaid = "partly_paid",
        /// Paid in full.
        Paid = "paid",
        /// Something is owed after the due date.
        Overdue = "overdue",
        /// The customer disputes it.
        Disputed = "disputed",
        /// Given up.
        WrittenOff = "written_off",
    }
}

/// Longest payment term, in calendar days.
pub const PAYMENT_TERM_DAYS_MAX: i32 = 3650;

/// Due date: the start plus the term in calendar days (P02: holidays never excuse lateness).
/// `None` when the term is out of range.
pub fn due_on(issued_on: NaiveDate, payment_term_days: i32) -> Option<NaiveDate> {
    (0..=PAYMENT_TERM_DAYS_MAX)
        .contains(&payment_term_days)
        .then(|| issued_on.checked_add_signed(TimeDelta::days(i64::from(payment_term_days))))
        .flatten()
}

/// State on a day: paid before everything, then a dispute, then lateness.
pub fn status_on(
    amount_minor: i64,
    outstanding_minor: i64,
    due: NaiveDate,
    disputed: bool,
    day: NaiveDate,
) -> ReceivableStatus {
    if outstanding_minor == 0 {
        ReceivableStatus::Paid
    } else if disputed {
        ReceivableStatus::Disputed
    } else if day > due {
        ReceivableStatus::Overdue
    } else if outstanding_minor < amount_minor {
        ReceivableStatus::PartlyPaid
    } else {
        ReceivableStatus::Open
    }
}

/// Days overdue on a day: day 1 is the day after the due date; 0 when paid or not yet due.
pub fn overdue_days(outstanding_minor: i64, due: NaiveDate, day: NaiveDate) -> i64 {
    if outstanding_minor == 0 {
        0
    } else {
        (day - due).num_days().max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn terms_are_calendar_days_over_leap_days_and_year_ends() {
        assert_eq!(due_on(day("2024-01-31"), 30), Some(day("2024-03-01")));
        assert_eq!(due_on(day("2025-12-31"), 1), Some(day("2026-01-01")));
        assert_eq!(due_on(day("2026-01-01"), 0), Some(day("2026-01-01")));
        assert_eq!(due_on(day("2026-01-01"), -1), None);
        assert_eq!(due_on(day("2026-01-01"), 3651), None);
    }

    #[test]
    fn overdue_begins_the_day_after_the_due_date() {
        let due = day("2026-03-31");
        assert_eq!(status_on(100, 100, due, false, due), ReceivableStatus::Open);
        assert_eq!(
            status_on(100, 40, due, false, due),
            ReceivableStatus::PartlyPaid
        );
        assert_eq!(
            status_on(100, 40, due, false, day("2026-04-01")),
            ReceivableStatus::Overdue
        );
        assert_eq!(
            status_on(100, 40, due, true, day("2026-04-01")),
            ReceivableStatus::Disputed
        );
        assert_eq!(
            status_on(100, 0, due, true, day("2026-04-01")),
            ReceivableStatus::Paid
        );
        assert_eq!(overdue_days(1, due, day("2026-04-01")), 1);
        assert_eq!(overdue_days(0, due, day("2027-04-01")), 0);
    }

    proptest! {
        #[test]
        fn lateness_and_days_overdue_agree(outstanding in 0..100_i64, shift in -400..400_i64) {
            let due = day("2026-03-31");
            let today = due + TimeDelta::days(shift);
            let late = status_on(100, outstanding, due, false, today) == ReceivableStatus::Overdue;
            prop_assert_eq!(late, overdue_days(outstanding, due, today) > 0);
        }
    }
}
