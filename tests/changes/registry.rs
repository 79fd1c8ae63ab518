//! What the tests that are driven by the document know about changes that wait for a second person.

use serde_json::json;

use super::{Noun, Write, act, reject};
use crate::support::{Answer, Client, TestServer, a_customer, a_customer_of, somebody};

/// Its nouns.
pub const NOUNS: &[Noun] = &[Noun {
    name: "change",
    collection: Some("/v1/pending-changes"),
    make: |server, org_path| {
        let customer = a_customer_of(server, org_path).id();
        graded(server, &server.with_everything(), &customer).id()
    },
}];

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "approvePendingChange",
        action: "pending_change.approve",
        events: &[
            "approval.decided",
            "customer_score.recorded",
            "pending_change.carried_out",
        ],
        succeed: |server, client| act(client, &proposed_by_another(server), "approve"),
        refuse: Some(|server, client| act(client, &decided(server, client), "approve")),
    },
    Write {
        operation: "rejectPendingChange",
        action: "pending_change.reject",
        events: &["approval.decided", "pending_change.rejected"],
        succeed: |server, client| reject(client, &proposed_by_another(server)),
        refuse: Some(|server, client| reject(client, &decided(server, client))),
    },
    Write {
        operation: "withdrawPendingChange",
        action: "pending_change.withdraw",
        events: &["approval.withdrawn", "pending_change.withdrawn"],
        succeed: |server, client| {
            let customer = a_customer(server).id();
            let path = address(&graded(server, client, &customer));
            act(client, &path, "withdraw")
        },
        refuse: Some(|server, client| act(client, &decided(server, client), "withdraw")),
    },
];

/// A score that waits.
fn graded(server: &TestServer, client: &Client, customer: &str) -> Answer {
    let today = server.db().today().to_string();
    let body = json!({
        "grade": "A", "scored_on": today, "valid_until": "2026-12-31", "source": "年度评级",
    });
    let path = format!("/v1/customers/{customer}/scores");
    client.post(&path, &body).expect(202)
}

fn address(answer: &Answer) -> String {
    answer.header("location").unwrap().to_owned()
}

fn proposed_by_another(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    address(&graded(server, &somebody(server, "analyst"), &customer))
}

fn decided(server: &TestServer, client: &Client) -> String {
    let path = proposed_by_another(server);
    reject(client, &path).expect(200);
    path
}
