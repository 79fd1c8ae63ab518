//! Restrictions of customers: facts with their days, which end early only by another fact.

use chrono::NaiveDate;

use crate::error::days::WrongDay;

crate::text_enum! {
    /// What a customer is restricted from.
    pub enum RestrictionKind {
        /// No new business on credit at all.
        Exclusion = "exclusion",
        /// No supply on credit, as far as the rule set says.
        SupplyHold = "supply_hold",
    }
}

/// Whether a restriction with these days can be recorded on a day.
///
/// # Errors
/// What is wrong with the last one: where it has passed, there is nothing to restrict any more.
pub fn recordable(
    from: NaiveDate,
    until: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<(), WrongDay> {
    match until {
        Some(until) if until < from => Err(WrongDay::Before("from")),
        Some(until) if until < today => Err(WrongDay::Past),
        _ => Ok(()),
    }
}

/// Whether it holds on a day: its first and last day count, and the day on which it was ended does
/// not any more.
pub fn holds_on(
    from: NaiveDate,
    until: Option<NaiveDate>,
    ended_on: Option<NaiveDate>,
    day: NaiveDate,
) -> bool {
    from <= day && until.is_none_or(|last| day <= last) && ended_on.is_none_or(|end| day < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    #[test]
    fn the_first_and_the_last_day_count_and_the_day_of_an_end_does_not() {
        let holds = |on| holds_on(day(5), Some(day(9)), None, day(on));
        assert_eq!([4, 5, 9, 10].map(holds), [false, true, true, false]);
        let ended = |on| holds_on(day(5), None, Some(day(7)), day(on));
        assert_eq!([5, 6, 7, 8].map(ended), [true, true, false, false]);
    }

    #[test]
    fn what_is_over_or_upside_down_is_not_recorded() {
        assert_eq!(recordable(day(1), None, day(5)), Ok(()));
        assert_eq!(recordable(day(1), Some(day(5)), day(5)), Ok(()));
        assert_eq!(
            recordable(day(1), Some(day(4)), day(5)),
            Err(WrongDay::Past)
        );
        assert_eq!(
            recordable(day(6), Some(day(5)), day(5)),
            Err(WrongDay::Before("from"))
        );
    }
}
