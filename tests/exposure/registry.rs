//! What the tests that are driven by the document know about exposure.

use serde_json::json;

use super::{Noun, Write, act, reject};
use crate::support::actors::SALES;
use crate::support::checks::{a_referral, referral_body, room_is_referred};
use crate::support::{
    Answer, Client, TestServer, a_customer, a_customer_of, a_customer_with_credit, a_group_of,
    a_membership, a_payment, a_product_line, a_receivable, a_reservation, allocations,
    capture_body, payment_body, receivable_body, reservation_body,
};

/// Its nouns.
pub const NOUNS: &[Noun] = &[
    Noun {
        name: "group",
        collection: Some("/v1/credit-groups"),
        make: |server, org_path| a_group_of(server, org_path).id(),
    },
    Noun {
        name: "line",
        collection: Some("/v1/credit-lines"),
        make: |server, org_path| {
            let customer = a_customer_of(server, org_path).id();
            a_product_line(server, &customer, "500.00").id()
        },
    },
    Noun {
        name: "reservation",
        collection: Some("/v1/reservations"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_reservation(server, &customer, "10.00").id()
        },
    },
    Noun {
        name: "receivable",
        collection: Some("/v1/receivables"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_receivable(server, &customer, "10.00").id()
        },
    },
    Noun {
        name: "payment",
        collection: Some("/v1/payments"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_payment(server, &customer, "10.00", &[]).id()
        },
    },
    Noun {
        name: "referral",
        collection: Some("/v1/referrals"),
        make: |server, org_path| {
            let customer = a_customer_with_credit(server, org_path);
            a_referral(server, &customer, "2000.00").id()
        },
    },
];

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "recordAdverseEvent",
        action: "adverse_event.record",
        events: &["adverse_event.recorded"],
        succeed: |server, client| adverse(server, client, "2026-03-02"),
        refuse: Some(|server, client| adverse(server, client, "2027-03-02")),
    },
    Write {
        operation: "createCreditGroup",
        action: "credit_group.create",
        events: &["credit_group.created"],
        succeed: |_, client| {
            let body = json!({"name": "示例集团", "basis": "control"});
            client.post("/v1/credit-groups", &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "patchCreditGroup",
        action: "credit_group.change",
        events: &["credit_group.changed"],
        succeed: |server, client| {
            let group = a_group_of(server, SALES);
            let path = format!("/v1/credit-groups/{}", group.id());
            let body = json!({"basis": "consolidation"});
            client.patch(&path, &group.etag(), &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "joinCreditGroup",
        action: "credit_group.join",
        events: &["credit_group.member_joined"],
        succeed: |server, client| {
            let group = a_group_of(server, SALES).id();
            let body = json!({"customer_id": a_customer(server).id(), "from": "2026-01-05"});
            client
                .post(&format!("/v1/credit-groups/{group}/members"), &body)
                .send()
        },
        refuse: Some(|server, client| {
            let group = a_group_of(server, SALES).id();
            let member = a_membership(server, "2026-01-05").field("customer_id");
            let body = json!({"customer_id": member, "from": "2026-01-05"});
            client
                .post(&format!("/v1/credit-groups/{group}/members"), &body)
                .send()
        }),
    },
    Write {
        operation: "patchCreditGroupMember",
        action: "credit_group.leave",
        events: &["credit_group.member_left"],
        succeed: |server, client| {
            let membership = a_membership(server, "2026-01-05");
            let path = membership.header("location").unwrap();
            let until = server.db().today().to_string();
            let body = json!({"until": until, "evidence": "股权已转让"});
            client.patch(path, &membership.etag(), &body).send()
        },
        refuse: Some(|server, client| {
            let membership = a_membership(server, "2026-01-05");
            let path = membership.header("location").unwrap();
            let body = json!({"until": "2026-01-04"});
            client.patch(path, &membership.etag(), &body).send()
        }),
    },
    Write {
        operation: "requestReferral",
        action: "referral.request",
        events: &["approval.requested", "referral.requested"],
        succeed: |server, client| ask_referral(server, client, "2000.00"),
        refuse: Some(|server, client| ask_referral(server, client, "1.00")),
    },
    Write {
        operation: "approveReferral",
        action: "referral.approve",
        events: &["approval.decided", "referral.released"],
        succeed: |server, client| act(client, &referred(server), "approve"),
        refuse: Some(|server, client| {
            let path = referred(server);
            act(client, &path, "approve").expect(200);
            act(client, &path, "approve")
        }),
    },
    Write {
        operation: "rejectReferral",
        action: "referral.reject",
        events: &["approval.decided", "referral.rejected"],
        succeed: |server, client| reject(client, &referred(server)),
        refuse: Some(|server, client| {
            let path = referred(server);
            reject(client, &path).expect(200);
            reject(client, &path)
        }),
    },
    Write {
        operation: "withdrawReferral",
        action: "referral.withdraw",
        events: &["approval.withdrawn", "referral.withdrawn"],
        succeed: |server, client| {
            let asked = ask_referral(server, client, "2000.00").expect(201);
            act(client, asked.header("location").unwrap(), "withdraw")
        },
        refuse: Some(|server, client| {
            let path = referred(server);
            act(client, &path, "approve").expect(200);
            act(client, &path, "withdraw")
        }),
    },
    Write {
        operation: "recordCreditContract",
        action: "credit_line.contract",
        events: &["credit_line.contract_signed"],
        succeed: |server, client| contract(client, &opened(server)),
        refuse: Some(|server, client| {
            let path = opened(server);
            contract(client, &path).expect(200);
            contract(client, &path)
        }),
    },
    Write {
        operation: "recordCreditReview",
        action: "credit_line.review",
        events: &["credit_line.reviewed"],
        succeed: |server, client| review(client, &opened(server)),
        refuse: Some(|server, client| {
            let path = opened(server);
            act(client, &path, "close").expect(200);
            review(client, &path)
        }),
    },
    Write {
        operation: "suspendCreditLine",
        action: "credit_line.suspend",
        events: &["credit_line.suspended"],
        succeed: |server, client| act(client, &opened(server), "suspend"),
        refuse: Some(|server, client| {
            let path = opened(server);
            act(client, &path, "suspend").expect(200);
            act(client, &path, "suspend")
        }),
    },
    Write {
        operation: "resumeCreditLine",
        action: "credit_line.resume",
        events: &["credit_line.resumed"],
        succeed: |server, client| {
            // A line of nothing gives nothing.
            let customer = a_customer(server).id();
            let path = format!(
                "/v1/credit-lines/{}",
                a_product_line(server, &customer, "0.00").id()
            );
            act(client, &path, "suspend").expect(200);
            act(client, &path, "resume")
        },
        refuse: Some(|server, client| act(client, &opened(server), "resume")),
    },
    Write {
        operation: "closeCreditLine",
        action: "credit_line.close",
        events: &["credit_line.closed"],
        succeed: |server, client| act(client, &opened(server), "close"),
        refuse: Some(|server, client| {
            let path = opened(server);
            act(client, &path, "close").expect(200);
            act(client, &path, "close")
        }),
    },
    Write {
        operation: "createReservation",
        action: "reservation.create",
        events: &["reservation.created"],
        succeed: |server, client| reserve(server, client, "1000.00"),
        refuse: Some(|server, client| reserve(server, client, "1000.01")),
    },
    Write {
        operation: "captureReservation",
        action: "reservation.capture",
        events: &["receivable.posted", "reservation.captured"],
        succeed: |server, client| capture(server, client, "10.00"),
        refuse: Some(|server, client| capture(server, client, "10.01")),
    },
    Write {
        operation: "releaseReservation",
        action: "reservation.release",
        events: &["reservation.released"],
        succeed: |server, client| release(server, client, "10.00"),
        refuse: Some(|server, client| release(server, client, "10.01")),
    },
    Write {
        operation: "amendReservation",
        action: "reservation.amend",
        events: &["reservation.amended"],
        succeed: |server, client| amend_reservation(server, client, "1000.00"),
        refuse: Some(|server, client| amend_reservation(server, client, "1000.01")),
    },
    Write {
        operation: "createReservationBatch",
        action: "reservation_batch.create",
        events: &["reservation.created"],
        succeed: |server, client| reserve_batch(server, client, "1000.00"),
        refuse: Some(|server, client| reserve_batch(server, client, "1000.01")),
    },
    Write {
        operation: "postReceivable",
        action: "receivable.post",
        events: &["receivable.posted"],
        succeed: |server, client| {
            let customer = a_customer_with_credit(server, SALES);
            let body = receivable_body(server, &customer, "1000.00");
            client.post("/v1/receivables", &body).send()
        },
        refuse: Some(|server, client| {
            let customer = a_customer_with_credit(server, SALES);
            let body = receivable_body(server, &customer, "10.00");
            client.post("/v1/receivables", &body).expect(201);
            client.post("/v1/receivables", &body).send()
        }),
    },
    Write {
        operation: "receivePayment",
        action: "payment.receive",
        events: &["payment.received"],
        succeed: |server, client| pay(server, client, "10.00"),
        refuse: Some(|server, client| pay(server, client, "10.01")),
    },
    Write {
        operation: "allocatePayment",
        action: "payment.allocate",
        events: &["payment.allocated"],
        succeed: |server, client| allocate(server, client, "10.00"),
        refuse: Some(|server, client| allocate(server, client, "10.01")),
    },
    Write {
        operation: "reversePayment",
        action: "payment.reverse",
        events: &["payment.reversed"],
        succeed: |server, client| reverse(client, &paid(server)),
        refuse: Some(|server, client| {
            let path = paid(server);
            reverse(client, &path).expect(200);
            reverse(client, &path)
        }),
    },
];

fn adverse(server: &TestServer, client: &Client, occurred_on: &str) -> Answer {
    let path = format!("/v1/customers/{}/adverse-events", a_customer(server).id());
    let body = json!({"kind": "lawsuit", "occurred_on": occurred_on, "evidence": "法院公告"});
    client.post(&path, &body).send()
}

/// Path of a line.
fn opened(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    let line = a_product_line(server, &customer, "500.00");
    format!("/v1/credit-lines/{}", line.id())
}

/// Refers an order of a customer with room for 1,000.00.
fn ask_referral(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let customer = a_customer_with_credit(server, SALES);
    room_is_referred(server);
    let body = referral_body(&customer, amount);
    client.post("/v1/referrals", &body).send()
}

/// Path of a referral that somebody else asked for.
fn referred(server: &TestServer) -> String {
    let customer = a_customer_with_credit(server, SALES);
    let referral = a_referral(server, &customer, "2000.00");
    referral.header("location").unwrap().to_owned()
}

fn contract(client: &Client, path: &str) -> Answer {
    let body = json!({"number": "HT-1", "signed_on": "2026-03-01", "payment_method": "电汇"});
    client.post(&format!("{path}/contracts"), &body).send()
}

fn review(client: &Client, path: &str) -> Answer {
    let body = json!({"outcome": "keep", "comment": "付款及时"});
    client.post(&format!("{path}/reviews"), &body).send()
}

fn reserve(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let body = reservation_body(&a_customer_with_credit(server, SALES), amount);
    client.post("/v1/reservations", &body).send()
}

fn reserved(server: &TestServer) -> String {
    let customer = a_customer_with_credit(server, SALES);
    format!(
        "/v1/reservations/{}",
        a_reservation(server, &customer, "10.00").id()
    )
}

fn capture(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let path = format!("{}/capture", reserved(server));
    let body = capture_body(server, Some(amount), false);
    client.post(&path, &body).send()
}

fn release(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let path = format!("{}/release", reserved(server));
    client.post(&path, &json!({"amount": amount})).send()
}

fn amend_reservation(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let path = format!("{}/amend", reserved(server));
    client.post(&path, &json!({"amount": amount})).send()
}

fn reserve_batch(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let one = reservation_body(&a_customer_with_credit(server, SALES), amount);
    let body = json!({"atomic": true, "reservations": [one]});
    client.post("/v1/reservation-batches", &body).send()
}

fn pay(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let customer = a_customer_with_credit(server, SALES);
    let owed = a_receivable(server, &customer, "10.00").id();
    let mut body = payment_body(server, &customer, "100.00");
    body["allocations"] = allocations(&[(&owed, amount)]);
    client.post("/v1/payments", &body).send()
}

/// Path of a payment that settles a receivable.
fn paid(server: &TestServer) -> String {
    let customer = a_customer_with_credit(server, SALES);
    let owed = a_receivable(server, &customer, "10.00").id();
    let payment = a_payment(server, &customer, "10.00", &[(&owed, "10.00")]);
    format!("/v1/payments/{}", payment.id())
}

fn allocate(server: &TestServer, client: &Client, amount: &str) -> Answer {
    let customer = a_customer_with_credit(server, SALES);
    let owed = a_receivable(server, &customer, "10.00").id();
    let payment = a_payment(server, &customer, "100.00", &[]).id();
    let body = json!({"allocations": allocations(&[(&owed, amount)])});
    client
        .post(&format!("/v1/payments/{payment}/allocations"), &body)
        .send()
}

fn reverse(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "退票"});
    client.post(&format!("{path}/reverse"), &body).send()
}
