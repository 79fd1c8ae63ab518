//! Credit lines: limits, balances, and which of several lines applies on a day.

use chrono::{NaiveDate, TimeDelta};

use crate::values::currency::Currency;
use crate::values::ids::LineId;
use crate::values::level::Level;

crate::text_enum! {
    /// How a limit is given.
    pub enum LimitKind {
        /// As an amount; 0 blocks.
        Amount = "amount",
        /// Without a limit of its own and without asking above.
        Unlimited = "unlimited",
        /// Without a limit of its own: the levels above decide.
        Inherit = "inherit",
    }
}

crate::text_enum! {
    /// What follows from the review of a line.
    pub enum ReviewOutcome {
        /// It stays as it is.
        Keep = "keep",
        /// It should be changed, which is applied for.
        Adjust = "adjust",
        /// It takes no new exposure from now on.
        Suspend = "suspend",
    }
}

crate::text_enum! {
    /// How a temporary increase changes the limit while it lasts.
    pub enum TemporaryMode {
        /// It comes on top of the limit.
        Add = "add",
        /// It takes the place of the limit.
        Replace = "replace",
    }
}

/// A temporary increase. It ends by its date: no job has to take it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemporaryLimit {
    /// How it changes the limit.
    pub mode: TemporaryMode,
    /// Amount in minor units.
    pub amount_minor: i64,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
}

/// The limit on a day: that of the line, with the temporary increase of the day. A line without
/// an amount of its own stays without. An increase that takes the place of the limit never lowers
/// it: the limit may have been raised beyond it since.
pub fn limit_on(
    limit_minor: Option<i64>,
    temporary: Option<&TemporaryLimit>,
    day: NaiveDate,
) -> Option<i64> {
    let limit = limit_minor?;
    Some(match temporary {
        Some(more) if (more.from..=more.until).contains(&day) => match more.mode {
            TemporaryMode::Add => limit.saturating_add(more.amount_minor),
            TemporaryMode::Replace => limit.max(more.amount_minor),
        },
        _ => limit,
    })
}

/// What the policy tolerates beyond a limit, at a share of it in basis points.
pub fn tolerated_minor(limit_minor: i64, over_bp: i32) -> i64 {
    let share = i128::from(limit_minor) * i128::from(over_bp) / 10_000;
    i64::try_from(share).unwrap_or(0)
}

crate::text_enum! {
    /// Stored status of a line. Expiry is derived from the dates, never stored.
    pub enum LineStatus {
        /// Approved, and waits for the signed contract: takes no exposure yet.
        AwaitingContract = "awaiting_contract",
        /// In use.
        Active = "active",
        /// Takes no new exposure and still releases.
        Suspended = "suspended",
        /// Ended for good.
        Closed = "closed",
    }
}

crate::text_enum! {
    /// Status of a line on a day, as it is shown.
    pub enum LineState {
        /// Approved, and waits for the signed contract.
        AwaitingContract = "awaiting_contract",
        /// Approved, and the first day is still to come.
        NotYetValid = "not_yet_valid",
        /// Usable.
        Active = "active",
        /// Takes no new exposure and still releases.
        Suspended = "suspended",
        /// The last day has passed.
        Expired = "expired",
        /// Ended for good.
        Closed = "closed",
    }
}

/// What is used of a line, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Set aside by open reservations.
    pub held_minor: i64,
    /// Used by open receivables.
    pub drawn_minor: i64,
    /// Repaid on a line that does not revolve: gone for good.
    pub consumed_minor: i64,
}

impl Balance {
    /// What counts against the limit.
    pub fn used_minor(self) -> i64 {
        self.held_minor
            .saturating_add(self.drawn_minor)
            .saturating_add(self.consumed_minor)
    }
}

/// A line as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// Identifier.
    pub id: LineId,
    /// Level.
    pub level: Level,
    /// Currency of limit and balances.
    pub currency: Currency,
    /// How the limit is given.
    pub limit_kind: LimitKind,
    /// Limit in minor units without a temporary increase; `None` where the line has no amount of its
    /// own.
    pub limit_minor: Option<i64>,
    /// Temporary increase, if there is one.
    pub temporary: Option<TemporaryLimit>,
    /// What the policy tolerates beyond the limit of the day, in basis points of it.
    pub over_bp: i32,
    /// Share of an order that a deposit has to secure, in basis points.
    pub deposit_share_bp: Option<i32>,
    /// Stored status.
    pub status: LineStatus,
    /// First day of use.
    pub valid_from: NaiveDate,
    /// Last day of use.
    pub valid_until: NaiveDate,
    /// Days after that on which the policy still lets it be used.
    pub grace_days: i32,
    /// What is used.
    pub balance: Balance,
    /// Held and drawn on other lines of the same level that are still open business, such as an
    /// expired line that this one follows: it counts against the limit too.
    pub carried_minor: i64,
    /// What the customer itself uses, where the ceiling of a group bounds each member by itself;
    /// `None` where all who use the line share it.
    pub own_use_minor: Option<i64>,
    /// Whether what is repaid is there again.
    pub revolving: bool,
    /// What money on account takes off what is used.
    pub covered_minor: i64,
}

impl LineFacts {
    /// Status on a day, for new business: days of grace count.
    pub fn state_on(&self, day: NaiveDate) -> LineState {
        let last = self.valid_until + TimeDelta::days(self.grace_days.into());
        state_on(self.status, self.valid_from, last, day)
    }

    /// What counts against the limit.
    pub fn used_minor(&self) -> i64 {
        self.own_use_minor
            .unwrap_or_else(|| self.balance.used_minor().saturating_add(self.carried_minor))
    }

    /// The same once money on account is taken off.
    pub fn net_used_minor(&self) -> i64 {
        self.used_minor().saturating_sub(self.covered_minor)
    }

    /// Limit on a day.
    pub fn limit_on(&self, day: NaiveDate) -> Option<i64> {
        limit_on(self.limit_minor, self.temporary.as_ref(), day)
    }

    /// Room left on a day in minor units, with what is used now: negative when over the limit,
    /// `None` without a limit.
    pub fn available_on(&self, day: NaiveDate) -> Option<i64> {
        self.limit_on(day).map(|limit| {
            limit
                .saturating_add(tolerated_minor(limit, self.over_bp))
                .saturating_sub(self.net_used_minor())
        })
    }

    /// Days on which the line, or its limit, becomes another than the day before.
    pub fn turns(&self) -> impl Iterator<Item = NaiveDate> {
        let after = |day: NaiveDate| day.succ_opt();
        let grace = TimeDelta::days(self.grace_days.into());
        let own = [
            Some(self.valid_from),
            after(self.valid_until),
            after(self.valid_until + grace),
        ];
        let temporary = self
            .temporary
            .map(|more| [Some(more.from), after(more.until)]);
        own.into_iter()
            .chain(temporary.into_iter().flatten())
            .flatten()
    }
}

/// Status of a line on a day.
pub fn state_on(
    status: LineStatus,
    valid_from: NaiveDate,
    valid_until: NaiveDate,
    day: NaiveDate,
) -> LineState {
    match status {
        LineStatus::Closed => LineState::Closed,
        _ if day > valid_until => LineState::Expired,
        LineStatus::AwaitingContract => LineState::AwaitingContract,
        LineStatus::Suspended => LineState::Suspended,
        LineStatus::Active if day < valid_from => LineState::NotYetValid,
        LineStatus::Active => LineState::Active,
    }
}

/// The line that applies at a level on a day: the one in force; else the one that expired last;
/// else the one that begins first. Closed lines apply only when there is nothing else.
pub fn applicable(lines: &[LineFacts], level: Level, day: NaiveDate) -> Option<&LineFacts> {
    let rank = |line: &LineFacts| match line.state_on(day) {
        // In its days of grace a line gives way to the one that follows it.
        LineState::Active | LineState::Suspended => (0, (day - line.valid_until).num_days().max(0)),
        LineState::Expired => (1, (day - line.valid_until).num_days()),
        LineState::AwaitingContract | LineState::NotYetValid => {
            (2, (line.valid_from - day).num_days())
        }
        LineState::Closed => (3, (day - line.valid_until).num_days()),
    };
    lines
        .iter()
        .filter(|line| line.level == level)
        .min_by_key(|line| (rank(line), line.id))
}

/// Whether two windows of dates, both ends included, share a day.
pub fn windows_overlap(one: (NaiveDate, NaiveDate), other: (NaiveDate, NaiveDate)) -> bool {
    one.0 <= other.1 && other.0 <= one.1
}

crate::text_enum! {
    /// What a movement of the ledger stands for.
    pub enum MovementKind {
        /// Limit set aside.
        Reserve = "reserve",
        /// Set-aside limit turned into a receivable.
        Capture = "capture",
        /// Set-aside limit given back.
        Release = "release",
        /// Set-aside limit given back by expiry.
        Expire = "expire",
        /// A receivable posted without reservation.
        Draw = "draw",
        /// A receivable paid.
        Repay = "repay",
        /// A payment taken back.
        ReverseRepayment = "reverse_repayment",
        /// Exposure brought into a group by a new member.
        JoinGroup = "join_group",
        /// Exposure taken out of a group by a leaving member.
        LeaveGroup = "leave_group",
        /// Exposure that was there before the line was opened.
        Adopt = "adopt",
    }
}

/// A change of the balance of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// What it stands for.
    pub kind: MovementKind,
    /// Change of held.
    pub held_minor: i64,
    /// Change of drawn.
    pub drawn_minor: i64,
    /// Change of consumed.
    pub consumed_minor: i64,
}

impl Movement {
    /// The movement of `kind` over `amount_minor` (not negative) on a line that revolves or not.
    pub fn new(kind: MovementKind, amount_minor: i64, revolving: bool) -> Self {
        let consumed = if revolving { 0 } else { amount_minor };
        let (held_minor, drawn_minor, consumed_minor) = match kind {
            MovementKind::Reserve => (amount_minor, 0, 0),
            MovementKind::Capture => (-amount_minor, amount_minor, 0),
            MovementKind::Release | MovementKind::Expire => (-amount_minor, 0, 0),
            MovementKind::Draw => (0, amount_minor, 0),
            MovementKind::Repay => (0, -amount_minor, consumed),
            MovementKind::ReverseRepayment => (0, amount_minor, -consumed),
            MovementKind::JoinGroup | MovementKind::LeaveGroup | MovementKind::Adopt => (0, 0, 0),
        };
        Self {
            kind,
            held_minor,
            drawn_minor,
            consumed_minor,
        }
    }

    /// The movement that brings a whole balance into a group, or takes it out.
    pub fn of_balance(kind: MovementKind, balance: Balance) -> Self {
        let sign = if kind == MovementKind::LeaveGroup {
            -1
        } else {
            1
        };
        Self {
            kind,
            held_minor: sign * balance.held_minor,
            drawn_minor: sign * balance.drawn_minor,
            consumed_minor: sign * balance.consumed_minor,
        }
    }

    /// The balance after the movement; `None` when it would be negative or too large, which a
    /// ledger whose rules hold never asks for.
    pub fn apply(self, balance: Balance) -> Option<Balance> {
        let part =
            |before: i64, change: i64| before.checked_add(change).filter(|after| *after >= 0);
        Some(Balance {
            held_minor: part(balance.held_minor, self.held_minor)?,
            drawn_minor: part(balance.drawn_minor, self.drawn_minor)?,
            consumed_minor: part(balance.consumed_minor, self.consumed_minor)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use crate::values::ids::Bucket;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn line(number: u64, status: LineStatus, from: &str, until: &str) -> LineFacts {
        LineFacts {
            id: LineId::mint(Bucket::from_random(1), number, [0; 9]),
            status,
            valid_from: day(from),
            valid_until: day(until),
            ..fixtures::line(Level::Product, Some(100))
        }
    }

    #[test]
    fn state_follows_the_dates_and_both_ends_count() {
        let active = line(1, LineStatus::Active, "2026-01-01", "2026-12-31");
        assert_eq!(active.state_on(day("2025-12-31")), LineState::NotYetValid);
        assert_eq!(active.state_on(day("2026-01-01")), LineState::Active);
        assert_eq!(active.state_on(day("2026-12-31")), LineState::Active);
        assert_eq!(active.state_on(day("2027-01-01")), LineState::Expired);
        let suspended = line(1, LineStatus::Suspended, "2026-01-01", "2026-12-31");
        assert_eq!(suspended.state_on(day("2026-06-01")), LineState::Suspended);
        assert_eq!(suspended.state_on(day("2027-01-01")), LineState::Expired);
    }

    #[test]
    fn grace_lengthens_a_line_until_another_follows() {
        let old = LineFacts {
            grace_days: 5,
            ..line(1, LineStatus::Active, "2026-01-01", "2026-06-30")
        };
        assert_eq!(old.state_on(day("2026-07-05")), LineState::Active);
        assert_eq!(old.state_on(day("2026-07-06")), LineState::Expired);
        let next = LineFacts {
            grace_days: 5,
            ..line(2, LineStatus::Active, "2026-07-01", "2026-12-31")
        };
        let lines = [old.clone(), next.clone()];
        let on = |text: &str| applicable(&lines, Level::Product, day(text)).unwrap().id;
        assert_eq!(on("2026-06-30"), old.id);
        assert_eq!(on("2026-07-01"), next.id);
    }

    #[test]
    fn tolerance_and_own_use_change_the_room() {
        let mut facts = line(1, LineStatus::Active, "2026-01-01", "2026-12-31");
        facts.balance.drawn_minor = 90;
        facts.carried_minor = 5;
        let today = day("2026-06-01");
        assert_eq!(facts.available_on(today), Some(5));
        facts.over_bp = 1_000;
        assert_eq!(facts.available_on(today), Some(15));
        facts.own_use_minor = Some(30);
        assert_eq!(facts.available_on(today), Some(80));
    }

    #[test]
    fn a_temporary_increase_leaves_room_on_its_days_and_what_is_tolerated_grows_with_it() {
        let mut facts = line(1, LineStatus::Active, "2026-01-01", "2026-12-31");
        facts.over_bp = 1_000;
        facts.temporary = Some(TemporaryLimit {
            mode: TemporaryMode::Add,
            amount_minor: 50,
            from: day("2026-06-01"),
            until: day("2026-06-30"),
        });
        for (on, room) in [
            ("2026-05-31", 110),
            ("2026-06-01", 165),
            ("2026-06-30", 165),
            ("2026-07-01", 110),
        ] {
            assert_eq!(facts.available_on(day(on)), Some(room), "{on}");
        }
        let turns: Vec<String> = facts.turns().map(|day| day.to_string()).collect();
        assert_eq!(
            turns,
            [
                "2026-01-01",
                "2027-01-01",
                "2027-01-01",
                "2026-06-01",
                "2026-07-01"
            ]
        );
    }

    #[test]
    fn the_line_in_force_applies_before_expired_future_and_closed_ones() {
        let lines = vec![
            line(1, LineStatus::Active, "2024-01-01", "2024-12-31"),
            line(2, LineStatus::Active, "2025-01-01", "2025-12-31"),
            line(3, LineStatus::Active, "2026-01-01", "2026-12-31"),
            line(4, LineStatus::Closed, "2026-01-01", "2026-12-31"),
        ];
        let chosen =
            |day_text: &str| applicable(&lines, Level::Product, day(day_text)).map(|line| line.id);
        assert_eq!(chosen("2026-03-01"), Some(lines[2].id));
        assert_eq!(chosen("2027-03-01"), Some(lines[2].id));
        assert_eq!(chosen("2023-03-01"), Some(lines[0].id));
        assert_eq!(
            applicable(&lines[3..], Level::Product, day("2026-03-01")).map(|line| line.id),
            Some(lines[3].id)
        );
        assert_eq!(applicable(&lines, Level::Group, day("2026-03-01")), None);
    }

    proptest! {
        #[test]
        fn reserve_capture_release_moves_exactly_what_was_captured(reserved in 1..1_000_000_i64, share in 0..=100_i64, revolving: bool) {
            let captured = reserved * share / 100;
            let steps = [
                Movement::new(MovementKind::Reserve, reserved, revolving),
                Movement::new(MovementKind::Capture, captured, revolving),
                Movement::new(MovementKind::Release, reserved - captured, revolving),
            ];
            let after = steps.iter().try_fold(Balance::default(), |balance, step| step.apply(balance)).unwrap();
            prop_assert_eq!(after, Balance { held_minor: 0, drawn_minor: captured, consumed_minor: 0 });
            let repaid = Movement::new(MovementKind::Repay, captured, revolving).apply(after).unwrap();
            prop_assert_eq!(repaid.used_minor(), if revolving { 0 } else { captured });
            let back = Movement::new(MovementKind::ReverseRepayment, captured, revolving).apply(repaid).unwrap();
            prop_assert_eq!(back, after);
        }

        #[test]
        fn no_movement_makes_a_balance_negative(held in 0..100_i64, drawn in 0..100_i64, amount in 0..200_i64) {
            let balance = Balance { held_minor: held, drawn_minor: drawn, consumed_minor: 0 };
            for kind in MovementKind::EVERY {
                if let Some(after) = Movement::new(*kind, amount, true).apply(balance) {
                    prop_assert!(after.held_minor >= 0 && after.drawn_minor >= 0 && after.consumed_minor >= 0);
                }
            }
        }
    }
}
