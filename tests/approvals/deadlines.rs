//! Steps that wait too long: who may decide them then, and that it is told once.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shouxin::jobs;

use super::{approve, case_of, goods, only, rules, submitted, withdraw};
use crate::support::{TestServer, a_customer};

const HEAD_OFFICE: &[&str] = &["approvals:decide:head-office"];
const EXECUTIVE: &[&str] = &["approvals:decide:executive"];

/// Runs the job that announces escalations.
fn announce(server: &TestServer) {
    let job = jobs::ALL
        .iter()
        .find(|job| job.name == "announce escalations");
    (job.unwrap().batch)(server.db()).unwrap();
}

/// What was announced about an approval.
fn announcements(server: &TestServer, case: &Value) -> Vec<String> {
    let id = case["id"].as_str().unwrap();
    server.texts(&format!(
        "SELECT data::text FROM events WHERE kind = 'approval.escalated' AND subject LIKE '%{id}'"
    ))
}

fn branch_case(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    submitted(server, &goods(server, &customer, "500.00"))
}

#[test]
fn the_head_office_decides_a_step_of_a_branch_from_the_instant_it_is_due() {
    let server = TestServer::start();
    let [early, late] = [(); 2].map(|()| branch_case(&server));
    let head_office = only(&server, HEAD_OFFICE, "head office");
    let opened = case_of(&server, &early);
    assert_eq!(opened["steps"][0]["waiting_since"], "2026-03-02T02:00:00Z");
    assert_eq!(opened["steps"][0]["due_at"], "2026-03-05T02:00:00Z");
    assert_eq!(opened["steps"][0]["escalation_scope"], HEAD_OFFICE[0]);
    server.advance(TimeDelta::days(3) - TimeDelta::microseconds(1));
    assert_eq!(case_of(&server, &early)["steps"][0]["escalated"], false);
    approve(&head_office, &early).expect_problem("insufficient_scope");
    server.advance(TimeDelta::microseconds(1));
    // No job has run: who may decide follows from the clock alone.
    assert_eq!(case_of(&server, &early)["steps"][0]["escalated"], true);
    approve(&head_office, &early).expect(200);
    // Whom the step was meant for still decides it, and nobody else does.
    approve(&only(&server, EXECUTIVE, "executive"), &late).expect_problem("insufficient_scope");
    let elsewhere = server.with(
        &[
            "credit-applications:approve",
            "credit-applications:read",
            HEAD_OFFICE[0],
        ],
        "head-office/east",
        "below the head office",
    );
    approve(&elsewhere, &late).expect_problem("not_found");
    approve(&server.as_tier("credit_officer_branch"), &late).expect(200);
    assert_eq!(
        server.number("SELECT count(*) FROM events WHERE kind = 'approval.escalated'"),
        0
    );
}

#[test]
fn the_deadline_of_a_later_step_begins_when_it_begins_to_wait() {
    let server = TestServer::start();
    rules(
        &server,
        &json!([{"name": "two", "kind": "credit_application", "steps": [
            {"name": "first", "scope": "approvals:decide:branch"},
            {"name": "second", "scope": "approvals:decide:related-party", "organisation_depth": 1,
                "deadline_days": 2, "escalate_to": {"scope": EXECUTIVE[0], "organisation_depth": 1}},
        ]}]),
    );
    let path = branch_case(&server);
    let executive = server.as_tier("executive");
    server.advance(TimeDelta::days(30));
    let waiting = case_of(&server, &path);
    assert_eq!(waiting["steps"][1]["due_at"], Value::Null);
    approve(&server.as_tier("credit_officer_branch"), &path).expect(200);
    let second = case_of(&server, &path)["steps"][1].clone();
    assert_eq!(second["waiting_since"], "2026-04-01T02:00:00Z");
    assert_eq!(second["due_at"], "2026-04-03T02:00:00Z");
    approve(&executive, &path).expect_problem("insufficient_scope");
    server.advance(TimeDelta::days(2));
    approve(&executive, &path).expect(200);
}

#[test]
fn an_escalation_is_announced_once_and_only_while_the_step_waits() {
    let server = TestServer::start();
    let [waiting, decided, withdrawn] = [(); 3].map(|()| branch_case(&server));
    let case = |path: &str| case_of(&server, path);
    announce(&server);
    server.advance(TimeDelta::days(3) - TimeDelta::microseconds(1));
    announce(&server);
    let audit = "SELECT count(*) FROM audit_entries WHERE action = 'approval.escalate'";
    assert_eq!(server.number(audit), 0, "an idle job leaves traces");
    approve(&server.as_tier("credit_officer_branch"), &decided).expect(200);
    withdraw(&server.as_tier("account_manager"), &withdrawn).expect(200);
    server.advance(TimeDelta::microseconds(1));
    announce(&server);
    server.advance(TimeDelta::days(1));
    announce(&server);
    let told = announcements(&server, &case(&waiting));
    assert_eq!(told.len(), 1, "{told:?}");
    let told: Value = serde_json::from_str(&told[0]).unwrap();
    assert_eq!(told["step"], 1);
    assert_eq!(told["escalation_scope"], HEAD_OFFICE[0]);
    for path in [&decided, &withdrawn] {
        assert_eq!(announcements(&server, &case(path)), [""; 0]);
    }
    assert_eq!(server.number(audit), 1);
    assert_eq!(case(&waiting)["status"], "pending");
}

#[test]
fn two_instances_announce_nothing_twice() {
    let server = TestServer::start();
    let paths: Vec<String> = (0..10).map(|_| branch_case(&server)).collect();
    server.advance(TimeDelta::days(3));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| announce(&server));
        }
    });
    // A batch that met the locks of another one has skipped what that one tells.
    announce(&server);
    for path in &paths {
        assert_eq!(announcements(&server, &case_of(&server, path)).len(), 1);
    }
}
