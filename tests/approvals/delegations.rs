//! Authority lent during absence: for days, in somebody's name, and no further.

use chrono::{TimeDelta, Timelike};
use serde_json::{Value, json};

use crate::approvals::{
    approve, case_of, colleague, goods, lend, lines, member, send_back, submitted,
};
use crate::support::checks::a_referral;
use crate::support::{
    Client, TestServer, a_customer, a_customer_of, a_product_line, actors::ELSEWHERE,
};

const TODAY: [&str; 2] = ["2026-03-02", "2026-03-02"];
const DELEGATIONS: &str = "/v1/approval-delegations";

fn a_case(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    submitted(server, &goods(server, &customer, "1.00"))
}

fn body(delegate: &str, [from, until]: [&str; 2]) -> Value {
    json!({"delegate": delegate, "from": from, "until": until, "reason": "年假"})
}

/// An officer of the east who may lend, and one of the west who sees nothing there.
fn lender_and_delegate(server: &TestServer) -> (Client, Client) {
    let lender = server.as_tier("credit_officer_branch");
    let west = "head-office/west";
    let delegate = member(server, "credit_officer_branch", west, "delegate");
    (lender, delegate)
}

#[test]
fn both_days_belong_to_a_delegation_from_midnight_to_midnight() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let [first, second, third] = [(); 3].map(|()| a_case(&server));
    lend(&lender, &delegate, ["2026-03-03", "2026-03-04"]);
    // Ten o'clock in Shanghai; days are those of the company.
    assert_eq!(server.now().hour(), 2);
    server.advance(TimeDelta::hours(14) - TimeDelta::microseconds(1));
    approve(&delegate, &first).expect_problem("not_found");
    server.advance(TimeDelta::microseconds(1));
    approve(&delegate, &first).expect(200);
    server.advance(TimeDelta::days(2) - TimeDelta::microseconds(1));
    approve(&delegate, &second).expect(200);
    server.advance(TimeDelta::microseconds(1));
    approve(&delegate, &third).expect_problem("not_found");
    assert_eq!(lines(&server), 2);
}

#[test]
fn days_that_make_no_sense_are_refused() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    delegate.get(DELEGATIONS).expect(200);
    let to = delegate.identity().principal();
    for days in [
        ["2026-03-05", "2026-03-04"],
        ["2026-02-01", "2026-03-01"],
        ["2026-03-02", "2027-03-04"],
    ] {
        let refused = lender.post(DELEGATIONS, &body(&to, days));
        let refused = refused.expect_problem("validation_failed").json();
        assert_eq!(refused["errors"][0]["pointer"], "#/until", "{days:?}");
    }
    // One that has begun, and one that ends exactly 366 days after it begins.
    for days in [["2026-02-01", "2026-03-02"], ["2026-03-02", "2027-03-03"]] {
        lender.post(DELEGATIONS, &body(&to, days)).expect(201);
    }
    let own = lender.identity().principal();
    let refused = lender.post(DELEGATIONS, &body(&own, TODAY));
    let refused = refused.expect_problem("validation_failed").json();
    assert_eq!(refused["errors"][0]["pointer"], "#/delegate");
    let nothing_to_lend = server.with(&["approvals:delegate"], "head-office", "nobody much");
    nothing_to_lend
        .post(DELEGATIONS, &body(&to, TODAY))
        .expect_problem("nothing_to_delegate");
    assert_eq!(
        server.number("SELECT count(*) FROM approval_delegations"),
        2
    );
}

#[test]
fn a_delegation_is_over_at_once_when_it_is_revoked() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let [first, second] = [(); 2].map(|()| a_case(&server));
    let path = lend(&lender, &delegate, ["2026-03-02", "2026-03-31"]);
    approve(&delegate, &first).expect(200);
    let revoke = format!("{path}/revoke");
    delegate
        .post(&revoke, &json!({}))
        .expect_problem("four_eyes_required");
    let revoked = lender.post(&revoke, &json!({})).expect(200);
    assert_eq!(revoked.field("revoked_at"), "2026-03-02T02:00:00Z");
    assert_eq!(revoked.json()["version"], 2);
    approve(&delegate, &second).expect_problem("not_found");
    lender
        .post(&revoke, &json!({}))
        .expect_problem("invalid_transition");
    // What was decided before stays decided.
    assert_eq!(case_of(&server, &first)["status"], "approved");
}

#[test]
fn what_was_lent_is_not_passed_on() {
    let server = TestServer::start();
    let head_office = server.as_tier("credit_officer_head_office");
    let (branch, delegate) = lender_and_delegate(&server);
    delegate.get(DELEGATIONS).expect(200);
    let customer = a_customer(&server).id();
    let large = submitted(&server, &goods(&server, &customer, "1000000.01"));
    lend(&head_office, &branch, TODAY);
    let passed_on = branch.post(DELEGATIONS, &body(&delegate.identity().principal(), TODAY));
    let passed_on = passed_on.expect(201).json();
    assert_eq!(passed_on["scopes"], json!(["approvals:decide:branch"]));
    assert_eq!(passed_on["org_path"], "head-office/east");
    approve(&delegate, &large).expect_problem("insufficient_scope");
    // In a chain of three the last has the authority of the second and no more.
    let small = a_case(&server);
    approve(&delegate, &small).expect(200);
    let decision = case_of(&server, &small)["steps"][0]["decision"].clone();
    assert_eq!(decision["on_behalf_of"], branch.identity().principal());
    approve(&branch, &large).expect(200);
    let decision = case_of(&server, &large)["steps"][0]["decision"].clone();
    assert_eq!(decision["on_behalf_of"], head_office.identity().principal());
}

#[test]
fn a_delegate_reaches_the_organisation_of_the_lender_and_nothing_else() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let north = member(
        &server,
        "credit_officer_branch",
        "head-office/north",
        "north",
    );
    let east = a_case(&server);
    let customer = a_customer_of(&server, ELSEWHERE).id();
    let west = submitted_elsewhere(&server, &customer);
    lend(&lender, &north, TODAY);
    approve(&north, &west).expect_problem("not_found");
    approve(&north, &east).expect(200);
    // Own authority is used where it is enough, and then in nobody else's name.
    lend(&lender, &delegate, TODAY);
    approve(&delegate, &west).expect(200);
    let decision = case_of(&server, &west)["steps"][0]["decision"].clone();
    assert_eq!(decision["on_behalf_of"], Value::Null);
}

fn submitted_elsewhere(server: &TestServer, customer: &str) -> String {
    let manager = server.as_tier_at("account_manager", ELSEWHERE);
    crate::approvals::submitted_by(&manager, &goods(server, customer, "1.00"))
}

#[test]
fn a_delegate_sends_back_and_rejects_in_the_name_of_the_lender_too() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let [back, no] = [(); 2].map(|()| a_case(&server));
    let reason = json!({"reason": "资料不全"});
    let reject = format!("{no}/reject");
    send_back(&delegate, &back).expect_problem("not_found");
    delegate.post(&reject, &reason).expect_problem("not_found");
    lend(&lender, &delegate, TODAY);
    send_back(&delegate, &back).expect(200);
    delegate.post(&reject, &reason).expect(200);
    let case = case_of(&server, &no);
    assert_eq!(case["status"], "rejected");
    let name = lender.identity().principal();
    assert_eq!(case["steps"][0]["decision"]["on_behalf_of"], name);
}

#[test]
fn lent_authority_does_not_open_the_operation() {
    let server = TestServer::start();
    let (lender, _) = lender_and_delegate(&server);
    let path = a_case(&server);
    for tier in ["department_head", "auditor"] {
        let delegate = colleague(&server, tier, tier);
        lend(&lender, &delegate, TODAY);
        approve(&delegate, &path).expect_problem("insufficient_scope");
    }
    // Who may call it at all needs no authority of their own over the step.
    let scopes = ["credit-applications:approve", "credit-applications:read"];
    let delegate = server.with(&scopes, "head-office/west", "only the operation");
    approve(&delegate, &path).expect_problem("not_found");
    lend(&lender, &delegate, TODAY);
    approve(&delegate, &path).expect(200);
}

#[test]
fn nobody_decides_what_they_may_not_read() {
    let server = TestServer::start();
    let path = a_case(&server);
    let scopes = ["credit-applications:approve", "approvals:decide:branch"];
    let blind = server.with(&scopes, "head-office/east", "blind");
    let id = server
        .with_everything()
        .get(&path)
        .expect(200)
        .field("approval_id");
    let named = json!({"approval_id": id});
    let refused = blind.post(&format!("{path}/approve"), &named);
    let refused = refused.expect_problem("insufficient_scope");
    assert_eq!(refused.field("required_scope"), "credit-applications:read");
}

#[test]
fn a_delegate_reads_what_is_to_be_decided_and_keeps_what_was() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let [path, other] = [(); 2].map(|()| a_case(&server));
    let checks = format!("{path}/checks");
    delegate.get(&path).expect_problem("not_found");
    delegate.get(&checks).expect_problem("not_found");
    lend(&lender, &delegate, TODAY);
    delegate.get(&checks).expect(200);
    let read = delegate.get(&path).expect(200);
    let approve = delegate.post(&format!("{path}/approve"), &json!({}));
    approve.header("If-Match", &read.etag()).expect(200);
    delegate.get(&other).expect(200);
    server.advance(TimeDelta::days(1));
    // Whoever decided it may see what it was; the rest is over with what was lent.
    assert_eq!(delegate.get(&path).expect(200).field("status"), "approved");
    delegate.get(&other).expect_problem("not_found");
}

#[test]
fn both_sides_and_who_stands_above_see_a_delegation_and_strangers_do_not() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let auditor = server.as_tier("auditor");
    let north = "head-office/north";
    let stranger = member(&server, "credit_officer_branch", north, "stranger");
    let lent = lend(&lender, &delegate, TODAY);
    server.advance(TimeDelta::milliseconds(1));
    let taken = lend(&delegate, &lender, TODAY);
    for side in [&lender, &delegate, &auditor] {
        let items = side.get(DELEGATIONS).expect(200).items();
        let shown: Vec<String> = items
            .iter()
            .map(|item| format!("{DELEGATIONS}/{}", item["id"].as_str().unwrap()))
            .collect();
        assert_eq!(shown, [taken.clone(), lent.clone()]);
        let one = side.get(&lent).expect(200).json();
        assert_eq!(one["delegator"], lender.identity().principal());
        assert_eq!(one["delegate"], delegate.identity().principal());
        assert_eq!(one, items[1]);
        assert_eq!(
            (&one["in_force"], &one["ended_because"]),
            (&json!(true), &Value::Null)
        );
    }
    assert!(stranger.get(DELEGATIONS).expect(200).items().is_empty());
    stranger.get(&lent).expect_problem("not_found");
    stranger
        .post(&format!("{lent}/revoke"), &json!({}))
        .expect_problem("not_found");
    assert_eq!(
        server.texts("SELECT revoked_at FROM approval_delegations"),
        ["", ""]
    );
}

#[test]
fn a_delegation_is_ended_from_above_and_not_by_the_delegate() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let path = a_case(&server);
    let revoke = format!("{}/revoke", lend(&lender, &delegate, TODAY));
    delegate
        .post(&revoke, &json!({}))
        .expect_problem("four_eyes_required");
    let head_office = server.as_tier("credit_officer_head_office");
    let revoked = head_office.post(&revoke, &json!({})).expect(200);
    assert_eq!(revoked.field("ended_because"), "revoked");
    approve(&delegate, &path).expect_problem("not_found");
    let told = server
        .texts("SELECT data->>'revoked_by' FROM events WHERE kind = 'approval.delegation_revoked'");
    assert_eq!(told, [head_office.identity().principal()]);
}

#[test]
fn what_is_lent_ends_with_the_authority_of_the_lender() {
    let server = TestServer::start();
    let (lender, delegate) = lender_and_delegate(&server);
    let path = a_case(&server);
    let lent = lend(&lender, &delegate, TODAY);
    let with = |scopes: &[&str], org_path: &str| {
        let mut identity = lender.identity().clone();
        identity.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        identity.org_path = org_path.to_owned();
        server.client_of(identity)
    };
    let deciding = ["approvals:decide:branch", "approvals:read"];
    for now in [
        with(&["approvals:read"], "head-office/east"),
        with(&deciding, "head-office/west"),
    ] {
        now.get(&lent).expect(200);
        approve(&delegate, &path).expect_problem("not_found");
        let shown = now.get(&lent).expect(200).json();
        assert_eq!(
            (&shown["in_force"], &shown["ended_because"]),
            (&json!(false), &json!("authority_lost"))
        );
    }
    // Whoever has it again lends it again; it is written down with whatever is written next.
    with(&deciding, "head-office").get(&lent).expect(200);
    a_customer(&server);
    approve(&delegate, &path).expect(200);
}

#[test]
fn authority_is_lent_to_somebody_who_exists_and_to_no_customer() {
    let server = TestServer::start();
    let lender = server.as_tier("credit_officer_branch");
    let refused = |to: &str| {
        let refused = lender.post(DELEGATIONS, &body(to, TODAY));
        let refused = refused.expect_problem("validation_failed").json();
        assert_eq!(refused["errors"][0]["pointer"], "#/delegate");
    };
    refused("https://issuer.internal.test|nobody");
    let customer = server.as_customer(&a_customer(&server).id());
    customer.get("/v1/credit-lines").expect(200);
    refused(&customer.identity().principal());
}

#[test]
fn who_stood_in_for_the_requester_on_any_day_of_a_case_does_not_decide_it() {
    let server = TestServer::start();
    let requester = server.as_tier("credit_officer_branch");
    let delegate = server.as_tier("credit_officer_head_office");
    let opened = |amount: &str| {
        let customer = a_customer(&server).id();
        crate::approvals::submitted_by(&requester, &goods(&server, &customer, amount))
    };
    // Monday and Tuesday; the case is opened on Tuesday and decided on Wednesday.
    lend(&requester, &delegate, ["2026-03-02", "2026-03-03"]);
    server.advance(TimeDelta::days(1));
    let path = opened("1.00");
    server.advance(TimeDelta::days(1));
    let refused = approve(&delegate, &path).expect_problem("four_eyes_required");
    assert_eq!(refused.field("four_eyes"), "stands_in_for_requester");
    let waiting = "/v1/approvals?role=waiting_for_me";
    assert!(delegate.get(waiting).expect(200).items().is_empty());
    // What was asked for after that is none of it, nor is what was revoked before.
    approve(&delegate, &opened("2.00")).expect(200);
    let lent = lend(&requester, &delegate, ["2026-03-04", "2026-03-31"]);
    let revoke = format!("{lent}/revoke");
    requester.post(&revoke, &json!({})).expect(200);
    server.advance(TimeDelta::milliseconds(1));
    approve(&delegate, &opened("3.00")).expect(200);
}

#[test]
fn a_delegate_decides_a_referral_where_the_lender_would() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    let (lender, delegate) = lender_and_delegate(&server);
    let referral = a_referral(&server, &customer, "1000.01");
    let path = format!("/v1/referrals/{}/approve", referral.id());
    let comment = json!({"comment": "同意"});
    delegate.post(&path, &comment).expect_problem("not_found");
    lend(&lender, &delegate, TODAY);
    let released = delegate.post(&path, &comment).expect(200);
    assert_eq!(released.field("status"), "released");
    let case = format!("/v1/approvals/{}", referral.field("approval_id"));
    let case = server.as_tier("auditor").get(&case).expect(200).json();
    let decision = &case["steps"][0]["decision"];
    assert_eq!(
        (&decision["decided_by"], &decision["on_behalf_of"]),
        (
            &json!(delegate.identity().principal()),
            &json!(lender.identity().principal())
        ),
        "{case}"
    );
}
