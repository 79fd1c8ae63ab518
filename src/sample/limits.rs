//! Fits limits to the business of the year: whoever asks first gets what it asks for, and a few
//! customers that do not ask are delivered more than their limit.

use std::collections::BTreeMap;

use super::action::{Action, Planned};
use super::company::GOODS;
use super::credit::{Account, ApplicationPlan, Outcome, OwnerPlan};
use super::customers::CustomerPlan;
use super::generator::Generator;
use super::groups::GroupPlan;
use super::settlement::PaymentPlan;
use super::year::{ReceivablePlan, ReservationPlan};

/// What the limits are fitted to.
pub(super) struct Business<'a> {
    pub(super) customers: &'a [CustomerPlan],
    pub(super) groups: &'a [GroupPlan],
    pub(super) accounts: &'a [Account],
    pub(super) reservations: &'a [ReservationPlan],
    pub(super) receivables: &'a [ReceivablePlan],
    pub(super) payments: &'a [PaymentPlan],
    /// Everything that happens, in order.
    pub(super) planned: &'a [Planned],
}

/// What a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Product(usize, &'static str),
    Customer(usize),
    Group(usize),
}

/// What is used now, and what was used at most.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    now_minor: i64,
    most_minor: i64,
}

/// Sets the amount of every application that opens a line.
pub(super) fn fit(applications: &mut [ApplicationPlan], business: &Business<'_>) {
    let mut generator = Generator::of("limits");
    let used = used(business);
    // Lines that follow each other have one limit.
    let mut limits: BTreeMap<Level, i64> = BTreeMap::new();
    for application in applications {
        if !matches!(application.outcome, Outcome::Opened(_)) {
            continue;
        }
        let level = match (application.owner, application.product) {
            (OwnerPlan::Group(group), _) => Level::Group(group),
            (OwnerPlan::Customer(customer), None) => Level::Customer(customer),
            (OwnerPlan::Customer(customer), Some(product)) => Level::Product(customer, product),
        };
        let most_minor = used.get(&level).map_or(0, |one| one.most_minor);
        let limit = limits.entry(level).or_insert_with(|| {
            let (usual_minor, percent) = match level {
                // Only goods leave without asking.
                Level::Product(customer, GOODS) if business.customers[customer].is_over_limit => {
                    (0, 88)
                }
                Level::Product(customer, _) => (
                    business.customers[customer].order_minor * 3,
                    generator.between(112, 160),
                ),
                Level::Customer(customer) => (
                    business.customers[customer].order_minor * 4,
                    generator.between(108, 135),
                ),
                Level::Group(_) => (10_000_000, generator.between(105, 130)),
            };
            rounded_up(most_minor.max(usual_minor) / 100 * percent)
        });
        application.amount_minor = *limit;
    }
}

/// Runs through the year and notes the most that was used at every level.
fn used(business: &Business<'_>) -> BTreeMap<Level, Use> {
    let mut used: BTreeMap<Level, Use> = BTreeMap::new();
    let mut rests: Vec<i64> = vec![0; business.reservations.len()];
    for one in business.planned {
        match one.action {
            Action::Reserve(index) => {
                let reservation = &business.reservations[index];
                rests[index] = reservation.amount_minor;
                let owner = (reservation.customer, reservation.product);
                business.count(&mut used, owner, reservation.amount_minor, false);
            }
            Action::Capture {
                reservation,
                receivable,
                is_final,
            } => {
                rests[reservation] -= business.receivables[receivable].amount_minor;
                if is_final {
                    business.give_back(&mut used, &mut rests, reservation);
                }
            }
            Action::Release(reservation) | Action::Sweep(reservation) => {
                business.give_back(&mut used, &mut rests, reservation);
            }
            Action::Post(index) => {
                let receivable = &business.receivables[index];
                let owner = (receivable.customer, receivable.product);
                business.count(&mut used, owner, receivable.amount_minor, false);
            }
            Action::Receive(index) if !business.payments[index].is_spread_later => {
                business.settle(&mut used, index, -1);
            }
            Action::Allocate(index) => business.settle(&mut used, index, -1),
            Action::Reverse(index) => business.settle(&mut used, index, 1),
            _ => {}
        }
    }
    used
}

impl Business<'_> {
    fn give_back(&self, used: &mut BTreeMap<Level, Use>, rests: &mut [i64], reservation: usize) {
        let rest = std::mem::take(&mut rests[reservation]);
        let plan = &self.reservations[reservation];
        self.count(used, (plan.customer, plan.product), -rest, false);
    }

    fn settle(&self, used: &mut BTreeMap<Level, Use>, payment: usize, sign: i64) {
        for (receivable, amount_minor) in &self.payments[payment].parts {
            let plan = &self.receivables[*receivable];
            self.count(
                used,
                (plan.customer, plan.product),
                sign * amount_minor,
                true,
            );
        }
    }

    fn count(
        &self,
        used: &mut BTreeMap<Level, Use>,
        (customer, product): (usize, &'static str),
        amount_minor: i64,
        is_settlement: bool,
    ) {
        let group = self
            .groups
            .iter()
            .position(|group| group.members.contains(&customer));
        let revolves = self
            .accounts
            .iter()
            .find(|account| account.customer == customer && account.product == product)
            .is_none_or(|account| account.revolving);
        // What is repaid on a line that does not revolve is gone for good.
        let product = (revolves || !is_settlement).then_some(Level::Product(customer, product));
        let levels = [
            product,
            Some(Level::Customer(customer)),
            group.map(Level::Group),
        ];
        for level in levels.into_iter().flatten() {
            let one = used.entry(level).or_default();
            one.now_minor += amount_minor;
            one.most_minor = one.most_minor.max(one.now_minor);
        }
    }
}

/// Up to two digits and zeros, as limits are.
fn rounded_up(amount_minor: i64) -> i64 {
    let mut unit = 100;
    while amount_minor / unit >= 100 {
        unit *= 10;
    }
    (amount_minor + unit - 1) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_two_digits_and_are_never_less_than_asked() {
        for (amount, limit) in [
            (0, 0),
            (99, 100),
            (12_345, 13_000),
            (100_000, 100_000),
            (987_654, 990_000),
        ] {
            assert_eq!(rounded_up(amount), limit);
        }
    }
}
