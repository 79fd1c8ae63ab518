//! What the tests that are driven by the document know about credit applications.

use serde_json::json;

use super::{Noun, Write, act, reject};
use crate::support::{
    Answer, Client, Owner, TestServer, a_customer, a_customer_of, a_draft, a_submitted,
    an_approver, application_body,
};

/// Its nouns.
pub const NOUNS: &[Noun] = &[Noun {
    name: "application",
    collection: Some("/v1/credit-applications"),
    make: |server, org_path| {
        let customer = a_customer_of(server, org_path).id();
        let body = application_body(Owner::Customer(&customer), None, "500.00");
        a_draft(server, &body).id()
    },
}];

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "createCreditApplication",
        action: "credit_application.draw_up",
        events: &["credit_application.drawn_up"],
        succeed: |server, client| draw_up(server, client, None),
        refuse: Some(|server, client| draw_up(server, client, Some("no_such_product"))),
    },
    Write {
        operation: "submitCreditApplication",
        action: "credit_application.submit",
        events: &["approval.requested", "credit_application.submitted"],
        succeed: |server, client| act(client, &drafted(server), "submit"),
        refuse: Some(|server, client| act(client, &submitted(server), "submit")),
    },
    Write {
        operation: "approveCreditApplication",
        action: "credit_application.approve",
        events: &[
            "approval.decided",
            "credit_line.opened",
            "credit_application.approved",
        ],
        succeed: |server, client| act(client, &submitted_by_another(server), "approve"),
        refuse: Some(|server, client| act(client, &drafted(server), "approve")),
    },
    Write {
        operation: "rejectCreditApplication",
        action: "credit_application.reject",
        events: &["approval.decided", "credit_application.rejected"],
        succeed: |server, client| reject(client, &submitted_by_another(server)),
        refuse: Some(|server, client| reject(client, &drafted(server))),
    },
    Write {
        operation: "withdrawCreditApplication",
        action: "credit_application.withdraw",
        events: &["approval.withdrawn", "credit_application.withdrawn"],
        succeed: |server, client| act(client, &submitted(server), "withdraw"),
        refuse: Some(|server, client| {
            let path = drafted(server);
            act(client, &path, "withdraw").expect(200);
            act(client, &path, "withdraw")
        }),
    },
    Write {
        operation: "patchCreditApplication",
        action: "credit_application.amend",
        events: &["credit_application.amended"],
        succeed: |server, client| amend(client, &drafted(server), "400.00"),
        refuse: Some(|server, client| amend(client, &drafted(server), "-1.00")),
    },
    Write {
        operation: "sendBackCreditApplication",
        action: "credit_application.send_back",
        events: &["approval.decided", "credit_application.sent_back"],
        succeed: |server, client| send_back(client, &submitted_by_another(server)),
        refuse: Some(|server, client| send_back(client, &drafted(server))),
    },
];

fn draw_up(server: &TestServer, client: &Client, product: Option<&str>) -> Answer {
    let customer = a_customer(server).id();
    let body = application_body(Owner::Customer(&customer), product, "500.00");
    client.post("/v1/credit-applications", &body).send()
}

/// Path of a draft that [`TestServer::with_everything`] drew up.
fn drafted(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    let body = application_body(Owner::Customer(&customer), None, "500.00");
    format!("/v1/credit-applications/{}", a_draft(server, &body).id())
}

fn submitted(server: &TestServer) -> String {
    let customer = a_customer(server).id();
    let body = application_body(Owner::Customer(&customer), None, "500.00");
    a_submitted(server, &body)
}

fn submitted_by_another(server: &TestServer) -> String {
    let other = an_approver(server);
    let drafted = draw_up(server, &other, None).expect(201);
    let path = drafted.header("location").unwrap().to_owned();
    act(&other, &path, "submit").expect(200);
    path
}

fn amend(client: &Client, path: &str, amount: &str) -> Answer {
    let etag = client.get(path).expect(200).etag();
    client.patch(path, &etag, &json!({"amount": amount})).send()
}

fn send_back(client: &Client, path: &str) -> Answer {
    let body = json!({"reason": "请补充材料"});
    client.post(&format!("{path}/send-back"), &body).send()
}
