//! Who may do what, for every operation of the document.

use serde_json::Value;
use shouxin::auth::scopes::{ALL, TIERS, Tier};

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::document::{Documented, NOTHING, guarded, operations};
use crate::support::registry::{noun, nouns};
use crate::support::{Answer, Client, TestServer, a_customer};

#[test]
fn without_a_token_every_guarded_operation_asks_for_one() {
    let server = TestServer::shared();
    let nobody = server.as_nobody();
    for operation in guarded() {
        let answer = nonsense(operation, &nobody).expect_problem("unauthenticated");
        // RFC 6750 §3.1: no error where no token was sent.
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="shouxin""#)
        );
    }
}

#[test]
fn with_a_token_that_is_none_every_guarded_operation_says_so() {
    let server = TestServer::shared();
    let garbage = server.with_token("not.a.token");
    for operation in guarded() {
        let answer = nonsense(operation, &garbage).expect_problem("invalid_token");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="shouxin", error="invalid_token""#)
        );
    }
}

#[test]
fn every_other_scope_does_not_help() {
    let server = TestServer::shared();
    for operation in guarded() {
        let needed = operation.scope.as_deref().unwrap();
        let others: Vec<&str> = ALL
            .iter()
            .map(|scope| scope.name)
            .filter(|name| *name != needed)
            .collect();
        let client = server.with(&others, "head-office", "almost-everything");
        let answer = nonsense(operation, &client).expect_problem("insufficient_scope");
        let expected =
            format!(r#"Bearer realm="shouxin", error="insufficient_scope", scope="{needed}""#);
        assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()));
    }
}

#[test]
fn the_guard_answers_before_anything_else_of_the_request_is_looked_at() {
    let server = TestServer::shared();
    let client = server.with(&[], "head-office", "nobody-much");
    for operation in guarded() {
        let path = operation.path_with("not-an-identifier");
        for body in ["{", r#"{"unknown": 1}"#, "[1, 2"] {
            let answer = client
                .call(&operation.method, &format!("{path}?unknown=1"))
                .body("text/plain", body)
                .key("not a key")
                .send();
            answer.expect_problem("insufficient_scope");
        }
    }
}

#[test]
fn open_operations_need_nothing() {
    let server = TestServer::shared();
    for operation in operations()
        .iter()
        .filter(|operation| operation.scope.is_none())
    {
        let path = operation.path_with("not_found");
        operation.request(&server.as_nobody(), &path).expect(200);
        operation
            .request(&server.with_token("nonsense"), &path)
            .expect(200);
    }
}

#[test]
fn an_identifier_that_names_nothing_is_not_found_and_a_malformed_one_is_refused() {
    let server = TestServer::shared();
    let everybody = server.with_everything();
    for operation in operations()
        .iter()
        .filter(|operation| operation.noun().is_some())
    {
        let absent = operation.path_with(NOTHING);
        operation
            .request(&everybody, &absent)
            .expect_problem("not_found");
        for malformed in [
            "1",
            "not-an-identifier",
            "01940c9e7a3b7d2c8f003b9aca001234",
            "%7B01940c9e-7a3b-7d2c-8f00-3b9aca001234%7D",
            "01940c9e-7a3b-7d2c-8f00-3b9aca00123g",
            "%00",
        ] {
            let answer = operation
                .request(&everybody, &operation.path_with(malformed))
                .expect_problem("invalid_parameter");
            assert!(answer.json()["errors"][0]["parameter"].is_string());
        }
    }
}

#[test]
fn things_of_another_organisation_look_exactly_like_nothing() {
    let server = TestServer::start();
    let outsider = server.with(&every_scope(), SALES, "outsider");
    for operation in operations() {
        let Some(name) = operation.noun() else {
            continue;
        };
        let foreign = (noun(name).make)(&server, ELSEWHERE);
        assert_looks_absent(operation, &outsider, &foreign);
    }
}

#[test]
fn things_of_another_customer_look_exactly_like_nothing_to_a_customer() {
    let server = TestServer::start();
    let customer = server.as_customer(&a_customer(&server).id());
    let scopes = &customer.identity().scopes;
    for operation in guarded() {
        let needed = operation.scope.as_ref().unwrap();
        if let (Some(name), true) = (operation.noun(), scopes.contains(needed)) {
            let foreign = (noun(name).make)(&server, SALES);
            assert_looks_absent(operation, &customer, &foreign);
        }
    }
}

#[test]
fn collections_show_what_belongs_to_the_caller_and_nothing_else() {
    let server = TestServer::start();
    let insider = server.with(&every_scope(), SALES, "insider");
    let above = server.with(&every_scope(), "head-office", "above");
    for noun in nouns() {
        let Some(collection) = noun.collection else {
            continue;
        };
        let own = (noun.make)(&server, SALES);
        let foreign = (noun.make)(&server, ELSEWHERE);
        let shown = |client: &Client| -> Vec<Value> {
            let page = client.get(&format!("{collection}?limit=200")).expect(200);
            page.items().iter().map(|item| item["id"].clone()).collect()
        };
        let (mine, all) = (shown(&insider), shown(&above));
        assert!(
            mine.contains(&own.clone().into()),
            "{collection} hides what is the caller's"
        );
        assert!(
            !mine.contains(&foreign.clone().into()),
            "{collection} shows what is not"
        );
        assert!(
            all.contains(&own.into()) && all.contains(&foreign.into()),
            "{collection}"
        );
    }
}

#[test]
fn every_noun_in_a_path_has_a_builder_and_every_builder_a_path() {
    for operation in operations() {
        if let Some(name) = operation.noun() {
            noun(name);
        }
    }
    for noun in nouns() {
        let used = operations()
            .iter()
            .any(|operation| operation.noun() == Some(noun.name));
        assert!(used, "nothing addresses a {}", noun.name);
    }
}

#[test]
fn tiers_open_exactly_the_operations_of_their_bundles() {
    let server = TestServer::shared();
    let mut wrong = Vec::new();
    for tier in TIERS {
        let client = member(server, tier);
        for operation in operations() {
            let needed = operation.scope.as_deref();
            let bundled = needed.is_none_or(|needed| tier.holds(needed));
            let answer = nonsense(operation, &client);
            let let_in = answer.status != 403 || answer.json()["code"] != "insufficient_scope";
            assert_ne!(answer.status, 401, "{} {}", tier.name, operation.id);
            if let_in != bundled {
                wrong.push(format!("{} {}: let in {let_in}", tier.name, operation.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn methods_cannot_be_smuggled_past_the_guard() {
    let server = TestServer::shared();
    let reader = server.as_tier("auditor");
    let customer = a_customer(server);
    let path = format!("/v1/customers/{}", customer.id());
    for header in [
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
    ] {
        reader.get(&path).header(header, "PATCH").expect(200);
    }
    reader
        .post(&path, &serde_json::json!({}))
        .header("X-HTTP-Method-Override", "GET")
        .expect(405);
}

/// A request that no handler would accept; what the guard says to it is all that counts.
fn nonsense(operation: &'static Documented, client: &Client) -> Answer {
    let mut call = client.call(&operation.method, &operation.path_to_nothing());
    if operation.body().is_some() {
        call = call.body("application/json", r#"{"nobody_knows_this_field": null}"#);
    }
    call.send()
}

fn member(server: &TestServer, tier: &Tier) -> Client {
    if tier.self_service {
        server.as_customer(NOTHING)
    } else {
        server.as_tier(tier.name)
    }
}

fn every_scope() -> Vec<&'static str> {
    ALL.iter().map(|scope| scope.name).collect()
}

/// Same status, headers and body as for an identifier that names nothing.
fn assert_looks_absent(operation: &'static Documented, client: &Client, foreign: &str) {
    let shown = operation
        .request(client, &operation.path_with(foreign))
        .send();
    let absent = operation
        .request(client, &operation.path_with(NOTHING))
        .send();
    assert_eq!(absent.status, 404, "{}: {}", operation.id, absent.text());
    assert_eq!(
        plain(&shown),
        plain(&absent),
        "{} gives the thing away",
        operation.id
    );
}

/// An answer without what differs from request to request.
fn plain(answer: &Answer) -> (u16, Value, Vec<(String, Vec<u8>)>) {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    let mut headers: Vec<(String, Vec<u8>)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_owned()))
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "x-trace-id" | "date"))
        .collect();
    headers.sort();
    (answer.status, body, headers)
}
