//! How the ceiling of a group bounds its members: shared, each by itself, or as a fallback.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{
    about_line, approve, carried_out, check, decided, draw_up, leave, reasons, reserve, submit,
};
use crate::support::checks::a_matrix;
use crate::support::ledger::balance;
use crate::support::{
    Answer, Owner, TestServer, a_customer, a_customer_with_credit, a_draft, a_group_line,
    a_group_of, a_line, a_member, a_payment, a_receivable, a_reservation, a_submitted,
    a_unified_line, approved, assert_ledger_is_clean, somebody, terms_between,
};

const MODES: [&str; 3] = ["pooled", "per_member_minimum", "fallback"];

/// A group of a mode.
fn a_group(server: &TestServer, mode: &str) -> String {
    let group = a_group_of(server, SALES).id();
    switch(server, &group, mode);
    group
}

fn switch(server: &TestServer, group: &str, mode: &str) {
    let path = format!("/v1/credit-groups/{group}");
    let changed = server
        .with_everything()
        .patch(&path, "*", &json!({"limit_mode": mode}))
        .send();
    decided(server, changed).expect(200);
    let read = server.with_everything().get(&path).expect(200);
    assert_eq!(read.field("limit_mode"), mode);
}

fn join(server: &TestServer, group: &str, customer: &str) -> Answer {
    let body = json!({"customer_id": customer, "from": server.db().today().to_string()});
    server
        .with_everything()
        .post(&format!("/v1/credit-groups/{group}/members"), &body)
        .send()
}

fn two_members(server: &TestServer, group: &str) -> [String; 2] {
    [(); 2].map(|()| {
        let customer = a_customer_with_credit(server, SALES);
        a_member(server, group, &customer);
        customer
    })
}

#[test]
fn a_pooled_ceiling_is_shared() {
    let server = TestServer::start();
    let group = a_group(&server, "pooled");
    let ceiling = a_group_line(&server, &group, "100.00").id();
    let [one, other] = two_members(&server, &group);
    a_reservation(&server, &one, "70.00");
    let refused = reserve(&server, &other, "30.01").expect_problem("limit_exceeded");
    assert_eq!(reasons(&refused.json()), ["limit_exceeded group"]);
    a_reservation(&server, &other, "30.00");
    assert_eq!(balance(&server, &ceiling), "100.00 0.00 0.00");
    assert_ledger_is_clean(&server);
}

#[test]
fn a_ceiling_for_each_member_bounds_none_of_the_others() {
    let server = TestServer::start();
    let group = a_group(&server, "per_member_minimum");
    let ceiling = a_group_line(&server, &group, "100.00").id();
    let [one, other] = two_members(&server, &group);
    for customer in [&one, &other] {
        a_receivable(&server, customer, "20.00");
        a_reservation(&server, customer, "80.00");
        let refused = reserve(&server, customer, "0.01").expect_problem("limit_exceeded");
        assert_eq!(reasons(&refused.json()), ["limit_exceeded group"]);
        assert_eq!(check(&server, customer, "1.00")["available"], "0.00");
    }
    assert_eq!(
        balance(&server, &ceiling),
        "160.00 40.00 -100.00",
        "the sum may exceed"
    );
    // A lower ceiling is below use where it is below what one member uses, not below the sum.
    let higher = carried_out(&server, &ceiling, "increase", &json!({"amount": "150.00"}));
    let lower = |amount: &str| {
        let path = a_submitted(
            &server,
            &about_line(&higher.id(), "decrease", &json!({"amount": amount})),
        );
        approve(&server, &path)
    };
    lower("100.00").expect(200);
    let draft = a_draft(
        &server,
        &about_line(&ceiling, "decrease", &json!({"amount": "99.99"})),
    );
    let refused = submit(&server, &draft).expect_problem("limit_below_use");
    assert_eq!(refused.json()["used"], "100.00");
    // Whoever comes along is bounded by itself as well.
    let newcomer = a_customer_with_credit(&server, SALES);
    let held = a_reservation(&server, &newcomer, "100.01").id();
    join(&server, &group, &newcomer).expect_problem("limit_exceeded");
    let release = format!("/v1/reservations/{held}/release");
    server
        .with_everything()
        .post(&release, &json!({"amount": "0.01"}))
        .expect(200);
    join(&server, &group, &newcomer).expect(201);
    reserve(&server, &newcomer, "0.01").expect_problem("limit_exceeded");
    assert_ledger_is_clean(&server);
}

#[test]
fn what_a_member_has_on_an_expired_ceiling_counts_on_the_one_that_follows() {
    let server = TestServer::start();
    for mode in MODES {
        let group = a_group(&server, mode);
        let today = server.db().today();
        let tomorrow = today + TimeDelta::days(1);
        let owner = Owner::Group(&group);
        let days = [today.to_string(), tomorrow.to_string()];
        a_line(
            &server,
            &terms_between(owner, None, "100.00", [&days[0], &days[0]]),
        );
        a_line(
            &server,
            &terms_between(owner, None, "100.00", [&days[1], "2026-12-31"]),
        );
        let customer = a_customer_with_credit(&server, SALES);
        a_member(&server, &group, &customer);
        a_reservation(&server, &customer, "70.00");
        server.advance(TimeDelta::days(1));
        assert_eq!(
            check(&server, &customer, "1.00")["available"],
            "30.00",
            "{mode}"
        );
        reserve(&server, &customer, "30.01").expect_problem("limit_exceeded");
        a_reservation(&server, &customer, "30.00");
    }
    assert_ledger_is_clean(&server);
}

#[test]
fn a_fallback_bounds_only_members_without_a_unified_limit() {
    let server = TestServer::start();
    let group = a_group(&server, "fallback");
    let [bare, own] = two_members(&server, &group);
    a_unified_line(&server, &own, "500.00");
    a_receivable(&server, &own, "40.00");
    a_receivable(&server, &bare, "10.00");
    // What is there already is brought under the ceiling only where the ceiling is one.
    let ceiling = a_group_line(&server, &group, "100.00").id();
    assert_eq!(balance(&server, &ceiling), "0.00 10.00 90.00");
    a_reservation(&server, &own, "400.00");
    assert_eq!(
        balance(&server, &ceiling),
        "0.00 10.00 90.00",
        "not counted there"
    );
    assert_eq!(check(&server, &own, "1.00")["binding_level"], "customer");
    a_reservation(&server, &bare, "90.00");
    let refused = reserve(&server, &bare, "0.01").expect_problem("limit_exceeded");
    assert_eq!(reasons(&refused.json()), ["limit_exceeded group"]);
    // A member that comes with a limit of its own brings nothing along.
    let newcomer = a_customer_with_credit(&server, SALES);
    a_unified_line(&server, &newcomer, "900.00");
    a_reservation(&server, &newcomer, "900.00");
    join(&server, &group, &newcomer).expect(201);
    assert_eq!(balance(&server, &ceiling), "90.00 10.00 0.00");
    assert_ledger_is_clean(&server);
}

#[test]
fn members_come_and_go_and_modes_change_and_the_ledger_stays_whole() {
    let server = TestServer::start();
    for (first, second) in [(0, 1), (1, 2), (2, 0), (0, 2), (2, 1), (1, 0)] {
        let [first, second] = [MODES[first], MODES[second]];
        let group = a_group(&server, first);
        let ceiling = a_group_line(&server, &group, "100.00").id();
        let customers = [(); 2].map(|()| a_customer_with_credit(&server, SALES));
        a_unified_line(&server, &customers[0], "500.00");
        let memberships = customers.each_ref().map(|customer| {
            a_reservation(&server, customer, "20.00");
            let owed = a_receivable(&server, customer, "10.00").id();
            let membership = a_member(&server, &group, customer);
            a_reservation(&server, customer, "15.00");
            switch(&server, &group, second);
            a_payment(&server, customer, "4.00", &[(&owed, "4.00")]);
            membership
        });
        for customer in &customers {
            // Whatever the mode, what was granted stays and no decision goes beyond its bounds.
            let answer = reserve(&server, customer, "60.00");
            let fits = answer.status == 201;
            assert!(fits || answer.expect_problem("limit_exceeded").json()["code"].is_string());
        }
        assert_ledger_is_clean(&server);
        switch(&server, &group, first);
        for membership in &memberships {
            decided(&server, leave(&server, membership)).expect(200);
        }
        assert_eq!(
            balance(&server, &ceiling),
            "0.00 0.00 100.00",
            "{first} to {second}"
        );
        assert_ledger_is_clean(&server);
    }
}

#[test]
fn after_a_mode_shares_the_ceiling_again_nothing_new_fits_until_enough_is_given_back() {
    let server = TestServer::start();
    let group = a_group(&server, "per_member_minimum");
    let ceiling = a_group_line(&server, &group, "100.00").id();
    let [one, other] = two_members(&server, &group);
    let owed = a_receivable(&server, &one, "90.00").id();
    a_reservation(&server, &other, "60.00");
    switch(&server, &group, "pooled");
    assert_eq!(balance(&server, &ceiling), "60.00 90.00 -50.00");
    for customer in [&one, &other] {
        reserve(&server, customer, "0.01").expect_problem("limit_exceeded");
    }
    a_payment(&server, &one, "60.00", &[(&owed, "60.00")]);
    a_reservation(&server, &other, "10.00");
    reserve(&server, &one, "0.01").expect_problem("limit_exceeded");
    assert_ledger_is_clean(&server);
}

#[test]
fn a_member_beyond_the_ceiling_is_admitted_by_the_exceptional_chain_only() {
    let server = TestServer::start();
    let group = a_group(&server, "pooled");
    let ceiling = a_group_line(&server, &group, "100.00").id();
    let member = a_customer_with_credit(&server, SALES);
    a_member(&server, &group, &member);
    a_reservation(&server, &member, "50.00");
    let newcomer = a_customer_with_credit(&server, SALES);
    let owed = a_receivable(&server, &newcomer, "80.00").id();
    join(&server, &group, &newcomer).expect_problem("limit_exceeded");
    let body = json!({
        "group_id": group, "member_customer_id": newcomer, "action": "admit_member", "valid_from": "2026-03-01",
        "purpose": "持股 60%",
    });
    let path = a_submitted(&server, &body);
    let client = server.with_everything();
    let submitted = client.get(&path).expect(200).json();
    assert_eq!(submitted["exceptional"], true);
    let steps = |case: &str| -> Vec<Value> {
        let case = client
            .get(&format!("/v1/approvals/{case}"))
            .expect(200)
            .json();
        case["steps"].as_array().unwrap().clone()
    };
    assert_eq!(steps(submitted["approval_id"].as_str().unwrap()).len(), 2);
    let waiting = approve(&server, &path).expect(200);
    assert_eq!(waiting.field("status"), "submitted");
    assert_eq!(
        balance(&server, &ceiling),
        "50.00 0.00 50.00",
        "one signature is not enough"
    );
    let admitted = somebody(&server, "second approver")
        .post(&format!("{path}/approve"), &json!({}))
        .expect(200);
    assert_eq!(admitted.field("status"), "approved");
    assert_eq!(balance(&server, &ceiling), "50.00 80.00 -30.00");
    let members = client
        .get(&format!("/v1/credit-groups/{group}/members"))
        .expect(200)
        .items();
    let own = members
        .iter()
        .find(|one| one["customer_id"] == newcomer)
        .unwrap();
    assert_eq!(
        (&own["from"], &own["evidence"]),
        (&json!("2026-03-01"), &json!("持股 60%"))
    );
    for customer in [&member, &newcomer] {
        let refused = reserve(&server, customer, "0.01").expect_problem("limit_exceeded");
        assert_eq!(reasons(&refused.json()), ["limit_exceeded group"]);
    }
    let exceptions = server.number(
        "SELECT count(*) FROM credit_movements WHERE kind = 'join_group' AND NOT within_limit AND drawn_delta_minor = 8000",
    );
    assert_eq!(exceptions, 1);
    a_payment(&server, &newcomer, "80.00", &[(&owed, "80.00")]);
    a_reservation(&server, &newcomer, "50.00");
    // Whoever is a member already cannot be admitted again.
    let again = a_submitted(&server, &body);
    approve(&server, &again).expect(200);
    somebody(&server, "second approver")
        .post(&format!("{again}/approve"), &json!({}))
        .expect_problem("already_member");
    assert_ledger_is_clean(&server);
}

#[test]
fn a_group_line_is_for_no_product_and_is_changed_like_any_other() {
    let server = TestServer::start();
    let group = a_group(&server, "pooled");
    let id = a_group_line(&server, &group, "100.00").id();
    let customer = a_customer_with_credit(&server, SALES);
    a_member(&server, &group, &customer);
    let mut body = crate::support::application_body(Owner::Group(&group), None, "1.00");
    body["product"] = json!(crate::support::GOODS);
    let refused = draw_up(&server, &body).expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/product");
    carried_out(&server, &id, "increase", &json!({"amount": "200.00"}));
    a_reservation(&server, &customer, "200.00");
    let body = json!({"credit_line_id": id, "action": "decrease", "amount": "150.00", "allow_overdrawn": true});
    let lower = approved(&server, &a_submitted(&server, &body));
    assert_eq!(lower.field("available"), "-50.00");
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    let stranger = a_customer(&server).id();
    join(&server, &group, &stranger).expect(201);
    assert_ledger_is_clean(&server);
}

#[test]
fn an_admission_is_never_small_enough_for_a_lower_chain() {
    let server = TestServer::start();
    let client = server.with_everything();
    // A matrix that forgot exceptions: by amount alone.
    let rule = |name: &str, most: Value, scope: &str| {
        json!({"name": name, "kind": "credit_application", "amount_max": most,
            "steps": [{"name": name, "scope": scope}]})
    };
    let mut rest = rule("head_office", Value::Null, "approvals:decide:head-office");
    let second = json!({"name": "executive", "scope": "approvals:decide:executive"});
    rest["steps"].as_array_mut().unwrap().push(second);
    let branch = rule("branch", json!("1000000.00"), "approvals:decide:branch");
    a_matrix(&server, &json!([branch, rest]));
    let body = json!({
        "group_id": a_group(&server, "pooled"), "member_customer_id": a_customer(&server).id(),
        "action": "admit_member",
    });
    let path = a_submitted(&server, &body);
    let case = client.get(&path).expect(200).field("approval_id");
    let case = client.get(&format!("/v1/approvals/{case}")).expect(200);
    assert_eq!(case.field("rule"), "head_office");
    assert_eq!(case.json()["amount"], Value::Null);
}
