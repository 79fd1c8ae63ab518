//! What was so on a day.

use chrono::TimeDelta;
use serde_json::json;

use super::files::file;
use super::{CONCENTRATION, Company, PORTFOLIO, briefly, portfolio, report, risks};
use crate::support::actors::SALES;
use crate::support::applications::{decided, leave};
use crate::support::ledger::assert_clean;
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_group_line, a_group_of, a_line,
    a_member, a_receivable, a_reservation, a_unified_line, terms_between, the_goods,
};

#[test]
fn grades_and_industries_are_those_of_the_day() {
    let server = TestServer::start();
    let Company { first, second, .. } = Company::set_up(&server);
    let client = server.with_everything();
    let grade = |customer: &str, number: u32, grade: &str, scored_on: &str| {
        server.sql(&format!(
            "INSERT INTO customer_scores SELECT bucket, '01940c9e-7a3b-7d2c-8f00-00000000000{number}', id, '{grade}', \
             '{scored_on}', '2026-12-31', 's', 'p', '{}' FROM customers WHERE id = '{customer}'",
            server.now().to_rfc3339()
        ));
    };
    grade(&first, 1, "B", "2026-01-10");
    grade(&second, 2, "B", "2026-01-10");
    grade(&second, 3, "D", "2026-03-03");
    let change = |industry: &str| {
        let path = format!("/v1/customers/{first}");
        let body = json!({"industry": industry});
        client.patch(&path, "*", &body).expect(200)
    };
    change("steel");
    server.advance(TimeDelta::days(1));
    change("timber");
    assert_eq!(
        briefly(&client, "by=grade&as_of=2026-03-02"),
        ["ungraded 1200.00 100.00", "B 700.00 130.00"]
    );
    assert_eq!(
        briefly(&client, "by=grade"),
        [
            "ungraded 1200.00 100.00",
            "D 400.00 80.00",
            "B 300.00 50.00"
        ]
    );
    assert_eq!(
        briefly(&client, "by=industry&as_of=2026-03-02")[1],
        "steel 300.00 50.00"
    );
    assert_eq!(briefly(&client, "by=industry")[1], "timber 300.00 50.00");
}

#[test]
fn members_count_at_their_group_from_the_day_they_join_until_they_leave() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    a_group_line(&server, &group, "900.00");
    let customer = a_customer_with_credit(&server, SALES);
    a_receivable(&server, &customer, "70.00");
    server.advance(TimeDelta::days(1));
    let membership = a_member(&server, &group, &customer);
    server.advance(TimeDelta::days(2));
    let client = server.with_everything();
    decided(&server, leave(&server, &membership)).expect(200);
    server.advance(TimeDelta::days(2));
    let single = format!("customer {customer} CNY 1000.00 70.00 - -");
    let empty = format!("group {group} CNY 900.00 0.00 - -");
    let full = format!("group {group} CNY 900.00 70.00 - -");
    for (day, expected) in [
        ("2026-03-02", vec![&single, &empty]),
        ("2026-03-03", vec![&full]),
        ("2026-03-04", vec![&full]),
        ("2026-03-05", vec![&single, &empty]),
        ("2026-03-06", vec![&single, &empty]),
    ] {
        let found = risks(&client, &format!("as_of={day}"));
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{day}");
    }
    assert_clean(&server);
}

#[test]
fn what_is_in_use_counts_on_lines_that_have_ended_and_their_limit_does_not() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let open = |days: [&str; 2]| {
        let owner = Owner::Customer(&customer);
        let body = terms_between(owner, Some(GOODS), "100.00", days);
        a_line(&server, &body).id()
    };
    open(["2026-01-01", "2026-03-02"]);
    let next = open(["2026-03-03", "2026-12-31"]);
    a_receivable(&server, &customer, "70.00");
    server.advance(TimeDelta::days(1));
    let client = server.with_everything();
    let row = |rest: &str| vec![format!("{GOODS} CNY {rest}")];
    assert_eq!(
        portfolio(&client, "by=product&as_of=2026-03-02"),
        row("100.00 0.00 70.00 30.00 1 1")
    );
    assert_eq!(
        portfolio(&client, "by=product"),
        row("100.00 0.00 70.00 30.00 2 1")
    );
    let act = |verb: &str| {
        let path = format!("/v1/credit-lines/{next}/{verb}");
        client.post(&path, &json!({})).expect(200)
    };
    act("suspend");
    let suspended = row("100.00 0.00 70.00 30.00 2 1");
    assert_eq!(portfolio(&client, "by=product"), suspended);
    act("close");
    assert_eq!(
        portfolio(&client, "by=product"),
        row("0.00 0.00 70.00 -70.00 1 1")
    );
}

#[test]
fn expired_reservations_take_nothing_from_the_day_on_which_they_expired() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_unified_line(&server, &customer, "600.00");
    a_reservation(&server, &customer, "10.00");
    server.advance(TimeDelta::days(8));
    let client = server.with_everything();
    assert_eq!(
        server.number("SELECT sum(held_minor) FROM credit_lines"),
        2000
    );
    let row = |held: &str| vec![format!("{customer} {held}")];
    assert_eq!(briefly(&client, "by=customer"), row("600.00 0.00"));
    assert_eq!(
        briefly(&client, "by=customer&as_of=2026-03-09"),
        row("600.00 0.00")
    );
    assert_eq!(
        briefly(&client, "by=customer&as_of=2026-03-08"),
        row("600.00 10.00")
    );
}

#[test]
fn today_is_what_the_lines_say_now() {
    let server = TestServer::start();
    Company::set_up(&server);
    server.advance(TimeDelta::days(1));
    let customer = a_customer_with_credit(&server, SALES);
    a_receivable(&server, &customer, "12.34");
    let client = server.with_everything();
    let live = |part: &str| {
        let sum = format!(
            "SELECT to_char(sum({part}_minor) / 100.0, 'FM999990.00') FROM credit_lines WHERE product IS NOT NULL"
        );
        server.texts(&sum).remove(0)
    };
    let read = report(&client, &format!("{PORTFOLIO}?by=product"));
    for part in ["limit", "held", "drawn"] {
        assert_eq!(read["totals"][0][part], live(part), "{part}");
    }
    let today = server.db().today().to_string();
    for path in [
        format!("{PORTFOLIO}?by=group"),
        format!("{CONCENTRATION}?limit=9"),
    ] {
        let dated = client.get(&format!("{path}&as_of={today}")).expect(200);
        assert_eq!(client.get(&path).expect(200).body, dated.body);
    }
}

#[test]
fn an_empty_company_has_empty_reports() {
    let server = TestServer::start();
    let client = server.with_everything();
    for path in [CONCENTRATION, PORTFOLIO] {
        let read = report(&client, path);
        assert_eq!(read["rows"], json!([]));
        assert_eq!(read["totals"], json!([]));
        assert_eq!(read["row_count"], 0);
        assert_eq!(read["truncated"], false);
        let file = file(&client, path);
        assert_eq!(file.text().matches("\r\n").count(), 1, "only a header");
    }
    // Before there was anything, there was nothing.
    a_customer_with_credit(&server, SALES);
    server.advance(TimeDelta::days(1));
    let before = report(&client, &format!("{PORTFOLIO}?as_of=2026-03-01"));
    assert_eq!(before["rows"], json!([]));
    assert_eq!(briefly(&client, "by=product&as_of=2026-03-02").len(), 1);
}
