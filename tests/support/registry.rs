//! What the tests that are driven by the document have to know about each noun and each write.
//!
//! Each area has its rows in a `registry.rs` of its own. A new operation makes the tests fail until
//! it has its row there: that is the point.

#[path = "../applications/registry.rs"]
mod applications;
#[path = "../approvals/registry.rs"]
mod approvals;
#[path = "../catalogue/registry.rs"]
mod catalogue;
#[path = "../changes/registry.rs"]
mod changes;
#[path = "../customers/registry.rs"]
mod customers;
#[path = "../exposure/registry.rs"]
mod exposure;
#[path = "../rules/registry.rs"]
mod rules;
#[path = "../scores/registry.rs"]
mod scores;

use serde_json::json;

use super::{Answer, Client, TestServer};

/// A thing that operations address by its identifier.
pub struct Noun {
    /// As in the path parameter: `customer` for `customer_id`.
    pub name: &'static str,
    /// The collection that lists such things, if there is one.
    pub collection: Option<&'static str>,
    /// Makes one that belongs to an organisation, and to a customer of its own, and gives its
    /// identifier.
    pub make: fn(&TestServer, org_path: &str) -> String,
}

/// An operation that changes something.
pub struct Write {
    /// Its `operationId`.
    pub operation: &'static str,
    /// The audit entry it leaves, as `resource.verb`.
    pub action: &'static str,
    /// The events it publishes, in order.
    pub events: &'static [&'static str],
    /// Does it, as this caller, who may do everything.
    pub succeed: fn(&TestServer, &Client) -> Answer,
    /// Is refused with 409 or 422 by a decision; `None` where every readable request succeeds.
    pub refuse: Option<fn(&TestServer, &Client) -> Answer>,
}

/// Every noun that stands in a path.
pub fn nouns() -> impl Iterator<Item = &'static Noun> {
    let areas = [
        applications::NOUNS,
        approvals::NOUNS,
        changes::NOUNS,
        rules::NOUNS,
        exposure::NOUNS,
        customers::NOUNS,
    ];
    areas.into_iter().flatten()
}

/// Every operation that changes something.
pub fn writes() -> impl Iterator<Item = &'static Write> {
    let areas = [
        catalogue::WRITES,
        changes::WRITES,
        applications::WRITES,
        approvals::WRITES,
        rules::WRITES,
        exposure::WRITES,
        scores::WRITES,
        customers::WRITES,
    ];
    areas.into_iter().flatten()
}

/// The row of a noun.
pub fn noun(name: &str) -> &'static Noun {
    nouns()
        .find(|noun| noun.name == name)
        .unwrap_or_else(|| panic!("add a row for {name} to NOUNS in its area's registry.rs"))
}

/// The row of a write.
pub fn write(operation: &str) -> &'static Write {
    writes()
        .find(|write| write.operation == operation)
        .unwrap_or_else(|| panic!("add a row for {operation} to WRITES in its area's registry.rs"))
}

fn act(client: &Client, path: &str, verb: &str) -> Answer {
    client.post(&format!("{path}/{verb}"), &json!({})).send()
}

fn reject(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "资料不全"});
    client.post(&format!("{path}/reject"), &body).send()
}
