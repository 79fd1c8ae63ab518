//! Business in other currencies than its limits: it counts at the rate of the day, the rate is
//! kept, and nothing is left over whatever happens to the rate later.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::ledger::{Nested, assert_clean, balance, line};
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_group_of, a_line,
    a_member, a_product, a_product_line, a_rate, a_receivable, a_reservation, allocations,
    application_body, capture_body, confirmed, in_currency, payment_body, rate_body,
    receivable_body, reservation_body, the_goods,
};

/// A product line of a customer in another currency.
pub(super) fn a_line_in(
    server: &TestServer,
    customer: &str,
    amount: &str,
    currency: &str,
) -> String {
    the_goods(server);
    let terms = application_body(Owner::Customer(customer), Some(GOODS), amount);
    a_line(server, &in_currency(terms, currency)).id()
}

fn the_line_of(server: &TestServer, customer: &str) -> String {
    let path = format!("/v1/credit-lines?customer_id={customer}");
    let lines = server.with_everything().get(&path).expect(200).items();
    lines[0]["id"].as_str().unwrap().to_owned()
}

pub(super) fn reserve_in(
    server: &TestServer,
    customer: &str,
    amount: &str,
    currency: &str,
) -> Answer {
    let body = in_currency(reservation_body(customer, amount), currency);
    server
        .with_everything()
        .post("/v1/reservations", &body)
        .send()
}

pub(super) fn post_in(server: &TestServer, customer: &str, amount: &str, currency: &str) -> Answer {
    let body = in_currency(receivable_body(server, customer, amount), currency);
    server
        .with_everything()
        .post("/v1/receivables", &body)
        .expect(201)
}

pub(super) fn pay_in(
    server: &TestServer,
    customer: &str,
    receivable: &str,
    amount: &str,
    currency: &str,
) -> String {
    let mut body = in_currency(payment_body(server, customer, amount), currency);
    body["allocations"] = allocations(&[(receivable, amount)]);
    server
        .with_everything()
        .post("/v1/payments", &body)
        .expect(201)
        .id()
}

pub(super) fn capture(
    server: &TestServer,
    id: &str,
    amount: Option<&str>,
    is_final: bool,
) -> Answer {
    let path = format!("/v1/reservations/{id}/capture");
    let body = capture_body(server, amount, is_final);
    server.with_everything().post(&path, &body).expect(200)
}

pub(super) fn act(server: &TestServer, path: &str, body: &Value) -> Answer {
    server.with_everything().post(path, body).expect(200)
}

fn check(server: &TestServer, customer: &str, amount: &str, currency: &str) -> Value {
    let body =
        json!({"customer_id": customer, "product": GOODS, "amount": amount, "currency": currency});
    act(server, "/v1/credit-checks", &body).json()
}

/// Held plus drawn, in minor units, of every line.
fn used(server: &TestServer) -> Vec<i64> {
    let lines = server.texts("SELECT held_minor + drawn_minor FROM credit_lines ORDER BY id");
    lines.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn c6_an_order_in_another_currency_is_compared_as_what_it_is_worth() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "99.00").id();
    a_rate(&server, ["USD", "CNY"], "0.5");
    let made = reserve_in(&server, &customer, "100.00", "USD").expect(201);
    assert_eq!(balance(&server, &line), "50.00 0.00 49.00");
    let release = format!("/v1/reservations/{}/release", made.id());
    act(&server, &release, &json!({}));
    a_rate(&server, ["USD", "CNY"], "2.0");
    let refused = reserve_in(&server, &customer, "100.00", "USD").expect_problem("limit_exceeded");
    let reason = &refused.json()["reasons"][0];
    for (fact, value) in [
        ("limit", "99.00"),
        ("available", "99.00"),
        ("requested", "200.00"),
        ("currency", "CNY"),
        ("original_amount", "100.00"),
        ("original_currency", "USD"),
        ("rate", "2"),
        ("rate_date", "2026-03-02"),
    ] {
        assert_eq!(reason[fact], value, "{fact}");
    }
    assert_clean(&server);
}

#[test]
fn c7_a_smaller_currency_fits_where_its_number_does_not() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_line_in(&server, &customer, "100.00", "EUR");
    a_rate(&server, ["PLN", "EUR"], "0.9");
    reserve_in(&server, &customer, "101.00", "PLN").expect(201);
    assert_eq!(balance(&server, &line), "90.90 0.00 9.10");
    assert_clean(&server);
}

#[test]
fn c5_from_order_to_payment_the_exposure_is_never_doubled_and_never_gone() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["1000.00", "1500.00", "2000.00"]);
    a_rate(&server, ["USD", "CNY"], "7.1234567891");
    let whole = [71_235; 3];
    let id = reserve_in(&server, &nested.customer, "100.00", "USD")
        .expect(201)
        .id();
    assert_eq!(used(&server), whole);
    let owed: Vec<String> = [Some("33.33"), Some("0.01"), None]
        .into_iter()
        .enumerate()
        .map(|(index, amount)| {
            server.advance(chrono::TimeDelta::seconds(1));
            let captured = capture(&server, &id, amount, false).json();
            assert_eq!(
                used(&server),
                whole,
                "what is held becomes drawn, cent by cent"
            );
            assert_clean(&server);
            captured["captures"][index]["receivable_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(balance(&server, &nested.lines[0]), "0.00 712.35 287.65");
    for (receivable, amount) in owed.iter().zip(["33.33", "0.01", "66.66"]) {
        pay_in(&server, &nested.customer, receivable, amount, "USD");
        assert_clean(&server);
    }
    assert_eq!(used(&server), [0; 3]);
}

#[test]
fn yen_have_no_places_and_dinars_have_three() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "1000.00").id();
    a_rate(&server, ["JPY", "CNY"], "0.0478");
    a_rate(&server, ["CNY", "KWD"], "0.04");
    reserve_in(&server, &customer, "1000", "JPY").expect(201);
    assert_eq!(line_held(&server, &line), "47.80");
    reserve_in(&server, &customer, "1.001", "KWD").expect(201);
    assert_eq!(line_held(&server, &line), "72.83", "25.025 counts as 25.03");
    // Exactly what is left fits, and one yen more does not.
    let available = check(&server, &customer, "1", "JPY")["available"].clone();
    assert_eq!(available, "19396");
    reserve_in(&server, &customer, "19397", "JPY").expect_problem("limit_exceeded");
    reserve_in(&server, &customer, "19396", "JPY").expect(201);
    let yen = a_customer(&server).id();
    let in_yen = a_line_in(&server, &yen, "100000", "JPY");
    reserve_in(&server, &yen, "0.01", "CNY").expect(201);
    assert_eq!(
        line_held(&server, &in_yen),
        "1",
        "a fen counts as a whole yen"
    );
    assert_clean(&server);
}

fn line_held(server: &TestServer, id: &str) -> String {
    line(server, id)["held"].as_str().unwrap().to_owned()
}

#[test]
fn three_levels_in_three_currencies_each_count_in_their_own() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let group = a_group_of(&server, SALES).id();
    let own = Owner::Customer(&customer);
    let lines = [
        a_line_in(&server, &customer, "1000.00", "USD"),
        a_line(&server, &application_body(own, None, "8000.00")).id(),
        a_line(
            &server,
            &in_currency(
                application_body(Owner::Group(&group), None, "170000"),
                "JPY",
            ),
        )
        .id(),
    ];
    a_member(&server, &group, &customer);
    a_rate(&server, ["EUR", "USD"], "1.1");
    a_rate(&server, ["EUR", "CNY"], "8");
    a_rate(&server, ["JPY", "CNY"], "0.05");
    let made = reserve_in(&server, &customer, "100.00", "EUR").expect(201);
    let levels: Vec<String> = made.json()["levels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| {
            ["level", "exposure", "currency", "rate", "rate_date"]
                .map(|part| level[part].as_str().unwrap().to_owned())
                .join(" ")
        })
        .collect();
    assert_eq!(
        levels,
        [
            "product 110.00 USD 1.1 2026-03-02",
            "customer 800.00 CNY 8 2026-03-02",
            "group 16000 JPY 160 2026-03-02"
        ]
    );
    let checked = check(&server, &customer, "800.00", "EUR");
    assert_eq!(checked["decision"], "approved");
    assert_eq!(
        (&checked["available"], &checked["binding_level"]),
        (&json!("809.09"), &json!("product"))
    );
    assert_eq!(checked["levels"][2]["requested"], "128000");
    let refused = reserve_in(&server, &customer, "850.00", "EUR").expect_problem("limit_exceeded");
    assert_eq!(refused.json()["reasons"].as_array().unwrap().len(), 1);
    capture(&server, &made.id(), Some("33.33"), true);
    let drawn = lines.each_ref().map(|id| balance(&server, id));
    assert_eq!(
        drawn,
        ["0.00 36.66 963.34", "0.00 266.64 7733.36", "0 5332 164668"]
    );
    assert_clean(&server);
}

#[test]
fn a_missing_or_stale_rate_refuses_in_its_place_and_says_which() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line_of(&server, &customer);
    let refused =
        reserve_in(&server, &customer, "1.00", "USD").expect_problem("currency_rate_missing");
    let reason = &refused.json()["reasons"][0];
    assert_eq!(
        (&reason["level"], &reason["rate_date"]),
        (&json!("product"), &Value::Null)
    );
    assert_eq!(reason["credit_line_id"], line);
    assert_eq!(
        check(&server, &customer, "1.00", "USD")["available"],
        "0.00"
    );
    let mut old = rate_body(&server, ["USD", "CNY"], "7");
    old["rate_date"] = json!("2026-02-22");
    let client = server.with_everything();
    confirmed(&server, client.post("/v1/exchange-rates", &old).expect(202));
    let stale =
        reserve_in(&server, &customer, "1.00", "USD").expect_problem("currency_rate_missing");
    let stale = stale.json();
    assert!(stale["detail"].as_str().unwrap().contains("stale"));
    assert_eq!(stale["reasons"][0]["rate_date"], "2026-02-22");
    assert_eq!(stale["reasons"][0]["rate_age_days_max"], "7");
    // A rate comes before the state of the line, as documented.
    act(
        &server,
        &format!("/v1/credit-lines/{line}/suspend"),
        &json!({}),
    );
    let both =
        reserve_in(&server, &customer, "1.00", "USD").expect_problem("currency_rate_missing");
    let codes: Vec<Value> = both.json()["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["code"].clone())
        .collect();
    assert_eq!(codes, ["currency_rate_missing", "line_suspended"]);
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 0);
}

#[test]
fn a_rate_of_a_later_day_changes_nothing_that_was_reserved() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "10000.00").id();
    a_rate(&server, ["USD", "CNY"], "7.1");
    let id = reserve_in(&server, &customer, "100.00", "USD")
        .expect(201)
        .id();
    server.advance(chrono::TimeDelta::days(1));
    a_rate(&server, ["USD", "CNY"], "9.9");
    let captured = capture(&server, &id, Some("50.00"), false).json();
    assert_eq!(balance(&server, &line), "355.00 355.00 9290.00");
    let path = format!("/v1/reservations/{id}/release");
    act(&server, &path, &json!({}));
    assert_eq!(balance(&server, &line), "0.00 355.00 9645.00");
    let receivable = captured["captures"][0]["receivable_id"].as_str().unwrap();
    pay_in(&server, &customer, receivable, "50.00", "USD");
    assert_eq!(balance(&server, &line), "0.00 0.00 10000.00");
    // Every movement says what moved, and at which rate it counts.
    let path = format!("/v1/credit-lines/{line}/movements");
    let movements = server.with_everything().get(&path).expect(200).items();
    let told: Vec<String> = movements
        .iter()
        .map(|movement| {
            [
                "kind",
                "original_amount",
                "original_currency",
                "rate",
                "rate_date",
            ]
            .map(|part| movement[part].as_str().unwrap().to_owned())
            .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "repay 50.00 USD 7.1 2026-03-02",
            "release 50.00 USD 7.1 2026-03-02",
            "capture 50.00 USD 7.1 2026-03-02",
            "reserve 100.00 USD 7.1 2026-03-02"
        ]
    );
    let read = server
        .with_everything()
        .get(&format!("/v1/receivables/{receivable}"));
    let read = read.expect(200).json();
    assert_eq!(read["levels"][0]["exposure"], "355.00");
    assert_eq!(read["levels"][0]["rate"], "7.1");
    assert_clean(&server);
}

#[test]
fn what_expires_gives_back_exactly_what_it_took() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "300.00").id();
    a_rate(&server, ["USD", "CNY"], "7.1234567891");
    let id = reserve_in(&server, &customer, "40.00", "USD")
        .expect(201)
        .id();
    capture(&server, &id, Some("0.07"), false);
    let drawn = line_value(&server, &line, "drawn");
    server.advance(chrono::TimeDelta::days(7));
    assert_eq!(
        line_held(&server, &line),
        "0.00",
        "reading waits for no job"
    );
    assert_eq!(line_value(&server, &line, "drawn"), drawn);
    a_reservation(&server, &customer, "299.00");
    assert_eq!(
        server.number("SELECT count(*) FROM credit_movements WHERE kind = 'expire'"),
        1
    );
    assert_clean(&server);
}

fn line_value(server: &TestServer, id: &str, part: &str) -> String {
    line(server, id)[part].as_str().unwrap().to_owned()
}

#[test]
fn parts_paid_and_taken_back_in_any_order_leave_nothing_behind() {
    for revolving in [true, false] {
        let server = TestServer::start();
        the_goods(&server);
        let customer = a_customer(&server).id();
        let mut terms = application_body(Owner::Customer(&customer), Some(GOODS), "10000.00");
        terms["revolving"] = json!(revolving);
        let line = a_line(&server, &terms).id();
        a_rate(&server, ["USD", "CNY"], "7.1234567891");
        let owed = post_in(&server, &customer, "100.01", "USD");
        assert_eq!(owed.json()["over_limit"], false);
        let whole = balance(&server, &line);
        assert_eq!(whole, "0.00 712.42 9287.58");
        let pay = |amount: &str| pay_in(&server, &customer, &owed.id(), amount, "USD");
        let paid = ["33.33", "0.01", "33.34"].map(pay);
        for payment in [&paid[1], &paid[0], &paid[2]] {
            assert_clean(&server);
            let path = format!("/v1/payments/{payment}/reverse");
            act(&server, &path, &json!({"reason": "退票"}));
        }
        assert_eq!(balance(&server, &line), whole);
        assert_eq!(line_value(&server, &line, "consumed"), "0.00");
        for amount in ["50.00", "0.01", "50.00"] {
            pay(amount);
        }
        assert_eq!(line_value(&server, &line, "drawn"), "0.00");
        let consumed = if revolving { "0.00" } else { "712.42" };
        assert_eq!(line_value(&server, &line, "consumed"), consumed);
        assert_clean(&server);
    }
}

#[test]
fn business_in_the_currency_of_its_limits_asks_for_no_rate() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["1000.00", "1000.00", "1000.00"]);
    let customer = &nested.customer;
    let product = a_product(&server, "prepaid").field("code");
    let terms = application_body(Owner::Customer(customer), Some(&product), "1000.00");
    a_line(&server, &in_currency(terms, "USD"));
    // Whoever asked would be refused by the database.
    server.sql("REVOKE SELECT ON exchange_rates FROM shouxin_service");
    assert_eq!(
        check(&server, customer, "10.00", "CNY")["decision"],
        "approved"
    );
    let id = a_reservation(&server, customer, "10.00").id();
    capture(&server, &id, None, false);
    let owed = a_receivable(&server, customer, "10.00").id();
    let paid = pay_in(&server, customer, &owed, "10.00", "CNY");
    act(
        &server,
        &format!("/v1/payments/{paid}/reverse"),
        &json!({"reason": "退票"}),
    );
    let body = in_currency(reservation_body(customer, "1.00"), "USD");
    let client = server.with_everything();
    client
        .post("/v1/reservations", &body)
        .expect_problem("internal_error");
    assert_clean(&server);
}

#[test]
fn a_summary_keeps_currencies_apart() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_rate(&server, ["USD", "CNY"], "7");
    a_receivable(&server, &customer, "10.00");
    post_in(&server, &customer, "20.00", "USD");
    let path = format!("/v1/customers/{customer}/credit-summary");
    let summary = server.with_everything().get(&path).expect(200).json();
    let owed: Vec<String> = summary["receivables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["outstanding"].as_str().unwrap(),
                one["currency"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(owed, ["10.00 CNY", "20.00 USD"]);
    assert_eq!(summary["lines"][0]["drawn"], "150.00");
    assert_eq!(summary["lines"][0]["available"], "850.00");
}
