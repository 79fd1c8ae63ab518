//! Orders that grow and shrink after they were reserved.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::checks::{a_rule_set, refer, referral_body, released, room_is_referred};
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Answer, Client, TestServer, a_customer_with_credit, a_group_line, a_member, a_rate,
    a_reservation, a_unified_line, capture_body, in_currency, reservation_body,
};

fn amend(client: &Client, reservation: &str, amount: &str) -> Answer {
    let path = format!("/v1/reservations/{reservation}/amend");
    client.post(&path, &json!({"amount": amount})).send()
}

fn the_line(server: &TestServer) -> String {
    server.texts("SELECT id FROM credit_lines").remove(0)
}

#[test]
fn more_is_a_new_decision_about_the_difference_and_less_gives_it_back() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    let id = a_reservation(&server, &customer, "600.00").id();

    let grown = amend(&client, &id, "1000.00").expect(200);
    assert_eq!(grown.field("amount"), "1000.00");
    assert_eq!(grown.field("held"), "1000.00");
    assert_eq!(balance(&server, &line), "1000.00 0.00 0.00");

    // One more cent has no room; the reservation stays as it is.
    let refused = amend(&client, &id, "1000.01").expect_problem("limit_exceeded");
    assert_eq!(refused.json()["reasons"][0]["requested"], "0.01");
    assert_eq!(balance(&server, &line), "1000.00 0.00 0.00");

    let shrunk = amend(&client, &id, "250.00").expect(200);
    assert_eq!(shrunk.field("released"), "750.00");
    assert_eq!(shrunk.field("held"), "250.00");
    assert_eq!(balance(&server, &line), "250.00 0.00 750.00");

    // It grows again from what it is worth now.
    let again = amend(&client, &id, "300.00").expect(200);
    assert_eq!(again.field("amount"), "1050.00");
    assert_eq!(again.field("held"), "300.00");
    let kinds = server.texts("SELECT kind FROM credit_movements ORDER BY movement_number");
    assert_eq!(kinds, ["reserve", "reserve", "release", "reserve"]);
    let amounts = server.texts(
        "SELECT details ->> 'amount_minor' FROM audit_entries WHERE action = 'reservation.amend' AND outcome = 'done' ORDER BY seq",
    );
    assert_eq!(amounts, ["40000", "-75000", "5000"]);
    assert_clean(&server);
}

#[test]
fn what_was_captured_counts_and_cannot_be_taken_back() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    let id = a_reservation(&server, &customer, "600.00").id();
    let path = format!("/v1/reservations/{id}");
    let capture = capture_body(&server, Some("400.00"), false);
    client
        .post(&format!("{path}/capture"), &capture)
        .expect(200);
    let grown = amend(&client, &id, "700.00").expect(200);
    assert_eq!(
        (grown.field("held"), grown.field("captured")),
        ("300.00".to_owned(), "400.00".to_owned())
    );
    assert_eq!(balance(&server, &line), "300.00 400.00 300.00");
    amend(&client, &id, "399.99").expect_problem("exceeds_reservation");
    let ended = amend(&client, &id, "400.00").expect(200);
    assert_eq!(ended.field("status"), "released");
    amend(&client, &id, "500.00").expect_problem("reservation_released");
    assert_eq!(balance(&server, &line), "0.00 400.00 600.00");
    assert_clean(&server);
}

#[test]
fn more_of_it_counts_at_the_rate_it_counts_at() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    a_rate(&server, ["USD", "CNY"], "7.1");
    let body = in_currency(reservation_body(&customer, "10.00"), "USD");
    let id = client.post("/v1/reservations", &body).expect(201).id();
    assert_eq!(balance(&server, &line), "71.00 0.00 929.00");
    a_rate(&server, ["USD", "CNY"], "9");
    amend(&client, &id, "20.00").expect(200);
    assert_eq!(balance(&server, &line), "142.00 0.00 858.00");
    let movements = server.texts(
        "SELECT held_delta_minor || ' ' || original_minor || ' ' || original_currency || ' ' || rate_e10 \
         FROM credit_movements ORDER BY movement_number",
    );
    assert_eq!(
        movements,
        ["7100 1000 USD 71000000000", "7100 1000 USD 71000000000"]
    );
    // In parts it gives back exactly what it took.
    let path = format!("/v1/reservations/{id}");
    for amount in ["0.01", "3.33", "6.67"] {
        let body = json!({"amount": amount});
        client.post(&format!("{path}/release"), &body).expect(200);
        amend(&client, &id, "20.00").expect(200);
    }
    client
        .post(&format!("{path}/release"), &json!({}))
        .expect(200);
    assert_eq!(balance(&server, &line), "0.00 0.00 1000.00");
    assert_clean(&server);
}

#[test]
fn it_is_held_until_another_instant_without_a_new_decision() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let id = a_reservation(&server, &customer, "600.00").id();
    let path = format!("/v1/reservations/{id}/amend");
    let until = |days: i64| (server.now() + TimeDelta::days(days)).to_rfc3339();
    let later = client
        .post(&path, &json!({"expires_at": until(30)}))
        .expect(200);
    assert_eq!(
        (later.field("held"), later.field("amount")),
        ("600.00".to_owned(), "600.00".to_owned())
    );
    server.advance(TimeDelta::days(20));
    let held = client.get(&format!("/v1/reservations/{id}")).expect(200);
    assert_eq!(held.field("status"), "held");
    client
        .post(&path, &json!({"expires_at": until(367)}))
        .expect_problem("validation_failed");
    client
        .post(&path, &json!({"expires_at": until(0)}))
        .expect_problem("validation_failed");
    server.advance(TimeDelta::days(10));
    client
        .post(&path, &json!({"expires_at": until(5)}))
        .expect_problem("reservation_expired");
    assert_clean(&server);
}

#[test]
fn amounts_that_are_none_and_reservations_of_others_change_nothing() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let id = a_reservation(&server, &customer, "600.00").id();
    let before: Value = client
        .get(&format!("/v1/reservations/{id}"))
        .expect(200)
        .json();
    for amount in ["0.00", "-1.00", "1.001", "10000000000000.01"] {
        amend(&client, &id, amount).expect_problem("validation_failed");
    }
    let elsewhere = server.as_tier_at("integration", "head-office/west");
    amend(&elsewhere, &id, "10.00").expect_problem("not_found");
    assert_eq!(
        client
            .get(&format!("/v1/reservations/{id}"))
            .expect(200)
            .json(),
        before
    );
    // Once more under its key, it has had its effect.
    let path = format!("/v1/reservations/{id}/amend");
    let body = json!({"amount": "700.00"});
    let first = client.post(&path, &body).key("grow").expect(200);
    let again = client.post(&path, &body).key("grow").expect(200);
    assert_eq!(again.json(), first.json());
    client
        .post(&path, &json!({"amount": "800.00"}))
        .key("grow")
        .expect_problem("idempotency_key_reused");
    assert_clean(&server);
}

#[test]
fn a_ceiling_that_bounds_the_customer_no_more_holds_what_it_held() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let group =
        json!({"name": "集团", "basis": "control", "limit_mode": "fallback", "org_path": SALES});
    let group = client.post("/v1/credit-groups", &group).expect(201).id();
    a_member(&server, &group, &customer);
    let ceiling = a_group_line(&server, &group, "1000.00").id();
    let id = a_reservation(&server, &customer, "100.00").id();
    let path = format!("/v1/reservations/{id}");
    let half = json!({"amount": "50.00"});
    client.post(&format!("{path}/release"), &half).expect(200);
    // From here on its own unified limit takes the place of the ceiling.
    a_unified_line(&server, &customer, "1000.00");
    amend(&client, &id, "150.00").expect(200);
    assert_eq!(balance(&server, &ceiling), "50.00 0.00 950.00");
    assert_clean(&server);
    client
        .post(&format!("{path}/release"), &json!({}))
        .expect(200);
    assert_eq!(balance(&server, &ceiling), "0.00 0.00 1000.00");
    assert_clean(&server);
}

#[test]
fn the_largest_order_is_measured_by_what_it_is_worth_in_however_many_steps_it_grew() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let largest = json!({"amount_max": "500.00", "effect": "decline"});
    a_rule_set(&server, &json!({"largest_document": largest}));
    let id = a_reservation(&server, &customer, "400.00").id();
    amend(&client, &id, "500.00").expect(200);
    let refused = amend(&client, &id, "500.01").expect_problem("document_too_large");
    assert_eq!(refused.json()["reasons"][0]["requested"], "500.01");
    amend(&client, &id, "100.00").expect(200);
    amend(&client, &id, "500.00").expect(200);
}

/// The referral of what a reservation is to be worth.
fn worth(reservation: &Answer, customer: &str, amount: &str) -> Value {
    let mut body = referral_body(customer, amount);
    body["reference"] = reservation.json()["reference"].clone();
    body
}

#[test]
fn what_is_referred_passes_once_it_is_released_and_no_further() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let line = the_line(&server);
    room_is_referred(&server);
    let reservation = a_reservation(&server, &customer, "800.00");
    let id = reservation.id();
    let refused = amend(&client, &id, "1200.00").expect_problem("limit_exceeded");
    assert_eq!(refused.json()["decision"], "referred");

    let referral = released(&server, &worth(&reservation, &customer, "1200.00"));
    let reason = &referral.json()["reasons"][0];
    assert_eq!(
        reason["detail"],
        "200.00 of 1000.00 CNY is available; 400.00 is asked for."
    );
    amend(&client, &id, "1200.01").expect_problem("limit_exceeded");
    // Within the limit it is not needed, and left for later.
    amend(&client, &id, "900.00").expect(200);
    let amended = amend(&client, &id, "1200.00").expect(200);
    assert_eq!(amended.field("held"), "1200.00");
    assert_eq!(balance(&server, &line), "1200.00 0.00 -200.00");
    let path = format!("/v1/referrals/{}", referral.id());
    let used = client.get(&path).expect(200).json();
    assert_eq!(
        (&used["status"], &used["reservation_id"]),
        (&json!("used"), &json!(id))
    );
    let movements =
        "SELECT kind || ' ' || within_limit FROM credit_movements ORDER BY movement_number";
    assert_eq!(
        server.texts(movements),
        ["reserve true", "reserve true", "reserve false"]
    );
    // It is used up: what goes up once more is referred once more.
    amend(&client, &id, "1100.00").expect(200);
    amend(&client, &id, "1200.00").expect_problem("limit_exceeded");
    assert_clean(&server);
}

#[test]
fn only_more_of_what_is_open_is_referred() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    room_is_referred(&server);
    a_rate(&server, ["USD", "CNY"], "7");
    let reservation = a_reservation(&server, &customer, "800.00");
    let asked = |amount: &str| worth(&reservation, &customer, amount);
    for enough in ["800.00", "1000.00", "0.01"] {
        refer(&server, &asked(enough)).expect_problem("referral_not_needed");
    }
    let foreign = in_currency(asked("1200.00"), "USD");
    let problem = refer(&server, &foreign).expect_problem("reference_reused");
    assert_eq!(problem.json()["reservation_id"], json!(reservation.id()));
    let path = format!("/v1/reservations/{}/release", reservation.id());
    client.post(&path, &json!({})).expect(200);
    refer(&server, &asked("1200.00")).expect_problem("reservation_released");
    assert_eq!(server.number("SELECT count(*) FROM referrals"), 0);
}
