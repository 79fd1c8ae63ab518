//! What can be planned, and the order in which it is done on a day.

use chrono::{NaiveDate, TimeDelta};

use super::company::Who;

/// A day of the plan, counted from the first.
pub(super) type Day = i64;

/// The last day: the one before the load, so that nothing is recorded in the future.
pub(super) const LAST_DAY: Day = 364;

/// What somebody else confirms, of what was planned before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The first exchange rate.
    Rate,
    /// The company's net capital.
    NetCapital,
    /// The credit policy.
    Policy,
    /// The rules of credit checks.
    RuleSet,
    /// The score of a customer.
    Score(usize),
}

impl Change {
    /// Its place among all of them.
    pub(super) fn place(self) -> usize {
        match self {
            Self::Rate => 0,
            Self::NetCapital => 1,
            Self::Policy => 2,
            Self::RuleSet => 3,
            Self::Score(customer) => 4 + customer,
        }
    }
}

/// One use case, named after it, about things by their places in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    AddProduct(usize),
    PublishRates(i64),
    RecordNetCapital,
    Publish(Change),
    Score(usize),
    Confirm(Change),
    OpenCustomer(usize),
    ReviewCustomer(usize),
    CloseCustomer(usize),
    CreateGroup(usize),
    Join {
        group: usize,
        customer: usize,
    },
    /// Applies for a member to leave.
    Leave {
        group: usize,
        customer: usize,
    },
    /// Lets it leave.
    LetGo {
        group: usize,
        customer: usize,
    },
    DrawUp(usize),
    Submit(usize),
    Withdraw(usize),
    Approve(usize),
    Reject(usize),
    Suspend(usize),
    CloseLine(usize),
    Sweep(usize),
    Reserve(usize),
    Capture {
        reservation: usize,
        receivable: usize,
        is_final: bool,
    },
    Release(usize),
    Post(usize),
    Receive(usize),
    Allocate(usize),
    Reverse(usize),
    Dispute(usize),
}

/// The part of a working day in which something is done: name, first minute, minutes.
pub(super) const HOURS: [(i64, i64); 10] = [
    (6 * 60, 30),
    (7 * 60, 10),
    (8 * 60, 30),
    (8 * 60 + 30, 15),
    (8 * 60 + 45, 20),
    (9 * 60 + 5, 20),
    (9 * 60 + 30, 450),
    (17 * 60 + 10, 40),
    (17 * 60 + 50, 10),
    (18 * 60, 10),
];

impl Action {
    /// Place in [`HOURS`], and order within.
    pub(super) fn hour(self) -> (usize, usize) {
        match self {
            Self::Sweep(_) => (0, 0),
            Self::AddProduct(_) | Self::PublishRates(_) | Self::RecordNetCapital => (1, 0),
            Self::Score(_) => (7, 4),
            Self::Confirm(Change::Rate | Change::NetCapital) => (1, 1),
            Self::Publish(_) => (7, 4),
            Self::Confirm(_) => (7, 5),
            Self::OpenCustomer(_) | Self::ReviewCustomer(_) => (2, 0),
            Self::CreateGroup(_) => (3, 0),
            Self::Join { .. } => (3, 1),
            Self::DrawUp(_) => (4, 0),
            Self::Submit(_) => (4, 1),
            Self::Withdraw(_) => (4, 2),
            Self::Approve(_) | Self::Reject(_) => (5, 0),
            Self::Receive(_) => (6, 0),
            Self::Allocate(_) => (6, 1),
            Self::Reverse(_) => (6, 2),
            Self::Capture { .. } => (6, 3),
            Self::Release(_) => (6, 4),
            Self::Post(_) => (6, 5),
            Self::Reserve(_) => (6, 6),
            Self::Dispute(_) => (7, 0),
            Self::Suspend(_) | Self::CloseLine(_) => (7, 1),
            Self::Leave { .. } => (7, 2),
            Self::LetGo { .. } => (8, 0),
            Self::CloseCustomer(_) => (7, 3),
        }
    }
}

/// Something to be done on a day by somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) day: Day,
    pub(super) who: Who,
    pub(super) action: Action,
}

impl Planned {
    /// What comes first on a day: by person, but that applications are decided in the order in which
    /// they were submitted, whoever does it. What is decided first counts for those after it.
    pub(super) fn order(&self) -> (Day, usize, Option<Who>, usize) {
        let (hour, order) = self.action.hour();
        let is_of_an_application = matches!(
            self.action,
            Action::DrawUp(_)
                | Action::Submit(_)
                | Action::Withdraw(_)
                | Action::Approve(_)
                | Action::Reject(_)
        );
        let who = (!is_of_an_application).then_some(self.who);
        (self.day, hour, who, order)
    }
}

/// The date of a day of the plan that begins on `first_day`.
pub(super) fn date(first_day: NaiveDate, day: Day) -> NaiveDate {
    first_day + TimeDelta::days(day)
}
