//! Credit groups and who belongs to them.

use serde_json::{Value, json};

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::client::Client;
use crate::support::{Answer, TestServer, a_customer, a_customer_of, a_group_of};

/// The business date on which every test begins.
const TODAY: &str = "2026-03-02";

fn members(group: &str) -> String {
    format!("/v1/credit-groups/{group}/members")
}

fn joining(customer: &str, from: &str) -> Value {
    json!({"customer_id": customer, "from": from, "evidence": "持股 60%"})
}

fn join(client: &Client, group: &str, customer: &str, from: &str) -> Answer {
    client
        .post(&members(group), &joining(customer, from))
        .send()
}

fn leave(client: &Client, membership: &Answer, until: &str) -> Answer {
    let path = membership.header("location").unwrap();
    let body = json!({"until": until, "evidence": "股权已转让"});
    client.patch(path, "*", &body).send()
}

#[test]
fn a_group_is_placed_at_the_callers_own_unit_or_below() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let body = json!({"name": "示例集团", "basis": "consolidation"});
    let made = client.post("/v1/credit-groups", &body).expect(201);
    assert_eq!(made.field("org_path"), SALES);
    let read = client.get(made.header("location").unwrap()).expect(200);
    assert_eq!((read.etag(), read.json()), (made.etag(), made.json()));
    let mut outside = body.clone();
    outside["org_path"] = json!(ELSEWHERE);
    client
        .post("/v1/credit-groups", &outside)
        .expect_problem("outside_organisation");
}

#[test]
fn a_group_is_seen_from_its_unit_and_above_and_never_by_customers() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES);
    let path = group.header("location").unwrap();
    let everything = server.with_everything();
    let customer = a_customer(&server).id();
    let mut self_service = everything.identity().clone();
    self_service.customer_id = Some(customer.parse().unwrap());
    let elsewhere = server.as_tier_at("account_manager", ELSEWHERE);
    for stranger in [elsewhere, server.client_of(self_service)] {
        stranger.get(path).expect_problem("not_found");
        stranger
            .patch(path, "*", &json!({"name": "别的集团"}))
            .expect_problem("not_found");
        stranger
            .get(&members(&group.id()))
            .expect_problem("not_found");
        stranger
            .post(&members(&group.id()), &joining(&customer, TODAY))
            .expect_problem("not_found");
        let listed = stranger.get("/v1/credit-groups").expect(200);
        assert!(listed.items().is_empty());
    }
    server.as_tier("department_head").get(path).expect(200);
}

#[test]
fn a_group_is_changed_under_its_version() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES);
    let client = server.as_tier("account_manager");
    let path = group.header("location").unwrap();
    let changed = client
        .patch(path, &group.etag(), &json!({"basis": "consolidation"}))
        .expect(200);
    assert_eq!(changed.json()["version"], 2);
    client
        .patch(path, &group.etag(), &json!({"name": "新名"}))
        .expect_problem("precondition_failed");
    let same = client
        .patch(path, "*", &json!({"basis": "consolidation"}))
        .expect(200);
    assert_eq!(same.etag(), changed.etag());
    client
        .patch(path, "*", &json!({"org_path": "head-office"}))
        .expect_problem("unknown_field");
    assert_eq!(
        server.texts("SELECT kind FROM events WHERE kind LIKE 'credit_group.%' ORDER BY seq"),
        ["credit_group.created", "credit_group.changed"]
    );
}

#[test]
fn groups_are_listed_newest_first_and_narrowed() {
    let server = TestServer::start();
    let client = server.with_everything();
    let first = a_group_of(&server, SALES).id();
    server.advance(chrono::TimeDelta::seconds(1));
    let second = a_group_of(&server, ELSEWHERE).id();
    server.advance(chrono::TimeDelta::seconds(1));
    let body = json!({"name": "合并报表", "basis": "consolidation"});
    let third = client.post("/v1/credit-groups", &body).expect(201).id();
    let ids = |query: &str| -> Vec<String> {
        let items = client.get(&format!("/v1/credit-groups{query}")).expect(200);
        items
            .items()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(""), [third.clone(), second.clone(), first.clone()]);
    assert_eq!(ids("?basis=consolidation"), [third.as_str()]);
    assert_eq!(ids("?org_path=head-office/east"), [first.as_str()]);
    let page = client.get("/v1/credit-groups?limit=2").expect(200);
    let cursor = page.field("next_cursor");
    assert_eq!(ids(&format!("?limit=2&cursor={cursor}")), [first]);
    client
        .get(&format!("/v1/credit-groups?basis=control&cursor={cursor}"))
        .expect_problem("invalid_cursor");
}

#[test]
fn a_customer_joins_leaves_and_joins_another_group() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let customer = a_customer(&server).id();
    let (one, other) = (
        a_group_of(&server, SALES).id(),
        a_group_of(&server, SALES).id(),
    );
    let joined = join(&client, &one, &customer, "2026-02-01").expect(201);
    assert_eq!(joined.field("customer_id"), customer);
    assert_eq!(joined.field("group_id"), one);
    assert_eq!(joined.field("from"), "2026-02-01");
    assert_eq!(joined.json()["until"], Value::Null);
    for group in [&one, &other] {
        join(&client, group, &customer, TODAY).expect_problem("already_member");
    }
    let path = joined.header("location").unwrap();
    assert_eq!(client.get(path).expect(200).etag(), joined.etag());
    let left = leave(&client, &joined, TODAY).expect(200);
    assert_eq!(left.field("until"), TODAY);
    assert_eq!(left.field("leaving_evidence"), "股权已转让");
    // The last day counts, so the next group begins the day after.
    join(&client, &other, &customer, TODAY).expect_problem("already_member");
    server.advance(chrono::TimeDelta::days(1));
    let again = join(&client, &other, &customer, "2026-03-03").expect(201);
    // What has ended stays ended on its day.
    leave(&client, &joined, "2026-03-03").expect_problem("invalid_transition");
    let same = leave(&client, &joined, TODAY).expect(200);
    assert_eq!(same.json()["version"], 2);
    client
        .patch(path, &joined.etag(), &json!({"until": TODAY}))
        .expect_problem("precondition_failed");
    client
        .patch(path, "*", &json!({"until": null}))
        .expect_problem("invalid_field");
    // The membership is of one group only.
    client
        .get(&format!("{}/{}", members(&one), again.id()))
        .expect_problem("not_found");
    let events = server.texts(
        "SELECT kind || ' ' || customer_id || ' ' || org_path FROM events \
         WHERE kind LIKE 'credit_group.member%' ORDER BY seq",
    );
    let told = |kind: &str| format!("credit_group.member_{kind} {customer} {SALES}");
    assert_eq!(events, [told("joined"), told("left"), told("joined")]);
}

#[test]
fn a_membership_begins_today_or_earlier_and_ends_on_the_day_of_its_evidence() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let customer = a_customer(&server).id();
    let group = a_group_of(&server, SALES).id();
    let refused =
        join(&client, &group, &customer, "2026-03-03").expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/from");
    let joined = join(&client, &group, &customer, "2026-02-10").expect(201);
    for until in ["2026-02-09", "2026-03-01", "2026-03-03"] {
        let refused = leave(&client, &joined, until).expect_problem("validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], "#/until");
    }
    let refused = client
        .patch(
            joined.header("location").unwrap(),
            "*",
            &json!({"until": TODAY}),
        )
        .expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/evidence");
    assert_eq!(
        server.number("SELECT count(*) FROM credit_group_members"),
        1
    );
    // In Shanghai the next day begins at 16:00 UTC.
    server.advance(chrono::TimeDelta::hours(14));
    leave(&client, &joined, "2026-03-03").expect(200);
}

#[test]
fn members_are_listed_by_day_and_only_as_far_as_the_caller_knows_them() {
    let server = TestServer::start();
    let everything = server.with_everything();
    let group = a_group_of(&server, "head-office/east").id();
    let here = a_customer(&server).id();
    let there = a_customer_of(&server, ELSEWHERE).id();
    let joined = join(&everything, &group, &here, "2026-01-10").expect(201);
    leave(&everything, &joined, TODAY).expect(200);
    let stranger = join(&everything, &group, &there, "2026-01-15").expect(201);
    let customers = |client: &Client, query: &str| -> Vec<String> {
        let path = format!("{}{query}", members(&group));
        let mut found: Vec<String> = client
            .get(&path)
            .expect(200)
            .items()
            .iter()
            .map(|item| item["customer_id"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        found
    };
    let mut both = vec![here.clone(), there.clone()];
    both.sort();
    assert_eq!(customers(&everything, ""), both);
    assert_eq!(customers(&everything, "?on=2026-01-14"), [here.as_str()]);
    assert_eq!(customers(&everything, "?on=2026-03-02"), both);
    assert_eq!(customers(&everything, "?on=2026-03-03"), [there.as_str()]);
    assert!(customers(&everything, "?on=2026-01-09").is_empty());
    // The branch knows the group, but not the customer of another branch.
    let branch = server.as_tier("credit_officer_branch");
    assert_eq!(customers(&branch, ""), [here]);
    let path = stranger.header("location").unwrap();
    branch.get(path).expect_problem("not_found");
    leave(&branch, &stranger, TODAY).expect_problem("not_found");
    let refused = join(&branch, &group, &there, TODAY).expect_problem("not_found");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/customer_id");
    // What the feed tells of it is for those who know both.
    let org_path = format!(
        "SELECT org_path FROM events WHERE subject = 'credit_group_member/{}'",
        stranger.id()
    );
    assert_eq!(server.texts(&org_path), ["head-office"]);
}

#[test]
fn of_joins_at_once_exactly_one_succeeds() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    for _ in 0..5 {
        let customer = a_customer(&server).id();
        let groups: Vec<String> = (0..8).map(|_| a_group_of(&server, SALES).id()).collect();
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let running: Vec<_> = groups
                .iter()
                .map(|group| scope.spawn(|| join(&client, group, &customer, TODAY).status))
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    }
    assert_eq!(
        server.number("SELECT count(*) FROM credit_group_members"),
        5
    );
}

#[test]
fn a_join_is_repeated_under_its_key() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let customer = a_customer(&server).id();
    let group = a_group_of(&server, SALES).id();
    let body = joining(&customer, TODAY);
    let first = client.post(&members(&group), &body).key("once").expect(201);
    let again = client.post(&members(&group), &body).key("once").expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    client
        .post(&members(&group), &body)
        .without_key()
        .expect_problem("idempotency_key_missing");
}
