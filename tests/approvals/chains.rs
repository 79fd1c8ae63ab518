//! Every built-in rule and every step of it: who is just able to decide, and who is not.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shouxin::approvals::domain::authority_rules;

use super::{approve, case_of, goods, lines, member, policy, relate, score, submitted};
use crate::support::actors::SALES;
use crate::support::checks::{referral_body, room_is_referred};
use crate::support::{Answer, GOODS, TestServer, a_customer, a_product_line};

/// A case: the rule that has to be for it, and what makes it one.
struct Case {
    rule: &'static str,
    amount: Option<&'static str>,
    prepare: fn(&TestServer, &str),
    asked: Asked,
}

/// How it is asked for.
enum Asked {
    Application(fn(&TestServer, &str, Option<&str>) -> Value),
    Referral(fn(&TestServer, &str, Option<&str>) -> Value),
    Change(fn(&TestServer, &str) -> (String, Value)),
    Patch(fn(&TestServer, &str) -> (String, Value)),
}

const NOTHING: fn(&TestServer, &str) = |_, _| ();
const GRADE_B: fn(&TestServer, &str) = |server, customer| graded(server, customer, "B");
const GRADE_C: fn(&TestServer, &str) = |server, customer| graded(server, customer, "C");
const DOCUMENTS_MISSING: fn(&TestServer, &str) =
    |server, _| policy(server, &json!({"required_documents": ["business_licence"]}));

/// An ordinary case of an amount.
const fn case(rule: &'static str, amount: &'static str, prepare: fn(&TestServer, &str)) -> Case {
    Case {
        rule,
        amount: Some(amount),
        prepare,
        asked: Asked::Application(opening),
    }
}

const CASES: &[Case] = &[
    Case {
        rule: "lower_risk",
        amount: Some("499.99"),
        prepare: related_with_a_line,
        asked: Asked::Application(|server, customer, amount| {
            about_the_line(server, customer, "decrease", amount)
        }),
    },
    Case {
        rule: "lower_risk",
        amount: None,
        prepare: related_with_a_line,
        asked: Asked::Application(|server, customer, amount| {
            about_the_line(server, customer, "suspend", amount)
        }),
    },
    Case {
        rule: "lower_risk",
        amount: None,
        prepare: related_with_a_line,
        asked: Asked::Application(|server, customer, amount| {
            about_the_line(server, customer, "close", amount)
        }),
    },
    case("related_party", "0.01", relate),
    case("related_party", "50000000.01", relate),
    case("exception", "0.01", DOCUMENTS_MISSING),
    case("weak_grade_branch", "200000.00", GRADE_C),
    case("weak_grade_head_office", "200000.01", GRADE_C),
    case("weak_grade_head_office", "50000000.00", GRADE_C),
    case("executive", "50000000.01", GRADE_C),
    // Who has no score is as the weakest grade.
    case("weak_grade_branch", "200000.00", NOTHING),
    case("weak_grade_head_office", "200000.01", NOTHING),
    case("weak_grade_head_office", "50000000.00", NOTHING),
    case("branch", "1000000.00", GRADE_B),
    case("head_office", "1000000.01", GRADE_B),
    case("head_office", "50000000.00", GRADE_B),
    case("executive", "50000000.01", NOTHING),
    Case {
        rule: "executive",
        amount: None,
        prepare: NOTHING,
        asked: Asked::Application(|server, customer, _| {
            let mut body = goods(server, customer, "1.00");
            body["amount"] = Value::Null;
            body["limit_kind"] = json!("unlimited");
            body
        }),
    },
    referral("referral_related_party", "0.02", |server, customer| {
        without_room(server, customer);
        relate(server, customer);
    }),
    referral(
        "referral_related_party_executive",
        "50000000.01",
        |server, customer| {
            without_room(server, customer);
            relate(server, customer);
        },
    ),
    referral("referral_branch", "1000000.00", without_room),
    referral("referral_head_office", "1000000.01", without_room),
    referral("referral_head_office", "50000000.00", without_room),
    referral("referral_executive", "50000000.01", without_room),
    Case {
        rule: "change_related_party",
        amount: None,
        prepare: relate,
        asked: Asked::Patch(|_, customer| {
            (
                format!("/v1/customers/{customer}"),
                json!({"related_party": false}),
            )
        }),
    },
    change("change_rules", |server, _| {
        let body = json!({"effective_from": server.db().today(), "policy": {}});
        ("/v1/credit-policies".to_owned(), body)
    }),
    change("change_settings", |server, _| {
        let body = json!({"effective_from": server.db().today(), "rules": {}});
        ("/v1/check-rule-sets".to_owned(), body)
    }),
    change("change_customer", |server, customer| {
        let body = json!({
            "grade": "A", "scored_on": server.db().today(), "valid_until": "2026-12-31",
            "source": "年度评级",
        });
        (format!("/v1/customers/{customer}/scores"), body)
    }),
];

/// A change that waits: where it is asked for, and how.
const fn change(rule: &'static str, asked: fn(&TestServer, &str) -> (String, Value)) -> Case {
    Case {
        rule,
        amount: None,
        prepare: NOTHING,
        asked: Asked::Change(asked),
    }
}

/// An order of an amount for which there is no room.
const fn referral(
    rule: &'static str,
    amount: &'static str,
    prepare: fn(&TestServer, &str),
) -> Case {
    Case {
        rule,
        amount: Some(amount),
        prepare,
        asked: Asked::Referral(|_, customer, amount| referral_body(customer, amount.unwrap())),
    }
}

fn without_room(server: &TestServer, customer: &str) {
    a_product_line(server, customer, "0.01");
    room_is_referred(server);
}

fn graded(server: &TestServer, customer: &str, grade: &str) {
    score(server, customer, grade, ["2026-03-01", "2026-12-31"]);
}

fn opening(server: &TestServer, customer: &str, amount: Option<&str>) -> Value {
    goods(server, customer, amount.unwrap())
}

/// Whoever was not related when the line was opened does not need that chain to end it.
fn related_with_a_line(server: &TestServer, customer: &str) {
    a_product_line(server, customer, "500.00");
    relate(server, customer);
}

fn about_the_line(
    server: &TestServer,
    customer: &str,
    action: &str,
    amount: Option<&str>,
) -> Value {
    let query = format!(
        "SELECT id FROM credit_lines WHERE customer_id = '{customer}' AND product = '{GOODS}'"
    );
    let line = server.texts(&query).remove(0);
    json!({"credit_line_id": line, "action": action, "amount": amount})
}

/// Who is just able to decide a step of a scope.
fn just_able(scope: &str) -> (&'static str, &'static str) {
    match scope {
        // The department itself is the lowest place from which its step can be decided.
        "approvals:decide:branch" => ("credit_officer_branch", SALES),
        "approvals:decide:head-office" | "approvals:decide:related-party" => {
            ("credit_officer_head_office", "head-office")
        }
        "approvals:decide:executive" => ("executive", "head-office"),
        other => panic!("nobody is known to decide {other}"),
    }
}

/// Who is just not: by their tier, or by where they stand.
fn just_unable(scope: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut unable = match scope {
        "approvals:decide:branch" => vec![
            ("department_head", "head-office", "insufficient_scope"),
            ("credit_officer_branch", "head-office/west", "not_found"),
            (
                "credit_officer_branch",
                "head-office/east/shanghai/sales-2",
                "not_found",
            ),
        ],
        "approvals:decide:head-office" => vec![
            ("credit_officer_branch", "head-office", "insufficient_scope"),
            (
                "credit_officer_head_office",
                "head-office/east",
                "not_found",
            ),
        ],
        "approvals:decide:related-party" => vec![
            ("credit_officer_branch", "head-office", "insufficient_scope"),
            ("executive", "head-office", "insufficient_scope"),
            (
                "credit_officer_head_office",
                "head-office/east",
                "not_found",
            ),
        ],
        "approvals:decide:executive" => vec![
            (
                "credit_officer_head_office",
                "head-office",
                "insufficient_scope",
            ),
            ("executive", "head-office/east", "not_found"),
        ],
        other => panic!("nobody is known not to decide {other}"),
    };
    unable.push(("auditor", "head-office", "insufficient_scope"));
    unable
}

#[test]
fn every_step_of_every_built_in_rule_is_decided_by_who_is_just_able_and_nobody_below() {
    let mut walked = BTreeSet::new();
    for case in CASES {
        walk(case);
        walked.insert(case.rule.to_owned());
    }
    let all: BTreeSet<String> = authority_rules::built_in()
        .into_iter()
        .map(|rule| rule.name)
        .collect();
    assert_eq!(walked, all, "a built-in rule that is not walked");
}

fn walk(case: &Case) {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    (case.prepare)(&server, &customer);
    let lines_before = lines(&server);
    let located = |answer: Answer| answer.header("location").unwrap().to_owned();
    let is_application = matches!(case.asked, Asked::Application(_));
    let path = match case.asked {
        Asked::Application(body) => submitted(&server, &body(&server, &customer, case.amount)),
        Asked::Referral(body) => {
            let manager = server.as_tier("account_manager");
            let body = body(&server, &customer, case.amount);
            located(manager.post("/v1/referrals", &body).expect(201))
        }
        Asked::Change(asked) => {
            let (collection, body) = asked(&server, &customer);
            let everything = server.with_everything();
            located(everything.post(&collection, &body).expect(202))
        }
        Asked::Patch(asked) => {
            let (path, body) = asked(&server, &customer);
            let everything = server.with_everything();
            located(everything.patch(&path, "*", &body).expect(202))
        }
    };
    let rule = authority_rules::built_in()
        .into_iter()
        .find(|rule| rule.name == case.rule)
        .unwrap();
    let opened = case_of(&server, &path);
    assert_eq!(opened["rule"], case.rule, "{opened}");
    assert_eq!(opened["rule_set_version"], 0);
    let scopes: Vec<&Value> = opened["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["required_scope"])
        .collect();
    let planned: Vec<&String> = rule.steps.iter().map(|step| &step.scope).collect();
    assert_eq!(json!(scopes), json!(planned), "{}", case.rule);
    for (index, step) in rule.steps.iter().enumerate() {
        for (number, (tier, place, code)) in just_unable(&step.scope).into_iter().enumerate() {
            let name = format!("unable {index} {number}");
            let unable = member(&server, tier, place, &name);
            approve(&unable, &path).expect_problem(code);
            let reason = json!({"reason": "不同意"});
            let verbs: &[&str] = match is_application {
                true => &["reject", "send-back"],
                false => &["reject"],
            };
            for verb in verbs {
                let shortcut = unable.post(&format!("{path}/{verb}"), &reason);
                shortcut.expect_problem(code);
            }
        }
        let waiting = case_of(&server, &path);
        assert_eq!(waiting["status"], "pending");
        assert_eq!(waiting["current_step"], index + 1, "{waiting}");
        assert_eq!(waiting["steps"][index]["decision"], Value::Null);
        assert_eq!(lines(&server), lines_before);
        let (tier, place) = just_able(&step.scope);
        let able = member(&server, tier, place, &format!("able {index}"));
        approve(&able, &path).expect(200);
    }
    let decided = case_of(&server, &path);
    assert_eq!(decided["status"], "approved", "{decided}");
    assert!(decided["closed_at"].is_string());
    let added = lines(&server) - lines_before;
    let opens = case.rule != "lower_risk" && is_application;
    assert_eq!(added, i64::from(opens));
}
