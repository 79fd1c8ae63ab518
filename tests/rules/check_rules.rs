//! Rule sets of credit checks: what each rule says over HTTP, and what is said where there is none.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{a_score, check, reasons, reserve};
use crate::support::checks::{a_restriction, a_rule_set, dunned};
use crate::support::{
    GOODS, TestServer, a_customer_with_credit, a_rate, a_receivable, a_reservation, confirmed,
    in_currency, receivable_body, reservation_body,
};

const SETS: &str = "/v1/check-rule-sets";

/// A receivable that was due some days ago.
fn overdue(server: &TestServer, customer: &str, amount: &str, days: i64) -> Value {
    let mut body = receivable_body(server, customer, amount);
    let issued = server.db().today() - TimeDelta::days(days + 10);
    body["issued_on"] = json!(issued.to_string());
    body["payment_term_days"] = json!(10);
    let client = server.with_everything();
    client.post("/v1/receivables", &body).expect(201).json()
}

/// What a check says about an order with more than an amount.
fn checked(server: &TestServer, customer: &str, more: &Value) -> Value {
    let mut body =
        json!({"customer_id": customer, "product": GOODS, "amount": "1.00", "currency": "CNY"});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    let client = server.with_everything();
    client.post("/v1/credit-checks", &body).expect(200).json()
}

/// Decision and codes.
fn outcome(check: &Value) -> (String, Vec<String>) {
    let codes = check["reasons"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&check["decision"]),
        codes.map(|reason| text(&reason["code"])).collect(),
    )
}

fn approved() -> (String, Vec<String>) {
    ("approved".to_owned(), Vec::new())
}

fn by(decision: &str, code: &str) -> (String, Vec<String>) {
    (decision.to_owned(), vec![code.to_owned()])
}

fn result_of(check: &Value, rule: &str) -> Value {
    let rules = check["rules"].as_array().unwrap();
    let found = rules.iter().find(|one| one["rule"] == rule);
    found.map_or(Value::Null, |one| one["result"].clone())
}

#[test]
fn without_a_rule_set_the_check_says_so_and_with_one_it_says_what_is_not_configured() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    server
        .with_everything()
        .get(&format!("{SETS}/current"))
        .expect_problem("not_found");
    let seen = check(&server, &customer, "1.00");
    assert_eq!(seen["rule_set"], Value::Null);
    assert_eq!(
        seen["rules"][0],
        json!({"rule": "rule_set", "level": null, "result": "not_configured"})
    );
    assert_eq!(result_of(&seen, "overdue_exceeded"), Value::Null);

    a_rule_set(&server, &json!({"supply_hold": {"effect": "decline"}}));
    let seen = check(&server, &customer, "1.00");
    assert_eq!(
        (&seen["rule_set"], &seen["decision"]),
        (&json!({"version": 1}), &json!("approved"))
    );
    assert_eq!(result_of(&seen, "rule_set"), Value::Null);
    assert_eq!(result_of(&seen, "supply_hold"), "pass");
    // The credit policy has it, whatever the rule set says.
    assert_eq!(result_of(&seen, "grade_cash_only"), "pass");
    for rule in [
        "overdue_exceeded",
        "dunning_level_exceeded",
        "documents_missing",
        "document_too_large",
        "oldest_item_exceeded",
        "component_limit_exceeded",
    ] {
        assert_eq!(result_of(&seen, rule), "not_configured", "{rule}");
    }
}

#[test]
fn versions_are_published_shown_and_in_force_from_their_day() {
    let server = TestServer::start();
    let client = server.as_tier("credit_officer_head_office");
    let rules = json!({
        "room": {"refer_up_to_bp": 500}, "grade": {"cash_only": ["D"], "effect": "decline", "missing_effect": "refer"},
        "overdue": {"refer": {"days_max": 10}, "decline": {"days_max": 60, "amount_max": "500000.00"},
            "ignore_below": "100.00", "include_disputed": true},
        "dunning": {"level_max": 2, "effect": "decline"}, "documents": {"required": ["signed_order"], "effect": "refer"},
        "largest_document": {"amount_max": "1000000.00", "effect": "refer"},
        "oldest_open_item": {"days_max": 120, "effect": "refer", "ignore_below": "100.00"},
        "component_limits": {"open_orders_max": "5.00", "effect": "decline"}, "release_tolerance_bp": 100,
    });
    let body = json!({"effective_from": "2026-03-03", "note": "年度规则", "rules": rules});
    let published = confirmed(&server, client.post(SETS, &body).expect(202));
    let path = format!("{SETS}/1");
    let shown = client.get(&path).expect(200).json();
    assert_eq!(shown, published.json());
    assert_eq!(
        shown["rules"]["room"],
        json!({"effect": "decline", "refer_up_to_bp": 500})
    );
    assert_eq!(shown["rules"]["release_valid_days"], 7);
    assert_eq!(
        shown["rules"]["overdue"]["decline"]["amount_max"],
        "500000.00"
    );
    // What is shown can be published as it is.
    let again = json!({"effective_from": "2026-03-03", "rules": shown["rules"]});
    let second = confirmed(&server, client.post(SETS, &again).expect(202)).json();
    assert_eq!(second["rules"], shown["rules"]);
    client
        .get(&format!("{SETS}/current"))
        .expect_problem("not_found");
    server.advance(TimeDelta::days(1));
    let current = client.get(&format!("{SETS}/current")).expect(200).json();
    assert_eq!(current["version"], 2);
    assert_eq!(client.get(SETS).expect(200).items().len(), 2);
    let past = json!({"effective_from": "2026-03-01", "rules": {}});
    client.post(SETS, &past).expect_problem("validation_failed");
    let wrong = json!({"effective_from": "2026-03-03", "rules": {"dunning": {"level_max": 10, "effect": "refer"}}});
    let refused = client
        .post(SETS, &wrong)
        .expect_problem("validation_failed")
        .json();
    assert_eq!(refused["errors"][0]["pointer"], "#/rules/dunning/level_max");
}

#[test]
fn what_is_overdue_refers_and_declines_by_days_and_amount_and_small_amounts_do_not_count() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_rule_set(
        &server,
        &json!({"overdue": {"refer": {"days_max": 5, "amount_max": "50.00"}, "decline": {"days_max": 30},
            "ignore_below": "10.00"}}),
    );
    overdue(&server, &customer, "9.99", 90);
    assert_eq!(outcome(&check(&server, &customer, "1.00")), approved());
    overdue(&server, &customer, "50.00", 5);
    assert_eq!(outcome(&check(&server, &customer, "1.00")), approved());
    overdue(&server, &customer, "10.00", 1);
    let seen = check(&server, &customer, "1.00");
    assert_eq!(outcome(&seen), by("referred", "overdue_exceeded"));
    let reason = &seen["reasons"][0];
    assert_eq!(
        (&reason["days"], &reason["amount"], &reason["amount_max"]),
        (&json!("5"), &json!("60.00"), &json!("50.00"))
    );
    overdue(&server, &customer, "20.00", 31);
    let seen = check(&server, &customer, "1.00");
    assert_eq!(outcome(&seen), by("declined", "overdue_exceeded"));
    assert_eq!(result_of(&seen, "overdue_exceeded"), "fail");
    let refused = reserve(&server, &customer, "1.00").expect_problem("overdue_exceeded");
    assert_eq!(refused.json()["decision"], "declined");
}

#[test]
fn a_disputed_receivable_counts_as_overdue_only_where_the_set_says_so() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    overdue(&server, &customer, "50.00", 20);
    server.sql("UPDATE receivables SET disputed_on = '2026-02-20', dispute_reason = '质量'");
    let with = |include: bool| {
        let rule = json!({"decline": {"days_max": 5}, "include_disputed": include});
        a_rule_set(&server, &json!({"overdue": rule}));
        outcome(&check(&server, &customer, "1.00"))
    };
    assert_eq!(with(false), approved());
    assert_eq!(with(true), by("declined", "overdue_exceeded"));
}

#[test]
fn what_is_owed_in_another_currency_is_measured_and_without_a_rate_passes_no_bound() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let mut body = in_currency(receivable_body(&server, &customer, "10.00"), "USD");
    body["issued_on"] = json!("2026-02-01");
    body["payment_term_days"] = json!(1);
    let client = server.with_everything();
    client.post("/v1/receivables", &body).expect(201);
    let rule = |most: &str, ignore: &str| {
        let rule = json!({"decline": {"amount_max": most}, "ignore_below": ignore});
        a_rule_set(&server, &json!({"overdue": rule}));
        outcome(&check(&server, &customer, "1.00"))
    };
    assert_eq!(
        rule("999999.00", "999999.00"),
        by("declined", "overdue_exceeded")
    );
    a_rate(&server, ["USD", "CNY"], "7");
    assert_eq!(rule("70.00", "0.00"), approved());
    assert_eq!(rule("69.99", "0.00"), by("declined", "overdue_exceeded"));
    assert_eq!(rule("0.00", "70.01"), approved());
    assert_eq!(rule("0.00", "70.00"), by("declined", "overdue_exceeded"));
}

#[test]
fn grades_that_are_cash_only_and_grades_that_are_missing() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let rule = json!({"cash_only": ["D"], "effect": "decline", "missing_effect": "refer"});
    a_rule_set(&server, &json!({"grade": rule}));
    let seen = || outcome(&check(&server, &customer, "1.00"));
    assert_eq!(seen(), by("referred", "grade_cash_only"));
    a_score(&server, &customer, "A", "2026-03-03");
    assert_eq!(seen(), approved());
    server.advance(TimeDelta::days(2));
    assert_eq!(seen(), by("referred", "grade_cash_only"));
    a_score(&server, &customer, "D", "2026-12-31");
    assert_eq!(seen(), by("declined", "grade_cash_only"));
}

#[test]
fn supply_holds_and_dunning_levels_lead_where_the_set_says() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_restriction(&server, "supply-holds", &customer);
    dunned(&server, &customer, 3);
    let seen = || outcome(&check(&server, &customer, "1.00"));
    assert_eq!(seen(), approved(), "not configured, and said so");
    let dunning = json!({"level_max": 2, "effect": "refer"});
    a_rule_set(&server, &json!({"dunning": dunning}));
    assert_eq!(seen(), by("referred", "dunning_level_exceeded"));
    server.advance(TimeDelta::seconds(1));
    dunned(&server, &customer, 2);
    assert_eq!(seen(), approved(), "the latest counts");
    a_rule_set(&server, &json!({"supply_hold": {"effect": "decline"}}));
    assert_eq!(seen(), by("declined", "supply_hold"));
    let refused = reserve(&server, &customer, "1.00").expect_problem("supply_hold");
    assert_eq!(refused.json()["reasons"][0]["from"], "2026-03-02");
}

#[test]
fn an_order_has_to_carry_the_documents_and_the_line_to_be_valid_when_it_ships() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let rule = json!({"required": ["signed_order", "contract"], "effect": "decline"});
    a_rule_set(&server, &json!({"documents": rule}));
    let seen = checked(&server, &customer, &json!({"documents": ["contract"]}));
    assert_eq!(outcome(&seen), by("declined", "documents_missing"));
    assert_eq!(seen["reasons"][0]["missing"], "signed_order");
    let both = json!({"documents": ["Contract", "ｓｉｇｎｅｄ_order"]});
    assert_eq!(outcome(&checked(&server, &customer, &both)), approved());
    let client = server.with_everything();
    let mut body = reservation_body(&customer, "1.00");
    client
        .post("/v1/reservations", &body)
        .expect_problem("documents_missing");
    body["documents"] = both["documents"].clone();
    client.post("/v1/reservations", &body).expect(201);

    let on = |day: &str| json!({"ship_on": day, "documents": ["contract", "signed_order"]});
    let last = checked(&server, &customer, &on("2026-12-31"));
    assert_eq!(outcome(&last), approved());
    let late = checked(&server, &customer, &on("2027-01-01"));
    assert_eq!(outcome(&late), by("declined", "line_expired"));
    assert_eq!(late["reasons"][0]["ship_on"], "2027-01-01");
    let mut body =
        json!({"customer_id": customer, "product": GOODS, "amount": "1.00", "currency": "CNY"});
    body["ship_on"] = json!("2026-03-01");
    client
        .post("/v1/credit-checks", &body)
        .expect_problem("validation_failed");
}

#[test]
fn the_largest_document_is_measured_in_the_currency_of_the_company() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let rule = json!({"amount_max": "70.00", "effect": "refer"});
    a_rule_set(&server, &json!({"largest_document": rule}));
    let asked = |amount: &str, currency: &str| {
        let more = json!({"amount": amount, "currency": currency});
        outcome(&checked(&server, &customer, &more))
    };
    assert_eq!(asked("70.00", "CNY"), approved());
    assert_eq!(asked("70.01", "CNY"), by("referred", "document_too_large"));
    let unmeasured = asked("1.00", "USD");
    assert_eq!(unmeasured.0, "declined");
    assert!(unmeasured.1.contains(&"document_too_large".to_owned()));
    a_rate(&server, ["USD", "CNY"], "7");
    assert_eq!(asked("10.00", "USD"), approved());
    assert_eq!(asked("10.01", "USD"), by("referred", "document_too_large"));
}

#[test]
fn the_oldest_open_receivable_is_measured_from_its_issue() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let rule = json!({"days_max": 30, "effect": "refer", "ignore_below": "10.00"});
    a_rule_set(&server, &json!({"oldest_open_item": rule}));
    overdue(&server, &customer, "9.99", 80);
    overdue(&server, &customer, "10.00", 20);
    assert_eq!(outcome(&check(&server, &customer, "1.00")), approved());
    server.advance(TimeDelta::days(1));
    let seen = check(&server, &customer, "1.00");
    assert_eq!(outcome(&seen), by("referred", "oldest_item_exceeded"));
    assert_eq!(
        (&seen["reasons"][0]["days"], &seen["reasons"][0]["days_max"]),
        (&json!("31"), &json!("30"))
    );
}

#[test]
fn components_have_limits_of_their_own() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let limits = json!({"open_receivables_max": "300.00", "overdue_receivables_max": "50.00",
        "open_orders_max": "200.00", "effect": "decline"});
    a_rule_set(&server, &json!({"component_limits": limits}));
    let components = |amount: &str| -> Vec<String> {
        let seen = check(&server, &customer, amount);
        let reasons = seen["reasons"].as_array().unwrap().iter();
        reasons
            .map(|reason| reason["component"].as_str().unwrap().to_owned())
            .collect()
    };
    a_reservation(&server, &customer, "150.00");
    assert!(components("50.00").is_empty());
    assert_eq!(components("50.01"), ["open_orders"]);
    a_receivable(&server, &customer, "250.00");
    assert!(components("50.00").is_empty());
    assert_eq!(components("50.01"), ["open_receivables", "open_orders"]);
    overdue(&server, &customer, "50.00", 1);
    assert_eq!(components("0.01"), ["open_receivables"]);
    overdue(&server, &customer, "0.01", 1);
    assert_eq!(
        components("0.01"),
        ["open_receivables", "overdue_receivables"]
    );
    // An order that has expired is none, whether or not the books have caught up.
    server.advance(TimeDelta::days(8));
    a_rule_set(
        &server,
        &json!({"component_limits": {"open_orders_max": "200.00", "effect": "decline"}}),
    );
    assert!(components("200.00").is_empty());
}

#[test]
fn over_the_limit_by_a_share_is_referred_and_beyond_it_declined() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_rule_set(
        &server,
        &json!({"room": {"effect": "decline", "refer_up_to_bp": 500}}),
    );
    assert_eq!(outcome(&check(&server, &customer, "1000.00")), approved());
    let seen = check(&server, &customer, "1050.00");
    assert_eq!(outcome(&seen), by("referred", "limit_exceeded"));
    assert_eq!(reasons(&seen), ["limit_exceeded product"]);
    assert_eq!(seen["reasons"][0]["effect"], "refer");
    let seen = check(&server, &customer, "1050.01");
    assert_eq!(outcome(&seen), by("declined", "limit_exceeded"));
    for (amount, decision) in [("1050.00", "referred"), ("1050.01", "declined")] {
        let refused = reserve(&server, &customer, amount).expect_problem("limit_exceeded");
        assert_eq!(refused.json()["decision"], decision);
    }
}

#[test]
fn a_receivable_that_is_a_fact_is_not_over_the_limit_for_what_the_rules_say() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let rule = json!({"required": ["contract"], "effect": "decline"});
    a_rule_set(&server, &json!({"documents": rule}));
    let landed = a_receivable(&server, &customer, "10.00").json();
    assert_eq!(landed["over_limit"], false);
}
