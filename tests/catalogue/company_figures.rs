//! Figures of the company: dated, corrected by new rows, in force until the next.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{TestServer, an_approver, carried_out_change, confirmed, figure_body};

const PATH: &str = "/v1/company-figures";

#[test]
fn a_figure_is_in_force_from_its_day_until_the_next_and_as_corrected_last() {
    let server = TestServer::start();
    let client = server.as_tier("credit_officer_head_office");
    let record = |as_of: &str, amount: &str| {
        let body = figure_body(as_of, amount);
        confirmed(&server, client.post(PATH, &body).expect(202))
    };
    record("2025-12-31", "100.00");
    record("2026-02-28", "300.00");
    server.advance(TimeDelta::hours(1));
    let corrected = record("2025-12-31", "200.00");
    assert_eq!(corrected.json()["revision"], 2);
    assert_eq!(
        corrected.field("recorded_by"),
        client.identity().principal()
    );
    assert_eq!(
        corrected.field("confirmed_by"),
        an_approver(&server).identity().principal()
    );
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
        let asked = client.post(PATH, &figure_body(as_of, amount));
        confirmed(&server, asked.expect(202));
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
    let asked = client.post(PATH, &figure_body("2026-03-02", "1.00"));
    let asked = asked.expect(202);
    assert_eq!(server.number("SELECT count(*) FROM company_figures"), 0);
    confirmed(&server, asked);
    assert_eq!(server.number("SELECT count(*) FROM company_figures"), 1);
}

#[test]
fn of_corrections_at_once_one_is_kept_and_the_others_are_outdated() {
    let server = TestServer::start();
    let client = server.as_tier("administrator");
    let approver = an_approver(&server);
    let changes: Vec<String> = (1..=4)
        .map(|amount| {
            let body = figure_body("2025-12-31", &format!("{amount}.00"));
            let asked = client.post(PATH, &body).expect(202);
            asked.header("location").unwrap().to_owned()
        })
        .collect();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = changes
            .iter()
            .map(|change| {
                let approver = &approver;
                scope.spawn(move || {
                    let approve = format!("{change}/approve");
                    approver.post(&approve, &json!({})).send().status
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    let next = client.post(PATH, &figure_body("2025-12-31", "5.00"));
    let done = carried_out_change(&server, &next.expect(202));
    assert_eq!(done.json()["seen"]["revision"], 1);
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
