//! Nobody decides what they asked for, nor one case twice, in person or through somebody else.

use serde_json::{Value, json};

use super::{
    approve, approve_step, case_of, goods, lend, lines, member, send_back, status_of, submit,
};
use super::{submitted, submitted_by, withdraw};
use crate::support::{Answer, Client, TestServer, a_customer, somebody};

const TODAY: [&str; 2] = ["2026-03-02", "2026-03-02"];

/// A case of two steps that waits for the first.
fn of_two_steps(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    submitted(server, &goods(server, &customer, "50000000.01"))
}

fn refused_everything(client: &Client, path: &str) {
    approve(client, path).expect_problem("four_eyes_required");
    send_back(client, path).expect_problem("four_eyes_required");
    let reason = json!({"reason": "不同意"});
    let reject = client.post(&format!("{path}/reject"), &reason);
    reject.expect_problem("four_eyes_required");
}

#[test]
fn the_requester_decides_nothing_of_it_with_whatever_authority() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let officer = server.as_tier("credit_officer_branch");
    let path = submitted_by(&officer, &goods(&server, &customer, "1.00"));
    refused_everything(&officer, &path);
    assert_eq!(status_of(&server, &path), "submitted");
    let other = member(
        &server,
        "credit_officer_branch",
        "head-office/east",
        "other",
    );
    approve(&other, &path).expect(200);
}

#[test]
fn who_stands_in_for_the_requester_decides_nothing_of_it_either() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let requester = server.as_tier("credit_officer_branch");
    let path = submitted_by(&requester, &goods(&server, &customer, "1.00"));
    let delegate = server.as_tier("credit_officer_head_office");
    let lent = lend(&requester, &delegate, TODAY);
    refused_everything(&delegate, &path);
    // Nor does anybody through the delegate.
    let third = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "third",
    );
    lend(&delegate, &third, TODAY);
    refused_everything(&third, &path);
    assert_eq!(lines(&server), 0);
    // Revoking it does not undo that it was so while the case was open.
    let revoke = format!("{lent}/revoke");
    requester.post(&revoke, &json!({})).expect(200);
    refused_everything(&delegate, &path);
    assert_eq!(lines(&server), 0);
}

#[test]
fn one_person_decides_one_step_of_a_case() {
    let server = TestServer::start();
    let path = of_two_steps(&server);
    let powerful = somebody(&server, "powerful");
    approve_step(&powerful, &path, 1).expect(200);
    refused_everything(&powerful, &path);
    assert_eq!(lines(&server), 0);
    approve(&server.as_tier("executive"), &path).expect(200);
}

#[test]
fn who_decided_through_a_delegate_does_not_decide_in_person() {
    let server = TestServer::start();
    let path = of_two_steps(&server);
    let powerful = somebody(&server, "powerful");
    let delegate = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "delegate",
    );
    lend(&powerful, &delegate, TODAY);
    approve_step(&delegate, &path, 1).expect(200);
    let first = case_of(&server, &path)["steps"][0]["decision"].clone();
    assert_eq!(first["decided_by"], delegate.identity().principal());
    assert_eq!(first["on_behalf_of"], powerful.identity().principal());
    refused_everything(&powerful, &path);
    refused_everything(&delegate, &path);
    // Nor through another delegate.
    let another = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "another",
    );
    lend(&powerful, &another, TODAY);
    refused_everything(&another, &path);
    assert_eq!(lines(&server), 0);
}

#[test]
fn who_decided_in_person_does_not_decide_through_a_delegate() {
    let server = TestServer::start();
    let path = of_two_steps(&server);
    let powerful = somebody(&server, "powerful");
    approve_step(&powerful, &path, 1).expect(200);
    let delegate = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "delegate",
    );
    lend(&powerful, &delegate, TODAY);
    refused_everything(&delegate, &path);
    // With the authority of somebody else they do.
    lend(&server.as_tier("executive"), &delegate, TODAY);
    approve(&delegate, &path).expect(200);
}

#[test]
fn who_may_decide_a_later_step_too_says_which_is_meant() {
    let server = TestServer::start();
    let path = of_two_steps(&server);
    let executive = server.as_tier("executive");
    let refused = approve(&executive, &path).expect_problem("validation_failed");
    let refused = refused.json();
    assert_eq!(refused["errors"][0]["pointer"], "#/step");
    assert_eq!(refused["waiting_step"], 1);
    // Nothing was decided by that, and a step that does not wait is not decided ahead.
    let ahead = approve_step(&executive, &path, 2).expect_problem("invalid_transition");
    assert_eq!(ahead.json()["waiting_step"], 1);
    assert_eq!(case_of(&server, &path)["current_step"], 1);
    approve_step(&executive, &path, 1).expect(200);
    let barred = approve_step(&executive, &path, 2).expect_problem("four_eyes_required");
    let barred = barred.json();
    assert_eq!(
        (&barred["four_eyes"], &barred["step"]),
        (&json!("decided_before"), &json!(1))
    );
    assert!(barred["detail"].as_str().unwrap().contains("head_office"));
    // The last step is nobody's lower one.
    let other = member(&server, "executive", "head-office", "another executive");
    let decided = approve(&other, &path).expect(200);
    assert_eq!(decided.field("status"), "approved");
    assert_eq!(lines(&server), 1);
}

#[test]
fn the_head_office_first_and_then_the_executive_need_no_names() {
    let server = TestServer::start();
    let path = of_two_steps(&server);
    let head_office = server.as_tier("credit_officer_head_office");
    let waiting = approve(&head_office, &path).expect(200);
    let decided = approve(&server.as_tier("executive"), &path).expect(200);
    // One shape at every step: the application, which names the line after the last one.
    let members = |answer: &Answer| {
        let body = answer.json();
        let names = body.as_object().unwrap().keys().cloned();
        names.collect::<Vec<_>>()
    };
    assert_eq!(members(&waiting), members(&decided));
    assert_eq!(waiting.json()["credit_line_id"], Value::Null);
    let line = decided.field("credit_line_id");
    let line = format!("/v1/credit-lines/{line}");
    server.as_tier("auditor").get(&line).expect(200);
    assert_eq!(
        server.as_tier("auditor").get(&path).expect(200).etag(),
        decided.etag()
    );
}

#[test]
fn four_eyes_say_why() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let requester = server.as_tier("credit_officer_branch");
    let path = submitted_by(&requester, &goods(&server, &customer, "1.00"));
    let why = |client: &Client| {
        let refused = approve(client, &path).expect_problem("four_eyes_required");
        refused.field("four_eyes")
    };
    assert_eq!(why(&requester), "asked_for_it");
    let delegate = server.as_tier("credit_officer_head_office");
    lend(&requester, &delegate, TODAY);
    assert_eq!(why(&delegate), "stands_in_for_requester");
    let third = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "third",
    );
    lend(&delegate, &third, TODAY);
    assert_eq!(why(&third), "lent_by_barred");
}

#[test]
fn a_case_that_was_sent_back_begins_again_and_may_have_the_same_people() {
    let server = TestServer::start();
    let path = of_two_steps(&server);
    let head_office = server.as_tier("credit_officer_head_office");
    let executive = server.as_tier("executive");
    approve(&head_office, &path).expect(200);
    send_back(&executive, &path).expect(200);
    submit(&server.as_tier("account_manager"), &path).expect(200);
    assert_eq!(case_of(&server, &path)["current_step"], 1);
    approve(&head_office, &path).expect(200);
    approve(&executive, &path).expect(200);
}

#[test]
fn only_the_author_submits_and_takes_back() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let author = server.as_tier("account_manager");
    let other = member(
        &server,
        "account_manager",
        &author.identity().org_path,
        "other",
    );
    let body = goods(&server, &customer, "1.00");
    let drawn_up = author.post("/v1/credit-applications", &body).expect(201);
    let path = drawn_up.header("location").unwrap().to_owned();
    for stranger in [&other, &server.with_everything()] {
        submit(stranger, &path).expect_problem("four_eyes_required");
        withdraw(stranger, &path).expect_problem("four_eyes_required");
    }
    assert_eq!(author.get(&path).expect(200).json(), drawn_up.json());
    submit(&author, &path).expect(200);
    for stranger in [&other, &server.with_everything()] {
        withdraw(stranger, &path).expect_problem("four_eyes_required");
    }
    assert_eq!(status_of(&server, &path), "submitted");
    assert_eq!(
        withdraw(&author, &path).expect(200).field("status"),
        "withdrawn"
    );
    assert_eq!(case_of(&server, &path)["status"], "withdrawn");
    approve(&server.as_tier("credit_officer_branch"), &path).expect_problem("invalid_transition");
}
