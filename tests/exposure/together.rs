//! Requests that come at the same time are decided together, and none of them can tell: each has
//! its own decision, answer, audit entry, event and record, and none fails for another.

use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Answer, Client, PATIENCE, TestServer, a_customer_with_credit, a_reservation, capture_body,
    eventually, fresh_key, reservation_body,
};

/// One thread decides, so that what comes meanwhile comes together.
fn with_one_thread() -> TestServer {
    TestServer::start_with(|settings| {
        settings.together.commit_threads = 1;
        settings.workers = 2;
        settings.deadline = PATIENCE;
        settings.lock_timeout = PATIENCE;
        settings.statement_timeout = PATIENCE;
    })
}

/// Holds the lines of a customer until it is dropped, as a transaction elsewhere would.
fn hold(server: &TestServer, customer: &str) -> PgConnection {
    let mut connection = server.owner();
    let statement =
        format!("BEGIN; SELECT 1 FROM credit_lines WHERE customer_id = '{customer}' FOR UPDATE");
    connection.batch_execute(&statement).unwrap();
    connection
}

fn waits_for_a_lock(server: &TestServer) {
    eventually("a request waits for a lock", || {
        server.waiting_for_locks() > 0
    });
}

/// How many requests wait to be decided, of how many that were taken up in how many rounds.
fn commands(server: &TestServer) -> [i64; 3] {
    let text = server.as_nobody().get("/metrics").expect(200).text();
    ["waiting", "served_total", "rounds_total"].map(|state| {
        let name = format!("together_state{{state=\"{state}\",what=\"commands\"}} ");
        let found = text.lines().find_map(|line| line.strip_prefix(&name));
        found.unwrap().parse().unwrap()
    })
}

fn reserve(client: &Client, customer: &str, amount: &str, key: &str) -> Answer {
    let body = reservation_body(customer, amount);
    client.post("/v1/reservations", &body).key(key).send()
}

#[test]
fn what_comes_together_is_one_commit_with_an_answer_for_each() {
    let server = with_one_thread();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let other = a_customer_with_credit(&server, SALES);
    let known = a_reservation(&server, &other, "100.00").id();
    let capture = capture_body(&server, Some("30.00"), false);
    let path = format!("/v1/reservations/{known}");

    let held = hold(&server, &customer);
    let [_, served, rounds] = commands(&server);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        // The first of them holds up the thread, the others come together behind it.
        let first = scope.spawn(|| reserve(&client, &customer, "1.00", "first"));
        waits_for_a_lock(&server);
        let mut threads = vec![scope.spawn(|| reserve(&client, &customer, "600.00", "second"))];
        eventually("the second waits", || commands(&server)[0] == 1);
        threads.push(scope.spawn(|| reserve(&client, &customer, "600.00", "third")));
        eventually("the third waits", || commands(&server)[0] == 2);
        threads.push(scope.spawn(|| client.post(&format!("{path}/capture"), &capture).send()));
        eventually("the capture waits", || commands(&server)[0] == 3);
        threads.push(scope.spawn(|| {
            client
                .post(&format!("{path}/release"), &json!({"amount": "20.00"}))
                .send()
        }));
        eventually("the release waits", || commands(&server)[0] == 4);
        threads.push(scope.spawn(|| {
            reserve(
                &client,
                "01940c9e-7a3b-7d2c-8f00-3b9aca001234",
                "1.00",
                "nobody",
            )
        }));
        eventually("the one of nobody waits", || commands(&server)[0] == 5);
        drop(held);
        let mut answers = vec![first.join().unwrap()];
        answers.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        answers
    });
    let [_, served_after, rounds_after] = commands(&server);
    assert_eq!(served_after - served, 6);
    assert!(rounds_after - rounds <= 3, "they were not decided together");

    let mut answers = answers.into_iter();
    let [first, second, third, captured, released, nobody] =
        std::array::from_fn(|_| answers.next().unwrap());
    first.expect(201);
    let second = second.expect(201);
    let refused = third.expect_problem("limit_exceeded").json();
    assert_eq!(refused["reasons"][0]["available"], "399.00");
    assert_eq!(captured.expect(200).json()["held"], "70.00");
    let released = released.expect(200).json();
    assert_eq!(
        (&released["held"], &released["captured"]),
        (&json!("50.00"), &json!("30.00"))
    );
    assert_eq!(released["captures"].as_array().unwrap().len(), 1);
    nobody.expect_problem("customer_not_found");

    // Each left its own trace.
    for (key, action, outcome) in [
        ("second", "reservation.create", "done"),
        ("third", "reservation.create", "refused"),
        ("nobody", "reservation.create", "refused"),
    ] {
        let query = format!(
            "SELECT count(*) FROM audit_entries a JOIN idempotency_records r ON r.key = '{key}' \
             WHERE a.action = '{action}' AND a.outcome = '{outcome}' AND a.recorded_at >= r.created_at \
               AND a.request_id::text = COALESCE(convert_from(r.body, 'UTF8')::jsonb ->> 'request_id', a.request_id::text)"
        );
        assert!(server.number(&query) >= 1, "{key}");
    }
    let events = format!(
        "SELECT count(*) FROM events WHERE subject = 'reservation/{}'",
        second.id()
    );
    assert_eq!(server.number(&events), 1);
    assert_eq!(
        server.number(
            "SELECT count(DISTINCT request_id) FROM audit_entries WHERE action LIKE 'reservation.%'"
        ),
        7
    );

    // Asked again, each gets its first answer.
    let again = reserve(&client, &customer, "600.00", "second");
    assert_eq!(
        again.header("idempotent-replayed"),
        None,
        "another reference is another body"
    );
    assert_clean(&server);
}

#[test]
fn a_line_in_somebody_elses_hands_keeps_none_of_the_others_waiting() {
    let server = TestServer::start_with(|settings| {
        settings.together.commit_threads = 1;
        settings.workers = 2;
        settings.deadline = PATIENCE;
        settings.lock_timeout = Duration::from_secs(2);
        settings.statement_timeout = PATIENCE;
    });
    let client = server.with_everything();
    let stuck = a_customer_with_credit(&server, SALES);
    let others: Vec<String> = (0..3)
        .map(|_| a_customer_with_credit(&server, SALES))
        .collect();
    let body = reservation_body(&stuck, "10.00");
    let held = hold(&server, &stuck);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.post("/v1/reservations", &body).key("stuck").send());
        waits_for_a_lock(&server);
        // They come into one batch with it, or into one after it; either way they are served while
        // it waits.
        let threads: Vec<_> = others
            .iter()
            .map(|customer| scope.spawn(|| reserve(&client, customer, "10.00", &fresh_key())))
            .collect();
        for thread in threads {
            thread.join().unwrap().expect(201);
        }
        let refused = waiting.join().unwrap().expect_problem("overloaded");
        assert_eq!(refused.header("retry-after"), Some("1"));
    });
    drop(held);
    // Nothing was kept of it: the same key is free to be tried again.
    let done = client
        .post("/v1/reservations", &body)
        .key("stuck")
        .expect(201);
    assert_eq!(done.header("idempotent-replayed"), None);
    assert_clean(&server);
}

#[test]
fn a_request_that_breaks_its_batch_fails_alone() {
    let server = with_one_thread();
    let client = server.with_everything();
    server.sql(
        "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF NEW.reference = 'poison' THEN RAISE EXCEPTION 'poisoned'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER break BEFORE INSERT ON reservations FOR EACH ROW EXECUTE FUNCTION break();",
    );
    let customer = a_customer_with_credit(&server, SALES);
    let mut poison = reservation_body(&customer, "10.00");
    poison["reference"] = json!("poison");
    let line = server.texts("SELECT id FROM credit_lines").remove(0);
    let held = hold(&server, &customer);
    let (first, broken, good) = std::thread::scope(|scope| {
        let first = scope.spawn(|| reserve(&client, &customer, "1.00", "first"));
        waits_for_a_lock(&server);
        let broken = scope.spawn(|| client.post("/v1/reservations", &poison).send());
        eventually("the broken one waits", || commands(&server)[0] >= 1);
        let good = scope.spawn(|| reserve(&client, &customer, "20.00", "good"));
        eventually("the good one waits", || commands(&server)[0] >= 2);
        drop(held);
        let join = |thread: std::thread::ScopedJoinHandle<'_, Answer>| thread.join().unwrap();
        (join(first), join(broken), join(good))
    });
    first.expect(201);
    broken.expect_problem("internal_error");
    good.expect(201);
    assert!(server.log().text().contains("a batch is taken apart"));
    assert_eq!(balance(&server, &line), "21.00 0.00 979.00");
    assert_clean(&server);
}

#[test]
fn one_key_at_the_same_time_has_one_effect() {
    let server = with_one_thread();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let body = reservation_body(&customer, "10.00");
    let send = || client.post("/v1/reservations", &body).key("same").send();
    let held = hold(&server, &customer);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let first = scope.spawn(|| reserve(&client, &customer, "1.00", "first"));
        waits_for_a_lock(&server);
        let threads = [scope.spawn(send), scope.spawn(send)];
        eventually("both wait", || commands(&server)[0] == 2);
        drop(held);
        first.join().unwrap().expect(201);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let replayed = send().expect(201);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 2);
    assert_clean(&server);
}

#[test]
fn a_full_queue_turns_away_and_changes_nothing() {
    let server = TestServer::start_with(|settings| {
        settings.together.commit_threads = 1;
        settings.together.queue_max = 1;
        settings.workers = 2;
        settings.deadline = PATIENCE;
        settings.lock_timeout = PATIENCE;
        settings.statement_timeout = PATIENCE;
    });
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    // The thread itself is held up where its first statement is: the keys.
    let mut lock = server.owner();
    lock.batch_execute("BEGIN; LOCK TABLE idempotency_records IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let first = scope.spawn(|| reserve(&client, &customer, "1.00", "a"));
        eventually("the first is taken up", || commands(&server)[1] == 1);
        let second = scope.spawn(|| reserve(&client, &customer, "2.00", "b"));
        eventually("the second waits", || commands(&server)[0] == 1);
        let third = reserve(&client, &customer, "4.00", "c");
        drop(lock);
        vec![first.join().unwrap(), second.join().unwrap(), third]
    });
    let mut answers = answers.into_iter();
    let [first, second, third] = std::array::from_fn(|_| answers.next().unwrap());
    first.expect(201);
    second.expect(201);
    let third = third.expect_problem("overloaded");
    assert_eq!(third.header("retry-after"), Some("1"));
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 2);
    reserve(&client, &customer, "4.00", "c").expect(201);
    assert_clean(&server);
}

#[test]
fn without_threads_each_is_decided_alone() {
    let server = TestServer::start_with(|settings| {
        settings.together.commit_threads = 0;
        settings.together.check_threads = 0;
    });
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    reserve(&client, &customer, "10.00", "one").expect(201);
    reserve(&client, &customer, "991.00", "two").expect_problem("limit_exceeded");
    let check: Value = json!({
        "customer_id": customer, "product": reservation_body(&customer, "1.00")["product"],
        "amount": "990.00", "currency": "CNY",
    });
    let checked = client.post("/v1/credit-checks", &check).expect(200);
    assert_eq!(checked.field("decision"), "approved");
    assert_clean(&server);
}
