//! Every day that is asked about is asked for amounts as for status.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::applications::carried_out;
use crate::support::ledger::assert_clean;
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_line, a_product_line, reservation_body,
    terms_between, the_goods,
};

/// A customer with a line of 100.00 and 50.00 more until the end of March.
fn increased(server: &TestServer) -> (String, String) {
    let customer = a_customer(server).id();
    let line = a_product_line(server, &customer, "100.00").id();
    let more = json!({"amount": "50.00", "temporary_mode": "add",
        "valid_from": "2026-03-02", "valid_until": "2026-03-31"});
    carried_out(server, &line, "temporary_increase", &more);
    (customer, line)
}

fn check(server: &TestServer, customer: &str, amount: &str, ship_on: &str) -> Value {
    let body = json!({"customer_id": customer, "product": GOODS, "amount": amount,
        "currency": "CNY", "ship_on": ship_on});
    let client = server.with_everything();
    client.post("/v1/credit-checks", &body).expect(200).json()
}

fn reserve(server: &TestServer, customer: &str, amount: &str, more: &[(&str, Value)]) -> Answer {
    let mut body = reservation_body(customer, amount);
    for (name, value) in more {
        body[*name] = value.clone();
    }
    server
        .with_everything()
        .post("/v1/reservations", &body)
        .send()
}

/// Midnight before a day in the time zone of the company, in UTC.
fn midnight(day: &str) -> String {
    let before: chrono::NaiveDate = day.parse().unwrap();
    let before = before - TimeDelta::days(1);
    format!("{before}T16:00:00Z")
}

#[test]
fn a_temporary_increase_makes_no_room_for_what_ships_after_it() {
    let server = TestServer::start();
    let (customer, _) = increased(&server);
    assert_eq!(
        check(&server, &customer, "140.00", "2026-03-31")["decision"],
        "approved"
    );
    let later = check(&server, &customer, "140.00", "2026-04-01");
    assert_eq!(
        (&later["decision"], &later["available"]),
        (&json!("declined"), &json!("100.00"))
    );
    let reason = &later["reasons"][0];
    assert_eq!(
        (&reason["code"], &reason["on"], &reason["ship_on"]),
        (
            &json!("limit_exceeded"),
            &json!("2026-04-01"),
            &json!("2026-04-01")
        )
    );
    assert_eq!(later["levels"][0]["limit"], "150.00");
    assert_eq!(
        check(&server, &customer, "100.00", "2026-04-01")["decision"],
        "approved"
    );
    let ships = |day: &str| [("ship_on", json!(day))];
    reserve(&server, &customer, "140.00", &ships("2026-04-01")).expect_problem("limit_exceeded");
    let past = reserve(&server, &customer, "1.00", &ships("2026-03-01"));
    assert_eq!(
        past.expect_problem("validation_failed").json()["errors"][0]["pointer"],
        "#/ship_on"
    );
    reserve(&server, &customer, "140.00", &ships("2026-03-31")).expect(201);
    assert_clean(&server);
}

#[test]
fn a_successor_leaves_its_own_room_on_its_days() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let line = |amount: &str, days: [&str; 2]| {
        let terms = terms_between(Owner::Customer(&customer), Some(GOODS), amount, days);
        a_line(&server, &terms);
    };
    line("100.00", ["2026-01-01", "2026-03-31"]);
    line("200.00", ["2026-04-01", "2026-12-31"]);
    let on = |amount: &str| check(&server, &customer, amount, "2026-04-02");
    assert_eq!(on("90.00")["decision"], "approved");
    let declined = on("120.00");
    assert_eq!(declined["decision"], "declined");
    assert_eq!(declined["reasons"][0]["on"], Value::Null);
}

#[test]
fn what_is_to_be_held_until_an_instant_has_to_fit_until_then() {
    let server = TestServer::start();
    let (customer, line) = increased(&server);
    let until = |day: &str| [("expires_at", json!(midnight(day)))];
    let refused = reserve(&server, &customer, "140.00", &until("2026-04-02"));
    assert_eq!(
        refused.expect_problem("limit_exceeded").json()["reasons"][0]["on"],
        "2026-04-01"
    );
    // Until the midnight after the last day.
    let made = reserve(&server, &customer, "140.00", &until("2026-04-01"));
    let id = made.expect(201).id();
    let amend = |body: &Value| {
        let path = format!("/v1/reservations/{id}/amend");
        server.with_everything().post(&path, body).send()
    };
    let longer = json!({"expires_at": midnight("2026-04-02")});
    let refused = amend(&longer).expect_problem("limit_exceeded");
    assert_eq!(refused.json()["reasons"][0]["on"], "2026-04-01");
    amend(&json!({"amount": "100.00"})).expect(200);
    amend(&longer).expect(200);
    // More of it has to fit for as long as it is held.
    amend(&json!({"amount": "100.01"})).expect_problem("limit_exceeded");
    let beyond = reserve(&server, &customer, "1.00", &until("2027-01-02"));
    let reason = beyond.expect_problem("line_expired").json()["reasons"][0].clone();
    assert_eq!(reason["on"], "2027-01-01");
    amend(&json!({"expires_at": midnight("2027-01-02")})).expect_problem("line_expired");
    // What is on the way down goes its way.
    let client = server.with_everything();
    let suspend = format!("/v1/credit-lines/{line}/suspend");
    client.post(&suspend, &json!({})).expect(200);
    amend(&json!({"amount": "50.00", "expires_at": midnight("2026-04-10")})).expect(200);
    assert_clean(&server);
}

#[test]
fn where_nobody_says_how_long_it_is_held_no_longer_than_it_fits() {
    let server = TestServer::start();
    let (customer, _) = increased(&server);
    server.advance(TimeDelta::days(26));
    let expiry = |amount: &str| {
        let made = reserve(&server, &customer, amount, &[]).expect(201);
        let expires_at = made.field("expires_at");
        let path = format!("/v1/reservations/{}/release", made.id());
        let client = server.with_everything();
        client.post(&path, &json!({})).expect(200);
        expires_at.parse::<DateTime<Utc>>().unwrap()
    };
    let midnight: DateTime<Utc> = midnight("2026-04-01").parse().unwrap();
    assert_eq!(expiry("140.00"), midnight);
    assert_eq!(expiry("100.00"), server.now() + TimeDelta::days(7));
}

#[test]
fn a_past_moment_does_not_show_as_held_what_had_expired() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "100.00").id();
    let until = server.now() + TimeDelta::hours(2);
    let until = [("expires_at", json!(until.to_rfc3339()))];
    reserve(&server, &customer, "60.00", &until).expect(201);
    let start = server.now();
    let held_after = |hours: i64| {
        let instant =
            (start + TimeDelta::hours(hours)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let path = format!("/v1/credit-lines/{line}?as_of={instant}");
        let shown = server.with_everything().get(&path).expect(200).json();
        let parts = ["held", "available"].map(|part| shown[part].as_str().unwrap().to_owned());
        parts.join(" ")
    };
    server.advance(TimeDelta::hours(4));
    // Not given back yet.
    assert_eq!(held_after(1), "60.00 40.00");
    assert_eq!(held_after(3), "0.00 100.00");
    // Given back, late.
    reserve(&server, &customer, "100.00", &[]).expect(201);
    assert_eq!(
        server.number("SELECT count(*) FROM credit_movements WHERE kind = 'expire'"),
        1
    );
    server.advance(TimeDelta::hours(1));
    assert_eq!(held_after(1), "60.00 40.00");
    assert_eq!(held_after(3), "0.00 100.00");
    assert_eq!(held_after(5), "100.00 0.00");
    assert_clean(&server);
}
