//! The harness itself works.

use crate::support::{TestServer, a_customer};

#[test]
fn a_customer_can_be_made_and_read_by_its_account_manager() {
    let server = TestServer::start();
    let made = a_customer(&server);
    let read = server
        .as_tier("account_manager")
        .get(&format!("/v1/customers/{}", made.id()))
        .expect(200);
    assert_eq!(read.etag(), made.etag());
    assert_eq!(server.number("SELECT count(*) FROM customers"), 1);
}

#[test]
fn every_test_has_a_database_and_a_clock_of_its_own() {
    let (one, other) = (TestServer::start(), TestServer::start());
    a_customer(&one);
    one.advance(chrono::TimeDelta::days(1));
    assert_eq!(other.number("SELECT count(*) FROM customers"), 0);
    assert_ne!(one.database_url(), other.database_url());
    assert_eq!(one.db().today().to_string(), "2026-03-03");
    assert_eq!(other.db().today().to_string(), "2026-03-02");
    assert_eq!(other.now().to_rfc3339(), "2026-03-02T02:00:00+00:00");
}

#[test]
fn an_instance_beside_another_has_its_database_and_its_clock() {
    let one = TestServer::start();
    let other = one.beside();
    let made = a_customer(&one);
    one.advance(chrono::TimeDelta::days(1));
    assert_ne!(one.url(), other.url());
    assert_eq!(one.now(), other.now());
    let client = other.with_everything();
    client
        .get(&format!("/v1/customers/{}", made.id()))
        .expect(200);
}

#[test]
fn a_server_is_ready_when_it_has_a_connection_that_was_used() {
    let server = TestServer::start();
    let gauges = server.db().gauges();
    assert_eq!((gauges.connections, gauges.idle), (1, 1));
}

#[test]
fn what_the_service_of_a_failed_test_logged_is_in_a_file() {
    let other = TestServer::start();
    other.as_nobody().get("/v1/problems/not_found").expect(200);
    let (sender, receiver) = std::sync::mpsc::channel();
    let failing = std::thread::Builder::new().name("harness::a_test_that_fails".to_owned());
    let failing = failing.spawn(move || {
        let server = TestServer::start();
        server.sql("ALTER TABLE products RENAME TO gone");
        sender.send(server.log().path()).unwrap();
        server
            .as_tier("administrator")
            .get("/v1/products")
            .expect(200);
    });
    let path = receiver.recv().unwrap();
    assert!(failing.unwrap().join().is_err(), "the products are gone");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].contains("internal error") && lines[0].contains("products"),
        "{text}"
    );
    assert!(
        lines[1].contains("/v1/products") && lines[1].contains("status=500"),
        "{text}"
    );
    assert_eq!(lines.len(), 2, "{text}");
    assert!(other.log().text().contains("/v1/problems/{code}"));
    let path = other.log().path();
    drop(other);
    assert!(!path.exists(), "nothing is kept of a test that passes");
}
