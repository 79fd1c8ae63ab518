//! Many orders in one request: each sees what those before it took (pitfalls of bulk confirmation).

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::checks::a_rule_set;
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Answer, Client, TestServer, a_customer_with_credit, a_group_line, a_group_of, a_member,
    in_currency, reservation_body,
};

fn batch(client: &Client, atomic: bool, reservations: &[Value]) -> Answer {
    let body = json!({"atomic": atomic, "reservations": reservations});
    client.post("/v1/reservation-batches", &body).send()
}

fn the_line(server: &TestServer) -> String {
    server.texts("SELECT id FROM credit_lines").remove(0)
}

#[test]
fn the_second_of_two_sees_what_the_first_took() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    let order = |amount: &str| reservation_body(&customer, amount);
    let answer = batch(
        &client,
        false,
        &[order("800.00"), order("800.00"), order("200.00")],
    )
    .expect(200)
    .json();
    assert_eq!(
        (&answer["done"], &answer["refused"]),
        (&json!(2), &json!(1))
    );
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["reservation"]["held"], "800.00");
    assert_eq!(items[1]["status"], "refused");
    assert_eq!(items[1]["problem"]["code"], "limit_exceeded");
    assert_eq!(items[1]["problem"]["reasons"][0]["available"], "200.00");
    assert_eq!(items[2]["reservation"]["held"], "200.00");
    assert_eq!(balance(&server, &line), "1000.00 0.00 0.00");
    // Each reservation can be found, and each left its trace.
    for index in [0, 2] {
        let path = format!(
            "/v1/reservations/{}",
            items[index]["reservation"]["id"].as_str().unwrap()
        );
        assert_eq!(
            client.get(&path).expect(200).json(),
            items[index]["reservation"]
        );
    }
    let outcomes = server.texts("SELECT action || ' ' || outcome FROM audit_entries WHERE action LIKE 'reservation%' ORDER BY seq");
    assert_eq!(
        outcomes,
        [
            "reservation.create done",
            "reservation.create refused",
            "reservation.create done",
            "reservation_batch.create done",
        ]
    );
    assert_clean(&server);
}

#[test]
fn all_or_none_is_none_when_one_is_refused() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    let order = |amount: &str| reservation_body(&customer, amount);
    let orders = [order("800.00"), order("800.00"), order("300.00")];
    let refused = batch(&client, true, &orders)
        .expect_problem("limit_exceeded")
        .json();
    assert_eq!(
        refused["refused"],
        json!([
            {"index": 1, "code": "limit_exceeded"}, {"index": 2, "code": "limit_exceeded"},
        ])
    );
    assert_eq!(refused["reasons"][0]["available"], "200.00");
    assert_eq!(balance(&server, &line), "0.00 0.00 1000.00");
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 0);
    assert_eq!(
        server.number("SELECT count(*) FROM events WHERE kind LIKE 'reservation%'"),
        0
    );
    let done = batch(&client, true, &[order("800.00"), order("200.00")])
        .expect(200)
        .json();
    assert_eq!(done["done"], 2);
    assert_eq!(balance(&server, &line), "1000.00 0.00 0.00");
    assert_clean(&server);
}

#[test]
fn members_of_a_group_share_its_ceiling_within_one_batch() {
    let server = TestServer::start();
    let client = server.with_everything();
    let group = a_group_of(&server, SALES).id();
    let members = [0, 1].map(|_| {
        let customer = a_customer_with_credit(&server, SALES);
        a_member(&server, &group, &customer);
        customer
    });
    let ceiling = a_group_line(&server, &group, "1000.00").id();
    let orders: Vec<Value> = (0..10)
        .map(|number| reservation_body(&members[number % 2], "150.00"))
        .collect();
    let answer = batch(&client, false, &orders).expect(200).json();
    let statuses: Vec<&Value> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["status"])
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == "done").count(),
        6
    );
    assert!(statuses[..6].iter().all(|status| **status == "done"));
    assert_eq!(
        answer["items"][6]["problem"]["reasons"][0]["level"],
        "group"
    );
    assert_eq!(balance(&server, &ceiling), "900.00 0.00 100.00");
    assert_clean(&server);
}

#[test]
fn one_order_twice_in_a_batch_is_one_reservation() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    let order = reservation_body(&customer, "100.00");
    let mut other = reservation_body(&customer, "50.00");
    other["reference"] = order["reference"].clone();
    let answer = batch(&client, false, &[order.clone(), order.clone(), other])
        .expect(200)
        .json();
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["reservation"], items[1]["reservation"]);
    assert_eq!(items[2]["problem"]["code"], "reference_reused");
    assert_eq!(balance(&server, &line), "100.00 0.00 900.00");
    assert_clean(&server);
}

#[test]
fn what_cannot_be_read_or_decided_is_refused_in_its_place() {
    let server = TestServer::start_with(|settings| settings.limits.body_bytes = 1 << 20);
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let elsewhere = a_customer_with_credit(&server, "head-office/west");
    let sales = server.as_tier_at("integration", SALES);
    let mut past = reservation_body(&customer, "1.00");
    past["expires_at"] = json!("2020-01-01T00:00:00Z");
    let orders = [
        reservation_body(&customer, "1.001"),
        in_currency(reservation_body(&customer, "1.00"), "USD"),
        reservation_body(&elsewhere, "1.00"),
        past,
        reservation_body(&customer, "1.00"),
    ];
    let answer = batch(&sales, false, &orders).expect(200).json();
    let codes: Vec<&Value> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["problem"]["code"])
        .collect();
    assert_eq!(
        codes,
        [
            "validation_failed",
            "currency_rate_missing",
            "customer_not_found",
            "validation_failed"
        ]
        .map(|code| json!(code))
        .iter()
        .chain([&Value::Null])
        .collect::<Vec<_>>()
    );
    assert_eq!(
        answer["items"][0]["problem"]["errors"][0]["pointer"],
        "#/amount"
    );
    assert_clean(&server);

    batch(&client, false, &[]).expect_problem("validation_failed");
    let too_many: Vec<Value> = (0..1001).map(|_| orders[4].clone()).collect();
    batch(&client, false, &too_many).expect_problem("validation_failed");
    let mut unknown = orders[4].clone();
    unknown["colour"] = json!("red");
    batch(&client, false, &[unknown]).expect_problem("unknown_field");
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 1);
}

#[test]
fn a_thousand_orders_are_answered_once_and_again() {
    let server = TestServer::start_with(|settings| {
        settings.deadline = std::time::Duration::from_secs(60);
        settings.statement_timeout = std::time::Duration::from_secs(60);
        settings.limits.body_bytes = 1 << 20;
    });
    let client = server.with_everything();
    let customers: Vec<String> = (0..4)
        .map(|_| a_customer_with_credit(&server, SALES))
        .collect();
    // 250 for each customer, of which 100 fit.
    let orders: Vec<Value> = (0..1000)
        .map(|number| reservation_body(&customers[number % 4], "10.00"))
        .collect();
    let body = json!({"reservations": orders});
    let first = client
        .post("/v1/reservation-batches", &body)
        .key("bulk")
        .expect(200);
    assert_eq!(
        (
            first.json()["done"].clone(),
            first.json()["refused"].clone()
        ),
        (json!(400), json!(600))
    );
    for (index, item) in first.json()["items"].as_array().unwrap().iter().enumerate() {
        assert_eq!(item["index"], index);
        assert_eq!(item["status"] == "done", index < 400, "{index}");
    }
    let again = client
        .post("/v1/reservation-batches", &body)
        .key("bulk")
        .expect(200);
    assert_eq!(again.text(), first.text());
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 400);
    assert_clean(&server);
}

#[test]
fn what_the_rules_look_at_includes_the_orders_before_it() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let limits = json!({"open_orders_max": "150.00", "effect": "decline"});
    a_rule_set(&server, &json!({"component_limits": limits}));
    let orders = ["100.00", "100.00", "50.00"].map(|amount| reservation_body(&customer, amount));
    let answer = batch(&client, false, &orders).expect(200).json();
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["status"], "done");
    assert_eq!(items[1]["problem"]["code"], "component_limit_exceeded");
    assert_eq!(items[1]["problem"]["decision"], "declined");
    assert_eq!(items[2]["status"], "done");
    assert_clean(&server);
}
