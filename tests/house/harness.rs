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
