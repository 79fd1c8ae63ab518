//! Credit groups: customers that are one risk, and since when until when they belong together.

use chrono::NaiveDate;

crate::identifiers! {
    /// A membership of a customer in a credit group.
    MembershipEntity, MembershipId, "credit_group_member", "credit-group-members", "member_id";
}

crate::text_enum! {
    /// Why the members of a group belong together (P02.2.9, P12).
    pub enum GroupBasis {
        /// One actual controller.
        Control = "control",
        /// One set of consolidated accounts.
        Consolidation = "consolidation",
    }
}

crate::text_enum! {
    /// How the ceiling of a group bounds its members.
    pub enum GroupLimitMode {
        /// The members share it.
        Pooled = "pooled",
        /// It bounds each member by itself, beside the member's own limits.
        PerMemberMinimum = "per_member_minimum",
        /// It bounds each member that has no unified limit of its own.
        Fallback = "fallback",
    }
}

/// Days of membership, both ends included; open until somebody records the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembershipDays {
    /// First day.
    pub from: NaiveDate,
    /// Last day, empty while it lasts.
    pub until: Option<NaiveDate>,
}

/// Why a membership cannot begin or end on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DayRefusal {
    /// Exposure moves when the membership is recorded, not on a later day.
    #[error("is in the future: a membership takes effect when it is recorded")]
    BeginsInFuture,
    /// Exposure moves when the end is recorded, on no other day.
    #[error("must be today: a membership ends when its end is recorded")]
    EndsOnAnotherDay,
}

impl MembershipDays {
    /// A membership that begins on `from`.
    ///
    /// # Errors
    /// [`DayRefusal::BeginsInFuture`] after `today`.
    pub fn beginning(from: NaiveDate, today: NaiveDate) -> Result<Self, DayRefusal> {
        if from > today {
            return Err(DayRefusal::BeginsInFuture);
        }
        Ok(Self { from, until: None })
    }

    /// The membership with `until` as its last day.
    ///
    /// # Errors
    /// [`DayRefusal::EndsOnAnotherDay`] for any day but `today`.
    pub fn ending(self, until: NaiveDate, today: NaiveDate) -> Result<Self, DayRefusal> {
        if until != today {
            return Err(DayRefusal::EndsOnAnotherDay);
        }
        Ok(Self {
            until: Some(until),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    #[test]
    fn a_membership_begins_today_or_earlier() {
        let today = day(10);
        for (from, expected) in [
            (day(1), Ok(())),
            (today, Ok(())),
            (day(11), Err(DayRefusal::BeginsInFuture)),
        ] {
            let begun = MembershipDays::beginning(from, today);
            let expected = expected.map(|()| None);
            assert_eq!(begun.map(|days| days.until), expected, "{from}");
        }
    }

    #[test]
    fn a_membership_ends_today() {
        let today = day(10);
        let membership = MembershipDays::beginning(day(5), today).unwrap();
        for (until, expected) in [
            (day(5), Err(DayRefusal::EndsOnAnotherDay)),
            (today, Ok(Some(today))),
            (day(11), Err(DayRefusal::EndsOnAnotherDay)),
        ] {
            let ended = membership.ending(until, today);
            assert_eq!(ended.map(|days| days.until), expected, "{until}");
        }
    }
}
