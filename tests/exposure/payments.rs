//! Money that arrives: what it settles, what stays over, and what is owed again when it bounces.

use std::thread;

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{decided, leave};
use crate::support::ledger::{Nested, assert_clean, balance, line};
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_group_line, a_group_of,
    a_line, a_member, a_payment, a_product_line, a_receivable, a_unified_line, allocations,
    application_body, payment_body, receivable_body, reservation_body, the_goods,
};

/// A receivable that began on another day.
fn a_receivable_of(server: &TestServer, customer: &str, amount: &str, issued_on: &str) -> String {
    let mut body = receivable_body(server, customer, amount);
    body["issued_on"] = json!(issued_on);
    let client = server.with_everything();
    client.post("/v1/receivables", &body).expect(201).id()
}

fn receivable(server: &TestServer, id: &str) -> Value {
    let path = format!("/v1/receivables/{id}");
    server.with_everything().get(&path).expect(200).json()
}

/// What is still owed of each.
fn outstanding<const N: usize>(server: &TestServer, ids: [&str; N]) -> [String; N] {
    ids.map(|id| {
        receivable(server, id)["outstanding"]
            .as_str()
            .unwrap()
            .to_owned()
    })
}

fn pay_oldest_first(server: &TestServer, customer: &str, amount: &str) -> Answer {
    let mut body = payment_body(server, customer, amount);
    body["allocate"] = json!("oldest_due_first");
    server
        .with_everything()
        .post("/v1/payments", &body)
        .expect(201)
}

fn allocate(server: &TestServer, payment: &str, body: &Value) -> Answer {
    server
        .with_everything()
        .post(&format!("/v1/payments/{payment}/allocations"), body)
        .send()
}

fn reverse(server: &TestServer, payment: &str) -> Answer {
    let body = json!({"reason": "退票"});
    server
        .with_everything()
        .post(&format!("/v1/payments/{payment}/reverse"), &body)
        .send()
}

/// Everything that a refused payment must leave as it is.
fn books(server: &TestServer) -> Vec<String> {
    [
        "SELECT id || ' ' || outstanding_minor || ' ' || version FROM receivables ORDER BY id",
        "SELECT id || ' ' || unapplied_minor || ' ' || version FROM payments ORDER BY id",
        "SELECT id || ' ' || drawn_minor || ' ' || movement_count FROM credit_lines ORDER BY id",
        "SELECT count(*) || ' allocations' FROM payment_allocations",
    ]
    .iter()
    .flat_map(|query| server.texts(query))
    .collect()
}

#[test]
fn money_settles_what_it_is_told_to_or_the_oldest_due_first() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let latest = a_receivable_of(&server, &customer, "10.00", "2026-03-02");
    let oldest = a_receivable_of(&server, &customer, "10.00", "2026-01-10");
    let middle = a_receivable_of(&server, &customer, "10.00", "2026-02-01");
    assert_eq!(receivable(&server, &oldest)["status"], "overdue");
    let paid = pay_oldest_first(&server, &customer, "15.00");
    assert_eq!(paid.field("unapplied"), "0.00");
    assert_eq!(
        outstanding(&server, [&oldest, &middle, &latest]),
        ["0.00", "5.00", "10.00"]
    );
    assert_eq!(receivable(&server, &oldest)["status"], "paid");
    assert_eq!(receivable(&server, &oldest)["overdue_days"], 0);
    let told = a_payment(&server, &customer, "4.00", &[(&latest, "4.00")]);
    assert_eq!(
        told.json()["allocations"],
        allocations(&[(&latest, "4.00")])
    );
    assert_eq!(receivable(&server, &latest)["status"], "partly_paid");
    assert_eq!(
        outstanding(&server, [&oldest, &middle, &latest]),
        ["0.00", "5.00", "6.00"]
    );
    assert_clean(&server);
}

#[test]
fn what_is_paid_too_much_stays_unapplied_until_it_is_allocated() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let first = a_receivable(&server, &customer, "10.00").id();
    let paid = pay_oldest_first(&server, &customer, "25.00");
    assert_eq!(paid.field("unapplied"), "15.00");
    assert_eq!(outstanding(&server, [&first]), ["0.00"]);
    let [second, third] = ["10.00", "10.00"].map(|amount| {
        server.advance(chrono::TimeDelta::seconds(1));
        let owed = a_receivable(&server, &customer, amount);
        assert_eq!(owed.field("outstanding"), amount, "nothing settles itself");
        owed.id()
    });
    let body = json!({"allocations": allocations(&[(&third, "6.00")])});
    let part = allocate(&server, &paid.id(), &body).expect(200);
    assert_eq!(part.field("unapplied"), "9.00");
    let rest = json!({"allocate": "oldest_due_first"});
    let all = allocate(&server, &paid.id(), &rest).expect(200);
    assert_eq!(all.field("unapplied"), "0.00");
    assert_eq!(outstanding(&server, [&second, &third]), ["1.00", "4.00"]);
    let settled = all.json()["allocations"].as_array().unwrap().len();
    assert_eq!(settled, 3);
    let read = server
        .with_everything()
        .get(&format!("/v1/payments/{}", paid.id()))
        .expect(200);
    assert_eq!(read.json(), all.json());
    assert_clean(&server);
}

#[test]
fn an_allocation_that_goes_too_far_changes_nothing() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let other = a_customer_with_credit(&server, SALES);
    let owed = a_receivable(&server, &customer, "10.00").id();
    let also = a_receivable(&server, &customer, "10.00").id();
    let foreign = a_receivable(&server, &other, "10.00").id();
    let mut dollars = receivable_body(&server, &customer, "10.00");
    dollars["currency"] = json!("USD");
    let client = server.with_everything();
    let dollars = client.post("/v1/receivables", &dollars).expect(201).id();
    let unapplied = a_payment(&server, &customer, "15.00", &[]).id();
    let before = books(&server);
    type Refusal<'a> = (&'a [(&'a str, &'a str)], &'a str, usize);
    let refusals: [Refusal<'_>; 6] = [
        (&[(&owed, "10.01")], "allocation_exceeds_outstanding", 0),
        (
            &[(&owed, "6.00"), (&owed, "4.01")],
            "allocation_exceeds_outstanding",
            1,
        ),
        (
            &[(&owed, "10.00"), (&also, "5.01")],
            "allocation_exceeds_payment",
            1,
        ),
        (
            &[(&owed, "1.00"), (&dollars, "1.00")],
            "currency_mismatch",
            1,
        ),
        (&[(&owed, "1.00"), (&foreign, "1.00")], "not_found", 1),
        (&[(&owed, "0.00")], "validation_failed", 0),
    ];
    for (parts, code, index) in refusals {
        let mut body = payment_body(&server, &customer, "15.00");
        body["allocations"] = allocations(parts);
        let received = client.post("/v1/payments", &body).expect_problem(code);
        let body = json!({"allocations": allocations(parts)});
        let allocated = allocate(&server, &unapplied, &body).expect_problem(code);
        if code != "not_found" {
            let place = format!("#/allocations/{index}/amount");
            assert_eq!(received.json()["errors"][0]["pointer"], place);
            assert_eq!(allocated.json()["errors"][0]["pointer"], place);
        }
        assert_eq!(books(&server), before, "{code}");
    }
    let both =
        json!({"allocations": allocations(&[(&owed, "1.00")]), "allocate": "oldest_due_first"});
    allocate(&server, &unapplied, &both).expect_problem("validation_failed");
    allocate(&server, &unapplied, &json!({})).expect_problem("validation_failed");
    assert_eq!(books(&server), before);
    assert_clean(&server);
}

#[test]
fn money_of_tomorrow_has_not_arrived() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let mut body = payment_body(&server, &customer, "1.00");
    let client = server.with_everything();
    body["received_on"] = json!("2026-03-03");
    let refused = client
        .post("/v1/payments", &body)
        .expect_problem("validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "#/received_on");
    body["received_on"] = json!("2026-02-27");
    client.post("/v1/payments", &body).expect(201);
}

#[test]
fn a_payment_releases_the_limit_at_every_level_and_its_reversal_takes_it_again() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["100.00", "200.00", "300.00"]);
    let customer = &nested.customer;
    let [one, other] =
        ["40.00", "60.00"].map(|amount| a_receivable(&server, customer, amount).id());
    let owing = nested.balances(&server);
    assert_eq!(
        owing,
        [
            "0.00 100.00 0.00",
            "0.00 100.00 100.00",
            "0.00 100.00 200.00"
        ]
    );
    let paid = pay_oldest_first(&server, customer, "70.00");
    assert_eq!(
        nested.balances(&server),
        ["0.00 30.00 70.00", "0.00 30.00 170.00", "0.00 30.00 270.00"]
    );
    let reversed = reverse(&server, &paid.id()).expect(200);
    assert_eq!(reversed.field("status"), "reversed");
    assert_eq!(reversed.field("reversed_on"), "2026-03-02");
    assert_eq!(reversed.field("unapplied"), "0.00");
    assert_eq!(reversed.json()["allocations"], json!([]));
    assert_eq!(nested.balances(&server), owing);
    assert_eq!(outstanding(&server, [&one, &other]), ["40.00", "60.00"]);
    assert_eq!(receivable(&server, &one)["status"], "open");

    reverse(&server, &paid.id()).expect_problem("payment_reversed");
    let rest = json!({"allocate": "oldest_due_first"});
    allocate(&server, &paid.id(), &rest).expect_problem("payment_reversed");
    assert_eq!(nested.balances(&server), owing);
    assert_eq!(
        server.texts("SELECT kind FROM events WHERE kind LIKE 'payment.%' ORDER BY seq"),
        ["payment.received", "payment.reversed"]
    );
    assert_clean(&server);
}

#[test]
fn a_reversal_and_an_allocation_at_once_leave_everything_owed() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let own = server.with_everything().get("/v1/credit-lines").expect(200);
    let line_id = own.items()[0]["id"].as_str().unwrap().to_owned();
    for round in 0..10 {
        let owed = a_receivable(&server, &customer, "10.00").id();
        let payment = a_payment(&server, &customer, "10.00", &[]).id();
        let body = json!({"allocations": allocations(&[(&owed, "10.00")])});
        let (allocated, reversed) = thread::scope(|scope| {
            let allocating = scope.spawn(|| allocate(&server, &payment, &body));
            let reversing = scope.spawn(|| reverse(&server, &payment));
            (allocating.join().unwrap(), reversing.join().unwrap())
        });
        reversed.expect(200);
        if allocated.status != 200 {
            allocated.expect_problem("payment_reversed");
        }
        assert_eq!(outstanding(&server, [&owed]), ["10.00"], "round {round}");
        let used = format!("{}.00", (round + 1) * 10);
        assert_eq!(line(&server, &line_id)["drawn"], used);
    }
    assert_clean(&server);
}

#[test]
fn a_line_that_does_not_revolve_does_not_come_back() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let mut terms = application_body(Owner::Customer(&customer), Some(GOODS), "100.00");
    terms["revolving"] = json!(false);
    let once = a_line(&server, &terms).id();
    let owed = a_receivable(&server, &customer, "60.00").id();
    let paid = a_payment(&server, &customer, "50.00", &[(&owed, "50.00")]);
    assert_eq!(line(&server, &once)["consumed"], "50.00");
    assert_eq!(balance(&server, &once), "0.00 10.00 40.00");
    let client = server.with_everything();
    client
        .post("/v1/reservations", &reservation_body(&customer, "40.01"))
        .expect_problem("limit_exceeded");
    reverse(&server, &paid.id()).expect(200);
    assert_eq!(line(&server, &once)["consumed"], "0.00");
    assert_eq!(balance(&server, &once), "0.00 60.00 40.00");
    a_payment(&server, &customer, "60.00", &[(&owed, "60.00")]);
    assert_eq!(balance(&server, &once), "0.00 0.00 40.00");
    assert_clean(&server);
}

#[test]
fn goods_that_are_gone_are_recorded_over_the_limit_and_somebody_is_told() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["100.00", "1000.00", "90.00"]);
    let within = a_receivable(&server, &nested.customer, "90.00");
    assert_eq!(within.json()["over_limit"], false);
    let over = a_receivable(&server, &nested.customer, "50.00");
    assert_eq!(over.json()["over_limit"], true);
    assert_eq!(
        nested.balances(&server),
        [
            "0.00 140.00 -40.00",
            "0.00 140.00 860.00",
            "0.00 140.00 -50.00"
        ]
    );
    let told = server.texts(
        "SELECT subject || ' ' || (data->'reasons')::text FROM events \
         WHERE kind = 'receivable.over_limit' ORDER BY seq",
    );
    let reasons = r#"["limit_exceeded", "limit_exceeded"]"#;
    assert_eq!(told, [format!("receivable/{} {reasons}", over.id())]);
    // Without any line it counts nowhere and is recorded all the same.
    let other = a_customer(&server).id();
    server.advance(chrono::TimeDelta::seconds(1));
    let bare = a_receivable(&server, &other, "1.00");
    assert_eq!(bare.json()["over_limit"], true);
    assert_eq!(bare.json()["credit_line_id"], Value::Null);
    let client = server.with_everything();
    let listed = client.get("/v1/receivables?over_limit=true").expect(200);
    let listed: Vec<Value> = listed
        .items()
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert_eq!(listed, [json!(bare.id()), json!(over.id())]);
    // What was too much is in the way of anything more until it is paid.
    client
        .post(
            "/v1/reservations",
            &reservation_body(&nested.customer, "0.01"),
        )
        .expect_problem("limit_exceeded");
    pay_oldest_first(&server, &nested.customer, "140.00");
    client
        .post(
            "/v1/reservations",
            &reservation_body(&nested.customer, "90.00"),
        )
        .expect(201);
    assert_clean(&server);
}

#[test]
fn what_bounces_after_the_customer_left_its_group_is_owed_outside_of_it() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["100.00", "100.00", "100.00"]);
    let customer = &nested.customer;
    let owed = a_receivable(&server, customer, "80.00").id();
    let paid = a_payment(&server, customer, "80.00", &[(&owed, "80.00")]);
    let members = format!("/v1/credit-groups/{}/members", nested.group);
    let client = server.with_everything();
    let membership = client.get(&members).expect(200).items()[0]["id"].clone();
    let path = format!("{members}/{}", membership.as_str().unwrap());
    decided(&server, leave(&server, &path)).expect(200);
    reverse(&server, &paid.id()).expect(200);
    let used = "0.00 80.00 20.00";
    assert_eq!(nested.balances(&server), [used, used, "0.00 0.00 100.00"]);
    assert_clean(&server);
}

#[test]
fn what_bounces_counts_under_the_limit_and_in_the_group_that_came_after_the_payment() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let product = a_product_line(&server, &customer, "100.00").id();
    let owed = a_receivable(&server, &customer, "80.00").id();
    let paid = a_payment(&server, &customer, "80.00", &[(&owed, "80.00")]);
    let unified = a_unified_line(&server, &customer, "100.00").id();
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "100.00").id();
    a_member(&server, &group, &customer);
    reverse(&server, &paid.id()).expect(200);
    for line in [product, unified, ceiling] {
        assert_eq!(balance(&server, &line), "0.00 80.00 20.00");
    }
    assert_clean(&server);
}

#[test]
fn a_line_gives_back_only_what_was_consumed_of_it() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let owed = a_receivable(&server, &customer, "80.00").id();
    let paid = a_payment(&server, &customer, "50.00", &[(&owed, "50.00")]);
    // Opened between the payment and its reversal, and adopts what is still owed.
    let mut terms = application_body(Owner::Customer(&customer), None, "100.00");
    terms["revolving"] = json!(false);
    let unified = a_line(&server, &terms).id();
    assert_eq!(balance(&server, &unified), "0.00 30.00 70.00");
    reverse(&server, &paid.id()).expect(200);
    assert_eq!(balance(&server, &unified), "0.00 80.00 20.00");
    assert_eq!(line(&server, &unified)["consumed"], "0.00");
    assert_clean(&server);
}

#[test]
fn one_reference_is_one_payment_unless_somebody_says_otherwise() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["1000.00", "1000.00", "1000.00"]);
    a_receivable(&server, &nested.customer, "300.00");
    let client = server.with_everything();
    let pay = |reference: &str, another: bool| {
        let mut body = payment_body(&server, &nested.customer, "150.00");
        body["reference"] = json!(reference);
        body["allocate"] = json!("oldest_due_first");
        body["another"] = json!(another);
        client.post("/v1/payments", &body)
    };
    let first = pay("BANK 7", false).expect(201).id();
    let owing = nested.balances(&server);
    let refused = pay("ｂａｎｋ　7", false).expect_problem("duplicate_payment_reference");
    assert_eq!(refused.json()["payment_id"], json!(first));
    assert_eq!(nested.balances(&server), owing);
    let second = pay("BANK 7", true).expect(201).id();
    // What was reversed gives back nothing, so it bars nothing.
    reverse(&server, &first).expect(200);
    let refused = pay("BANK 7", false).expect_problem("duplicate_payment_reference");
    assert_eq!(refused.json()["payment_id"], json!(second));
    reverse(&server, &second).expect(200);
    pay("BANK 7", false).expect(201);
    assert_clean(&server);
}

#[test]
fn a_payment_that_arrives_twice_at_once_is_recorded_once() {
    let server = TestServer::start_with(|settings| settings.workers = 2);
    // No line at which they would meet.
    let customer = a_customer(&server).id();
    for _ in 0..5 {
        let body = payment_body(&server, &customer, "1.00");
        let statuses = std::thread::scope(|scope| {
            let send = || {
                let client = server.with_everything();
                client.post("/v1/payments", &body).send().status
            };
            let both = [scope.spawn(send), scope.spawn(send)];
            let mut statuses = both.map(|one| one.join().unwrap());
            statuses.sort_unstable();
            statuses
        });
        assert_eq!(statuses, [201, 409]);
    }
}
