//! Where a failed check leads.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::application_checks::{report, unified, with};
use crate::support::applications::{a_policy, a_score, about_line, approve, failed_checks, submit};
use crate::support::{TestServer, a_customer, a_draft, a_submitted, approved, somebody};

fn kept(server: &TestServer, application: &str) -> Vec<String> {
    report(server, application)["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| {
            format!(
                "{} {} of policy {}",
                run["run_number"],
                run["stage"].as_str().unwrap(),
                run["policy_version"]
            )
        })
        .collect()
}

#[test]
fn a_failed_check_leads_where_the_policy_says() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_score(&server, &customer, "B", "2026-12-31");
    let documents = json!({"required_documents": ["business_licence"]});
    a_policy(&server, &documents);
    let draft = a_draft(&server, &unified(&customer, "1.00"));
    assert_eq!(report(&server, &draft.id())["now"]["route"], "exceptional");
    let submitted = submit(&server, &draft).expect(200);
    assert_eq!(submitted.json()["exceptional"], true);
    let path = format!("/v1/credit-applications/{}", draft.id());
    assert_eq!(
        approve(&server, &path).expect(200).field("status"),
        "submitted"
    );
    let second = format!("{path}/approve");
    somebody(&server, "second approver")
        .post(&second, &json!({}))
        .expect(200);
    assert_eq!(
        kept(&server, &draft.id()),
        ["2 approval of policy 1", "1 submission of policy 1"]
    );

    let refuse = with(
        documents,
        &json!({"on_failure": [{"check": "documents", "route": "refuse"}]}),
    );
    a_policy(&server, &refuse);
    let other = a_customer(&server).id();
    a_score(&server, &other, "B", "2026-12-31");
    let draft = a_draft(&server, &unified(&other, "1.00"));
    assert_eq!(report(&server, &draft.id())["now"]["route"], "refused");
    let refused = submit(&server, &draft)
        .expect_problem("approval_check_failed")
        .json();
    assert_eq!(
        failed_checks(&refused),
        json!([{"check": "documents", "numbers": {"missing": "business_licence"}}])
    );
    assert_eq!(refused["reasons"][0]["check"], "documents");
    let read = server
        .with_everything()
        .get(&format!("/v1/credit-applications/{}", draft.id()));
    assert_eq!(read.expect(200).field("status"), "draft");
    assert!(kept(&server, &draft.id()).is_empty());
    // What was kept of the first is as it was, and nobody rewrites it.
    assert_eq!(
        server.number("SELECT count(*) FROM credit_application_checks"),
        2
    );
    for statement in [
        "UPDATE credit_application_checks SET stage = 'approval'",
        "DELETE FROM credit_application_checks",
        "TRUNCATE credit_application_checks",
    ] {
        assert!(
            server.owner().batch_execute(statement).is_err(),
            "{statement}"
        );
        assert!(
            server.service_role().batch_execute(statement).is_err(),
            "{statement}"
        );
    }
}

#[test]
fn what_failed_only_after_submission_is_not_approved_by_the_ordinary_chain() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_score(&server, &customer, "B", "2026-03-02");
    let [ordinary, renewed] = [(); 2].map(|()| a_submitted(&server, &unified(&customer, "1.00")));
    let decisions = "SELECT count(*) FROM approval_decisions";
    let before = server.number(decisions);
    server.advance(TimeDelta::days(1));
    let refused = approve(&server, &ordinary)
        .expect_problem("approval_checks_changed")
        .json();
    let numbers = json!({"scored_on": "2026-03-02", "valid_until": "2026-03-02"});
    assert_eq!(
        failed_checks(&refused),
        json!([{"check": "score_validity", "numbers": numbers}])
    );
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(kept(&server, &id(&ordinary)), ["1 submission of policy 0"]);
    assert_eq!(server.number("SELECT count(*) FROM credit_lines"), 0);
    assert_eq!(server.number(decisions), before);
    a_score(&server, &customer, "B", "2026-12-31");
    let opened = approved(&server, &renewed);
    assert_eq!(opened.field("status"), "active");
    // Submitted as an exception, it stays one, whatever fails later.
    a_policy(
        &server,
        &json!({"required_documents": ["business_licence"]}),
    );
    let line = opened.id();
    server.advance(TimeDelta::days(365));
    a_score(&server, &customer, "B", "2027-03-03");
    let renewal = a_submitted(
        &server,
        &about_line(&line, "renew", &json!({"valid_until": "2027-12-31"})),
    );
    server.advance(TimeDelta::days(1));
    let exception = approved(&server, &renewal);
    assert_eq!(exception.field("valid_until"), "2027-12-31");
}
