//! Credit lines: what they refuse and why, and what counts against them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{decided, leave};
use crate::support::ledger::{Nested, assert_clean, balance, line};
use crate::support::{
    Answer, GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_group_line, a_group_of,
    a_line, a_member, a_number, a_payment, a_product_line, a_receivable, a_reservation,
    a_unified_line, capture_body, reservation_body, terms_between, the_goods,
};

fn act(server: &TestServer, line: &str, verb: &str) -> Answer {
    let body = json!({"reason": "涉诉"});
    server
        .with_everything()
        .post(&format!("/v1/credit-lines/{line}/{verb}"), &body)
        .send()
}

fn reserve(server: &TestServer, customer: &str, amount: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/reservations", &reservation_body(customer, amount))
        .send()
}

fn check(server: &TestServer, customer: &str, product: &str, amount: &str) -> Value {
    let body =
        json!({"customer_id": customer, "product": product, "amount": amount, "currency": "CNY"});
    server
        .with_everything()
        .post("/v1/credit-checks", &body)
        .expect(200)
        .json()
}

/// Every reason as `code level`.
fn reasons(body: &Value) -> Vec<String> {
    body["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| {
            format!(
                "{} {}",
                reason["code"].as_str().unwrap(),
                reason["level"].as_str().unwrap_or("-")
            )
        })
        .collect()
}

#[test]
fn refusals_come_in_the_documented_order_with_all_their_reasons() {
    let server = TestServer::start();
    the_goods(&server);
    let client = server.with_everything();
    let unknown = "01940c9e-7a3b-7d2c-8f00-000000000000";
    let refused = reserve(&server, unknown, "1.00").expect_problem("customer_not_found");
    assert_eq!(
        reasons(&refused.json()),
        ["customer_not_found -", "line_not_found product"]
    );
    let mut nothing = reservation_body(unknown, "1.00");
    nothing["product"] = json!("no_such_product");
    let refused = client
        .post("/v1/reservations", &nothing)
        .expect_problem("customer_not_found");
    assert_eq!(
        reasons(&refused.json()),
        [
            "customer_not_found -",
            "product_unknown -",
            "line_not_found product"
        ]
    );

    let customer = a_customer(&server).id();
    let refused = reserve(&server, &customer, "1.00").expect_problem("line_not_found");
    assert_eq!(reasons(&refused.json()), ["line_not_found product"]);

    // Everything at once: closed customer, withdrawn product, and a line of each state.
    let nested = Nested::within(&server, ["1.00", "1.00", "1.00"]);
    let customer = &nested.customer;
    act(&server, &nested.lines[0], "close").expect(200);
    act(&server, &nested.lines[1], "suspend").expect(200);
    let path = format!("/v1/customers/{customer}");
    client
        .patch(&path, "*", &json!({"status": "closed"}))
        .expect(200);
    let product = format!("/v1/products/{GOODS}");
    client
        .patch(&product, "*", &json!({"active": false}))
        .expect(200);
    let mut body = reservation_body(customer, "2.00");
    body["currency"] = json!("USD");
    let refused = client
        .post("/v1/reservations", &body)
        .expect_problem("customer_closed");
    assert_eq!(
        reasons(&refused.json()),
        [
            "customer_closed -",
            "product_unknown -",
            "currency_rate_missing product",
            "currency_rate_missing customer",
            "currency_rate_missing group",
            "line_not_active product",
            "line_suspended customer",
        ]
    );
    let refused = reserve(&server, customer, "2.00").expect_problem("customer_closed");
    assert_eq!(
        reasons(&refused.json()),
        [
            "customer_closed -",
            "product_unknown -",
            "line_not_active product",
            "line_suspended customer",
            "limit_exceeded product",
            "limit_exceeded customer",
            "limit_exceeded group",
        ]
    );
    let declined = check(&server, customer, GOODS, "2.00");
    assert_eq!(declined["decision"], "declined");
    assert_eq!(reasons(&declined), reasons(&refused.json()));
    assert_eq!(server.number("SELECT count(*) FROM reservations"), 0);
}

#[test]
fn a_line_of_each_level_refuses_for_each_state_of_its_own() {
    let server = TestServer::start();
    the_goods(&server);
    for (place, level) in ["product", "customer", "group"].into_iter().enumerate() {
        let nested = Nested::within(&server, ["10.00", "10.00", "10.00"]);
        let id = &nested.lines[place];
        act(&server, id, "suspend").expect(200);
        let refused = reserve(&server, &nested.customer, "1.00").expect_problem("line_suspended");
        assert_eq!(
            reasons(&refused.json()),
            [format!("line_suspended {level}")]
        );
        assert_eq!(refused.json()["reasons"][0]["credit_line_id"], *id);
        let resumed = act(&server, id, "resume");
        resumed.expect_problem("approval_required");
        decided(&server, act(&server, id, "resume")).expect(200);
        a_reservation(&server, &nested.customer, "1.00");
        decided(&server, act(&server, id, "close")).expect(200);
        match place {
            0 => {
                let refused = reserve(&server, &nested.customer, "1.00");
                refused.expect_problem("line_not_active");
            }
            // Above the product a closed line is no line.
            _ => drop(a_reservation(&server, &nested.customer, "1.00")),
        }
        for verb in ["suspend", "resume", "close"] {
            act(&server, id, verb).expect_problem("invalid_transition");
        }
    }
    assert_clean(&server);
}

#[test]
fn both_ends_of_the_days_of_a_line_count() {
    let server = TestServer::start();
    the_goods(&server);
    for level in ["product", "customer", "group"] {
        let group = a_group_of(&server, SALES).id();
        let customer = a_customer(&server).id();
        let days = |of: &str| match of == level {
            true => {
                let (from, until) = (
                    server.db().today() + TimeDelta::days(1),
                    server.db().today(),
                );
                [from.to_string(), (until + TimeDelta::days(2)).to_string()]
            }
            false => ["2026-01-01".to_owned(), "2026-12-31".to_owned()],
        };
        let open = |of: &str, owner: Owner<'_>, product: Option<&str>| {
            let days = days(of);
            let body = terms_between(owner, product, "10.00", [&days[0], &days[1]]);
            a_line(&server, &body).id()
        };
        open("product", Owner::Customer(&customer), Some(GOODS));
        open("customer", Owner::Customer(&customer), None);
        open("group", Owner::Group(&group), None);
        a_member(&server, &group, &customer);
        let early = reserve(&server, &customer, "1.00").expect_problem("line_not_yet_valid");
        assert_eq!(
            reasons(&early.json()),
            [format!("line_not_yet_valid {level}")]
        );
        server.advance(TimeDelta::days(1));
        a_reservation(&server, &customer, "1.00");
        server.advance(TimeDelta::days(1));
        a_reservation(&server, &customer, "1.00");
        server.advance(TimeDelta::days(1));
        let late = reserve(&server, &customer, "1.00").expect_problem("line_expired");
        assert_eq!(reasons(&late.json()), [format!("line_expired {level}")]);
    }
    assert_clean(&server);
}

#[test]
fn lines_that_take_nothing_new_still_release() {
    let server = TestServer::start();
    let nested = Nested::within(&server, ["100.00", "100.00", "100.00"]);
    let customer = &nested.customer;
    let client = server.with_everything();
    let mut held: Vec<String> = (0..4)
        .map(|_| a_reservation(&server, customer, "10.00").id())
        .collect();
    let owed = a_receivable(&server, customer, "10.00").id();
    // Suspended: captured and released all the same.
    for id in &nested.lines {
        act(&server, id, "suspend").expect(200);
    }
    let settle = |reservation: &str, verb: &str| {
        let body = match verb {
            "capture" => capture_body(&server, None, false),
            _ => json!({}),
        };
        let path = format!("/v1/reservations/{reservation}/{verb}");
        client.post(&path, &body).expect(200)
    };
    settle(&held.remove(0), "capture");
    settle(&held.remove(0), "release");
    assert_eq!(nested.balances(&server), ["20.00 20.00 60.00"; 3]);
    // Closed: the same, and payments come back to it.
    for id in &nested.lines {
        act(&server, id, "close").expect(200);
    }
    settle(&held.remove(0), "capture");
    settle(&held.remove(0), "release");
    let paid = a_payment(&server, customer, "10.00", &[(&owed, "10.00")]);
    // A closed line shows nothing available.
    assert_eq!(nested.balances(&server), ["0.00 20.00 0.00"; 3]);
    let path = format!("/v1/payments/{}/reverse", paid.id());
    client.post(&path, &json!({"reason": "退票"})).expect(200);
    assert_eq!(nested.balances(&server), ["0.00 30.00 0.00"; 3]);
    reserve(&server, customer, "1.00").expect_problem("line_not_active");
    assert_clean(&server);
}

#[test]
fn balances_can_be_read_as_they_were() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let before_line = server.now() - TimeDelta::seconds(1);
    let id = a_product_line(&server, &customer, "100.00").id();
    let mut moments = vec![(server.now(), "0.00 0.00 100.00")];
    let mut moment = |balance| {
        moments.push((server.now(), balance));
    };
    server.advance(TimeDelta::hours(1));
    let held = a_reservation(&server, &customer, "40.00").id();
    moment("40.00 0.00 60.00");
    server.advance(TimeDelta::hours(1));
    let body = capture_body(&server, Some("30.00"), true);
    let client = server.with_everything();
    let captured = client
        .post(&format!("/v1/reservations/{held}/capture"), &body)
        .expect(200);
    moment("0.00 30.00 70.00");
    server.advance(TimeDelta::days(1));
    let owed = captured.json()["captures"][0]["receivable_id"].clone();
    a_payment(
        &server,
        &customer,
        "5.00",
        &[(owed.as_str().unwrap(), "5.00")],
    );
    moment("0.00 25.00 75.00");
    let read = |as_of: &str| {
        let path = format!("/v1/credit-lines/{id}?as_of={as_of}");
        client.get(&path)
    };
    let shown = |as_of: &str| {
        let line = read(as_of).expect(200).json();
        ["held", "drawn", "available"]
            .map(|part| line[part].as_str().unwrap().to_owned())
            .join(" ")
    };
    let instant = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339().replace("+00:00", "Z");
    for (at, expected) in &moments {
        assert_eq!(shown(&instant(*at)), *expected);
    }
    // An instant between two movements shows the earlier; a day shows its end.
    let between = moments[1].0 + TimeDelta::minutes(30);
    assert_eq!(shown(&instant(between)), moments[1].1);
    assert_eq!(shown("2026-03-02"), moments[2].1);
    assert_eq!(shown("2026-03-03"), moments[3].1);
    read(&instant(before_line)).expect_problem("not_found");
}

#[test]
fn movements_are_numbered_without_gaps_and_paged_without_repeats() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let id = a_product_line(&server, &customer, "1000.00").id();
    let client = server.with_everything();
    for _ in 0..5 {
        let held = a_reservation(&server, &customer, "10.00").id();
        let path = format!("/v1/reservations/{held}/capture");
        let body = capture_body(&server, Some("4.00"), true);
        client.post(&path, &body).expect(200);
    }
    let mut numbers = Vec::new();
    let mut running = Vec::new();
    let mut path = format!("/v1/credit-lines/{id}/movements?limit=4");
    loop {
        let page = client.get(&path).expect(200);
        for movement in page.items() {
            numbers.push(movement["number"].as_i64().unwrap());
            running.push(movement);
        }
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else {
            break;
        };
        // What is written while somebody pages does not shift the pages.
        a_reservation(&server, &customer, "1.00");
        path = format!("/v1/credit-lines/{id}/movements?limit=4&cursor={cursor}");
    }
    let expected: Vec<i64> = (1..=15).rev().collect();
    assert_eq!(numbers, expected);
    running.reverse();
    let minor = |text: &Value| -> i64 { text.as_str().unwrap().replace('.', "").parse().unwrap() };
    let (mut held, mut drawn) = (0, 0);
    for movement in &running {
        held += minor(&movement["held_change"]);
        drawn += minor(&movement["drawn_change"]);
        assert_eq!(minor(&movement["held_after"]), held);
        assert_eq!(minor(&movement["drawn_after"]), drawn);
        assert!(movement["reservation_id"].is_string());
        assert_eq!(movement["customer_id"], customer);
    }
    assert_eq!((held, drawn), (0, 2000));
    let kinds: BTreeSet<&str> = running
        .iter()
        .map(|movement| movement["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["reserve", "capture", "release"]));
}

#[test]
fn a_line_opened_later_counts_what_is_already_owed() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    // Without any line: it lands nowhere until there is one.
    the_goods(&server);
    let bare = a_receivable(&server, &customer, "5.00");
    assert_eq!(bare.json()["credit_line_id"], Value::Null);
    let product = a_product_line(&server, &customer, "100.00").id();
    assert_eq!(balance(&server, &product), "0.00 5.00 95.00");
    a_reservation(&server, &customer, "20.00");
    a_receivable(&server, &customer, "30.00");
    let unified = a_unified_line(&server, &customer, "50.00").id();
    assert_eq!(
        balance(&server, &unified),
        "20.00 35.00 -5.00",
        "even when it does not fit"
    );
    let group = a_group_of(&server, SALES).id();
    let other = a_customer_with_credit(&server, SALES);
    for member in [&customer, &other] {
        a_member(&server, &group, member);
    }
    a_receivable(&server, &other, "7.00");
    let ceiling = a_group_line(&server, &group, "100.00").id();
    assert_eq!(balance(&server, &ceiling), "20.00 42.00 38.00");
    // What was adopted is given back when it is paid.
    a_payment(&server, &customer, "5.00", &[(&bare.id(), "5.00")]);
    assert_eq!(balance(&server, &product), "20.00 30.00 50.00");
    assert_eq!(balance(&server, &unified), "20.00 30.00 0.00");
    assert_eq!(balance(&server, &ceiling), "20.00 37.00 43.00");
    assert_clean(&server);
}

#[test]
fn exposure_joins_a_group_and_leaves_it_with_the_customer() {
    let server = TestServer::start();
    let [one, other] = [(); 2].map(|()| a_group_of(&server, SALES).id());
    let [first, second] = [&one, &other].map(|group| a_group_line(&server, group, "100.00").id());
    let customer = a_customer_with_credit(&server, SALES);
    let held = a_reservation(&server, &customer, "30.00").id();
    let owed = a_receivable(&server, &customer, "50.00").id();
    let client = server.with_everything();
    let joined = a_member(&server, &one, &customer);
    assert_eq!(balance(&server, &first), "30.00 50.00 20.00");
    reserve(&server, &customer, "20.01").expect_problem("limit_exceeded");
    decided(&server, leave(&server, &joined)).expect(200);
    assert_eq!(balance(&server, &first), "0.00 0.00 100.00");
    server.advance(TimeDelta::days(1));
    a_member(&server, &other, &customer);
    assert_eq!(balance(&server, &first), "0.00 0.00 100.00");
    assert_eq!(balance(&server, &second), "30.00 50.00 20.00");
    let body = json!({
        "amount": null, "receivable": {"number": a_number(), "issued_on": "2026-03-03"},
    });
    let path = format!("/v1/reservations/{held}/capture");
    client.post(&path, &body).expect(200);
    a_payment(&server, &customer, "50.00", &[(&owed, "50.00")]);
    assert_eq!(balance(&server, &second), "0.00 30.00 70.00");
    assert_clean(&server);
}

#[test]
fn a_group_without_room_takes_no_member_with_exposure() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    let ceiling = a_group_line(&server, &group, "100.00").id();
    let member = a_customer_with_credit(&server, SALES);
    a_member(&server, &group, &member);
    a_reservation(&server, &member, "60.00");
    let client = server.with_everything();
    let members = format!("/v1/credit-groups/{group}/members");
    let join = |customer: &str| {
        let body = json!({"customer_id": customer, "from": server.db().today().to_string()});
        client.post(&members, &body).send()
    };
    let newcomer = a_customer_with_credit(&server, SALES);
    let held = a_reservation(&server, &newcomer, "40.01").id();
    join(&newcomer).expect_problem("limit_exceeded");
    assert_eq!(
        server.number("SELECT count(*) FROM credit_group_members"),
        1
    );
    assert_eq!(balance(&server, &ceiling), "60.00 0.00 40.00");
    let release = format!("/v1/reservations/{held}/release");
    client
        .post(&release, &json!({"amount": "0.01"}))
        .expect(200);
    join(&newcomer).expect(201);
    assert_eq!(balance(&server, &ceiling), "100.00 0.00 0.00");
    // What has expired takes no room and is not brought along.
    server.advance(TimeDelta::days(8));
    let last = a_customer_with_credit(&server, SALES);
    a_reservation(&server, &last, "100.00");
    join(&last).expect(201);
    assert_eq!(balance(&server, &ceiling), "100.00 0.00 0.00");
    assert_clean(&server);
}

#[test]
fn what_an_expired_line_still_carries_counts_against_its_successor() {
    let server = TestServer::start();
    the_goods(&server);
    let group = a_group_of(&server, SALES).id();
    let customer = a_customer(&server).id();
    let owners = [
        (Owner::Customer(&customer), Some(GOODS)),
        (Owner::Customer(&customer), None),
        (Owner::Group(&group), None),
    ];
    let open = |days: [&str; 2]| {
        owners.map(|(owner, product)| {
            a_line(&server, &terms_between(owner, product, "100.00", days)).id()
        })
    };
    let old = open(["2026-01-01", "2026-03-02"]);
    let new = open(["2026-03-03", "2026-12-31"]);
    a_member(&server, &group, &customer);
    let owed = a_receivable(&server, &customer, "70.00").id();
    server.advance(TimeDelta::days(1));
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(line(&server, old)["status"], "expired");
        assert_eq!(balance(&server, old), "0.00 70.00 30.00");
        assert_eq!(line(&server, new)["carried"], "70.00");
        assert_eq!(balance(&server, new), "0.00 0.00 30.00");
    }
    let refused = reserve(&server, &customer, "30.01").expect_problem("limit_exceeded");
    assert_eq!(
        reasons(&refused.json()),
        [
            "limit_exceeded product",
            "limit_exceeded customer",
            "limit_exceeded group"
        ]
    );
    a_reservation(&server, &customer, "30.00");
    a_payment(&server, &customer, "70.00", &[(&owed, "70.00")]);
    for new in &new {
        assert_eq!(line(&server, new)["carried"], "0.00");
        assert_eq!(balance(&server, new), "30.00 0.00 70.00");
    }
    assert_clean(&server);
}
