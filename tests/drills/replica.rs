//! Reads that may lag come from a replica, where one is set up; nothing that is decided does.

use serde_json::json;

use crate::support::actors::SALES;
use crate::support::cluster::TestDatabase;
use crate::support::{TestServer, a_customer_with_credit, reservation_body};

#[test]
fn lists_may_lag_and_decisions_never_do() {
    // A replica that has received nothing yet.
    let replica = TestDatabase::create();
    let url = replica.url().to_owned();
    let server = TestServer::start_with(|settings| settings.replica_url = Some(url));
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let body = reservation_body(&customer, "600.00");
    let id = client.post("/v1/reservations", &body).expect(201).id();
    let path = format!("/v1/reservations/{id}");

    assert!(
        client
            .get("/v1/reservations")
            .expect(200)
            .items()
            .is_empty()
    );
    assert_eq!(client.get(&path).expect(200).field("held"), "600.00");
    let check = json!({
        "customer_id": customer, "product": body["product"], "amount": "401.00", "currency": "CNY",
    });
    let checked = client.post("/v1/credit-checks", &check).expect(200);
    assert_eq!(checked.field("decision"), "declined");
    assert_eq!(checked.field("available"), "400.00");
}

#[test]
fn without_an_answer_from_the_replica_the_primary_is_asked() {
    let nobody = "postgres://nobody@127.0.0.1:1/nothing".to_owned();
    let server = TestServer::start_with(|settings| {
        settings.replica_url = Some(nobody);
        settings.connection_wait = std::time::Duration::from_secs(1);
    });
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let body = reservation_body(&customer, "600.00");
    let id = client.post("/v1/reservations", &body).expect(201).id();
    let listed = client.get("/v1/reservations").expect(200).items();
    assert_eq!(listed[0]["id"], id);
    // The pool tries on threads of its own, the list is read on another.
    let logged = server.log().text();
    for line in [
        "the replica does not answer yet",
        "cannot connect to the database",
        "the replica does not answer; reading from the primary",
    ] {
        assert!(logged.contains(line), "{line} is not in\n{logged}");
    }
}
