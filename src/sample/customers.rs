//! The customers of the sample company: who they are, and how they will behave.

use chrono::NaiveDate;

use super::action::{Action, Change, Day, LAST_DAY, Planned};
use super::company::{UNITS, Who};
use super::generator::Generator;
use super::names;
use crate::customers::app::customers::NewCustomer;
use crate::customers::domain::customers::{CustomerKind, CustomerRole, MarketWeight};
use crate::error::Error;
use crate::scores::domain::scores::Grade;
use crate::values::currency::Currency;

/// How many customers there are of each kind, with the characters of department and category of
/// GB 32100 that their codes begin with; none where the kind has no code.
const KINDS: &[(CustomerKind, usize, &[&str])] = &[
    (CustomerKind::Company, 128, &["91"]),
    (CustomerKind::IndividualBusiness, 18, &["92"]),
    (CustomerKind::Cooperative, 8, &["93"]),
    (CustomerKind::Government, 8, &["11"]),
    (CustomerKind::PublicInstitution, 10, &["12"]),
    (CustomerKind::SocialOrganisation, 6, &["53", "51", "52"]),
    (CustomerKind::ForeignCompany, 8, &[]),
    (CustomerKind::Individual, 14, &[]),
];

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payer {
    /// About when it is due.
    Prompt,
    /// Days or weeks later.
    Slow,
    /// Weeks later, or not at all.
    Bad,
}

/// What becomes of a customer or its main line in the course of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing.
    Stays,
    /// The line ends on this day and nobody applies for another one.
    LineExpires(Day),
    /// The line is suspended.
    LineSuspended(Day),
    /// The line is closed.
    LineClosed(Day),
    /// The archive is closed.
    Closes(Day),
}

impl Fate {
    /// The day from which there is no new business.
    pub(super) fn ends_on(self) -> Option<Day> {
        match self {
            Self::Stays => None,
            Self::LineExpires(day)
            | Self::LineSuspended(day)
            | Self::LineClosed(day)
            | Self::Closes(day) => Some(day),
        }
    }
}

/// A customer as it is planned.
#[derive(Debug, Clone)]
pub(super) struct CustomerPlan {
    /// The archive.
    pub(super) new: NewCustomer,
    /// Day on which it is opened.
    pub(super) opens: Day,
    /// Place of its department.
    pub(super) unit: usize,
    /// Currency of its business.
    pub(super) currency: Currency,
    /// How it pays.
    pub(super) payer: Payer,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Typical amount of one order, minor units.
    pub(super) order_minor: i64,
    /// Whether its limit is too small for what is delivered without asking.
    pub(super) is_over_limit: bool,
}

impl CustomerPlan {
    /// Whether it plays this role.
    pub(super) fn is(&self, role: CustomerRole) -> bool {
        self.new.roles.contains(&role)
    }

    /// Whether it buys at all.
    pub(super) fn buys(&self) -> bool {
        self.is(CustomerRole::Buyer) || self.is(CustomerRole::Dealer)
    }
}

/// All customers. The first one is the customer of the self-service token.
pub(super) fn all(first_day: NaiveDate) -> Result<Vec<CustomerPlan>, Error> {
    let mut generator = Generator::of("customers");
    let mut kinds: Vec<usize> = Vec::new();
    for (place, (_, count, _)) in KINDS.iter().enumerate() {
        kinds.extend(std::iter::repeat_n(place, *count));
    }
    generator.shuffle(&mut kinds);
    if let Some(company) = kinds.iter().position(|place| *place == 0) {
        kinds.swap(0, company);
    }
    let brands = names::brands();
    let mut foreign = names::FOREIGN.iter();
    let mut all = Vec::with_capacity(kinds.len());
    for (index, place) in kinds.into_iter().enumerate() {
        let (kind, _, categories) = &KINDS[place];
        let mut customer = Draft {
            generator: &mut generator,
            index,
            kind: *kind,
            brand: &brands[index % brands.len()],
            first_day,
        }
        .customer(categories)?;
        if *kind == CustomerKind::ForeignCompany
            && let Some((name, industry)) = foreign.next()
        {
            customer.new.name = (*name).to_owned();
            customer.new.industry = Some((*industry).to_owned());
        }
        all.push(customer);
    }
    give_fates(&mut generator, &mut all);
    Ok(all)
}

/// One customer on its way.
pub(super) struct Draft<'a> {
    pub(super) generator: &'a mut Generator,
    pub(super) index: usize,
    pub(super) kind: CustomerKind,
    pub(super) brand: &'a str,
    pub(super) first_day: NaiveDate,
}

impl Draft<'_> {
    fn customer(mut self, categories: &[&str]) -> Result<CustomerPlan, Error> {
        let is_first = self.index == 0;
        let unit = match is_first {
            true => 0,
            false => {
                let weights: Vec<u64> = UNITS.iter().map(|unit| unit.weight).collect();
                self.generator.weighted(&weights)
            }
        };
        let opens = match is_first || self.generator.percent(78) {
            true => 0,
            false => self.generator.between(5, 300),
        };
        let roles = if is_first {
            vec![CustomerRole::Buyer, CustomerRole::Dealer]
        } else {
            self.roles()
        };
        let weight = if is_first {
            MarketWeight::Key
        } else {
            self.market_weight()
        };
        let payer = match self.generator.between(1, 100) {
            _ if is_first => Payer::Prompt,
            ..=68 => Payer::Prompt,
            69..=89 => Payer::Slow,
            _ => Payer::Bad,
        };
        let order_minor = self.order_minor(weight);
        let currency = match self.kind {
            CustomerKind::ForeignCompany => Currency::USD,
            _ => Currency::CNY,
        };
        Ok(CustomerPlan {
            new: self.archive(unit, opens, roles, weight, categories)?,
            opens,
            unit,
            currency,
            payer,
            fate: Fate::Stays,
            order_minor,
            is_over_limit: false,
        })
    }

    fn roles(&mut self) -> Vec<CustomerRole> {
        match (self.kind, self.generator.between(1, 100)) {
            (CustomerKind::Individual | CustomerKind::Government, _) => vec![CustomerRole::Buyer],
            (CustomerKind::PublicInstitution, ..=80) => vec![CustomerRole::Buyer],
            (CustomerKind::Cooperative, ..=60) => vec![CustomerRole::Supplier],
            (_, ..=50) => vec![CustomerRole::Buyer],
            (_, ..=74) => vec![CustomerRole::Dealer],
            (_, ..=80) => vec![CustomerRole::Buyer, CustomerRole::Supplier],
            (_, ..=91) => vec![CustomerRole::Supplier],
            (_, ..=95) => vec![CustomerRole::Partner],
            _ => vec![CustomerRole::ServiceProvider],
        }
    }

    fn market_weight(&mut self) -> MarketWeight {
        match self.generator.between(1, 100) {
            ..=18 => MarketWeight::Key,
            19..=68 => MarketWeight::Regular,
            _ => MarketWeight::Occasional,
        }
    }

    fn order_minor(&mut self, weight: MarketWeight) -> i64 {
        let (low, high) = match (self.kind, weight) {
            (CustomerKind::Individual, _) => (800, 6_000),
            (CustomerKind::IndividualBusiness | CustomerKind::Cooperative, _) => (4_000, 40_000),
            (_, MarketWeight::Key) => (150_000, 600_000),
            (_, MarketWeight::Regular) => (30_000, 160_000),
            (_, MarketWeight::Occasional) => (5_000, 40_000),
        };
        self.generator.between(low, high) * 100
    }
}

/// Ends the business of some buyers that were there from the beginning, and lets others outgrow
/// their limits.
fn give_fates(generator: &mut Generator, all: &mut [CustomerPlan]) {
    let mut eligible: Vec<usize> = (1..all.len())
        .filter(|index| {
            let customer = &all[*index];
            customer.opens == 0 && customer.buys() && customer.currency == Currency::CNY
        })
        .collect();
    generator.shuffle(&mut eligible);
    let mut eligible = eligible.into_iter();
    type Ending = fn(Day) -> Fate;
    let endings: [(Ending, usize); 4] = [
        (Fate::LineExpires, 9),
        (Fate::LineSuspended, 5),
        (Fate::LineClosed, 4),
        (Fate::Closes, 8),
    ];
    for (ending, count) in endings {
        for index in eligible.by_ref().take(count) {
            all[index].fate = ending(generator.between(150, LAST_DAY - 15));
        }
    }
    for index in eligible.take(6) {
        all[index].is_over_limit = true;
    }
}

impl CustomerPlan {
    /// How it is rated at the end of the year, by how it has paid.
    pub(super) fn grade(&self) -> Grade {
        match self.payer {
            Payer::Prompt if self.new.market_weight == MarketWeight::Key => Grade::A,
            Payer::Prompt => Grade::B,
            Payer::Slow => Grade::C,
            Payer::Bad => Grade::D,
        }
    }
}

/// The ratings of the year: most customers, on the last evening, so that what was decided before
/// knew of none.
pub(super) fn scored(customers: &[CustomerPlan]) -> Vec<Planned> {
    (0..customers.len())
        .filter(|index| index % 8 != 7)
        .flat_map(|index| {
            let scored = Planned {
                day: LAST_DAY,
                who: Who::BranchOfficer(UNITS[customers[index].unit].region),
                action: Action::Score(index),
            };
            let confirmed = Planned {
                who: Who::Executive,
                action: Action::Confirm(Change::Score(index)),
                ..scored
            };
            let loosens = customers[index].grade() < Grade::UNGRADED;
            std::iter::once(scored).chain(loosens.then_some(confirmed))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::customers::domain::customers::{
        CustomerNature, ServiceTier, TimeClass, TradingClass, ValueClass,
    };
    use crate::customers::domain::social_credit_code::SocialCreditCode;

    fn customers() -> Vec<CustomerPlan> {
        all("2026-03-01".parse().unwrap()).unwrap()
    }

    #[test]
    fn two_hundred_customers_of_every_kind_with_names_of_their_own() {
        let all = customers();
        assert_eq!(all.len(), 200);
        for kind in CustomerKind::EVERY {
            assert!(
                all.iter().any(|customer| customer.new.kind == *kind),
                "{kind:?}"
            );
        }
        let companies = all
            .iter()
            .filter(|customer| customer.new.kind == CustomerKind::Company);
        let names: BTreeSet<&str> = companies
            .clone()
            .map(|customer| customer.new.name.as_str())
            .collect();
        assert_eq!(names.len(), companies.count());
    }

    #[test]
    fn codes_are_valid_unique_and_begin_as_the_kind_demands() {
        let all = customers();
        let mut seen = BTreeSet::new();
        for customer in &all {
            let (_, _, categories) = KINDS
                .iter()
                .find(|(kind, ..)| *kind == customer.new.kind)
                .unwrap();
            let code = customer.new.unified_social_credit_code.as_deref();
            assert_eq!(code.is_some(), !categories.is_empty());
            if let Some(code) = code {
                assert!(SocialCreditCode::parse(code).is_ok(), "{code}");
                assert!(categories.contains(&&code[..2]), "{code}");
                assert!(seen.insert(code.to_owned()), "{code} comes twice");
            }
        }
    }

    #[test]
    fn every_word_of_every_axis_is_in_use() {
        let all = customers();
        fn every<T: PartialEq + Copy>(words: &[T], used: impl Fn(&T) -> bool) -> bool {
            words.iter().all(used)
        }
        let any =
            |test: &dyn Fn(&NewCustomer) -> bool| all.iter().any(|customer| test(&customer.new));
        assert!(every(CustomerRole::EVERY, |word| any(&|new| new
            .roles
            .contains(word))));
        assert!(every(TimeClass::EVERY, |word| any(
            &|new| new.time_class == *word
        )));
        assert!(every(TradingClass::EVERY, |word| any(&|new| new
            .trading_class
            == *word)));
        assert!(every(CustomerNature::EVERY, |word| any(
            &|new| new.nature == *word
        )));
        assert!(every(MarketWeight::EVERY, |word| any(&|new| new
            .market_weight
            == *word)));
        assert!(every(ValueClass::EVERY, |word| any(
            &|new| new.value_class == Some(*word)
        )));
        assert!(every(ServiceTier::EVERY, |word| any(&|new| new
            .service_tier
            == Some(*word))));
    }

    #[test]
    fn the_first_customer_is_where_the_self_service_token_stands() {
        let all = customers();
        assert_eq!(all[0].new.org_path.as_str(), UNITS[0].org_path);
        assert!(all[0].buys() && all[0].opens == 0 && all[0].fate == Fate::Stays);
    }
}
