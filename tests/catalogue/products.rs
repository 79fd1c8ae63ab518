//! The product catalogue.

use serde_json::json;

use crate::support::actors::SALES;
use crate::support::ledger::line;
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_line, a_product, a_receivable,
    application_body, assert_ledger_is_clean, confirmed, product_body,
};

#[test]
fn a_product_is_added_and_read_by_everybody_who_may_read_products() {
    let server = TestServer::start();
    let made = a_product(&server, "goods");
    assert_eq!(made.header("location"), Some("/v1/products/goods"));
    assert_eq!(made.json()["active"], true);
    for tier in ["clerk", "integration", "auditor"] {
        let read = server.as_tier(tier).get("/v1/products/goods").expect(200);
        assert_eq!((read.etag(), read.json()), (made.etag(), made.json()));
    }
    server
        .as_tier("clerk")
        .post("/v1/products", &product_body("more_goods"))
        .expect_problem("insufficient_scope");
}

#[test]
fn codes_are_unique_and_well_formed() {
    let server = TestServer::start();
    a_product(&server, "goods");
    let administrator = server.as_tier("administrator");
    administrator
        .post("/v1/products", &product_body("goods"))
        .expect_problem("duplicate_product_code");
    for malformed in ["", "Goods", "1goods", "goods-2", &"a".repeat(41)] {
        administrator
            .post("/v1/products", &product_body(malformed))
            .expect_problem("invalid_field");
    }
    for unknown in ["services", "Goods", "goods-2", "%00"] {
        administrator
            .get(&format!("/v1/products/{unknown}"))
            .expect_problem("not_found");
    }
    let mut out_of_range = product_body("services");
    out_of_range["default_payment_term_days"] = json!(3651);
    let refused = administrator
        .post("/v1/products", &out_of_range)
        .expect_problem("validation_failed");
    assert_eq!(
        refused.json()["errors"][0]["pointer"],
        "#/default_payment_term_days"
    );
}

#[test]
fn of_products_added_at_once_under_one_code_exactly_one_is_made() {
    let server = TestServer::start();
    let client = server.as_tier("administrator");
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    client
                        .post("/v1/products", &product_body("goods"))
                        .send()
                        .status
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        answers.iter().filter(|status| **status == 201).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 7);
}

#[test]
fn a_change_needs_the_version_it_is_meant_for_and_leaves_what_is_fixed() {
    let server = TestServer::start();
    let made = a_product(&server, "goods");
    let client = server.as_tier("administrator");
    let path = "/v1/products/goods";
    let changed = client
        .patch(
            path,
            &made.etag(),
            &json!({"default_payment_term_days": 15, "active": false}),
        )
        .expect(200);
    assert_eq!(changed.json()["version"], 2);
    assert_eq!(changed.json()["default_payment_term_days"], 15);
    client
        .patch(path, &made.etag(), &json!({"active": true}))
        .expect_problem("precondition_failed");
    for fixed in ["code", "kind", "exposure_treatment"] {
        client
            .patch(path, "*", &json!({fixed: "loan"}))
            .expect_problem("unknown_field");
    }
    client
        .patch(path, "*", &json!({"name_en": null}))
        .expect_problem("invalid_field");
    // What is already so makes no new version and no event.
    let same = client
        .patch(path, "*", &json!({"active": false}))
        .expect(200);
    assert_eq!(same.etag(), changed.etag());
    client
        .patch("/v1/products/services", "*", &json!({"active": false}))
        .expect_problem("not_found");
    assert_eq!(
        server.texts("SELECT kind FROM events WHERE subject = 'product/goods' ORDER BY seq"),
        ["product.created", "product.changed"]
    );
    assert_eq!(
        server
            .texts("SELECT action FROM audit_entries WHERE subject = 'product/goods' ORDER BY seq"),
        ["product.create", "product.change", "product.change"]
    );
}

#[test]
fn products_are_listed_by_code_page_by_page() {
    let server = TestServer::start();
    for code in ["b", "d", "a", "c", "e"] {
        a_product(&server, code);
    }
    let client = server.as_tier("administrator");
    client
        .patch("/v1/products/c", "*", &json!({"active": false}))
        .expect(200);
    let mut codes = Vec::new();
    let mut next = Some("/v1/products?limit=2".to_owned());
    while let Some(path) = next {
        let page = client.get(&path).expect(200).json();
        for item in page["items"].as_array().unwrap() {
            codes.push(item["code"].as_str().unwrap().to_owned());
        }
        next = page["next_cursor"]
            .as_str()
            .map(|cursor| format!("/v1/products?limit=2&cursor={cursor}"));
    }
    assert_eq!(codes, ["a", "b", "c", "d", "e"]);
    let inactive = client.get("/v1/products?active=false").expect(200).items();
    assert_eq!(inactive.len(), 1);
    assert!(
        client
            .get("/v1/products?kind=loan")
            .expect(200)
            .items()
            .is_empty()
    );
    client
        .get("/v1/products?active=maybe")
        .expect_problem("invalid_parameter");
}

#[test]
fn other_terms_of_a_product_leave_what_was_agreed_before() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    let own_terms = server.texts("SELECT id FROM credit_lines").remove(0);
    let path = format!("/v1/products/{GOODS}");
    let unbound = a_customer(&server).id();
    let mut body = application_body(Owner::Customer(&unbound), Some(GOODS), "1000.00");
    body["payment_term_days"] = json!(null);
    // This one takes the term of the product.
    let lines = [own_terms, a_line(&server, &body).id()];
    let old = a_receivable(&server, &unbound, "10.00").json();
    assert_eq!(
        (&old["payment_term_days"], &old["due_on"]),
        (&json!(30), &json!("2026-04-01"))
    );
    let before = lines.each_ref().map(|id| line(&server, id));
    let first = client.get(&path).expect(200).json();
    server.advance(chrono::TimeDelta::days(1));
    let change = json!({"default_payment_term_days": 45, "deposit_share_bp": 1500});
    let asked = client.patch(&path, "*", &change).expect(202);
    let second = confirmed(&server, asked).json();
    // What is owed, and the lines, are as they were; new business follows the product.
    let path_of_old = format!("/v1/receivables/{}", old["id"].as_str().unwrap());
    assert_eq!(client.get(&path_of_old).expect(200).json(), old);
    assert_eq!(lines.each_ref().map(|id| line(&server, id)), before);
    let new = a_receivable(&server, &unbound, "10.00").json();
    assert_eq!(
        (&new["payment_term_days"], &new["due_on"]),
        (&json!(45), &json!("2026-04-17"))
    );
    let agreed = a_receivable(&server, &customer, "10.00").json();
    assert_eq!(agreed["payment_term_days"], 30, "the line says so");
    server.advance(chrono::TimeDelta::days(1));
    client
        .patch(&path, "*", &json!({"name_zh": "赊销货款"}))
        .expect(200);
    // Every version as it was, newest first, page by page.
    let versions = format!("{path}/versions");
    let mut told = Vec::new();
    let mut next = Some(format!("{versions}?limit=1"));
    while let Some(address) = next {
        let page = client.get(&address).expect(200);
        told.extend(page.items());
        next = page.json()["next_cursor"]
            .as_str()
            .map(|cursor| format!("{versions}?limit=1&cursor={cursor}"));
    }
    let numbers: Vec<i64> = told
        .iter()
        .map(|one| one["version"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(
        [&told[1]["product"], &told[2]["product"]],
        [&second, &first]
    );
    assert_eq!(told[1]["recorded_at"], "2026-03-03T02:00:00Z");
    assert_eq!(told[0]["product"]["deposit_share_bp"], 1500);
    assert!(
        told[1]["changed_by"]
            .as_str()
            .unwrap()
            .ends_with("|everything")
    );
    client
        .get("/v1/products/nothing/versions")
        .expect_problem("not_found");
    assert_ledger_is_clean(&server);
}

#[test]
fn what_lets_more_pass_by_a_product_waits_and_is_outdated_by_another_version() {
    let server = TestServer::start();
    let mut body = product_body("goods");
    body["deposit_share_bp"] = json!(1000);
    let client = server.as_tier("administrator");
    client.post("/v1/products", &body).expect(201);
    let path = "/v1/products/goods";
    let version = || client.get(path).expect(200).json()["version"].clone();
    for more in [
        json!({"default_payment_term_days": 31}),
        json!({"deposit_share_bp": 999}),
        json!({"released_by": "end_of_obligation"}),
        json!({"default_payment_term_days": 31, "name_en": "Goods"}),
    ] {
        let asked = client.patch(path, "*", &more).expect(202);
        assert_eq!(asked.field("subject"), "product/goods", "{more}");
        assert_eq!(version(), 1, "{more}");
    }
    let asked = client.patch(path, "*", &json!({"deposit_share_bp": 0}));
    let asked = asked.expect(202);
    // Less, and words, are at once.
    for less in [
        json!({"default_payment_term_days": 29, "deposit_share_bp": 1001}),
        json!({"name_en": "Goods"}),
        json!({"active": false}),
    ] {
        client.patch(path, "*", &less).expect(200);
    }
    let approve = format!("{}/approve", asked.header("location").unwrap());
    let head_office = server.as_tier("credit_officer_head_office");
    head_office
        .post(&approve, &json!({}))
        .expect_problem("change_outdated");
    let asked = client
        .patch(path, "*", &json!({"active": true}))
        .expect(202);
    let offered = confirmed(&server, asked);
    assert_eq!(offered.json()["active"], true);
    assert_eq!(version(), 5);
    client
        .patch(path, "*", &json!({"active": true}))
        .expect(200);
}
