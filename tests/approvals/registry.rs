//! What the tests that are driven by the document know about approvals.

use serde_json::json;

use super::{Noun, Write, act};
use crate::support::checks::with_built_in_tail;
use crate::support::{
    Answer, Client, Owner, TestServer, a_customer_of, a_submitted, application_body, somebody,
};

/// Its nouns.
pub const NOUNS: &[Noun] = &[
    Noun {
        name: "approval",
        collection: Some("/v1/approvals"),
        make: |server, org_path| {
            let customer = a_customer_of(server, org_path).id();
            let body = application_body(Owner::Customer(&customer), None, "500.00");
            let path = a_submitted(server, &body);
            let application = server.with_everything().get(&path).expect(200);
            application.field("approval_id")
        },
    },
    Noun {
        name: "delegation",
        collection: Some("/v1/approval-delegations"),
        make: |server, org_path| {
            let lender = server.with(
                &["approvals:decide:branch", "approvals:delegate"],
                org_path,
                "absent colleague",
            );
            delegate(server, &lender, &colleague(server))
                .expect(201)
                .id()
        },
    },
];

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "createApprovalDelegation",
        action: "approval.delegate",
        events: &["approval.delegated"],
        succeed: |server, client| delegate(server, client, &colleague(server)),
        refuse: Some(|server, client| {
            let body = json!({"delegate": "a|b", "from": "2026-03-02", "until": "2026-03-01", "reason": "休假"});
            let _ = server;
            client.post("/v1/approval-delegations", &body).send()
        }),
    },
    Write {
        operation: "revokeApprovalDelegation",
        action: "approval.revoke_delegation",
        events: &["approval.delegation_revoked"],
        succeed: |server, client| act(client, &delegated(server), "revoke"),
        refuse: Some(|server, client| {
            let path = delegated(server);
            act(client, &path, "revoke").expect(200);
            act(client, &path, "revoke")
        }),
    },
    Write {
        operation: "publishAuthorityRules",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |server, client| publish_rules(server, client, "approvals:decide:branch"),
        refuse: Some(|server, client| publish_rules(server, client, "customers:read")),
    },
];

fn delegate(server: &TestServer, client: &Client, delegate: &str) -> Answer {
    let today = server.db().today().to_string();
    let body = json!({"delegate": delegate, "from": today, "until": today, "reason": "休假"});
    client.post("/v1/approval-delegations", &body).send()
}

/// Somebody who has come before.
fn colleague(server: &TestServer) -> String {
    let colleague = somebody(server, "colleague");
    colleague.get("/v1/approvals?limit=1").expect(200);
    colleague.identity().principal()
}

fn delegated(server: &TestServer) -> String {
    let client = server.with_everything();
    let answer = delegate(server, &client, &colleague(server)).expect(201);
    answer.header("location").unwrap().to_owned()
}

fn publish_rules(server: &TestServer, client: &Client, scope: &str) -> Answer {
    let rules = ["credit_application", "referral"].map(
        |kind| json!({"name": kind, "kind": kind, "steps": [{"name": "branch", "scope": scope}]}),
    );
    let rules = with_built_in_tail(server, &json!(rules));
    let body = json!({
        "effective_from": server.db().today().to_string(), "rules": rules,
    });
    client.post("/v1/authority-rules", &body).send()
}
