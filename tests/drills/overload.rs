//! When there is more to do than can be done: callers are told at once, nothing is half done, and
//! the service is back as soon as the cause is gone.

use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::{Answer, TestServer, a_customer, eventually};

const PATIENT: Duration = Duration::from_secs(30);

/// Holds the lock on a customer until it is dropped, as a long transaction elsewhere would.
fn lock(server: &TestServer, id: &str) -> PgConnection {
    let mut connection = server.owner();
    let statement = format!("BEGIN; SELECT 1 FROM customers WHERE id = '{id}' FOR UPDATE");
    connection.batch_execute(&statement).unwrap();
    connection
}

fn assert_shed(answer: Answer) {
    let answer = answer.expect_problem("overloaded");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn beyond_the_queue_callers_are_turned_away_at_once_and_the_others_are_served() {
    let server = TestServer::start_with(|settings| {
        settings.pool_size = 1;
        settings.queue_max = 1;
        settings.queue_wait = PATIENT;
        settings.deadline = PATIENT;
        settings.lock_timeout = PATIENT;
        settings.statement_timeout = PATIENT;
    });
    let client = server.with_everything();
    let customer = a_customer(&server);
    let path = format!("/v1/customers/{}", customer.id());
    let change = || {
        client
            .patch(&path, "*", &json!({"industry": "steel"}))
            .send()
    };
    let locked = lock(&server, &customer.id());
    std::thread::scope(|scope| {
        let running = scope.spawn(change);
        eventually("the first request waits for the lock", || {
            server.waiting_for_locks() == 1
        });
        let waiting = scope.spawn(|| client.get(&path).send());
        eventually("the second request waits for a connection", || {
            server.db().gauges().waiting == 1
        });
        assert_shed(client.get(&path).send());
        assert_eq!(server.db().gauges().shed_total, 1);
        drop(locked);
        running.join().unwrap().expect(200);
        waiting.join().unwrap().expect(200);
    });
    client.get(&path).expect(200);
}

#[test]
fn who_waits_too_long_for_a_connection_is_turned_away() {
    let server = TestServer::start_with(|settings| {
        settings.pool_size = 1;
        settings.queue_wait = Duration::from_millis(20);
        settings.deadline = PATIENT;
        settings.lock_timeout = PATIENT;
        settings.statement_timeout = PATIENT;
    });
    let client = server.with_everything();
    let customer = a_customer(&server);
    let path = format!("/v1/customers/{}", customer.id());
    let locked = lock(&server, &customer.id());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            client
                .patch(&path, "*", &json!({"industry": "coal"}))
                .send()
        });
        eventually("the request waits for the lock", || {
            server.waiting_for_locks() == 1
        });
        assert_shed(client.get(&path).send());
        drop(locked);
        running.join().unwrap().expect(200);
    });
}

#[test]
fn a_lock_that_is_not_given_in_time_changes_nothing_and_can_be_tried_again() {
    let server =
        TestServer::start_with(|settings| settings.lock_timeout = Duration::from_millis(50));
    let client = server.with_everything();
    let customer = a_customer(&server);
    let path = format!("/v1/customers/{}", customer.id());
    let change = || {
        client
            .patch(&path, &customer.etag(), &json!({"industry": "steel"}))
            .key("again")
    };
    let locked = lock(&server, &customer.id());
    let entries = server.number("SELECT count(*) FROM audit_entries");
    assert_shed(change().send());
    assert_eq!(server.number("SELECT count(*) FROM audit_entries"), entries);
    drop(locked);
    let done = change().expect(200);
    assert_eq!(done.header("idempotent-replayed"), None);
}

#[test]
fn work_that_outlives_its_deadline_is_answered_503_and_counted() {
    let server = TestServer::start_with(|settings| {
        settings.deadline = Duration::from_secs(2);
        settings.lock_timeout = PATIENT;
        settings.statement_timeout = PATIENT;
    });
    let client = server.with_everything();
    let customer = a_customer(&server);
    let path = format!("/v1/customers/{}", customer.id());
    let locked = lock(&server, &customer.id());
    let answer = client
        .patch(&path, "*", &json!({"industry": "steel"}))
        .send();
    let answer = answer.expect_problem("unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.db().gauges().overran_total, 1);
    drop(locked);
    eventually("the late change is there", || {
        server.number("SELECT count(*) FROM customers WHERE industry = 'steel'") == 1
    });
}

#[test]
fn connections_that_were_cut_are_replaced() {
    let server = TestServer::start();
    let client = server.with_everything();
    a_customer(&server);
    let cut = server.number(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'shouxin'",
    );
    assert!(cut > 0, "the service had no connection");
    eventually("the service has found a new connection", || {
        let answer = client.get("/v1/customers").send();
        assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
        answer.status == 200
    });
    a_customer(&server);
}

#[test]
fn readiness_tells_when_the_schema_is_behind() {
    let server = TestServer::start();
    server.sql("DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)");
    let answer = server.as_nobody().get("/readyz").send();
    assert_eq!(answer.status, 503);
    server.as_nobody().get("/livez").expect(200);
}
