//! Referrals: an order that the rules refer, who lets it through, and that it passes exactly once.

use std::sync::Barrier;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{check, reasons, reserve};
use crate::support::checks::{
    a_referral, a_restriction, a_rule_set, orders, refer, referral_body, released,
    reserve_referred, room_is_referred,
};
use crate::support::ledger::balance;
use crate::support::{
    Answer, TestServer, a_customer_with_credit, a_product_line, a_rate, a_reservation,
    assert_ledger_is_clean, capture_body, in_currency, product_body,
};

fn of(server: &TestServer, referral: &Answer) -> Value {
    let path = format!("/v1/referrals/{}", referral.id());
    server.as_tier("auditor").get(&path).expect(200).json()
}

fn line_of(server: &TestServer) -> String {
    server.texts("SELECT id FROM credit_lines").remove(0)
}

#[test]
fn only_what_the_check_refers_is_referred() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    // Without a rule set nothing is ever referred.
    let refused = refer(&server, &referral_body(&customer, "1000.01"));
    let problem = refused.expect_problem("limit_exceeded").json();
    assert_eq!(problem["decision"], "declined");
    assert_eq!(reasons(&problem), ["limit_exceeded product"]);
    room_is_referred(&server);
    refer(&server, &referral_body(&customer, "1000.00")).expect_problem("referral_not_needed");
    let referral = refer(&server, &referral_body(&customer, "1000.01")).expect(201);
    let shown = of(&server, &referral);
    assert_eq!(shown, referral.json());
    assert_eq!(
        (&shown["status"], &shown["rule_set_version"]),
        (&json!("requested"), &json!(1))
    );
    assert_eq!(shown["reasons"][0]["code"], "limit_exceeded");
    a_restriction(&server, "credit-exclusions", &customer);
    refer(&server, &referral_body(&customer, "1000.01")).expect_problem("customer_excluded");
    assert_eq!(
        server.number("SELECT count(*) FROM approval_cases WHERE kind = 'referral'"),
        1
    );
}

#[test]
fn a_released_order_passes_once_beyond_the_limit_and_that_is_on_record() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    room_is_referred(&server);
    let line = line_of(&server);
    let order = referral_body(&customer, "1200.00");
    let before = reserve_referred(&server, &order, None).expect_problem("limit_exceeded");
    assert_eq!(before.json()["decision"], "referred");
    let referral = released(&server, &order);
    assert_eq!(
        (&referral.json()["status"], &referral.json()["valid_until"]),
        (&json!("released"), &json!("2026-03-09"))
    );
    let reservation = reserve_referred(&server, &order, None).expect(201);
    assert_eq!(balance(&server, &line), "1200.00 0.00 -200.00");
    let used = of(&server, &referral);
    assert_eq!(
        (&used["status"], &used["reservation_id"]),
        (&json!("used"), &json!(reservation.id()))
    );
    assert_eq!(
        server.texts("SELECT within_limit || ' ' || kind FROM credit_movements"),
        ["false reserve"]
    );
    let request = reservation.header("x-request-id").unwrap();
    assert_eq!(
        server.texts(&format!(
            "SELECT action FROM audit_entries WHERE request_id = '{request}' ORDER BY seq"
        )),
        ["referral.use", "reservation.create"]
    );
    assert_eq!(
        server.number("SELECT count(*) FROM events WHERE kind = 'referral.used'"),
        1
    );
    // The same order again is the reservation there is; another one finds nothing to pass by.
    let again = reserve_referred(&server, &order, None).expect(200);
    assert_eq!(again.id(), reservation.id());
    reserve_referred(&server, &order, Some("1199.00")).expect_problem("limit_exceeded");
    reserve(&server, &customer, "0.01").expect_problem("limit_exceeded");
    let path = format!("/v1/reservations/{}/capture", reservation.id());
    let client = server.with_everything();
    client
        .post(&path, &capture_body(&server, None, true))
        .expect(200);
    assert_ledger_is_clean(&server);
}

#[test]
fn a_release_is_for_its_product_reference_amount_and_days() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    client
        .post("/v1/products", &product_body("other_goods"))
        .expect(201);
    let rules =
        json!({"room": {"effect": "refer"}, "release_tolerance_bp": 500, "release_valid_days": 2});
    a_rule_set(&server, &rules);
    let order = referral_body(&customer, "1200.00");
    let referral = released(&server, &order);
    assert_eq!(
        (
            &referral.json()["amount_max"],
            &referral.json()["valid_until"]
        ),
        (&json!("1260.00"), &json!("2026-03-04"))
    );
    reserve_referred(&server, &order, Some("1260.01")).expect_problem("limit_exceeded");
    let mut other = order.clone();
    other["product"] = json!("other_goods");
    reserve_referred(&server, &other, None).expect_problem("line_not_found");
    let mut other = order.clone();
    other["reference"] = json!("SO-another");
    reserve_referred(&server, &other, None).expect_problem("limit_exceeded");
    a_rate(&server, ["USD", "CNY"], "7");
    reserve_referred(&server, &in_currency(order.clone(), "USD"), Some("200.00"))
        .expect_problem("limit_exceeded");
    server.advance(TimeDelta::days(2));
    let late = released(&server, &referral_body(&customer, "1100.00"));
    reserve_referred(&server, &order, Some("1260.00")).expect(201);
    server.advance(TimeDelta::days(3));
    let body = late.json();
    let order = json!({"customer_id": customer, "product": body["product"], "amount": "1100.00",
        "currency": "CNY", "reference": body["reference"], "reason": "迟了"});
    reserve_referred(&server, &order, None).expect_problem("limit_exceeded");
    assert_eq!(of(&server, &late)["status"], "lapsed");
    let listed = |status: &str| {
        let path = format!("/v1/referrals?status={status}");
        client.get(&path).expect(200).items().len()
    };
    assert_eq!(
        ["released", "lapsed", "used", "requested"].map(listed),
        [0, 1, 1, 0]
    );
}

#[test]
fn another_product_of_the_customer_does_not_pass_by_it() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    client
        .post("/v1/products", &product_body("other_goods"))
        .expect(201);
    let owner = crate::support::Owner::Customer(&customer);
    let body = crate::support::application_body(owner, Some("other_goods"), "1000.00");
    crate::support::a_line(&server, &body);
    room_is_referred(&server);
    let order = referral_body(&customer, "1200.00");
    released(&server, &order);
    let mut other = order.clone();
    other["product"] = json!("other_goods");
    let refused = reserve_referred(&server, &other, None).expect_problem("limit_exceeded");
    assert_eq!(refused.json()["decision"], "referred");
}

#[test]
fn a_release_never_passes_what_declines_nor_what_nobody_decided_about() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    room_is_referred(&server);
    let order = referral_body(&customer, "1200.00");
    let referral = released(&server, &order);
    let documents = |effect: &str| {
        let rule = json!({"required": ["contract"], "effect": effect});
        a_rule_set(
            &server,
            &json!({"room": {"effect": "refer"}, "documents": rule}),
        );
        let refused = reserve_referred(&server, &order, None);
        refused.expect_problem("documents_missing").json()["decision"].clone()
    };
    assert_eq!(documents("refer"), "referred");
    assert_eq!(documents("decline"), "declined");
    assert_eq!(of(&server, &referral)["status"], "released");
    room_is_referred(&server);
    reserve_referred(&server, &order, None).expect(201);
}

#[test]
fn what_is_referred_and_within_the_limit_stays_within_it() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let rule = json!({"required": ["contract"], "effect": "refer"});
    a_rule_set(&server, &json!({"documents": rule}));
    let order = referral_body(&customer, "100.00");
    released(&server, &order);
    reserve_referred(&server, &order, None).expect(201);
    assert_eq!(
        server.texts("SELECT within_limit FROM credit_movements"),
        ["true"]
    );
}

#[test]
fn an_order_that_no_longer_needs_its_release_leaves_it_unused() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    room_is_referred(&server);
    let blocking = a_reservation(&server, &customer, "900.00").id();
    let order = referral_body(&customer, "200.00");
    let referral = released(&server, &order);
    let client = server.with_everything();
    client
        .post(&format!("/v1/reservations/{blocking}/release"), &json!({}))
        .expect(200);
    reserve_referred(&server, &order, None).expect(201);
    assert_eq!(of(&server, &referral)["status"], "released");
}

#[test]
fn two_reservations_against_one_release_and_exactly_one_passes() {
    let server = TestServer::start_with(|settings| settings.workers = 2);
    let customer = a_customer_with_credit(&server, SALES);
    let rules = json!({"room": {"effect": "refer"}, "release_tolerance_bp": 5000});
    a_rule_set(&server, &rules);
    for _ in 0..5 {
        let order = referral_body(&customer, "1200.00");
        let referral = released(&server, &order);
        let barrier = Barrier::new(2);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let ask = |amount: &'static str| {
                let (server, order, barrier) = (&server, &order, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    reserve_referred(server, order, Some(amount))
                })
            };
            let asked = ["1200.00", "1300.00"].map(ask);
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422]);
        let passed = answers.iter().find(|answer| answer.status == 201).unwrap();
        assert_eq!(of(&server, &referral)["reservation_id"], json!(passed.id()));
    }
    assert_eq!(
        server.number("SELECT count(*) FROM referrals WHERE status = 'used'"),
        5
    );
    assert_ledger_is_clean(&server);
}

#[test]
fn the_authority_matrix_says_who_decides_and_nobody_decides_what_they_asked_for() {
    let server = TestServer::start();
    let customer = crate::support::a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    let referral = a_referral(&server, &customer, "1000000.01");
    let path = format!("/v1/referrals/{}", referral.id());
    let comment = json!({"comment": "同意"});
    orders(&server)
        .post(&format!("{path}/approve"), &comment)
        .expect_problem("four_eyes_required");
    server
        .as_tier("credit_officer_branch")
        .post(&format!("{path}/approve"), &comment)
        .expect_problem("insufficient_scope");
    server
        .as_tier("account_manager")
        .post(&format!("{path}/approve"), &comment)
        .expect_problem("insufficient_scope");
    let head = server.as_tier("credit_officer_head_office");
    let decided = head.post(&format!("{path}/approve"), &comment).expect(200);
    assert_eq!(decided.json()["status"], "released");
    head.post(&format!("{path}/reject"), &json!({"reason": "迟了"}))
        .expect_problem("invalid_transition");

    let customer = crate::support::a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    let small = a_referral(&server, &customer, "1000.01");
    let path = format!("/v1/referrals/{}", small.id());
    server
        .with_everything()
        .post(&format!("{path}/withdraw"), &json!({}))
        .expect_problem("four_eyes_required");
    let branch = server.as_tier("credit_officer_branch");
    let reason = json!({"reason": "风险过高"});
    let rejected = branch.post(&format!("{path}/reject"), &reason).expect(200);
    assert_eq!(rejected.json()["status"], "rejected");
    let case = format!("/v1/approvals/{}", small.field("approval_id"));
    let case = server.as_tier("auditor").get(&case).expect(200).json();
    assert_eq!(
        (&case["kind"], &case["rule"], &case["status"]),
        (
            &json!("referral"),
            &json!("referral_branch"),
            &json!("rejected")
        )
    );
    let third = a_referral(&server, &customer, "1000.01");
    let path = format!("/v1/referrals/{}/withdraw", third.id());
    let withdrawn = orders(&server).post(&path, &json!({})).expect(200);
    assert_eq!(withdrawn.json()["status"], "withdrawn");
}

#[test]
fn what_expired_reservations_hold_is_given_back_before_an_order_is_referred() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    room_is_referred(&server);
    a_reservation(&server, &customer, "900.00");
    server.advance(TimeDelta::days(8));
    assert_eq!(check(&server, &customer, "1000.00")["decision"], "approved");
    reserve(&server, &customer, "1000.00").expect(201);
    assert_ledger_is_clean(&server);
}
