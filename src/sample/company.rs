//! The sample company itself: its branches and departments, who works there, and its products.

use std::collections::BTreeSet;

use super::names::{self, City};
use crate::auth::development::DevelopmentKeys;
use crate::auth::scopes;
use crate::catalogue::app::products::NewProduct;
use crate::catalogue::domain::products::{ExposureTreatment, ProductCode, ProductKind};
use crate::error::{Error, OrInternal};
use crate::jobs;
use crate::values::actor::Actor;
use crate::values::organisation::OrgPath;

/// What the audit entries of the load carry as the client.
pub(super) const CLIENT: &str = "sample-company";

/// The product that nearly every buyer has a line for.
pub(super) const GOODS: &str = "goods_on_credit";

/// A region of the company.
pub(super) const REGIONS: &[&str] = &[
    "head-office/east",
    "head-office/south",
    "head-office/north",
    "head-office/west",
];

/// A department that looks after customers.
pub(super) struct Unit {
    pub(super) org_path: &'static str,
    pub(super) city: &'static City,
    /// Place in [`REGIONS`].
    pub(super) region: usize,
    /// How many customers it looks after, compared with the others.
    pub(super) weight: u64,
}

/// The departments. The development tokens stand at the first one.
#[rustfmt::skip]
pub(super) const UNITS: &[Unit] = &[
    Unit { org_path: "head-office/east/shanghai/sales-1", city: &names::SHANGHAI, region: 0, weight: 14 },
    Unit { org_path: "head-office/east/shanghai/sales-2", city: &names::SHANGHAI, region: 0, weight: 10 },
    Unit { org_path: "head-office/east/hangzhou/sales-1", city: &names::HANGZHOU, region: 0, weight: 9 },
    Unit { org_path: "head-office/east/nanjing/sales-1", city: &names::NANJING, region: 0, weight: 8 },
    Unit { org_path: "head-office/south/guangzhou/sales-1", city: &names::GUANGZHOU, region: 1, weight: 10 },
    Unit { org_path: "head-office/south/guangzhou/sales-2", city: &names::GUANGZHOU, region: 1, weight: 8 },
    Unit { org_path: "head-office/south/shenzhen/sales-1", city: &names::SHENZHEN, region: 1, weight: 9 },
    Unit { org_path: "head-office/north/beijing/sales-1", city: &names::BEIJING, region: 2, weight: 9 },
    Unit { org_path: "head-office/north/beijing/sales-2", city: &names::BEIJING, region: 2, weight: 7 },
    Unit { org_path: "head-office/north/tianjin/sales-1", city: &names::TIANJIN, region: 2, weight: 7 },
    Unit { org_path: "head-office/west/chengdu/sales-1", city: &names::CHENGDU, region: 3, weight: 9 },
];

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// The background jobs.
    Jobs,
    /// The credit officer of the head office.
    HeadOfficer,
    /// The account manager of a department.
    AccountManager(usize),
    /// The credit officer of a region.
    BranchOfficer(usize),
    /// An executive.
    Executive,
    /// The systems for orders, deliveries and finance.
    Integration,
}

impl Who {
    /// The caller, as if with a token of the tier. Whoever stands where a development token stands
    /// is its holder, so that lists of one's own work are not empty.
    pub(super) fn actor(self) -> Result<Actor, Error> {
        let (tier, place, is_token) = match self {
            Self::Jobs => {
                return Ok(Actor {
                    client_id: CLIENT.to_owned(),
                    ..jobs::actor()
                });
            }
            Self::HeadOfficer => ("credit_officer_head_office", "head-office", true),
            Self::AccountManager(unit) => ("account_manager", UNITS[unit].org_path, unit == 0),
            Self::BranchOfficer(region) => ("credit_officer_branch", REGIONS[region], region == 0),
            Self::Executive => ("executive", "head-office", true),
            Self::Integration => ("integration", "head-office", true),
        };
        let subject = match is_token {
            true => tier.to_owned(),
            false => format!("{tier}.{}", place.replace('/', ".")),
        };
        Ok(Actor {
            principal: format!("{}|{subject}", DevelopmentKeys::issuer()),
            client_id: CLIENT.to_owned(),
            scopes: scopes::tier(tier)
                .into_iter()
                .flat_map(scopes::Tier::scopes)
                .map(str::to_owned)
                .collect::<BTreeSet<_>>()
                .into(),
            org_path: org_path(place)?,
            customer_id: None,
            request_id: uuid::Uuid::nil(),
        })
    }
}

/// Whom the audit names for the load as such.
pub(super) fn loader() -> Actor {
    Actor {
        principal: "shouxin|sample-company".to_owned(),
        client_id: CLIENT.to_owned(),
        scopes: std::sync::Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}

/// A path of the tables above.
pub(super) fn org_path(path: &str) -> Result<OrgPath, Error> {
    OrgPath::parse(path).or_internal()
}

/// A product of the catalogue.
pub(super) struct Product {
    pub(super) code: &'static str,
    name_en: &'static str,
    name_zh: &'static str,
    kind: ProductKind,
    treatment: ExposureTreatment,
    pub(super) term_days: i32,
}

/// The catalogue: one product of every kind.
#[rustfmt::skip]
pub(super) const PRODUCTS: &[Product] = &[
    Product { code: GOODS, name_en: "Goods on credit", name_zh: "货物赊销", kind: ProductKind::Receivable, treatment: ExposureTreatment::Gross, term_days: 30 },
    Product { code: "supplier_prepayment", name_en: "Prepayment to suppliers", name_zh: "供应商预付款", kind: ProductKind::Prepayment, treatment: ExposureTreatment::Gross, term_days: 45 },
    Product { code: "export_tax_advance", name_en: "Export tax rebate advance", name_zh: "出口退税垫付", kind: ProductKind::TaxAdvance, treatment: ExposureTreatment::Gross, term_days: 15 },
    Product { code: "trade_finance", name_en: "Trade finance", name_zh: "贸易融资", kind: ProductKind::TradeFinance, treatment: ExposureTreatment::Gross, term_days: 90 },
    Product { code: "bill_acceptance", name_en: "Bill acceptance", name_zh: "票据承兑", kind: ProductKind::BillAcceptance, treatment: ExposureTreatment::NetOfDeposit, term_days: 180 },
    Product { code: "performance_guarantee", name_en: "Performance guarantee", name_zh: "履约保函", kind: ProductKind::Guarantee, treatment: ExposureTreatment::NetOfDeposit, term_days: 365 },
    Product { code: "letter_of_credit", name_en: "Letter of credit", name_zh: "信用证", kind: ProductKind::LetterOfCredit, treatment: ExposureTreatment::NetOfDeposit, term_days: 90 },
    Product { code: "working_capital_loan", name_en: "Working capital loan", name_zh: "流动资金贷款", kind: ProductKind::Loan, treatment: ExposureTreatment::Gross, term_days: 120 },
];

impl Product {
    /// Business whose deposits count asks for one.
    fn deposit_share_bp(&self) -> i32 {
        match self.treatment {
            ExposureTreatment::Gross => 0,
            ExposureTreatment::NetOfDeposit => 3_000,
        }
    }

    /// The deposit that an order brings, in whole minor units.
    pub(super) fn deposit_of(code: &str, amount_minor: i64) -> i64 {
        let product = PRODUCTS.iter().find(|one| one.code == code);
        let share_bp = product.map_or(0, Self::deposit_share_bp);
        (amount_minor * i64::from(share_bp) + 9_999) / 10_000
    }

    pub(super) fn to_new(&self) -> Result<NewProduct, Error> {
        Ok(NewProduct {
            code: ProductCode::parse(self.code).or_internal()?,
            name_en: self.name_en.to_owned(),
            name_zh: self.name_zh.to_owned(),
            kind: self.kind,
            exposure_treatment: self.treatment,
            default_payment_term_days: self.term_days,
            active: true,
            deposit_share_bp: self.deposit_share_bp(),
            released_by: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_product_of_every_kind_and_each_one_can_be_made() {
        for kind in ProductKind::EVERY {
            assert!(PRODUCTS.iter().any(|product| product.kind == *kind));
        }
        for product in PRODUCTS {
            assert_eq!(product.to_new().unwrap().code.as_str(), product.code);
        }
    }

    #[test]
    fn departments_lie_in_their_region_and_their_people_too() {
        for (index, unit) in UNITS.iter().enumerate() {
            let manager = Who::AccountManager(index).actor().unwrap();
            assert_eq!(manager.org_path.as_str(), unit.org_path);
            let officer = Who::BranchOfficer(unit.region).actor().unwrap();
            assert!(officer.reaches(&manager.org_path));
            assert_ne!(officer.principal, manager.principal);
        }
    }
}
