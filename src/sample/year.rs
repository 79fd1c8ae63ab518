//! A year of orders and deliveries: what is reserved, captured, released and posted.

use chrono::{Datelike, NaiveDate, Weekday};

use super::action::{Action, Day, LAST_DAY, Planned, date};
use super::company::{GOODS, Who};
use super::credit::Account;
use super::customers::{CustomerPlan, Fate};
use super::generator::Generator;
use crate::customers::domain::customers::TimeClass;
use crate::values::currency::Currency;

/// How many receivables there are.
pub(super) const RECEIVABLES: usize = 5_000;

/// Reservations that came to nothing: given back, and expired.
const RELEASED: usize = 80;
const EXPIRED: usize = 60;

/// Reservations that are open now, and how many of them are captured in part.
const OPEN: usize = 40;
const OPEN_CAPTURED: usize = 6;

/// Deliveries to customers without a line, and after the end of one.
const WITHOUT_LINE: usize = 4;
const AFTER_EXPIRY: usize = 3;

/// A receivable as it is planned.
#[derive(Debug, Clone)]
pub(super) struct ReceivablePlan {
    pub(super) customer: usize,
    pub(super) product: &'static str,
    pub(super) number: String,
    pub(super) amount_minor: i64,
    pub(super) currency: Currency,
    pub(super) issued: Day,
    /// The term that will apply.
    pub(super) term_days: i32,
    /// Whether the term is named, or that of the line.
    pub(super) names_term: bool,
}

/// A reservation as it is planned.
#[derive(Debug, Clone)]
pub(super) struct ReservationPlan {
    pub(super) customer: usize,
    pub(super) product: &'static str,
    pub(super) reference: String,
    pub(super) amount_minor: i64,
    pub(super) currency: Currency,
    /// Day on whose evening it expires.
    pub(super) expires: Day,
}

/// Everything that is traded in the year.
pub(super) struct Trades {
    pub(super) receivables: Vec<ReceivablePlan>,
    pub(super) reservations: Vec<ReservationPlan>,
    pub(super) planned: Vec<Planned>,
}

/// One delivery on its way into the plan.
struct Delivery {
    account: usize,
    day: Day,
    is_reserved: bool,
    in_two_parts: bool,
}

struct Book<'a> {
    generator: Generator,
    customers: &'a [CustomerPlan],
    first_day: NaiveDate,
    trades: Trades,
}

/// Plans the year.
pub(super) fn trades(
    customers: &[CustomerPlan],
    accounts: &[Account],
    first_day: NaiveDate,
) -> Trades {
    let mut book = Book {
        generator: Generator::of("trades"),
        customers,
        first_day,
        trades: Trades {
            receivables: Vec::with_capacity(RECEIVABLES),
            reservations: Vec::new(),
            planned: Vec::new(),
        },
    };
    book.facts_without_line(accounts);
    let left = RECEIVABLES - book.trades.receivables.len() - OPEN_CAPTURED;
    for delivery in book.deliveries(accounts, left) {
        book.deliver(&accounts[delivery.account], &delivery);
    }
    book.come_to_nothing(accounts);
    book.contingent(accounts);
    book.open_now(accounts);
    book.trades
}

impl Book<'_> {
    /// Draws deliveries until they make up `count` receivables, in order of their days.
    fn deliveries(&mut self, accounts: &[Account], count: usize) -> Vec<Delivery> {
        let weights: Vec<u64> = accounts
            .iter()
            .map(|account| {
                let days = u64::try_from(account.until - account.from + 1).unwrap_or(0);
                if account.is_contingent {
                    0
                } else {
                    account.weight * days
                }
            })
            .collect();
        let mut deliveries = Vec::new();
        let mut made = 0;
        while made < count {
            let index = self.generator.weighted(&weights);
            let account = &accounts[index];
            let day = self.working_day(account.from, account.until);
            let asks_first = !self.customers[account.customer].is_over_limit;
            let is_reserved = day > account.from && asks_first && self.generator.percent(54);
            let in_two_parts = is_reserved
                && day + 3 <= account.until
                && made + 2 <= count
                && self.generator.percent(8);
            made += if in_two_parts { 2 } else { 1 };
            deliveries.push(Delivery {
                account: index,
                day,
                is_reserved,
                in_two_parts,
            });
        }
        deliveries.sort_by_key(|delivery| delivery.day);
        deliveries
    }

    fn deliver(&mut self, account: &Account, delivery: &Delivery) {
        let Delivery {
            day,
            is_reserved,
            in_two_parts,
            ..
        } = *delivery;
        let amount_minor = self.amount(account.customer);
        if !is_reserved {
            let receivable = self.receivable(account, amount_minor, day);
            self.plan(day, Action::Post(receivable));
            return;
        }
        let reserved_on = (day - self.generator.between(1, 6)).max(account.from);
        // Some orders are delivered a little short.
        let spare = if self.generator.percent(15) {
            amount_minor / 20
        } else {
            0
        };
        let reservation =
            self.reserve(account, amount_minor + spare, reserved_on, reserved_on + 12);
        let mut rest = amount_minor;
        if in_two_parts {
            let part = round(amount_minor * self.generator.between(40, 60) / 100);
            let receivable = self.receivable(account, part, day);
            self.plan(
                day,
                Action::Capture {
                    reservation,
                    receivable,
                    is_final: false,
                },
            );
            rest -= part;
        }
        let last = if in_two_parts {
            day + self.generator.between(1, 3)
        } else {
            day
        };
        let receivable = self.receivable(account, rest, last);
        self.plan(
            last,
            Action::Capture {
                reservation,
                receivable,
                is_final: true,
            },
        );
    }

    /// Goods that left without asking, to customers that have no usable line.
    fn facts_without_line(&mut self, accounts: &[Account]) {
        let has_line = |index: usize| accounts.iter().any(|account| account.customer == index);
        let customers = self.customers;
        let pairs = || customers.iter().enumerate();
        let lineless: Vec<usize> = pairs()
            .filter(|(index, customer)| {
                customer.buys() && customer.new.time_class != TimeClass::Future && !has_line(*index)
            })
            .map(|(index, _)| index)
            .collect();
        for _ in 0..WITHOUT_LINE {
            let customer = *self.generator.pick(&lineless);
            let day = self
                .generator
                .between(customers[customer].opens + 10, LAST_DAY);
            self.fact(customer, day);
        }
        let expired: Vec<(usize, Day)> = pairs()
            .filter_map(|(index, customer)| match customer.fate {
                Fate::LineExpires(day) => Some((index, day)),
                _ => None,
            })
            .collect();
        for (customer, day) in expired.into_iter().take(AFTER_EXPIRY) {
            let day = (day + self.generator.between(3, 14)).min(LAST_DAY);
            self.fact(customer, day);
        }
    }

    fn fact(&mut self, customer: usize, day: Day) {
        let amount_minor = self.amount(customer);
        let plan = self.receivable_plan(customer, GOODS, amount_minor, day, 30, true);
        self.trades.receivables.push(plan);
        self.plan(day, Action::Post(self.trades.receivables.len() - 1));
    }

    /// Orders that were called off, and offers that nobody took up.
    fn come_to_nothing(&mut self, accounts: &[Account]) {
        let goods: Vec<&Account> = accounts
            .iter()
            .filter(|one| self.asks_for_goods(one))
            .collect();
        for number in 0..RELEASED + EXPIRED {
            let account = *self.generator.pick(&goods);
            let amount_minor = self.amount(account.customer);
            let days = self.generator.between(1, 5);
            let day = self.working_day(account.from, (account.until - 8).max(account.from));
            if day + days >= LAST_DAY {
                continue;
            }
            if number < RELEASED {
                let reservation = self.reserve(account, amount_minor, day, day + 10);
                self.plan(day + days, Action::Release(reservation));
            } else {
                let reservation = self.reserve(account, amount_minor, day, day + days);
                self.trades.planned.push(Planned {
                    day: day + days + 1,
                    who: Who::Jobs,
                    action: Action::Sweep(reservation),
                });
            }
        }
    }

    /// Guarantees, acceptances and letters of credit: limit is set aside and given back.
    fn contingent(&mut self, accounts: &[Account]) {
        for account in accounts.iter().filter(|account| account.is_contingent) {
            for _ in 0..self.generator.between(2, 4) {
                let amount_minor = self.amount(account.customer) * 2;
                let day = self.working_day(account.from, account.until);
                let ends = day + self.generator.between(25, 120);
                let expires = account.held_until(day, ends + 5);
                let ends = ends.min(expires - 5);
                let reservation = self.reserve(account, amount_minor, day, expires);
                if ends <= LAST_DAY {
                    self.plan(ends, Action::Release(reservation));
                }
            }
        }
    }

    /// Orders that wait for their delivery.
    fn open_now(&mut self, accounts: &[Account]) {
        let goods: Vec<&Account> = accounts
            .iter()
            .filter(|one| self.asks_for_goods(one) && one.until == LAST_DAY && one.from < 300)
            .collect();
        for number in 0..OPEN {
            // The first customer has one too: its token shows it.
            let account = if number == 0 {
                goods[0]
            } else {
                *self.generator.pick(&goods)
            };
            let amount_minor = self.amount(account.customer);
            let day = LAST_DAY - self.generator.between(1, 5);
            let expires = LAST_DAY + self.generator.between(4, 25);
            let reservation = self.reserve(account, amount_minor, day, expires);
            if number < OPEN_CAPTURED {
                let receivable = self.receivable(account, round(amount_minor / 2), LAST_DAY);
                self.plan(
                    LAST_DAY,
                    Action::Capture {
                        reservation,
                        receivable,
                        is_final: false,
                    },
                );
            }
        }
    }

    fn asks_for_goods(&self, account: &Account) -> bool {
        account.product == GOODS && !self.customers[account.customer].is_over_limit
    }

    fn reserve(&mut self, account: &Account, amount_minor: i64, day: Day, expires: Day) -> usize {
        let reference = format!(
            "SO-{}-{:04}",
            date(self.first_day, day).format("%Y%m%d"),
            self.trades.reservations.len() + 1
        );
        self.trades.reservations.push(ReservationPlan {
            customer: account.customer,
            product: account.product,
            reference,
            amount_minor,
            currency: self.customers[account.customer].currency,
            expires: account.held_until(day, expires),
        });
        let reservation = self.trades.reservations.len() - 1;
        self.plan(day, Action::Reserve(reservation));
        reservation
    }

    fn receivable(&mut self, account: &Account, amount_minor: i64, day: Day) -> usize {
        let names_term = self.generator.percent(12);
        let term_days = match names_term {
            true => (*self.generator.pick(&[15, 30, 45, 60, 90])).min(account.term_days),
            false => account.term_days,
        };
        let Account {
            customer, product, ..
        } = *account;
        let plan =
            self.receivable_plan(customer, product, amount_minor, day, term_days, names_term);
        self.trades.receivables.push(plan);
        self.trades.receivables.len() - 1
    }

    fn receivable_plan(
        &self,
        customer: usize,
        product: &'static str,
        amount_minor: i64,
        issued: Day,
        term_days: i32,
        names_term: bool,
    ) -> ReceivablePlan {
        let number = self.trades.receivables.len() + 1;
        ReceivablePlan {
            customer,
            product,
            number: format!(
                "AR-{}-{number:05}",
                date(self.first_day, issued).format("%Y%m%d")
            ),
            amount_minor,
            currency: self.customers[customer].currency,
            issued,
            term_days,
            names_term,
        }
    }

    fn amount(&mut self, customer: usize) -> i64 {
        round(self.customers[customer].order_minor * self.generator.between(30, 170) / 100)
    }

    /// A day between two, rarely one of a weekend.
    fn working_day(&mut self, from: Day, until: Day) -> Day {
        let mut day = self.generator.between(from, until);
        for _ in 0..3 {
            let weekday = date(self.first_day, day).weekday();
            if !matches!(weekday, Weekday::Sat | Weekday::Sun) {
                break;
            }
            day = self.generator.between(from, until);
        }
        day
    }

    fn plan(&mut self, day: Day, action: Action) {
        self.trades.planned.push(Planned {
            day,
            who: Who::Integration,
            action,
        });
    }
}

/// Whole tenths of a yuan, more than nothing.
fn round(amount_minor: i64) -> i64 {
    (amount_minor / 10).max(1) * 10
}
