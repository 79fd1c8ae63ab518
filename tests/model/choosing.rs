//! What clients do next.

use std::sync::atomic::Ordering;

use super::dice::Dice;
use super::history::{Minor, Name, Op};
use super::play::{Player, Stage};

impl Player<'_> {
    /// Something to do, as likely as makes histories that meet.
    pub fn choose(&mut self) -> Op {
        let scope = self.stage.scope;
        let world = self.stage.world;
        let customer = self.dice.below(world.customers.len());
        let line = self.dice.pick(
            (0..world.lines.len())
                .filter(|line| !world.lines[*line].is_empty())
                .collect(),
        );
        let rolled = self.dice.below(if scope.everything { 100 } else { 68 });
        match rolled {
            0..24 => self.reserve(customer),
            24..34 => self.about_reservation(|dice, name, stage| Op::Capture {
                reservation: name,
                amount: dice.maybe_amount(),
                last: dice.below(2) == 0,
                receivable: stage.names.fetch_add(1, Ordering::SeqCst),
                term: dice.term(),
            }),
            34..41 => self.about_reservation(|dice, name, _| Op::Release {
                reservation: name,
                amount: dice.maybe_amount(),
            }),
            41..46 if scope.amends => self.about_reservation(|dice, name, _| Op::Amend {
                reservation: name,
                total: dice.amount(),
            }),
            46..49 if scope.batches => self.batch(),
            41..51 => Op::Post {
                customer,
                receivable: self.name(),
                amount: self.dice.amount(),
                term: self.dice.term(),
            },
            51..57 => Op::Pay {
                customer,
                payment: self.name(),
                amount: self.dice.amount(),
                spread: self.dice.below(5) > 0,
            },
            57..60 => self.about_payment(),
            60..64 => {
                self.about_reservation(|_, name, _| Op::ReadReservation { reservation: name })
            }
            64..68 => Op::Check {
                customer,
                amount: self.dice.amount(),
            },
            68..71 => Op::ReadLine { line },
            71..76 => Op::Join {
                customer,
                group: self.dice.below(world.groups.len()),
                membership: self.name(),
            },
            76..80 => {
                let known = self.stage.known.lock().unwrap();
                let names: Vec<Name> = known.memberships.iter().map(|(name, _)| *name).collect();
                Op::Leave {
                    membership: self.dice.pick(names),
                }
            }
            80..84 => Op::Suspend { line },
            84..88 => Op::Resume {
                line,
                application: self.name(),
            },
            88..92 => Op::Submit {
                line,
                application: self.name(),
                from: 0,
                to: 2_000 * (1 + self.dice.amount() / 1_000),
            },
            92..97 => {
                let minutes = 40;
                Op::Wait { minutes }
            }
            _ => Op::Sweep { customer },
        }
    }

    fn reserve(&mut self, customer: usize) -> Op {
        let mut known = self.stage.known.lock().unwrap();
        // Sometimes the same order again, or another one that is called the same.
        let before = known.reservations.clone();
        if !before.is_empty() && self.dice.below(8) == 0 {
            let (customer, reservation, amount, until, _) = self.dice.pick(before);
            let other = self.dice.below(3) == 0;
            return Op::Reserve {
                customer,
                reservation,
                amount: if other { self.dice.amount() } else { amount },
                until,
            };
        }
        let (reservation, amount) = (self.name(), self.dice.amount());
        // Many expire while the history lasts, where time passes.
        let until = known.minutes + [30, 60, 90, 100_000][self.dice.below(4)];
        let until = if self.stage.scope.everything {
            until
        } else {
            100_000
        };
        known
            .reservations
            .push((customer, reservation, amount, until, None));
        Op::Reserve {
            customer,
            reservation,
            amount,
            until,
        }
    }

    fn batch(&mut self) -> Op {
        let items: Vec<(usize, Name, Minor)> = (0..2 + self.dice.below(2))
            .map(|_| {
                let customer = self.dice.below(self.stage.world.customers.len());
                (customer, self.name(), self.dice.amount())
            })
            .collect();
        let mut known = self.stage.known.lock().unwrap();
        for (customer, name, amount) in &items {
            known
                .reservations
                .push((*customer, *name, *amount, 100_000, None));
        }
        Op::ReserveAll {
            atomic: self.dice.below(2) == 0,
            until: 100_000,
            items,
        }
    }

    fn about_reservation(&mut self, what: impl FnOnce(&mut Dice, Name, &Stage<'_>) -> Op) -> Op {
        let known = self.stage.known.lock().unwrap();
        let told: Vec<Name> = known
            .reservations
            .iter()
            .filter(|one| one.4.is_some())
            .map(|one| one.1)
            .collect();
        drop(known);
        if told.is_empty() {
            let customer = self.dice.below(self.stage.world.customers.len());
            return self.reserve(customer);
        }
        let name = self.dice.pick(told);
        what(&mut self.dice, name, self.stage)
    }

    fn about_payment(&mut self) -> Op {
        let known = self.stage.known.lock().unwrap();
        let names: Vec<Name> = known.payments.iter().map(|(name, _)| *name).collect();
        drop(known);
        if names.is_empty() {
            return Op::Pay {
                customer: self.dice.below(self.stage.world.customers.len()),
                payment: self.name(),
                amount: self.dice.amount(),
                spread: true,
            };
        }
        Op::Reverse {
            payment: self.dice.pick(names),
        }
    }
}
