//! The customers of the sample company: who they are, and how they will behave.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Map, Value, json};

use super::company::{UNITS, org_path};
use super::generator::Generator;
use super::names;
use super::plan::{Day, LAST_DAY};
use crate::app::customers::{Contact, NewCustomer};
use crate::domain::currency::Currency;
use crate::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, MarketWeight, ServiceTier, TimeClass, TradingClass,
    ValueClass,
};
use crate::domain::social_credit_code::SocialCreditCode;
use crate::error::Error;

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
struct Draft<'a> {
    generator: &'a mut Generator,
    index: usize,
    kind: CustomerKind,
    brand: &'a str,
    first_day: NaiveDate,
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
            ..=89 => Payer::Slow,
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

    fn archive(
        &mut self,
        unit: usize,
        opens: Day,
        roles: Vec<CustomerRole>,
        weight: MarketWeight,
        categories: &[&str],
    ) -> Result<NewCustomer, Error> {
        let city = UNITS[unit].city;
        let district = self.generator.pick(city.districts);
        let (industry, trade) = *self.generator.pick(names::INDUSTRIES);
        let name = self.name(city.name, district.name, trade);
        let code = match categories {
            [] => None,
            _ => Some(code(
                categories[self.index % categories.len()],
                district.region,
                self.index,
            )?),
        };
        let is_person = self.kind == CustomerKind::Individual;
        let value_class = match weight {
            MarketWeight::Key => ValueClass::A,
            MarketWeight::Regular => ValueClass::B,
            MarketWeight::Occasional => ValueClass::C,
        };
        let service_tier = match weight {
            MarketWeight::Key => ServiceTier::Gold,
            MarketWeight::Regular if self.generator.percent(40) => ServiceTier::Silver,
            _ => ServiceTier::Standard,
        };
        let only_plans = opens == 0 && self.index > 0 && self.generator.percent(4);
        let time_class = match opens {
            _ if only_plans => TimeClass::Future,
            0..200 => TimeClass::Existing,
            _ => TimeClass::New,
        };
        let trading_class = match self.generator.between(1, 100) {
            _ if only_plans => TradingClass::Future,
            ..=6 if self.index > 0 => TradingClass::Past,
            _ => TradingClass::Current,
        };
        let representative = (!is_person).then(|| names::person(self.generator));
        let contacts = self.contacts();
        Ok(NewCustomer {
            name,
            kind: self.kind,
            unified_social_credit_code: code,
            org_path: org_path(UNITS[unit].org_path)?,
            nature: self.nature(&roles),
            roles,
            time_class,
            trading_class,
            market_weight: weight,
            value_class: (!only_plans).then_some(value_class),
            service_tier: (!only_plans).then_some(service_tier),
            industry: (!is_person).then(|| industry.to_owned()),
            legal_representative: representative,
            contacts,
            details: if is_person {
                Map::new()
            } else {
                self.details(unit, district.name, trade)
            },
        })
    }

    fn name(&mut self, city: &str, district: &str, trade: &str) -> String {
        let brand = self.brand;
        let mut one_of = |words: &[&'static str]| *self.generator.pick(words);
        match self.kind {
            CustomerKind::Company | CustomerKind::ForeignCompany => {
                format!("{city}{brand}{trade}{}", one_of(names::LEGAL_FORMS))
            }
            CustomerKind::IndividualBusiness => {
                format!("{city}市{district}{brand}{}", one_of(names::SHOPS))
            }
            CustomerKind::Cooperative => {
                format!("{city}{brand}{}农民专业合作社", one_of(names::HARVESTS))
            }
            CustomerKind::Government => format!("{city}市云屹区{}", one_of(names::OFFICES)),
            CustomerKind::PublicInstitution => {
                format!("{city}市云屹区{brand}{}", one_of(names::INSTITUTIONS))
            }
            CustomerKind::SocialOrganisation => {
                format!("{city}{brand}{}", one_of(names::ASSOCIATIONS))
            }
            CustomerKind::Individual => names::person(self.generator),
        }
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
            ..=68 => MarketWeight::Regular,
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

    fn nature(&mut self, roles: &[CustomerRole]) -> CustomerNature {
        match self.kind {
            CustomerKind::Government | CustomerKind::PublicInstitution => {
                CustomerNature::Government
            }
            CustomerKind::Individual => CustomerNature::Consumer,
            _ if roles == [CustomerRole::Partner] => CustomerNature::Partner,
            _ if self.generator.percent(8) => CustomerNature::SpecialBusiness,
            _ => CustomerNature::Ordinary,
        }
    }

    fn contacts(&mut self) -> Vec<Contact> {
        let count = if self.kind == CustomerKind::Individual {
            1
        } else {
            self.generator.between(1, 3)
        };
        (0..count)
            .map(|number| Contact {
                name: names::person(self.generator),
                title: (self.kind != CustomerKind::Individual)
                    .then(|| names::title(self.generator)),
                phone: Some(names::mobile(self.generator)),
                email: Some(format!("contact{number}.c{:03}@example.com", self.index)),
            })
            .collect()
    }

    fn details(&mut self, unit: usize, district: &str, trade: &str) -> Map<String, Value> {
        let city = UNITS[unit].city;
        let address = |purpose: &str, street: String| {
            json!({
                "purpose": purpose, "province": city.province, "city": city.full_name,
                "district": district, "street": street,
            })
        };
        let founded = self.first_day - TimeDelta::days(self.generator.between(400, 9000));
        let capital_yuan = self.generator.between(5, 500) * 100_000;
        let size = *self
            .generator
            .pick(&["微型", "小型", "小型", "中型", "大型"]);
        let registered = names::street(self.generator);
        let mut details = json!({
            "short_name": self.brand,
            "scope_of_business": format!("{trade}的研发、销售及相关技术服务"),
            "registered_capital": {"amount": format!("{capital_yuan}.00"), "currency": "CNY"},
            "enterprise_size": size,
            "established_on": founded,
            "phone": format!("{}-2{:07}", city.area_code, self.generator.between(0, 9_999_999)),
            "website": format!("https://c{:03}.example.com", self.index),
            "registered_address": address("注册地址", registered),
        });
        if self.generator.percent(60) {
            let delivery = names::street(self.generator);
            details["delivery_address"] = address("收货地址", delivery);
        }
        match details {
            Value::Object(details) => details,
            _ => Map::new(),
        }
    }
}

/// A code that is right in both checks. The bodies of real codes do not begin with `YY`.
fn code(category: &str, region: &str, index: usize) -> Result<String, Error> {
    SocialCreditCode::from_parts(category, region, &format!("YY{index:06}"))
        .map(|code| code.as_str().to_owned())
        .map_err(|error| Error::Internal(Box::new(error)))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
