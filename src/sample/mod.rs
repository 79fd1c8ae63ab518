//! The sample company: something to look at in a service that has just been tried out.
//!
//! It is loaded through the same use cases as everything else, once, and only into a database
//! in which nobody has done business yet.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::customers::{self, NewCustomer};
use crate::domain::actor::Actor;
use crate::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, MarketWeight, ServiceTier, TimeClass, TradingClass,
    ValueClass,
};
use crate::domain::ids::CustomerId;
use crate::domain::organisation::OrgPath;
use crate::error::Error;
use crate::store::db::Db;
use crate::store::sample as store;

/// What the audit entries about the load are about.
const SUBJECT: &str = "sample/company";
const BEGUN: &str = "sample.begin";
const FINISHED: &str = "sample.finish";

/// What a load did, and what there is to try.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleSummary {
    /// Customers opened by this load; 0 when it had been done before.
    pub customers_opened: u64,
    /// A customer of `head-office/east/shanghai/sales-1`, for the self-service token. None in a
    /// database with customers of its own.
    pub self_service_customer: Option<CustomerId>,
    /// A body for `POST /v1/credit-checks` that is worth trying.
    pub credit_check: Option<Value>,
}

/// Loads the sample company, or what an interrupted load has left out.
///
/// The beginning and the end are audit entries. A beginning without an end means that a load was
/// interrupted, and what is there already is recognised by its social credit code; customers
/// without a beginning are somebody's own, and nothing is added to them.
///
/// # Errors
/// When the database cannot serve the load.
pub fn load(db: &Db, progress: &dyn Fn(u64, u64)) -> Result<SampleSummary, Error> {
    let actor = actor();
    let mut summary = SampleSummary::default();
    if begins_or_goes_on(db, &actor)? {
        let total = CUSTOMERS.len() as u64;
        progress(0, total);
        for (done, customer) in (1..).zip(CUSTOMERS) {
            summary.customers_opened += u64::from(open(db, &actor, customer)?);
            progress(done, total);
        }
        record(db, &actor, FINISHED, json!({"customers": total}))?;
    }
    summary.self_service_customer = find(db, &actor, &CUSTOMERS[0])?;
    summary.credit_check = summary.self_service_customer.map(|customer_id| {
        json!({
            "customer_id": customer_id.uuid(),
            "product": null,
            "amount": "1000.00",
            "currency": "CNY",
        })
    });
    Ok(summary)
}

/// Whether there is something to load. Records the beginning if this is it.
fn begins_or_goes_on(db: &Db, actor: &Actor) -> Result<bool, Error> {
    let (finished, begun, in_use) = db.read_blocking(actor, &|reader| {
        Ok((
            store::is_recorded(reader, SUBJECT, FINISHED)?,
            store::is_recorded(reader, SUBJECT, BEGUN)?,
            store::has_customers(reader)?,
        ))
    })?;
    if finished || (in_use && !begun) {
        return Ok(false);
    }
    if !begun {
        record(db, actor, BEGUN, json!({}))?;
    }
    Ok(true)
}

fn record(db: &Db, actor: &Actor, action: &'static str, details: Value) -> Result<(), Error> {
    db.write_blocking(actor, action, &|tx| {
        tx.record(action, SUBJECT.to_owned(), details.clone())
    })
}

fn find(db: &Db, actor: &Actor, sample: &Sample) -> Result<Option<CustomerId>, Error> {
    db.read_blocking(actor, &|reader| {
        Ok(store::customer_with_code(reader, sample.code)?)
    })
}

/// Opens an archive unless it is there, and says whether it did.
fn open(db: &Db, actor: &Actor, sample: &Sample) -> Result<bool, Error> {
    if find(db, actor, sample)?.is_some() {
        return Ok(false);
    }
    let new = NewCustomer {
        name: sample.name.to_owned(),
        kind: CustomerKind::Company,
        unified_social_credit_code: Some(sample.code.to_owned()),
        org_path: OrgPath::parse(sample.org_path)
            .map_err(|error| Error::Internal(Box::new(error)))?,
        roles: vec![sample.role],
        time_class: TimeClass::Existing,
        trading_class: TradingClass::Current,
        nature: CustomerNature::Ordinary,
        market_weight: MarketWeight::Regular,
        value_class: Some(ValueClass::B),
        service_tier: Some(ServiceTier::Standard),
        industry: Some(sample.industry.to_owned()),
        legal_representative: None,
        contacts: Vec::new(),
        details: serde_json::Map::new(),
    };
    db.write_blocking(actor, "customer.create", &|tx| {
        customers::create(tx, &new).map(|_| true)
    })
}

/// Whom the audit names.
fn actor() -> Actor {
    Actor {
        principal: "shouxin|sample-company".to_owned(),
        client_id: "sample-company".to_owned(),
        scopes: BTreeSet::new(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}

struct Sample {
    name: &'static str,
    code: &'static str,
    org_path: &'static str,
    role: CustomerRole,
    industry: &'static str,
}

/// The customers; the codes are made up and pass both checks of GB 32100-2015.
const CUSTOMERS: &[Sample] = &[
    Sample {
        name: "上海示例钢材贸易有限公司",
        code: "91310115MA000004XR",
        org_path: "head-office/east/shanghai/sales-1",
        role: CustomerRole::Dealer,
        industry: "steel",
    },
    Sample {
        name: "上海示例机电设备有限公司",
        code: "91310115MA00000905",
        org_path: "head-office/east/shanghai/sales-1",
        role: CustomerRole::Buyer,
        industry: "machinery",
    },
    Sample {
        name: "苏州示例包装材料有限公司",
        code: "91310115MA0000285Y",
        org_path: "head-office/east/shanghai/sales-2",
        role: CustomerRole::Buyer,
        industry: "packaging",
    },
    Sample {
        name: "广州示例商贸有限公司",
        code: "91310115MA00003300",
        org_path: "head-office/south/guangzhou/sales-1",
        role: CustomerRole::Dealer,
        industry: "trade",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::social_credit_code::SocialCreditCode;

    #[test]
    fn sample_customers_have_valid_codes_and_the_first_one_is_where_its_token_looks() {
        for customer in CUSTOMERS {
            assert!(
                SocialCreditCode::parse(customer.code).is_ok(),
                "{}",
                customer.code
            );
            assert!(OrgPath::parse(customer.org_path).is_ok());
        }
        assert_eq!(CUSTOMERS[0].org_path, "head-office/east/shanghai/sales-1");
    }
}
