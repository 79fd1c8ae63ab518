//! Figures of the company itself, each true of a day.

use chrono::NaiveDate;

crate::text_enum! {
    /// A figure of the company.
    pub enum CompanyFigureKind {
        /// What the company owns less what it owes; concentration is measured against it (P02).
        NetCapital = "net_capital",
    }
}

/// Why a figure cannot be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FigureRefusal {
    /// What is still to come is a plan, not a figure.
    #[error("must not be later than today")]
    OfTheFuture,
}

/// Whether a figure of the day `as_of` can be recorded.
///
/// # Errors
/// [`FigureRefusal::OfTheFuture`] after `today`.
pub fn recordable(as_of: NaiveDate, today: NaiveDate) -> Result<(), FigureRefusal> {
    if as_of > today {
        return Err(FigureRefusal::OfTheFuture);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_of_today_or_earlier() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        assert_eq!(recordable(day(1), day(2)), Ok(()));
        assert_eq!(recordable(day(2), day(2)), Ok(()));
        assert_eq!(recordable(day(3), day(2)), Err(FigureRefusal::OfTheFuture));
    }
}
