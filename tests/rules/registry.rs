//! What the tests that are driven by the document know about rules and restrictions.

use serde_json::{Value, json};

use super::{Noun, Write};
use crate::support::checks::{a_restriction, restriction_body};
use crate::support::{Answer, Client, TestServer, a_customer, a_customer_of};

/// Its nouns.
pub const NOUNS: &[Noun] = &[
    Noun {
        name: "exclusion",
        collection: Some("/v1/credit-exclusions"),
        make: |server, org_path| restricted_of(server, "credit-exclusions", org_path),
    },
    Noun {
        name: "hold",
        collection: Some("/v1/supply-holds"),
        make: |server, org_path| restricted_of(server, "supply-holds", org_path),
    },
];

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "publishCreditPolicy",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |server, client| publish_policy(server, client, 100),
        refuse: Some(|server, client| publish_policy(server, client, 5001)),
    },
    Write {
        operation: "publishCheckRuleSet",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |server, client| publish_checks(server, client, 7),
        refuse: Some(|server, client| publish_checks(server, client, 367)),
    },
    Write {
        operation: "recordCreditExclusion",
        action: "credit_exclusion.record",
        events: &["credit_exclusion.recorded"],
        succeed: |server, client| restrict(server, client, "credit-exclusions", Value::Null),
        refuse: Some(|server, client| {
            restrict(server, client, "credit-exclusions", json!("2026-01-01"))
        }),
    },
    Write {
        operation: "endCreditExclusion",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |server, client| end_restriction(client, &restricted(server, "credit-exclusions")),
        refuse: Some(|server, client| {
            let path = restricted(server, "credit-exclusions");
            end_restriction(client, &path).expect(202);
            end_restriction(client, &path)
        }),
    },
    Write {
        operation: "recordSupplyHold",
        action: "supply_hold.record",
        events: &["supply_hold.recorded"],
        succeed: |server, client| restrict(server, client, "supply-holds", Value::Null),
        refuse: Some(|server, client| {
            restrict(server, client, "supply-holds", json!("2026-01-01"))
        }),
    },
    Write {
        operation: "endSupplyHold",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |server, client| end_restriction(client, &restricted(server, "supply-holds")),
        refuse: Some(|server, client| {
            let path = restricted(server, "supply-holds");
            end_restriction(client, &path).expect(202);
            end_restriction(client, &path)
        }),
    },
    Write {
        operation: "recordDunningLevel",
        action: "dunning_level.record",
        events: &["dunning_level.recorded"],
        succeed: |server, client| dun(server, client, "2026-03-01"),
        refuse: Some(|server, client| dun(server, client, "2999-12-31")),
    },
];

fn publish_policy(server: &TestServer, client: &Client, tolerance_bp: i32) -> Answer {
    let body = json!({
        "effective_from": server.db().today().to_string(), "policy": {"tolerance_bp": tolerance_bp},
    });
    client.post("/v1/credit-policies", &body).send()
}

fn publish_checks(server: &TestServer, client: &Client, release_valid_days: i32) -> Answer {
    let body = json!({
        "effective_from": server.db().today().to_string(),
        "rules": {"release_valid_days": release_valid_days},
    });
    client.post("/v1/check-rule-sets", &body).send()
}

fn restrict(server: &TestServer, client: &Client, collection: &str, until: Value) -> Answer {
    let mut body = restriction_body(server, &a_customer(server).id());
    body["until"] = until;
    client.post(&format!("/v1/{collection}"), &body).send()
}

/// Path of a restriction.
fn restricted(server: &TestServer, collection: &str) -> String {
    let customer = a_customer(server).id();
    let restriction = a_restriction(server, collection, &customer);
    restriction.header("location").unwrap().to_owned()
}

fn end_restriction(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "已结清"});
    client.post(&format!("{path}/end"), &body).send()
}

fn dun(server: &TestServer, client: &Client, as_of: &str) -> Answer {
    let path = format!("/v1/customers/{}/dunning-levels", a_customer(server).id());
    client
        .post(&path, &json!({"level": 2, "as_of": as_of}))
        .send()
}

fn restricted_of(server: &TestServer, collection: &str, org_path: &str) -> String {
    let customer = a_customer_of(server, org_path).id();
    a_restriction(server, collection, &customer).id()
}
