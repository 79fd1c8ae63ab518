//! Cases of reservations that other systems were built or corrected by, in our terms. Amounts are
//! theirs.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::applications::{check, reserve};
use crate::support::ledger::balance;
use crate::support::{
    Answer, Client, TestServer, a_customer, a_product_line, a_receivable, assert_ledger_is_clean,
    capture_body, reservation_body,
};

/// A customer with a limit, and its line.
fn a_customer_within(server: &TestServer, limit: &str) -> (String, String) {
    let customer = a_customer(server).id();
    let line = a_product_line(server, &customer, limit).id();
    (customer, line)
}

/// C3. Their bulk call confirmed two orders of 80 on a limit of 100 because it checked both before
/// it confirmed either. Two calls in a row see each other.
#[test]
fn c3_the_second_of_two_orders_sees_the_first() {
    let server = TestServer::start();
    let (customer, line) = a_customer_within(&server, "100.00");
    reserve(&server, &customer, "80.00").expect(201);
    let refused = reserve(&server, &customer, "80.00")
        .expect_problem("limit_exceeded")
        .json();
    assert_eq!(refused["reasons"][0]["available"], "20.00");
    assert_eq!(balance(&server, &line), "80.00 0.00 20.00");
    assert_ledger_is_clean(&server);
}

/// C16. Their delivery note was counted twice, once as what was asked for and once as what was there
/// already: 60 on a limit of 100 became 120.
#[test]
fn c16_a_document_is_not_counted_against_itself() {
    let server = TestServer::start();
    let (customer, line) = a_customer_within(&server, "100.00");
    let order = reserve(&server, &customer, "60.00").expect(201).id();
    assert_eq!(balance(&server, &line), "60.00 0.00 40.00");
    let client = server.with_everything();
    let delivered = capture_body(&server, Some("60.00"), false);
    client
        .post(&format!("/v1/reservations/{order}/capture"), &delivered)
        .expect(200);
    assert_eq!(balance(&server, &line), "0.00 60.00 40.00");

    // Delivered without an order it is not, either.
    let (another, line) = a_customer_within(&server, "100.00");
    let landed = a_receivable(&server, &another, "60.00").json();
    assert_eq!(landed["over_limit"], false);
    assert_eq!(balance(&server, &line), "0.00 60.00 40.00");
    assert_eq!(check(&server, &another, "40.00")["decision"], "approved");
    assert_eq!(check(&server, &another, "40.01")["decision"], "declined");
    assert_ledger_is_clean(&server);
}

/// The transfers of C27: pending ones are reservations, posting is the last capture, voiding is the
/// release of everything.
struct Transfers {
    server: TestServer,
    client: Client,
    customer: String,
    line: String,
}

impl Transfers {
    fn new() -> Self {
        let server = TestServer::start();
        let (customer, line) = a_customer_within(&server, "1000.00");
        Self {
            client: server.with_everything(),
            server,
            customer,
            line,
        }
    }

    fn pending(&self, amount: &str, seconds: Option<i64>) -> String {
        let mut body = reservation_body(&self.customer, amount);
        if let Some(seconds) = seconds {
            body["expires_at"] = json!(self.server.now() + TimeDelta::seconds(seconds));
        }
        self.client.post("/v1/reservations", &body).expect(201).id()
    }

    fn posting(&self, amount: Option<&str>) -> Value {
        capture_body(&self.server, amount, true)
    }

    fn post(&self, id: &str, body: &Value) -> Answer {
        let path = format!("/v1/reservations/{id}/capture");
        self.client.post(&path, body).send()
    }

    fn void(&self, id: &str) -> Answer {
        let path = format!("/v1/reservations/{id}/release");
        self.client.post(&path, &json!({})).send()
    }

    fn balance(&self) -> String {
        balance(&self.server, &self.line)
    }
}

/// C27. A transfer is repeated under its key; under the same key with another amount it is a
/// conflict. Their transfer has an identifier for all accounts; our key belongs to a path, and what
/// may not come from two reservations is the receivable. Their posting of 0 is our release.
#[test]
fn c27_each_reservation_is_resolved_once_and_says_how() {
    let transfers = Transfers::new();
    a_receivable(&transfers.server, &transfers.customer, "15.00");
    let [second, third] = [(); 2].map(|()| transfers.pending("15.00", None));
    let fourth = transfers.pending("15.00", Some(1));
    let fifth = transfers.pending("7.00", None);
    let [sixth, seventh] = [(); 2].map(|()| transfers.pending("1.00", None));
    assert_eq!(transfers.balance(), "54.00 15.00 931.00");
    transfers.server.advance(TimeDelta::seconds(1));

    // Capture 13 of the second, and the same again.
    let body = transfers.posting(Some("13.00"));
    let path = format!("/v1/reservations/{second}/capture");
    let posted = transfers.client.post(&path, &body).key("c27").expect(200);
    let again = posted.again().expect(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.json(), posted.json());
    let mut other = body.clone();
    other["amount"] = json!("14.00");
    let changed = transfers.client.post(&path, &other).key("c27");
    changed.expect_problem("idempotency_key_reused");
    let mut elsewhere = transfers.posting(Some("13.00"));
    elsewhere["receivable"]["number"] = body["receivable"]["number"].clone();
    let taken = transfers.post(&third, &elsewhere);
    taken.expect_problem("duplicate_receivable_number");

    // Each way of being resolved has its own refusal.
    transfers.void(&third).expect(200);
    let anything = transfers.posting(None);
    for (id, code) in [
        (&third, "reservation_released"),
        (&second, "reservation_captured"),
        (&fourth, "reservation_expired"),
    ] {
        transfers.post(id, &anything).expect_problem(code);
        transfers.void(id).expect_problem(code);
    }
    let too_much = transfers.posting(Some("8.00"));
    transfers
        .post(&fifth, &too_much)
        .expect_problem("exceeds_reservation");
    for id in [&fifth, &sixth] {
        transfers.post(id, &transfers.posting(None)).expect(200);
    }
    let nothing = transfers.posting(Some("0.00"));
    transfers
        .post(&seventh, &nothing)
        .expect_problem("validation_failed");
    transfers.void(&seventh).expect(200);
    assert_eq!(transfers.balance(), "0.00 36.00 964.00");
    assert_ledger_is_clean(&transfers.server);
}
