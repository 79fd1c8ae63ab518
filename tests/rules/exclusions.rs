//! The list of customers that are excluded from credit, supply holds, and dunning levels.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{check, reasons, reserve};
use crate::support::checks::{a_restriction, dunned, restriction_body};
use crate::support::{TestServer, a_customer, a_customer_with_credit, an_approver, confirmed};

const PATH: &str = "/v1/credit-exclusions";

fn decision(server: &TestServer, customer: &str) -> Value {
    check(server, customer, "1.00")["decision"].clone()
}

fn excluded(server: &TestServer, customer: &str, from: &str, until: &str) -> String {
    let body = json!({"customer_id": customer, "reason": "法院执行", "from": from, "until": until});
    let client = server.as_tier("credit_officer_branch");
    client.post(PATH, &body).expect(201).id()
}

#[test]
fn an_excluded_customer_is_declined_on_every_day_of_the_exclusion_and_no_other() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    excluded(&server, &customer, "2026-03-03", "2026-03-04");
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(decision(&server, &customer));
        server.advance(TimeDelta::days(1));
    }
    assert_eq!(
        json!(seen),
        json!(["approved", "declined", "declined", "approved"])
    );
}

#[test]
fn the_refusal_names_the_days_and_never_the_reason() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    excluded(&server, &customer, "2026-03-01", "2026-03-31");
    let refused = reserve(&server, &customer, "1.00").expect_problem("customer_excluded");
    assert!(!refused.text().contains("法院"), "{}", refused.text());
    let problem = refused.json();
    assert_eq!(problem["decision"], "declined");
    assert_eq!(reasons(&problem), ["customer_excluded -"]);
    assert_eq!(
        (
            &problem["reasons"][0]["from"],
            &problem["reasons"][0]["until"]
        ),
        (&json!("2026-03-01"), &json!("2026-03-31"))
    );
    // Neither do the events, which more people read.
    let data = server.texts("SELECT data FROM events WHERE kind = 'credit_exclusion.recorded'");
    assert!(!data[0].contains("法院"), "{data:?}");
    let manager = server.as_tier("account_manager");
    manager.get(PATH).expect_problem("insufficient_scope");
    let auditor = server.as_tier("auditor");
    assert_eq!(
        auditor.get(PATH).expect(200).items()[0]["reason"],
        "法院执行"
    );
}

#[test]
fn ending_it_early_is_recorded_and_lets_the_customer_buy_again_today() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let restriction = a_restriction(&server, "credit-exclusions", &customer);
    let path = restriction.header("location").unwrap().to_owned();
    assert_eq!(decision(&server, &customer), "declined");
    server.advance(TimeDelta::days(2));
    let officer = server.as_tier("credit_officer_branch");
    let end = json!({"reason": "已和解"});
    let asked = officer.post(&format!("{path}/end"), &end).expect(202);
    // It holds until somebody else has confirmed that.
    assert_eq!(decision(&server, &customer), "declined");
    let again = officer.post(&format!("{path}/end"), &end);
    again.expect_problem("change_waiting");
    let alone = format!("{}/approve", asked.header("location").unwrap());
    let alone = officer.post(&alone, &json!({}));
    alone.expect_problem("four_eyes_required");
    let ended = confirmed(&server, asked).json();
    assert_eq!(ended["ended_by"], officer.identity().principal());
    assert_eq!(
        ended["end_confirmed_by"],
        an_approver(&server).identity().principal()
    );
    assert_eq!(
        (&ended["in_force"], &ended["ended_on"], &ended["end_reason"]),
        (&json!(false), &json!("2026-03-04"), &json!("已和解"))
    );
    assert_eq!(officer.get(&path).expect(200).json(), ended);
    assert_eq!(decision(&server, &customer), "approved");
    officer
        .post(&format!("{path}/end"), &end)
        .expect_problem("invalid_transition");
    // It was in force until then, and stays on record.
    let on = |day: &str| {
        let query = format!("{PATH}?customer_id={customer}&active_on={day}");
        officer.get(&query).expect(200).items().len()
    };
    assert_eq!(
        ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"].map(on),
        [0, 1, 1, 0]
    );
    assert_eq!(officer.get(PATH).expect(200).items().len(), 1);
}

#[test]
fn of_several_the_one_that_holds_longest_is_named() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    excluded(&server, &customer, "2026-03-01", "2026-03-31");
    a_restriction(&server, "credit-exclusions", &customer);
    excluded(&server, &customer, "2026-03-01", "2026-03-05");
    let seen = check(&server, &customer, "1.00");
    assert_eq!(
        (&seen["reasons"][0]["from"], &seen["reasons"][0]["until"]),
        (&json!("2026-03-02"), &Value::Null)
    );
}

#[test]
fn days_that_make_no_sense_are_refused_and_what_is_over_cannot_be_ended() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    let mut body = restriction_body(&server, &customer);
    for until in ["2026-03-01", "2026-02-01"] {
        body["until"] = json!(until);
        client.post(PATH, &body).expect_problem("validation_failed");
    }
    body["customer_id"] = json!("01940c9e-7a3b-7d2c-8f00-3b9aca001234");
    body["until"] = Value::Null;
    client.post(PATH, &body).expect_problem("not_found");
    let id = excluded(&server, &customer, "2026-03-01", "2026-03-02");
    server.advance(TimeDelta::days(1));
    client
        .post(&format!("{PATH}/{id}/end"), &json!({"reason": "迟了"}))
        .expect_problem("invalid_transition");
}

#[test]
fn supply_holds_are_a_list_of_their_own() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let hold = a_restriction(&server, "supply-holds", &customer);
    assert_eq!(hold.field("kind"), "supply_hold");
    let client = server.with_everything();
    assert!(client.get(PATH).expect(200).items().is_empty());
    client
        .get(&format!("{PATH}/{}", hold.id()))
        .expect_problem("not_found");
    let listed = client.get("/v1/supply-holds").expect(200).items();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["in_force"], true);
}

#[test]
fn dunning_levels_are_kept_and_make_sense() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    dunned(&server, &customer, 1);
    server.advance(TimeDelta::seconds(1));
    dunned(&server, &customer, 3);
    let client = server.with_everything();
    let path = format!("/v1/customers/{customer}/dunning-levels");
    let levels: Vec<Value> = client
        .get(&path)
        .expect(200)
        .items()
        .iter()
        .map(|item| item["level"].clone())
        .collect();
    assert_eq!(json!(levels), json!([3, 1]));
    for body in [
        json!({"level": 10, "as_of": "2026-03-01"}),
        json!({"level": -1, "as_of": "2026-03-01"}),
        json!({"level": 1, "as_of": "2026-03-03"}),
    ] {
        client
            .post(&path, &body)
            .expect_problem("validation_failed");
    }
}

#[test]
fn a_dunning_level_is_read_where_its_answer_says_although_a_later_one_counts() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let first = dunned(&server, &customer, 1);
    server.advance(TimeDelta::seconds(1));
    dunned(&server, &customer, 3);
    let client = server.with_everything();
    let path = format!("/v1/customers/{customer}/dunning-levels/{}", first.id());
    assert_eq!(first.header("location"), Some(path.as_str()));
    assert_eq!(client.get(&path).expect(200).json(), first.json());
    let other = a_customer(&server).id();
    for nothing in [
        format!("/v1/customers/{other}/dunning-levels/{}", first.id()),
        format!("/v1/customers/{customer}/dunning-levels/{customer}"),
    ] {
        client.get(&nothing).expect_problem("not_found");
    }
}
