//! What was the limit on day X: terms, status and use of a line at any past moment.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::ledger::{Nested, assert_clean};
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_line, a_payment,
    a_product_line, a_receivable, a_reservation, application_body, capture_body, reservation_body,
    the_goods,
};

fn act(server: &TestServer, line: &str, verb: &str, reason: &str) -> Answer {
    let path = format!("/v1/credit-lines/{line}/{verb}");
    let body = json!({"reason": reason});
    server.with_everything().post(&path, &body).send()
}

fn spelt(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339().replace("+00:00", "Z")
}

fn as_of(server: &TestServer, line: &str, moment: &str) -> Answer {
    let path = format!("/v1/credit-lines/{line}?as_of={moment}");
    server.with_everything().get(&path).send()
}

#[test]
fn every_version_is_listed_newest_first_page_by_page() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let line = a_unified(&server, &customer);
    for (verb, reason) in [("suspend", "涉诉"), ("resume", ""), ("close", "合作终止")] {
        server.advance(TimeDelta::hours(1));
        act(&server, &line, verb, reason);
        act(&server, &line, verb, reason);
    }
    // An empty reason is refused as a text, so nothing was resumed with it.
    let client = server.with_everything();
    let path = format!("/v1/credit-lines/{line}/history");
    let mut seen = Vec::new();
    let mut next = Some(format!("{path}?limit=1"));
    while let Some(address) = next {
        let page = client.get(&address).expect(200);
        seen.extend(page.items());
        next = page.json()["next_cursor"]
            .as_str()
            .map(|cursor| format!("{path}?limit=1&cursor={cursor}"));
    }
    let told: Vec<String> = seen
        .iter()
        .map(|version| {
            format!(
                "{} {} {} {}",
                version["version"], version["change"], version["status"], version["reason"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"3 "close" "closed" "合作终止""#,
            r#"2 "suspend" "suspended" "涉诉""#,
            r#"1 "open" "active" null"#,
        ]
    );
    assert_eq!(
        seen[0]["limit"],
        json!({"kind": "amount", "amount": "500.00"})
    );
    assert_eq!(seen[0]["temporary_increase"], Value::Null);
    assert!(seen[2]["application_id"].is_string());
    assert!(
        seen[0]["changed_by"]
            .as_str()
            .unwrap()
            .ends_with("|everything")
    );
    // The customer sees what was changed, and not the notes about it.
    let own = server.as_customer(&customer).get(&path).expect(200);
    assert_eq!(own.items().len(), 3);
    for version in own.items() {
        assert_eq!(version["reason"], Value::Null);
        assert_eq!(version["changed_by"], Value::Null);
    }
}

fn a_unified(server: &TestServer, customer: &str) -> String {
    let body = application_body(Owner::Customer(customer), None, "500.00");
    a_line(server, &body).id()
}

#[test]
fn status_and_version_are_those_of_the_moment() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let before = spelt(server.now() - TimeDelta::microseconds(1));
    let line = a_product_line(&server, &customer, "100.00").id();
    let opened = spelt(server.now());
    server.advance(TimeDelta::days(1));
    act(&server, &line, "suspend", "涉诉").expect(200);
    let suspended = spelt(server.now());
    server.advance(TimeDelta::days(1));
    act(&server, &line, "close", "终止").expect(200);
    let told = |moment: &str| {
        let read = as_of(&server, &line, moment).expect(200).json();
        format!("{} {}", read["status"].as_str().unwrap(), read["version"])
    };
    assert_eq!(told(&opened), "active 1");
    assert_eq!(told("2026-03-02"), "active 1");
    assert_eq!(told(&suspended), "suspended 2");
    assert_eq!(told("2026-03-03"), "suspended 2");
    assert_eq!(told("2026-03-04"), "closed 3");
    for early in [before.as_str(), "2026-03-01", "2026-03-02T01:59:59Z"] {
        as_of(&server, &line, early).expect_problem("not_found");
    }
}

#[test]
fn the_limit_of_a_past_day_has_the_temporary_increase_of_that_day() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_receivable(&server, &customer, "400.00");
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    server.advance(TimeDelta::days(2));
    // As a decided application would write it: 250.00 on top from the 6th to the 8th.
    server.sql(&format!(
        "INSERT INTO credit_line_versions SELECT bucket, line_id, 2, '{now}', 'p', 'temporary_increase', 'r', NULL, \
         status, limit_kind, limit_minor, valid_from, valid_until, payment_term_days, revolving, \
         'add', 25000, '2026-03-06', '2026-03-08', review_on FROM credit_line_versions; \
         UPDATE credit_lines SET version = 2, temporary_mode = 'add', temporary_minor = 25000, \
         temporary_from = '2026-03-06', temporary_until = '2026-03-08'",
        now = spelt(server.now()),
    ));
    server.advance(TimeDelta::days(10));
    let told = |day: &str| {
        let read = as_of(&server, &line, day).expect(200).json();
        let limit = read["effective_limit"].as_str().unwrap().to_owned();
        format!("{limit} {}", read["available"].as_str().unwrap())
    };
    assert_eq!(told("2026-03-05"), "1000.00 600.00");
    assert_eq!(told("2026-03-06"), "1250.00 850.00");
    assert_eq!(told("2026-03-08"), "1250.00 850.00");
    assert_eq!(told("2026-03-09"), "1000.00 600.00");
    assert_eq!(told("2026-03-14"), "1000.00 600.00");
    let portfolio = |day: &str| {
        let path = format!("/v1/reports/portfolio?by=customer&as_of={day}");
        let report = server.with_everything().get(&path).expect(200).json();
        report["rows"][0]["limit"].as_str().unwrap().to_owned()
    };
    assert_eq!(portfolio("2026-03-05"), "1000.00");
    assert_eq!(portfolio("2026-03-07"), "1250.00");
    assert_eq!(portfolio("2026-03-09"), "1000.00");
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// What can still be done with what was done before.
#[derive(Default)]
struct Business {
    held: Vec<String>,
    owed: Vec<String>,
}

fn anything(server: &TestServer, nested: &Nested, dice: &mut Dice, business: &mut Business) {
    let client = server.with_everything();
    let line = &nested.lines[usize::try_from(dice.below(3)).unwrap()];
    match dice.below(10) {
        0..=2 => {
            let amount = format!("{}.00", 1 + dice.below(9));
            let body = reservation_body(&nested.customer, &amount);
            let made = client.post("/v1/reservations", &body).send();
            if made.status == 201 {
                business.held.push(made.id());
            }
        }
        3..=4 => {
            if let Some(id) = business.held.pop() {
                let body = capture_body(server, None, true);
                let path = format!("/v1/reservations/{id}/capture");
                let captured = client.post(&path, &body).expect(200).json();
                let owed = &captured["captures"][0]["receivable_id"];
                business.owed.push(owed.as_str().unwrap().to_owned());
            }
        }
        5 => {
            if let Some(id) = business.held.pop() {
                let path = format!("/v1/reservations/{id}/release");
                client.post(&path, &json!({"amount": null})).expect(200);
            }
        }
        6..=7 => {
            if let Some(id) = business.owed.pop() {
                a_payment(server, &nested.customer, "0.50", &[(&id, "0.50")]);
            }
        }
        8 => drop(act(server, line, "suspend", "随机")),
        _ if dice.below(12) == 0 => drop(act(server, line, "close", "随机")),
        _ => drop(act(server, line, "resume", "随机")),
    }
}

#[test]
fn what_was_so_at_a_moment_never_changes_whatever_happens_later() {
    for seed in [7, 2026] {
        let server = TestServer::start();
        the_goods(&server);
        let nested = Nested::within(&server, ["60.00", "80.00", "100.00"]);
        let client = server.with_everything();
        let mut dice = Dice(seed);
        let mut business = Business::default();
        let mut told: Vec<(String, Vec<u8>)> = Vec::new();
        let read = |path: &str| client.get(path).expect(200).body;
        for step in 0..40 {
            server.advance(TimeDelta::seconds(
                1 + i64::try_from(dice.below(12_000)).unwrap(),
            ));
            anything(&server, &nested, &mut dice, &mut business);
            for line in &nested.lines {
                let path = format!("/v1/credit-lines/{line}");
                let then = format!("{path}?as_of={}", spelt(server.now()));
                let answer = read(&then);
                // Nothing has expired yet, so the moment is what is live, but for what bounds the
                // line today.
                let mut live: Value = serde_json::from_slice(&read(&path)).unwrap();
                (live["binding_level"], live["usable"]) = (Value::Null, Value::Null);
                let past: Value = serde_json::from_slice(&answer).unwrap();
                assert_eq!(past, live, "step {step} of {seed}");
                told.push((then, answer));
            }
            let yesterday = server.db().today() - TimeDelta::days(1);
            for report in [
                "portfolio?by=group",
                "portfolio?by=product",
                "concentration?limit=9",
            ] {
                let path = format!("/v1/reports/{report}&as_of={yesterday}");
                told.push((path.clone(), read(&path)));
            }
        }
        server.advance(TimeDelta::days(30));
        act(&server, &nested.lines[0], "close", "终止");
        a_customer_with_credit(&server, SALES);
        assert!(told.len() > 200);
        for (path, answer) in &told {
            let now = String::from_utf8(read(path)).unwrap();
            assert_eq!(now, String::from_utf8_lossy(answer), "{path} of {seed}");
        }
        assert_clean(&server);
    }
}

#[test]
fn the_use_at_a_moment_is_that_of_the_ledger() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    server.advance(TimeDelta::hours(1));
    a_reservation(&server, &customer, "10.00");
    let first = spelt(server.now());
    server.advance(TimeDelta::hours(1));
    a_receivable(&server, &customer, "5.00");
    let read = as_of(&server, &line, &first).expect(200).json();
    assert_eq!(read["product"], GOODS);
    assert_eq!([&read["held"], &read["drawn"]], ["10.00", "0.00"]);
}
