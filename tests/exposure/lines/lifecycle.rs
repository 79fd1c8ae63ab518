//! The life of a line: everything that can be applied for, and drafts of it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::applications::{about_line, carried_out, draw_up};
use crate::support::ledger::line;
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_draft, a_group_of, a_product_line, an_approver,
    application_body, approved, assert_ledger_is_clean, the_goods,
};

#[test]
fn every_action_changes_the_line_as_it_says_and_is_on_record() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let id = a_product_line(&server, &customer, "1000.00").id();
    let steps = [
        (
            "increase",
            json!({"amount": "1500.00", "purpose": "旺季备货"}),
            json!({"effective_limit": "1500.00"}),
        ),
        (
            "decrease",
            json!({"amount": "1200.00"}),
            json!({"effective_limit": "1200.00"}),
        ),
        (
            "temporary_increase",
            json!({"amount": "300.00", "valid_from": "2026-03-02", "valid_until": "2026-03-04"}),
            json!({
                "effective_limit": "1500.00", "limit": {"kind": "amount", "amount": "1200.00"},
                "temporary": {"mode": "add", "amount": "300.00", "from": "2026-03-02", "until": "2026-03-04"},
            }),
        ),
        (
            "renew",
            json!({"valid_until": "2027-06-30", "amount": "2000.00"}),
            json!({"valid_from": "2026-01-01", "valid_until": "2027-06-30", "limit": {"kind": "amount", "amount": "2000.00"}}),
        ),
        (
            "change_terms",
            json!({"payment_term_days": 60, "revolving": false, "deposit_share_bp": 500, "conditions": "须提供担保"}),
            json!({"payment_term_days": 60, "revolving": false, "deposit_share_bp": 500, "conditions": "须提供担保"}),
        ),
        ("suspend", json!({}), json!({"status": "suspended"})),
        ("resume", json!({}), json!({"status": "active"})),
        ("close", json!({}), json!({"status": "closed"})),
    ];
    for (number, (action, terms, expected)) in steps.iter().enumerate() {
        server.advance(TimeDelta::hours(1));
        let answer = carried_out(&server, &id, action, terms);
        assert_eq!(answer.id(), id);
        assert_eq!(answer.json()["version"], number + 2, "{action}");
        let read = line(&server, &id);
        assert_eq!(read, answer.json(), "{action}");
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(read[field], *value, "{field} after {action}");
        }
    }
    let client = server.with_everything();
    let history = client
        .get(&format!("/v1/credit-lines/{id}/history"))
        .expect(200)
        .items();
    let told: Vec<&str> = history
        .iter()
        .rev()
        .map(|version| version["change"].as_str().unwrap())
        .collect();
    let mut expected = vec!["open"];
    expected.extend(steps.iter().map(|(action, _, _)| *action));
    assert_eq!(told, expected);
    assert_eq!(history[7]["reason"], "旺季备货");
    assert!(
        history
            .iter()
            .all(|version| version["application_id"].is_string())
    );
    let terms = |version: &Value| {
        [
            version["deposit_share_bp"].clone(),
            version["conditions"].clone(),
        ]
    };
    assert_eq!(terms(&history[4]), [Value::Null, Value::Null]);
    assert_eq!(terms(&history[3]), [json!(500), json!("须提供担保")]);
    // What was so before the terms were changed is still told as it was.
    let earlier = format!("/v1/credit-lines/{id}?as_of=2026-03-02T06:00:00Z");
    assert_eq!(
        terms(&client.get(&earlier).expect(200).json()),
        [Value::Null, Value::Null]
    );
    let kinds = server.texts(&format!(
        "SELECT kind FROM events WHERE subject = 'credit_line/{id}' ORDER BY seq"
    ));
    assert_eq!(
        kinds,
        [
            "credit_line.opened",
            "credit_line.changed",
            "credit_line.changed",
            "credit_line.changed",
            "credit_line.changed",
            "credit_line.changed",
            "credit_line.suspended",
            "credit_line.resumed",
            "credit_line.closed",
        ]
    );
    let audited = server.number(&format!(
        "SELECT count(*) FROM audit_entries WHERE subject = 'credit_line/{id}'"
    ));
    assert_eq!(audited, 9);
    for (action, terms, _) in &steps {
        draw_up(&server, &about_line(&id, action, terms)).expect_problem("invalid_transition");
    }
    assert_ledger_is_clean(&server);
}

#[test]
fn a_field_of_another_action_is_refused_by_name() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let id = a_product_line(&server, &customer, "1000.00").id();
    let group = a_group_of(&server, SALES).id();
    let limit = ["limit_kind", "amount"];
    let terms = [
        "payment_term_days",
        "revolving",
        "deposit_share_bp",
        "conditions",
    ];
    let window = ["valid_from", "valid_until"];
    let fields = [
        ("limit_kind", json!("unlimited")),
        ("amount", json!("1.00")),
        ("valid_from", json!("2026-03-02")),
        ("valid_until", json!("2026-03-05")),
        ("payment_term_days", json!(1)),
        ("revolving", json!(true)),
        ("deposit_share_bp", json!(1)),
        ("conditions", json!("无")),
        ("temporary_mode", json!("add")),
        ("allow_overdrawn", json!(true)),
        ("requires_contract", json!(true)),
    ];
    let member =
        json!({"group_id": group, "member_customer_id": customer, "action": "admit_member"});
    let on_line = |action: &str| about_line(&id, action, &json!({}));
    let actions: [(Value, Vec<&str>); 9] = [
        (
            application_body(Owner::Customer(&customer), None, "1.00"),
            [&limit[..], &window, &terms, &["requires_contract"]].concat(),
        ),
        (on_line("increase"), limit.to_vec()),
        (
            on_line("decrease"),
            [&limit[..], &["allow_overdrawn"]].concat(),
        ),
        (
            on_line("temporary_increase"),
            [&["amount", "temporary_mode"][..], &window].concat(),
        ),
        (
            on_line("renew"),
            [&limit[..], &terms, &["valid_until", "allow_overdrawn"]].concat(),
        ),
        (on_line("change_terms"), terms.to_vec()),
        (on_line("suspend"), vec![]),
        (on_line("close"), vec![]),
        (member, vec!["valid_from"]),
    ];
    let before = server.number("SELECT count(*) FROM credit_applications");
    for (base, belonging) in &actions {
        for (field, value) in &fields {
            if belonging.contains(field) {
                continue;
            }
            let mut body = base.clone();
            body[field] = value.clone();
            let refused = draw_up(&server, &body).expect_problem("validation_failed");
            assert_eq!(
                refused.json()["errors"][0]["pointer"],
                format!("#/{field}"),
                "{body}"
            );
        }
    }
    for (action, terms, missing) in [
        ("increase", json!({}), "amount"),
        ("decrease", json!({"limit_kind": "amount"}), "amount"),
        (
            "temporary_increase",
            json!({"valid_from": "2026-03-02", "valid_until": "2026-03-05"}),
            "amount",
        ),
        (
            "temporary_increase",
            json!({"amount": "1.00", "valid_until": "2026-03-05"}),
            "valid_from",
        ),
        (
            "temporary_increase",
            json!({"amount": "1.00", "valid_from": "2026-03-05"}),
            "valid_until",
        ),
        ("renew", json!({"amount": "1.00"}), "valid_until"),
        // Said to be an amount, and no amount given: nothing to renew to.
        (
            "renew",
            json!({"valid_until": "2027-12-31", "limit_kind": "amount"}),
            "amount",
        ),
        ("change_terms", json!({}), "payment_term_days"),
    ] {
        let refused =
            draw_up(&server, &about_line(&id, action, &terms)).expect_problem("validation_failed");
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            format!("#/{missing}"),
            "{action}"
        );
    }
    assert_eq!(
        server.number("SELECT count(*) FROM credit_applications"),
        before
    );
}

#[test]
fn a_draft_is_patched_under_its_version_and_not_after_it_was_submitted() {
    let server = TestServer::start();
    the_goods(&server);
    let client = server.with_everything();
    let customer = a_customer(&server).id();
    let mut body = application_body(Owner::Customer(&customer), Some(GOODS), "500.00");
    body["purpose"] = json!("备货");
    let draft = a_draft(&server, &body);
    let path = format!("/v1/credit-applications/{}", draft.id());
    let change = json!({
        "amount": "450.00", "purpose": null, "payment_term_days": null,
        "attachments": [{"kind": "business_licence", "reference": "DMS-1", "valid_until": "2027-01-01"}],
    });
    let changed = client.patch(&path, &draft.etag(), &change).expect(200);
    let read = changed.json();
    assert_eq!(
        (&read["amount"], &read["version"]),
        (&json!("450.00"), &json!(2))
    );
    assert_eq!(
        (&read["purpose"], &read["payment_term_days"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(read["valid_until"], "2026-12-31", "what is absent stays");
    assert_eq!(read["attachments"][0]["reference"], "DMS-1");
    client
        .patch(&path, &draft.etag(), &json!({"amount": "1.00"}))
        .expect_problem("precondition_failed");
    for (field, value) in [
        ("amount", Value::Null),
        ("amount", json!("0.001")),
        ("valid_from", Value::Null),
        ("valid_until", json!("2025-12-31")),
        ("allow_overdrawn", json!(true)),
        ("temporary_mode", json!("add")),
    ] {
        let refused = client
            .patch(&path, "*", &json!({field: value}))
            .expect_problem("validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("#/{field}"));
    }
    client
        .patch(&path, "*", &json!({"action": "close"}))
        .expect_problem("unknown_field");
    client
        .patch(&path, "*", &json!({"allow_overdrawn": null}))
        .expect_problem("invalid_field");
    let unlimited = json!({"limit_kind": "unlimited", "amount": null});
    client.patch(&path, "*", &unlimited).expect(200);
    let back = json!({"limit_kind": null, "amount": "400.00"});
    assert_eq!(
        client.patch(&path, "*", &back).expect(200).json()["limit_kind"],
        "amount"
    );
    client
        .post(&format!("{path}/submit"), &json!({}))
        .expect(200);
    let too_late = json!({"amount": "9999.00"});
    client
        .patch(&path, "*", &too_late)
        .expect_problem("invalid_transition");
    let reason = json!({"reason": "金额过高"});
    an_approver(&server)
        .post(&format!("{path}/send-back"), &reason)
        .expect(200);
    client
        .patch(&path, "*", &json!({"amount": "300.00"}))
        .expect(200);
    client
        .post(&format!("{path}/submit"), &json!({}))
        .expect(200);
    let opened = approved(&server, &path);
    assert_eq!(opened.field("effective_limit"), "300.00");
    assert_eq!(opened.json()["payment_term_days"], Value::Null);
}
