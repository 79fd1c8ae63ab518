//! Limit set aside, captured, released and expired, at every level at once.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::ledger::{Nested, assert_clean, balance};
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer_with_credit, a_group_line, a_group_of, a_line,
    a_member, a_number, a_product_line, a_receivable, a_reservation, a_unified_line, capture_body,
    reservation_body, terms_between,
};

fn capture(server: &TestServer, id: &str, amount: Option<&str>, is_final: bool) -> Answer {
    let body = capture_body(server, amount, is_final);
    server
        .with_everything()
        .post(&format!("/v1/reservations/{id}/capture"), &body)
        .send()
}

fn release(server: &TestServer, id: &str, amount: Option<&str>) -> Answer {
    server
        .with_everything()
        .post(
            &format!("/v1/reservations/{id}/release"),
            &json!({"amount": amount}),
        )
        .send()
}

fn read(server: &TestServer, id: &str) -> Value {
    let path = format!("/v1/reservations/{id}");
    server.with_everything().get(&path).expect(200).json()
}

fn reserve(server: &TestServer, customer: &str, amount: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/reservations", &reservation_body(customer, amount))
        .send()
}

/// A reservation that expires after a while.
fn reserve_for(server: &TestServer, customer: &str, amount: &str, time: TimeDelta) -> Answer {
    let mut body = reservation_body(customer, amount);
    body["expires_at"] = json!((server.now() + time).to_rfc3339());
    server
        .with_everything()
        .post("/v1/reservations", &body)
        .expect(201)
}

/// Status, held, captured, released and expired of a reservation.
fn parts(reservation: &Value) -> String {
    ["status", "held", "captured", "released", "expired"]
        .map(|part| reservation[part].as_str().unwrap().to_owned())
        .join(" ")
}

#[test]
fn reserving_capturing_and_releasing_adds_up_at_every_level() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["1000.00", "1500.00", "2000.00"]);
    let made = a_reservation(&server, &nested.customer, "600.00");
    let levels: Vec<_> = made.json()["levels"].as_array().unwrap().clone();
    let expected: Vec<Value> = ["product", "customer", "group"]
        .iter()
        .zip(&nested.lines)
        .map(|(level, line)| {
            json!({
                "level": level, "credit_line_id": line, "exposure": "600.00", "currency": "CNY",
                "rate": null, "rate_date": null,
            })
        })
        .collect();
    assert_eq!(levels, expected);
    assert_eq!(
        nested.balances(&server),
        [
            "600.00 0.00 400.00",
            "600.00 0.00 900.00",
            "600.00 0.00 1400.00"
        ]
    );
    let id = made.id();
    let captured = capture(&server, &id, Some("250.00"), false).expect(200);
    assert_eq!(
        parts(&captured.json()),
        "held 350.00 250.00 0.00 0.00",
        "the rest stays held"
    );
    release(&server, &id, Some("100.00")).expect(200);
    assert_eq!(
        nested.balances(&server),
        [
            "250.00 250.00 500.00",
            "250.00 250.00 1000.00",
            "250.00 250.00 1500.00"
        ]
    );
    server.advance(TimeDelta::seconds(1));
    let last = capture(&server, &id, Some("50.00"), true).expect(200);
    assert_eq!(
        parts(&last.json()),
        "captured 0.00 300.00 300.00 0.00",
        "a final capture gives the rest back"
    );
    assert_eq!(
        nested.balances(&server),
        [
            "0.00 300.00 700.00",
            "0.00 300.00 1200.00",
            "0.00 300.00 1700.00"
        ]
    );
    assert_eq!(read(&server, &id), last.json());
    let captures = last.json()["captures"].as_array().unwrap().clone();
    for (captured, amount) in captures.iter().zip(["250.00", "50.00"]) {
        let id = captured["receivable_id"].as_str().unwrap();
        let owed = server
            .with_everything()
            .get(&format!("/v1/receivables/{id}"))
            .expect(200);
        assert_eq!(owed.field("amount"), amount);
        assert_eq!(owed.field("outstanding"), amount);
        assert_eq!(owed.field("due_on"), "2026-04-01");
        assert_eq!(owed.field("credit_line_id"), nested.lines[0]);
        assert_eq!(owed.json()["over_limit"], false);
    }
    assert_eq!(captures.len(), 2);
    assert_clean(&server);
}

#[test]
fn a_limit_can_be_used_to_the_last_cent_and_no_further() {
    let server = TestServer::start();
    let limits = ["100.00", "100.00", "100.00"];
    for tightest in 0..3 {
        let mut own = limits.map(|_| "500.00");
        own[tightest] = limits[tightest];
        let nested = Nested::within(&server, own);
        a_reservation(&server, &nested.customer, "60.00");
        let refused = reserve(&server, &nested.customer, "40.01").expect_problem("limit_exceeded");
        let reasons = refused.json()["reasons"].as_array().unwrap().clone();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        let level = ["product", "customer", "group"][tightest];
        assert_eq!(reasons[0]["level"], level);
        assert_eq!(reasons[0]["limit"], "100.00");
        assert_eq!(reasons[0]["held"], "60.00");
        assert_eq!(reasons[0]["drawn"], "0.00");
        assert_eq!(reasons[0]["available"], "40.00");
        assert_eq!(reasons[0]["requested"], "40.01");
        assert_eq!(reasons[0]["credit_line_id"], nested.lines[tightest]);
        a_reservation(&server, &nested.customer, "40.00");
        reserve(&server, &nested.customer, "0.01").expect_problem("limit_exceeded");
    }
    assert_clean(&server);
}

#[test]
fn a_limit_of_zero_blocks_and_no_unified_limit_does_not() {
    let server = TestServer::start();
    let free = a_customer_with_credit(&server, SALES);
    a_reservation(&server, &free, "1000.00");
    let blocked = a_customer_with_credit(&server, SALES);
    a_unified_line(&server, &blocked, "0.00");
    let refused = reserve(&server, &blocked, "0.01").expect_problem("limit_exceeded");
    assert_eq!(refused.json()["reasons"][0]["level"], "customer");
}

#[test]
fn every_way_of_being_resolved_refuses_in_its_own_words() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let lines = server.with_everything().get("/v1/credit-lines").expect(200);
    let line = lines.items()[0]["id"].as_str().unwrap().to_owned();
    a_receivable(&server, &customer, "15.00");
    let [t2, t3] = ["15.00", "15.00"].map(|amount| a_reservation(&server, &customer, amount).id());
    let t4 = reserve_for(&server, &customer, "15.00", TimeDelta::seconds(1)).id();
    let [t5, t6, t7] =
        ["7.00", "1.00", "1.00"].map(|amount| a_reservation(&server, &customer, amount).id());
    assert_eq!(balance(&server, &line), "54.00 15.00 931.00");
    server.advance(TimeDelta::seconds(1));

    let client = server.with_everything();
    let path = format!("/v1/reservations/{t2}/capture");
    let body = capture_body(&server, Some("13.00"), true);
    let first = client.post(&path, &body).key("t2").expect(200);
    let again = client.post(&path, &body).key("t2").expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let mut other = body.clone();
    other["amount"] = json!("14.00");
    client
        .post(&path, &other)
        .key("t2")
        .expect_problem("idempotency_key_reused");

    release(&server, &t3, None).expect(200);
    for (id, code) in [
        (&t2, "reservation_captured"),
        (&t3, "reservation_released"),
        (&t4, "reservation_expired"),
    ] {
        capture(&server, id, Some("1.00"), false).expect_problem(code);
        release(&server, id, Some("1.00")).expect_problem(code);
        release(&server, id, None).expect_problem(code);
    }
    capture(&server, &t5, Some("8.00"), false).expect_problem("exceeds_reservation");
    release(&server, &t5, Some("7.01")).expect_problem("exceeds_reservation");
    capture(&server, &t5, Some("7.00"), false).expect(200);
    capture(&server, &t6, None, false).expect(200);
    capture(&server, &t7, Some("0.00"), true).expect_problem("validation_failed");
    release(&server, &t7, None).expect(200);
    assert_eq!(balance(&server, &line), "0.00 36.00 964.00");
    assert_clean(&server);
}

#[test]
fn expiry_follows_from_the_clock_and_waits_for_no_job() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["100.00", "100.00", "100.00"]);
    let customer = &nested.customer;
    let hour = TimeDelta::hours(1);
    let held = reserve_for(&server, customer, "100.00", hour).id();
    capture(&server, &held, Some("30.00"), false).expect(200);
    reserve(&server, customer, "70.00").expect_problem("limit_exceeded");
    server.advance(hour - TimeDelta::microseconds(1));
    assert_eq!(
        parts(&read(&server, &held)),
        "held 70.00 30.00 0.00 0.00",
        "an instant before"
    );
    reserve(&server, customer, "70.00").expect_problem("limit_exceeded");
    server.advance(TimeDelta::microseconds(1));

    assert_eq!(
        parts(&read(&server, &held)),
        "expired 0.00 30.00 0.00 70.00"
    );
    assert_eq!(nested.balances(&server), ["0.00 30.00 70.00"; 3]);
    let client = server.with_everything();
    let listed = |status: &str| {
        let path = format!("/v1/reservations?status={status}");
        client.get(&path).expect(200).items().len()
    };
    assert_eq!((listed("expired"), listed("held")), (1, 0));
    let check = json!({"customer_id": customer, "product": "goods_on_credit", "amount": "70.00", "currency": "CNY"});
    let checked = client.post("/v1/credit-checks", &check).expect(200);
    assert_eq!(checked.field("decision"), "approved");
    assert_eq!(checked.field("available"), "70.00");
    assert_eq!(
        server.number("SELECT count(*) FROM credit_movements WHERE kind = 'expire'"),
        0,
        "no job has run and reading writes nothing"
    );

    a_reservation(&server, customer, "70.00");
    capture(&server, &held, None, false).expect_problem("reservation_expired");
    assert_eq!(nested.balances(&server), ["70.00 30.00 0.00"; 3]);
    assert_eq!(
        server.number("SELECT count(*) FROM events WHERE kind = 'reservation.expired'"),
        1
    );
    assert_clean(&server);
}

#[test]
fn what_another_member_of_the_group_let_expire_is_free_at_once() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "100.00").id();
    let [one, other] = [(); 2].map(|()| {
        let customer = a_customer_with_credit(&server, SALES);
        a_member(&server, &group, &customer);
        customer
    });
    let hour = TimeDelta::hours(1);
    for (holder, next) in [(&one, &other), (&other, &one)] {
        reserve_for(&server, holder, "100.00", hour);
        let refused = reserve(&server, next, "100.00").expect_problem("limit_exceeded");
        assert_eq!(refused.json()["reasons"][0]["level"], "group");
        server.advance(hour);
        let made = a_reservation(&server, next, "100.00");
        // It stands on its own product line, not on that of the member whose time was up.
        let line = made.json()["levels"][0]["credit_line_id"].clone();
        let path = format!("/v1/credit-lines?customer_id={next}");
        let own = server.with_everything().get(&path).expect(200).items();
        assert_eq!(line, own[0]["id"]);
        assert_eq!(balance(&server, &ceiling), "100.00 0.00 0.00");
        release(&server, &made.id(), None).expect(200);
        assert_clean(&server);
    }
}

#[test]
fn the_exposure_of_another_member_counts_at_the_group_alone() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    a_group_line(&server, &group, "1000.00");
    let [one, other] = [(); 2].map(|()| {
        let customer = a_customer_with_credit(&server, SALES);
        a_member(&server, &group, &customer);
        customer
    });
    a_reservation(&server, &one, "500.00");
    let hour = TimeDelta::hours(1);
    reserve_for(&server, &one, "400.00", hour);
    reserve(&server, &other, "500.00").expect_problem("limit_exceeded");
    server.advance(hour);
    // 500 of the ceiling are left, and nothing of the own line is used.
    let made = a_reservation(&server, &other, "500.00");
    let line = made.json()["levels"][0]["credit_line_id"].clone();
    assert_eq!(
        balance(&server, line.as_str().unwrap()),
        "500.00 0.00 500.00"
    );
    assert_clean(&server);
}

#[test]
fn a_repeated_reservation_gets_the_first_answer_and_so_does_a_denial() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    let body = reservation_body(&customer, "600.00");
    let made = client
        .post("/v1/reservations", &body)
        .key("one")
        .expect(201);
    let again = client
        .post("/v1/reservations", &body)
        .key("one")
        .expect(201);
    assert_eq!(made.body, again.body);
    let body = reservation_body(&customer, "600.00");
    let denied = client
        .post("/v1/reservations", &body)
        .key("two")
        .expect_problem("limit_exceeded");
    release(&server, &made.id(), None).expect(200);
    let still = client
        .post("/v1/reservations", &body)
        .key("two")
        .expect_problem("limit_exceeded");
    assert_eq!(denied.body, still.body);
    assert_eq!(still.header("idempotent-replayed"), Some("true"));
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 1);
    client
        .post("/v1/reservations", &body)
        .key("three")
        .expect(201);
    let release_path = format!("/v1/reservations/{}/release", made.id());
    client
        .post(&release_path, &json!({}))
        .without_key()
        .expect_problem("idempotency_key_missing");
}

#[test]
fn a_number_that_is_taken_refuses_the_capture_and_changes_nothing() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["100.00", "100.00", "100.00"]);
    let taken = a_receivable(&server, &nested.customer, "10.00").field("number");
    let id = a_reservation(&server, &nested.customer, "50.00").id();
    let before = (read(&server, &id), nested.balances(&server));
    let mut body = capture_body(&server, Some("20.00"), true);
    body["receivable"]["number"] = json!(taken);
    let path = format!("/v1/reservations/{id}/capture");
    let client = server.with_everything();
    client
        .post(&path, &body)
        .expect_problem("duplicate_receivable_number");
    assert_eq!((read(&server, &id), nested.balances(&server)), before);
    // Another customer may use the number.
    let other = a_customer_with_credit(&server, SALES);
    let id = a_reservation(&server, &other, "50.00").id();
    let path = format!("/v1/reservations/{id}/capture");
    client.post(&path, &body).expect(200);
    assert_clean(&server);
}

#[test]
fn amounts_that_make_no_sense_are_refused_before_anything_is_decided() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    let held = a_reservation(&server, &customer, "10.00").id();
    for amount in ["0.00", "-1.00", "1.001", "01.00", "10000000000000.01"] {
        let refused = reserve(&server, &customer, amount);
        assert!(matches!(refused.status, 400 | 422), "{amount}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "#/amount");
        let refused = capture(&server, &held, Some(amount), false);
        assert!(matches!(refused.status, 400 | 422), "{amount}");
        let refused = release(&server, &held, Some(amount));
        assert!(matches!(refused.status, 400 | 422), "{amount}");
    }
    reserve(&server, &customer, "10000000000000.00").expect_problem("limit_exceeded");
    let mut foreign = reservation_body(&customer, "1.00");
    foreign["currency"] = json!("USD");
    let refused = client
        .post("/v1/reservations", &foreign)
        .expect_problem("currency_rate_missing");
    let reasons = refused.json()["reasons"].as_array().unwrap().clone();
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0]["from_currency"], "USD");
    assert_eq!(reasons[0]["to_currency"], "CNY");
    let mut japanese = reservation_body(&customer, "1.00");
    japanese["currency"] = json!("JPY");
    let refused = client.post("/v1/reservations", &japanese).send();
    assert!(matches!(refused.status, 400 | 422), "JPY has no places");
    assert_eq!(parts(&read(&server, &held)), "held 10.00 0.00 0.00 0.00");
}

#[test]
fn a_reservation_lasts_a_week_and_at_most_a_year_and_a_day() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let made = a_reservation(&server, &customer, "1.00");
    let expires: chrono::DateTime<Utc> = made.field("expires_at").parse().unwrap();
    assert_eq!(expires, server.now() + TimeDelta::days(7));
    for expires_at in [
        server.now(),
        server.now() - TimeDelta::seconds(1),
        server.now() + TimeDelta::days(366) + TimeDelta::seconds(1),
    ] {
        let mut body = reservation_body(&customer, "1.00");
        body["expires_at"] = json!(expires_at.to_rfc3339());
        let refused = server
            .with_everything()
            .post("/v1/reservations", &body)
            .expect_problem("validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], "#/expires_at");
    }
    // It lasts no longer than the line on which it is held.
    let mut body = reservation_body(&customer, "1.00");
    body["expires_at"] = json!((server.now() + TimeDelta::days(366)).to_rfc3339());
    let client = server.with_everything();
    let refused = client
        .post("/v1/reservations", &body)
        .expect_problem("line_expired");
    assert_eq!(refused.json()["reasons"][0]["on"], "2027-03-03");
    let other = crate::support::a_customer(&server).id();
    let owner = Owner::Customer(&other);
    let days = ["2026-01-01", "2027-03-03"];
    a_line(&server, &terms_between(owner, Some(GOODS), "1.00", days));
    reserve_for(&server, &other, "1.00", TimeDelta::days(366));
}

#[test]
fn captures_take_the_term_that_was_agreed_closest_to_them() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let due = |term: Option<i32>| {
        let id = a_reservation(&server, &customer, "1.00").id();
        let mut body = capture_body(&server, None, false);
        body["receivable"]["number"] = json!(a_number());
        body["receivable"]["payment_term_days"] = json!(term);
        let path = format!("/v1/reservations/{id}/capture");
        let captured = server.with_everything().post(&path, &body).expect(200);
        let owed = captured.json()["captures"][0]["receivable_id"].clone();
        let path = format!("/v1/receivables/{}", owed.as_str().unwrap());
        server
            .with_everything()
            .get(&path)
            .expect(200)
            .field("due_on")
    };
    assert_eq!(due(None), "2026-04-01", "30 days of the line");
    assert_eq!(due(Some(0)), "2026-03-02");
    assert_eq!(due(Some(29)), "2026-03-31");
    let line = a_product_line(&server, &crate::support::a_customer(&server).id(), "1.00");
    assert_eq!(line.json()["payment_term_days"], 30);
}

#[test]
fn any_number_of_expired_reservations_is_given_back_by_the_decision_that_needs_the_room() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let hour = TimeDelta::hours(1);
    for _ in 0..125 {
        reserve_for(&server, &customer, "8.00", hour);
    }
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    server.advance(hour);
    a_reservation(&server, &customer, "1000.00");
    assert_clean(&server);
}
