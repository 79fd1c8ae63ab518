//! Applications for credit lines: drawn up, submitted, and decided by somebody else.

use std::thread;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_draft, a_group_of, a_product_line, a_submitted,
    a_unified_line, an_approver, application_body, terms_between, the_goods,
};

#[test]
fn an_application_becomes_a_line_step_by_step() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let manager = server.as_tier("account_manager");
    let officer = server.as_tier("credit_officer_branch");
    let body = application_body(Owner::Customer(&customer), Some(GOODS), "200000.00");
    let drawn_up = manager.post("/v1/credit-applications", &body).expect(201);
    let path = drawn_up.header("location").unwrap().to_owned();
    assert_eq!(drawn_up.field("status"), "draft");
    assert_eq!(
        drawn_up.field("requested_by"),
        manager.identity().principal()
    );
    for verb in ["approve", "reject"] {
        let body = match verb {
            "approve" => json!({}),
            _ => json!({"reason": "资料不全"}),
        };
        let refused = officer.post(&format!("{path}/{verb}"), &body);
        refused.expect_problem("invalid_transition");
    }
    let submitted = manager
        .post(&format!("{path}/submit"), &json!({}))
        .expect(200);
    assert_eq!(submitted.field("status"), "submitted");
    let comment = json!({"comment": "符合授信政策"});
    let approved = officer
        .post(&format!("{path}/approve"), &comment)
        .expect(200);
    let decided = manager.get(&path).expect(200);
    assert_eq!(decided.field("status"), "approved");
    assert_eq!(decided.json(), approved.json());
    let line = format!("/v1/credit-lines/{}", decided.field("credit_line_id"));
    let line = manager.get(&line).expect(200);
    assert_eq!(line.field("customer_id"), customer);
    assert_eq!(line.json()["group_id"], Value::Null);
    assert_eq!(line.field("product"), GOODS);
    assert_eq!(
        line.json()["limit"],
        json!({"kind": "amount", "amount": "200000.00"})
    );
    assert_eq!(line.field("status"), "active");
    assert_eq!(line.field("available"), "200000.00");
    assert_eq!(
        server.texts("SELECT comment FROM approval_decisions"),
        ["符合授信政策"]
    );
    for verb in ["submit", "approve", "withdraw"] {
        let again = server.with_everything();
        again
            .post(&format!("{path}/{verb}"), &json!({}))
            .expect_problem("invalid_transition");
    }
}

#[test]
fn an_application_can_be_rejected_or_taken_back_and_is_over_then() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let body = application_body(Owner::Customer(&customer), None, "1.00");
    let rejected = a_submitted(&server, &body);
    let why = json!({"reason": "资料不全"});
    let approver = an_approver(&server);
    approver
        .post(&format!("{rejected}/reject"), &json!({}))
        .expect(400);
    let answer = approver
        .post(&format!("{rejected}/reject"), &why)
        .expect(200);
    assert_eq!(answer.field("status"), "rejected");
    let withdrawn = a_submitted(&server, &body);
    approver
        .post(&format!("{withdrawn}/withdraw"), &json!({}))
        .expect_problem("four_eyes_required");
    let answer = server
        .with_everything()
        .post(&format!("{withdrawn}/withdraw"), &json!({}))
        .expect(200);
    assert_eq!(answer.field("status"), "withdrawn");
    for path in [rejected, withdrawn] {
        approver
            .post(&format!("{path}/approve"), &json!({}))
            .expect_problem("invalid_transition");
    }
    assert_eq!(server.number("SELECT count(*) FROM credit_lines"), 0);
}

#[test]
fn nobody_approves_what_they_asked_for_and_nobody_from_elsewhere_approves_at_all() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let body = application_body(Owner::Customer(&customer), None, "1.00");
    let path = a_submitted(&server, &body);
    let approve = format!("{path}/approve");
    let requester = server.with_everything();
    requester
        .post(&approve, &json!({}))
        .expect_problem("four_eyes_required");
    requester
        .post(&format!("{path}/reject"), &json!({"reason": "反悔"}))
        .expect_problem("four_eyes_required");
    let elsewhere = server.as_tier_at("credit_officer_branch", "head-office/west");
    elsewhere
        .post(&approve, &json!({}))
        .expect_problem("not_found");
    // Below the department of the customer is not above it either.
    let scopes = ["credit-applications:approve", "credit-applications:read"];
    let below = server.with(&scopes, &format!("{SALES}/team-1"), "below");
    below.post(&approve, &json!({})).expect_problem("not_found");
    assert_eq!(server.number("SELECT count(*) FROM credit_lines"), 0);
    let approver = an_approver(&server);
    approver.post(&approve, &json!({})).expect(200);
    approver
        .post(&approve, &json!({}))
        .expect_problem("invalid_transition");
    assert_eq!(server.number("SELECT count(*) FROM credit_lines"), 1);
}

#[test]
fn two_lines_for_the_same_never_overlap() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let owner = Owner::Customer(&customer);
    let approve = |body: &Value| {
        let path = format!("{}/approve", a_submitted(&server, body));
        an_approver(&server).post(&path, &json!({})).send()
    };
    let first = a_product_line(&server, &customer, "100.00").id();
    let last_day = terms_between(owner, Some(GOODS), "5.00", ["2026-12-31", "2027-12-31"]);
    let refused = approve(&last_day).expect_problem("line_overlaps");
    assert!(refused.field("detail").contains(&first));
    // The refused approval has decided nothing: the application can still be rejected.
    assert_eq!(
        server.texts("SELECT status FROM credit_applications ORDER BY status"),
        ["approved", "submitted"]
    );
    let next_day = terms_between(owner, Some(GOODS), "5.00", ["2027-01-01", "2027-12-31"]);
    approve(&next_day).expect(200);
    a_unified_line(&server, &customer, "100.00");
    approve(&application_body(owner, None, "5.00")).expect_problem("line_overlaps");
    let close = format!("/v1/credit-lines/{first}/close");
    an_approver(&server).post(&close, &json!({})).expect(200);
    approve(&application_body(owner, Some(GOODS), "5.00")).expect(200);

    // Two applications for the same at once: one line.
    let other = a_customer(&server).id();
    let body = application_body(Owner::Customer(&other), None, "5.00");
    let paths: Vec<String> = (0..4).map(|_| a_submitted(&server, &body)).collect();
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let running: Vec<_> = paths
            .iter()
            .map(|path| {
                let approver = an_approver(&server);
                scope.spawn(move || approver.post(&format!("{path}/approve"), &json!({})).send())
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap().status)
            .collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
}

#[test]
fn terms_that_make_no_sense_are_refused_and_named() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let group = a_group_of(&server, SALES).id();
    let usual = application_body(Owner::Customer(&customer), Some(GOODS), "1.00");
    let client = server.with_everything();
    for (field, value) in [
        ("amount", json!("1.001")),
        ("amount", json!("-0.01")),
        ("amount", json!("10000000000000.01")),
        ("payment_term_days", json!(-1)),
        ("payment_term_days", json!(3651)),
        ("valid_until", json!("2025-12-31")),
    ] {
        let mut body = usual.clone();
        body[field] = value;
        let refused = client
            .post("/v1/credit-applications", &body)
            .expect_problem("validation_failed");
        let pointer = format!("#/{field}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    let mut past = usual.clone();
    past["valid_from"] = json!("2025-01-01");
    past["valid_until"] = json!("2026-03-01");
    client
        .post("/v1/credit-applications", &past)
        .expect_problem("validation_failed");
    let mut unknown = usual.clone();
    unknown["product"] = json!("no_such_product");
    client
        .post("/v1/credit-applications", &unknown)
        .expect_problem("product_unknown");
    let mut both = usual.clone();
    both["group_id"] = json!(group);
    let mut neither = usual.clone();
    neither["customer_id"] = Value::Null;
    for body in [both, neither] {
        client
            .post("/v1/credit-applications", &body)
            .expect_problem("validation_failed");
    }
    let ceiling = application_body(Owner::Group(&group), Some(GOODS), "1.00");
    let refused = client
        .post("/v1/credit-applications", &ceiling)
        .expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/product");
    // Nobody applies for a customer that they may not know of.
    let stranger = server.as_tier_at("account_manager", ELSEWHERE);
    stranger
        .post("/v1/credit-applications", &usual)
        .expect_problem("not_found");
    assert_eq!(server.number("SELECT count(*) FROM credit_applications"), 0);
    // What was fine when it was drawn up can be too late when it is submitted.
    let mut short = usual;
    short["valid_until"] = json!("2026-03-02");
    let path = format!("/v1/credit-applications/{}", a_draft(&server, &short).id());
    server.advance(TimeDelta::days(1));
    client
        .post(&format!("{path}/submit"), &json!({}))
        .expect_problem("validation_failed");
}
