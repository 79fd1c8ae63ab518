//! What the rows of the registry do: each gives the answer, whatever it is.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::checks::{
    a_referral, a_restriction, referral_body, restriction_body, room_is_referred,
};
use crate::support::{
    Answer, Client, Owner, TestServer, a_customer, a_customer_with_credit, a_draft, a_payment,
    a_product_line, a_receivable, a_reservation, a_submitted, allocations, an_approver,
    application_body, capture_body, payment_body, reservation_body,
};

pub fn draw_up(server: &TestServer, client: &Client, product: Option<&str>) -> Answer {
    let customer = a_customer(server).id();
    let body = application_body(Owner::Customer(&customer), product, "500.00");
    client.post("/v1/credit-applications", &body).send()
}

/// Path of a draft that [`TestServer::with_everything`] drew up.
pub fn drafted(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    let body = application_body(Owner::Customer(&customer), None, "500.00");
    format!("/v1/credit-applications/{}", a_draft(server, &body).id())
}

pub fn submitted(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    let body = application_body(Owner::Customer(&customer), None, "500.00");
    a_submitted(server, &body)
}

pub fn submitted_by_another(server: &TestServer) -> String {
    let other = an_approver(server);
    let drafted = draw_up(server, &other, None).expect(201);
    let path = drafted.header("location").unwrap().to_owned();
    act(&other, &path, "submit").expect(200);
    path
}

/// Path of a line.
pub fn opened(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    let line = a_product_line(server, &customer, "500.00");
    format!("/v1/credit-lines/{}", line.id())
}

pub fn act(client: &Client, path: &str, verb: &str) -> Answer {
    client.post(&format!("{path}/{verb}"), &json!({})).send()
}

pub fn amend(client: &Client, path: &str, amount: &str) -> Answer {
    let etag = client.get(path).expect(200).etag();
    client.patch(path, &etag, &json!({"amount": amount})).send()
}

pub fn send_back(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "请补充材料"});
    client.post(&format!("{path}/send-back"), &body).send()
}

pub fn delegate(server: &TestServer, client: &Client, delegate: &str) -> Answer {
    let today = server.db().today().to_string();
    let body = json!({"delegate": delegate, "from": today, "until": today, "reason": "休假"});
    client.post("/v1/approval-delegations", &body).send()
}

pub fn delegated(server: &TestServer) -> String {
    let client = server.with_everything();
    let answer = delegate(server, &client, "https://issuer.test|colleague").expect(201);
    answer.header("location").unwrap().to_owned()
}

pub fn publish_rules(server: &TestServer, client: &Client, scope: &str) -> Answer {
    let rules = ["credit_application", "referral"].map(
        |kind| json!({"name": kind, "kind": kind, "steps": [{"name": "branch", "scope": scope}]}),
    );
    let body = json!({
        "effective_from": server.db().today().to_string(), "rules": rules,
    });
    client.post("/v1/authority-rules", &body).send()
}

pub fn publish_policy(server: &TestServer, client: &Client, tolerance_bp: i32) -> Answer {
    let body = json!({
        "effective_from": server.db().today().to_string(), "policy": {"tolerance_bp": tolerance_bp},
    });
    client.post("/v1/credit-policies", &body).send()
}

pub fn publish_checks(server: &TestServer, client: &Client, release_valid_days: i32) -> Answer {
    let body = json!({
        "effective_from": server.db().today().to_string(),
        "rules": {"release_valid_days": release_valid_days},
    });
    client.post("/v1/check-rule-sets", &body).send()
}

pub fn restrict(server: &TestServer, client: &Client, collection: &str, until: Value) -> Answer {
    let mut body = restriction_body(server, &a_customer(server).id());
    body["until"] = until;
    client.post(&format!("/v1/{collection}"), &body).send()
}

/// Path of a restriction.
pub fn restricted(server: &TestServer, collection: &str) -> String {
    let customer = a_customer(server).id();
    let restriction = a_restriction(server, collection, &customer);
    restriction.header("location").unwrap().to_owned()
}

pub fn end_restriction(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "已结清"});
    client.post(&format!("{path}/end"), &body).send()
}

pub fn dun(server: &TestServer, client: &Client, as_of: &str) -> Answer {
    let path = format!("/v1/customers/{}/dunning-levels", a_customer(server).id());
    client
        .post(&path, &json!({"level": 2, "as_of": as_of}))
        .send()
}

/// Refers an order of a customer with room for 1,000.00.
pub fn ask_referral(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let customer = a_customer_with_credit(server, SALES);
    room_is_referred(server);
    let body = referral_body(&customer, amount);
    client.post("/v1/referrals", &body).send()
}

/// Path of a referral that somebody else asked for.
pub fn referred(server: &TestServer) -> String {
    let customer = a_customer_with_credit(server, SALES);
    let referral = a_referral(server, &customer, "2000.00");
    referral.header("location").unwrap().to_owned()
}

pub fn score(server: &TestServer, client: &Client, valid_until: &str) -> Answer {
    let path = format!("/v1/customers/{}/scores", a_customer(server).id());
    let body = json!({
        "grade": "B", "scored_on": server.db().today().to_string(), "valid_until": valid_until, "source": "年度评级",
    });
    client.post(&path, &body).send()
}

pub fn contract(client: &Client, path: &str) -> Answer {
    let body = json!({"number": "HT-1", "signed_on": "2026-03-01", "payment_method": "电汇"});
    client.post(&format!("{path}/contracts"), &body).send()
}

pub fn review(client: &Client, path: &str) -> Answer {
    let body = json!({"outcome": "keep", "comment": "付款及时"});
    client.post(&format!("{path}/reviews"), &body).send()
}

pub fn reject(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "资料不全"});
    client.post(&format!("{path}/reject"), &body).send()
}

pub fn reserve(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let body = reservation_body(&a_customer_with_credit(server, SALES), amount);
    client.post("/v1/reservations", &body).send()
}

pub fn reserved(server: &TestServer) -> String {
    let customer = a_customer_with_credit(server, SALES);
    format!(
        "/v1/reservations/{}",
        a_reservation(server, &customer, "10.00").id()
    )
}

pub fn capture(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let path = format!("{}/capture", reserved(server));
    let body = capture_body(server, Some(amount), false);
    client.post(&path, &body).send()
}

pub fn release(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let path = format!("{}/release", reserved(server));
    client.post(&path, &json!({"amount": amount})).send()
}

pub fn amend_reservation(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let path = format!("{}/amend", reserved(server));
    client.post(&path, &json!({"amount": amount})).send()
}

pub fn reserve_batch(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let one = reservation_body(&a_customer_with_credit(server, SALES), amount);
    let body = json!({"atomic": true, "reservations": [one]});
    client.post("/v1/reservation-batches", &body).send()
}

pub fn pay(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let customer = a_customer_with_credit(server, SALES);
    let owed = a_receivable(server, &customer, "10.00").id();
    let mut body = payment_body(server, &customer, "100.00");
    body["allocations"] = allocations(&[(&owed, amount)]);
    client.post("/v1/payments", &body).send()
}

/// Path of a payment that settles a receivable.
pub fn paid(server: &TestServer) -> String {
    let customer = a_customer_with_credit(server, SALES);
    let owed = a_receivable(server, &customer, "10.00").id();
    let payment = a_payment(server, &customer, "10.00", &[(&owed, "10.00")]);
    format!("/v1/payments/{}", payment.id())
}

pub fn allocate(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let customer = a_customer_with_credit(server, SALES);
    let owed = a_receivable(server, &customer, "10.00").id();
    let payment = a_payment(server, &customer, "100.00", &[]).id();
    let body = json!({"allocations": allocations(&[(&owed, amount)])});
    client
        .post(&format!("/v1/payments/{payment}/allocations"), &body)
        .send()
}

pub fn reverse(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "退票"});
    client.post(&format!("{path}/reverse"), &body).send()
}
