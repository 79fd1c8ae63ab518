//! The caller's own reference names an order: however often it is asked for, under whatever key,
//! it takes limit once.

use std::collections::BTreeSet;
use std::sync::Mutex;

use chrono::TimeDelta;
use serde_json::json;

use crate::support::actors::SALES;
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    TestServer, a_customer_with_credit, capture_body, in_currency, reservation_body,
};

#[test]
fn the_same_order_again_gives_the_reservation_there_is() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    let body = reservation_body(&customer, "600.00");
    let first = client.post("/v1/reservations", &body).expect(201);
    // There is no room for it twice, and it is not asked for twice.
    let again = client.post("/v1/reservations", &body).expect(201);
    assert_eq!(again.json(), first.json());
    assert_eq!(again.etag(), first.etag());
    assert_eq!(balance(&server, &line), "600.00 0.00 400.00");

    // It is the same order in whatever state it is by now.
    let capture = capture_body(&server, Some("100.00"), true);
    let path = format!("/v1/reservations/{}", first.id());
    client
        .post(&format!("{path}/capture"), &capture)
        .expect(200);
    let later = client.post("/v1/reservations", &body).expect(201);
    assert_eq!(later.id(), first.id());
    assert_eq!(later.json(), client.get(&path).expect(200).json());
    assert_eq!(balance(&server, &line), "0.00 100.00 900.00");
    assert_clean(&server);
}

#[test]
fn a_reference_of_another_order_is_refused_with_what_differs() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let body = reservation_body(&customer, "10.00");
    let known = client.post("/v1/reservations", &body).expect(201);
    let differing = |field: &str, value: serde_json::Value| {
        let mut other = body.clone();
        other[field] = value;
        let refused = client.post("/v1/reservations", &other);
        let refused = refused.expect_problem("reference_reused");
        assert_eq!(refused.json()["reservation_id"], known.json()["id"]);
        refused.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(differing("amount", json!("10.01")), ["#/amount"]);
    assert_eq!(differing("deposit", json!("1.00")), ["#/deposit"]);
    let soon = (server.now() + TimeDelta::days(1)).to_rfc3339();
    assert_eq!(differing("expires_at", json!(soon)), ["#/expires_at"]);

    // What credit refuses is refused for that.
    for (refused, code) in [
        (in_currency(body.clone(), "USD"), "currency_rate_missing"),
        (reservation_body(&customer, "1000.00"), "limit_exceeded"),
    ] {
        let mut refused = refused;
        refused["reference"] = body["reference"].clone();
        client
            .post("/v1/reservations", &refused)
            .expect_problem(code);
    }

    // Another customer has references of its own.
    let mut other = reservation_body(&a_customer_with_credit(&server, SALES), "10.01");
    other["reference"] = body["reference"].clone();
    client.post("/v1/reservations", &other).expect(201);
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 2);
}

#[test]
fn an_order_that_arrives_many_times_at_once_takes_limit_once() {
    let server = TestServer::start_with(|settings| settings.workers = 2);
    let customer = a_customer_with_credit(&server, SALES);
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    for round in 1..=5 {
        let body = reservation_body(&customer, "100.00");
        let ids = Mutex::new(BTreeSet::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let client = server.with_everything();
                    let answer = client.post("/v1/reservations", &body).expect(201);
                    ids.lock().unwrap().insert(answer.id());
                });
            }
        });
        assert_eq!(ids.into_inner().unwrap().len(), 1);
        let held = format!("{round}00.00 0.00 ");
        assert!(balance(&server, &line).starts_with(&held));
    }
    assert_clean(&server);
}
