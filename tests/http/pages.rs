//! Collections: all pages together are the collection, whatever happens in between.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Client, TestServer, a_customer, a_customer_of};

/// Identifiers on all pages, in order; `between` runs after each page.
fn walk(client: &Client, first: &str, mut between: impl FnMut()) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next {
        let page = client.get(&path).expect(200);
        ids.extend(
            page.items()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        next = page.header("link").map(|link| {
            let target = link.strip_prefix('<').unwrap();
            target.strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
        let cursor = page.json()["next_cursor"].clone();
        match &next {
            Some(link) => assert!(link.contains(cursor.as_str().unwrap()), "{link}"),
            None => assert_eq!(cursor, Value::Null),
        }
        between();
    }
    ids
}

#[test]
fn all_pages_together_are_the_collection_in_any_page_size() {
    let server = TestServer::start();
    let client = server.with_everything();
    let mut made: Vec<String> = (0..12).map(|_| a_customer(&server).id()).collect();
    made.sort();
    made.reverse();
    for size in [1, 2, 5, 6, 11, 12, 13, 200] {
        let ids = walk(&client, &format!("/v1/customers?limit={size}"), || {});
        assert_eq!(ids, made, "in pages of {size}");
    }
    assert_eq!(walk(&client, "/v1/customers", || {}), made);
}

#[test]
fn what_was_there_all_along_comes_exactly_once_whatever_is_added() {
    let server = TestServer::start();
    let client = server.with_everything();
    let there: BTreeSet<String> = (0..9).map(|_| a_customer(&server).id()).collect();
    let ids = walk(&client, "/v1/customers?limit=2", || {
        server.advance(chrono::TimeDelta::seconds(1));
        a_customer(&server);
    });
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(distinct.len(), ids.len(), "something came twice");
    assert!(there.is_subset(&distinct), "something was skipped");
    assert!(ids.is_sorted_by(|one, other| one > other), "newest first");
}

#[test]
fn filters_hold_on_every_page() {
    let server = TestServer::start();
    let client = server.with_everything();
    let east: BTreeSet<String> = (0..5)
        .map(|_| a_customer_of(&server, "head-office/east").id())
        .collect();
    for _ in 0..5 {
        a_customer_of(&server, "head-office/west");
    }
    let ids = walk(
        &client,
        "/v1/customers?org_path=head-office/east&limit=2",
        || {},
    );
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), east);
    let none = client
        .get("/v1/customers?org_path=head-office/eas")
        .expect(200);
    assert!(none.items().is_empty(), "a path is matched by whole steps");
}

#[test]
fn a_cursor_works_only_where_it_came_from() {
    let server = TestServer::start();
    let client = server.with_everything();
    let id = a_customer(&server).id();
    a_customer(&server);
    let page = client.get("/v1/customers?limit=1&kind=company").expect(200);
    let cursor = page.field("next_cursor");
    client
        .get(&format!("/v1/customers?kind=company&cursor={cursor}"))
        .expect(200);
    for elsewhere in [
        "/v1/customers?".to_owned(),
        "/v1/customers?kind=cooperative&".to_owned(),
        "/v1/customers?kind=company&status=active&".to_owned(),
        format!("/v1/customers/{id}/history?"),
    ] {
        client
            .get(&format!("{elsewhere}cursor={cursor}"))
            .expect_problem("invalid_cursor");
    }
}

#[test]
fn a_cursor_that_was_tampered_with_is_refused() {
    let server = TestServer::start();
    let client = server.with_everything();
    a_customer(&server);
    a_customer(&server);
    let cursor = client
        .get("/v1/customers?limit=1")
        .expect(200)
        .field("next_cursor");
    let flip = |index: usize| {
        let mut bytes = cursor.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let tampered = (0..cursor.len() - 1).step_by(7).map(flip).chain([
        cursor[1..].to_owned(),
        format!("{cursor}A"),
        format!("{cursor}="),
        "nonsense".to_owned(),
        String::new(),
        "A".repeat(2000),
        "%00".to_owned(),
    ]);
    for wrong in tampered {
        let answer = client.get(&format!("/v1/customers?cursor={wrong}")).send();
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
}

#[test]
fn a_cursor_gives_nobody_more_than_they_may_see() {
    let server = TestServer::start();
    for _ in 0..3 {
        a_customer_of(&server, "head-office/west");
    }
    let own = a_customer_of(&server, "head-office/east").id();
    let everybody = server.with_everything();
    let cursor = everybody
        .get("/v1/customers?limit=1")
        .expect(200)
        .field("next_cursor");
    let east = server.as_tier_at("clerk", "head-office/east");
    let page = east
        .get(&format!("/v1/customers?cursor={cursor}"))
        .expect(200);
    assert!(page.items().iter().all(|item| item["id"] == own.as_str()));
}
