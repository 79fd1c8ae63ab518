//! What happens to a customer takes effect on its lines at once.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{a_policy, reserve};
use crate::support::{
    Answer, Client, TestServer, a_customer, a_customer_with_credit, a_unified_line,
    carried_out_change, confirmed,
};

fn happened(server: &TestServer, client: &Client, customer: &str, more: &Value) -> Answer {
    let today = server.db().today().to_string();
    let mut body = json!({"kind": "default", "occurred_on": today, "evidence": "债权人通知"});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    let path = format!("/v1/customers/{customer}/adverse-events");
    client.post(&path, &body).send()
}

/// Status and day of the next review of every line of a customer.
fn lines(server: &TestServer, customer: &str) -> Vec<String> {
    server.texts(&format!(
        "SELECT status || ' ' || review_on FROM credit_lines WHERE customer_id = '{customer}' ORDER BY id"
    ))
}

#[test]
fn every_active_line_is_suspended_at_once_and_nothing_else_resumes_it() {
    let server = TestServer::start();
    let officer = server.as_tier("credit_officer_branch");
    let customer = a_customer_with_credit(&server, SALES);
    a_unified_line(&server, &customer, "1000.00");
    let other = a_customer_with_credit(&server, SALES);
    reserve(&server, &customer, "1.00").expect(201);

    let recorded = happened(&server, &officer, &customer, &json!({})).expect(201);
    assert_eq!(
        recorded.field("recorded_by"),
        officer.identity().principal()
    );
    assert_eq!(recorded.field("evidence"), "债权人通知");
    assert_eq!(lines(&server, &customer), ["suspended 2026-03-02"; 2]);
    reserve(&server, &customer, "1.00").expect_problem("line_suspended");
    reserve(&server, &other, "1.00").expect(201);
    let told = "SELECT kind FROM events WHERE kind IN ('credit_line.suspended', 'adverse_event.recorded') ORDER BY seq";
    let suspended = "credit_line.suspended";
    assert_eq!(
        server.texts(told),
        ["adverse_event.recorded", suspended, suspended]
    );

    // That it did not happen after all is for two people, and resumes nothing.
    let reversal = json!({"reverses": recorded.id(), "evidence": "撤诉通知"});
    let asked = happened(&server, &officer, &customer, &reversal).expect(202);
    let approve = format!("{}/approve", asked.header("location").unwrap());
    officer
        .post(&approve, &json!({}))
        .expect_problem("four_eyes_required");
    let done = carried_out_change(&server, &asked);
    assert!(done.field("result").starts_with("adverse_event/"));
    assert_eq!(lines(&server, &customer), ["suspended 2026-03-02"; 2]);
    let listed = officer.get(&format!("/v1/customers/{customer}/adverse-events"));
    let listed = listed.expect(200).items();
    assert_eq!(listed[0]["reverses"], recorded.id());
    assert!(listed[0]["confirmed_by"].is_string());
    // Once, of what happened, of its kind, and of the same customer.
    let again = happened(&server, &officer, &customer, &reversal);
    again.expect_problem("validation_failed");
    let of_other = happened(&server, &officer, &other, &reversal);
    of_other.expect_problem("validation_failed");
}

#[test]
fn the_policy_may_say_that_it_is_for_review_only() {
    let server = TestServer::start();
    let officer = server.as_tier("credit_officer_branch");
    let customer = a_customer_with_credit(&server, SALES);
    let review = json!([{"kind": "deterioration", "effect": "review"}]);
    a_policy(&server, &json!({"adverse": review, "ungraded": {}}));
    let worse = json!({"kind": "deterioration"});
    happened(&server, &officer, &customer, &worse).expect(201);
    assert_eq!(lines(&server, &customer), ["active 2026-03-02"]);
    let due = officer.get("/v1/credit-reviews").expect(200).items();
    assert_eq!(due.len(), 1);
    reserve(&server, &customer, "1.00").expect(201);
    happened(&server, &officer, &customer, &json!({})).expect(201);
    assert_eq!(lines(&server, &customer), ["suspended 2026-03-02"]);
}

#[test]
fn who_may_not_record_it_changes_nothing() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    for tier in ["account_manager", "clerk", "integration", "administrator"] {
        let client = server.as_tier(tier);
        let refused = happened(&server, &client, &customer, &json!({}));
        refused.expect_problem("insufficient_scope");
    }
    let officer = server.as_tier("credit_officer_branch");
    let nobody = "01940c9e-7a3b-7d2c-8f00-3b9aca001234";
    happened(&server, &officer, nobody, &json!({})).expect_problem("not_found");
    let tomorrow = json!({"occurred_on": "2026-03-03"});
    let refused = happened(&server, &officer, &customer, &tomorrow);
    assert_eq!(
        refused.expect_problem("validation_failed").json()["errors"][0]["pointer"],
        "#/occurred_on"
    );
    assert_eq!(
        server.number("SELECT count(*) FROM customer_adverse_events"),
        0
    );
    let without = a_customer(&server).id();
    let recorded = happened(&server, &officer, &without, &json!({}));
    confirmed(&server, recorded.expect(201));
}
