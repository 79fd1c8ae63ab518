//! How the receivables of the year are paid: on time, late, in parts, not at all, or twice because
//! a payment bounced.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::action::{Action, Day, LAST_DAY, Planned, date};
use super::company::{UNITS, Who};
use super::customers::{CustomerPlan, Payer};
use super::generator::Generator;
use super::year::ReceivablePlan;
use crate::values::currency::Currency;

/// Receivables that are disputed and still owed, and that were paid after all.
const DISPUTED: usize = 26;
const DISPUTED_AND_PAID: usize = 8;

/// Money that nobody could place.
const UNPLACED: usize = 8;

/// Reasons of disputes.
pub(super) const DISPUTE_REASONS: &[&str] = &[
    "客户称到货数量与送货单不符",
    "客户对质量检验结果有异议",
    "发票金额与合同单价不一致",
    "客户称货物未按约定日期送达",
];

/// A payment as it is planned.
#[derive(Debug, Clone)]
pub(super) struct PaymentPlan {
    pub(super) customer: usize,
    pub(super) amount_minor: i64,
    pub(super) currency: Currency,
    pub(super) received: Day,
    pub(super) reference: String,
    /// Places of the receivables it settles, with the amounts.
    pub(super) parts: Vec<(usize, i64)>,
    /// Whether it is received without being spread, and allocated later.
    pub(super) is_spread_later: bool,
}

/// Every payment of the year.
pub(super) struct Settlement {
    pub(super) payments: Vec<PaymentPlan>,
    pub(super) planned: Vec<Planned>,
}

/// Amounts by receivable, by day and customer.
type ByDay = BTreeMap<(Day, usize), BTreeMap<usize, i64>>;

struct Book<'a> {
    generator: Generator,
    customers: &'a [CustomerPlan],
    first_day: NaiveDate,
    settlement: Settlement,
    /// What is paid in the end, by receivable.
    paid: Vec<i64>,
}

/// Plans who pays what and when.
pub(super) fn settle(
    customers: &[CustomerPlan],
    receivables: &[ReceivablePlan],
    first_day: NaiveDate,
) -> Settlement {
    let mut book = Book {
        generator: Generator::of("payments"),
        customers,
        first_day,
        settlement: Settlement {
            payments: Vec::new(),
            planned: Vec::new(),
        },
        paid: vec![0; receivables.len()],
    };
    let mut by_day = ByDay::new();
    for (index, receivable) in receivables.iter().enumerate() {
        for (day, amount_minor) in book.parts(receivable) {
            // Every customer pays its bills on a day of the week of its own.
            let customer = receivable.customer;
            let rhythm = i64::try_from(customer).unwrap_or(0);
            let day = day + (rhythm - day).rem_euclid(7);
            if day > receivable.issued && day <= LAST_DAY {
                *by_day
                    .entry((day, customer))
                    .or_default()
                    .entry(index)
                    .or_default() += amount_minor;
            }
        }
    }
    for ((day, customer), parts) in by_day {
        book.pay(customer, day, parts.into_iter().collect());
    }
    book.unplaced();
    book.disputes(receivables);
    book.settlement
}

impl Book<'_> {
    /// When a receivable would be paid, and in which parts.
    fn parts(&mut self, receivable: &ReceivablePlan) -> Vec<(Day, i64)> {
        let ReceivablePlan {
            customer,
            amount_minor,
            issued,
            term_days,
            ..
        } = *receivable;
        let due = issued + Day::from(term_days);
        let generator = &mut self.generator;
        let paid = match self.customers[customer].payer {
            Payer::Prompt => Some(due - generator.between(2, 8)),
            Payer::Slow => Some(due + generator.between(1, 25)),
            Payer::Bad if generator.percent(40) => Some(due + generator.between(10, 60)),
            Payer::Bad => None,
        };
        let part = amount_minor * generator.between(25, 60) / 100;
        match (generator.between(1, 100), paid) {
            // A down payment at delivery.
            (..=5, paid) => {
                let mut parts = vec![(issued + 1, part)];
                parts.extend(paid.map(|day| (day, amount_minor - part)));
                parts
            }
            // A part only; the rest weeks later.
            (6..=10, Some(day)) => vec![(day, part), (day + 20, amount_minor - part)],
            // A part only, and no more; but for the customer whose credit check is there to try.
            (11, Some(day)) if customer > 0 => vec![(day, part)],
            (_, paid) => paid.map(|day| (day, amount_minor)).into_iter().collect(),
        }
    }

    fn pay(&mut self, customer: usize, day: Day, parts: Vec<(usize, i64)>) {
        let settled: i64 = parts.iter().map(|(_, amount)| amount).sum();
        let too_much = match self.generator.percent(1) {
            true => (settled / self.generator.between(20, 90)).max(1),
            false => 0,
        };
        let is_spread_later = day + 3 <= LAST_DAY && self.generator.percent(2);
        let payment = self.receive(
            customer,
            day,
            settled + too_much,
            parts.clone(),
            is_spread_later,
        );
        if is_spread_later {
            let allocated = day + self.generator.between(1, 3);
            self.plan(allocated, Action::Allocate(payment));
        }
        let bounces = !is_spread_later && day + 2 <= LAST_DAY && self.generator.percent(1);
        let repaid = day + self.generator.between(8, 15);
        let is_repaid = (self.generator.percent(70) || customer == 0) && repaid <= LAST_DAY;
        if bounces {
            self.plan(day + 2, Action::Reverse(payment));
        }
        if bounces && is_repaid {
            self.receive(customer, repaid, settled, parts.clone(), false);
        }
        if !bounces || is_repaid {
            for (receivable, amount_minor) in parts {
                self.paid[receivable] += amount_minor;
            }
        }
    }

    fn receive(
        &mut self,
        customer: usize,
        day: Day,
        amount_minor: i64,
        parts: Vec<(usize, i64)>,
        is_spread_later: bool,
    ) -> usize {
        let payment = self.settlement.payments.len();
        self.settlement.payments.push(PaymentPlan {
            customer,
            amount_minor,
            currency: self.customers[customer].currency,
            received: day,
            reference: format!(
                "BK{}{:05}",
                date(self.first_day, day).format("%Y%m%d"),
                payment + 1
            ),
            parts,
            is_spread_later,
        });
        self.plan(day, Action::Receive(payment));
        payment
    }

    fn unplaced(&mut self) {
        let buyers: Vec<usize> = (0..self.customers.len())
            .filter(|index| self.customers[*index].buys() && self.customers[*index].opens == 0)
            .collect();
        for _ in 0..UNPLACED {
            let customer = *self.generator.pick(&buyers);
            let day = LAST_DAY - self.generator.between(0, 40);
            let amount_minor = self.customers[customer].order_minor;
            self.receive(customer, day, amount_minor, Vec::new(), false);
        }
    }

    fn disputes(&mut self, receivables: &[ReceivablePlan]) {
        let mut places: Vec<usize> = (0..receivables.len()).collect();
        self.generator.shuffle(&mut places);
        let due =
            |place: usize| receivables[place].issued + Day::from(receivables[place].term_days);
        let (mut owed, mut settled) = (0, 0);
        for place in places {
            let issued = receivables[place].issued;
            let is_owed = self.paid[place] < receivables[place].amount_minor;
            let latest = if is_owed {
                (due(place) + 20).min(LAST_DAY)
            } else {
                issued + 4
            };
            if issued + 2 > latest {
                continue;
            }
            let first_paid = self
                .settlement
                .payments
                .iter()
                .find(|payment| payment.parts.iter().any(|(settled, _)| *settled == place));
            let count = if is_owed { &mut owed } else { &mut settled };
            let wanted = if is_owed { DISPUTED } else { DISPUTED_AND_PAID };
            let is_early = is_owed || first_paid.is_none_or(|payment| payment.received > latest);
            if *count >= wanted || !is_early {
                continue;
            }
            *count += 1;
            let unit = self.customers[receivables[place].customer].unit;
            self.settlement.planned.push(Planned {
                day: self.generator.between(issued + 2, latest),
                who: Who::BranchOfficer(UNITS[unit].region),
                action: Action::Dispute(place),
            });
        }
    }

    fn plan(&mut self, day: Day, action: Action) {
        self.settlement.planned.push(Planned {
            day,
            who: Who::Integration,
            action,
        });
    }
}
