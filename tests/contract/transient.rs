//! What passes by itself is never kept: the same request with the same key gets further later, by
//! whichever way it came in. Documents that are published at once wait for each other.

use std::sync::Barrier;
use std::time::Duration;

use actix_web::rt::System;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use shouxin::error::{Error, Problem};
use shouxin::error_codes::{Finality, ProblemCode};
use shouxin::platform::store::db::many::Patience;
use shouxin::platform::store::db::{WriteRequest, Written};
use shouxin::platform::store::idempotency::{IdempotencyScope, StoredAnswer};
use shouxin::platform::store::tx::Tx;

use crate::support::actors::SALES;
use crate::support::checks::with_built_in_tail;
use crate::support::{
    Answer, PATIENCE, TestServer, a_customer_with_credit, an_approver, eventually, reservation_body,
};

fn request(key: &str) -> WriteRequest {
    WriteRequest {
        actor: shouxin::jobs::actor(),
        action: "test.try",
        subject: key.to_owned(),
        idempotency: Some(IdempotencyScope {
            principal: "somebody".to_owned(),
            method: "POST".to_owned(),
            path: "/v1/test".to_owned(),
            key: key.to_owned(),
            fingerprint: [7; 32],
        }),
    }
}

fn kept<T>(_: Result<&T, &Problem>) -> Option<StoredAnswer> {
    Some(StoredAnswer {
        status: 200,
        headers: Vec::new(),
        body: b"{}".to_vec(),
    })
}

fn do_it(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.record("test.try", "test".to_owned(), json!({}))
}

/// Answers under a key, and refusals on record that belong to it.
fn traces(server: &TestServer, key: &str) -> (i64, i64) {
    let count = |query: String| server.number(&query);
    (
        count(format!(
            "SELECT count(*) FROM idempotency_records WHERE key = '{key}'"
        )),
        count(format!(
            "SELECT count(*) FROM audit_entries WHERE outcome = 'refused' AND subject = '{key}'"
        )),
    )
}

/// What the table says that there has to be.
fn expected(code: ProblemCode) -> (i64, i64) {
    match code.entry().finality {
        Finality::Decided => (1, 1),
        Finality::Denied => (0, 1),
        Finality::Unfit | Finality::Transient => (0, 0),
    }
}

#[test]
fn a_single_write_keeps_what_the_table_of_codes_says() {
    let server = TestServer::start();
    let db = server.db();
    System::new().block_on(async {
        for code in ProblemCode::ALL {
            let code = *code;
            let key = code.as_str();
            let refused = db.write(request(key), move |_| Err::<(), _>(code.into()), kept);
            match refused.await {
                Ok(Written::Refused(problem)) => assert!(problem.code == code),
                Err(Error::Refused(problem)) => assert!(problem.code == code),
                other => panic!("{key}: {other:?}"),
            }
            assert_eq!(traces(&server, key), expected(code), "{key}");
            let again = db.write(request(key), do_it, kept).await.unwrap();
            let replayed = matches!(again, Written::Replayed(_));
            assert_eq!(replayed, code.is_kept(), "{key}");
        }
    });
}

#[test]
fn commands_decided_together_keep_what_the_table_of_codes_says() {
    let server = TestServer::start();
    let db = server.db();
    for code in ProblemCode::ALL {
        let key = code.as_str();
        let beside = format!("beside-{key}");
        let requests = [request(key), request(&beside)];
        let requests: Vec<&WriteRequest> = requests.iter().collect();
        let together = |code: Option<ProblemCode>| {
            db.write_many_blocking(
                Patience::Full,
                &requests,
                &|many, fresh| {
                    let each = fresh.iter().enumerate();
                    Ok(each
                        .map(|(place, request)| match (code, request) {
                            (Some(code), 0) => Err(code.into()),
                            _ => many.on_behalf_of(place, do_it),
                        })
                        .collect())
                },
                &|_, result| kept(result),
            )
        };
        let first = together(Some(*code));
        assert_eq!(first.is_err(), code.is_transient(), "{key}");
        assert_eq!(traces(&server, key), expected(*code), "{key}");
        // What passes takes the others back, to be decided alone; anything else leaves them be.
        let done = i64::from(!code.is_transient());
        assert_eq!(traces(&server, &beside), (done, 0), "{key}");
        let again = together(None).unwrap();
        let replayed = matches!(again[0], Ok(Written::Replayed(_)));
        assert_eq!(replayed, code.is_kept(), "{key}");
        assert!(again[1].is_ok(), "{key}");
        assert_eq!(traces(&server, &beside), (1, 0), "{key}");
    }
}

#[test]
fn a_batch_that_met_a_lock_is_made_under_the_same_key_later() {
    let server =
        TestServer::start_with(|settings| settings.lock_timeout = Duration::from_millis(50));
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    for atomic in [false, true] {
        let orders = [(); 2].map(|()| reservation_body(&customer, "10.00"));
        let body = json!({"atomic": atomic, "reservations": orders});
        let key = format!("atomic-{atomic}");
        let send = || client.post("/v1/reservation-batches", &body).key(&key);
        let mut elsewhere = server.owner();
        elsewhere
            .batch_execute("BEGIN; SELECT 1 FROM credit_lines FOR UPDATE")
            .unwrap();
        send().expect_problem("overloaded");
        assert_eq!(traces(&server, &key), (0, 0));
        drop(elsewhere);
        let done = send().expect(200);
        assert_eq!(done.header("idempotent-replayed"), None);
        assert_eq!(done.json()["done"], 2);
    }
}

/// What is confirmed before it is in force, and is numbered.
struct Document {
    path: &'static str,
    table: &'static str,
    /// How its versions are numbered.
    number: &'static str,
    body: fn(&TestServer) -> Value,
}

const DOCUMENTS: &[Document] = &[
    Document {
        path: "/v1/authority-rules",
        table: "authority_rule_sets",
        number: "version",
        body: |server| {
            let rules = with_built_in_tail(server, &json!([]));
            json!({"effective_from": today(server), "rules": rules})
        },
    },
    Document {
        path: "/v1/credit-policies",
        table: "credit_policies",
        number: "version",
        body: |server| json!({"effective_from": today(server), "policy": {"tolerance_bp": 100}}),
    },
    Document {
        path: "/v1/check-rule-sets",
        table: "check_rule_sets",
        number: "version",
        body: |server| {
            let rules = json!({"room": {"effect": "refer"}});
            json!({"effective_from": today(server), "rules": rules})
        },
    },
];

fn today(server: &TestServer) -> String {
    server.db().today().to_string()
}

impl Document {
    /// Asks for a version; gives the address of the change that waits.
    fn propose(&self, server: &TestServer) -> String {
        let client = server.as_tier("administrator");
        let asked = client.post(self.path, &(self.body)(server)).expect(202);
        asked.header("location").unwrap().to_owned()
    }

    /// The numbers of its versions, in the order in which they were published.
    fn numbers(&self, server: &TestServer) -> Vec<String> {
        let Self { table, number, .. } = self;
        server.texts(&format!("SELECT {number} FROM {table} ORDER BY {number}"))
    }
}

/// Confirms a change under a key.
fn confirm(server: &TestServer, change: &str, key: &str) -> Answer {
    let approve = format!("{change}/approve");
    an_approver(server)
        .post(&approve, &json!({}))
        .key(key)
        .send()
}

#[test]
fn of_two_that_are_confirmed_at_once_one_becomes_a_version_and_the_other_is_outdated() {
    const ROUNDS: usize = 5;
    let server = TestServer::start_with(|settings| settings.workers = 2);
    for document in DOCUMENTS {
        for round in 0..ROUNDS {
            let changes = [document.propose(&server), document.propose(&server)];
            let barrier = Barrier::new(2);
            let mut statuses: Vec<u16> = std::thread::scope(|scope| {
                let running: Vec<_> = changes
                    .iter()
                    .map(|change| {
                        let (server, barrier, table) = (&server, &barrier, document.table);
                        scope.spawn(move || {
                            barrier.wait();
                            let key = format!("{table}-{round}-{change}");
                            confirm(server, change, &key).status
                        })
                    })
                    .collect();
                running
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409]);
        }
        // No number is left out and none is given twice.
        let expected: Vec<String> = (1..=ROUNDS).map(|n| n.to_string()).collect();
        assert_eq!(document.numbers(&server), expected, "{}", document.table);
    }
    let disorder = "SELECT count(*) FROM (SELECT published_at < lag(published_at) OVER \
                    (ORDER BY version) AS late FROM credit_policies) v WHERE late";
    assert_eq!(server.number(disorder), 0);
}

/// Publishes a document elsewhere, as a transaction that does not end.
fn publishing(server: &TestServer, table: &str) -> PgConnection {
    let mut connection = server.owner();
    connection
        .batch_execute(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock('{table}'::regclass::oid::int4, 0)"
        ))
        .unwrap();
    connection
}

#[test]
fn publications_wait_for_the_one_that_is_under_way() {
    let server = TestServer::start_with(|settings| {
        settings.workers = 2;
        settings.deadline = PATIENCE;
        settings.lock_timeout = PATIENCE;
        settings.statement_timeout = PATIENCE;
    });
    for document in DOCUMENTS {
        let changes = [document.propose(&server), document.propose(&server)];
        let elsewhere = publishing(&server, document.table);
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let running: Vec<_> = changes
                .iter()
                .map(|change| scope.spawn(|| confirm(&server, change, change).status))
                .collect();
            eventually("both wait for their turn", || {
                server.waiting_for_locks() == 2
            });
            drop(elsewhere);
            running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(document.numbers(&server), ["1"]);
    }
}

#[test]
fn a_publication_that_waited_in_vain_is_made_under_the_same_key_later() {
    let server =
        TestServer::start_with(|settings| settings.lock_timeout = Duration::from_millis(50));
    for document in DOCUMENTS {
        let change = document.propose(&server);
        let elsewhere = publishing(&server, document.table);
        let key = document.table;
        let refused = confirm(&server, &change, key).expect_problem("overloaded");
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(traces(&server, key), (0, 0));
        drop(elsewhere);
        let published = confirm(&server, &change, key).expect(200);
        assert_eq!(published.header("idempotent-replayed"), None);
        assert_eq!(document.numbers(&server), ["1"]);
    }
}

#[test]
fn a_version_that_was_taken_without_waiting_for_a_turn_outdates_what_waits() {
    let server = TestServer::start_with(|settings| {
        settings.deadline = PATIENCE;
        settings.lock_timeout = PATIENCE;
        settings.statement_timeout = PATIENCE;
    });
    let document = &DOCUMENTS[1];
    let change = document.propose(&server);
    // As an instance of an older release does it.
    let mut elsewhere = server.owner();
    elsewhere
        .batch_execute(
            "BEGIN; INSERT INTO credit_policies \
             (version, effective_from, policy, published_by, published_at) \
             VALUES (1, '2026-03-02', '{}', 'somebody', now())",
        )
        .unwrap();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| confirm(&server, &change, "next"));
        eventually("it waits for the other one", || {
            server.waiting_for_locks() == 1
        });
        elsewhere.batch_execute("COMMIT").unwrap();
        // It is tried again, and finds what the other one wrote.
        let refused = running.join().unwrap();
        refused.expect_problem("change_outdated");
    });
}
