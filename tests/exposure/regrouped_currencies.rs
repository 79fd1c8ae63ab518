//! What counts in another currency once lines and groups change.

use serde_json::{Value, json};

use super::currencies::{a_line_in, act, capture, pay_in, post_in, reserve_in};
use crate::support::actors::SALES;
use crate::support::applications::{decided, leave};
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Owner, TestServer, a_customer, a_customer_with_credit, a_group_line, a_group_of, a_line,
    a_product_line, a_rate, a_receivable, application_body, in_currency, the_goods,
};

#[test]
fn a_fact_without_a_rate_lands_marked_and_counts_only_where_it_can() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let in_cny = a_product_line(&server, &customer, "1000.00").id();
    let unified = application_body(Owner::Customer(&customer), None, "1000.00");
    let in_usd = a_line(&server, &in_currency(unified, "USD")).id();
    let bare = post_in(&server, &customer, "10.00", "USD").json();
    assert_eq!(bare["over_limit"], true);
    assert_eq!(bare["credit_line_id"], Value::Null);
    assert_eq!(bare["levels"].as_array().unwrap().len(), 1);
    assert_eq!(balance(&server, &in_cny), "0.00 0.00 1000.00");
    assert_eq!(balance(&server, &in_usd), "0.00 10.00 990.00");
    assert_eq!(
        server.texts("SELECT data->'reasons' FROM events WHERE kind = 'receivable.over_limit'"),
        [r#"["currency_rate_missing"]"#]
    );
    // What is more than any amount may be in the currency of a line counts there no more than
    // what has no rate.
    a_rate(&server, ["USD", "CNY"], "100000000");
    let most = post_in(&server, &customer, "10000000000000.00", "USD").json();
    assert_eq!(most["over_limit"], true);
    assert_eq!(most["levels"].as_array().unwrap().len(), 1);
    let refused = reserve_in(&server, &customer, "10000000000000.00", "USD");
    let refused = refused.expect_problem("limit_exceeded").json();
    assert_eq!(refused["reasons"][0]["level"], "product");
    a_rate(&server, ["USD", "CNY"], "7");
    let counted = post_in(&server, &customer, "10.00", "USD");
    assert_eq!(counted.json()["levels"][0]["exposure"], "70.00");
    pay_in(
        &server,
        &customer,
        bare["id"].as_str().unwrap(),
        "10.00",
        "USD",
    );
    assert_clean(&server);
}

#[test]
fn a_customer_brings_its_exposure_into_the_currency_of_the_group_and_takes_it_out_again() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_line_in(&server, &customer, "1000.00", "USD");
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "700.00").id();
    let held = reserve_in(&server, &customer, "90.00", "USD")
        .expect(201)
        .id();
    capture(&server, &held, Some("33.33"), false);
    let joining = json!({"customer_id": customer, "from": "2026-03-02"});
    let members = format!("/v1/credit-groups/{group}/members");
    let client = server.with_everything();
    let refused = client
        .post(&members, &joining)
        .expect_problem("currency_rate_missing");
    assert_eq!(refused.json()["reasons"][0]["from_currency"], "USD");
    a_rate(&server, ["USD", "CNY"], "7.8");
    let full = client
        .post(&members, &joining)
        .expect_problem("limit_exceeded");
    assert!(full.json()["detail"].as_str().unwrap().contains("702.01"));
    a_rate(&server, ["USD", "CNY"], "7.7");
    let membership = client.post(&members, &joining).expect(201);
    assert_eq!(balance(&server, &ceiling), "436.36 256.65 6.99");
    assert_clean(&server);
    let path = membership.header("location").unwrap();
    decided(&server, leave(&server, path)).expect(200);
    assert_eq!(balance(&server, &ceiling), "0.00 0.00 700.00");
    capture(&server, &held, None, false);
    assert_clean(&server);
}

#[test]
fn a_line_opened_later_counts_what_has_a_rate_and_leaves_out_what_has_none() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_rate(&server, ["USD", "CNY"], "7");
    a_receivable(&server, &customer, "10.00");
    post_in(&server, &customer, "10.00", "USD");
    let euros = post_in(&server, &customer, "10.00", "EUR").id();
    let unified = application_body(Owner::Customer(&customer), None, "1000.00");
    let line = a_line(&server, &unified).id();
    assert_eq!(balance(&server, &line), "0.00 80.00 920.00");
    pay_in(&server, &customer, &euros, "10.00", "EUR");
    assert_eq!(balance(&server, &line), "0.00 80.00 920.00");
    // One movement for each way of conversion.
    assert_eq!(
        server.texts(
            "SELECT coalesce(original_currency, 'CNY') || ' ' || drawn_delta_minor FROM credit_movements \
             WHERE kind = 'adopt' ORDER BY movement_number"
        ),
        ["CNY 1000", "USD 7000"]
    );
    assert_clean(&server);
}

#[test]
fn what_bounces_is_owed_again_on_a_line_of_another_currency_opened_meanwhile() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_rate(&server, ["USD", "CNY"], "7");
    let owed = post_in(&server, &customer, "10.00", "USD").id();
    let paid = pay_in(&server, &customer, &owed, "10.00", "USD");
    let unified = application_body(Owner::Customer(&customer), None, "100.00");
    let line = a_line(&server, &in_currency(unified, "USD")).id();
    assert_eq!(balance(&server, &line), "0.00 0.00 100.00");
    act(
        &server,
        &format!("/v1/payments/{paid}/reverse"),
        &json!({"reason": "退票"}),
    );
    assert_eq!(balance(&server, &line), "0.00 10.00 90.00");
    assert_clean(&server);
}
