//! Published documents: by one, confirmed by another, in force no earlier than confirmed.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::checks::{a_matrix, with_built_in_tail};
use crate::support::{
    Client, Owner, TestServer, a_customer, a_submitted, an_approver, application_body,
};

const DOCUMENTS: &[(&str, &str, &str)] = &[
    (
        "/v1/credit-policies",
        "policy",
        "approvals:decide:executive",
    ),
    (
        "/v1/check-rule-sets",
        "rules",
        "approvals:decide:head-office",
    ),
    ("/v1/authority-rules", "rules", "approvals:decide:executive"),
];

fn body(server: &TestServer, field: &str, path: &str) -> Value {
    let document = match path {
        "/v1/authority-rules" => with_built_in_tail(server, &json!([])),
        _ => json!({}),
    };
    let mut body = json!({"effective_from": server.db().today().to_string(), "note": "年度"});
    body[field] = document;
    body
}

fn approve(client: &Client, change: &str) -> crate::support::Answer {
    client.post(&format!("{change}/approve"), &json!({})).send()
}

#[test]
fn one_person_publishes_nothing_and_two_do() {
    let server = TestServer::start();
    let administrator = server.as_tier("administrator");
    for (path, field, scope) in DOCUMENTS {
        let asked = administrator.post(path, &body(&server, field, path));
        let asked = asked.expect(202);
        let change = asked.header("location").unwrap().to_owned();
        assert_eq!(asked.field("status"), "waiting");
        let listed = administrator.get(path).expect(200).items();
        assert!(listed.is_empty(), "{path} is published by one");
        // Whoever asked does not confirm, whatever else he may do.
        let mut alone = administrator.identity().clone();
        alone.scopes = server.with_everything().identity().scopes.clone();
        approve(&server.client_of(alone), &change).expect_problem("four_eyes_required");
        let branch = server.as_tier("credit_officer_branch");
        approve(&branch, &change).expect_problem("not_found");
        let case = asked.field("approval_id");
        let case = server
            .as_tier("auditor")
            .get(&format!("/v1/approvals/{case}"));
        let case = case.expect(200).json();
        assert_eq!(case["steps"][0]["required_scope"], *scope, "{path}");
        let tier = match *scope {
            "approvals:decide:executive" => "executive",
            _ => "credit_officer_head_office",
        };
        let confirmer = server.as_tier(tier);
        let done = approve(&confirmer, &change).expect(200).json();
        assert_eq!(done["status"], "carried_out");
        let current = administrator.get(&format!("{path}/1")).expect(200).json();
        let by = |client: &Client| json!(client.identity().principal());
        assert_eq!(current["published_by"], by(&administrator), "{path}");
        assert_eq!(current["confirmed_by"], by(&confirmer), "{path}");
        approve(&confirmer, &change).expect_problem("invalid_transition");
    }
}

#[test]
fn a_document_is_in_force_no_earlier_than_confirmed_and_outdated_by_another() {
    let server = TestServer::start();
    let client = server.with_everything();
    let path = "/v1/credit-policies";
    let asked = || {
        let body = body(&server, "policy", path);
        let asked = client.post(path, &body).expect(202);
        asked.header("location").unwrap().to_owned()
    };
    let (first, second) = (asked(), asked());
    server.advance(TimeDelta::days(3));
    let approver = an_approver(&server);
    approve(&approver, &first).expect(200);
    let current = client.get(&format!("{path}/current")).expect(200);
    assert_eq!(current.field("effective_from"), "2026-03-05");
    // The other one was asked for in view of something that holds no more.
    approve(&approver, &second).expect_problem("change_outdated");
    let waits = client.get(&second).expect(200);
    assert_eq!(waits.field("status"), "waiting");
    let withdrawn = client.post(&format!("{second}/withdraw"), &json!({}));
    assert_eq!(withdrawn.expect(200).field("status"), "withdrawn");
    assert_eq!(client.get(path).expect(200).items().len(), 1);
}

#[test]
fn changes_of_the_company_are_seen_from_above_and_never_by_customers() {
    let server = TestServer::start();
    let client = server.with_everything();
    let path = "/v1/check-rule-sets";
    let asked = client.post(path, &body(&server, "rules", path)).expect(202);
    let change = asked.header("location").unwrap();
    for tier in ["auditor", "administrator", "executive"] {
        let seen = server.as_tier(tier).get(change).expect(200);
        assert_eq!(seen.json(), asked.json());
    }
    let manager = server.as_tier("account_manager");
    manager.get(change).expect_problem("not_found");
    let listed = manager
        .get("/v1/pending-changes?status=waiting")
        .expect(200);
    assert!(listed.items().is_empty());
    let kind = "/v1/pending-changes?kind=check_rule_set&subject=check_rule_sets/1";
    assert_eq!(client.get(kind).expect(200).items().len(), 1);
    // A customer that was given the scope still sees nothing of what is thought of it.
    let mut own = server
        .as_customer(&a_customer(&server).id())
        .identity()
        .clone();
    own.scopes.push("pending-changes:read".to_owned());
    own.org_path = "head-office".to_owned();
    let own = server.client_of(own);
    own.get(change).expect_problem("not_found");
    assert!(
        own.get("/v1/pending-changes")
            .expect(200)
            .items()
            .is_empty()
    );
}

#[test]
fn no_matrix_goes_below_the_floor() {
    let server = TestServer::start();
    let administrator = server.as_tier("administrator");
    let path = "/v1/authority-rules";
    let built_in = administrator.get(&format!("{path}/0")).expect(200).json();
    let built_in = built_in["rules"].as_array().unwrap();
    let place = |name: &str| built_in.iter().position(|one| one["name"] == name).unwrap();
    let step = |scope: &str| json!([{"name": "step", "scope": scope, "organisation_depth": 1}]);
    let refused = |rules: Value, pointer: &str, words: &str| {
        let today = server.db().today().to_string();
        let body = json!({"effective_from": today, "rules": rules});
        let answer = administrator
            .post(path, &body)
            .expect_problem("authority_floor");
        let error = answer.json()["errors"][0].clone();
        assert_eq!(error["pointer"], pointer, "{error}");
        assert!(error["detail"].as_str().unwrap().contains(words), "{error}");
    };
    // What one administrator published for himself.
    let alone = json!([{"name": "all", "kind": "credit_application", "steps": step("approvals:decide:branch")}]);
    refused(alone, "#/rules/0", "one person");
    let changed = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut rules = built_in.clone();
        change(&mut rules[place(name)]);
        json!(rules)
    };
    let at = |name: &str| format!("#/rules/{}", place(name));
    for name in ["executive", "referral_executive"] {
        let one = changed(name, &|rule| {
            rule["steps"] = step("approvals:decide:executive");
        });
        refused(one, &at(name), "one person");
    }
    let more = changed("head_office", &|rule| {
        rule["amount_max"] = json!("50000000.01")
    });
    refused(more, &at("head_office"), "one person");
    for name in ["related_party", "referral_related_party"] {
        let two = json!([
            {"name": "one", "scope": "approvals:decide:head-office"},
            {"name": "two", "scope": "approvals:decide:executive"},
        ]);
        let others = changed(name, &|rule| rule["steps"] = two.clone());
        refused(others, &at(name), "related parties");
    }
    let last = format!("#/rules/{}", built_in.len() - 1);
    for (name, kind) in [
        ("executive", "credit_application"),
        ("referral_executive", "referral"),
        ("change_customer", "change"),
    ] {
        let mut rules = built_in.clone();
        rules.remove(place(name));
        refused(json!(rules), &last, kind);
    }
    let within = changed("change_customer", &|rule| {
        rule["within"] = json!("head-office/east");
    });
    refused(within, &format!("#/rules/{}", built_in.len()), "change");
    assert_eq!(server.number("SELECT count(*) FROM pending_changes"), 0);
}

#[test]
fn what_a_matrix_of_before_there_was_a_floor_leaves_out_is_decided_by_the_built_in_one() {
    let server = TestServer::start();
    server.sql(
        "INSERT INTO authority_rule_sets (version, effective_from, rules, published_by, published_at) \
         VALUES (1, '2026-03-02', '[{\"name\": \"small\", \"kind\": \"credit_application\", \
         \"amount_max_minor\": 10000, \"steps\": [{\"name\": \"step\", \
         \"scope\": \"approvals:decide:branch\"}]}]', 'somebody', '2026-03-02T00:00:00Z')",
    );
    let customer = a_customer(&server).id();
    let rule_of = |amount: &str| {
        let body = application_body(Owner::Customer(&customer), None, amount);
        let client = server.with_everything();
        let path = a_submitted(&server, &body);
        let case = client.get(&path).expect(200).field("approval_id");
        let case = client.get(&format!("/v1/approvals/{case}")).expect(200);
        let withdraw = client.post(&format!("{path}/withdraw"), &json!({}));
        withdraw.expect(200);
        (case.json()["rule_set_version"].clone(), case.field("rule"))
    };
    assert_eq!(rule_of("100.00"), (json!(1), "small".to_owned()));
    assert_eq!(
        rule_of("100.01"),
        (json!(0), "weak_grade_branch".to_owned())
    );
    // And another one can be published.
    assert_eq!(a_matrix(&server, &json!([])).json()["version"], 2);
}
