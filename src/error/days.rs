//! Rules about days that a caller gives, each with one wording in each language.

use chrono::NaiveDate;

use super::{Bilingual, Error, FieldError, Problem};

/// What is wrong with a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongDay {
    /// It is after today.
    Future,
    /// It is before today.
    Past,
    /// It is today or before.
    NotFuture,
    /// It is before the day of another field.
    Before(&'static str),
    /// It is too many days after the day of another field.
    TooLong(i64, &'static str),
}

impl WrongDay {
    /// In words.
    pub fn words(self) -> Bilingual {
        match self {
            Self::Future => Bilingual::new("is in the future", "不得晚于今天"),
            Self::Past => Bilingual::new("is in the past", "不得早于今天"),
            Self::NotFuture => Bilingual::new("is not in the future", "须晚于今天"),
            Self::Before(field) => {
                Bilingual::new(format!("is before {field}"), format!("不得早于 {field}"))
            }
            Self::TooLong(days, field) => Bilingual::new(
                format!("is more than {days} days after {field}"),
                format!("距 {field} 不得超过 {days} 天"),
            ),
        }
    }

    /// The problem of a field of the body.
    pub fn at(self, field: &str) -> Problem {
        let Bilingual { en, zh } = self.words();
        Problem::field(field, en, zh)
    }

    /// What is wrong with a query parameter.
    pub fn at_parameter(self, name: &str) -> FieldError {
        let Bilingual { en, zh } = self.words();
        FieldError::parameter(name, en, zh)
    }
}

/// The day of a fact: today or before.
///
/// # Errors
/// 422 for the field.
pub fn not_after_today(field: &str, day: NaiveDate, today: NaiveDate) -> Result<(), Error> {
    hold(day <= today, WrongDay::Future, field)
}

/// The day of something to come: today or later.
///
/// # Errors
/// 422 for the field.
pub fn not_before_today(field: &str, day: NaiveDate, today: NaiveDate) -> Result<(), Error> {
    hold(day >= today, WrongDay::Past, field)
}

/// A day that has not begun.
///
/// # Errors
/// 422 for the field.
pub fn after_today(field: &str, day: NaiveDate, today: NaiveDate) -> Result<(), Error> {
    hold(day > today, WrongDay::NotFuture, field)
}

/// The last day of a window, not before its first, each with its field.
///
/// # Errors
/// 422 for the field of the last day.
pub fn window(
    (first_field, first): (&'static str, NaiveDate),
    (last_field, last): (&str, NaiveDate),
) -> Result<(), Error> {
    hold(last >= first, WrongDay::Before(first_field), last_field)
}

/// The last day of a window, at most so many days after its first.
///
/// # Errors
/// 422 for the field of the last day.
pub fn at_most_days(
    days: i64,
    first: (&'static str, NaiveDate),
    last: (&str, NaiveDate),
) -> Result<(), Error> {
    let long = (last.1 - first.1).num_days();
    hold(long <= days, WrongDay::TooLong(days, first.0), last.0)
}

fn hold(holds: bool, wrong: WrongDay, field: &str) -> Result<(), Error> {
    if holds {
        Ok(())
    } else {
        Err(wrong.at(field).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    fn refusal(found: Result<(), Error>) -> Option<Problem> {
        let problem = found.err()?.into_refusal();
        Some(*problem.expect("a refusal that may stand"))
    }

    fn at_until(expected: Result<(), WrongDay>) -> Option<Problem> {
        expected.err().map(|wrong| wrong.at("until"))
    }

    #[test]
    fn the_edges_of_every_rule() {
        let today = day(10);
        for (rule, allowed) in [
            (
                not_after_today as fn(&str, NaiveDate, NaiveDate) -> Result<(), Error>,
                [true, true, false],
            ),
            (not_before_today, [false, true, true]),
            (after_today, [false, false, true]),
        ] {
            let found = [9, 10, 11].map(|given| rule("day", day(given), today).is_ok());
            assert_eq!(found, allowed);
        }
        for (last, ordered, short) in [
            (8, Err(WrongDay::Before("from")), Ok(())),
            (9, Ok(()), Ok(())),
            (11, Ok(()), Ok(())),
            (12, Ok(()), Err(WrongDay::TooLong(2, "from"))),
        ] {
            let days = (("from", day(9)), ("until", day(last)));
            assert_eq!(refusal(window(days.0, days.1)), at_until(ordered));
            assert_eq!(refusal(at_most_days(2, days.0, days.1)), at_until(short));
        }
    }
}
