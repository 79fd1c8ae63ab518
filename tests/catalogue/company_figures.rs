//! Figures of the company: dated, corrected by new rows, in force until the next.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{TestServer, figure_body};

const PATH: &str = "/v1/company-figures";

#[test]
fn a_figure_is_in_force_from_its_day_until_the_next_and_as_corrected_last() {
    let server = TestServer::start();
    let client = server.as_tier("credit_officer_head_office");
    let record = |as_of: &str, amount: &str| {
        let body = figure_body(as_of, amount);
        client.post(PATH, &body).expect(201)
    };
    record("2025-12-31", "100.00");
    record("2026-02-28", "300.00");
    server.advance(TimeDelta::hours(1));
    let corrected = record("2025-12-31", "200.00");
    assert_eq!(corrected.json()["revision"], 2);
    let location = corrected.header("location").unwrap();
    let read = client.get(location).expect(200);
    assert_eq!(read.json(), corrected.json());
    assert_eq!(read.etag(), corrected.etag());
    let on = |as_of: &str| client.get(&format!("{PATH}/net_capital?as_of={as_of}"));
    on("2025-12-30").expect_problem("not_found");
    for (day, amount) in [
        ("2025-12-31", "200.00"),
        ("2026-02-27", "200.00"),
        ("2026-02-28", "300.00"),
        ("2030-01-01", "300.00"),
    ] {
        assert_eq!(on(day).expect(200).field("amount"), amount, "{day}");
    }
    let today = client.get(&format!("{PATH}/net_capital")).expect(200);
    assert_eq!(today.field("as_of"), "2026-02-28");
    assert_eq!(today.field("source"), "年度审计报告");
    client
        .get(&format!("{PATH}/turnover"))
        .expect_problem("not_found");
}

#[test]
fn figures_are_listed_with_their_corrections_latest_day_first() {
    let server = TestServer::start();
    let client = server.as_tier("administrator");
    for (as_of, amount) in [
        ("2024-12-31", "1.00"),
        ("2025-12-31", "2.00"),
        ("2024-12-31", "3.00"),
    ] {
        client.post(PATH, &figure_body(as_of, amount)).expect(201);
    }
    let mut amounts = Vec::new();
    let mut next = Some(format!("{PATH}?figure=net_capital&limit=1"));
    while let Some(path) = next {
        let page = client.get(&path).expect(200);
        amounts.extend(page.items().iter().map(|item| item["amount"].clone()));
        next = page.json()["next_cursor"]
            .as_str()
            .map(|cursor| format!("{PATH}?figure=net_capital&limit=1&cursor={cursor}"));
    }
    assert_eq!(amounts, ["2.00", "3.00", "1.00"]);
    client
        .get(&format!("{PATH}?figure=turnover"))
        .expect_problem("invalid_parameter");
}

#[test]
fn a_figure_is_positive_and_not_of_the_future() {
    let server = TestServer::start();
    let client = server.as_tier("administrator");
    for (as_of, amount, pointer) in [
        ("2026-03-03", "1.00", "#/as_of"),
        ("2026-03-02", "0.00", "#/amount"),
        ("2026-03-02", "-1.00", "#/amount"),
        ("2026-03-02", "1.001", "#/amount"),
    ] {
        let body = figure_body(as_of, amount);
        let refused = client.post(PATH, &body).expect_problem("validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    client
        .post(PATH, &figure_body("2026-03-02", "1.00"))
        .expect(201);
    assert_eq!(server.number("SELECT count(*) FROM company_figures"), 1);
}

#[test]
fn corrections_at_once_are_all_kept_and_numbered() {
    let server = TestServer::start();
    let client = server.as_tier("administrator");
    let revisions: BTreeSet<i64> = std::thread::scope(|scope| {
        let running: Vec<_> = (1..=4)
            .map(|amount| {
                let body = figure_body("2025-12-31", &format!("{amount}.00"));
                let client = &client;
                scope.spawn(move || {
                    let answer = client.post(PATH, &body).expect(201);
                    answer.json()["revision"].as_i64().unwrap()
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(revisions, BTreeSet::from([1, 2, 3, 4]));
}

#[test]
fn who_reads_does_not_record() {
    let server = TestServer::start();
    for tier in ["account_manager", "credit_officer_branch", "auditor"] {
        let client = server.as_tier(tier);
        client.get(PATH).expect(200);
        client
            .post(PATH, &json!({}))
            .expect_problem("insufficient_scope");
    }
}
