//! Deposits: they count where the product says so, part by part, and never otherwise.

use serde_json::{Value, json};

use crate::support::ledger::{assert_clean, balance};
use crate::support::{
    Answer, Owner, TestServer, a_customer, a_line, a_rate, allocations, application_body,
    capture_body, in_currency, payment_body, product_body, receivable_body, reservation_body,
};

/// A customer with a line of 1,000.00 for a product of this treatment.
struct Secured {
    server: TestServer,
    customer: String,
    line: String,
}

const PRODUCT: &str = "secured_goods";

impl Secured {
    fn treating(treatment: &str, limit: &str) -> Self {
        let server = TestServer::start();
        let mut product = product_body(PRODUCT);
        product["exposure_treatment"] = json!(treatment);
        let client = server.with_everything();
        client.post("/v1/products", &product).expect(201);
        let customer = a_customer(&server).id();
        let terms = application_body(Owner::Customer(&customer), Some(PRODUCT), limit);
        let line = a_line(&server, &terms).id();
        Self {
            server,
            customer,
            line,
        }
    }

    fn post(&self, path: &str, mut body: Value, deposit: &str) -> Answer {
        body["product"] = json!(PRODUCT);
        body["deposit"] = json!(deposit);
        self.server.with_everything().post(path, &body).send()
    }

    fn reserve(&self, amount: &str, deposit: &str) -> Answer {
        let body = reservation_body(&self.customer, amount);
        self.post("/v1/reservations", body, deposit)
    }

    fn bill(&self, amount: &str, deposit: &str) -> Answer {
        let body = receivable_body(&self.server, &self.customer, amount);
        self.post("/v1/receivables", body, deposit)
    }

    fn check(&self, amount: &str, deposit: &str) -> Value {
        let body = json!({"customer_id": self.customer, "amount": amount, "currency": "CNY"});
        let checked = self.post("/v1/credit-checks", body, deposit);
        checked.expect(200).json()
    }

    fn capture(&self, id: &str, amount: Option<&str>) -> Value {
        let path = format!("/v1/reservations/{id}/capture");
        let body = capture_body(&self.server, amount, false);
        let client = self.server.with_everything();
        let captured = client.post(&path, &body).expect(200).json();
        let captures = captured["captures"].as_array().unwrap();
        let id = captures.last().unwrap()["receivable_id"].as_str().unwrap();
        let path = format!("/v1/receivables/{id}");
        client.get(&path).expect(200).json()
    }

    fn pay(&self, receivable: &str, amount: &str) -> String {
        let mut body = payment_body(&self.server, &self.customer, amount);
        body["allocations"] = allocations(&[(receivable, amount)]);
        let client = self.server.with_everything();
        client.post("/v1/payments", &body).expect(201).id()
    }

    fn balance(&self) -> String {
        balance(&self.server, &self.line)
    }
}

#[test]
fn p02_a_deposit_takes_nothing_off_where_the_full_amount_counts() {
    let secured = Secured::treating("gross", "100.00");
    let made = secured.reserve("60.00", "60.00").expect(201);
    assert_eq!(made.field("deposit"), "60.00");
    assert_eq!(made.field("exposure_treatment"), "gross");
    assert_eq!(made.json()["levels"][0]["exposure"], "60.00");
    assert_eq!(secured.balance(), "60.00 0.00 40.00");
    secured
        .reserve("40.01", "40.01")
        .expect_problem("limit_exceeded");
    assert_eq!(secured.check("40.01", "40.01")["decision"], "declined");
    let owed = secured.bill("40.00", "10.00").expect(201);
    assert_eq!(
        (owed.field("deposit"), owed.field("exposure_treatment")),
        ("10.00".to_owned(), "gross".to_owned())
    );
    assert_eq!(secured.balance(), "60.00 40.00 0.00");
    assert_clean(&secured.server);
}

#[test]
fn p12_what_is_secured_in_full_takes_no_limit_and_still_needs_a_line() {
    let secured = Secured::treating("net_of_deposit", "0.00");
    let made = secured.reserve("500.00", "500.00").expect(201);
    assert_eq!(made.json()["levels"][0]["exposure"], "0.00");
    assert_eq!(secured.check("500.00", "500.00")["decision"], "approved");
    let refused = secured
        .reserve("500.00", "499.99")
        .expect_problem("limit_exceeded");
    assert_eq!(refused.json()["reasons"][0]["requested"], "0.01");
    assert_eq!(refused.json()["reasons"][0]["deposit"], "499.99");
    let owed = secured.capture(&made.id(), None);
    assert_eq!(
        (&owed["deposit"], &owed["outstanding"]),
        (&json!("500.00"), &json!("500.00"))
    );
    let billed = secured.bill("300.00", "300.00").expect(201);
    assert_eq!(billed.json()["over_limit"], false);
    assert_eq!(secured.balance(), "0.00 0.00 0.00");
    let paid = secured.pay(owed["id"].as_str().unwrap(), "500.00");
    let path = format!("/v1/payments/{paid}/reverse");
    let client = secured.server.with_everything();
    client.post(&path, &json!({"reason": "退票"})).expect(200);
    assert_eq!(secured.balance(), "0.00 0.00 0.00");
    let suspend = format!("/v1/credit-lines/{}/suspend", secured.line);
    client.post(&suspend, &json!({})).expect(200);
    secured
        .reserve("500.00", "500.00")
        .expect_problem("line_suspended");
    assert_clean(&secured.server);
}

#[test]
fn secured_business_is_welcome_on_a_line_that_facts_took_over_its_limit() {
    let secured = Secured::treating("net_of_deposit", "10.00");
    secured.bill("40.00", "0.00").expect(201);
    assert_eq!(secured.balance(), "0.00 40.00 -30.00");
    secured.reserve("5.00", "5.00").expect(201);
    secured
        .reserve("5.00", "4.99")
        .expect_problem("limit_exceeded");
    assert_clean(&secured.server);
}

#[test]
fn parts_take_their_share_of_the_deposit_and_nothing_is_left_over() {
    let secured = Secured::treating("net_of_deposit", "1000.00");
    let made = secured.reserve("100.00", "33.33").expect(201);
    assert_eq!(secured.balance(), "66.67 0.00 933.33");
    let parts = [Some("33.33"), Some("0.01"), Some("33.33"), None].map(|amount| {
        secured.server.advance(chrono::TimeDelta::seconds(1));
        let owed = secured.capture(&made.id(), amount);
        let line = secured.balance();
        assert!(
            line.ends_with(" 933.33"),
            "{line}: held and drawn are what they were"
        );
        assert_clean(&secured.server);
        owed
    });
    assert_eq!(secured.balance(), "0.00 66.67 933.33");
    let cents = |value: &Value| {
        value
            .as_str()
            .unwrap()
            .replace('.', "")
            .parse::<i64>()
            .unwrap()
    };
    let deposits: i64 = parts.iter().map(|owed| cents(&owed["deposit"])).sum();
    let exposures: i64 = parts
        .iter()
        .map(|owed| cents(&owed["levels"][0]["exposure"]))
        .sum();
    assert_eq!((deposits, exposures), (3333, 6667));
    for owed in &parts {
        let id = owed["id"].as_str().unwrap();
        let amount = owed["amount"].as_str().unwrap();
        if cents(&owed["amount"]) > 1 {
            let half = "0.01";
            secured.pay(id, half);
            assert_clean(&secured.server);
            let rest = cents(&owed["amount"]) - 1;
            secured.pay(id, &format!("{}.{:02}", rest / 100, rest % 100));
        } else {
            secured.pay(id, amount);
        }
    }
    assert_eq!(secured.balance(), "0.00 0.00 1000.00");
    assert_clean(&secured.server);
}

#[test]
fn a_deposit_in_another_currency_than_the_line_is_taken_off_before_converting() {
    let secured = Secured::treating("net_of_deposit", "1000.00");
    a_rate(&secured.server, ["USD", "CNY"], "7.1");
    let body = in_currency(reservation_body(&secured.customer, "100.00"), "USD");
    let made = secured.post("/v1/reservations", body, "30.00").expect(201);
    assert_eq!(made.json()["levels"][0]["exposure"], "497.00");
    assert_eq!(secured.balance(), "497.00 0.00 503.00");
    let path = format!("/v1/credit-lines/{}/movements", secured.line);
    let movements = secured
        .server
        .with_everything()
        .get(&path)
        .expect(200)
        .items();
    assert_eq!(movements[0]["original_amount"], "70.00");
    let owed = secured.capture(&made.id(), Some("50.00"));
    assert_eq!(
        (&owed["deposit"], &owed["levels"][0]["exposure"]),
        (&json!("15.00"), &json!("248.50"))
    );
    assert_clean(&secured.server);
}

#[test]
fn what_was_counted_keeps_its_treatment_whatever_becomes_of_the_product() {
    let secured = Secured::treating("net_of_deposit", "1000.00");
    let made = secured.reserve("100.00", "40.00").expect(201);
    secured
        .server
        .sql("UPDATE products SET exposure_treatment = 'gross'");
    let owed = secured.capture(&made.id(), Some("50.00"));
    assert_eq!(owed["exposure_treatment"], "net_of_deposit");
    assert_eq!(secured.balance(), "30.00 30.00 940.00");
    let later = secured.reserve("100.00", "40.00").expect(201);
    assert_eq!(later.json()["levels"][0]["exposure"], "100.00");
    assert_clean(&secured.server);
}

#[test]
fn a_deposit_is_between_nothing_and_the_amount() {
    let secured = Secured::treating("net_of_deposit", "1000.00");
    for deposit in ["10.01", "-0.01", "1.001", "10000000000000.01"] {
        for refused in [
            secured.reserve("10.00", deposit),
            secured.bill("10.00", deposit),
            secured.post(
                "/v1/credit-checks",
                json!({"customer_id": secured.customer, "amount": "10.00", "currency": "CNY"}),
                deposit,
            ),
        ] {
            let refused = refused.expect_problem("validation_failed");
            assert_eq!(
                refused.json()["errors"][0]["pointer"],
                "#/deposit",
                "{deposit}"
            );
        }
    }
    assert_eq!(secured.balance(), "0.00 0.00 1000.00");
    let plain = secured.reserve("10.00", "0").expect(201);
    assert_eq!(plain.field("deposit"), "0.00");
}
