//! Decisions at once: exactly one counts.

use std::sync::Barrier;

use serde_json::{Value, json};

use super::{case_of, goods, lines, member, status_of, submitted};
use crate::support::{Answer, Client, TestServer, a_customer};

const ROUNDS: usize = 8;

fn a_busy_server() -> TestServer {
    TestServer::start_with(|settings| settings.workers = 2)
}

/// Sends every call at the same instant.
fn at_once(calls: Vec<(Client, String, Value)>) -> Vec<Answer> {
    let barrier = Barrier::new(calls.len());
    std::thread::scope(|scope| {
        let running: Vec<_> = calls
            .iter()
            .map(|(client, path, body)| {
                scope.spawn(|| {
                    barrier.wait();
                    client.post(path, body).send()
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn officer(server: &TestServer, number: usize) -> Client {
    let name = format!("officer {number}");
    member(server, "credit_officer_branch", "head-office/east", &name)
}

#[test]
fn of_several_approvals_of_the_last_step_at_once_exactly_one_counts() {
    let server = a_busy_server();
    for round in 1..=ROUNDS {
        let customer = a_customer(&server).id();
        let path = submitted(&server, &goods(&server, &customer, "1.00"));
        let approve = format!("{path}/approve");
        let calls = (0..4)
            .map(|number| (officer(&server, number), approve.clone(), json!({})))
            .collect();
        let answers = at_once(calls);
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.expect_problem("invalid_transition");
        }
        let case = case_of(&server, &path);
        assert_eq!(case["steps"][0]["decision"]["decision"], "approved");
        assert_eq!(case["version"], 2);
        assert_eq!(lines(&server), i64::try_from(round).unwrap());
        let decisions = server.number("SELECT count(*) FROM approval_decisions");
        assert_eq!(decisions, i64::try_from(round).unwrap());
    }
}

#[test]
fn the_same_person_twice_at_once_does_not_decide_two_steps() {
    let server = a_busy_server();
    for _ in 0..ROUNDS {
        let customer = a_customer(&server).id();
        let path = submitted(&server, &goods(&server, &customer, "50000000.01"));
        let approve = format!("{path}/approve");
        let one = server.as_tier("executive");
        let calls = (0..4)
            .map(|_| (one.clone(), approve.clone(), json!({"step": 1})))
            .collect();
        let answers = at_once(calls);
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        for answer in answers.into_iter().filter(|answer| answer.status != 200) {
            answer.expect_problem("four_eyes_required");
        }
        assert_eq!(case_of(&server, &path)["current_step"], 2);
    }
    assert_eq!(lines(&server), 0);
}

#[test]
fn approval_withdrawal_rejection_and_sending_back_at_once_are_one_of_them() {
    let server = a_busy_server();
    for round in 0..ROUNDS {
        let customer = a_customer(&server).id();
        let path = submitted(&server, &goods(&server, &customer, "1.00"));
        let reason = json!({"reason": "请补充资料"});
        let mut calls = vec![
            (officer(&server, 1), format!("{path}/approve"), json!({})),
            (
                officer(&server, 2),
                format!("{path}/reject"),
                reason.clone(),
            ),
            (officer(&server, 3), format!("{path}/send-back"), reason),
            (
                server.as_tier("account_manager"),
                format!("{path}/withdraw"),
                json!({}),
            ),
        ];
        calls.rotate_left(round % 4);
        let before = lines(&server);
        let answers = at_once(calls);
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let status = status_of(&server, &path);
        let case = case_of(&server, &path);
        // What was sent back is a draft again, which its author may still take back.
        let sent_back = case["status"] == "sent_back";
        let both = sent_back && status == "withdrawn";
        assert_eq!(won, if both { 2 } else { 1 }, "{status} {case}");
        for answer in answers.into_iter().filter(|answer| answer.status != 200) {
            answer.expect_problem("invalid_transition");
        }
        if sent_back {
            assert!(
                ["draft", "withdrawn"].contains(&status.as_str()),
                "{status}"
            );
        } else {
            assert_eq!(case["status"], status);
        }
        let made = i64::from(status == "approved");
        assert_eq!(lines(&server) - before, made, "{status}");
        let id = case["id"].as_str().unwrap();
        let decisions = server.number(&format!(
            "SELECT count(*) FROM approval_decisions WHERE case_id = '{id}'"
        ));
        assert_eq!(decisions, i64::from(case["status"] != "withdrawn"));
    }
}

#[test]
fn a_repeated_decision_is_answered_again_and_made_once() {
    let server = a_busy_server();
    let customer = a_customer(&server).id();
    let path = submitted(&server, &goods(&server, &customer, "50000000.01"));
    let head_office = server.as_tier("credit_officer_head_office");
    let approve = format!("{path}/approve");
    let first = head_office.post(&approve, &json!({})).expect(200);
    // Without the key the second one would be a second decision of the same person.
    let again = first.again().expect(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(case_of(&server, &path)["current_step"], 2);
    let executive = server.as_tier("executive").always_with_key("the-last-step");
    let calls = (0..4)
        .map(|_| (executive.clone(), approve.clone(), json!({})))
        .collect();
    let answers = at_once(calls);
    for answer in answers {
        if answer.status != 200 {
            answer.expect_problem("request_in_progress");
        }
    }
    executive.post(&approve, &json!({})).expect(200);
    assert_eq!(lines(&server), 1);
    assert_eq!(server.number("SELECT count(*) FROM approval_decisions"), 2);
}
