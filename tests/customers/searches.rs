//! Searching for customers by what should not stand in an address.

use serde_json::{Value, json};

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{Client, TestServer, customer_body};

/// Names of the customers that a search finds.
fn found(client: &Client, criteria: &Value) -> Vec<String> {
    let answer = client.post("/v1/customer-searches", criteria).expect(200);
    let names = answer.items().into_iter().map(|item| item["name"].clone());
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// A customer with a name of its own, and its social credit code.
fn named(server: &TestServer, name: &str, org_path: &str) -> String {
    let mut body = customer_body(org_path);
    body["name"] = name.into();
    let client = server.with_everything();
    let customer = client.post("/v1/customers", &body).expect(201);
    customer.field("unified_social_credit_code")
}

#[test]
fn a_part_of_a_name_finds_customers_whatever_its_case_spacing_and_legal_form() {
    let server = TestServer::start();
    named(&server, "Acme Trading Co., Ltd.", SALES);
    named(&server, "华东阿克米贸易有限公司", SALES);
    let client = server.with_everything();
    for part in ["acme", "ACME  trading", "Acme Trading Ltd."] {
        let names = found(&client, &json!({"name": part}));
        assert_eq!(names, ["Acme Trading Co., Ltd."], "{part}");
    }
    let names = found(&client, &json!({"name": "阿克米贸易"}));
    assert_eq!(names, ["华东阿克米贸易有限公司"]);
    for nothing in ["acme shipping", "100%"] {
        let names = found(&client, &json!({"name": nothing}));
        assert_eq!(names, Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn a_social_credit_code_finds_its_customer_only_as_a_whole() {
    let server = TestServer::start();
    let code = named(&server, "全码贸易", SALES);
    named(&server, "另一家贸易", SALES);
    let client = server.with_everything();
    let by = |code: &str| found(&client, &json!({"unified_social_credit_code": code}));
    assert_eq!(by(&code), ["全码贸易"]);
    assert_eq!(by(&code.to_ascii_lowercase()), ["全码贸易"]);
    assert_eq!(by(&code[..17]), Vec::<String>::new());
}

#[test]
fn a_search_finds_no_more_than_the_caller_may_see_and_asks_for() {
    let server = TestServer::start();
    for org_path in [SALES, ELSEWHERE, SALES] {
        named(&server, "同名贸易", org_path);
    }
    let own = server.with(&["customers:read"], SALES, "insider");
    assert_eq!(found(&own, &json!({"name": "同名"})).len(), 2);
    let all = server.with_everything();
    assert_eq!(found(&all, &json!({"name": "同名"})).len(), 3);
    assert_eq!(found(&all, &json!({"name": "同名", "limit": 1})).len(), 1);
}

#[test]
fn a_search_without_a_criterion_is_refused() {
    let server = TestServer::shared();
    server
        .with_everything()
        .post("/v1/customer-searches", &json!({}))
        .expect_problem("validation_failed");
}
