//! Authority is measured at the whole: of the customer, of its group, and with what is open.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{a_score, about_line, approve};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_group_line, a_group_of, a_line, a_member, a_product,
    a_submitted, a_unified_line, application_body, approved, the_goods,
};

const PRODUCTS: [&str; 3] = [GOODS, "bill_acceptance", "letter_of_credit"];

fn products(server: &TestServer) {
    the_goods(server);
    for code in &PRODUCTS[1..] {
        a_product(server, code);
    }
}

/// A customer of whom enough is known: who has no grade is decided as the worst.
fn a_good_customer(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    a_score(server, &customer, "A", "2026-12-31");
    customer
}

fn rule_of(server: &TestServer, path: &str) -> String {
    let client = server.with_everything();
    let case = client.get(path).expect(200).field("approval_id");
    let case = client.get(&format!("/v1/approvals/{case}")).expect(200);
    case.field("rule")
}

fn measured(server: &TestServer, path: &str) -> Value {
    let checks = server
        .with_everything()
        .get(&format!("{path}/checks"))
        .expect(200);
    checks.json()["kept"][0]["measured"].clone()
}

#[test]
fn many_lines_for_one_customer_are_not_so_many_times_small_business() {
    let server = TestServer::start();
    products(&server);
    for decides_each in [true, false] {
        let customer = a_good_customer(&server);
        let rules = PRODUCTS.map(|product| {
            let body = application_body(Owner::Customer(&customer), Some(product), "900000.00");
            let path = a_submitted(&server, &body);
            let rule = rule_of(&server, &path);
            if decides_each {
                approved(&server, &path);
            }
            rule
        });
        assert_eq!(
            rules,
            ["branch", "head_office", "head_office"],
            "approved: {decides_each}"
        );
    }
    // A limit over all of them bounds them together.
    let customer = a_good_customer(&server);
    a_unified_line(&server, &customer, "1000000.00");
    for product in PRODUCTS {
        let body = application_body(Owner::Customer(&customer), Some(product), "900000.00");
        assert_eq!(rule_of(&server, &a_submitted(&server, &body)), "branch");
    }
}

#[test]
fn what_is_open_counts_for_what_comes_later_and_not_the_other_way_round() {
    let server = TestServer::start();
    products(&server);
    let customer = a_good_customer(&server);
    let of =
        |product: &str| application_body(Owner::Customer(&customer), Some(product), "900000.00");
    let first = a_submitted(&server, &of(PRODUCTS[0]));
    let second = a_submitted(&server, &of(PRODUCTS[1]));
    assert_eq!(rule_of(&server, &second), "head_office");
    let whole = measured(&server, &second);
    assert_eq!(
        (&whole["line"], &whole["customer"]),
        (&json!("900000.00"), &json!("1800000.00"))
    );
    assert_eq!(whole["pending"], json!([first.rsplit('/').next().unwrap()]));
    approve(&server, &first).expect(200);
    approve(&server, &second).expect(200);
    // A decrease that is open may still be taken back.
    let customer = a_good_customer(&server);
    let line = a_line(
        &server,
        &application_body(Owner::Customer(&customer), Some(GOODS), "900000.00"),
    );
    a_submitted(
        &server,
        &about_line(&line.id(), "decrease", &json!({"amount": "1.00"})),
    );
    let body = application_body(Owner::Customer(&customer), Some(PRODUCTS[1]), "900000.00");
    assert_eq!(
        rule_of(&server, &a_submitted(&server, &body)),
        "head_office"
    );
}

#[test]
fn the_members_of_a_group_are_one_risk() {
    let server = TestServer::start();
    products(&server);
    let group = a_group_of(&server, SALES).id();
    let [one, other] = [(); 2].map(|()| {
        let customer = a_good_customer(&server);
        a_member(&server, &group, &customer);
        customer
    });
    let of = |customer: &str| application_body(Owner::Customer(customer), Some(GOODS), "900000.00");
    a_line(&server, &of(&one));
    let path = a_submitted(&server, &of(&other));
    assert_eq!(rule_of(&server, &path), "head_office");
    let whole = measured(&server, &path);
    assert_eq!(
        (&whole["customer"], &whole["group"]),
        (&json!("900000.00"), &json!("1800000.00"))
    );
    // A ceiling bounds them together.
    let group = a_group_of(&server, SALES).id();
    a_group_line(&server, &group, "1000000.00");
    for _ in 0..2 {
        let customer = a_good_customer(&server);
        a_member(&server, &group, &customer);
        let path = a_submitted(&server, &of(&customer));
        assert_eq!(rule_of(&server, &path), "branch");
        approved(&server, &path);
    }
}
