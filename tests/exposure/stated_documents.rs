//! Documents that a caller states an order carries: nobody has looked at them, and what was stated is
//! kept with what was decided.

use serde_json::json;

use crate::support::actors::SALES;
use crate::support::checks::a_rule_set;
use crate::support::{GOODS, TestServer, a_customer_with_credit, a_reservation, reservation_body};

#[test]
fn what_was_stated_is_kept_with_the_decision() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    a_rule_set(
        &server,
        &json!({"documents": {"required": ["signed_order"], "effect": "decline"}}),
    );
    let asked = json!({
        "customer_id": customer, "product": GOODS, "amount": "1.00", "currency": "CNY",
        "documents": ["signed_order"],
    });
    let checked = client.post("/v1/credit-checks", &asked).expect(200).json();
    assert_eq!(checked["decision"], "approved");
    assert_eq!(checked["stated_documents"], json!(["signed_order"]));

    let mut order = reservation_body(&customer, "100.00");
    client
        .post("/v1/reservations", &order)
        .expect_problem("documents_missing");
    order["documents"] = json!(["signed_order", "delivery_note"]);
    let held = client.post("/v1/reservations", &order).expect(201);
    let stated = || {
        let path = format!("/v1/reservations/{}", held.id());
        client.get(&path).expect(200).json()["stated_documents"].clone()
    };
    assert_eq!(stated(), json!(["delivery_note", "signed_order"]));
    let kept = |action: &str| {
        server.texts(&format!(
            "SELECT details->>'stated_documents' FROM audit_entries \
             WHERE action = '{action}' AND outcome = 'done' AND details ? 'stated_documents'"
        ))
    };
    let both = r#"["delivery_note", "signed_order"]"#;
    assert_eq!(kept("reservation.create"), [both]);
    // Another decision is made from what is stated then.
    let path = format!("/v1/reservations/{}/amend", held.id());
    let more = json!({"amount": "110.00", "documents": ["signed_order"]});
    client.post(&path, &more).expect(200);
    assert_eq!(stated(), json!(["signed_order"]));
    assert_eq!(kept("reservation.amend"), [r#"["signed_order"]"#]);
    let less = json!({"amount": "90.00"});
    client.post(&path, &less).expect(200);
    assert_eq!(stated(), json!(["signed_order"]));
    // Nothing is kept where nothing was stated.
    a_rule_set(&server, &json!({}));
    let plain = a_reservation(&server, &customer, "1.00").json();
    assert_eq!(plain["stated_documents"], json!([]));
}
