//! Approvals as their people meet them: who decides what, who may not, and what is kept of it.

mod authority;
mod chains;
mod deadlines;
mod delegations;
mod four_eyes;
mod kept;
mod lists;
mod races;
mod simulations;
mod stories;

use serde_json::{Value, json};

use crate::support::actors::home_of;
use crate::support::checks::a_matrix;
use crate::support::{
    Answer, Client, GOODS, Owner, TestServer, application_body, confirmed, somebody, the_goods,
};

/// A member of a tier at its usual place, but another person than [`TestServer::as_tier`] gives.
pub fn colleague(server: &TestServer, tier: &str, name: &str) -> Client {
    member(server, tier, home_of(tier), name)
}

/// A member of a tier with a name of its own, anywhere.
pub fn member(server: &TestServer, tier: &str, org_path: &str, name: &str) -> Client {
    let mut identity = server.as_tier_at(tier, org_path).identity().clone();
    identity.subject = name.to_owned();
    server.client_of(identity)
}

/// Somebody with nothing but these authorities over steps, at the head office.
pub fn only(server: &TestServer, deciding: &[&str], name: &str) -> Client {
    let mut scopes = vec![
        "approvals:delegate",
        "approvals:read",
        "credit-applications:approve",
        "credit-applications:read",
    ];
    scopes.extend(deciding);
    server.with(&scopes, "head-office", name)
}

/// The body of an application for goods on credit.
pub fn goods(server: &TestServer, customer: &str, amount: &str) -> Value {
    the_goods(server);
    application_body(Owner::Customer(customer), Some(GOODS), amount)
}

/// Draws up and submits as somebody; gives the path of the application.
pub fn submitted_by(client: &Client, body: &Value) -> String {
    let drawn_up = client.post("/v1/credit-applications", body).expect(201);
    let path = drawn_up.header("location").unwrap().to_owned();
    submit(client, &path).expect(200);
    path
}

/// The same as the account manager of the sales department.
pub fn submitted(server: &TestServer, body: &Value) -> String {
    submitted_by(&server.as_tier("account_manager"), body)
}

pub fn submit(client: &Client, path: &str) -> Answer {
    client.post(&format!("{path}/submit"), &json!({})).send()
}

pub fn approve(client: &Client, path: &str) -> Answer {
    let comment = json!({"comment": "同意"});
    client.post(&format!("{path}/approve"), &comment).send()
}

/// The same of somebody who may decide more than one step of it.
pub fn approve_step(client: &Client, path: &str, step: i16) -> Answer {
    let comment = json!({"comment": "同意", "step": step});
    client.post(&format!("{path}/approve"), &comment).send()
}

pub fn send_back(client: &Client, path: &str) -> Answer {
    let reason = json!({"reason": "请补充资料"});
    client.post(&format!("{path}/send-back"), &reason).send()
}

pub fn withdraw(client: &Client, path: &str) -> Answer {
    client.post(&format!("{path}/withdraw"), &json!({})).send()
}

/// The path of the approval of an application.
pub fn case_path(server: &TestServer, application: &str) -> String {
    let auditor = server.as_tier("auditor");
    let id = auditor.get(application).expect(200).field("approval_id");
    format!("/v1/approvals/{id}")
}

/// The approval of an application, as the auditor sees it.
pub fn case_of(server: &TestServer, application: &str) -> Value {
    let path = case_path(server, application);
    server.as_tier("auditor").get(&path).expect(200).json()
}

/// The status of an application.
pub fn status_of(server: &TestServer, application: &str) -> String {
    let auditor = server.as_tier("auditor");
    auditor.get(application).expect(200).field("status")
}

/// Records a score of a customer.
pub fn score(server: &TestServer, customer: &str, grade: &str, [on, until]: [&str; 2]) {
    let body = json!({"grade": grade, "scored_on": on, "valid_until": until, "source": "年度评级"});
    let path = format!("/v1/customers/{customer}/scores");
    confirmed(
        server,
        somebody(server, "analyst").post(&path, &body).send(),
    );
}

/// Declares a customer to be related to the company.
pub fn relate(server: &TestServer, customer: &str) {
    let path = format!("/v1/customers/{customer}");
    let body = json!({"related_party": true});
    server
        .with_everything()
        .patch(&path, "*", &body)
        .expect(200);
}

/// Publishes a credit policy that holds from today on.
pub fn policy(server: &TestServer, policy: &Value) {
    let body = json!({"effective_from": server.db().today().to_string(), "policy": policy});
    let path = "/v1/credit-policies";
    confirmed(
        server,
        server.with_everything().post(path, &body).expect(202),
    );
}

/// Publishes an authority matrix that holds from today on: these rules, then the built-in ones.
pub fn rules(server: &TestServer, rules: &Value) {
    a_matrix(server, rules);
}

/// Lends an authority between two days, to somebody who has come before; gives the path of the
/// delegation.
pub fn lend(from: &Client, to: &Client, [first, last]: [&str; 2]) -> String {
    to.get("/v1/approvals?limit=1").send();
    let body = json!({
        "delegate": to.identity().principal(), "from": first, "until": last, "reason": "年假",
    });
    let lent = from.post("/v1/approval-delegations", &body).expect(201);
    lent.header("location").unwrap().to_owned()
}

pub fn lines(server: &TestServer) -> i64 {
    server.number("SELECT count(*) FROM credit_lines")
}
