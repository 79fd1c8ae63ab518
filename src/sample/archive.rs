//! What the archives of the sample company's customers say.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::action::Day;
use super::company::{UNITS, org_path};
use super::customers::Draft;
use super::names;
use crate::customers::app::customers::NewCustomer;
use crate::customers::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, MarketWeight, ServiceTier, TimeClass, TradingClass,
    ValueClass,
};
use crate::customers::domain::personal::Contact;
use crate::customers::domain::social_credit_code::SocialCreditCode;
use crate::error::{Error, OrInternal};

impl Draft<'_> {
    /// The archive of a customer of `unit` that is opened on a day.
    pub(super) fn archive(
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
            related_party: false,
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
        .or_internal()
}
