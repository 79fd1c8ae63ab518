//! What was approved besides the limit binds: the payment term, and the share that a deposit has to
//! secure.

use serde_json::{Value, json};

use crate::support::ledger::assert_clean;
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_line, a_reservation, application_body,
    capture_body, product_body, receivable_body, reservation_body, the_goods,
};

/// A customer with a product line of 1,000.00 and a unified one of as much, each with these terms.
fn a_customer_with(server: &TestServer, product: &Value, unified: Option<&Value>) -> String {
    the_goods(server);
    let customer = a_customer(server).id();
    let owner = Owner::Customer(&customer);
    let open = |product: Option<&str>, terms: &Value| {
        let mut body = application_body(owner, product, "1000.00");
        for (name, value) in terms.as_object().unwrap() {
            body[name.as_str()] = value.clone();
        }
        a_line(server, &body);
    };
    open(Some(GOODS), product);
    if let Some(terms) = unified {
        open(None, terms);
    }
    customer
}

fn day(server: &TestServer, later: i64) -> String {
    (server.db().today() + chrono::TimeDelta::days(later)).to_string()
}

/// Captures a cent under a term, starting some days from now.
fn capture(server: &TestServer, reservation: &str, starts_in: i64, term: Option<i32>) -> Answer {
    let path = format!("/v1/reservations/{reservation}/capture");
    let mut body = capture_body(server, Some("0.01"), false);
    body["receivable"]["issued_on"] = json!(day(server, starts_in));
    body["receivable"]["payment_term_days"] = json!(term);
    server.with_everything().post(&path, &body).send()
}

#[test]
fn a_capture_is_due_no_later_than_approved() {
    let server = TestServer::start();
    let customer = a_customer_with(&server, &json!({"payment_term_days": 30}), None);
    let id = a_reservation(&server, &customer, "100.00").id();
    let refused = capture(&server, &id, 0, Some(3650)).expect_problem("term_exceeded");
    let problem = refused.json();
    assert_eq!(
        problem["errors"][0]["pointer"],
        "#/receivable/payment_term_days"
    );
    let reason = &problem["reasons"][0];
    assert_eq!(
        (
            &reason["payment_term_days"],
            &reason["payment_term_days_max"]
        ),
        (&json!("3650"), &json!("30"))
    );
    assert_eq!(server.number("SELECT count(*) FROM receivables"), 0);
    for (starts_in, term, passes) in [
        (0, Some(31), false),
        (0, Some(30), true),
        (0, None, true),
        (10, Some(30), false),
        (10, None, false),
        (10, Some(20), true),
        (-20, Some(30), true),
    ] {
        let answer = capture(&server, &id, starts_in, term);
        match passes {
            true => answer.expect(200),
            false => answer.expect_problem("term_exceeded"),
        };
    }
    let terms = server.texts("SELECT payment_term_days FROM receivables ORDER BY 1");
    assert_eq!(terms, ["20", "30", "30", "30"]);
    assert_clean(&server);
}

#[test]
fn the_shortest_of_the_lines_binds_and_the_product_where_none_has_one() {
    let server = TestServer::start();
    let shorter = json!({"payment_term_days": 15});
    let customer = a_customer_with(&server, &json!({"payment_term_days": 30}), Some(&shorter));
    let id = a_reservation(&server, &customer, "100.00").id();
    let refused = capture(&server, &id, 0, Some(16)).expect_problem("term_exceeded");
    assert_eq!(refused.json()["reasons"][0]["payment_term_days_max"], "15");
    capture(&server, &id, 0, None).expect(200);
    let terms = server.texts("SELECT payment_term_days FROM receivables");
    assert_eq!(terms, ["15"]);

    // A line of the product that says none has that of the product, whatever there is above.
    let none = json!({"payment_term_days": null});
    let longer = json!({"payment_term_days": 90});
    for (product, unified, most) in [
        (&longer, Some(&longer), 90),
        (&longer, Some(&none), 90),
        (&none, Some(&longer), 30),
        (&none, None, 30),
    ] {
        let customer = a_customer_with(&server, product, unified);
        let id = a_reservation(&server, &customer, "100.00").id();
        capture(&server, &id, 0, Some(most + 1)).expect_problem("term_exceeded");
        capture(&server, &id, 0, Some(most)).expect(200);
    }
}

#[test]
fn a_fact_lands_whatever_its_term_and_says_so() {
    let server = TestServer::start();
    let customer = a_customer_with(&server, &json!({"payment_term_days": 30}), None);
    let client = server.with_everything();
    let post = |term: i32| {
        let mut body = receivable_body(&server, &customer, "10.00");
        body["payment_term_days"] = json!(term);
        client.post("/v1/receivables", &body).expect(201)
    };
    let within = post(30);
    let longer = post(60).json();
    assert_eq!(within.json()["term_exceeded"], false);
    assert_eq!(
        (&longer["term_exceeded"], &longer["over_limit"]),
        (&json!(true), &json!(false))
    );
    let events = server.texts(
        "SELECT (data->>'payment_term_days') || ' ' || (data->>'payment_term_days_max') \
         FROM events WHERE kind = 'receivable.term_exceeded'",
    );
    assert_eq!(events, ["60 30"]);
    let listed = client.get("/v1/receivables?term_exceeded=true").expect(200);
    assert_eq!(listed.items().len(), 1);
    assert_eq!(listed.items()[0]["id"], longer["id"]);
}

fn reserve(server: &TestServer, customer: &str, amount: &str, deposit: &str) -> Answer {
    let mut body = reservation_body(customer, amount);
    body["deposit"] = json!(deposit);
    let client = server.with_everything();
    client.post("/v1/reservations", &body).send()
}

#[test]
fn an_order_brings_the_share_that_its_line_asks_for() {
    let server = TestServer::start();
    let customer = a_customer_with(&server, &json!({"deposit_share_bp": 2000}), None);
    let client = server.with_everything();
    let check = |deposit: &str| {
        let body = json!({"customer_id": customer, "product": GOODS, "amount": "100.00",
            "deposit": deposit, "currency": "CNY"});
        client.post("/v1/credit-checks", &body).expect(200).json()
    };
    let declined = check("19.99");
    assert_eq!(declined["decision"], "declined");
    let reason = &declined["reasons"][0];
    assert_eq!(
        [
            &reason["code"],
            &reason["level"],
            &reason["deposit_required"],
            &reason["deposit"]
        ],
        [
            &json!("deposit_missing"),
            &json!("product"),
            &json!("20.00"),
            &json!("19.99")
        ]
    );
    assert_eq!(check("20.00")["decision"], "approved");
    reserve(&server, &customer, "100.00", "19.99").expect_problem("deposit_missing");
    reserve(&server, &customer, "0.01", "0.00").expect_problem("deposit_missing");
    reserve(&server, &customer, "0.01", "0.01").expect(201);
    let id = reserve(&server, &customer, "100.00", "20.00")
        .expect(201)
        .id();
    // More of it is asked for the share of the whole.
    let path = format!("/v1/reservations/{id}/amend");
    let refused = client
        .post(&path, &json!({"amount": "120.00"}))
        .expect_problem("deposit_missing");
    assert_eq!(refused.json()["reasons"][0]["deposit_required"], "24.00");
    client
        .post(&path, &json!({"deposit": "19.99"}))
        .expect_problem("deposit_missing");
    let both = json!({"amount": "120.00", "deposit": "24.00"});
    client.post(&path, &both).expect(200);
    client.post(&path, &json!({"amount": "50.00"})).expect(200);
    // In a batch each order has its own.
    let bare = reservation_body(&customer, "10.00");
    let batch = json!({"reservations": [bare]});
    let answer = client.post("/v1/reservation-batches", &batch).expect(200);
    assert_eq!(
        answer.json()["items"][0]["problem"]["code"],
        "deposit_missing"
    );
    // What is a fact is not asked.
    let fact = receivable_body(&server, &customer, "10.00");
    let landed = client.post("/v1/receivables", &fact).expect(201).json();
    assert_eq!(landed["over_limit"], false);
    assert_clean(&server);
}

#[test]
fn the_share_of_the_product_holds_where_its_line_has_none() {
    let server = TestServer::start();
    let mut product = product_body(GOODS);
    product["deposit_share_bp"] = json!(1000);
    let client = server.with_everything();
    client.post("/v1/products", &product).expect(201);
    let more = json!({"deposit_share_bp": 3000});
    let customer = a_customer_with(&server, &json!({}), Some(&more));
    let refused = reserve(&server, &customer, "100.00", "9.99").expect_problem("deposit_missing");
    let required: Vec<Value> = refused.json()["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["deposit_required"].clone())
        .collect();
    assert_eq!(required, ["10.00", "30.00"]);
    reserve(&server, &customer, "100.00", "29.99").expect_problem("deposit_missing");
    reserve(&server, &customer, "100.00", "30.00").expect(201);
}
