//! The things that operations address by an identifier.

use super::doing::delegate;
use crate::support::checks::{a_referral, a_restriction};
use crate::support::{
    Owner, TestServer, a_customer_of, a_customer_with_credit, a_draft, a_group_of, a_payment,
    a_product_line, a_receivable, a_reservation, a_submitted, application_body,
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
    Noun {
        name: "application",
        collection: Some("/v1/credit-applications"),
        make: |server, org_path| {
            let customer = a_customer_of(server, org_path).id();
            let body = application_body(Owner::Customer(&customer), None, "500.00");
            a_draft(server, &body).id()
        },
    },
    Noun {
        name: "approval",
        collection: Some("/v1/approvals"),
        make: |server, org_path| {
            let customer = a_customer_of(server, org_path).id();
            let body = application_body(Owner::Customer(&customer), None, "500.00");
            let path = a_submitted(server, &body);
            let application = server.with_everything().get(&path).expect(200);
            application.field("approval_id")
        },
    },
    Noun {
        name: "delegation",
        // Shows what somebody gave or got, wherever they stand.
        collection: None,
        make: |server, org_path| {
            let lender = server.with(
                &["approvals:decide:branch", "approvals:delegate"],
                org_path,
                "absent colleague",
            );
            delegate(server, &lender, "https://issuer.test|colleague")
                .expect(201)
                .id()
        },
    },
    Noun {
        name: "line",
        collection: Some("/v1/credit-lines"),
        make: |server, org_path| {
            let customer = a_customer_of(server, org_path).id();
            a_product_line(server, &customer, "500.00").id()
        },
    },
    Noun {
        name: "reservation",
        collection: Some("/v1/reservations"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_reservation(server, &customer, "10.00").id()
        },
    },
    Noun {
        name: "receivable",
        collection: Some("/v1/receivables"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_receivable(server, &customer, "10.00").id()
        },
    },
    Noun {
        name: "payment",
        collection: Some("/v1/payments"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_payment(server, &customer, "10.00", &[]).id()
        },
    },
    Noun {
        name: "exclusion",
        collection: Some("/v1/credit-exclusions"),
        make: |server, org_path| restricted(server, "credit-exclusions", org_path),
    },
    Noun {
        name: "hold",
        collection: Some("/v1/supply-holds"),
        make: |server, org_path| restricted(server, "supply-holds", org_path),
    },
    Noun {
        name: "referral",
        collection: Some("/v1/referrals"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_referral(server, &customer, "2000.00").id()
        },
    },
];

fn restricted(server: &TestServer, collection: &str, org_path: &str) -> String {
    let customer = a_customer_of(server, org_path).id();
    a_restriction(server, collection, &customer).id()
}
