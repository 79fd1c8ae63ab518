//! What is true of a customer: worse at once, better once somebody else has confirmed it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::applications::{check, reserve};
use crate::support::checks::{a_rule_set, dunned};
use crate::support::{
    Answer, Client, Owner, TestServer, a_customer, a_customer_with_credit, an_approver,
    application_body,
};

fn today(server: &TestServer) -> String {
    server.db().today().to_string()
}

fn score(server: &TestServer, client: &Client, customer: &str, grade: &str) -> Answer {
    let body = json!({
        "grade": grade, "scored_on": today(server), "valid_until": "2026-12-31", "source": "年度评级",
    });
    let path = format!("/v1/customers/{customer}/scores");
    client.post(&path, &body).send()
}

fn dun(server: &TestServer, client: &Client, customer: &str, level: i16) -> Answer {
    let body = json!({"level": level, "as_of": today(server)});
    let path = format!("/v1/customers/{customer}/dunning-levels");
    client.post(&path, &body).send()
}

fn approve(client: &Client, asked: &Answer) -> Answer {
    let change = asked.header("location").unwrap();
    client.post(&format!("{change}/approve"), &json!({})).send()
}

fn latest_grade(server: &TestServer, customer: &str) -> Value {
    let path = format!("/v1/customers/{customer}/scores");
    let scores = server.with_everything().get(&path).expect(200).items();
    scores
        .first()
        .map_or(Value::Null, |one| one["grade"].clone())
}

#[test]
fn a_worse_score_is_at_once_and_a_better_one_waits() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let officer = server.as_tier("credit_officer_branch");
    // Without a score a customer counts as one of the worst grade.
    let unknown = a_customer(&server).id();
    score(&server, &officer, &unknown, "C").expect(202);
    score(&server, &officer, &customer, "D").expect(201);
    server.advance(TimeDelta::seconds(1));
    let asked = score(&server, &officer, &customer, "A").expect(202);
    assert_eq!(asked.field("kind"), "customer_score");
    assert_eq!(asked.json()["asked"]["grade"], "A");
    assert_eq!(asked.json()["seen"]["known"]["grade"], "D");
    assert_eq!(latest_grade(&server, &customer), "D");
    score(&server, &officer, &customer, "B").expect_problem("change_waiting");
    approve(&officer, &asked).expect_problem("four_eyes_required");
    let colleague = server.as_tier("credit_officer_head_office");
    let done = approve(&colleague, &asked).expect(200);
    let made = done.field("result");
    let id = made.strip_prefix("customer_score/").unwrap();
    let path = format!("/v1/customers/{customer}/scores/{id}");
    let shown = officer.get(&path).expect(200);
    let by = |client: &Client| client.identity().principal();
    assert_eq!(shown.field("recorded_by"), by(&officer));
    assert_eq!(shown.field("confirmed_by"), by(&colleague));
    // Good for longer is more, on a later day.
    server.advance(TimeDelta::seconds(1));
    let longer = json!({
        "grade": "A", "scored_on": today(&server), "valid_until": "2027-01-01", "source": "年度评级",
    });
    let path = format!("/v1/customers/{customer}/scores");
    officer.post(&path, &longer).expect(202);
}

#[test]
fn a_change_is_outdated_by_what_was_learned_meanwhile() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let client = server.with_everything();
    let asked = score(&server, &client, &customer, "A").expect(202);
    server.advance(TimeDelta::seconds(1));
    score(&server, &client, &customer, "D").expect(201);
    approve(&an_approver(&server), &asked).expect_problem("change_outdated");
    assert_eq!(latest_grade(&server, &customer), "D");
    let reject = format!("{}/reject", asked.header("location").unwrap());
    let reason = json!({"reason": "已有新评级"});
    an_approver(&server).post(&reject, &reason).expect(200);
    score(&server, &client, &customer, "B").expect(202);
}

#[test]
fn a_lower_dunning_level_waits_and_until_then_the_higher_one_counts() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_rule_set(
        &server,
        &json!({"dunning": {"level_max": 2, "effect": "decline"}}),
    );
    dunned(&server, &customer, 3);
    reserve(&server, &customer, "1.00").expect_problem("dunning_level_exceeded");
    let orders = server.as_tier("integration");
    server.advance(TimeDelta::seconds(1));
    let asked = dun(&server, &orders, &customer, 1).expect(202);
    reserve(&server, &customer, "1.00").expect_problem("dunning_level_exceeded");
    let branch = server.as_tier("credit_officer_branch");
    approve(&branch, &asked).expect(200);
    assert_eq!(check(&server, &customer, "1.00")["decision"], "approved");
}

#[test]
fn a_change_belongs_to_the_organisation_of_its_customer() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let client = server.with_everything();
    let asked = score(&server, &client, &customer, "A").expect(202);
    let change = asked.header("location").unwrap();
    let manager = server.as_tier("account_manager");
    assert_eq!(manager.get(change).expect(200).json(), asked.json());
    let elsewhere = server.as_tier_at("account_manager", ELSEWHERE);
    elsewhere.get(change).expect_problem("not_found");
    let other = server.as_tier_at("credit_officer_branch", "head-office/west");
    approve(&other, &asked).expect_problem("not_found");
    let own = format!("/v1/pending-changes?customer_id={customer}&kind=customer_score");
    assert_eq!(manager.get(&own).expect(200).items().len(), 1);
    assert!(elsewhere.get(&own).expect(200).items().is_empty());
}

#[test]
fn a_customer_is_closed_by_one_and_opened_again_by_two() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = format!("/v1/customers/{customer}");
    let clerk = server.as_tier("clerk");
    let patch = |client: &Client, body: &Value| client.patch(&path, "*", body).send();
    let shown = || server.with_everything().get(&path).expect(200).json();
    patch(&clerk, &json!({"status": "closed"})).expect(200);
    let open = json!({"status": "active"});
    let both = json!({"status": "active", "industry": "钢铁"});
    patch(&clerk, &both).expect_problem("validation_failed");
    let asked = patch(&clerk, &open).expect(202);
    assert_eq!(shown()["status"], "closed");
    patch(&clerk, &open).expect_problem("change_waiting");
    let branch = server.as_tier("credit_officer_branch");
    approve(&branch, &asked).expect(200);
    assert_eq!(shown()["status"], "active");
    let history = format!("{path}/history");
    let latest = server.with_everything().get(&history).expect(200).items();
    assert_eq!(latest[0]["changed_by"], clerk.identity().principal());
}

#[test]
fn that_somebody_is_no_related_party_is_confirmed_by_who_decides_about_them() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = format!("/v1/customers/{customer}");
    let clerk = server.as_tier("clerk");
    let patch = |body: &Value| clerk.patch(&path, "*", body).send();
    patch(&json!({"related_party": true})).expect(200);
    let asked = patch(&json!({"related_party": false})).expect(202);
    let shown = || server.with_everything().get(&path).expect(200).json();
    assert_eq!(shown()["related_party"], true);
    let branch = server.as_tier("credit_officer_branch");
    approve(&branch, &asked).expect_problem("insufficient_scope");
    // What was seen is gone: it was closed meanwhile.
    patch(&json!({"status": "closed"})).expect(200);
    let head_office = server.as_tier("credit_officer_head_office");
    approve(&head_office, &asked).expect_problem("change_outdated");
    let withdraw = format!("{}/withdraw", asked.header("location").unwrap());
    clerk.post(&withdraw, &json!({})).expect(200);
    let asked = patch(&json!({"related_party": false})).expect(202);
    approve(&head_office, &asked).expect(200);
    assert_eq!(shown()["related_party"], false);
}

#[test]
fn who_made_the_facts_neither_applies_with_them_nor_decides() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let officer = server.as_tier("credit_officer_branch");
    let head_office = server.as_tier("credit_officer_head_office");
    let asked = score(&server, &officer, &customer, "C").expect(202);
    approve(&head_office, &asked).expect(200);
    let body = application_body(Owner::Customer(&customer), None, "100.00");
    let submit = |client: &Client| {
        let drawn_up = client.post("/v1/credit-applications", &body).expect(201);
        let path = drawn_up.header("location").unwrap().to_owned();
        let submitted = client.post(&format!("{path}/submit"), &json!({})).send();
        (path, submitted)
    };
    submit(&officer).1.expect_problem("four_eyes_required");
    let (path, submitted) = submit(&server.as_tier("account_manager"));
    submitted.expect(200);
    let approve = format!("{path}/approve");
    let refused = officer.post(&approve, &json!({}));
    refused.expect_problem("four_eyes_required");
    head_office.post(&approve, &json!({})).expect(200);
}

#[test]
fn who_asked_that_a_customer_be_opened_again_does_not_apply_for_it() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = format!("/v1/customers/{customer}");
    let anybody = server.with_everything();
    let patch = |status: &str| anybody.patch(&path, "*", &json!({"status": status})).send();
    patch("closed").expect(200);
    let asked = patch("active").expect(202);
    approve(&server.as_tier("credit_officer_branch"), &asked).expect(200);
    let body = application_body(Owner::Customer(&customer), None, "100.00");
    let submit = |client: &Client| {
        let drawn_up = client.post("/v1/credit-applications", &body).expect(201);
        let submit = format!("{}/submit", drawn_up.header("location").unwrap());
        client.post(&submit, &json!({})).send()
    };
    submit(&anybody).expect_problem("four_eyes_required");
    submit(&server.as_tier("account_manager")).expect(200);
}
