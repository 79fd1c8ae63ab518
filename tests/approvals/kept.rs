//! Every step is kept: who decided what, when, why, and in whose name.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{case_of, case_path, goods, lend, member, submitted};
use crate::support::{TestServer, a_customer};

#[test]
fn an_approval_shows_every_decision_with_its_words_its_time_and_its_person() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = submitted(&server, &goods(&server, &customer, "50000000.01"));
    let head_office = server.as_tier("credit_officer_head_office");
    let delegate = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "delegate",
    );
    let executive = server.as_tier("executive");
    lend(&head_office, &delegate, ["2026-03-02", "2026-03-02"]);
    server.advance(TimeDelta::minutes(5));
    let yes = json!({"comment": "资料齐全，代为审批"});
    delegate.post(&format!("{path}/approve"), &yes).expect(200);
    let half = case_of(&server, &path);
    assert_eq!(half["current_step"], 2);
    assert_eq!(half["steps"][1]["waiting_since"], "2026-03-02T02:05:00Z");
    assert_eq!(half["steps"][1]["decision"], Value::Null);
    assert_eq!(half["closed_at"], Value::Null);
    server.advance(TimeDelta::minutes(5));
    let no = json!({"reason": "金额过大"});
    executive.post(&format!("{path}/reject"), &no).expect(200);
    let whole = case_of(&server, &path);
    assert_eq!(whole["status"], "rejected");
    assert_eq!(whole["closed_at"], "2026-03-02T02:10:00Z");
    assert_eq!(
        whole["requested_by"],
        server.as_tier("account_manager").identity().principal()
    );
    assert_eq!(
        whole["steps"][0]["decision"],
        json!({
            "decision": "approved", "decided_by": delegate.identity().principal(),
            "on_behalf_of": head_office.identity().principal(), "comment": "资料齐全，代为审批",
            "decided_at": "2026-03-02T02:05:00Z",
        })
    );
    assert_eq!(
        whole["steps"][1]["decision"],
        json!({
            "decision": "rejected", "decided_by": executive.identity().principal(),
            "on_behalf_of": null, "comment": "金额过大", "decided_at": "2026-03-02T02:10:00Z",
        })
    );
    let statuses = whole["steps"].as_array().unwrap().iter();
    let statuses: Vec<&Value> = statuses.map(|step| &step["status"]).collect();
    assert_eq!(statuses, ["approved", "rejected"]);
    // Whoever decided it still reads it, from wherever they stand.
    let case = case_path(&server, &path);
    server.advance(TimeDelta::days(1));
    assert_eq!(delegate.get(&case).expect(200).json(), whole);
    let stranger = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "stranger",
    );
    stranger.get(&case).expect_problem("not_found");
}

#[test]
fn a_refused_attempt_decides_nothing_and_is_on_record() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = submitted(&server, &goods(&server, &customer, "1000000.01"));
    let before = case_of(&server, &path);
    let branch = server.as_tier("credit_officer_branch");
    let manager = server.as_tier("account_manager");
    let reason = json!({"reason": "不同意"});
    super::approve(&branch, &path).expect_problem("insufficient_scope");
    manager
        .post(&format!("{path}/reject"), &reason)
        .expect_problem("insufficient_scope");
    assert_eq!(case_of(&server, &path), before);
    let denied = server.texts(&format!(
        "SELECT action FROM audit_entries WHERE principal = '{}' AND outcome = 'refused'",
        branch.identity().principal()
    ));
    assert_eq!(denied, ["credit_application.approve"]);
}

#[test]
fn decisions_are_never_changed_and_never_go() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = submitted(&server, &goods(&server, &customer, "1.00"));
    super::approve(&server.as_tier("credit_officer_branch"), &path).expect(200);
    for statement in [
        "UPDATE approval_decisions SET comment = 'nothing was said'",
        "DELETE FROM approval_decisions",
        "TRUNCATE approval_decisions",
    ] {
        for mut connection in [server.owner(), server.service_role()] {
            assert!(connection.batch_execute(statement).is_err(), "{statement}");
        }
    }
    assert_eq!(
        server.texts("SELECT comment FROM approval_decisions"),
        ["同意"]
    );
}
