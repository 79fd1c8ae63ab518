//! Whole stories of applications, each with the shortcut that is refused.

use serde_json::{Value, json};

use super::{
    approve, case_of, colleague, goods, lines, policy, relate, score, send_back, status_of, submit,
    submitted,
};
use crate::support::{Answer, TestServer, a_customer, a_rate, confirmed, figure_body, in_currency};

/// The checks that a refusal names.
fn failed(answer: &Answer) -> Vec<Value> {
    let reasons = answer.json()["reasons"].clone();
    let named = reasons.as_array().unwrap().iter();
    named.map(|reason| reason["check"].clone()).collect()
}

#[test]
fn a_branch_approves_within_its_authority() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    score(&server, &customer, "B", ["2026-03-01", "2026-12-31"]);
    let path = submitted(&server, &goods(&server, &customer, "1000000.00"));
    approve(&server.as_tier("department_head"), &path).expect_problem("insufficient_scope");
    approve(&server.as_tier("credit_officer_branch"), &path).expect(200);
    assert_eq!(lines(&server), 1);
}

#[test]
fn above_the_authority_of_a_branch_the_head_office_decides() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    score(&server, &customer, "B", ["2026-03-01", "2026-12-31"]);
    let path = submitted(&server, &goods(&server, &customer, "1000000.01"));
    let branch = server.as_tier("credit_officer_branch");
    approve(&branch, &path).expect_problem("insufficient_scope");
    assert_eq!(lines(&server), 0);
    approve(&server.as_tier("credit_officer_head_office"), &path).expect(200);
    assert_eq!(lines(&server), 1);
}

#[test]
fn an_amount_in_another_currency_counts_at_its_rate() {
    let server = TestServer::start();
    a_rate(&server, ["USD", "CNY"], "7.00");
    let customer = a_customer(&server).id();
    score(&server, &customer, "B", ["2026-03-01", "2026-12-31"]);
    let manager = server.as_tier("account_manager");
    for (dollars, rule) in [("142857.14", "branch"), ("142857.15", "head_office")] {
        let body = in_currency(goods(&server, &customer, dollars), "USD");
        let path = super::submitted_by(&manager, &body);
        assert_eq!(case_of(&server, &path)["rule"], rule, "{dollars}");
    }
}

#[test]
fn related_parties_take_their_own_chain() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    relate(&server, &customer);
    let path = submitted(&server, &goods(&server, &customer, "1.00"));
    let opened = case_of(&server, &path);
    assert_eq!(opened["rule"], "related_party");
    assert_eq!(opened["related_party"], true);
    let branch = server.as_tier("credit_officer_branch");
    let executive = server.as_tier("executive");
    approve(&branch, &path).expect_problem("insufficient_scope");
    // The executive comes after the step of the related party, not instead of it.
    approve(&executive, &path).expect_problem("insufficient_scope");
    let head_office = server.as_tier("credit_officer_head_office");
    let waiting = approve(&head_office, &path).expect(200);
    assert_eq!(waiting.field("status"), "submitted");
    assert_eq!(lines(&server), 0);
    let other = colleague(&server, "credit_officer_head_office", "another officer");
    approve(&other, &path).expect_problem("insufficient_scope");
    approve(&executive, &path).expect(200);
    assert_eq!(lines(&server), 1);
}

#[test]
fn a_breach_of_concentration_needs_the_head_office_and_then_the_executive() {
    let server = TestServer::start();
    policy(&server, &json!({"concentration_max_bp": 1500}));
    let figure = figure_body("2026-01-01", "1000000.00");
    let everything = server.with_everything();
    confirmed(
        &server,
        everything.post("/v1/company-figures", &figure).expect(202),
    );
    let within = a_customer(&server).id();
    score(&server, &within, "B", ["2026-03-01", "2026-12-31"]);
    let path = submitted(&server, &goods(&server, &within, "150000.00"));
    assert_eq!(case_of(&server, &path)["rule"], "branch");
    let beyond = a_customer(&server).id();
    score(&server, &beyond, "B", ["2026-03-01", "2026-12-31"]);
    let path = submitted(&server, &goods(&server, &beyond, "150000.01"));
    let opened = case_of(&server, &path);
    assert_eq!(
        (&opened["rule"], &opened["exceptional"]),
        (&json!("exception"), &json!(true))
    );
    let executive = server.as_tier("executive");
    let branch = server.as_tier("credit_officer_branch");
    approve(&branch, &path).expect_problem("insufficient_scope");
    let head_office = server.as_tier("credit_officer_head_office");
    approve(&head_office, &path).expect(200);
    let other = colleague(&server, "credit_officer_head_office", "another officer");
    approve(&other, &path).expect_problem("insufficient_scope");
    assert_eq!(lines(&server), 0);
    approve(&executive, &path).expect(200);
    assert_eq!(lines(&server), 1);
}

#[test]
fn who_pays_cash_is_refused_outright_and_nothing_changes() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    score(&server, &customer, "D", ["2026-03-01", "2026-12-31"]);
    let manager = server.as_tier("account_manager");
    let body = goods(&server, &customer, "0.01");
    let drawn_up = manager.post("/v1/credit-applications", &body).expect(201);
    let path = drawn_up.header("location").unwrap().to_owned();
    let refused = submit(&manager, &path).expect_problem("approval_check_failed");
    assert_eq!(failed(&refused), [json!("grade")]);
    let after = manager.get(&path).expect(200);
    assert_eq!(after.json(), drawn_up.json());
    assert_eq!(server.number("SELECT count(*) FROM approval_cases"), 0);
    assert_eq!(
        server.number("SELECT count(*) FROM credit_application_checks"),
        0
    );
    approve(&server.as_tier("executive"), &path).expect_problem("invalid_transition");
    // A limit of zero is no credit.
    manager
        .patch(&path, "*", &json!({"amount": "0.00"}))
        .expect(200);
    submit(&manager, &path).expect(200);
}

#[test]
fn checks_that_change_before_the_last_approval_send_it_back() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    score(&server, &customer, "B", ["2026-03-01", "2026-12-31"]);
    let path = submitted(&server, &goods(&server, &customer, "500.00"));
    let first_case = super::case_path(&server, &path);
    policy(
        &server,
        &json!({"required_documents": ["business_licence"]}),
    );
    let officer = server.as_tier("credit_officer_branch");
    let before = case_of(&server, &path);
    let refused = approve(&officer, &path).expect_problem("approval_checks_changed");
    assert_eq!(failed(&refused), [json!("documents")]);
    assert_eq!(
        case_of(&server, &path),
        before,
        "the refused approval decided something"
    );
    assert_eq!(status_of(&server, &path), "submitted");
    assert_eq!(lines(&server), 0);
    let manager = server.as_tier("account_manager");
    // Only a draft can be changed.
    let licence = json!({"attachments": [{"kind": "business_licence", "reference": "DMS-1"}]});
    manager
        .patch(&path, "*", &licence)
        .expect_problem("invalid_transition");
    let back = send_back(&officer, &path).expect(200);
    assert_eq!(back.field("status"), "draft");
    manager.patch(&path, "*", &licence).expect(200);
    submit(&manager, &path).expect(200);
    let second_case = super::case_path(&server, &path);
    assert_ne!(first_case, second_case);
    approve(&officer, &path).expect(200);
    assert_eq!(lines(&server), 1);
    let auditor = server.as_tier("auditor");
    assert_eq!(
        auditor.get(&first_case).expect(200).field("status"),
        "sent_back"
    );
    assert_eq!(
        auditor.get(&second_case).expect(200).field("status"),
        "approved"
    );
}

#[test]
fn who_becomes_a_related_party_meanwhile_belongs_before_other_people() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let path = submitted(&server, &goods(&server, &customer, "500.00"));
    relate(&server, &customer);
    let officer = server.as_tier("credit_officer_branch");
    approve(&officer, &path).expect_problem("approval_checks_changed");
    assert_eq!(case_of(&server, &path)["steps"][0]["decision"], Value::Null);
    assert_eq!(lines(&server), 0);
    send_back(&officer, &path).expect(200);
    submit(&server.as_tier("account_manager"), &path).expect(200);
    assert_eq!(case_of(&server, &path)["rule"], "related_party");
    approve(&officer, &path).expect_problem("insufficient_scope");
}

#[test]
fn who_loses_the_grade_meanwhile_belongs_before_other_people() {
    let server = TestServer::start();
    let [weaker, better] = ["C", "A"].map(|grade| {
        let customer = a_customer(&server).id();
        score(&server, &customer, "B", ["2026-03-01", "2026-12-31"]);
        let path = submitted(&server, &goods(&server, &customer, "500000.00"));
        score(&server, &customer, grade, ["2026-03-02", "2026-12-31"]);
        path
    });
    let officer = server.as_tier("credit_officer_branch");
    approve(&officer, &weaker).expect_problem("approval_checks_changed");
    // More authority than needed is no reason to ask again.
    approve(&officer, &better).expect(200);
    assert_eq!(lines(&server), 1);
}
