//! What the tests that are driven by the document know about customers.

use serde_json::json;

use super::{Noun, Write};
use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{a_customer, a_customer_of, a_social_credit_code, customer_body};

/// Its nouns.
pub const NOUNS: &[Noun] = &[Noun {
    name: "customer",
    collection: Some("/v1/customers"),
    make: |server, org_path| a_customer_of(server, org_path).id(),
}];

/// Its writes.
pub const WRITES: &[Write] = &[
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
