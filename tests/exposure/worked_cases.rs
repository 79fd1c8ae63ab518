//! Cases that other credit systems were built or corrected by, in our terms. Amounts are theirs.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{
    a_policy, a_score, about_line, carried_out, check, failed_checks, reasons, reserve, submit,
    summary,
};
use crate::support::checks::{a_rule_set, referral_body, released, reserve_referred};
use crate::support::ledger::{balance, line};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_draft, a_line, a_product_line,
    a_receivable, a_reservation, a_unified_line, application_body, assert_ledger_is_clean,
    capture_body, product_body, receivable_body, reservation_body, the_goods,
};

/// A customer with an unlimited line for [`GOODS`].
fn a_customer_without_limit(server: &TestServer) -> (String, String) {
    the_goods(server);
    let customer = a_customer(server).id();
    let mut body = application_body(Owner::Customer(&customer), Some(GOODS), "1.00");
    body["limit_kind"] = json!("unlimited");
    body["amount"] = Value::Null;
    let id = a_line(server, &body).id();
    (customer, id)
}

/// A limit that falls below what is used, because somebody means it.
fn fall_to(server: &TestServer, line: &str, amount: &str) {
    let terms = json!({"amount": amount, "allow_overdrawn": true});
    carried_out(server, line, "decrease", &terms);
}

fn rise_to(server: &TestServer, line: &str, amount: &str) {
    carried_out(server, line, "increase", &json!({"amount": amount}));
}

fn decision(server: &TestServer, customer: &str, amount: &str) -> String {
    check(server, customer, amount)["decision"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// C1. Their party without a credit limit is our line of kind `unlimited`; their limit of 0 is an
/// amount of 0. Their check of nothing more is business that is secured in full, which takes no
/// room; a check of an amount of 0 is refused as one that asks for nothing. A warning that somebody
/// confirms has no counterpart: more than the limit is applied for.
#[test]
fn c1_a_limit_is_absent_or_nothing_or_an_amount() {
    let server = TestServer::start();
    let (customer, id) = a_customer_without_limit(&server);
    a_receivable(&server, &customer, "100.00");
    assert_eq!(decision(&server, &customer, "100.00"), "approved");
    fall_to(&server, &id, "0.00");
    assert_eq!(decision(&server, &customer, "1.00"), "declined");
    rise_to(&server, &id, "200.00");
    assert_eq!(decision(&server, &customer, "1.00"), "approved");
    let declined = check(&server, &customer, "150.00");
    assert_eq!(
        (&declined["decision"], &declined["available"]),
        (&json!("declined"), &json!("100.00"))
    );
    assert_eq!(reasons(&declined), ["limit_exceeded product"]);

    // Nothing more than there is passes whatever the limit.
    let mut secured = product_body("secured_goods");
    secured["exposure_treatment"] = json!("net_of_deposit");
    let client = server.with_everything();
    client.post("/v1/products", &secured).expect(201);
    let body = application_body(Owner::Customer(&customer), Some("secured_goods"), "0.00");
    a_line(&server, &body);
    fall_to(&server, &id, "50.00");
    let asked = |amount: &str, deposit: &str| json!({"customer_id": customer, "product": "secured_goods", "amount": amount, "deposit": deposit, "currency": "CNY"});
    let seen = client
        .post("/v1/credit-checks", &asked("100.00", "100.00"))
        .expect(200)
        .json();
    assert_eq!(
        (&seen["decision"], &seen["levels"][0]["requested"]),
        (&json!("approved"), &json!("0.00"))
    );
    let seen = client
        .post("/v1/credit-checks", &asked("100.00", "99.99"))
        .expect(200)
        .json();
    assert_eq!(seen["decision"], "declined");
    client
        .post("/v1/credit-checks", &asked("0.00", "0.00"))
        .expect_problem("validation_failed");
}

/// C2. Their order is our reservation, their invoice of one of two units the capture of a half.
#[test]
fn c2_what_was_confirmed_goes_on_after_the_limit_fell_and_never_counts_twice() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let id = a_product_line(&server, &customer, "100.00").id();
    a_receivable(&server, &customer, "100.00");
    reserve(&server, &customer, "50.00").expect_problem("limit_exceeded");
    assert_eq!(balance(&server, &id), "0.00 100.00 0.00");
    rise_to(&server, &id, "200.00");
    let order = a_reservation(&server, &customer, "50.00").id();
    assert_eq!(balance(&server, &id), "50.00 100.00 50.00");
    fall_to(&server, &id, "100.00");
    let client = server.with_everything();
    let path = format!("/v1/reservations/{order}/capture");
    client
        .post(&path, &capture_body(&server, Some("25.00"), false))
        .expect(200);
    assert_eq!(balance(&server, &id), "25.00 125.00 -50.00", "still 150");
    client
        .post(&path, &capture_body(&server, Some("25.00"), true))
        .expect(200);
    assert_eq!(balance(&server, &id), "0.00 150.00 -50.00");
    assert_ledger_is_clean(&server);
}

/// C4. Their sub-limit on orders is a product line below the unified line, which is their total
/// limit; a sub-limit of 0, none with them, is a product line that inherits. Their override is an
/// approved temporary increase.
#[test]
fn c4_a_sub_limit_refuses_and_without_one_the_total_does() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let orders = a_product_line(&server, &customer, "150.00").id();
    let total = a_unified_line(&server, &customer, "1000.00").id();
    a_reservation(&server, &customer, "100.00");
    assert_eq!(line(&server, &orders)["held"], "100.00");
    fall_to(&server, &orders, "99.00");
    let next = check(&server, &customer, "0.01");
    assert_eq!(reasons(&next), ["limit_exceeded product"]);
    rise_to(&server, &orders, "150.00");
    let refused = reserve(&server, &customer, "100.00")
        .expect_problem("limit_exceeded")
        .json();
    assert_eq!(reasons(&refused), ["limit_exceeded product"]);
    carried_out(
        &server,
        &orders,
        "increase",
        &json!({"limit_kind": "inherit"}),
    );
    fall_to(&server, &total, "100.00");
    let refused = reserve(&server, &customer, "100.00")
        .expect_problem("limit_exceeded")
        .json();
    assert_eq!(reasons(&refused), ["limit_exceeded customer"]);
    let today = server.db().today().to_string();
    let once = json!({"amount": "100.00", "valid_from": today, "valid_until": today});
    carried_out(&server, &total, "temporary_increase", &once);
    a_reservation(&server, &customer, "100.00");
    assert_eq!(line(&server, &total)["held"], "200.00");
    assert_eq!(line(&server, &orders)["held"], "200.00");
    assert_ledger_is_clean(&server);
}

/// C4 again, with their sub-limit on orders as what it is with them: a limit on one component.
#[test]
fn c4_a_limit_on_open_orders_refuses_the_second_order() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "1000.00");
    a_reservation(&server, &customer, "100.00");
    let orders = |most: &str| {
        let limits = json!({"open_orders_max": most, "effect": "decline"});
        a_rule_set(&server, &json!({"component_limits": limits}));
        let seen = check(&server, &customer, "100.00");
        (seen["decision"].clone(), reasons(&seen))
    };
    let exceeded = || {
        (
            json!("declined"),
            vec!["component_limit_exceeded -".to_owned()],
        )
    };
    assert_eq!(orders("99.00"), exceeded());
    assert_eq!(orders("150.00"), exceeded(), "200 > 150");
    assert_eq!(orders("200.00"), (json!("approved"), vec![]));
    // A sub-limit of 0 is none with them; here it is one, and nothing passes it.
    assert_eq!(orders("0.00"), exceeded());
    // Their override: somebody with authority lets it through.
    let limits = json!({"open_orders_max": "150.00", "effect": "refer"});
    a_rule_set(&server, &json!({"component_limits": limits}));
    let order = referral_body(&customer, "100.00");
    released(&server, &order);
    reserve_referred(&server, &order, None).expect(201);
    let held = server.number("SELECT held_minor FROM credit_lines");
    assert_eq!(held, 20_000, "order exposure 200");
}

/// C8. Their draft invoice is a reservation, posting it the capture; *unpaid* is what the credit
/// summary calls overdue. A limit on what is overdue stands in the credit policy and bounds
/// applications; those on single components that refuse business stand in the rule set, below.
#[test]
fn c8_what_is_overdue_is_a_part_of_the_total_and_the_total_decides() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let id = server.texts("SELECT id FROM credit_lines").remove(0);
    let draft = a_reservation(&server, &customer, "550.00").id();
    assert_eq!(balance(&server, &id), "550.00 0.00 450.00");
    let client = server.with_everything();
    let mut posting = capture_body(&server, None, true);
    posting["receivable"]["issued_on"] = json!("2026-01-01");
    posting["receivable"]["payment_term_days"] = json!(0);
    client
        .post(&format!("/v1/reservations/{draft}/capture"), &posting)
        .expect(200);
    let owed = summary(&server, &customer)["receivables"][0].clone();
    assert_eq!(
        (&owed["outstanding"], &owed["overdue"]),
        (&json!("550.00"), &json!("550.00"))
    );
    fall_to(&server, &id, "100.00");
    assert_eq!(check(&server, &customer, "0.01")["available"], "-450.00");
    assert_eq!(decision(&server, &customer, "0.01"), "declined");
    rise_to(&server, &id, "1100.00");
    assert_eq!(decision(&server, &customer, "550.00"), "approved");
    a_score(&server, &customer, "B", "2026-12-31");
    // At most 499 overdue: more credit is refused, however much room there is.
    let refuse = json!([{"check": "overdue_balance", "route": "refuse"}]);
    a_policy(
        &server,
        &json!({"overdue_max": "499.00", "on_failure": refuse}),
    );
    let more = a_draft(
        &server,
        &about_line(&id, "increase", &json!({"amount": "1200.00"})),
    );
    let refused = submit(&server, &more)
        .expect_problem("approval_check_failed")
        .json();
    assert_eq!(
        failed_checks(&refused),
        json!([{"check": "overdue_balance", "numbers": {"overdue": "550.00", "overdue_max": "499.00"}}])
    );
    // Due today is not overdue yet, and counts all the same.
    fall_to(&server, &id, "900.00");
    let refused = reserve(&server, &customer, "550.00")
        .expect_problem("limit_exceeded")
        .json();
    assert_eq!(refused["reasons"][0]["available"], "350.00");
    let mut today = receivable_body(&server, &customer, "550.00");
    today["payment_term_days"] = json!(0);
    let landed = client.post("/v1/receivables", &today).expect(201);
    assert_eq!(
        landed.json()["over_limit"],
        true,
        "goods that are gone are a fact"
    );
    let owed = summary(&server, &customer)["receivables"][0].clone();
    assert_eq!(
        (&owed["outstanding"], &owed["overdue"]),
        (&json!("1100.00"), &json!("550.00"))
    );
    assert_eq!(balance(&server, &id), "0.00 1100.00 -200.00");
    assert_ledger_is_clean(&server);
}

/// C8 again, with their sub-limits. Their *open* is what is not yet due; ours is everything that is
/// outstanding, with what is asked for.
#[test]
fn c8_limits_on_what_is_overdue_and_on_what_is_open_refuse_business() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "2000.00");
    let mut invoice = receivable_body(&server, &customer, "550.00");
    invoice["issued_on"] = json!("2026-01-01");
    invoice["payment_term_days"] = json!(0);
    let client = server.with_everything();
    client.post("/v1/receivables", &invoice).expect(201);
    let exceeded = |limits: Value| {
        a_rule_set(&server, &json!({"component_limits": limits}));
        let seen = check(&server, &customer, "550.00");
        let reasons = seen["reasons"].as_array().unwrap().clone();
        let component = reasons
            .first()
            .map_or(Value::Null, |one| one["component"].clone());
        (seen["decision"].clone(), component)
    };
    assert_eq!(
        exceeded(json!({"overdue_receivables_max": "499.00", "effect": "decline"})),
        (json!("declined"), json!("overdue_receivables"))
    );
    assert_eq!(
        exceeded(json!({"overdue_receivables_max": "550.00", "effect": "decline"})),
        (json!("approved"), Value::Null)
    );
    assert_eq!(
        exceeded(json!({"open_receivables_max": "300.00", "effect": "decline"})),
        (json!("declined"), json!("open_receivables"))
    );
    assert_eq!(
        exceeded(json!({"open_receivables_max": "1100.00", "effect": "decline"})),
        (json!("approved"), Value::Null)
    );
}

/// C21. (a) Their prepayment is a deposit for the order. (b) What is owed and what is asked for
/// count together. (c) A limit of 0.00 is a limit.
#[test]
fn c21_secured_business_passes_a_limit_of_nothing_and_nothing_else_does() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let mut secured = product_body("secured_goods");
    secured["exposure_treatment"] = json!("net_of_deposit");
    let client = server.with_everything();
    client.post("/v1/products", &secured).expect(201);
    let owner = Owner::Customer(&customer);
    a_line(
        &server,
        &application_body(owner, Some("secured_goods"), "0.00"),
    );
    let order = |deposit: &str| {
        let mut body = reservation_body(&customer, "100.00");
        body["product"] = json!("secured_goods");
        body["deposit"] = json!(deposit);
        client.post("/v1/reservations", &body).send()
    };
    order("100.00").expect(201);
    order("0.00").expect_problem("limit_exceeded");

    let id = a_product_line(&server, &customer, "1000000.00").id();
    a_receivable(&server, &customer, "573645.00");
    let declined = check(&server, &customer, "1700000.00");
    assert_eq!(declined["decision"], "declined");
    assert_eq!(declined["reasons"][0]["drawn"], "573645.00");
    assert_eq!(declined["reasons"][0]["requested"], "1700000.00");
    fall_to(&server, &id, "0.00");
    assert_eq!(decision(&server, &customer, "42000.00"), "declined");
    assert_eq!(decision(&server, &customer, "0.01"), "declined");
    assert_ledger_is_clean(&server);
}
