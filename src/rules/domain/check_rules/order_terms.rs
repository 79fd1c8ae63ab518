//! What an order brings along.

use std::collections::BTreeSet;

use chrono::NaiveDate;

/// What an order brings along beside its amount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderTerms {
    /// Day on which it ships, where that is not today.
    pub ship_on: Option<NaiveDate>,
    /// Last day on which it is to be held, where the caller says so.
    pub held_until: Option<NaiveDate>,
    /// Last day on which it is held, where the caller leaves that open: no longer than it fits.
    pub held_at_most: Option<NaiveDate>,
    /// Types of documents it carries.
    pub documents: BTreeSet<String>,
    /// What it is worth already, where more of it is asked for: minor units of its currency.
    pub worth_minor: i64,
}

impl OrderTerms {
    /// The days that are asked about: today, and later ones in their order.
    pub fn days(&self, today: NaiveDate) -> Vec<NaiveDate> {
        let later = self.ship_on.into_iter().chain(self.held_until);
        let mut days: Vec<NaiveDate> = later.filter(|day| *day > today).collect();
        days.push(today);
        days.sort_unstable();
        days.dedup();
        days
    }
}
