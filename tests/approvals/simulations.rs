//! A simulation says what a submission then does.

use serde_json::{Value, json};

use super::{case_of, goods, relate, rules, score, submitted_by};
use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{GOODS, TestServer, a_customer_of};

/// A small generator with a seed, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    /// xorshift64*.
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(mixed).unwrap() % most
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// What counts of a chain: both views show it, one as planned and one as opened.
fn chain(rule: &Value, steps: &Value) -> Value {
    let members = ["name", "required_scope", "org_path", "escalation_scope"];
    let steps: Vec<Value> = steps
        .as_array()
        .unwrap()
        .iter()
        .map(|step| members.iter().map(|&name| step[name].clone()).collect())
        .collect();
    json!([rule, steps])
}

fn assert_simulations_come_true(server: &TestServer, seed: u64, count: usize) {
    let mut dice = Dice(seed);
    for number in 0..count {
        let org_path = dice.pick(&[SALES, ELSEWHERE, "head-office/east", "head-office"]);
        let amount = dice.pick(&[
            "0.00",
            "0.01",
            "200000.00",
            "200000.01",
            "1000000.00",
            "1000000.01",
            "50000000.00",
            "50000000.01",
            "unlimited",
        ]);
        let grade = dice.pick(&["", "A", "B", "C"]);
        let related = dice.below(4) == 0;
        let customer = a_customer_of(server, org_path).id();
        if !grade.is_empty() {
            score(server, &customer, grade, ["2026-03-01", "2026-12-31"]);
        }
        if related {
            relate(server, &customer);
        }
        let manager = server.as_tier_at("account_manager", org_path);
        let mut body = goods(server, &customer, "1.00");
        let mut question = json!({
            "kind": "credit_application", "action": "open", "product": GOODS,
            "related_party": related,
        });
        if amount == "unlimited" {
            body["amount"] = Value::Null;
            body["limit_kind"] = json!("unlimited");
        } else {
            body["amount"] = json!(amount);
            question["amount"] = json!(amount);
        }
        if !grade.is_empty() {
            question["grade"] = json!(grade);
        }
        if dice.below(2) == 0 {
            // Left out it is where the caller stands.
            question["org_path"] = json!(org_path);
        }
        let cases = "SELECT count(*) FROM approval_cases";
        let before = server.number(cases);
        let planned = manager
            .post("/v1/approval-simulations", &question)
            .expect(200)
            .json();
        assert_eq!(
            server.number(cases),
            before,
            "a simulation opened something"
        );
        let opened = case_of(server, &submitted_by(&manager, &body));
        let what = format!("seed {seed}, number {number}: {question}");
        assert_eq!(
            chain(&planned["rule"], &planned["steps"]),
            chain(&opened["rule"], &opened["steps"]),
            "{what}"
        );
        assert_eq!(
            planned["rule_set_version"], opened["rule_set_version"],
            "{what}"
        );
        assert_eq!(opened["amount"], question["amount"], "{what}");
        let days = planned["steps"][0]["deadline_days"].as_i64();
        let due = opened["steps"][0]["due_at"].as_str();
        let waits = due.map(|due| {
            (due.parse::<chrono::DateTime<chrono::Utc>>().unwrap() - server.now()).num_days()
        });
        assert_eq!(days, waits, "{what}");
    }
}

#[test]
fn a_simulation_by_the_built_in_rules_says_what_a_submission_then_does() {
    let server = TestServer::start();
    assert_simulations_come_true(&server, 0x5eed_0001, 40);
}

#[test]
fn a_simulation_by_published_rules_says_what_a_submission_then_does() {
    let server = TestServer::start();
    rules(
        &server,
        &json!([
            {"name": "west", "kind": "credit_application", "within": "head-office/west",
                "steps": [{"name": "region", "scope": "approvals:decide:branch", "organisation_depth": 2}]},
            {"name": "related", "kind": "credit_application", "related_party": true,
                "steps": [{"name": "board", "scope": "approvals:decide:related-party", "organisation_depth": 1}]},
            {"name": "good", "kind": "credit_application", "grades": ["A", "B"], "products": [GOODS],
                "amount_max": "1000000.00",
                "steps": [{"name": "branch", "scope": "approvals:decide:branch", "organisation_depth": 3,
                    "deadline_days": 7,
                    "escalate_to": {"scope": "approvals:decide:head-office", "organisation_depth": 1}}]},
            {"name": "rest", "kind": "credit_application", "steps": [
                {"name": "one", "scope": "approvals:decide:branch"},
                {"name": "two", "scope": "approvals:decide:head-office", "organisation_depth": 1},
                {"name": "three", "scope": "approvals:decide:executive", "organisation_depth": 1}]},
        ]),
    );
    assert_simulations_come_true(&server, 0x5eed_0002, 40);
}
