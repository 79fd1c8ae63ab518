//! Requests that are repeated have no second effect and get the first answer again.

use std::collections::BTreeSet;
use std::sync::Barrier;

use chrono::TimeDelta;
use serde_json::Value;

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::document::operations;
use crate::support::registry::writes;
use crate::support::{
    Answer, TestServer, a_company_name, a_customer, a_customer_with_credit, customer_body,
    reservation_body,
};

const PATH: &str = "/v1/customers";

#[test]
fn a_repeated_request_gets_the_first_answer_byte_for_byte() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let body = customer_body(SALES);
    let first = client.post(PATH, &body).key("k-1").expect(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    server.advance(TimeDelta::hours(3));
    let again = client.post(PATH, &body).key("k-1").expect(201);
    assert_same_answer(&first, &again);
    assert_eq!(customers(&server), 1);
    assert_eq!(server.number("SELECT count(*) FROM audit_entries"), 1);
}

#[test]
fn a_repeated_patch_gets_the_first_answer_although_the_version_has_moved_on() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let customer = a_customer(&server);
    let path = format!("{PATH}/{}", customer.id());
    let body = serde_json::json!({"industry": "steel"});
    let change = || client.patch(&path, &customer.etag(), &body).key("p-1");
    let first = change().expect(200);
    let again = change().expect(200);
    assert_same_answer(&first, &again);
    client
        .patch(&path, &customer.etag(), &body)
        .expect_problem("precondition_failed");
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let body = customer_body(SALES);
    client.post(PATH, &body).key("k").expect(201);
    client
        .post(PATH, &customer_body(SALES))
        .key("k")
        .expect_problem("idempotency_key_reused");
    // The same members in other white space are other bytes: better refused than guessed.
    client
        .call("POST", PATH)
        .body("application/json", format!(" {body}"))
        .key("k")
        .expect_problem("idempotency_key_reused");
    assert_eq!(customers(&server), 1);
}

#[test]
fn keys_of_different_principals_and_clients_are_different_keys_and_a_key_is_for_one_operation() {
    let server = TestServer::start();
    let manager = server.as_tier("account_manager");
    let clerk = server.as_tier("clerk");
    let mut other_system = manager.identity().clone();
    other_system.client_id = "another-system".to_owned();
    let other_system = server.client_of(other_system);
    let first = manager
        .post(PATH, &customer_body(SALES))
        .key("shared")
        .expect(201);
    for client in [&clerk, &other_system] {
        let other = client
            .post(PATH, &customer_body(SALES))
            .key("shared")
            .expect(201);
        assert_ne!(other.id(), first.id());
        assert_eq!(other.header("idempotent-replayed"), None);
    }
    let change = serde_json::json!({"industry": "steel"});
    let second = manager.post(PATH, &customer_body(SALES)).expect(201);
    for customer in [&first, &second] {
        let path = format!("{PATH}/{}", customer.id());
        manager
            .patch(&path, "*", &change)
            .key("shared")
            .expect_problem("idempotency_key_reused");
        assert_eq!(manager.get(&path).expect(200).json(), customer.json());
    }
    assert_eq!(customers(&server), 4);
    // Once it is forgotten there it may be used elsewhere, and then it is for that alone.
    server.advance(TimeDelta::hours(24));
    let path = format!("{PATH}/{}", first.id());
    let changed = manager.patch(&path, "*", &change).key("shared").expect(200);
    assert_same_answer(&changed, &changed.again());
    manager
        .post(PATH, &customer_body(SALES))
        .key("shared")
        .expect_problem("idempotency_key_reused");
}

#[test]
fn fifty_requests_at_once_with_one_key_have_one_effect() {
    const AT_ONCE: usize = 50;
    let server = TestServer::start_with(|settings| settings.workers = 2);
    let client = server.as_tier("account_manager");
    let body = customer_body(SALES);
    let start = Barrier::new(AT_ONCE);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    client.post(PATH, &body).key("rush").send()
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let (created, others): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    let ids: BTreeSet<String> = created.iter().map(|answer| answer.id()).collect();
    assert_eq!(ids.len(), 1, "one customer, however often it is answered");
    let fresh = created
        .iter()
        .filter(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!(fresh.count(), 1);
    for answer in others {
        let answer = answer.clone().expect_problem("request_in_progress");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(customers(&server), 1);
    assert_eq!(server.number("SELECT count(*) FROM audit_entries"), 1);
    assert_eq!(server.number("SELECT count(*) FROM events"), 1);
}

#[test]
fn keys_have_1_to_255_visible_characters_and_quotes_do_not_count() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let longest = "k".repeat(255);
    let body = customer_body(SALES);
    let first = client.post(PATH, &body).key(&longest).expect(201);
    let quoted = client
        .post(PATH, &body)
        .key(&format!("\"{longest}\""))
        .expect(201);
    assert_same_answer(&first, &quoted);
    for key in [
        "",
        "\"\"",
        "has space",
        "tab\tinside",
        &"k".repeat(256),
        "汉字",
    ] {
        let call = client.post(PATH, &customer_body(SALES)).without_key();
        let call = call.raw_header("Idempotency-Key", key.as_bytes());
        call.expect_problem("idempotency_key_invalid");
    }
    let twice = client
        .post(PATH, &customer_body(SALES))
        .key("one")
        .header("Idempotency-Key", "two");
    twice.expect_problem("idempotency_key_invalid");
    assert_eq!(customers(&server), 1);
}

#[test]
fn a_refusal_is_repeated_too() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let mut body = customer_body(SALES);
    body["unified_social_credit_code"] = a_customer(&server)
        .field("unified_social_credit_code")
        .into();
    let first = client
        .post(PATH, &body)
        .key("r")
        .expect_problem("duplicate_social_credit_code");
    let again = client
        .post(PATH, &body)
        .key("r")
        .expect_problem("duplicate_social_credit_code");
    assert_same_answer(&first, &again);
    let refused = "SELECT count(*) FROM audit_entries WHERE outcome = 'refused'";
    assert_eq!(server.number(refused), 1);
}

#[test]
fn what_was_not_decided_is_not_kept() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    client
        .post(PATH, &serde_json::json!({"name": 1}))
        .key("a")
        .expect_problem("invalid_field");
    client
        .post(PATH, &customer_body(SALES))
        .key("a")
        .expect(201);
    let nowhere = format!("{PATH}/01940c9e-7a3b-7d2c-8f00-000000000000");
    let change = serde_json::json!({"industry": "steel"});
    client
        .patch(&nowhere, "*", &change)
        .key("b")
        .expect_problem("not_found");
    client
        .post(PATH, &customer_body(ELSEWHERE))
        .key("c")
        .expect_problem("outside_organisation");
    client
        .post(PATH, &customer_body(SALES))
        .key("c")
        .expect(201);
    let customer = a_customer(&server);
    let path = format!("{PATH}/{}", customer.id());
    client
        .patch(&path, "\"99\"", &change)
        .key("d")
        .expect_problem("precondition_failed");
    client
        .patch(&path, &customer.etag(), &change)
        .key("d")
        .expect(200);
    assert_eq!(
        server.number("SELECT count(*) FROM idempotency_records WHERE status >= 400"),
        0
    );
}

#[test]
fn a_caller_who_lost_the_scope_gets_no_replay() {
    let server = TestServer::start();
    let manager = server.as_tier("account_manager");
    let body = customer_body(SALES);
    manager.post(PATH, &body).key("mine").expect(201);
    let mut fallen = manager.identity().clone();
    fallen.scopes.retain(|scope| scope != "customers:write");
    let fallen = server.client_of(fallen);
    fallen
        .post(PATH, &body)
        .key("mine")
        .expect_problem("insufficient_scope");
    server
        .as_nobody()
        .post(PATH, &body)
        .key("mine")
        .expect_problem("unauthenticated");
}

#[test]
fn a_replay_is_for_who_may_still_see_what_it_is_about() {
    let server = TestServer::start();
    let at = |org_path: &str| server.as_tier_at("integration", org_path);
    let customer = a_customer_with_credit(&server, SALES);
    let body = reservation_body(&customer, "1.00");
    let first = at(SALES)
        .post("/v1/reservations", &body)
        .key("moved")
        .expect(201);
    let batch = serde_json::json!({"reservations": [reservation_body(&customer, "1.00")]});
    let many = at(SALES)
        .post("/v1/reservation-batches", &batch)
        .key("moved-too")
        .expect(200);
    let audited = server.number("SELECT count(*) FROM audit_entries");
    let again = |org_path: &str| {
        let client = at(org_path);
        [
            client.post("/v1/reservations", &body).key("moved"),
            client
                .post("/v1/reservation-batches", &batch)
                .key("moved-too"),
        ]
    };
    for call in again(ELSEWHERE) {
        call.expect_problem("not_found");
    }
    for org_path in [SALES, "head-office"] {
        let [one, all] = again(org_path);
        assert_same_answer(&first, &one.expect(201));
        assert_same_answer(&many, &all.expect(200));
    }
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 2);
    let since = server.number("SELECT count(*) FROM audit_entries");
    assert_eq!(since, audited, "nothing was done again");
}

#[test]
fn a_key_is_forgotten_after_24_hours() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let mut body = customer_body(SALES);
    body.as_object_mut()
        .unwrap()
        .remove("unified_social_credit_code");
    let first = client.post(PATH, &body).key("daily").expect(201);
    server.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_same_answer(&first, &client.post(PATH, &body).key("daily").expect(201));
    server.advance(TimeDelta::seconds(1));
    let second = client.post(PATH, &body).key("daily").expect(201);
    assert_ne!(second.id(), first.id());
    assert_eq!(second.header("idempotent-replayed"), None);
    assert_same_answer(&second, &client.post(PATH, &body).key("daily").expect(201));
}

#[test]
fn operations_that_require_a_key_refuse_to_go_without() {
    let server = TestServer::start();
    let everybody = server.with_everything();
    for operation in operations()
        .iter()
        .filter(|operation| operation.requires_key())
    {
        let call = operation.request(&everybody, &operation.path_to_nothing());
        call.without_key().expect_problem("idempotency_key_missing");
    }
}

#[test]
fn every_write_can_be_repeated() {
    let server = TestServer::start();
    for write in writes() {
        // The registry chooses the body, so the key is pinned by the client.
        let client = server.with_everything().always_with_key(write.operation);
        let first = (write.succeed)(&server, &client);
        assert!(first.status < 300, "{}: {}", write.operation, first.text());
        let before = server.number("SELECT count(*) FROM audit_entries");
        assert_same_answer(&first, &first.again());
        assert_eq!(server.number("SELECT count(*) FROM audit_entries"), before);
    }
}

#[test]
fn every_refusal_can_be_repeated() {
    let server = TestServer::start();
    for write in writes() {
        if let Some(refuse) = write.refuse {
            let key = format!("refused-{}", write.operation);
            let first = refuse(&server, &server.with_everything().always_with_key(&key));
            assert_same_answer(&first, &first.again());
        }
    }
}

#[test]
fn answers_under_a_key_hold_no_classified_value() {
    let server = TestServer::start();
    let mut body = customer_body(SALES);
    body["name"] = a_company_name().into();
    body["legal_representative"] = "欧阳秘密".into();
    server
        .as_tier("account_manager")
        .post(PATH, &body)
        .key("s")
        .expect(201);
    let kept = server.texts("SELECT convert_from(body, 'UTF8') FROM idempotency_records");
    let shown: Value = serde_json::from_str(&kept[0]).unwrap();
    assert!(!kept[0].contains("欧阳秘密"));
    assert!(
        shown["legal_representative"]
            .as_str()
            .unwrap()
            .contains('*')
    );
}

#[track_caller]
fn assert_same_answer(first: &Answer, again: &Answer) {
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.status, again.status);
    assert_eq!(first.body, again.body);
    for name in [
        "content-type",
        "etag",
        "location",
        "content-location",
        "cache-control",
        "vary",
    ] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
}

fn customers(server: &TestServer) -> i64 {
    server.number("SELECT count(*) FROM customers")
}
