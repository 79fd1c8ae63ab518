//! What the customers of the sample company have credit for, and the applications behind it.

use super::action::{Action, Day, LAST_DAY, Planned};
use super::company::{GOODS, PRODUCTS, UNITS, Who};
use super::customers::{CustomerPlan, Fate};
use super::generator::Generator;
use super::groups::GroupPlan;
use crate::customers::domain::customers::{CustomerKind, CustomerRole, MarketWeight, TimeClass};
use crate::values::currency::Currency;

/// Days between the last new business and the end of a line, so that what is under way ends first.
const WINDING_DOWN_DAYS: Day = 10;

/// The day on which some lines end and are followed by others.
const RENEWAL_DAY: Day = 180;
/// Days before that on which its successor is approved.
const RENEWED_BEFORE_DAYS: Day = 9;
/// Days at least that lines last beyond the year.
const LASTS_BEYOND_DAYS: Day = 40;

/// The business of a customer under one product.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) customer: usize,
    pub(super) product: &'static str,
    /// How much business there is, compared with the others.
    pub(super) weight: u64,
    /// Payment term of the line.
    pub(super) term_days: i32,
    /// First and last day of new business.
    pub(super) from: Day,
    pub(super) until: Day,
    /// Whether repaid limit can be used again.
    pub(super) revolving: bool,
    /// Whether limit is only ever set aside for it, as for guarantees.
    pub(super) is_contingent: bool,
}

impl Account {
    /// The last day until which something that is reserved on a day can be held: before its line ends, or
    /// gives way to one that is not there yet.
    pub(super) fn held_until(&self, day: Day, expires: Day) -> Day {
        let ends = match self.until {
            LAST_DAY => LAST_DAY + LASTS_BEYOND_DAYS,
            until => until + WINDING_DOWN_DAYS,
        };
        let renewal = self.product == GOODS && day < RENEWAL_DAY - RENEWED_BEFORE_DAYS;
        let ends = if renewal && expires >= RENEWAL_DAY {
            ends.min(RENEWAL_DAY - 1)
        } else {
            ends
        };
        expires.min(ends)
    }
}

/// Whose line it is to be, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnerPlan {
    Customer(usize),
    Group(usize),
}

/// What becomes of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Approved on this day.
    Opened(Day),
    /// Never submitted.
    Draft,
    /// Waits for a decision.
    Submitted,
    /// Rejected on this day.
    Rejected(Day),
    /// Taken back on this day.
    Withdrawn(Day),
}

/// An application as it is planned.
#[derive(Debug, Clone)]
pub(super) struct ApplicationPlan {
    pub(super) owner: OwnerPlan,
    pub(super) product: Option<&'static str>,
    /// Limit; for opened lines it is fitted to the business of the year.
    pub(super) amount_minor: i64,
    pub(super) currency: Currency,
    pub(super) from: Day,
    pub(super) until: Day,
    pub(super) term_days: Option<i32>,
    pub(super) revolving: bool,
    pub(super) purpose: &'static str,
    pub(super) drawn: Day,
    pub(super) outcome: Outcome,
    /// Who draws it up, and who decides.
    pub(super) people: (Who, Who),
}

/// The accounts of all customers.
pub(super) fn accounts(customers: &[CustomerPlan]) -> Vec<Account> {
    let mut generator = Generator::of("accounts");
    let mut accounts = Vec::new();
    for (index, customer) in customers.iter().enumerate() {
        if customer.new.time_class == TimeClass::Future {
            continue;
        }
        for (product, weight) in products_of(&mut generator, index, customer) {
            accounts.push(account(&mut generator, index, customer, product, weight));
        }
    }
    accounts
}

/// The products of a customer, with how much business there is in each.
fn products_of(
    generator: &mut Generator,
    index: usize,
    customer: &CustomerPlan,
) -> Vec<(&'static str, u64)> {
    let is_company = customer.new.kind == CustomerKind::Company;
    let goods = match customer.new.market_weight {
        MarketWeight::Key => 24,
        MarketWeight::Regular => 11,
        MarketWeight::Occasional => 3,
    };
    let mut products = Vec::new();
    if customer.buys() && (index == 0 || generator.percent(95)) {
        products.push((GOODS, goods));
    }
    let mut sometimes = |applies: bool, percent: i64, product, weight| {
        if applies && generator.percent(percent) {
            products.push((product, weight));
        }
    };
    let dealer = customer.is(CustomerRole::Dealer) && is_company;
    let supplier = customer.is(CustomerRole::Supplier);
    let domestic = customer.currency == Currency::CNY;
    sometimes(dealer, 45, "trade_finance", 2);
    sometimes(dealer, 30, "bill_acceptance", 1);
    sometimes(supplier && domestic, 85, "supplier_prepayment", 4);
    sometimes(is_company && customer.buys(), 10, "export_tax_advance", 2);
    sometimes(is_company && customer.buys(), 12, "working_capital_loan", 1);
    sometimes(
        customer.is(CustomerRole::Partner) || is_company,
        9,
        "performance_guarantee",
        1,
    );
    sometimes(
        !domestic || is_company,
        if domestic { 6 } else { 70 },
        "letter_of_credit",
        1,
    );
    products
}

fn account(
    generator: &mut Generator,
    index: usize,
    customer: &CustomerPlan,
    product: &'static str,
    weight: u64,
) -> Account {
    let usual = PRODUCTS
        .iter()
        .find(|one| one.code == product)
        .map_or(30, |one| one.term_days);
    let term_days = match product {
        GOODS => *generator.pick(&[30, 30, 45, 60, 60, 90]),
        _ => usual,
    };
    let from = if customer.opens == 0 {
        1
    } else {
        customer.opens + 6
    };
    let until = match customer.fate.ends_on() {
        Some(day) => day - WINDING_DOWN_DAYS,
        None => LAST_DAY,
    };
    let is_contingent = matches!(
        product,
        "bill_acceptance" | "performance_guarantee" | "letter_of_credit"
    );
    Account {
        customer: index,
        product,
        weight,
        term_days,
        from,
        until,
        revolving: product != "working_capital_loan" || generator.percent(50),
        is_contingent,
    }
}

/// Every application of the year.
pub(super) fn applications(
    customers: &[CustomerPlan],
    groups: &[GroupPlan],
    accounts: &[Account],
) -> Vec<ApplicationPlan> {
    let mut generator = Generator::of("applications");
    let mut all = Vec::new();
    let mut renewals_left = 12;
    for (index, customer) in customers.iter().enumerate() {
        let of_customer: Vec<&Account> = accounts
            .iter()
            .filter(|account| account.customer == index)
            .collect();
        if of_customer.is_empty() {
            continue;
        }
        let unified = unified(&mut generator, index, customer);
        if customer.currency == Currency::CNY && (index == 0 || generator.percent(90)) {
            all.push(unified.clone());
        }
        for account in of_customer {
            let mut line = unified.clone();
            line.product = Some(account.product);
            line.term_days = Some(account.term_days);
            line.revolving = account.revolving;
            line.purpose = purpose(account.product);
            let renews = account.product == GOODS
                && index > 0
                && renewals_left > 0
                && customer.opens == 0
                && customer.fate == Fate::Stays
                && generator.percent(15);
            if renews {
                renewals_left -= 1;
                let next = ApplicationPlan {
                    drawn: RENEWAL_DAY - 12,
                    outcome: Outcome::Opened(RENEWAL_DAY - RENEWED_BEFORE_DAYS),
                    from: RENEWAL_DAY,
                    purpose: "原额度到期续期",
                    ..line.clone()
                };
                line.until = RENEWAL_DAY - 1;
                all.push(line);
                all.push(next);
            } else {
                all.push(line);
            }
        }
    }
    all.extend(
        groups
            .iter()
            .enumerate()
            .map(|(index, group)| ceiling(&mut generator, index, group)),
    );
    all.extend(undecided(&mut generator, customers, accounts));
    all
}

fn unified(generator: &mut Generator, index: usize, customer: &CustomerPlan) -> ApplicationPlan {
    let (drawn, approved) = match customer.opens {
        0 => (0, 0),
        day => (day + 1, day + generator.between(2, 5)),
    };
    let until = match customer.fate {
        Fate::LineExpires(day) => day,
        _ => LAST_DAY + generator.between(LASTS_BEYOND_DAYS, 500),
    };
    ApplicationPlan {
        owner: OwnerPlan::Customer(index),
        product: None,
        amount_minor: 0,
        currency: customer.currency,
        from: approved,
        until,
        term_days: None,
        revolving: true,
        purpose: "统一授信，覆盖全部业务品种",
        drawn,
        outcome: Outcome::Opened(approved),
        people: people(customer),
    }
}

/// The account manager applies; large customers are decided at the head office.
fn people(customer: &CustomerPlan) -> (Who, Who) {
    let decider = match customer.new.market_weight {
        MarketWeight::Key => Who::HeadOfficer,
        _ => Who::BranchOfficer(UNITS[customer.unit].region),
    };
    (Who::AccountManager(customer.unit), decider)
}

fn ceiling(generator: &mut Generator, index: usize, group: &GroupPlan) -> ApplicationPlan {
    ApplicationPlan {
        owner: OwnerPlan::Group(index),
        product: None,
        amount_minor: 0,
        currency: Currency::CNY,
        from: 0,
        until: LAST_DAY + generator.between(60, 500),
        term_days: None,
        revolving: true,
        purpose: "集团客户授信总额控制",
        drawn: 0,
        outcome: Outcome::Opened(0),
        people: (group.officer, group.approver),
    }
}

/// Applications that opened nothing: the customers have no line for the product.
fn undecided(
    generator: &mut Generator,
    customers: &[CustomerPlan],
    accounts: &[Account],
) -> Vec<ApplicationPlan> {
    let product = "trade_finance";
    let mut candidates: Vec<usize> = (0..customers.len())
        .filter(|index| {
            let customer = &customers[*index];
            customer.new.kind == CustomerKind::Company
                && customer.opens < 100
                && customer.fate == Fate::Stays
                && !accounts
                    .iter()
                    .any(|one| one.customer == *index && one.product == product)
        })
        .collect();
    generator.shuffle(&mut candidates);
    // Those of the department with the development tokens first: they wait for whoever tries.
    candidates.sort_by_key(|index| customers[*index].unit != 0);
    let mut outcomes = Vec::new();
    for _ in 0..8 {
        outcomes.push((LAST_DAY - generator.between(0, 12), Outcome::Submitted));
    }
    for _ in 0..6 {
        outcomes.push((LAST_DAY - generator.between(0, 20), Outcome::Draft));
    }
    for _ in 0..7 {
        let drawn = generator.between(110, LAST_DAY - 20);
        outcomes.push((drawn, Outcome::Rejected(drawn + generator.between(1, 9))));
    }
    for _ in 0..5 {
        let drawn = generator.between(110, LAST_DAY - 20);
        outcomes.push((drawn, Outcome::Withdrawn(drawn + generator.between(1, 9))));
    }
    let pairs = candidates.into_iter().zip(outcomes);
    pairs
        .map(|(index, (drawn, outcome))| ApplicationPlan {
            owner: OwnerPlan::Customer(index),
            product: Some(product),
            amount_minor: generator.between(2, 40) * 5_000_000,
            currency: customers[index].currency,
            from: drawn,
            until: drawn + 365,
            term_days: Some(90),
            revolving: true,
            purpose: purpose(product),
            drawn,
            outcome,
            people: people(&customers[index]),
        })
        .collect()
}

fn purpose(product: &str) -> &'static str {
    match product {
        GOODS => "日常货物赊销",
        "supplier_prepayment" => "采购原材料预付货款",
        "export_tax_advance" => "出口退税款垫付",
        "trade_finance" => "进出口贸易项下融资",
        "bill_acceptance" => "银行承兑汇票开立",
        "performance_guarantee" => "工程项目履约担保",
        "letter_of_credit" => "进口信用证开立",
        _ => "补充流动资金",
    }
}

/// What an application is worth in the currency of the company, generously.
fn worth_minor(application: &ApplicationPlan) -> i64 {
    match application.currency {
        Currency::USD => application.amount_minor.saturating_mul(8),
        _ => application.amount_minor,
    }
}

/// Everything that is ever applied for by an owner, with its group: no authority is measured at more.
fn whole_minor(owner: OwnerPlan, applications: &[ApplicationPlan], groups: &[GroupPlan]) -> i64 {
    let group_of = |owner: OwnerPlan| match owner {
        OwnerPlan::Group(group) => Some(group),
        OwnerPlan::Customer(customer) => groups
            .iter()
            .position(|group| group.members.contains(&customer)),
    };
    let is_of_it = |other: &&ApplicationPlan| match group_of(owner) {
        Some(group) => group_of(other.owner) == Some(group),
        None => other.owner == owner,
    };
    applications.iter().filter(is_of_it).map(worth_minor).sum()
}

/// Whoever has the authority decides. Nobody has a score before the year is over: the branch up to two
/// hundred thousand, the head office above that, and the executive after it above fifty million, where
/// that is still needed.
pub(super) fn with_authority(
    mut planned: Vec<Planned>,
    applications: &[ApplicationPlan],
    groups: &[GroupPlan],
) -> Vec<Planned> {
    let mut more = Vec::new();
    for one in &mut planned {
        let (Action::Approve(index) | Action::Reject(index)) = one.action else {
            continue;
        };
        let application = &applications[index];
        let whole_minor = whole_minor(application.owner, applications, groups);
        let (drawer, _) = application.people;
        if whole_minor > 20_000_000 && matches!(one.who, Who::BranchOfficer(_)) {
            one.who = Who::HeadOfficer;
        }
        if whole_minor > 5_000_000_000 && drawer != Who::HeadOfficer {
            one.who = Who::HeadOfficer;
            if one.action == Action::Approve(index) {
                more.push(Planned {
                    who: Who::Executive,
                    ..*one
                });
            }
        }
    }
    planned.extend(more);
    planned.sort_by_key(Planned::order);
    planned
}

/// Drawing up, submitting and deciding every application, and what happens to lines later.
pub(super) fn planned(
    customers: &[CustomerPlan],
    applications: &[ApplicationPlan],
) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (index, application) in applications.iter().enumerate() {
        let (drawer, decider) = application.people;
        let mut plan = |day, who, action| planned.push(Planned { day, who, action });
        plan(application.drawn, drawer, Action::DrawUp(index));
        // Submitted when it can be decided: what somebody else decides meanwhile would be for more people.
        match application.outcome {
            Outcome::Draft => {}
            Outcome::Submitted => plan(application.drawn, drawer, Action::Submit(index)),
            Outcome::Opened(day) | Outcome::Rejected(day) | Outcome::Withdrawn(day) => {
                plan(day, drawer, Action::Submit(index));
            }
        }
        match application.outcome {
            Outcome::Opened(day) => plan(day, decider, Action::Approve(index)),
            Outcome::Rejected(day) => plan(day, decider, Action::Reject(index)),
            Outcome::Withdrawn(day) => plan(day, drawer, Action::Withdraw(index)),
            Outcome::Draft | Outcome::Submitted => {}
        }
        let (OwnerPlan::Customer(customer), Some(GOODS)) = (application.owner, application.product)
        else {
            continue;
        };
        let officer = Who::BranchOfficer(UNITS[customers[customer].unit].region);
        match customers[customer].fate {
            Fate::LineSuspended(day) => plan(day, officer, Action::Suspend(index)),
            Fate::LineClosed(day) => plan(day, officer, Action::CloseLine(index)),
            _ => {}
        }
    }
    planned
}
