//! Nothing is smaller for coming in pieces.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{check, reserve};
use crate::support::checks::{a_referral, a_rule_set, room_is_referred};
use crate::support::{
    TestServer, a_customer, a_customer_with_credit, a_group_of, a_member, a_product_line,
    a_reservation, receivable_body,
};

fn overdue(server: &TestServer, customer: &str, amount: &str, days: i64) {
    let mut body = receivable_body(server, customer, amount);
    let issued = server.db().today() - TimeDelta::days(days + 10);
    body["issued_on"] = json!(issued.to_string());
    body["payment_term_days"] = json!(10);
    let client = server.with_everything();
    client.post("/v1/receivables", &body).expect(201);
}

fn decision(server: &TestServer, customer: &str, amount: &str) -> Value {
    let seen = check(server, customer, amount);
    json!([seen["decision"], seen["reasons"][0]["code"]])
}

#[test]
fn small_overdue_amounts_count_as_soon_as_they_are_as_much_together() {
    let server = TestServer::start();
    for rule in [
        json!({"overdue": {"decline": {"days_max": 30}, "ignore_below": "10.00"}}),
        json!({"oldest_open_item": {"days_max": 60, "effect": "decline", "ignore_below": "10.00"}}),
    ] {
        let customer = a_customer_with_credit(&server, SALES);
        a_rule_set(&server, &rule);
        overdue(&server, &customer, "4.99", 90);
        overdue(&server, &customer, "5.00", 80);
        overdue(&server, &customer, "50.00", 5);
        assert_eq!(
            decision(&server, &customer, "1.00")[0],
            "approved",
            "{rule}"
        );
        overdue(&server, &customer, "0.01", 1);
        assert_eq!(
            decision(&server, &customer, "1.00")[0],
            "declined",
            "{rule}"
        );
    }
}

#[test]
fn orders_of_a_day_are_one_for_the_largest_document() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let largest = |within: Value| {
        let mut rule = json!({"amount_max": "100.00", "effect": "refer"});
        if within.is_number() {
            rule["within_days"] = within;
        }
        a_rule_set(&server, &json!({"largest_document": rule}));
    };
    largest(Value::Null);
    let first = a_reservation(&server, &customer, "60.00").id();
    a_reservation(&server, &customer, "40.00");
    let referred = json!(["referred", "document_too_large"]);
    assert_eq!(decision(&server, &customer, "0.01"), referred);
    reserve(&server, &customer, "0.01").expect_problem("document_too_large");
    // What is given back is no order.
    let release = format!("/v1/reservations/{first}/release");
    server
        .with_everything()
        .post(&release, &json!({"amount": "10.00"}))
        .expect(200);
    assert_eq!(decision(&server, &customer, "10.00")[0], "approved");
    largest(json!(0));
    assert_eq!(decision(&server, &customer, "100.00")[0], "approved");
    server.advance(TimeDelta::hours(25));
    largest(Value::Null);
    assert_eq!(decision(&server, &customer, "100.00")[0], "approved");
    largest(json!(2));
    assert_eq!(decision(&server, &customer, "10.01"), referred);
}

#[test]
fn a_referral_weighs_with_what_else_was_referred_of_the_customer_and_its_group() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    let [one, other] = [(); 2].map(|()| {
        let customer = a_customer(&server).id();
        a_product_line(&server, &customer, "0.01");
        a_member(&server, &group, &customer);
        customer
    });
    room_is_referred(&server);
    let client = server.with_everything();
    let rule = |customer: &str, amount: &str| {
        let case = a_referral(&server, customer, amount).field("approval_id");
        let case = client.get(&format!("/v1/approvals/{case}")).expect(200);
        case.field("rule")
    };
    assert_eq!(rule(&one, "600000.00"), "referral_branch");
    assert_eq!(rule(&one, "400000.00"), "referral_branch");
    assert_eq!(rule(&other, "0.02"), "referral_head_office");
    let stranger = a_customer(&server).id();
    a_product_line(&server, &stranger, "0.01");
    assert_eq!(rule(&stranger, "600000.00"), "referral_branch");
}
