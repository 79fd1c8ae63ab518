//! A line that inherits its limit is no limit: what is above it bounds, and nothing where nothing is
//! above.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{check, reasons, reserve};
use crate::support::ledger::{assert_clean, balance, line};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_group_line, a_group_of, a_line, a_member,
    a_product_line, a_reservation, application_body, capture_body, the_goods,
};

/// A line of this kind of limit.
fn of_kind(server: &TestServer, owner: Owner<'_>, product: Option<&str>, kind: &str) -> String {
    let mut body = application_body(owner, product, "0");
    body["limit_kind"] = json!(kind);
    body["amount"] = Value::Null;
    a_line(server, &body).id()
}

fn a_group(server: &TestServer, mode: &str) -> String {
    let group = a_group_of(server, SALES).id();
    let path = format!("/v1/credit-groups/{group}");
    let mode = json!({"limit_mode": mode});
    server
        .with_everything()
        .patch(&path, "*", &mode)
        .expect(200);
    group
}

#[test]
fn in_a_fallback_group_it_draws_on_the_ceiling() {
    let server = TestServer::start();
    the_goods(&server);
    let group = a_group(&server, "fallback");
    let ceiling = a_group_line(&server, &group, "15000.00").id();
    let customer = a_customer(&server).id();
    a_member(&server, &group, &customer);
    let owner = Owner::Customer(&customer);
    let unified = of_kind(&server, owner, None, "inherit");
    let product = of_kind(&server, owner, Some(GOODS), "unlimited");

    let seen = check(&server, &customer, "1.00");
    assert_eq!(seen["decision"], "approved");
    assert_eq!(
        (&seen["available"], &seen["binding_level"]),
        (&json!("15000.00"), &json!("group"))
    );
    for id in [&unified, &product] {
        let shown = line(&server, id);
        assert_eq!(
            (&shown["usable"], &shown["binding_level"]),
            (&json!("15000.00"), &json!("group"))
        );
    }
    let refused = reserve(&server, &customer, "15000.01").expect_problem("limit_exceeded");
    assert_eq!(reasons(&refused.json()), ["limit_exceeded group"]);
    let made = a_reservation(&server, &customer, "15000.00");
    assert_eq!(balance(&server, &ceiling), "15000.00 0.00 0.00");
    assert_eq!(line(&server, &product)["usable"], "0.00");
    let path = format!("/v1/reservations/{}/capture", made.id());
    let client = server.with_everything();
    let body = capture_body(&server, None, false);
    client.post(&path, &body).expect(200);
    assert_eq!(balance(&server, &ceiling), "0.00 15000.00 0.00");
    assert_clean(&server);
}

#[test]
fn what_was_there_counts_on_a_ceiling_opened_later() {
    let server = TestServer::start();
    the_goods(&server);
    let group = a_group(&server, "fallback");
    let customer = a_customer(&server).id();
    a_member(&server, &group, &customer);
    let owner = Owner::Customer(&customer);
    of_kind(&server, owner, None, "inherit");
    of_kind(&server, owner, Some(GOODS), "unlimited");
    a_reservation(&server, &customer, "70.00");
    let ceiling = a_group_line(&server, &group, "100.00").id();
    assert_eq!(balance(&server, &ceiling), "70.00 0.00 30.00");
    reserve(&server, &customer, "30.01").expect_problem("limit_exceeded");
    assert_clean(&server);
}

#[test]
fn with_nothing_above_it_binds_nothing() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let product = a_product_line(&server, &customer, "100.00").id();
    let unified = of_kind(&server, Owner::Customer(&customer), None, "inherit");
    let seen = check(&server, &customer, "100.00");
    assert_eq!(
        (
            &seen["decision"],
            &seen["available"],
            &seen["binding_level"]
        ),
        (&json!("approved"), &json!("100.00"), &json!("product"))
    );
    assert_eq!(line(&server, &product)["usable"], "100.00");
    assert_eq!(line(&server, &unified)["usable"], Value::Null);
    let refused = reserve(&server, &customer, "100.01").expect_problem("limit_exceeded");
    assert_eq!(reasons(&refused.json()), ["limit_exceeded product"]);

    // Where all of them inherit, there is nothing.
    let other = a_customer(&server).id();
    let owner = Owner::Customer(&other);
    let orphan = of_kind(&server, owner, Some(GOODS), "inherit");
    of_kind(&server, owner, None, "inherit");
    let seen = check(&server, &other, "0.01");
    assert_eq!(
        (
            &seen["decision"],
            &seen["available"],
            &seen["binding_level"]
        ),
        (&json!("declined"), &json!("0.00"), &json!("product"))
    );
    let shown = line(&server, &orphan);
    assert_eq!(
        (&shown["usable"], &shown["binding_level"]),
        (&json!("0.00"), &json!("product"))
    );
}
