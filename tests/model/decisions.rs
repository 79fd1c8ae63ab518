//! What the reference model decides about each operation.

use std::collections::BTreeMap;

use super::history::{Minor, Name, Outcome};
use super::reference::{Company, Membership, Payment, Receivable, Reservation, State};

impl State {
    pub(super) fn reserve(
        &mut self,
        company: &Company,
        customer: usize,
        (name, amount, until): (Name, Minor, i64),
    ) -> Outcome {
        let known = self.reservations.get(&name);
        // A name stays taken once nothing of it is held any more.
        let over = known.and_then(|known| closed(known.status(self.now)));
        if let Some(known) = known
            && (known.amount, known.until) == (amount, until)
        {
            return match over {
                Some(code) => refused(code),
                None => Outcome::Reservation(known.shown(self.now)),
            };
        }
        let is_known = known.is_some();
        if until <= self.now {
            return refused("validation_failed");
        }
        let reasons = self.in_the_way(company, customer, amount);
        if let Some(first) = reasons.first() {
            return Outcome::Refused {
                code: first.code.clone(),
                reasons,
            };
        }
        if is_known {
            return refused(over.unwrap_or("reference_reused"));
        }
        let row = Reservation {
            customer,
            group: self.group_of(customer),
            amount,
            captured: 0,
            released: 0,
            until,
            resolved: None,
        };
        let shown = row.shown(self.now);
        self.reservations.insert(name, row);
        Outcome::Reservation(shown)
    }

    /// More of a reservation is a decision about the difference, less gives the difference back.
    pub(super) fn amend(&mut self, company: &Company, name: Name, total: Minor) -> Option<Outcome> {
        let row = self.reservations.get(&name)?.clone();
        if let Some(code) = closed(row.status(self.now)) {
            return Some(refused(code));
        }
        // What it is worth now: captured, and still set aside.
        let worth = row.amount - row.released;
        if total < row.captured {
            return Some(refused("exceeds_reservation"));
        }
        if total > worth {
            let reasons = self.in_the_way(company, row.customer, total - worth);
            if let Some(first) = reasons.first() {
                return Some(Outcome::Refused {
                    code: first.code.clone(),
                    reasons,
                });
            }
        }
        let now = self.now;
        let row = self.reservations.get_mut(&name)?;
        row.amount += (total - worth).max(0);
        row.released += (worth - total).max(0);
        if row.rest(now) == 0 {
            row.resolved = Some("released");
        }
        Some(Outcome::Reservation(row.shown(now)))
    }

    pub(super) fn capture(
        &mut self,
        company: &Company,
        (name, amount, last): (Name, Option<Minor>, bool),
        (receivable, term): (Name, i64),
    ) -> Option<Outcome> {
        let now = self.now;
        let row = self.reservations.get_mut(&name)?;
        if let Some(code) = closed(row.status(now)) {
            return Some(refused(code));
        }
        let rest = row.rest(now);
        let amount = amount.unwrap_or(rest);
        if amount > rest {
            return Some(refused("exceeds_reservation"));
        }
        row.captured += amount;
        if last {
            row.released += rest - amount;
        }
        if row.rest(now) == 0 {
            row.resolved = Some("captured");
        }
        let shown = row.shown(now);
        let owed = Receivable {
            customer: row.customer,
            group: row.group,
            outstanding: amount,
            due: term,
            over_limit: false,
        };
        self.owe(company, receivable, owed)?;
        Some(Outcome::Reservation(shown))
    }

    pub(super) fn release(&mut self, name: Name, amount: Option<Minor>) -> Option<Outcome> {
        let now = self.now;
        let row = self.reservations.get_mut(&name)?;
        if let Some(code) = closed(row.status(now)) {
            return Some(refused(code));
        }
        let rest = row.rest(now);
        let amount = amount.unwrap_or(rest);
        if amount > rest {
            return Some(refused("exceeds_reservation"));
        }
        row.released += amount;
        if row.rest(now) == 0 {
            row.resolved = Some("released");
        }
        Some(Outcome::Reservation(row.shown(now)))
    }

    /// A receivable that is not there in the end was not made.
    pub(super) fn owe(&mut self, company: &Company, name: Name, row: Receivable) -> Option<()> {
        company.ids.contains_key(&name).then(|| {
            self.receivables.insert(name, row);
        })
    }

    pub(super) fn pay(
        &mut self,
        company: &Company,
        (customer, name): (usize, Name),
        amount: Minor,
        spread: bool,
    ) -> Outcome {
        let mut row = Payment {
            customer,
            unapplied: amount,
            allocated: BTreeMap::new(),
            reversed: false,
        };
        if spread {
            let mut open: Vec<(&Name, &mut Receivable)> = self
                .receivables
                .iter_mut()
                .filter(|(_, one)| one.customer == customer && one.outstanding > 0)
                .collect();
            open.sort_by_key(|(name, one)| (one.due, company.ids.get(name)));
            for (receivable, owed) in open {
                let part = row.unapplied.min(owed.outstanding);
                if part > 0 {
                    owed.outstanding -= part;
                    row.unapplied -= part;
                    row.allocated.insert(*receivable, part);
                }
            }
        }
        let shown = payment_shown(&row);
        self.payments.insert(name, row);
        shown
    }

    pub(super) fn reverse(&mut self, name: Name) -> Option<Outcome> {
        let row = self.payments.get(&name)?.clone();
        if row.reversed {
            return Some(refused("payment_reversed"));
        }
        // What is owed again counts where the customer belongs now.
        let group = self.group_of(row.customer);
        for (receivable, part) in &row.allocated {
            let owed = self.receivables.get_mut(receivable)?;
            owed.outstanding += part;
            owed.group = group;
        }
        let row = self.payments.get_mut(&name)?;
        row.reversed = true;
        row.unapplied = 0;
        row.allocated.clear();
        Some(payment_shown(row))
    }

    pub(super) fn join(
        &mut self,
        company: &Company,
        customer: usize,
        group: usize,
        name: Name,
    ) -> Outcome {
        let lasts =
            |one: &Membership| one.customer == customer && one.until.is_none_or(|until| until >= 0);
        if self.memberships.values().any(lasts) {
            return refused("already_member");
        }
        let (held, drawn) = self.balance(company, company.product_line(customer));
        let brought = held + drawn;
        let room = self.available(company, company.group_line(group));
        if brought > 0 && brought > room {
            return refused("limit_exceeded");
        }
        let row = Membership {
            customer,
            group,
            from: 0,
            until: None,
        };
        self.memberships.insert(name, row);
        self.move_to(customer, Some(group));
        Outcome::Done
    }

    /// Who leaves was a member until today.
    pub(super) fn let_go(&mut self, name: Name) -> Option<Outcome> {
        match self.memberships.get(&name)?.until {
            Some(_) => Some(refused("application_outdated")),
            None => self.leave(name),
        }
    }

    /// The same by hand, where nothing more becomes usable by it.
    pub(super) fn leave(&mut self, name: Name) -> Option<Outcome> {
        let row = self.memberships.get_mut(&name)?;
        if row.until.is_none() {
            row.until = Some(0);
            let customer = row.customer;
            self.move_to(customer, None);
        }
        Some(Outcome::Done)
    }

    /// What is open counts where the customer belongs.
    pub(super) fn move_to(&mut self, customer: usize, group: Option<usize>) {
        let now = self.now;
        let held = self.reservations.values_mut();
        for one in held.filter(|one| one.customer == customer && one.status(now) == "held") {
            one.group = group;
        }
        let drawn = self.receivables.values_mut();
        for one in drawn.filter(|one| one.customer == customer && one.outstanding > 0) {
            one.group = group;
        }
    }

    pub(super) fn switch(&mut self, company: &Company, line: usize, suspended: bool) -> Outcome {
        if self.lines[line].suspended == suspended {
            return refused("invalid_transition");
        }
        self.lines[line].suspended = suspended;
        self.line_shown(company, line)
    }

    /// Resumed as it was when that was applied for.
    pub(super) fn resume(&mut self, company: &Company, line: usize, name: Name) -> Option<Outcome> {
        let (_, submitted, _) = *self.applications.get(&name)?;
        Some(match self.lines[line].limit == submitted {
            true => match self.switch(company, line, false) {
                Outcome::Line { .. } => Outcome::Done,
                refused => refused,
            },
            false => refused("application_outdated"),
        })
    }

    pub(super) fn approve(&mut self, company: &Company, name: Name) -> Option<Outcome> {
        let (line, submitted, to) = *self.applications.get(&name)?;
        let (held, drawn) = self.balance(company, line);
        let row = &mut self.lines[line];
        Some(if row.limit != submitted {
            refused("application_outdated")
        } else if to < row.limit && to < held + drawn {
            refused("limit_below_use")
        } else {
            row.limit = to;
            Outcome::Done
        })
    }
}

fn closed(status: &str) -> Option<&'static str> {
    match status {
        "captured" => Some("reservation_captured"),
        "released" => Some("reservation_released"),
        "expired" => Some("reservation_expired"),
        _ => None,
    }
}

fn payment_shown(row: &Payment) -> Outcome {
    Outcome::Payment {
        unapplied: row.unapplied,
        allocated: row.allocated.clone(),
        reversed: row.reversed,
    }
}

pub(super) fn refused(code: &str) -> Outcome {
    Outcome::Refused {
        code: code.to_owned(),
        reasons: Vec::new(),
    }
}
