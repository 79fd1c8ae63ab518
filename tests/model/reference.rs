//! The reference model: what the business is, written down a second time and as plainly as can be.
//!
//! It knows facts only (who reserved, drew, paid what) and adds them up whenever it is asked; the
//! service maintains balances under locks. It shares no code with the service.

use std::collections::BTreeMap;

use super::history::{Minor, Name, Op, Outcome, Reason, Shown};

/// What does not change during a history.
#[derive(Debug, Clone)]
pub struct Company {
    pub customers: usize,
    pub groups: usize,
    /// Which customers have a unified limit besides that of the product.
    pub unified: Vec<bool>,
    /// Identifiers of the receivables there are in the end: equal due days are settled in the order
    /// of identifiers, which nobody can know before.
    pub ids: BTreeMap<Name, String>,
}

impl Company {
    /// Line of a customer for the product.
    pub fn product_line(&self, customer: usize) -> usize {
        customer
    }

    /// Unified line of a customer, if it has one.
    pub fn unified_line(&self, customer: usize) -> Option<usize> {
        self.unified[customer].then_some(self.customers + customer)
    }

    /// Line of a group.
    pub fn group_line(&self, group: usize) -> usize {
        2 * self.customers + group
    }

    /// How many numbers lines have.
    pub fn lines(&self) -> usize {
        2 * self.customers + self.groups
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    pub limit: Minor,
    pub suspended: bool,
    /// When it was last moved: whoever decides about it later does not decide by an earlier clock.
    pub moved: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reservation {
    pub customer: usize,
    /// Group on whose line it counts.
    pub group: Option<usize>,
    pub amount: Minor,
    pub captured: Minor,
    pub released: Minor,
    pub until: i64,
    /// How the last part was resolved, if it is.
    pub resolved: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receivable {
    pub customer: usize,
    pub group: Option<usize>,
    pub outstanding: Minor,
    pub due: i64,
    pub over_limit: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Payment {
    pub customer: usize,
    pub unapplied: Minor,
    pub allocated: BTreeMap<Name, Minor>,
    pub reversed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Membership {
    pub customer: usize,
    pub group: usize,
    /// First day; today is 0.
    pub from: i64,
    pub until: Option<i64>,
}

/// Line, limit when it was submitted, limit applied for.
type Application = (usize, Minor, Minor);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// Minutes since the history began, for whoever decides or looks now.
    pub now: i64,
    pub lines: Vec<Line>,
    pub reservations: BTreeMap<Name, Reservation>,
    pub receivables: BTreeMap<Name, Receivable>,
    pub payments: BTreeMap<Name, Payment>,
    pub memberships: BTreeMap<Name, Membership>,
    pub applications: BTreeMap<Name, Application>,
}

impl Reservation {
    /// What is still held.
    pub fn rest(&self, now: i64) -> Minor {
        match self.status(now) {
            "held" => self.amount - self.captured - self.released,
            _ => 0,
        }
    }

    /// How it stands: expiry follows from the instant.
    pub fn status(&self, now: i64) -> &'static str {
        match self.resolved {
            Some(resolved) => resolved,
            None if now >= self.until => "expired",
            None => "held",
        }
    }

    /// As it is shown.
    pub fn shown(&self, now: i64) -> Shown {
        let held = self.rest(now);
        Shown {
            amount: self.amount,
            held,
            captured: self.captured,
            released: self.released,
            expired: self.amount - self.captured - self.released - held,
            status: self.status(now).to_owned(),
        }
    }
}

impl State {
    /// A company in which nothing has happened yet.
    pub fn new(limits: &[Minor], memberships: BTreeMap<Name, Membership>) -> Self {
        let lines = limits.iter().map(|limit| Line {
            limit: *limit,
            suspended: false,
            moved: 0,
        });
        Self {
            now: 0,
            lines: lines.collect(),
            reservations: BTreeMap::new(),
            receivables: BTreeMap::new(),
            payments: BTreeMap::new(),
            memberships,
            applications: BTreeMap::new(),
        }
    }

    /// The group a customer belongs to.
    pub fn group_of(&self, customer: usize) -> Option<usize> {
        self.memberships
            .values()
            .find(|one| one.customer == customer && one.until.is_none())
            .map(|one| one.group)
    }

    /// Held and drawn on a line.
    pub fn balance(&self, company: &Company, line: usize) -> (Minor, Minor) {
        let on_it = |customer: usize, group: Option<usize>| {
            company.product_line(customer) == line
                || company.unified_line(customer) == Some(line)
                || group.map(|group| company.group_line(group)) == Some(line)
        };
        let held = self
            .reservations
            .values()
            .filter(|one| on_it(one.customer, one.group))
            .map(|one| one.rest(self.now))
            .sum();
        let drawn = self
            .receivables
            .values()
            .filter(|one| on_it(one.customer, one.group))
            .map(|one| one.outstanding)
            .sum();
        (held, drawn)
    }

    pub(super) fn available(&self, company: &Company, line: usize) -> Minor {
        let (held, drawn) = self.balance(company, line);
        self.lines[line].limit - held - drawn
    }

    /// What money on account covers of receivables, the oldest due first: of all a customer owes, what
    /// of that counts at a group, and what money is left.
    fn covered(&self, company: &Company, customer: usize, group: usize) -> (Minor, Minor, Minor) {
        let money = self.payments.values();
        let money = money.filter(|one| one.customer == customer);
        let mut free: Minor = money.map(|one| one.unapplied).sum();
        let mut open: Vec<(&Name, &Receivable)> = self
            .receivables
            .iter()
            .filter(|(_, one)| one.customer == customer && one.outstanding > 0)
            .collect();
        open.sort_by_key(|(name, one)| (one.due, company.ids.get(name)));
        let (mut all, mut there) = (0, 0);
        for (_, owed) in open {
            let part = free.min(owed.outstanding);
            free -= part;
            all += part;
            there += if owed.group == Some(group) { part } else { 0 };
        }
        (all, there, free)
    }

    /// Held and drawn by a customer on the line of a group.
    fn used_of(&self, customer: usize, group: usize) -> Minor {
        let held = self.reservations.values();
        let held = held.filter(|one| (one.customer, one.group) == (customer, Some(group)));
        let drawn = self.receivables.values();
        let drawn = drawn.filter(|one| (one.customer, one.group) == (customer, Some(group)));
        held.map(|one| one.rest(self.now)).sum::<Minor>()
            + drawn.map(|one| one.outstanding).sum::<Minor>()
    }

    /// Room for a customer on a line: its own money takes off what is used there, and at a ceiling that
    /// of others takes off no more than they use.
    fn room(&self, company: &Company, customer: usize, line: usize) -> Minor {
        let gross = self.available(company, line);
        let Some(group) = line.checked_sub(2 * company.customers) else {
            let (covered, _, free) = self.covered(company, customer, 0);
            return gross + covered + free;
        };
        let members = 0..company.customers;
        let taken_off = members.map(|member| {
            let (_, covered, free) = self.covered(company, member, group);
            match member == customer {
                true => covered + free,
                false => self.used_of(member, group).min(covered + free),
            }
        });
        gross + taken_off.sum::<Minor>()
    }

    /// The lines that bound a customer, with their levels.
    fn levels(&self, company: &Company, customer: usize) -> Vec<(&'static str, usize)> {
        let mut levels = vec![("product", company.product_line(customer))];
        levels.extend(
            company
                .unified_line(customer)
                .map(|line| ("customer", line)),
        );
        levels.extend(
            self.group_of(customer)
                .map(|group| ("group", company.group_line(group))),
        );
        levels
    }

    /// Everything that is in the way of more exposure.
    pub(super) fn in_the_way(
        &self,
        company: &Company,
        customer: usize,
        amount: Minor,
    ) -> Vec<Reason> {
        let levels = self.levels(company, customer);
        let reason = |code: &str, level: &str, available| Reason {
            code: code.to_owned(),
            level: Some(level.to_owned()),
            available,
        };
        let suspended = levels
            .iter()
            .filter(|(_, line)| self.lines[*line].suspended)
            .map(|(level, _)| reason("line_suspended", level, None));
        let full = levels.iter().filter_map(|(level, line)| {
            let available = self.room(company, customer, *line);
            (amount > available).then(|| reason("limit_exceeded", level, Some(available)))
        });
        suspended.chain(full).collect()
    }

    /// Lines that an operation decides about under lock.
    fn decided_on(&self, company: &Company, op: &Op) -> Vec<usize> {
        let of = |customer: usize, group: Option<usize>| {
            let own = [
                Some(company.product_line(customer)),
                company.unified_line(customer),
            ];
            let shared = group.map(|group| company.group_line(group));
            own.into_iter().chain([shared]).flatten().collect()
        };
        match op {
            Op::Reserve { customer, .. } | Op::Post { customer, .. } => {
                of(*customer, self.group_of(*customer))
            }
            Op::Join {
                customer, group, ..
            } => of(*customer, Some(*group)),
            Op::Capture { reservation, .. }
            | Op::Release { reservation, .. }
            | Op::Amend { reservation, .. } => match self.reservations.get(reservation) {
                Some(row) => of(row.customer, row.group),
                None => Vec::new(),
            },
            // Where money counts, and that is where its customer is bound.
            Op::Pay { customer, .. } => of(*customer, self.group_of(*customer)),
            Op::Reverse { payment } => match self.payments.get(payment) {
                Some(row) => of(row.customer, self.group_of(row.customer)),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// What comes of an operation of somebody whose clock shows `clock`; the state changes with it.
    /// `None` where it cannot have happened here at all, because what it is about or what it makes
    /// does not exist.
    pub fn perform(&mut self, company: &Company, op: &Op, clock: i64) -> Option<Outcome> {
        let lines = self.decided_on(company, op);
        let moved = lines.iter().map(|line| self.lines[*line].moved).max();
        self.now = clock.max(moved.unwrap_or(0));
        let outcome = self.outcome(company, op)?;
        if !outcome.is_refusal() {
            for line in lines {
                self.lines[line].moved = self.now;
            }
        }
        self.now = 0;
        Some(outcome)
    }

    /// What is used of a line for somebody whose clock shows `clock`.
    pub fn used_at(&self, company: &Company, line: usize, clock: i64) -> Minor {
        let now = clock.max(self.lines[line].moved);
        let then = Self {
            now,
            ..self.clone()
        };
        let (held, drawn) = then.balance(company, line);
        held + drawn
    }

    pub(super) fn line_shown(&self, company: &Company, line: usize) -> Outcome {
        let (held, drawn) = self.balance(company, line);
        Outcome::Line {
            limit: self.lines[line].limit,
            held,
            drawn,
            suspended: self.lines[line].suspended,
        }
    }

    fn outcome(&mut self, company: &Company, op: &Op) -> Option<Outcome> {
        Some(match op {
            Op::Reserve {
                customer,
                reservation,
                amount,
                until,
            } => self.reserve(company, *customer, (*reservation, *amount, *until)),
            Op::ReserveAll {
                atomic,
                until,
                items,
            } => {
                let before = self.clone();
                let each: Vec<Outcome> = items
                    .iter()
                    .map(|(customer, name, amount)| {
                        self.reserve(company, *customer, (*name, *amount, *until))
                    })
                    .collect();
                if *atomic && each.iter().any(Outcome::is_refusal) {
                    *self = before;
                }
                Outcome::Each(each)
            }
            Op::Amend { reservation, total } => self.amend(company, *reservation, *total)?,
            Op::Capture {
                reservation,
                amount,
                last,
                receivable,
                term,
            } => self.capture(
                company,
                (*reservation, *amount, *last),
                (*receivable, *term),
            )?,
            Op::Release {
                reservation,
                amount,
            } => self.release(*reservation, *amount)?,
            Op::Post {
                customer,
                receivable,
                amount,
                term,
            } => {
                let over_limit = !self.in_the_way(company, *customer, *amount).is_empty();
                let group = self.group_of(*customer);
                let row = Receivable {
                    customer: *customer,
                    group,
                    outstanding: *amount,
                    due: *term,
                    over_limit,
                };
                self.owe(company, *receivable, row)?;
                Outcome::Receivable { over_limit }
            }
            Op::Pay {
                customer,
                payment,
                amount,
                spread,
            } => self.pay(company, (*customer, *payment), *amount, *spread),
            Op::Reverse { payment } => self.reverse(*payment)?,
            Op::Join {
                customer,
                group,
                membership,
            } => self.join(company, *customer, *group, *membership),
            Op::Leave { membership } => self.leave(*membership)?,
            Op::LetGo { membership } => self.let_go(*membership)?,
            Op::Suspend { line } => self.switch(company, *line, true),
            Op::Resume { line, application } => self.resume(company, *line, *application)?,
            // The same limit is asked for where the line is to be resumed.
            Op::Submit { line, from, to, .. } if from == to && !self.lines[*line].suspended => {
                super::decisions::refused("invalid_transition")
            }
            Op::Submit {
                line,
                application,
                to,
                ..
            } => {
                let limit = self.lines[*line].limit;
                self.applications.insert(*application, (*line, limit, *to));
                Outcome::Done
            }
            Op::Approve { application } => self.approve(company, *application)?,
            Op::Check { customer, amount } => Outcome::Checked {
                available: self
                    .levels(company, *customer)
                    .iter()
                    .map(|(_, line)| self.room(company, *customer, *line))
                    .min(),
                reasons: self.in_the_way(company, *customer, *amount),
            },
            Op::ReadReservation { reservation } => {
                Outcome::Reservation(self.reservations.get(reservation)?.shown(self.now))
            }
            Op::ReadLine { line } => self.line_shown(company, *line),
            Op::Wait { .. } | Op::Sweep { .. } => Outcome::Done,
        })
    }
}
