//! The company under load: customers in groups, with lines at three levels.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use shouxin::app::credit_applications::{self, Decided, Grounds, NewApplication, Target};
use shouxin::app::{authority_rules, credit_groups, customers, products};
use shouxin::clock::SystemClock;
use shouxin::crypto::MasterKeys;
use shouxin::domain::actor::Actor;
use shouxin::domain::approvals::rules;
use shouxin::domain::credit_applications::{ApplicationAction, Asked};
use shouxin::domain::credit_groups::{GroupBasis, GroupLimitMode};
use shouxin::domain::currency::Currency;
use shouxin::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, MarketWeight, TimeClass, TradingClass,
};
use shouxin::domain::ids::{CustomerId, GroupId, LineId};
use shouxin::domain::organisation::OrgPath;
use shouxin::domain::products::{ExposureTreatment, ProductCode, ProductKind};
use shouxin::store::db::{Db, DbOptions};
use shouxin::store::tx::Tx;

/// Customers in all.
pub const CUSTOMERS: usize = 1_000;
/// Customers of each group.
pub const CUSTOMERS_OF_A_GROUP: usize = 10;
/// The product everybody has a line for.
pub const PRODUCT: &str = "goods_on_credit";

/// A customer with lines at three levels.
pub struct Seeded {
    /// The customer.
    pub customer: CustomerId,
    /// Lines of its group, of itself, and for the product.
    pub lines: [LineId; 3],
}

/// A year's limit that nothing in the run uses up.
pub fn seed(url: &str) -> Vec<Seeded> {
    let keys = MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap();
    let options = DbOptions {
        url: url.to_owned(),
        pool_size: 2,
        together: 0,
        queue_max: 1,
        queue_wait: Duration::from_secs(1),
        deadline: Duration::from_secs(600),
        statement_timeout: Duration::from_secs(600),
        lock_timeout: Duration::from_secs(600),
    };
    let db = Db::new(
        options,
        Arc::new(SystemClock),
        chrono_tz::Asia::Shanghai,
        7,
        Arc::new(keys),
    );
    let (manager, officer) = (actor("manager"), actor("officer"));
    db.write_blocking(&manager, "bench.seed", &|tx| {
        products::create(
            tx,
            &products::NewProduct {
                code: ProductCode::parse(PRODUCT).unwrap(),
                name_en: "Goods on credit".to_owned(),
                name_zh: "赊销".to_owned(),
                kind: ProductKind::Receivable,
                exposure_treatment: ExposureTreatment::Gross,
                default_payment_term_days: 30,
                active: true,
                deposit_share_bp: 0,
                released_by: None,
            },
        )?;
        // One officer decides everything here.
        let mut all = rules::built_in();
        all.retain(|rule| rule.name == "branch");
        all[0].amount_max_minor = None;
        authority_rules::publish(tx, &all, tx.today, None)
    })
    .unwrap();
    let mut seeded = Vec::with_capacity(CUSTOMERS);
    for number in 0..CUSTOMERS / CUSTOMERS_OF_A_GROUP {
        let drawn_up = db
            .write_blocking(&manager, "bench.seed", &|tx| draw_up_group(tx, number))
            .unwrap();
        let (group, members) = drawn_up;
        let opened = db
            .write_blocking(&officer, "bench.seed", &|tx| {
                let group_line = approve(tx, group)?;
                members
                    .iter()
                    .map(|(customer, unified, product)| {
                        Ok(Seeded {
                            customer: *customer,
                            lines: [group_line, approve(tx, *unified)?, approve(tx, *product)?],
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        seeded.extend(opened);
    }
    seeded
}

type ApplicationId = shouxin::domain::ids::ApplicationId;
type Members = Vec<(CustomerId, ApplicationId, ApplicationId)>;

fn draw_up_group(
    tx: &mut Tx<'_>,
    number: usize,
) -> Result<(ApplicationId, Members), shouxin::error::Error> {
    let new = credit_groups::NewGroup {
        name: format!("Group {number}"),
        basis: GroupBasis::Control,
        limit_mode: GroupLimitMode::Pooled,
        org_path: None,
    };
    let group: GroupId = credit_groups::create(tx, &new)?.id;
    let mut members = Vec::new();
    for member in 0..CUSTOMERS_OF_A_GROUP {
        let customer = customers::create(
            tx,
            &customers::NewCustomer {
                name: format!("Customer {number}-{member}"),
                kind: CustomerKind::Company,
                unified_social_credit_code: None,
                org_path: OrgPath::root(),
                roles: vec![CustomerRole::Buyer],
                time_class: TimeClass::Existing,
                trading_class: TradingClass::Current,
                nature: CustomerNature::Ordinary,
                market_weight: MarketWeight::Regular,
                value_class: None,
                service_tier: None,
                industry: None,
                related_party: false,
                legal_representative: None,
                contacts: Vec::new(),
                details: serde_json::Map::new(),
            },
        )?
        .id;
        let joining = credit_groups::NewMember {
            customer_id: customer,
            from: tx.today,
            evidence: None,
        };
        credit_groups::join(tx, group, &joining)?;
        let unified = apply(tx, Target::Customer(customer), None)?;
        let product = apply(tx, Target::Customer(customer), Some(PRODUCT))?;
        members.push((customer, unified, product));
    }
    Ok((apply(tx, Target::Group(group), None)?, members))
}

fn apply(
    tx: &mut Tx<'_>,
    target: Target,
    product: Option<&str>,
) -> Result<ApplicationId, shouxin::error::Error> {
    let new = NewApplication {
        target,
        action: ApplicationAction::Open,
        product: product.map(str::to_owned),
        currency: Some(Currency::CNY),
        asked: Asked {
            amount_minor: Some(900_000_000_000_000),
            valid_from: Some(tx.today),
            valid_until: Some(tx.today + chrono::TimeDelta::days(365)),
            payment_term_days: Some(30),
            ..Asked::default()
        },
        grounds: Grounds::default(),
    };
    let id = credit_applications::draw_up(tx, &new)?.id;
    credit_applications::submit(tx, id)?;
    Ok(id)
}

fn approve(tx: &mut Tx<'_>, id: ApplicationId) -> Result<LineId, shouxin::error::Error> {
    match credit_applications::approve(tx, id, "")? {
        Decided::CarriedOut(line) => Ok(line.id),
        Decided::Application(_) => Err(shouxin::error::Error::internal("one step opens the line")),
    }
}

fn actor(name: &str) -> Actor {
    Actor {
        principal: format!("bench|{name}"),
        client_id: "bench".to_owned(),
        scopes: shouxin::auth::scopes::ALL
            .iter()
            .map(|scope| scope.name.to_owned())
            .collect::<BTreeSet<_>>(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}
