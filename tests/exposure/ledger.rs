//! `verify ledger`: clean where all is well, and naming what was altered where it was not.

use shouxin::exposure::app::verification;
use shouxin::values::actor::Actor;
use shouxin::values::organisation::OrgPath;

use crate::support::actors::SALES;
use crate::support::ledger::differences;
use crate::support::{
    TestServer, a_customer_with_credit, a_payment, a_receivable, a_reservation,
    assert_ledger_is_clean,
};

/// A customer with a reservation, a receivable, and a payment that settles a part of it.
fn some_business(server: &TestServer) {
    let customer = a_customer_with_credit(server, SALES);
    a_reservation(server, &customer, "200.00");
    let receivable = a_receivable(server, &customer, "300.00").id();
    a_payment(server, &customer, "120.00", &[(&receivable, "100.00")]);
}

/// Alters what is append-only, as somebody who owns the database could.
fn alter(server: &TestServer, table: &str, statement: &str) {
    server.sql(&format!(
        "ALTER TABLE {table} DISABLE TRIGGER USER; {statement}; ALTER TABLE {table} ENABLE TRIGGER USER"
    ));
}

#[test]
fn a_ledger_that_nobody_altered_is_clean() {
    let server = TestServer::start();
    some_business(&server);
    assert_ledger_is_clean(&server);
}

#[test]
fn a_falsified_balance_is_found_and_named() {
    let server = TestServer::start();
    some_business(&server);
    server.sql("UPDATE credit_lines SET drawn_minor = drawn_minor - 5000");
    let found = differences(&server);
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    for check in [
        "line drawn = sum of its movements",
        "line drawn = outstanding receivables on it",
    ] {
        let difference = found
            .iter()
            .find(|difference| difference.check_name == check)
            .unwrap_or_else(|| panic!("{check} found nothing"));
        assert_eq!(difference.subject.to_string(), line);
        assert_eq!(
            (difference.expected, difference.found),
            (Some(20_000), Some(15_000))
        );
    }
}

#[test]
fn a_falsified_exposure_is_found_on_the_line_it_counts_on() {
    let server = TestServer::start();
    some_business(&server);
    for (table, check) in [
        (
            "reservations",
            "line held = rest of the open reservations on it",
        ),
        ("receivables", "line drawn = outstanding receivables on it"),
    ] {
        let change = |by: i64| {
            server.sql(&format!(
                "UPDATE {table} SET product_exposure_minor = product_exposure_minor + {by}"
            ));
        };
        change(3);
        let found = differences(&server);
        let names: Vec<&str> = found
            .iter()
            .map(|difference| difference.check_name.as_str())
            .collect();
        assert_eq!(names, [check]);
        change(-3);
    }
    assert_ledger_is_clean(&server);
}

#[test]
fn a_removed_movement_leaves_a_gap_that_is_found() {
    let server = TestServer::start();
    some_business(&server);
    alter(
        &server,
        "credit_movements",
        "DELETE FROM credit_movements WHERE movement_number = 1",
    );
    let found: Vec<String> = differences(&server)
        .into_iter()
        .map(|difference| difference.check_name)
        .collect();
    assert!(
        found.contains(&"movements of a line are numbered without gaps".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"each movement continues the one before".to_owned()),
        "{found:?}"
    );
}

#[test]
fn business_on_a_line_that_does_not_exist_is_found() {
    let server = TestServer::start();
    some_business(&server);
    let nowhere = "00000000-0000-7000-8000-000000000001";
    for table in ["reservations", "receivables"] {
        server.sql(&format!("UPDATE {table} SET product_line_id = '{nowhere}'"));
        let found: Vec<(String, String)> = differences(&server)
            .into_iter()
            .filter(|difference| difference.subject.to_string() == nowhere)
            .map(|difference| (difference.check_name, difference.subject.to_string()))
            .collect();
        let check = "every movement, reservation and receivable stands on lines that exist";
        assert_eq!(found, [(check.to_owned(), nowhere.to_owned())]);
        server.sql(&format!(
            "UPDATE {table} t SET product_line_id = l.id FROM credit_lines l \
             WHERE l.customer_id = t.customer_id AND l.product = t.product"
        ));
    }
    assert_ledger_is_clean(&server);
}

#[test]
fn a_changed_allocation_is_found_on_the_payment_and_on_the_receivable() {
    let server = TestServer::start();
    some_business(&server);
    alter(
        &server,
        "payment_allocations",
        "UPDATE payment_allocations SET amount_minor = 9000",
    );
    let found: Vec<String> = differences(&server)
        .into_iter()
        .map(|difference| difference.check_name)
        .collect();
    assert_eq!(
        found,
        [
            "receivable outstanding = amount less allocations",
            "payment unapplied = amount less allocations"
        ]
    );
}

#[test]
fn the_report_says_how_much_was_looked_at() {
    let server = TestServer::start();
    some_business(&server);
    let actor = Actor {
        principal: "tests|verifier".to_owned(),
        client_id: "tests".to_owned(),
        scopes: std::sync::Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    };
    let report = server
        .db()
        .read_snapshot_blocking(&actor, &verification::ledger)
        .unwrap();
    assert_eq!(
        (
            report.lines,
            report.reservations,
            report.receivables,
            report.payments
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(report.movements, 3);
    assert!(report.checks.len() >= 10 && report.differences.is_empty());
}
