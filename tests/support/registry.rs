//! What the tests that are driven by the document have to know about each noun and each write.
//!
//! A new operation makes them fail until it has its row here: that is the point.

mod doing;
mod nouns;

use serde_json::{Value, json};

use super::actors::{ELSEWHERE, SALES};
use super::{
    Answer, Client, TestServer, a_customer, a_customer_with_credit, a_group_of, a_membership,
    a_product, a_product_code, a_social_credit_code, customer_body, figure_body, product_body,
    rate_body, receivable_body,
};

use doing::{
    act, allocate, amend, amend_reservation, ask_referral, capture, contract, delegate, delegated,
    drafted, draw_up, dun, end_restriction, opened, paid, pay, publish_checks, publish_policy,
    publish_rules, referred, reject, release, reserve, reserve_batch, restrict, restricted,
    reverse, review, score, send_back, submitted, submitted_by_another,
};
pub use nouns::{NOUNS, Noun};

/// The row of a noun.
pub fn noun(name: &str) -> &'static Noun {
    NOUNS
        .iter()
        .find(|noun| noun.name == name)
        .unwrap_or_else(|| panic!("add a row for {name} to NOUNS in tests/support/registry.rs"))
}

/// An operation that changes something.
pub struct Write {
    /// Its `operationId`.
    pub operation: &'static str,
    /// The audit entry it leaves, as `resource.verb`.
    pub action: &'static str,
    /// The events it publishes, in order.
    pub events: &'static [&'static str],
    /// Does it, as this caller, who may do everything.
    pub succeed: fn(&TestServer, &Client) -> Answer,
    /// Is refused with 409 or 422 by a decision; `None` where every readable request succeeds.
    pub refuse: Option<fn(&TestServer, &Client) -> Answer>,
}

/// Every operation that changes something.
pub const WRITES: &[Write] = &[
    Write {
        operation: "recordCompanyFigure",
        action: "company_figure.record",
        events: &["company_figure.recorded"],
        succeed: |_, client| {
            let body = figure_body("2025-12-31", "1000000.00");
            client.post("/v1/company-figures", &body).send()
        },
        refuse: Some(|_, client| {
            let body = figure_body("2999-12-31", "1000000.00");
            client.post("/v1/company-figures", &body).send()
        }),
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
            let body = json!({"until": "2026-01-31"});
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
        operation: "createProduct",
        action: "product.create",
        events: &["product.created"],
        succeed: |_, client| {
            let body = product_body(&a_product_code());
            client.post("/v1/products", &body).send()
        },
        refuse: Some(|server, client| {
            let taken = a_product(server, &a_product_code()).field("code");
            client.post("/v1/products", &product_body(&taken)).send()
        }),
    },
    Write {
        operation: "patchProduct",
        action: "product.change",
        events: &["product.changed"],
        succeed: |server, client| {
            let product = a_product(server, &a_product_code());
            let path = format!("/v1/products/{}", product.field("code"));
            let body = json!({"active": false});
            client.patch(&path, &product.etag(), &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "publishExchangeRate",
        action: "exchange_rate.publish",
        events: &["exchange_rates.published"],
        succeed: |server, client| {
            let body = rate_body(server, ["USD", "CNY"], "7.1");
            client.post("/v1/exchange-rates", &body).send()
        },
        refuse: Some(|server, client| {
            let body = rate_body(server, ["USD", "CNY"], "0");
            client.post("/v1/exchange-rates", &body).send()
        }),
    },
    Write {
        operation: "importExchangeRates",
        action: "exchange_rate.import",
        events: &["exchange_rates.published"],
        succeed: |server, client| {
            let rates = ["USD", "EUR"].map(|from| rate_body(server, [from, "CNY"], "7.1"));
            let body = json!({"rates": rates});
            client.post("/v1/exchange-rate-imports", &body).send()
        },
        refuse: Some(|server, client| {
            let body = json!({"rates": [rate_body(server, ["CNY", "CNY"], "1")]});
            client.post("/v1/exchange-rate-imports", &body).send()
        }),
    },
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
    Write {
        operation: "createApprovalDelegation",
        action: "approval.delegate",
        events: &["approval.delegated"],
        succeed: |server, client| delegate(server, client, "https://issuer.test|colleague"),
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
        action: "authority_rules.publish",
        events: &["authority_rules.published"],
        succeed: |server, client| publish_rules(server, client, "approvals:decide:branch"),
        refuse: Some(|server, client| publish_rules(server, client, "customers:read")),
    },
    Write {
        operation: "publishCreditPolicy",
        action: "credit_policy.publish",
        events: &["credit_policy.published"],
        succeed: |server, client| publish_policy(server, client, 100),
        refuse: Some(|server, client| publish_policy(server, client, 5001)),
    },
    Write {
        operation: "publishCheckRuleSet",
        action: "check_rule_set.publish",
        events: &["check_rule_set.published"],
        succeed: |server, client| publish_checks(server, client, 7),
        refuse: Some(|server, client| publish_checks(server, client, 367)),
    },
    Write {
        operation: "recordCreditExclusion",
        action: "credit_exclusion.record",
        events: &["credit_exclusion.recorded"],
        succeed: |server, client| restrict(server, client, "credit-exclusions", Value::Null),
        refuse: Some(|server, client| {
            restrict(server, client, "credit-exclusions", json!("2026-01-01"))
        }),
    },
    Write {
        operation: "endCreditExclusion",
        action: "credit_exclusion.end",
        events: &["credit_exclusion.ended"],
        succeed: |server, client| end_restriction(client, &restricted(server, "credit-exclusions")),
        refuse: Some(|server, client| {
            let path = restricted(server, "credit-exclusions");
            end_restriction(client, &path).expect(200);
            end_restriction(client, &path)
        }),
    },
    Write {
        operation: "recordSupplyHold",
        action: "supply_hold.record",
        events: &["supply_hold.recorded"],
        succeed: |server, client| restrict(server, client, "supply-holds", Value::Null),
        refuse: Some(|server, client| {
            restrict(server, client, "supply-holds", json!("2026-01-01"))
        }),
    },
    Write {
        operation: "endSupplyHold",
        action: "supply_hold.end",
        events: &["supply_hold.ended"],
        succeed: |server, client| end_restriction(client, &restricted(server, "supply-holds")),
        refuse: Some(|server, client| {
            let path = restricted(server, "supply-holds");
            end_restriction(client, &path).expect(200);
            end_restriction(client, &path)
        }),
    },
    Write {
        operation: "recordDunningLevel",
        action: "dunning_level.record",
        events: &["dunning_level.recorded"],
        succeed: |server, client| dun(server, client, "2026-03-01"),
        refuse: Some(|server, client| dun(server, client, "2999-12-31")),
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
        operation: "recordCustomerScore",
        action: "customer_score.record",
        events: &["customer_score.recorded"],
        succeed: |server, client| score(server, client, "2026-12-31"),
        refuse: Some(|server, client| score(server, client, "2025-12-31")),
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
            let path = opened(server);
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
    Write {
        operation: "createCustomer",
        action: "customer.create",
        events: &["customer.created"],
        succeed: |_, client| client.post("/v1/customers", &customer_body(SALES)).send(),
        refuse: Some(|server, client| {
            let taken = a_customer(server).field("unified_social_credit_code");
            let mut body = customer_body(ELSEWHERE);
            body["unified_social_credit_code"] = taken.into();
            client.post("/v1/customers", &body).send()
        }),
    },
    Write {
        operation: "patchCustomer",
        action: "customer.change",
        events: &["customer.changed"],
        succeed: |server, client| {
            let customer = a_customer(server);
            let path = format!("/v1/customers/{}", customer.id());
            let body = json!({"unified_social_credit_code": a_social_credit_code()});
            client.patch(&path, &customer.etag(), &body).send()
        },
        refuse: Some(|server, client| {
            let taken = a_customer(server).field("unified_social_credit_code");
            let customer = a_customer(server);
            let path = format!("/v1/customers/{}", customer.id());
            let body = json!({"unified_social_credit_code": taken});
            client.patch(&path, &customer.etag(), &body).send()
        }),
    },
];

/// The row of a write.
pub fn write(operation: &str) -> &'static Write {
    WRITES
        .iter()
        .find(|write| write.operation == operation)
        .unwrap_or_else(|| {
            panic!("add a row for {operation} to WRITES in tests/support/registry.rs")
        })
}
