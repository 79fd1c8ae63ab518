//! Reservations: how much of one can still be captured or released.

use chrono::{DateTime, Utc};

use crate::catalogue::domain::counted::Part;
use crate::error_codes::ProblemCode;

crate::text_enum! {
    /// Where a reservation stands. Once resolved, how its last part was.
    pub enum ReservationStatus {
        /// Something is still set aside.
        Held = "held",
        /// The last part became a receivable.
        Captured = "captured",
        /// The last part was given back.
        Released = "released",
        /// The last part went back by expiry.
        Expired = "expired",
    }
}

/// A reservation as decisions see it, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationFacts {
    /// Set aside at first.
    pub amount_minor: i64,
    /// Turned into receivables.
    pub captured_minor: i64,
    /// Given back.
    pub released_minor: i64,
    /// Given back by expiry.
    pub expired_minor: i64,
    /// Stored status.
    pub status: ReservationStatus,
    /// From here on the rest counts as given back.
    pub expires_at: DateTime<Utc>,
}

/// A reservation that is worth another total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amended {
    /// Some of it was given back, or nothing.
    Less {
        /// The reservation after.
        after: ReservationFacts,
        /// What was given back.
        released_minor: i64,
    },
    /// More is to be set aside, if there is room.
    More {
        /// The reservation after.
        after: ReservationFacts,
        /// How much more.
        added_minor: i64,
    },
}

impl ReservationFacts {
    /// What is still set aside in the books.
    pub fn rest_minor(&self) -> i64 {
        self.amount_minor - self.captured_minor - self.released_minor - self.expired_minor
    }

    /// The next part of it to be captured or given back.
    pub fn next_part(&self, part_minor: i64) -> Part {
        Part::next(
            self.amount_minor,
            self.amount_minor - self.rest_minor(),
            part_minor,
        )
    }

    /// Status at an instant: expiry needs no job to have run.
    pub fn status_at(&self, now: DateTime<Utc>) -> ReservationStatus {
        if self.status == ReservationStatus::Held && now >= self.expires_at {
            ReservationStatus::Expired
        } else {
            self.status
        }
    }

    /// Whether something can still be done with it.
    ///
    /// # Errors
    /// How its last part was resolved, or that it has expired.
    pub fn open_at(&self, now: DateTime<Utc>) -> Result<(), ProblemCode> {
        match self.status_at(now) {
            ReservationStatus::Held => Ok(()),
            ReservationStatus::Captured => Err(ProblemCode::ReservationCaptured),
            ReservationStatus::Released => Err(ProblemCode::ReservationReleased),
            ReservationStatus::Expired => Err(ProblemCode::ReservationExpired),
        }
    }

    /// Takes `amount_minor` (all that is left when `None`) as a capture; the last capture also
    /// gives back the rest. Returns the reservation after, the captured and the given-back amount.
    ///
    /// # Errors
    /// Already resolved, expired, or more than is left.
    pub fn capture(
        mut self,
        amount_minor: Option<i64>,
        is_final: bool,
        now: DateTime<Utc>,
    ) -> Result<(Self, i64, i64), ProblemCode> {
        self.open_at(now)?;
        let rest = self.rest_minor();
        let captured = amount_minor.unwrap_or(rest);
        if captured > rest {
            return Err(ProblemCode::ExceedsReservation);
        }
        let returned = if is_final { rest - captured } else { 0 };
        self.captured_minor += captured;
        self.released_minor += returned;
        if self.rest_minor() == 0 {
            self.status = ReservationStatus::Captured;
        }
        Ok((self, captured, returned))
    }

    /// Gives back `amount_minor`, or all that is left. Returns the reservation after and the
    /// amount.
    ///
    /// # Errors
    /// Already resolved, expired, or more than is left.
    pub fn release(
        mut self,
        amount_minor: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<(Self, i64), ProblemCode> {
        self.open_at(now)?;
        let rest = self.rest_minor();
        let released = amount_minor.unwrap_or(rest);
        if released > rest {
            return Err(ProblemCode::ExceedsReservation);
        }
        self.released_minor += released;
        if self.rest_minor() == 0 {
            self.status = ReservationStatus::Released;
        }
        Ok((self, released))
    }

    /// What it is worth now: what was captured, and what is still set aside.
    pub fn total_minor(&self) -> i64 {
        self.amount_minor - self.released_minor - self.expired_minor
    }

    /// Makes it worth another total: less gives back the difference, more sets aside the
    /// difference besides.
    ///
    /// # Errors
    /// Already resolved, expired, or less than what was captured.
    pub fn amend(mut self, total_minor: i64, now: DateTime<Utc>) -> Result<Amended, ProblemCode> {
        self.open_at(now)?;
        let more = total_minor - self.total_minor();
        if more <= 0 {
            let (after, released_minor) = self.release(Some(-more), now)?;
            return Ok(Amended::Less {
                after,
                released_minor,
            });
        }
        self.amount_minor += more;
        Ok(Amended::More {
            after: self,
            added_minor: more,
        })
    }

    /// Gives back what is left because the time has come; `None` when it has not.
    pub fn expire(mut self, now: DateTime<Utc>) -> Option<(Self, i64)> {
        if self.status != ReservationStatus::Held || now < self.expires_at {
            return None;
        }
        let rest = self.rest_minor();
        self.expired_minor += rest;
        self.status = ReservationStatus::Expired;
        Some((self, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000, 0).unwrap()
    }

    fn held(amount_minor: i64) -> ReservationFacts {
        ReservationFacts {
            amount_minor,
            captured_minor: 0,
            released_minor: 0,
            expired_minor: 0,
            status: ReservationStatus::Held,
            expires_at: start() + TimeDelta::hours(1),
        }
    }

    #[test]
    fn each_way_of_being_resolved_has_its_own_refusal() {
        let now = start();
        let (captured, _, _) = held(10).capture(None, false, now).unwrap();
        assert_eq!(
            captured.capture(Some(1), false, now),
            Err(ProblemCode::ReservationCaptured)
        );
        let (released, _) = held(10).release(None, now).unwrap();
        assert_eq!(
            released.capture(Some(1), false, now),
            Err(ProblemCode::ReservationReleased)
        );
        let late = now + TimeDelta::hours(1);
        assert_eq!(
            held(10).capture(Some(1), false, late),
            Err(ProblemCode::ReservationExpired)
        );
        let (expired, rest) = held(10).expire(late).unwrap();
        assert_eq!((expired.status, rest), (ReservationStatus::Expired, 10));
        assert_eq!(
            expired.release(None, late),
            Err(ProblemCode::ReservationExpired)
        );
        assert_eq!(
            held(7).capture(Some(8), false, now),
            Err(ProblemCode::ExceedsReservation)
        );
        assert_eq!(held(10).expire(now), None);
    }

    #[test]
    fn a_final_capture_gives_back_the_rest() {
        let (after, captured, returned) = held(15).capture(Some(13), true, start()).unwrap();
        assert_eq!((captured, returned, after.rest_minor()), (13, 2, 0));
        assert_eq!(after.status, ReservationStatus::Captured);
    }

    #[test]
    fn amending_counts_from_what_it_is_worth_now() {
        let now = start();
        let (partly, _, _) = held(10).capture(Some(4), false, now).unwrap();
        let (partly, _) = partly.release(Some(1), now).unwrap();
        assert_eq!(partly.total_minor(), 9);
        let Ok(Amended::More { after, added_minor }) = partly.amend(12, now) else {
            panic!("12 is more than 9");
        };
        assert_eq!(
            (added_minor, after.rest_minor(), after.total_minor()),
            (3, 8, 12)
        );
        let Ok(Amended::Less {
            after,
            released_minor,
        }) = partly.amend(4, now)
        else {
            panic!("4 is less than 9");
        };
        assert_eq!(
            (released_minor, after.status),
            (5, ReservationStatus::Released)
        );
        assert_eq!(partly.amend(3, now), Err(ProblemCode::ExceedsReservation));
        let late = now + TimeDelta::hours(1);
        assert_eq!(partly.amend(9, late), Err(ProblemCode::ReservationExpired));
    }

    proptest! {
        #[test]
        fn parts_never_exceed_the_whole(amount in 1..1000_i64, steps in prop::collection::vec((0..3_u8, 1..400_i64, any::<bool>()), 1..12)) {
            let mut reservation = held(amount);
            let mut now = start();
            for (kind, part, is_final) in steps {
                let next = match kind {
                    0 => reservation.capture(Some(part), is_final, now).map(|(after, _, _)| after),
                    1 => reservation.release(Some(part), now).map(|(after, _)| after),
                    _ => {
                        now += TimeDelta::minutes(20);
                        Ok(reservation.expire(now).map_or(reservation, |(after, _)| after))
                    }
                };
                if let Ok(after) = next {
                    reservation = after;
                }
                prop_assert!(reservation.rest_minor() >= 0);
                prop_assert_eq!(reservation.status == ReservationStatus::Held, reservation.rest_minor() > 0);
            }
        }
    }
}
