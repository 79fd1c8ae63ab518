//! The authority matrix: as text to read, and as versions that are published.

use std::fmt::Write;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shouxin::approvals::domain::authority_rules::{self, AuthorityRule, DECIDING_SCOPES, StepRule};
use shouxin::auth::scopes::TIERS;
use shouxin::values::currency::Currency;
use shouxin::values::money::decimal_string;

use crate::approvals::{approve, case_of, goods, lines, rules as publish, submit, submitted};
use crate::contract::document::assert_checked_in;
use crate::support::checks::with_built_in_tail;
use crate::support::{Client, TestServer, a_customer, confirmed};

const RULES: &str = "/v1/authority-rules";

#[test]
fn checked_in_matrix_is_what_the_code_decides_by() {
    assert_checked_in(
        "openapi/authority.txt",
        &text(),
        "SHOUXIN_UPDATE=1 cargo test --test main authority::checked_in",
    );
}

/// The built-in rules and who may decide their steps, as text.
fn text() -> String {
    let mut text = String::from(
        "# The built-in authority matrix: the first rule whose conditions hold gives the steps.\n\
         # scope @ depth: 1 is the head office, \"case\" the organisation of the case itself.\n\
         # A test generates it: `SHOUXIN_UPDATE=1 cargo test --test main authority::checked_in`.\n\n",
    );
    for rule in authority_rules::built_in() {
        let steps: Vec<String> = rule.steps.iter().map(step).collect();
        let indent = format!("\n{:74}then ", "");
        writeln!(
            text,
            "{:24}{:50}{}",
            rule.name,
            conditions(&rule),
            steps.join(&indent)
        )
        .unwrap();
    }
    text.push_str(
        "\n# Who may decide a step, where they stand at or above it: the tier needs the scope of\n\
         # the step and that of the operation, credit-applications:approve or referrals:approve.\n\n",
    );
    let width = 32;
    write!(text, "{:30}", "").unwrap();
    for scope in DECIDING_SCOPES {
        write!(text, "{scope:width$}").unwrap();
    }
    text = format!("{}\n", text.trim_end());
    for tier in TIERS {
        let mut line = format!("{:30}", tier.name);
        for scope in DECIDING_SCOPES {
            let decides = |operation| tier.holds(scope) && tier.holds(operation);
            let may = decides("credit-applications:approve");
            assert_eq!(may, decides("referrals:approve"), "{}", tier.name);
            write!(line, "{:width$}", if may { "decides" } else { "-" }).unwrap();
        }
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

fn conditions(rule: &AuthorityRule) -> String {
    let among = |name: &str, values: &std::collections::BTreeSet<String>| {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        (!values.is_empty()).then(|| format!("{name} {}", values.join("|")))
    };
    let whether = |name: &str, value: Option<bool>| {
        value.map(|wanted| format!("{}{name}", if wanted { "" } else { "not " }))
    };
    let kind = (rule.kind != "credit_application").then(|| format!("kind {}", rule.kind));
    let parts: Vec<String> = [
        kind,
        among("action", &rule.actions),
        among("product", &rule.products),
        among("grade", &rule.grades),
        among("data", &rule.data_classes),
        rule.amount_max_minor
            .map(|most| format!("up to {}", decimal_string(most, Currency::COMPANY))),
        whether("related party", rule.related_party),
        whether("exceptional", rule.exceptional),
        rule.within
            .as_ref()
            .map(|unit| format!("within {}", unit.as_str())),
    ]
    .into_iter()
    .flatten()
    .collect();
    match parts.is_empty() {
        true => "anything else".to_owned(),
        false => parts.join(", "),
    }
}

fn step(step: &StepRule) -> String {
    let depth = |depth: Option<u8>| depth.map_or("case".to_owned(), |depth| depth.to_string());
    let mut text = format!("{} @ {}", step.scope, depth(step.organisation_depth));
    if let (Some(days), Some(to)) = (step.deadline_days, &step.escalate_to) {
        let place = depth(to.organisation_depth);
        write!(text, ", after {days} days also {} @ {place}", to.scope).unwrap();
    }
    text
}

/// A matrix of one rule for every application.
fn everything_to(name: &str, scope: &str) -> Value {
    json!([{"name": name, "kind": "credit_application", "steps": [{"name": "step", "scope": scope}]}])
}

fn body(effective_from: &str, rules: &Value) -> Value {
    json!({"effective_from": effective_from, "note": "年度授权", "rules": rules})
}

fn a_draft_of(client: &Client, body: &Value) -> String {
    let drawn_up = client.post("/v1/credit-applications", body).expect(201);
    drawn_up.header("location").unwrap().to_owned()
}

fn case_rule(server: &TestServer, path: &str) -> (Value, Value) {
    let case = case_of(server, path);
    (case["rule_set_version"].clone(), case["rule"].clone())
}

#[test]
fn without_a_published_matrix_the_built_in_one_is_current() {
    let server = TestServer::start();
    let reader = server.as_tier("auditor");
    let current = reader.get(&format!("{RULES}/current")).expect(200).json();
    assert_eq!(
        current,
        reader.get(&format!("{RULES}/0")).expect(200).json()
    );
    assert_eq!(current["version"], 0);
    let names: Vec<String> = authority_rules::built_in()
        .into_iter()
        .map(|rule| rule.name)
        .collect();
    let shown = current["rules"].as_array().unwrap().iter();
    let shown: Vec<Value> = shown.map(|rule| rule["name"].clone()).collect();
    assert_eq!(json!(shown), json!(names));
    assert!(reader.get(RULES).expect(200).items().is_empty());
    reader
        .get(&format!("{RULES}/1"))
        .expect_problem("not_found");
    // What the service shows of its own matrix can be published as it is.
    let again = body("2026-03-02", &current["rules"]);
    let asked = server.as_tier("administrator").post(RULES, &again);
    let published = confirmed(&server, asked.expect(202));
    assert_eq!(published.json()["rules"], current["rules"]);
    assert_eq!(published.json()["version"], 1);
}

#[test]
fn a_version_counts_from_its_first_day_and_open_cases_keep_their_steps() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let small = goods(&server, &customer, "1.00");
    let administrator = server.as_tier("administrator");
    let to_head_office = everything_to("strict", "approvals:decide:head-office");
    let to_head_office = with_built_in_tail(&server, &to_head_office);
    let asked = administrator.post(RULES, &body("2026-03-04", &to_head_office));
    let first = confirmed(&server, asked.expect(202));
    assert_eq!(first.json()["version"], 1);
    assert_eq!(
        first.field("published_by"),
        administrator.identity().principal()
    );
    assert_eq!(first.field("published_at"), "2026-03-02T02:00:00Z");
    let current = |server: &TestServer| {
        let path = format!("{RULES}/current");
        server.as_tier("auditor").get(&path).expect(200).json()["version"].clone()
    };
    let before = submitted(&server, &small);
    assert_eq!(
        case_rule(&server, &before),
        (json!(0), json!("weak_grade_branch"))
    );
    assert_eq!(current(&server), 0);
    server.advance(TimeDelta::days(2) - TimeDelta::hours(10) - TimeDelta::microseconds(1));
    assert_eq!(current(&server), 0);
    server.advance(TimeDelta::microseconds(1));
    assert_eq!(current(&server), 1);
    let after = submitted(&server, &small);
    assert_eq!(case_rule(&server, &after), (json!(1), json!("strict")));
    let branch = server.as_tier("credit_officer_branch");
    approve(&branch, &after).expect_problem("insufficient_scope");
    // The case of the days before is decided as it was opened.
    assert_eq!(
        case_of(&server, &before)["steps"][0]["required_scope"],
        "approvals:decide:branch"
    );
    approve(&branch, &before).expect(200);
    // The latest version of those that have begun, and every one is kept.
    publish(&server, &everything_to("loose", "approvals:decide:branch"));
    assert_eq!(current(&server), 2);
    let items = server.as_tier("auditor").get(RULES).expect(200).items();
    let versions: Vec<&Value> = items.iter().map(|item| &item["version"]).collect();
    assert_eq!(versions, [2, 1]);
    assert_eq!(case_rule(&server, &after), (json!(1), json!("strict")));
    assert_eq!(lines(&server), 1);
}

#[test]
fn rules_that_are_wrong_are_refused_with_their_place_and_nothing_changes() {
    let server = TestServer::start();
    let administrator = server.as_tier("administrator");
    let built_in = administrator.get(&format!("{RULES}/0")).expect(200).json()["rules"].clone();
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut rules = built_in.as_array().unwrap().clone();
        change(&mut rules);
        body("2026-03-02", &json!(rules))
    };
    let refused: &[(&str, Value)] = &[
        ("#/rules/7", with(&|rules| rules.swap(6, 7))),
        (
            "#/rules/1",
            with(&|rules| rules.insert(1, rules[0].clone())),
        ),
        (
            "#/rules/17",
            with(&|rules| {
                let mut more = rules[7].clone();
                more["name"] = json!("after_everything");
                rules.push(more);
            }),
        ),
        (
            "#/rules/2",
            with(&|rules| rules[2]["steps"][0]["scope"] = json!("customers:read")),
        ),
        (
            "#/rules/5",
            with(&|rules| {
                rules[5]["steps"][0]["escalate_to"]["scope"] = json!("approvals:decide:everything");
            }),
        ),
        (
            "#/rules/5",
            with(&|rules| rules[5]["steps"][0]["deadline_days"] = Value::Null),
        ),
        ("#/rules/0", with(&|rules| rules[0]["steps"] = json!([]))),
        (
            "#/rules/3",
            with(&|rules| rules[3]["steps"][0]["organisation_depth"] = json!(9)),
        ),
        ("#/rules/0", with(&Vec::clear)),
        ("#/effective_from", {
            let mut late = with(&|_| ());
            late["effective_from"] = json!("2026-03-01");
            late
        }),
    ];
    for (place, body) in refused {
        let answer = administrator
            .post(RULES, body)
            .expect_problem("validation_failed");
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            *place,
            "{}",
            answer.text()
        );
    }
    assert_eq!(server.number("SELECT count(*) FROM authority_rule_sets"), 0);
    let kind = "SELECT count(*) FROM events WHERE kind = 'authority_rules.published'";
    assert_eq!(server.number(kind), 0);
}

#[test]
fn an_amount_with_a_part_of_a_fen_is_no_bound() {
    let server = TestServer::start();
    let mut rules = everything_to("branch", "approvals:decide:branch");
    rules[0]["amount_max"] = json!("0.001");
    let refused = server
        .as_tier("administrator")
        .post(RULES, &body("2026-03-02", &rules));
    refused.expect_problem("validation_failed");
}

#[test]
fn what_no_rule_is_for_is_not_published() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let mut small = everything_to("small", "approvals:decide:branch");
    small[0]["amount_max"] = json!("100.00");
    let asked = server.as_tier("administrator");
    let asked = asked.post(RULES, &body("2026-03-02", &small));
    asked.expect_problem("authority_floor");
    let manager = server.as_tier("account_manager");
    let path = a_draft_of(&manager, &goods(&server, &customer, "100.01"));
    submit(&manager, &path).expect(200);
    assert_eq!(
        case_rule(&server, &path),
        (json!(0), json!("weak_grade_branch"))
    );
    let question = json!({"kind": "barter", "action": "open", "amount": "100.01"});
    let simulated = manager.post("/v1/approval-simulations", &question);
    simulated.expect_problem("authority_rule_missing");
}
