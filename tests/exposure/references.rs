//! The caller's own reference names an order: however often it is asked for, under whatever key,
//! it takes limit once.

use std::sync::Mutex;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Client, TestServer, a_customer_with_credit, capture_body, in_currency, payment_body,
    receivable_body, reservation_body,
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
    let again = client.post("/v1/reservations", &body).expect(200);
    assert_eq!(again.json(), first.json());
    assert_eq!(again.etag(), first.etag());
    assert_eq!(again.header("content-location"), first.header("location"));
    assert_eq!(balance(&server, &line), "600.00 0.00 400.00");

    // As long as anything is held it is the same order, as it is by now.
    let path = format!("/v1/reservations/{}", first.id());
    let capture = |is_final| {
        let capture = capture_body(&server, Some("100.00"), is_final);
        client
            .post(&format!("{path}/capture"), &capture)
            .expect(200);
    };
    capture(false);
    let later = client.post("/v1/reservations", &body).expect(200);
    assert_eq!(later.json(), client.get(&path).expect(200).json());
    assert_eq!(balance(&server, &line), "500.00 100.00 400.00");
    capture(true);
    is_over(&client, &body, &first.id(), "reservation_captured");
    assert_eq!(balance(&server, &line), "0.00 200.00 800.00");
    assert_clean(&server);
}

/// Nothing is held under the name any more, and whoever asks for it is told so, alone, in a batch, and
/// when asking for something else.
fn is_over(client: &Client, body: &Value, id: &str, code: &str) {
    let refused = client.post("/v1/reservations", body).expect_problem(code);
    assert_eq!(refused.json()["reservation_id"], id);
    let batch = json!({"reservations": [body]});
    let item = client
        .post("/v1/reservation-batches", &batch)
        .expect(200)
        .json()["items"][0]
        .take();
    assert_eq!(
        (
            &item["status"],
            &item["problem"]["code"],
            &item["problem"]["reservation_id"]
        ),
        (&json!("refused"), &json!(code), &json!(id))
    );
    let mut other = body.clone();
    other["amount"] = json!("1.00");
    other["expires_at"] = Value::Null;
    client.post("/v1/reservations", &other).expect_problem(code);
}

#[test]
fn a_name_is_not_free_again_once_nothing_is_held_under_it() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    let order = |reference: &str| {
        let mut body = reservation_body(&customer, "60.00");
        body["reference"] = json!(reference);
        body["expires_at"] = json!((server.now() + TimeDelta::hours(1)).to_rfc3339());
        body
    };
    let (released, expired) = (order("SO-9"), order("SO-10"));
    let id = client.post("/v1/reservations", &released).expect(201).id();
    client
        .post(&format!("/v1/reservations/{id}/release"), &json!({}))
        .expect(200);
    is_over(&client, &released, &id, "reservation_released");

    let id = client.post("/v1/reservations", &expired).expect(201).id();
    server.advance(TimeDelta::hours(1));
    // Whether or not the books have caught up.
    is_over(&client, &expired, &id, "reservation_expired");
    client
        .post("/v1/reservations", &reservation_body(&customer, "1000.00"))
        .expect(201);
    let refused = client.post("/v1/reservations", &expired);
    refused.expect_problem("reservation_expired");
    assert_eq!(balance(&server, &line), "1000.00 0.00 0.00");
    assert_clean(&server);
}

#[test]
fn names_are_compared_as_people_read_them() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let order = |reference: &str| {
        let mut body = reservation_body(&customer, "60.00");
        body["reference"] = json!(reference);
        body
    };
    let first = client.post("/v1/reservations", &order("SO 9")).expect(201);
    let again = client
        .post("/v1/reservations", &order("ｓｏ　９"))
        .expect(200);
    // What people typed is shown as it was.
    assert_eq!(again.json(), first.json());
    client.post("/v1/reservations", &order("SO9")).expect(201);
    let capture = |number: &str| {
        let mut body = capture_body(&server, Some("1.00"), false);
        body["receivable"]["number"] = json!(number);
        let path = format!("/v1/reservations/{}/capture", first.id());
        client.post(&path, &body)
    };
    capture("INV-1").expect(200);
    capture("inv－１").expect_problem("duplicate_receivable_number");
    let mut posted = receivable_body(&server, &customer, "1.00");
    posted["number"] = json!("ＩＮＶ-1");
    client
        .post("/v1/receivables", &posted)
        .expect_problem("duplicate_receivable_number");
    let mut paid = payment_body(&server, &customer, "1.00");
    paid["reference"] = json!("Bank 77");
    client.post("/v1/payments", &paid).expect(201);
    for (path, shown) in [
        ("/v1/reservations?reference=so%20%20%EF%BC%99", "SO 9"),
        ("/v1/receivables?number=inv-1", "INV-1"),
        ("/v1/payments?reference=BANK%2077", "Bank 77"),
    ] {
        let page = client.get(path).expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{path}");
        let name = if path.contains("number") {
            "number"
        } else {
            "reference"
        };
        assert_eq!(items[0][name], shown);
    }
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
        let ids = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let client = server.with_everything();
                    let answer = client.post("/v1/reservations", &body).send();
                    let mut seen = ids.lock().unwrap();
                    seen.push((answer.status, answer.id()));
                });
            }
        });
        let mut seen = ids.into_inner().unwrap();
        seen.sort();
        // It is made once, and there for everybody else.
        let statuses: Vec<u16> = seen.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
        assert!(seen.iter().all(|(_, id)| *id == seen[0].1));
        let held = format!("{round}00.00 0.00 ");
        assert!(balance(&server, &line).starts_with(&held));
    }
    assert_clean(&server);
}
