//! Money that has come and settles nothing yet makes room, once and for nobody else.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{a_policy, check, reserve};
use crate::support::checks::a_rule_set;
use crate::support::ledger::{assert_clean, balance, line};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_group_line, a_group_of, a_line, a_member, a_product,
    a_product_line, a_rate, a_receivable, a_reservation, a_unified_line, allocations,
    application_body, capture_body, in_currency, payment_body, receivable_body, reservation_body,
    the_goods,
};

/// Money on account; gives the payment.
fn money(server: &TestServer, customer: &str, amount: &str) -> String {
    money_in(server, customer, amount, "CNY")
}

fn money_in(server: &TestServer, customer: &str, amount: &str, currency: &str) -> String {
    let body = in_currency(payment_body(server, customer, amount), currency);
    let client = server.with_everything();
    client.post("/v1/payments", &body).expect(201).id()
}

fn reverse(server: &TestServer, payment: &str) {
    let path = format!("/v1/payments/{payment}/reverse");
    let client = server.with_everything();
    client.post(&path, &json!({"reason": "退票"})).expect(200);
}

fn allocate(server: &TestServer, payment: &str, parts: &[(&str, &str)]) {
    let path = format!("/v1/payments/{payment}/allocations");
    let body = json!({"allocations": allocations(parts)});
    server.with_everything().post(&path, &body).expect(200);
}

fn decision(server: &TestServer, customer: &str, amount: &str) -> (String, String) {
    let seen = check(server, customer, amount);
    let text = |name: &str| seen[name].as_str().unwrap().to_owned();
    (text("decision"), text("available"))
}

fn expect(server: &TestServer, customer: &str, amount: &str, expected: (&str, &str)) {
    let (outcome, available) = decision(server, customer, amount);
    assert_eq!((outcome.as_str(), available.as_str()), expected, "{amount}");
}

#[test]
fn what_is_prepaid_can_be_ordered_without_a_limit() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let product = a_product_line(&server, &customer, "0.00").id();
    let unified = a_unified_line(&server, &customer, "0.00").id();
    let payment = money(&server, &customer, "473.72");
    expect(&server, &customer, "473.72", ("approved", "473.72"));
    expect(&server, &customer, "473.73", ("declined", "473.72"));
    let seen = check(&server, &customer, "473.72");
    assert_eq!(seen["levels"][0]["on_account"], "473.72");
    a_reservation(&server, &customer, "473.72");
    assert_clean(&server);
    for id in [&product, &unified] {
        let shown = line(&server, id);
        assert_eq!(
            (&shown["on_account"], &shown["available"], &shown["usable"]),
            (&json!("473.72"), &json!("0.00"), &json!("0.00"))
        );
    }
    let path = format!("/v1/credit-lines/{product}/movements");
    let movements = server.with_everything().get(&path).expect(200).items();
    assert_eq!(movements[0]["covered"], "473.72");
    reverse(&server, &payment);
    expect(&server, &customer, "0.01", ("declined", "-473.72"));
    assert_clean(&server);
}

#[test]
fn what_covers_a_receivable_makes_the_room_that_allocating_it_would() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let id = a_product_line(&server, &customer, "100.00").id();
    let owed = a_receivable(&server, &customer, "100.00").id();
    expect(&server, &customer, "0.01", ("declined", "0.00"));
    let payment = money(&server, &customer, "100.00");
    expect(&server, &customer, "100.00", ("approved", "100.00"));
    expect(&server, &customer, "100.01", ("declined", "100.00"));
    let before = line(&server, &id);
    assert_eq!(
        (
            &before["drawn"],
            &before["on_account"],
            &before["available"]
        ),
        (&json!("100.00"), &json!("100.00"), &json!("100.00"))
    );
    for part in ["33.33", "66.67"] {
        allocate(&server, &payment, &[(&owed, part)]);
        expect(&server, &customer, "100.00", ("approved", "100.00"));
        expect(&server, &customer, "100.01", ("declined", "100.00"));
        assert_eq!(line(&server, &id)["available"], "100.00");
    }
    reverse(&server, &payment);
    expect(&server, &customer, "0.01", ("declined", "0.00"));
    assert_clean(&server);
}

#[test]
fn it_makes_room_once_over_all_products() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "0.00");
    a_product(&server, "bill_acceptance");
    let bills = application_body(Owner::Customer(&customer), Some("bill_acceptance"), "0.00");
    a_line(&server, &bills);
    money(&server, &customer, "100.00");
    let bill = |amount: &str| {
        let mut body = reservation_body(&customer, amount);
        body["product"] = json!("bill_acceptance");
        server
            .with_everything()
            .post("/v1/reservations", &body)
            .send()
    };
    a_reservation(&server, &customer, "70.00");
    bill("30.01").expect_problem("limit_exceeded");
    bill("30.00").expect(201);
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    assert_clean(&server);
}

#[test]
fn of_orders_decided_together_each_sees_what_those_before_it_left() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "0.00");
    money(&server, &customer, "100.00");
    let orders: Vec<Value> = ["60.00", "60.00", "40.00", "0.01"]
        .iter()
        .map(|amount| reservation_body(&customer, amount))
        .collect();
    let batch = json!({"reservations": orders});
    let client = server.with_everything();
    let answer = client.post("/v1/reservation-batches", &batch).expect(200);
    let outcomes: Vec<String> = answer.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, ["done", "refused", "done", "refused"]);
    assert_clean(&server);
    // What becomes a receivable is covered as well.
    let id = answer.json()["items"][0]["reservation"]["id"].clone();
    let path = format!("/v1/reservations/{}/capture", id.as_str().unwrap());
    let body = capture_body(&server, None, false);
    client.post(&path, &body).expect(200);
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    expect(&server, &customer, "0.01", ("declined", "0.00"));
    assert_clean(&server);
}

#[test]
fn at_a_shared_ceiling_nobodys_money_secures_what_somebody_else_owes() {
    let server = TestServer::start();
    the_goods(&server);
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "60.00").id();
    let [first, second] = [(); 2].map(|()| {
        let customer = a_customer(&server).id();
        a_product_line(&server, &customer, "1000.00");
        a_member(&server, &group, &customer);
        customer
    });
    a_reservation(&server, &first, "60.00");
    expect(&server, &second, "0.01", ("declined", "0.00"));
    let payment = money(&server, &first, "80.00");
    // What the first uses is covered: 60.00 for the second, not 80.00. For itself it is 80.00.
    expect(&server, &second, "60.01", ("declined", "60.00"));
    expect(&server, &first, "80.01", ("declined", "80.00"));
    assert_eq!(line(&server, &ceiling)["on_account"], "60.00");
    assert_eq!(line(&server, &ceiling)["available"], "60.00");
    a_reservation(&server, &second, "60.00");
    expect(&server, &first, "20.01", ("declined", "20.00"));
    a_reservation(&server, &first, "20.00");
    expect(&server, &second, "0.01", ("declined", "0.00"));
    assert_clean(&server);
    reverse(&server, &payment);
    expect(&server, &second, "0.01", ("declined", "-80.00"));
    assert_clean(&server);
}

#[test]
fn in_another_currency_it_covers_at_the_kept_rate_and_is_worth_that_of_the_day() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "71.00");
    let client = server.with_everything();
    a_rate(&server, ["USD", "CNY"], "7.1");
    let body = in_currency(receivable_body(&server, &customer, "10.00"), "USD");
    let owed = client.post("/v1/receivables", &body).expect(201).id();
    expect(&server, &customer, "0.01", ("declined", "0.00"));
    a_rate(&server, ["USD", "CNY"], "9");
    let payment = money_in(&server, &customer, "10.00", "USD");
    expect(&server, &customer, "71.00", ("approved", "71.00"));
    allocate(&server, &payment, &[(&owed, "3.33")]);
    expect(&server, &customer, "71.01", ("declined", "71.00"));
    allocate(&server, &payment, &[(&owed, "6.67")]);
    expect(&server, &customer, "71.01", ("declined", "71.00"));
    // What is free is worth what it fetches today, rounded down; without a rate nothing.
    a_rate(&server, ["USD", "CNY"], "7.1239");
    money_in(&server, &customer, "1.00", "USD");
    expect(&server, &customer, "78.12", ("approved", "78.12"));
    money_in(&server, &customer, "1.00", "EUR");
    expect(&server, &customer, "78.13", ("declined", "78.12"));
    assert_clean(&server);
}

#[test]
fn on_a_line_that_does_not_revolve_it_gives_nothing_back() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let mut terms = application_body(Owner::Customer(&customer), Some(GOODS), "100.00");
    terms["revolving"] = json!(false);
    let id = a_line(&server, &terms).id();
    let owed = a_receivable(&server, &customer, "40.00").id();
    let payment = money(&server, &customer, "50.00");
    expect(&server, &customer, "60.01", ("declined", "60.00"));
    allocate(&server, &payment, &[(&owed, "40.00")]);
    expect(&server, &customer, "60.01", ("declined", "60.00"));
    assert_eq!(balance(&server, &id), "0.00 0.00 60.00");
    assert_clean(&server);
}

#[test]
fn what_is_overdue_and_covered_is_in_nobodys_way() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    let mut late = receivable_body(&server, &customer, "50.00");
    late["issued_on"] = json!("2026-01-01");
    late["payment_term_days"] = json!(10);
    let client = server.with_everything();
    client.post("/v1/receivables", &late).expect(201);
    a_receivable(&server, &customer, "70.00");
    let overdue = json!({"decline": {"days_max": 0, "amount_max": "0.00"}});
    let limits = json!({"open_receivables_max": "100.00", "effect": "decline"});
    a_rule_set(
        &server,
        &json!({"overdue": overdue, "component_limits": limits}),
    );
    let codes = |amount: &str| -> Vec<String> {
        let seen = check(&server, &customer, amount);
        let reasons = seen["reasons"].as_array().unwrap().iter();
        reasons
            .map(|reason| reason["code"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        codes("1.00"),
        ["overdue_exceeded", "component_limit_exceeded"]
    );
    money(&server, &customer, "49.99");
    assert_eq!(codes("1.00"), ["overdue_exceeded"]);
    money(&server, &customer, "0.01");
    assert!(codes("30.00").is_empty());
    assert_eq!(codes("30.01"), ["component_limit_exceeded"]);
    let path = format!("/v1/customers/{customer}/credit-summary");
    let owed = client.get(&path).expect(200).json()["receivables"][0].clone();
    assert_eq!(
        [
            &owed["overdue"],
            &owed["overdue_covered"],
            &owed["outstanding"],
            &owed["covered"]
        ],
        [
            &json!("50.00"),
            &json!("50.00"),
            &json!("120.00"),
            &json!("50.00")
        ]
    );
}

#[test]
fn reports_take_it_off() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    let owed = a_receivable(&server, &customer, "300.00").id();
    let payment = money(&server, &customer, "400.00");
    let client = server.with_everything();
    let sums = |query: &str| {
        let read = client
            .get(&format!("/v1/reports/{query}"))
            .expect(200)
            .json();
        ["exposure", "on_account", "available", "utilisation_percent"]
            .map(|name| read["totals"][0][name].as_str().unwrap().to_owned())
            .join(" ")
    };
    for query in [
        "portfolio?by=product",
        "portfolio?by=customer",
        "concentration",
    ] {
        assert_eq!(sums(query), "300.00 300.00 1000.00 0.00", "{query}");
    }
    server.advance(chrono::TimeDelta::days(1));
    allocate(&server, &payment, &[(&owed, "100.00")]);
    assert_eq!(sums("portfolio?by=product"), "200.00 200.00 1000.00 0.00");
    reverse(&server, &payment);
    assert_eq!(sums("portfolio?by=product"), "300.00 0.00 700.00 30.00");
    // A past day shows what was so at its end.
    assert_eq!(
        sums("portfolio?by=product&as_of=2026-03-02"),
        "300.00 300.00 1000.00 0.00"
    );
}

#[test]
fn a_company_that_does_not_want_it_says_so() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let id = a_product_line(&server, &customer, "0.00").id();
    money(&server, &customer, "100.00");
    expect(&server, &customer, "100.00", ("approved", "100.00"));
    let kept = server
        .with_everything()
        .get("/v1/credit-policies/0")
        .expect(200);
    assert_eq!(kept.json()["policy"]["count_money_on_account"], true);
    a_policy(&server, &json!({"count_money_on_account": false}));
    expect(&server, &customer, "0.01", ("declined", "0.00"));
    assert_eq!(line(&server, &id)["on_account"], "0.00");
}
