//! Every action on a thing is held to what its caller has read of it.

use std::fmt::Write as _;

use serde_json::json;

use super::document::assert_checked_in;
use crate::support::document::operations;
use crate::support::registry::write;
use crate::support::{Owner, TestServer, a_customer, a_draft, an_approver, application_body};

#[test]
fn what_each_write_makes_of_if_match_is_checked_in() {
    let mut text = String::from(
        "# What each write makes of If-Match: required; decision (required, or approval_id in the body);\n\
         # honoured where it is sent; none, where there is nothing to have read before.\n\
         # A test generates it: `SHOUXIN_UPDATE=1 cargo test --test main contract::`.\n\n",
    );
    for operation in operations().iter().filter(|operation| operation.is_write()) {
        writeln!(text, "{:36}{}", operation.id, operation.precondition()).unwrap();
    }
    assert_checked_in(
        "openapi/preconditions.txt",
        &text,
        "SHOUXIN_UPDATE=1 cargo test --test main contract::",
    );
}

/// Operations on the address of a thing that make another one: there is nothing to have read.
const MAKES_ANOTHER: &[&str] = &[
    "joinCreditGroup",
    "recordAdverseEvent",
    "recordCustomerScore",
    "recordDunningLevel",
    "recordExpectedSales",
];

#[test]
fn every_action_on_a_thing_honours_if_match() {
    let mut blind: Vec<&str> = operations()
        .iter()
        .filter(|operation| operation.is_write() && operation.path.contains('{'))
        .filter(|operation| operation.precondition() == "none")
        .map(|operation| operation.id.as_str())
        .collect();
    blind.sort_unstable();
    assert_eq!(blind, MAKES_ANOTHER);
}

/// Makes each of them with another tag of the same version, and then with the one that is there.
#[test]
fn another_tag_of_the_same_version_changes_nothing_and_the_right_one_does() {
    let server = TestServer::start();
    let client = server.with_everything();
    for operation in operations() {
        if operation.precondition() == "none" {
            continue;
        }
        let id = &operation.id;
        let demanding = client.clone().demanding(id, "\"1-zz\"");
        let refused = (write(id).succeed)(&server, &demanding);
        let refused = refused.expect_problem("precondition_failed");
        let now = refused.etag();
        // Nothing has changed: the tag that the refusal gave is still the right one.
        assert_eq!(
            refused.again_for("\"1-zz\"").expect(412).etag(),
            now,
            "{id}"
        );
        let done = refused.again_for(&now);
        assert!(done.status < 300, "{id}: {}", done.text());
    }
}

#[test]
fn a_decision_is_about_what_was_read() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let client = server.with_everything();
    let approver = an_approver(&server);
    let body = application_body(Owner::Customer(&customer), None, "1000.00");
    let path = format!("/v1/credit-applications/{}", a_draft(&server, &body).id());
    let submit = format!("{path}/submit");
    client.post(&submit, &json!({})).expect(200);
    let read = approver.get(&path).expect(200);
    let back = json!({"reason": "金额过低"});
    let send_back = format!("{path}/send-back");
    approver.post(&send_back, &back).expect(200);
    let more = json!({"amount": "990000.00"});
    client.patch(&path, "*", &more).expect(200);
    client.post(&submit, &json!({})).expect(200);

    let approve = format!("{path}/approve");
    let by_tag = |tag: &str, body| approver.post(&approve, &body).header("If-Match", tag);
    by_tag(&read.etag(), json!({})).expect_problem("precondition_failed");
    let old = json!({"approval_id": read.field("approval_id")});
    let refused = approver.post(&approve, &old);
    let refused = refused.expect_problem("precondition_failed");
    assert_eq!(refused.etag(), approver.get(&path).expect(200).etag());
    for blind in ["", "*"] {
        let call = approver.post(&approve, &json!({})).blind();
        let call = match blind {
            "" => call,
            tag => call.header("If-Match", tag),
        };
        call.expect_problem("precondition_required");
    }
    let now = approver.get(&path).expect(200);
    // Where both are said, both have to be right.
    by_tag(&now.etag(), old).expect_problem("precondition_failed");
    assert_eq!(server.number("SELECT count(*) FROM credit_lines"), 0);
    let current = json!({"approval_id": now.field("approval_id")});
    let decided = by_tag(&now.etag(), current).expect(200);
    assert_eq!(decided.field("status"), "approved");
}
