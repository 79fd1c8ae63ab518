//! The change feed: no gaps, no repeats, commit order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use shouxin::catalogue::app::products::ProductChange;
use shouxin::platform::store::seen::as_it_is;
use shouxin::reports::http::events::EVENT_KINDS;
use shouxin::values::actor::Actor;
use shouxin::values::organisation::OrgPath;

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::client::Client;
use crate::support::{TestServer, a_customer, a_customer_of, a_product};

/// Writers at once.
const WRITERS: usize = 8;
/// Changes that each of them makes.
const CHANGES: usize = 12;

fn feed(server: &TestServer) -> Client {
    server.as_tier("auditor")
}

fn read(client: &Client, query: &str, after: &str) -> (Vec<Value>, String) {
    let page = client
        .get(&format!("/v1/events?{query}&after={after}"))
        .expect(200);
    (page.items(), page.field("next_cursor"))
}

/// Reads on until there are `count` events, and gives the cursor behind them. The horizon is that
/// of the whole PostgreSQL, so the transactions of other tests can hold events back for a moment.
fn take(client: &Client, query: &str, count: usize) -> (Vec<Value>, String) {
    let started = Instant::now();
    let page = client
        .get(&format!("/v1/events?{query}&wait=1"))
        .expect(200);
    let (mut items, mut cursor) = (page.items(), page.field("next_cursor"));
    let (without_cursor, _) = query.split_once("&after=").unwrap_or((query, ""));
    while items.len() < count && started.elapsed() < Duration::from_secs(60) {
        let (more, next) = read(client, &format!("{without_cursor}&wait=1"), &cursor);
        items.extend(more);
        cursor = next;
    }
    assert_eq!(items.len(), count, "{items:?}");
    (items, cursor)
}

/// The cursor of the end of the feed.
fn end(client: &Client) -> String {
    let mut cursor = client
        .get("/v1/events?limit=200")
        .expect(200)
        .field("next_cursor");
    loop {
        let (items, next) = read(client, "limit=200", &cursor);
        cursor = next;
        if items.is_empty() {
            return cursor;
        }
    }
}

fn rename(client: &Client, code: &str, number: usize) {
    let body = json!({"name_en": format!("Goods {number}")});
    client
        .patch(&format!("/v1/products/{code}"), "*", &body)
        .expect(200);
}

fn subjects(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["subject"].as_str().unwrap())
        .collect()
}

#[test]
fn readers_beside_concurrent_writers_get_every_event_once_and_each_subject_in_order() {
    let server = TestServer::start();
    let administrator = server.as_tier("administrator");
    a_product(&server, "shared");
    for writer in 0..WRITERS {
        a_product(&server, &format!("own_{writer}"));
    }
    let expected = 1 + WRITERS + 2 * WRITERS * CHANGES;
    let follow = |limit: usize| {
        let client = feed(&server);
        let (items, cursor) = take(&client, &format!("limit={limit}"), expected);
        let (more, _) = read(&client, "limit=200", &cursor);
        assert!(more.is_empty(), "{more:?}");
        items
    };
    let feeds: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let readers: Vec<_> = [1, 7, 200]
            .map(|limit| scope.spawn(move || follow(limit)))
            .into_iter()
            .collect();
        for writer in 0..WRITERS {
            let administrator = &administrator;
            scope.spawn(move || {
                for change in 1..=CHANGES {
                    rename(administrator, &format!("own_{writer}"), change);
                    // No two writers ask for the same, so that every request is a change.
                    rename(administrator, "shared", writer * CHANGES + change);
                }
            });
        }
        readers
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for items in &feeds {
        assert_eq!(items, &feeds[0]);
        assert_eq!(items.len(), expected);
        let ids: BTreeSet<&str> = items
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), expected);
        let mut versions: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for item in items {
            let subject = item["subject"].as_str().unwrap();
            let version = item["data"]["version"].as_i64().unwrap();
            versions.entry(subject).or_default().push(version);
        }
        for (subject, versions) in versions {
            let in_order: Vec<i64> = (1..).take(versions.len()).collect();
            assert_eq!(versions, in_order, "{subject}");
        }
    }
    // Any past cursor gives the same again.
    let client = feed(&server);
    let cursor = client
        .get("/v1/events?limit=50")
        .expect(200)
        .field("next_cursor");
    let (again, _) = read(&client, "limit=100", &cursor);
    assert_eq!(again[..], feeds[0][50..150]);
}

#[test]
fn changes_of_one_thing_stay_in_order_even_if_the_later_one_began_first() {
    let server = TestServer::start();
    a_product(&server, "goods");
    let administrator = server.as_tier("administrator");
    let identity = administrator.identity();
    let actor = Actor {
        principal: identity.principal(),
        client_id: identity.client_id.clone(),
        scopes: std::sync::Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    };
    server
        .db()
        .write_blocking(&actor, "product.change", &|tx| {
            // The transaction has its number before the other one even begins.
            tx.connection
                .batch_execute("SELECT pg_current_xact_id()")
                .unwrap();
            rename(&administrator, "goods", 1);
            let change = ProductChange {
                name_en: Some("Goods 2".to_owned()),
                ..ProductChange::default()
            };
            shouxin::catalogue::app::products::change(tx, "goods", &as_it_is, &change)
        })
        .unwrap();
    let (items, _) = take(&feed(&server), "limit=10", 3);
    let versions: Vec<i64> = items
        .iter()
        .map(|item| item["data"]["version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[test]
fn what_commits_late_is_not_skipped() {
    let server = TestServer::start();
    let client = feed(&server);
    let cursor = end(&client);
    let mut slow = server.owner();
    slow.batch_execute(
        "BEGIN; INSERT INTO events (id, kind, subject, org_path, data, occurred_at) \
         VALUES (gen_random_uuid(), 'product.created', 'product/slow', 'head-office', '{}', \
         '2026-03-02T02:00:00Z')",
    )
    .unwrap();
    a_product(&server, "fast");
    let (items, cursor) = read(&client, "limit=10", &cursor);
    assert!(items.is_empty(), "{items:?}");
    slow.batch_execute("COMMIT").unwrap();
    let (items, cursor) = take(&client, &format!("limit=10&after={cursor}"), 2);
    assert_eq!(subjects(&items), ["product/slow", "product/fast"]);
    assert!(read(&client, "limit=10", &cursor).0.is_empty());
}

#[test]
fn a_wait_ends_with_the_next_event_with_the_time_or_with_the_service() {
    let server = TestServer::start();
    let client = feed(&server);
    let cursor = end(&client);
    let timed = |query: &str, meanwhile: &dyn Fn()| {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let started = Instant::now();
                let (items, next) = read(&client, query, &cursor);
                assert!(!next.is_empty());
                (items.len(), started.elapsed())
            });
            // The reader is at it when the first of these requests has been answered.
            feed(&server).get("/v1/products").expect(200);
            meanwhile();
            waiting.join().unwrap()
        })
    };
    let (found, _) = timed("wait=0", &|| {});
    assert_eq!(found, 0);
    let (found, elapsed) = timed("wait=1", &|| {});
    assert_eq!(found, 0);
    assert!(elapsed >= Duration::from_secs(1) && elapsed < Duration::from_secs(5));
    let (found, elapsed) = timed("wait=20", &|| {
        a_product(&server, "goods");
    });
    assert_eq!(found, 1);
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    let (found, elapsed) = timed("wait=20&type=customer.created", &|| server.state.drain());
    assert_eq!(found, 0);
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[test]
fn readers_who_wait_leave_the_connections_to_others() {
    let server = TestServer::start_with(|settings| settings.pool_size = 2);
    let client = feed(&server);
    let cursor = end(&client);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| read(&client, "wait=3", &cursor));
        }
        let started = Instant::now();
        for _ in 0..10 {
            server.as_tier("clerk").get("/v1/products").expect(200);
        }
        assert!(started.elapsed() < Duration::from_secs(3));
    });
}

#[test]
fn events_are_narrowed_by_type_customer_and_organisation() {
    let server = TestServer::start();
    let here = a_customer(&server).id();
    let there = a_customer_of(&server, ELSEWHERE).id();
    server
        .with_everything()
        .patch(
            &format!("/v1/customers/{here}"),
            "*",
            &json!({"industry": "steel"}),
        )
        .expect(200);
    let found = |client: &Client, query: &str| -> Vec<String> {
        let items = client
            .get(&format!("/v1/events{query}"))
            .expect(200)
            .items();
        subjects(&items).into_iter().map(str::to_owned).collect()
    };
    let (here, there) = (
        (format!("customer/{here}"), here),
        (format!("customer/{there}"), there),
    );
    let auditor = feed(&server);
    take(&auditor, "limit=10", 3);
    assert_eq!(found(&auditor, ""), [&*here.0, &*there.0, &*here.0]);
    assert_eq!(
        found(&auditor, "?type=customer.created"),
        [&*here.0, &*there.0]
    );
    assert_eq!(
        found(&auditor, &format!("?customer_id={}", there.1)),
        [&*there.0]
    );
    let sales = server.as_tier_at("auditor", SALES);
    assert_eq!(found(&sales, ""), [&*here.0, &*here.0]);
    assert!(found(&sales, &format!("?customer_id={}", there.1)).is_empty());
    for bad in [
        "type=customer.vanished",
        "wait=21",
        "limit=201",
        "customer_id=1",
    ] {
        auditor
            .get(&format!("/v1/events?{bad}"))
            .expect_problem("invalid_parameter");
    }
    auditor
        .get("/v1/events?cursor=abc")
        .expect_problem("unknown_parameter");
}

#[test]
fn a_reader_who_may_see_few_of_many_events_gets_on_in_one_request() {
    let server = TestServer::start();
    server.sql(&format!(
        "INSERT INTO events (id, kind, subject, org_path, data, occurred_at) \
         SELECT gen_random_uuid(), 'customer.created', 'customer/' || n, '{ELSEWHERE}', '{{}}', \
         '2026-03-02T02:00:00Z' FROM generate_series(1, 35000) AS n"
    ));
    let customer = a_customer(&server).id();
    let sales = server.as_tier_at("auditor", SALES);
    let page = sales.get("/v1/events?wait=20").expect(200);
    assert_eq!(subjects(&page.items()), [format!("customer/{customer}")]);
    assert!(
        read(&sales, "limit=1", &page.field("next_cursor"))
            .0
            .is_empty()
    );
    // Those who see all of them miss none where one stretch ends and the next begins.
    take(&feed(&server), "limit=200", 35_001);
}

#[test]
fn altered_foreign_and_outdated_cursors_are_refused() {
    let server = TestServer::start();
    a_customer(&server);
    a_customer(&server);
    let client = server.with_everything();
    let page = client.get("/v1/events?limit=1").expect(200);
    let cursor = page.field("next_cursor");
    assert!(page.header("link").unwrap().contains(&cursor));
    for position in [0, cursor.len() / 2, cursor.len() - 2] {
        let mut altered = cursor.clone();
        let other = if altered.as_bytes()[position] == b'A' {
            "B"
        } else {
            "A"
        };
        altered.replace_range(position..=position, other);
        client
            .get(&format!("/v1/events?after={altered}"))
            .expect_problem("invalid_cursor");
    }
    let listing = client.get("/v1/customers?limit=1").expect(200);
    for foreign in [&listing.field("next_cursor"), "", "abc"] {
        client
            .get(&format!("/v1/events?after={foreign}"))
            .expect_problem("invalid_cursor");
    }
    client
        .get(&format!("/v1/customers?cursor={cursor}"))
        .expect_problem("invalid_cursor");
    // A cursor of another database: as after a restore.
    TestServer::start()
        .with_everything()
        .get(&format!("/v1/events?after={cursor}"))
        .expect_problem("cursor_expired");
}

/// The files of the service, with what stands in them.
fn sources() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
    }
    found
}

/// The kinds that a file declares, as constant and name.
fn declared(source: &str) -> Vec<(&str, &str)> {
    let Some((_, list)) = source.split_once("event_kinds! {") else {
        return Vec::new();
    };
    list.lines()
        .filter_map(|line| line.split_once(" = \""))
        .filter_map(|(constant, rest)| Some((constant.trim(), rest.split('"').next()?)))
        .collect()
}

#[test]
fn every_kind_that_is_declared_is_listed_and_published() {
    let listed: BTreeSet<_> = EVENT_KINDS.iter().map(|kind| kind.name()).collect();
    assert_eq!(listed.len(), EVENT_KINDS.len(), "a kind is declared twice");
    let sources = sources();
    let published: String = sources
        .iter()
        .filter(|(path, _)| path.contains("/app/"))
        .map(|(_, text)| text.as_str())
        .collect();
    let mut found = BTreeSet::new();
    for (path, text) in sources
        .iter()
        .filter(|(path, _)| path.ends_with("/domain/events.rs"))
    {
        let kinds = declared(text);
        assert!(!kinds.is_empty(), "{path} declares no kind of event");
        assert!(
            kinds.is_sorted_by_key(|(_, name)| *name),
            "{path} is not sorted"
        );
        for (constant, name) in kinds {
            assert!(
                listed.contains(name),
                "add the kinds of {path} to EVENT_KINDS in src/reports/http/events.rs"
            );
            assert!(
                published.contains(&format!("events::{constant}")),
                "{name} is never published"
            );
            found.insert(name);
        }
    }
    assert!(found.contains("reservation.amended"));
    assert!(found.contains("credit_group.member_left"));
    assert_eq!(found, listed);
}

#[test]
fn there_is_no_kind_of_event_but_those_that_are_declared() {
    let makers: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("EventKind::declared("))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(makers.len(), 1, "{makers:?}");
    assert!(makers[0].ends_with("src/values/event_kinds.rs"));
}
