//! Business things to test with: each builder makes one over HTTP, as somebody allowed to.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use shouxin::domain::social_credit_code::SocialCreditCode;

use super::actors::SALES;
use super::{Answer, TestServer};

/// A social credit code that nobody else in the run has.
pub fn a_social_credit_code() -> String {
    let body = format!("MA{:06}", next());
    SocialCreditCode::from_parts("91", "310115", &body)
        .unwrap()
        .as_str()
        .to_owned()
}

/// A name that nobody else in the run has.
pub fn a_company_name() -> String {
    format!("测试第{}贸易有限公司", next())
}

/// The body of a request for a new customer of `org_path`.
pub fn customer_body(org_path: &str) -> Value {
    json!({
        "name": a_company_name(),
        "kind": "company",
        "unified_social_credit_code": a_social_credit_code(),
        "org_path": org_path,
        "roles": ["buyer"],
    })
}

/// A customer of the sales department.
pub fn a_customer(server: &TestServer) -> Answer {
    a_customer_of(server, SALES)
}

/// A customer of any organisation.
pub fn a_customer_of(server: &TestServer, org_path: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/customers", &customer_body(org_path))
        .expect(201)
}

/// The body of a request for a new product.
pub fn product_body(code: &str) -> Value {
    json!({
        "code": code,
        "name_en": "Goods on credit",
        "name_zh": "赊销",
        "kind": "receivable",
        "exposure_treatment": "gross",
        "default_payment_term_days": 30,
    })
}

/// A product code that nobody else in the run has.
pub fn a_product_code() -> String {
    format!("product_{}", next())
}

/// A product of the catalogue.
pub fn a_product(server: &TestServer, code: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/products", &product_body(code))
        .expect(201)
}

/// A credit group of any organisation.
pub fn a_group_of(server: &TestServer, org_path: &str) -> Answer {
    let body = json!({"name": "测试集团", "basis": "control", "org_path": org_path});
    server
        .with_everything()
        .post("/v1/credit-groups", &body)
        .expect(201)
}

/// The membership of a new customer of the sales department in a new group, from a day on.
pub fn a_membership(server: &TestServer, from: &str) -> Answer {
    let group = a_group_of(server, SALES).id();
    let body = json!({"customer_id": a_customer(server).id(), "from": from});
    server
        .with_everything()
        .post(&format!("/v1/credit-groups/{group}/members"), &body)
        .expect(201)
}

fn next() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
