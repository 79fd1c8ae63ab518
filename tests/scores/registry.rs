//! What the tests that are driven by the document know about scores.

use serde_json::json;

use super::Write;
use crate::support::{Answer, Client, TestServer, a_customer};

/// Its writes.
pub const WRITES: &[Write] = &[Write {
    operation: "recordCustomerScore",
    action: "customer_score.record",
    events: &["customer_score.recorded"],
    succeed: |server, client| score(server, client, "2026-12-31"),
    refuse: Some(|server, client| score(server, client, "2025-12-31")),
}];

fn score(server: &TestServer, client: &Client, valid_until: &str) -> Answer {
    let path = format!("/v1/customers/{}/scores", a_customer(server).id());
    let body = json!({
        "grade": "C", "scored_on": server.db().today().to_string(), "valid_until": valid_until, "source": "年度评级",
    });
    client.post(&path, &body).send()
}
