//! What the tests that are driven by the document have to know about each noun and each write.
//!
//! A new operation makes them fail until it has its row here: that is the point.

use serde_json::json;

use super::actors::{ELSEWHERE, SALES};
use super::{
    Answer, Client, TestServer, a_customer, a_customer_of, a_group_of, a_membership, a_product,
    a_product_code, a_social_credit_code, customer_body, product_body,
};

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

/// Every noun that stands in a path.
pub const NOUNS: &[Noun] = &[
    Noun {
        name: "customer",
        collection: Some("/v1/customers"),
        make: |server, org_path| a_customer_of(server, org_path).id(),
    },
    Noun {
        name: "group",
        collection: Some("/v1/credit-groups"),
        make: |server, org_path| a_group_of(server, org_path).id(),
    },
];

/// The row of a noun.
pub fn noun(name: &str) -> &'static Noun {
    NOUNS
        .iter()
        .find(|noun| noun.name == name)
        .unwrap_or_else(|| panic!("add a row for {name} to NOUNS in tests/support/registry.rs"))
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

/// Every operation that changes something.
pub const WRITES: &[Write] = &[
    Write {
        operation: "createCreditGroup",
        action: "credit_group.create",
        events: &["credit_group.created"],
        succeed: |_, client| {
            let body = json!({"name": "示例集团", "basis": "control"});
            client.post("/v1/credit-groups", &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "patchCreditGroup",
        action: "credit_group.change",
        events: &["credit_group.changed"],
        succeed: |server, client| {
            let group = a_group_of(server, SALES);
            let path = format!("/v1/credit-groups/{}", group.id());
            let body = json!({"basis": "consolidation"});
            client.patch(&path, &group.etag(), &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "joinCreditGroup",
        action: "credit_group.join",
        events: &["credit_group.member_joined"],
        succeed: |server, client| {
            let group = a_group_of(server, SALES).id();
            let body = json!({"customer_id": a_customer(server).id(), "from": "2026-01-05"});
            client
                .post(&format!("/v1/credit-groups/{group}/members"), &body)
                .send()
        },
        refuse: Some(|server, client| {
            let group = a_group_of(server, SALES).id();
            let member = a_membership(server, "2026-01-05").field("customer_id");
            let body = json!({"customer_id": member, "from": "2026-01-05"});
            client
                .post(&format!("/v1/credit-groups/{group}/members"), &body)
                .send()
        }),
    },
    Write {
        operation: "patchCreditGroupMember",
        action: "credit_group.leave",
        events: &["credit_group.member_left"],
        succeed: |server, client| {
            let membership = a_membership(server, "2026-01-05");
            let path = membership.header("location").unwrap();
            let body = json!({"until": "2026-01-31"});
            client.patch(path, &membership.etag(), &body).send()
        },
        refuse: Some(|server, client| {
            let membership = a_membership(server, "2026-01-05");
            let path = membership.header("location").unwrap();
            let body = json!({"until": "2026-01-04"});
            client.patch(path, &membership.etag(), &body).send()
        }),
    },
    Write {
        operation: "createProduct",
        action: "product.create",
        events: &["product.created"],
        succeed: |_, client| {
            let body = product_body(&a_product_code());
            client.post("/v1/products", &body).send()
        },
        refuse: Some(|server, client| {
            let taken = a_product(server, &a_product_code()).field("code");
            client.post("/v1/products", &product_body(&taken)).send()
        }),
    },
    Write {
        operation: "patchProduct",
        action: "product.change",
        events: &["product.changed"],
        succeed: |server, client| {
            let product = a_product(server, &a_product_code());
            let path = format!("/v1/products/{}", product.field("code"));
            let body = json!({"active": false});
            client.patch(&path, &product.etag(), &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "createCustomer",
        action: "customer.create",
        events: &["customer.created"],
        succeed: |_, client| client.post("/v1/customers", &customer_body(SALES)).send(),
        refuse: Some(|server, client| {
            let taken = a_customer(server).field("unified_social_credit_code");
            let mut body = customer_body(ELSEWHERE);
            body["unified_social_credit_code"] = taken.into();
            client.post("/v1/customers", &body).send()
        }),
    },
    Write {
        operation: "patchCustomer",
        action: "customer.change",
        events: &["customer.changed"],
        succeed: |server, client| {
            let customer = a_customer(server);
            let path = format!("/v1/customers/{}", customer.id());
            let body = json!({"unified_social_credit_code": a_social_credit_code()});
            client.patch(&path, &customer.etag(), &body).send()
        },
        refuse: Some(|server, client| {
            let taken = a_customer(server).field("unified_social_credit_code");
            let customer = a_customer(server);
            let path = format!("/v1/customers/{}", customer.id());
            let body = json!({"unified_social_credit_code": taken});
            client.patch(&path, &customer.etag(), &body).send()
        }),
    },
];

/// The row of a write.
pub fn write(operation: &str) -> &'static Write {
    WRITES
        .iter()
        .find(|write| write.operation == operation)
        .unwrap_or_else(|| {
            panic!("add a row for {operation} to WRITES in tests/support/registry.rs")
        })
}
