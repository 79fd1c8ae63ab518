//! What the ledger says, as tests ask it.

use serde_json::Value;
use shouxin::error::Error;
use shouxin::exposure::app::verification;
use shouxin::exposure::app::verification::DifferenceRow;
use shouxin::values::actor::Actor;
use shouxin::values::organisation::OrgPath;

use super::actors::SALES;
use super::server::Settings;
use super::{
    TestServer, a_customer, a_group_line, a_group_of, a_member, a_product_line, a_unified_line,
};

/// A customer with a line at every level.
pub struct Nested {
    pub customer: String,
    pub group: String,
    /// Lines of the product, the customer and the group.
    pub lines: [String; 3],
}

impl Nested {
    /// A member of a group of its own, with these limits for product, customer and group.
    pub fn within(server: &TestServer, [product, unified, ceiling]: [&str; 3]) -> Self {
        let customer = a_customer(server).id();
        let group = a_group_of(server, SALES).id();
        let lines = [
            a_product_line(server, &customer, product).id(),
            a_unified_line(server, &customer, unified).id(),
            a_group_line(server, &group, ceiling).id(),
        ];
        a_member(server, &group, &customer);
        Self {
            customer,
            group,
            lines,
        }
    }

    /// Held, drawn and available of product, customer and group.
    pub fn balances(&self, server: &TestServer) -> [String; 3] {
        self.lines.each_ref().map(|line| balance(server, line))
    }
}

/// A line as it reads.
pub fn line(server: &TestServer, id: &str) -> Value {
    let path = format!("/v1/credit-lines/{id}");
    server.with_everything().get(&path).expect(200).json()
}

/// Held, drawn and available of a line.
pub fn balance(server: &TestServer, id: &str) -> String {
    let line = line(server, id);
    ["held", "drawn", "available"]
        .map(|part| line[part].as_str().unwrap().to_owned())
        .join(" ")
}

/// Everything in which the ledger contradicts itself.
pub fn differences(server: &TestServer) -> Vec<DifferenceRow> {
    let actor = Actor {
        principal: "tests|verify".to_owned(),
        client_id: "tests".to_owned(),
        scopes: std::sync::Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    };
    // A connection that a test has ended is found out when it is used: each can fail once.
    (0..=Settings::default().pool_size)
        .find_map(|_| {
            let read = server
                .db()
                .read_snapshot_blocking(&actor, &verification::ledger);
            match read {
                Err(Error::Unavailable(_)) => None,
                read => Some(read.expect("the ledger is read")),
            }
        })
        .expect("the database serves")
        .differences
}

/// Ends the test when the ledger contradicts itself.
#[track_caller]
pub fn assert_clean(server: &TestServer) {
    assert_eq!(differences(server), []);
}
