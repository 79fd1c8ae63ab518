//! Conditional requests (RFC 9110 §13): no change is lost, and nothing is sent twice.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{TestServer, a_customer};

#[test]
fn a_read_that_is_known_already_is_not_sent_again() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let customer = a_customer(server);
    let path = format!("/v1/customers/{}", customer.id());
    let etag = client.get(&path).expect(200).etag();
    assert!(
        etag.starts_with('"') && etag.ends_with('"'),
        "{etag} is not strong"
    );
    for known in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"x\", {etag}"),
        format!("\"x\" , W/{etag},\"y\""),
        "*".to_owned(),
    ] {
        let answer = client
            .get(&path)
            .header("If-None-Match", &known)
            .expect(304);
        assert!(answer.body.is_empty(), "{known}");
        assert_eq!(answer.etag(), etag);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        assert_eq!(answer.header("vary"), Some("Authorization, Accept"));
        assert_eq!(answer.header("content-type"), None);
    }
    for other in ["\"x\"", "W/\"1\"", "", "nonsense"] {
        client.get(&path).header("If-None-Match", other).expect(200);
    }
}

#[test]
fn a_change_changes_the_tag() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer(&server);
    let path = format!("/v1/customers/{}", customer.id());
    server.advance(TimeDelta::minutes(1));
    let changed = client
        .patch(&path, &customer.etag(), &json!({"industry": "steel"}))
        .expect(200);
    assert_ne!(changed.etag(), customer.etag());
    assert_eq!(changed.json()["version"], 2);
    assert_eq!(changed.json()["updated_at"], "2026-03-02T02:01:00Z");
    let read = client
        .get(&path)
        .header("If-None-Match", &customer.etag())
        .expect(200);
    assert_eq!(read.etag(), changed.etag());
}

#[test]
fn a_change_needs_the_version_it_is_meant_for() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let customer = a_customer(server);
    let path = format!("/v1/customers/{}", customer.id());
    let body = json!({"industry": "steel"});
    let without = client
        .call("PATCH", &path)
        .body("application/merge-patch+json", body.to_string());
    without.expect_problem("precondition_required");

    let etag = customer.etag();
    for stale in [
        "\"2-0000000000000000\"".to_owned(),
        // The version alone is not what was read.
        "\"1\"".to_owned(),
        "\"1-zz\"".to_owned(),
        "\"0\"".to_owned(),
        "\"-1\"".to_owned(),
        "\"x\"".to_owned(),
        "\"\"".to_owned(),
        format!("W/{etag}"),
        "\"2\", \"3\"".to_owned(),
    ] {
        let answer = client
            .patch(&path, &stale, &body)
            .expect_problem("precondition_failed");
        assert_eq!(answer.etag(), etag, "the tag of what is there now");
    }
    for malformed in ["1", "x", "\"1", "1\"", "", ",", "*, *"] {
        client
            .patch(&path, malformed, &body)
            .expect_problem("invalid_parameter");
    }
    assert_eq!(
        client.get(&path).expect(200).etag(),
        etag,
        "nothing was changed"
    );

    let listed = format!("\"9-x\", {etag}");
    let changed = client.patch(&path, &listed, &body).expect(200);
    // The tag of a refusal serves for the next attempt.
    let refused = client.patch(&path, &etag, &body).expect(412);
    let again = client.patch(&path, &refused.etag(), &body).expect(200);
    assert_eq!(again.etag(), changed.etag());
    let any = client
        .patch(&path, "*", &json!({"industry": "coal"}))
        .expect(200);
    assert_eq!(any.json()["version"], 3);
    assert_ne!(any.etag(), changed.etag());
}

#[test]
fn a_list_of_tags_matches_in_any_order() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let customer = a_customer(server);
    let path = format!("/v1/customers/{}", customer.id());
    let listed = format!("{}, \"9-x\"", customer.etag());
    client
        .patch(&path, &listed, &json!({"industry": "steel"}))
        .expect(200);
}

#[test]
fn of_two_changes_to_one_version_one_is_lost_to_neither() {
    let server = TestServer::start_with(|settings| settings.workers = 2);
    let client = server.with_everything();
    let customer = a_customer(&server);
    let path = format!("/v1/customers/{}", customer.id());
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..8)
            .map(|number| {
                let (client, path, etag) = (client.clone(), path.clone(), customer.etag());
                scope.spawn(move || {
                    let body = json!({"industry": format!("industry-{number}")});
                    client.patch(&path, &etag, &body).send().status
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 412).count(),
        7,
        "{statuses:?}"
    );
}

#[test]
fn a_patch_that_changes_nothing_keeps_the_version() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let customer = a_customer(server);
    let path = format!("/v1/customers/{}", customer.id());
    let same = client
        .patch(&path, &customer.etag(), &json!({}))
        .expect(200);
    assert_eq!(same.etag(), customer.etag());
    let cleared = client
        .patch(&path, &customer.etag(), &json!({"industry": null}))
        .expect(200);
    assert_eq!(cleared.etag(), customer.etag());
}
