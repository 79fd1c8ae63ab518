//! What makes more usable is decided by somebody else, whatever the request is called.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{
    a_policy, a_score, about_line, decided, draw_up, leave, submit,
};
use crate::support::ledger::{Nested, assert_clean, line};
use crate::support::{
    Answer, Client, GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_draft,
    a_group_line, a_group_of, a_line, a_member, a_product_line, a_reservation, a_submitted,
    a_unified_line, an_approver, application_body, approved, reservation_body, somebody, the_goods,
};

fn act(client: &Client, line: &str, verb: &str) -> Answer {
    let path = format!("/v1/credit-lines/{line}/{verb}");
    client.post(&path, &json!({"reason": "降低风险"})).send()
}

/// That it has to be applied for, and how; what is more by it.
fn has_to_be_applied_for(answer: Answer, apply_with: &Value) -> Value {
    let refused = answer.expect_problem("approval_required").json();
    assert_eq!(refused["apply_with"], *apply_with);
    refused["increase"].clone()
}

fn reserve(server: &TestServer, customer: &str, amount: &str) -> Answer {
    let body = reservation_body(customer, amount);
    server
        .with_everything()
        .post("/v1/reservations", &body)
        .send()
}

fn unlimited(server: &TestServer, customer: &str) -> String {
    the_goods(server);
    let mut body = application_body(Owner::Customer(customer), Some(GOODS), "0.00");
    (body["limit_kind"], body["amount"]) = (json!("unlimited"), Value::Null);
    a_line(server, &body).id()
}

/// The case of a submitted application.
fn case_of(server: &TestServer, path: &str) -> Value {
    let client = server.with_everything();
    let case = client.get(path).expect(200).field("approval_id");
    client
        .get(&format!("/v1/approvals/{case}"))
        .expect(200)
        .json()
}

#[test]
fn the_end_of_a_limit_that_bounds_others_is_an_increase() {
    let server = TestServer::start();
    let officer = server.as_tier("credit_officer_branch");
    let customer = a_customer(&server).id();
    let unified = a_unified_line(&server, &customer, "100.00").id();
    let goods = a_product_line(&server, &customer, "5000.00").id();
    let apply_with = json!({"action": "close", "credit_line_id": unified});
    let increase = has_to_be_applied_for(act(&officer, &unified, "close"), &apply_with);
    assert_eq!(
        increase,
        json!({
            "customer_id": customer, "product": GOODS, "on": "2026-03-02", "currency": "CNY",
            "before": "100.00", "after": "5000.00", "credit_line_id": null, "term": null,
        })
    );
    reserve(&server, &customer, "4000.00").expect_problem("limit_exceeded");
    // A product line bounds nothing but itself.
    act(&officer, &goods, "close").expect(200);
    assert_eq!(line(&server, &goods)["available"], "0.00");
    assert_eq!(line(&server, &goods)["usable"], "0.00");
    act(&officer, &unified, "close").expect(200);

    let customer = a_customer(&server).id();
    let unified = a_unified_line(&server, &customer, "100.00").id();
    unlimited(&server, &customer);
    let apply_with = json!({"action": "close", "credit_line_id": unified});
    let increase = has_to_be_applied_for(act(&officer, &unified, "close"), &apply_with);
    assert_eq!(increase["after"], Value::Null);
    reserve(&server, &customer, "900000000.00").expect_problem("limit_exceeded");
    // What is used up or suspended today bounds all the same.
    a_reservation(&server, &customer, "100.00");
    has_to_be_applied_for(act(&officer, &unified, "close"), &apply_with);
    act(&officer, &unified, "suspend").expect(200);
    has_to_be_applied_for(act(&officer, &unified, "close"), &apply_with);

    let nested = Nested::within(&server, ["5000.00", "9000.00", "100.00"]);
    let [_, unified, ceiling] = &nested.lines;
    let apply_with = json!({"action": "close", "credit_line_id": ceiling});
    let head_office = server.as_tier("credit_officer_head_office");
    has_to_be_applied_for(act(&head_office, ceiling, "close"), &apply_with);
    reserve(&server, &nested.customer, "4000.00").expect_problem("limit_exceeded");
    // One that is wider than what it bounds may end.
    act(&officer, unified, "close").expect(200);
    assert_eq!(line(&server, unified)["available"], "0.00");
    decided(&server, act(&head_office, ceiling, "close")).expect(200);
    reserve(&server, &nested.customer, "4000.00").expect(201);
    assert_clean(&server);
}

#[test]
fn whoever_shuts_one_level_does_not_open_the_other_unseen() {
    let server = TestServer::start();
    let officer = server.as_tier("credit_officer_branch");
    let customer = a_customer(&server).id();
    let unified = a_unified_line(&server, &customer, "100.00").id();
    let goods = a_product_line(&server, &customer, "5000.00").id();
    act(&officer, &goods, "suspend").expect(200);
    let apply_with = json!({"action": "close", "credit_line_id": unified});
    has_to_be_applied_for(act(&officer, &unified, "close"), &apply_with);
    act(&officer, &unified, "suspend").expect(200);
    for id in [&unified, &goods] {
        let apply_with = json!({"action": "resume", "credit_line_id": id});
        has_to_be_applied_for(act(&officer, id, "resume"), &apply_with);
    }
    // To start again is a decision with checks, and another person's.
    let everything = server.with_everything();
    let resumed = decided(&server, act(&everything, &goods, "resume")).expect(200);
    assert_eq!(resumed.field("status"), "approved");
    assert_eq!(line(&server, &goods)["status"], "active");
    reserve(&server, &customer, "1.00").expect_problem("line_suspended");
    assert_clean(&server);
}

#[test]
fn the_chain_of_an_application_follows_its_effect() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_score(&server, &customer, "A", "2026-12-31");
    let unified = a_unified_line(&server, &customer, "100.00").id();
    let goods = a_product_line(&server, &customer, "2000000.00").id();
    let path = a_submitted(&server, &about_line(&unified, "close", &json!({})));
    let case = case_of(&server, &path);
    assert_eq!(
        (&case["rule"], &case["action"]),
        (&json!("head_office"), &json!("increase"))
    );
    let checks = server
        .with_everything()
        .get(&format!("{path}/checks"))
        .expect(200)
        .json();
    assert_eq!(checks["now"]["raises"], true);
    assert_eq!(checks["now"]["measured"]["customer"], "2000000.00");
    let harmless = a_submitted(&server, &about_line(&goods, "close", &json!({})));
    let case = case_of(&server, &harmless);
    assert_eq!(
        (&case["rule"], &case["action"]),
        (&json!("lower_risk"), &json!("close"))
    );
    // Terms that ask more of the customer are no increase.
    let stricter = about_line(&goods, "change_terms", &json!({"payment_term_days": 10}));
    let stricter = a_submitted(&server, &stricter);
    assert_eq!(case_of(&server, &stricter)["rule"], "lower_risk");
    let longer = about_line(&goods, "change_terms", &json!({"payment_term_days": 60}));
    let longer = a_submitted(&server, &longer);
    assert_eq!(case_of(&server, &longer)["rule"], "head_office");
    // What was harmless when it was submitted and is so no more is not carried out.
    approved(&server, &path);
    let other = a_customer(&server).id();
    let unified = a_unified_line(&server, &other, "100.00").id();
    a_product_line(&server, &other, "50.00");
    let path = a_submitted(&server, &about_line(&unified, "close", &json!({})));
    assert_eq!(case_of(&server, &path)["rule"], "lower_risk");
    let more = json!({"customer_id": other, "group_id": null, "action": "open", "product": "advance",
        "amount": "70.00", "currency": "CNY", "valid_from": "2026-01-01", "valid_until": "2026-12-31"});
    crate::support::a_product(&server, "advance");
    a_line(&server, &more);
    an_approver(&server)
        .post(&format!("{path}/approve"), &json!({}))
        .expect_problem("approval_checks_changed");
}

#[test]
fn another_mode_of_a_group_is_applied_for_where_it_gives_more() {
    let server = TestServer::start();
    let manager = server.as_tier("account_manager");
    let group = a_group_of(&server, SALES).id();
    a_group_line(&server, &group, "100.00");
    let [one, other] = [(); 2].map(|()| {
        let customer = a_customer_with_credit(&server, SALES);
        a_member(&server, &group, &customer);
        customer
    });
    let path = format!("/v1/credit-groups/{group}");
    let switch = |mode: &str| {
        manager
            .patch(&path, "*", &json!({"limit_mode": mode}))
            .send()
    };
    for mode in ["per_member_minimum", "fallback"] {
        let apply_with = json!({"action": "change_mode", "group_id": group, "limit_mode": mode});
        let increase = has_to_be_applied_for(switch(mode), &apply_with);
        assert_eq!(
            (&increase["before"], &increase["after"]),
            (&json!("100.00"), &json!("200.00"))
        );
    }
    a_reservation(&server, &one, "100.00");
    reserve(&server, &other, "0.01").expect_problem("limit_exceeded");
    assert_eq!(manager.get(&path).expect(200).field("limit_mode"), "pooled");
    decided(&server, switch("per_member_minimum")).expect(200);
    assert_eq!(
        manager.get(&path).expect(200).field("limit_mode"),
        "per_member_minimum"
    );
    a_reservation(&server, &other, "90.00");
    // Tighter is one person's where it holds, and an exception where it breaks.
    let broken = switch("pooled").expect_problem("limit_exceeded").json();
    assert_eq!(
        (&broken["used"], &broken["available"]),
        (&json!("190.00"), &json!("-90.00"))
    );
    let exception = a_submitted(&server, &broken["apply_with"]);
    assert_eq!(case_of(&server, &exception)["rule"], "exception");
    server
        .with_everything()
        .post(&format!("{exception}/withdraw"), &json!({}))
        .expect(200);
    let held = server
        .texts("SELECT id FROM reservations WHERE amount_minor = 9000")
        .remove(0);
    server
        .with_everything()
        .post(&format!("/v1/reservations/{held}/release"), &json!({}))
        .expect(200);
    switch("pooled").expect(200);
    // A draft that asks for what is so already is none.
    let same = json!({"action": "change_mode", "group_id": group, "limit_mode": "pooled"});
    let refused = draw_up(&server, &same).expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/limit_mode");
    assert_clean(&server);
}

#[test]
fn an_application_for_a_mode_is_for_the_group_as_it_was() {
    let server = TestServer::start();
    let client = server.with_everything();
    let nested = Nested::within(&server, ["1000.00", "1000.00", "100.00"]);
    let path = format!("/v1/credit-groups/{}", nested.group);
    let wanted =
        json!({"action": "change_mode", "group_id": nested.group, "limit_mode": "fallback"});
    let application = a_submitted(&server, &wanted);
    let read = client.get(&application).expect(200);
    assert_eq!(read.field("limit_mode"), "fallback");
    client
        .patch(&path, "*", &json!({"name": "另一集团"}))
        .expect(200);
    an_approver(&server)
        .post(&format!("{application}/approve"), &json!({}))
        .expect_problem("application_outdated");
}

#[test]
fn to_leave_a_ceiling_is_an_increase_for_who_leaves() {
    let server = TestServer::start();
    let manager = server.as_tier("account_manager");
    let group = a_group_of(&server, SALES).id();
    a_group_line(&server, &group, "100.00");
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "5000.00");
    let membership = a_member(&server, &group, &customer);
    let today = json!({"until": "2026-03-02", "evidence": "股权已转让"});
    let left = manager.patch(&membership, "*", &today).send();
    let apply_with =
        json!({"action": "release_member", "group_id": group, "member_customer_id": customer});
    let increase = has_to_be_applied_for(left, &apply_with);
    assert_eq!(
        (&increase["before"], &increase["after"]),
        (&json!("100.00"), &json!("5000.00"))
    );
    reserve(&server, &customer, "4900.00").expect_problem("limit_exceeded");
    let mut reasoned = apply_with.clone();
    reasoned["purpose"] = json!("工商变更登记 2026-03-02");
    let path = a_submitted(&server, &reasoned);
    assert_eq!(case_of(&server, &path)["action"], "release_member");
    let done = approved(&server, &path);
    assert_eq!(done.field("status"), "approved");
    let ended = manager.get(&membership).expect(200);
    assert_eq!(ended.field("until"), "2026-03-02");
    assert_eq!(ended.field("leaving_evidence"), "工商变更登记 2026-03-02");
    reserve(&server, &customer, "4900.00").expect(201);
    let again = draw_up(&server, &reasoned).expect_problem("validation_failed");
    assert_eq!(again.json()["errors"][0]["pointer"], "#/member_customer_id");
    // Who has nothing to use leaves by hand.
    let stranger = a_customer(&server).id();
    let membership = a_member(&server, &group, &stranger);
    leave(&server, &membership).expect(200);
    assert_clean(&server);
}

#[test]
fn to_join_is_applied_for_where_lines_inherit_from_the_ceiling() {
    let server = TestServer::start();
    the_goods(&server);
    let group = a_group_of(&server, SALES).id();
    a_group_line(&server, &group, "9000.00");
    let customer = a_customer(&server).id();
    let mut body = application_body(Owner::Customer(&customer), Some(GOODS), "0.00");
    (body["limit_kind"], body["amount"]) = (json!("inherit"), Value::Null);
    a_line(&server, &body);
    let joining = json!({"customer_id": customer, "from": "2026-03-02"});
    let manager = server.as_tier("account_manager");
    let members = format!("/v1/credit-groups/{group}/members");
    let apply_with =
        json!({"action": "admit_member", "group_id": group, "member_customer_id": customer});
    has_to_be_applied_for(manager.post(&members, &joining).send(), &apply_with);
    reserve(&server, &customer, "1.00").expect_problem("limit_exceeded");
    decided(&server, manager.post(&members, &joining).send()).expect(200);
    reserve(&server, &customer, "1.00").expect(201);
    assert_clean(&server);
}

#[test]
fn a_contract_gives_no_longer_term() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let goods = a_product_line(&server, &customer, "100.00").id();
    let officer = server.as_tier("credit_officer_branch");
    let contract = |number: &str, days: i32| {
        let body = json!({"number": number, "signed_on": "2026-03-01", "payment_method": "电汇",
            "payment_term_days": days});
        officer
            .post(&format!("/v1/credit-lines/{goods}/contracts"), &body)
            .send()
    };
    let apply_with = json!({"action": "change_terms", "credit_line_id": goods});
    let increase = has_to_be_applied_for(contract("HT-1", 3_650), &apply_with);
    assert_eq!(
        (&increase["credit_line_id"], &increase["term"]),
        (&json!(goods), &json!("payment_term_days"))
    );
    assert_eq!(line(&server, &goods)["payment_term_days"], 30);
    contract("HT-1", 30).expect(200);
    contract("HT-2", 7).expect(200);
    assert_eq!(line(&server, &goods)["payment_term_days"], 7);
}

#[test]
fn only_its_author_changes_a_draft() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let draft = a_draft(
        &server,
        &application_body(Owner::Customer(&customer), None, "1.00"),
    );
    let path = draft.header("location").unwrap();
    let more = json!({"amount": "990000.00"});
    somebody(&server, "somebody else")
        .patch(path, "*", &more)
        .expect_problem("four_eyes_required");
    server.with_everything().patch(path, "*", &more).expect(200);
    submit(&server, &draft).expect(200);
}

#[test]
fn a_review_is_not_put_off_beyond_the_policy() {
    let server = TestServer::start();
    a_policy(&server, &json!({"review_months": 6}));
    let client = server.with_everything();
    let customer = a_customer(&server).id();
    let id = a_unified_line(&server, &customer, "100.00").id();
    let review = |next: &str| {
        let body = json!({"outcome": "keep", "comment": "已核实", "next_review_on": next});
        client
            .post(&format!("/v1/credit-lines/{id}/reviews"), &body)
            .send()
    };
    let refused = review("2026-09-03").expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/next_review_on");
    review("2026-09-02").expect(200);
}
