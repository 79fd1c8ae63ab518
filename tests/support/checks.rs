//! Rules of credit checks, restrictions and referrals: each builder works over HTTP.

use serde_json::{Value, json};

use super::{Answer, Client, GOODS, TestServer, confirmed, reservation_body, somebody};

/// A rule set from today on.
pub fn a_rule_set(server: &TestServer, rules: &Value) -> Answer {
    let body = json!({"effective_from": server.db().today().to_string(), "rules": rules});
    let client = server.with_everything();
    let published = client.post("/v1/check-rule-sets", &body).expect(202);
    confirmed(server, published)
}

/// A matrix that begins with these rules for what is applied for and referred, up to the amount that
/// one person may decide, and goes on as the built-in one. Related parties are left to that one.
pub fn with_built_in_tail(server: &TestServer, rules: &Value) -> Value {
    let client = server.with_everything();
    let mut all: Vec<Value> = rules.as_array().unwrap().clone();
    for rule in &mut all {
        let steps = rule["steps"].as_array().unwrap().len();
        if rule["amount_max"].is_null() && steps < 2 {
            rule["amount_max"] = json!("50000000.00");
        }
        if rule["related_party"].is_null() {
            rule["related_party"] = json!(false);
        }
    }
    let built_in = client.get("/v1/authority-rules/0").expect(200).json();
    for rule in built_in["rules"].as_array().unwrap() {
        let mut rule = rule.clone();
        rule["name"] = json!(format!("then_{}", rule["name"].as_str().unwrap()));
        all.push(rule);
    }
    json!(all)
}

/// A matrix from today on: these rules, then the built-in ones.
pub fn a_matrix(server: &TestServer, rules: &Value) -> Answer {
    let rules = with_built_in_tail(server, rules);
    let body = json!({"effective_from": server.db().today().to_string(), "rules": rules});
    let client = server.with_everything();
    let published = client.post("/v1/authority-rules", &body).expect(202);
    confirmed(server, published)
}

/// A rule set that refers whatever lacks room.
pub fn room_is_referred(server: &TestServer) {
    a_rule_set(server, &json!({"room": {"effect": "refer"}}));
}

/// The body of a restriction from today on.
pub fn restriction_body(server: &TestServer, customer: &str) -> Value {
    let today = server.db().today().to_string();
    json!({"customer_id": customer, "reason": "法院执行", "from": today, "until": null})
}

/// A restriction from today on, in a collection.
pub fn a_restriction(server: &TestServer, collection: &str, customer: &str) -> Answer {
    let body = restriction_body(server, customer);
    server
        .with_everything()
        .post(&format!("/v1/{collection}"), &body)
        .expect(201)
}

/// Records a dunning level of today.
pub fn dunned(server: &TestServer, customer: &str, level: i16) -> Answer {
    let body = json!({"level": level, "as_of": server.db().today().to_string()});
    let path = format!("/v1/customers/{customer}/dunning-levels");
    confirmed(server, server.with_everything().post(&path, &body).send())
}

/// The body of a referral of an order of [`GOODS`] with a reference of its own.
pub fn referral_body(customer: &str, amount: &str) -> Value {
    let order = reservation_body(customer, amount);
    json!({
        "customer_id": customer, "product": GOODS, "amount": amount, "currency": "CNY",
        "reference": order["reference"], "reason": "客户承诺周五付款",
    })
}

/// A referral by somebody else than [`TestServer::with_everything`], for lack of room.
pub fn a_referral(server: &TestServer, customer: &str, amount: &str) -> Answer {
    room_is_referred(server);
    refer(server, &referral_body(customer, amount)).expect(201)
}

/// Asks for a referral as the clerk of the orders, whatever it answers.
pub fn refer(server: &TestServer, body: &Value) -> Answer {
    orders(server).post("/v1/referrals", body).send()
}

/// Who asks for referrals.
pub fn orders(server: &TestServer) -> Client {
    somebody(server, "orders")
}

/// A referral that was released; gives its body as the reservation has to name it.
pub fn released(server: &TestServer, body: &Value) -> Answer {
    let referral = refer(server, body).expect(201);
    let path = format!("/v1/referrals/{}/approve", referral.id());
    let comment = json!({"comment": "同意"});
    server.with_everything().post(&path, &comment).expect(200)
}

/// The reservation of a referred order, with another amount where one is given; whatever it
/// answers.
pub fn reserve_referred(server: &TestServer, referral: &Value, amount: Option<&str>) -> Answer {
    let mut body = referral.clone();
    body.as_object_mut().unwrap().remove("reason");
    if let Some(amount) = amount {
        body["amount"] = json!(amount);
    }
    server
        .with_everything()
        .post("/v1/reservations", &body)
        .send()
}
