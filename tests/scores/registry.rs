//! What the tests that are driven by the document know about scores.

use serde_json::json;

use super::Write;
use crate::support::{Answer, Client, TestServer, a_customer};

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "recordCustomerScore",
        action: "customer_score.record",
        events: &["customer_score.recorded"],
        succeed: |server, client| score(server, client, "2026-12-31"),
        refuse: Some(|server, client| score(server, client, "2025-12-31")),
    },
    Write {
        operation: "recordExpectedSales",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |server, client| expect_sales(server, client, &a_customer(server).id()),
        refuse: None,
    },
];

fn score(server: &TestServer, client: &Client, valid_until: &str) -> Answer {
    let path = format!("/v1/customers/{}/scores", a_customer(server).id());
    let body = json!({
        "grade": "D", "scored_on": server.db().today().to_string(), "valid_until": valid_until, "source": "年度评级",
    });
    client.post(&path, &body).send()
}

fn expect_sales(server: &TestServer, client: &Client, customer: &str) -> Answer {
    let path = format!("/v1/customers/{customer}/expected-sales");
    let today = server.db().today().to_string();
    let body = json!({"amount": "1000.00", "as_of": today, "evidence": "框架合同"});
    client.post(&path, &body).send()
}
