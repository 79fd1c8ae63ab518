//! The checks before an approval: each at its boundary, and where they lead.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{a_policy, a_score, about_line, numbers, submit};
use crate::support::{
    Owner, TestServer, a_customer, a_draft, a_group_line, a_group_of, a_line, a_member,
    a_product_line, a_rate, a_unified_line, application_body, confirmed, figure_body, in_currency,
    receivable_body, somebody, the_goods,
};

/// The checks of an application as they come out now.
pub(super) fn report(server: &TestServer, application: &str) -> Value {
    let path = format!("/v1/credit-applications/{application}/checks");
    server.with_everything().get(&path).expect(200).json()
}

/// One check of a draft with these terms: outcome and numbers.
fn outcome(server: &TestServer, body: &Value, check: &str) -> (String, Value) {
    let report = report(server, &a_draft(server, body).id());
    let results = report["now"]["results"].as_array().unwrap();
    let found = results.iter().find(|one| one["check"] == check).unwrap();
    (
        found["outcome"].as_str().unwrap().to_owned(),
        numbers(&found["numbers"]),
    )
}

pub(super) fn unified(customer: &str, amount: &str) -> Value {
    application_body(Owner::Customer(customer), None, amount)
}

/// The same with other terms.
pub(super) fn with(mut body: Value, terms: &Value) -> Value {
    for (field, value) in terms.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

fn net_capital(server: &TestServer, amount: &str) {
    let figure = figure_body("2025-12-31", amount);
    let asked = server.with_everything();
    let asked = asked.post("/v1/company-figures", &figure).expect(202);
    confirmed(server, asked);
}

fn owes(server: &TestServer, customer: &str, amount: &str, issued_on: &str) {
    let mut body = receivable_body(server, customer, amount);
    body["issued_on"] = json!(issued_on);
    body["payment_term_days"] = json!(0);
    server
        .with_everything()
        .post("/v1/receivables", &body)
        .expect(201);
}

#[test]
fn a_grade_bounds_limit_term_and_deposit() {
    let server = TestServer::start();
    a_policy(
        &server,
        &json!({"grades": [
            {"grade": "A", "limit_max": "1000.00", "payment_term_days_max": 60, "deposit_share_bp_min": 1000},
            {"grade": "D", "cash_only": true},
        ]}),
    );
    let customer = a_customer(&server).id();
    let fine = with(
        unified(&customer, "1000.00"),
        &json!({"payment_term_days": 60, "deposit_share_bp": 1000}),
    );
    let of = |terms: Value| outcome(&server, &with(fine.clone(), &terms), "grade");
    // Without a score it is bounded as the worst grade, which pays before delivery.
    let numbers = json!({"grade": "ungraded"});
    assert_eq!(of(json!({})), ("fail".to_owned(), numbers));
    let nothing = json!({"grade": "ungraded", "missing": "score"});
    let blocked = outcome(&server, &unified(&customer, "0.00"), "grade");
    assert_eq!(blocked, ("fail".to_owned(), nothing));
    a_score(&server, &customer, "A", "2026-12-31");
    assert_eq!(of(json!({})), ("pass".to_owned(), json!({"grade": "A"})));
    let failed = |numbers: Value| ("fail".to_owned(), with(json!({"grade": "A"}), &numbers));
    let over = json!({"limit_max": "1000.00", "requested": "1000.01"});
    assert_eq!(of(json!({"amount": "1000.01"})), failed(over));
    let unlimited = json!({"limit_kind": "unlimited", "amount": null});
    assert_eq!(
        of(unlimited),
        failed(json!({"limit_max": "1000.00", "requested": "unlimited"}))
    );
    let long = json!({"payment_term_days_max": "60", "requested": "61"});
    assert_eq!(of(json!({"payment_term_days": 61})), failed(long));
    let small = json!({"deposit_share_min": "10.00", "requested": "9.99"});
    assert_eq!(of(json!({"deposit_share_bp": 999})), failed(small));
    let none = json!({"deposit_share_min": "10.00", "requested": "0.00"});
    assert_eq!(of(json!({"deposit_share_bp": null})), failed(none));
    // What cannot be measured in the company's currency counts as without a limit.
    let foreign = in_currency(fine.clone(), "USD");
    let (result, numbers) = outcome(
        &server,
        &with(foreign.clone(), &json!({"amount": "1.00"})),
        "grade",
    );
    assert_eq!(
        (result.as_str(), &numbers["requested"]),
        ("fail", &json!("unlimited"))
    );
    a_rate(&server, ["USD", "CNY"], "7.1");
    let dollars = |amount: &str| {
        outcome(
            &server,
            &with(foreign.clone(), &json!({"amount": amount})),
            "grade",
        )
        .0
    };
    assert_eq!([dollars("140.84"), dollars("140.85")], ["pass", "fail"]);
    // A grade that pays before delivery gets no limit but one of nothing.
    server.advance(TimeDelta::seconds(1));
    a_score(&server, &customer, "D", "2026-12-31");
    let cash = |amount: &str| outcome(&server, &unified(&customer, amount), "grade").0;
    assert_eq!([cash("0.00"), cash("0.01")], ["pass", "fail"]);
}

#[test]
fn a_change_of_a_line_is_checked_by_what_it_leads_to() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_product_line(&server, &customer, "900.00").id();
    a_score(&server, &customer, "A", "2026-12-31");
    a_policy(
        &server,
        &json!({"grades": [{"grade": "A", "limit_max": "1000.00"}]}),
    );
    let of = |action: &str, terms: Value| {
        outcome(&server, &about_line(&line, action, &terms), "grade").0
    };
    assert_eq!(of("increase", json!({"amount": "1000.00"})), "pass");
    assert_eq!(of("increase", json!({"amount": "1000.01"})), "fail");
    // A temporary increase that is still to come counts with what it adds.
    let more = |amount: &str| json!({"amount": amount, "valid_from": "2026-05-01", "valid_until": "2026-05-31"});
    assert_eq!(of("temporary_increase", more("100.00")), "pass");
    assert_eq!(of("temporary_increase", more("100.01")), "fail");
    assert_eq!(of("renew", json!({"valid_until": "2027-12-31"})), "pass");
    assert_eq!(
        of(
            "renew",
            json!({"valid_until": "2027-12-31", "amount": "1000.01"})
        ),
        "fail"
    );
    // Less risk is not checked at all.
    let draft = a_draft(
        &server,
        &about_line(&line, "decrease", &json!({"amount": "1.00"})),
    );
    submit(&server, &draft).expect(200);
    let report = report(&server, &draft.id());
    assert_eq!(
        (&report["now"]["results"], &report["kept"]),
        (&json!([]), &json!([]))
    );
}

#[test]
fn a_score_may_be_relied_on_up_to_its_last_day() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let body = unified(&customer, "1.00");
    let missing = json!({"missing": "score"});
    assert_eq!(
        outcome(&server, &body, "score_validity"),
        ("warn".to_owned(), missing)
    );
    a_score(&server, &customer, "A", "2026-03-03");
    server.advance(TimeDelta::days(1));
    let numbers = json!({"scored_on": "2026-03-02", "valid_until": "2026-03-03"});
    assert_eq!(
        outcome(&server, &body, "score_validity"),
        ("pass".to_owned(), numbers.clone())
    );
    server.advance(TimeDelta::days(1));
    assert_eq!(
        outcome(&server, &body, "score_validity"),
        ("fail".to_owned(), numbers)
    );
    a_score(&server, &customer, "A", "2026-03-31");
    assert_eq!(outcome(&server, &body, "score_validity").0, "pass");
}

#[test]
fn a_new_customer_gets_a_share_of_expected_sales() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    // What the applicant states decides nothing.
    let of = |customer: &str, amount: &str, stated: Value| {
        let body = with(
            unified(customer, amount),
            &json!({"expected_sales": stated}),
        );
        outcome(&server, &body, "new_customer_share")
    };
    let expected = |amount: &str| {
        let today = server.db().today().to_string();
        let body = json!({"amount": amount, "as_of": today, "evidence": "框架合同"});
        let path = format!("/v1/customers/{customer}/expected-sales");
        confirmed(
            &server,
            somebody(&server, "analyst").post(&path, &body).send(),
        )
    };
    assert_eq!(of(&customer, "200.00", json!("1000.00")).0, "not_evaluated");
    a_policy(
        &server,
        &json!({"new_customer_months": 12, "new_customer_share_bp": 2000}),
    );
    assert_eq!(of(&customer, "1.00", json!("1000.00")).0, "fail");
    let recorded = expected("1000.00");
    assert!(recorded.json()["confirmed_by"].is_string());
    let (result, numbers) = of(&customer, "200.00", json!("1000.00"));
    assert_eq!(result, "pass");
    assert_eq!(
        numbers,
        json!({"expected_sales": "1000.00", "share_max": "20.00", "limit_max": "200.00", "requested": "200.00"})
    );
    assert_eq!(of(&customer, "200.01", json!("1000.00")).0, "fail");
    assert_eq!(of(&customer, "200.00", Value::Null).0, "pass");
    // Less is known at once.
    assert_eq!(expected("5.00").json()["confirmed_by"], Value::Null);
    assert_eq!(of(&customer, "1.01", json!("1000.00")).0, "fail");
    let group = a_group_of(&server, SALES).id();
    let ceiling = application_body(Owner::Group(&group), None, "1.00");
    assert_eq!(
        outcome(&server, &ceiling, "new_customer_share").0,
        "not_evaluated"
    );
    // Twelve months after the first business it is new no more.
    owes(&server, &customer, "1.00", "2025-03-03");
    assert_eq!(of(&customer, "200.01", json!("1000.00")).0, "fail");
    server.advance(TimeDelta::days(1));
    assert_eq!(of(&customer, "200.01", Value::Null).0, "pass");
}

#[test]
fn one_group_is_bounded_by_a_share_of_net_capital() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let of = |customer: &str, amount: &str| {
        outcome(&server, &unified(customer, amount), "concentration")
    };
    assert_eq!(
        of(&customer, "1.00").0,
        "not_evaluated",
        "no bound in the policy"
    );
    a_policy(
        &server,
        &json!({"concentration_warn_bp": 1000, "concentration_max_bp": 1500}),
    );
    let missing = json!({"missing": "net_capital"});
    assert_eq!(of(&customer, "1.00"), ("fail".to_owned(), missing));
    net_capital(&server, "10000.00");
    let (result, numbers) = of(&customer, "1000.00");
    assert_eq!(result, "pass");
    assert_eq!(numbers["share"], "10.00");
    assert_eq!(numbers["net_capital_as_of"], "2025-12-31");
    let (result, numbers) = of(&customer, "1000.01");
    assert_eq!(
        (result.as_str(), &numbers["share"], &numbers["share_warn"]),
        ("warn", &json!("10.01"), &json!("10.00"))
    );
    assert_eq!(of(&customer, "1500.00").0, "warn");
    let (result, numbers) = of(&customer, "1500.01");
    assert_eq!(
        (result.as_str(), &numbers["share_max"]),
        ("fail", &json!("15.00"))
    );

    // Members count together, each with its unified limit; its products below it do not add up.
    let group = a_group_of(&server, SALES).id();
    let sibling = a_customer(&server).id();
    a_member(&server, &group, &customer);
    a_member(&server, &group, &sibling);
    a_unified_line(&server, &sibling, "600.00");
    a_product_line(&server, &sibling, "500.00");
    assert_eq!(of(&customer, "900.00").1["total_after"], "1500.00");
    assert_eq!(
        [of(&customer, "900.00").0, of(&customer, "900.01").0],
        ["warn", "fail"]
    );
    // A ceiling over all of them is the most they can have.
    a_group_line(&server, &group, "800.00");
    assert_eq!(of(&customer, "900.01").0, "pass");
    let more = application_body(Owner::Group(&group), None, "1500.01");
    assert_eq!(outcome(&server, &more, "concentration").0, "fail");

    // A currency without a rate could be anything.
    let stranger = a_customer(&server).id();
    let foreign = in_currency(unified(&stranger, "1.00"), "USD");
    let (result, numbers) = outcome(&server, &foreign, "concentration");
    assert_eq!(
        (result.as_str(), &numbers["total_after"]),
        ("fail", &json!("unlimited"))
    );
    a_rate(&server, ["USD", "CNY"], "7.1");
    assert_eq!(
        outcome(&server, &foreign, "concentration").1["total_after"],
        "7.10"
    );
}

#[test]
fn a_line_that_keeps_inheriting_its_limit_is_no_unlimited_credit() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "40.00");
    let inherits = with(
        unified(&customer, "1.00"),
        &json!({"limit_kind": "inherit", "amount": null}),
    );
    let line = a_line(&server, &inherits).id();
    net_capital(&server, "1000.00");
    a_policy(&server, &json!({"concentration_max_bp": 500}));
    let renewal = about_line(&line, "renew", &json!({"valid_until": "2027-12-31"}));
    let (result, numbers) = outcome(&server, &renewal, "concentration");
    assert_eq!(
        (result.as_str(), &numbers["total_after"]),
        ("pass", &json!("40.00"))
    );
    let amount = about_line(
        &line,
        "renew",
        &json!({"valid_until": "2027-12-31", "amount": "50.01"}),
    );
    assert_eq!(outcome(&server, &amount, "concentration").0, "fail");
    let free = about_line(
        &line,
        "renew",
        &json!({"valid_until": "2027-12-31", "limit_kind": "unlimited"}),
    );
    assert_eq!(
        outcome(&server, &free, "concentration").1["total_after"],
        "unlimited"
    );
}

#[test]
fn what_is_overdue_warns_and_too_much_of_it_fails() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let of = || outcome(&server, &unified(&customer, "1.00"), "overdue_balance");
    assert_eq!(of(), ("pass".to_owned(), json!({"overdue": "0.00"})));
    owes(&server, &customer, "50.00", "2026-03-02");
    assert_eq!(of().0, "pass", "due today is not overdue");
    server.advance(TimeDelta::days(1));
    assert_eq!(of(), ("warn".to_owned(), json!({"overdue": "50.00"})));
    a_policy(&server, &json!({"overdue_max": "50.00"}));
    assert_eq!(
        of(),
        (
            "warn".to_owned(),
            json!({"overdue": "50.00", "overdue_max": "50.00"})
        )
    );
    owes(&server, &customer, "0.01", "2026-03-02");
    assert_eq!(
        of(),
        (
            "fail".to_owned(),
            json!({"overdue": "50.01", "overdue_max": "50.00"})
        )
    );
    // The members of a group are looked at together.
    let group = a_group_of(&server, SALES).id();
    a_member(&server, &group, &customer);
    let ceiling = application_body(Owner::Group(&group), None, "1.00");
    assert_eq!(outcome(&server, &ceiling, "overdue_balance").0, "fail");
    let clean = a_customer(&server).id();
    let mut foreign = in_currency(receivable_body(&server, &clean, "1.00"), "USD");
    foreign["issued_on"] = json!("2026-03-02");
    foreign["payment_term_days"] = json!(0);
    server
        .with_everything()
        .post("/v1/receivables", &foreign)
        .expect(201);
    assert_eq!(
        outcome(&server, &unified(&clean, "1.00"), "overdue_balance").0,
        "fail"
    );
}

#[test]
fn documents_have_to_be_there_and_valid() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let of = |documents: &[(&str, Value)]| {
        let attachments: Vec<Value> = documents
            .iter()
            .map(|(kind, until)| json!({"kind": kind, "reference": "DMS-1", "valid_until": until}))
            .collect();
        let body = with(
            unified(&customer, "1.00"),
            &json!({"attachments": attachments}),
        );
        outcome(&server, &body, "documents")
    };
    assert_eq!(of(&[]).0, "not_evaluated");
    a_policy(
        &server,
        &json!({"required_documents": ["business_licence", "audit_report"]}),
    );
    let (licence, audit) = ("business_licence", "audit_report");
    let failed = |numbers: Value| ("fail".to_owned(), numbers);
    assert_eq!(
        of(&[]),
        failed(json!({"missing": "audit_report, business_licence"}))
    );
    assert_eq!(
        of(&[(licence, Value::Null)]),
        failed(json!({"missing": "audit_report"}))
    );
    let stale = json!("2026-03-01");
    assert_eq!(
        of(&[(licence, stale.clone()), (audit, Value::Null)]),
        failed(json!({"expired": "business_licence"}))
    );
    assert_eq!(
        of(&[(licence, json!("2026-03-02")), (audit, Value::Null)]).0,
        "pass"
    );
    assert_eq!(
        of(&[
            (licence, stale),
            (licence, Value::Null),
            (audit, Value::Null)
        ])
        .0,
        "pass",
        "one valid is enough"
    );
}
