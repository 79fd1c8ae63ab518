//! Signed contracts and periodic reviews of credit lines.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::ELSEWHERE;
use crate::support::applications::{a_policy, a_score, about_line, carried_out, draw_up, reserve};
use crate::support::ledger::line;
use crate::support::{
    Client, GOODS, Owner, TestServer, a_customer, a_customer_of, a_line, a_reservation,
    a_unified_line, an_approver, application_body, assert_ledger_is_clean, the_goods,
};

#[test]
fn a_line_that_requires_a_contract_waits_for_it() {
    let server = TestServer::start();
    the_goods(&server);
    let client = server.with_everything();
    let customer = a_customer(&server).id();
    let mut body = application_body(Owner::Customer(&customer), Some(GOODS), "100.00");
    body["requires_contract"] = json!(true);
    let opened = a_line(&server, &body);
    assert_eq!(opened.field("status"), "awaiting_contract");
    let id = opened.id();
    let refused = reserve(&server, &customer, "1.00").expect_problem("line_not_active");
    assert_eq!(refused.json()["reasons"][0]["credit_line_id"], id);
    draw_up(&server, &about_line(&id, "suspend", &json!({}))).expect_problem("invalid_transition");
    // What was applied for meanwhile does not activate it.
    let higher = carried_out(&server, &id, "increase", &json!({"amount": "120.00"}));
    assert_eq!(higher.field("status"), "awaiting_contract");
    let path = format!("/v1/credit-lines/{id}/contracts");
    let contract = |number: &str| {
        json!({
            "number": number, "signed_on": "2026-03-02", "payment_method": "电汇", "payment_term_days": 20,
            "liability_clauses": "每日万分之五", "policy_notified_on": "2026-03-01",
        })
    };
    for field in ["signed_on", "policy_notified_on"] {
        let mut early = contract("HT-1");
        early[field] = json!("2026-03-03");
        let refused = client
            .post(&path, &early)
            .expect_problem("validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("#/{field}"));
    }
    assert_eq!(line(&server, &id)["status"], "awaiting_contract");
    // Who applied for the line does not record what opens it.
    client
        .post(&path, &contract("HT-1"))
        .expect_problem("four_eyes_required");
    let client = an_approver(&server);
    let mut longer = contract("HT-1");
    longer["payment_term_days"] = json!(31);
    let refused = client
        .post(&path, &longer)
        .expect_problem("approval_required");
    assert_eq!(
        refused.json()["apply_with"],
        json!({"action": "change_terms", "credit_line_id": id})
    );
    assert_eq!(refused.json()["increase"]["term"], "payment_term_days");
    let signed = client.post(&path, &contract("HT-1")).expect(200);
    assert_eq!(signed.field("status"), "active");
    assert_eq!(signed.json()["payment_term_days"], 20);
    a_reservation(&server, &customer, "120.00");
    let before = line(&server, &id);
    client
        .post(&path, &contract("ＨＴ-1"))
        .expect_problem("duplicate_contract");
    assert_eq!(line(&server, &id), before);
    let mut annex = contract("HT-1-1");
    annex["payment_term_days"] = Value::Null;
    client.post(&path, &annex).expect(200);
    assert_eq!(line(&server, &id)["payment_term_days"], 20);
    let kept = client.get(&path).expect(200).items();
    assert_eq!(kept.len(), 2);
    assert!(
        kept.iter()
            .any(|one| one["liability_clauses"] == "每日万分之五")
    );
    carried_out(&server, &id, "close", &json!({}));
    client
        .post(&path, &contract("HT-2"))
        .expect_problem("invalid_transition");
    assert_ledger_is_clean(&server);
}

#[test]
fn reviews_fall_due_as_the_policy_says_for_the_grade() {
    let server = TestServer::start();
    let client = server.with_everything();
    a_policy(
        &server,
        &json!({
            "grades": [{"grade": "A", "review_months": 12}, {"grade": "B", "review_months": 6}, {"grade": "C"}],
            "review_months": 3,
        }),
    );
    let lines: Vec<String> = [Some("A"), Some("B"), Some("C"), None]
        .iter()
        .map(|grade| {
            let customer = a_customer(&server).id();
            if let Some(grade) = grade {
                a_score(&server, &customer, grade, "2026-12-31");
            }
            a_unified_line(&server, &customer, "100.00").id()
        })
        .collect();
    let due: Vec<Value> = lines
        .iter()
        .map(|id| line(&server, id)["review_on"].clone())
        .collect();
    assert_eq!(
        due,
        [
            json!("2027-03-02"),
            json!("2026-09-02"),
            Value::Null,
            json!("2026-06-02")
        ]
    );
    let elsewhere = a_customer_of(&server, ELSEWHERE).id();
    let far = a_unified_line(&server, &elsewhere, "100.00").id();

    let list = |as_whom: &Client, query: &str| -> Vec<String> {
        let (mut seen, mut next) = (
            Vec::new(),
            Some(format!("/v1/credit-reviews?limit=1{query}")),
        );
        while let Some(path) = next {
            let page = as_whom.get(&path).expect(200);
            seen.extend(
                page.items()
                    .iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned()),
            );
            next = page.json()["next_cursor"]
                .as_str()
                .map(|cursor| format!("/v1/credit-reviews?limit=1{query}&cursor={cursor}"));
        }
        seen
    };
    assert!(list(&client, "").is_empty());
    assert!(list(&client, "&until=2026-06-01").is_empty());
    let mut first = vec![lines[3].clone(), far.clone()];
    first.sort();
    assert_eq!(list(&client, "&until=2026-06-02"), first);
    first.extend([lines[1].clone(), lines[0].clone()]);
    assert_eq!(list(&client, "&until=2027-12-31"), first);
    let branch = server.as_tier("credit_officer_branch");
    assert_eq!(list(&branch, "&until=2026-06-02"), [lines[3].clone()]);

    server.advance(TimeDelta::days(92));
    assert_eq!(list(&branch, ""), [lines[3].clone()]);
    let path = format!("/v1/credit-lines/{}/reviews", lines[3]);
    let review = |outcome: &str, next: Value| json!({"outcome": outcome, "comment": "已核实", "next_review_on": next});
    let refused = client
        .post(&path, &review("keep", json!("2026-06-02")))
        .expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/next_review_on");
    client.post(&path, &review("keep", Value::Null)).expect(200);
    assert_eq!(line(&server, &lines[3])["review_on"], "2026-09-02");
    assert!(list(&branch, "").is_empty());
    // Bad news takes effect at once, and whoever follows suspensions learns of it.
    let suspended = client
        .post(&path, &review("suspend", json!("2026-06-10")))
        .expect(200);
    assert_eq!(suspended.field("status"), "suspended");
    assert_eq!(suspended.json()["review_on"], "2026-06-10");
    client
        .post(&path, &review("suspend", Value::Null))
        .expect(200);
    let kinds = server.texts(&format!(
        "SELECT kind FROM events WHERE subject = 'credit_line/{}' ORDER BY seq",
        lines[3]
    ));
    let reviewed = "credit_line.reviewed";
    assert_eq!(
        kinds,
        [
            "credit_line.opened",
            reviewed,
            reviewed,
            "credit_line.suspended",
            reviewed
        ]
    );
    let kept = client.get(&path).expect(200).items();
    let told: Vec<String> = kept
        .iter()
        .map(|one| format!("{} {}", one["number"], one["outcome"]))
        .collect();
    assert_eq!(told, [r#"3 "suspend""#, r#"2 "suspend""#, r#"1 "keep""#]);
}
