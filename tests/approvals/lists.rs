//! Whose approvals a list shows.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::{approve, case_of, goods, lend, member, only, submitted, submitted_by, withdraw};
use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{Client, TestServer, a_customer, a_customer_of};

const TODAY: [&str; 2] = ["2026-03-02", "2026-03-02"];

/// What a list shows, by application.
fn listed(client: &Client, query: &str) -> BTreeSet<String> {
    let page = client.get(&format!("/v1/approvals?{query}")).expect(200);
    let items = page.items();
    let shown: BTreeSet<String> = items
        .iter()
        .map(|item| {
            let subject = item["subject"].as_str().unwrap();
            let (noun, id) = subject.split_once('/').unwrap();
            assert_eq!(noun, "credit_application");
            format!("/v1/credit-applications/{id}")
        })
        .collect();
    assert_eq!(shown.len(), items.len(), "something is listed twice");
    shown
}

fn waiting(client: &Client) -> BTreeSet<String> {
    listed(client, "role=waiting_for_me")
}

fn set(paths: &[&String]) -> BTreeSet<String> {
    paths.iter().map(|&path| path.clone()).collect()
}

fn asked(server: &TestServer, org_path: &str, amount: &str) -> String {
    let customer = a_customer_of(server, org_path).id();
    let manager = server.as_tier_at("account_manager", org_path);
    submitted_by(&manager, &goods(server, &customer, amount))
}

#[test]
fn what_waits_for_somebody_is_what_they_could_decide_now() {
    let server = TestServer::start();
    let small = asked(&server, SALES, "1.00");
    let large = asked(&server, SALES, "1000000.01");
    let huge = asked(&server, SALES, "50000000.01");
    let foreign = asked(&server, ELSEWHERE, "1.00");
    let branch = server.as_tier("credit_officer_branch");
    let west = member(&server, "credit_officer_branch", "head-office/west", "west");
    let head_office = server.as_tier("credit_officer_head_office");
    let executive = only(&server, &["approvals:decide:executive"], "executive");
    assert_eq!(waiting(&branch), set(&[&small]));
    assert_eq!(waiting(&west), set(&[&foreign]));
    assert_eq!(
        waiting(&head_office),
        set(&[&small, &large, &huge, &foreign])
    );
    assert_eq!(waiting(&executive), set(&[]));
    for nobody in ["account_manager", "auditor", "department_head"] {
        assert_eq!(waiting(&server.as_tier(nobody)), set(&[]), "{nobody}");
    }
    // A step on, it waits for somebody else.
    approve(&head_office, &huge).expect(200);
    assert_eq!(waiting(&executive), set(&[&huge]));
    assert_eq!(waiting(&head_office), set(&[&small, &large, &foreign]));
    // What is over waits for nobody.
    approve(&branch, &small).expect(200);
    withdraw(&server.as_tier_at("account_manager", ELSEWHERE), &foreign).expect(200);
    assert_eq!(waiting(&head_office), set(&[&large]));
    assert_eq!(waiting(&west), set(&[]));
    // What was asked for in person never does.
    let customer = a_customer(&server).id();
    let own = submitted_by(&branch, &goods(&server, &customer, "2.00"));
    assert_eq!(waiting(&branch), set(&[]));
    assert_eq!(waiting(&head_office), set(&[&large, &own]));
}

#[test]
fn what_is_overdue_waits_for_whom_it_is_escalated_to() {
    let server = TestServer::start();
    let path = asked(&server, SALES, "1.00");
    let head_office = only(&server, &["approvals:decide:head-office"], "head office");
    let executive = only(&server, &["approvals:decide:executive"], "executive");
    server.advance(TimeDelta::days(3) - TimeDelta::microseconds(1));
    assert_eq!(waiting(&head_office), set(&[]));
    server.advance(TimeDelta::microseconds(1));
    assert_eq!(waiting(&head_office), set(&[&path]));
    assert_eq!(waiting(&executive), set(&[]));
    assert_eq!(
        waiting(&server.as_tier("credit_officer_branch")),
        set(&[&path])
    );
}

/// Every case in the list can be decided by whom it is shown to, and no other: four eyes count.
#[test]
fn what_is_lent_waits_for_the_delegate_as_far_as_four_eyes_allow() {
    let server = TestServer::start();
    let small = asked(&server, SALES, "1.00");
    let huge = asked(&server, SALES, "50000000.01");
    let customer = a_customer(&server).id();
    let branch = server.as_tier("credit_officer_branch");
    let own = submitted_by(&branch, &goods(&server, &customer, "2.00"));
    let west = member(&server, "credit_officer_branch", "head-office/west", "west");
    let lent = lend(&branch, &west, TODAY);
    // Not what the lender asked for.
    assert_eq!(waiting(&west), set(&[&small]));
    let head_office = server.as_tier("credit_officer_head_office");
    lend(&head_office, &west, TODAY);
    assert_eq!(waiting(&west), set(&[&small, &huge]));
    approve(&west, &own).expect_problem("four_eyes_required");
    // What the delegate decides in the name of the lender waits for neither of them again.
    let executive = server.as_tier("executive");
    lend(&executive, &head_office, TODAY);
    approve(&west, &huge).expect(200);
    assert_eq!(waiting(&west), set(&[&small]));
    assert_eq!(waiting(&head_office), set(&[&small, &own]));
    approve(&head_office, &huge).expect_problem("four_eyes_required");
    // Who stands in for the lender has nothing of the lender's either.
    let third = member(
        &server,
        "credit_officer_branch",
        "head-office/west",
        "third",
    );
    lend(&west, &third, TODAY);
    assert_eq!(waiting(&third), set(&[]));
    branch
        .post(&format!("{lent}/revoke"), &serde_json::json!({}))
        .expect(200);
    // Revoking it does not undo that it was so while the case was open.
    assert_eq!(waiting(&west), set(&[&small]));
    server.advance(TimeDelta::days(1));
    assert_eq!(waiting(&west), set(&[]));
}

#[test]
fn decided_and_asked_for_are_lists_of_their_own() {
    let server = TestServer::start();
    let small = asked(&server, SALES, "1.00");
    let huge = asked(&server, SALES, "50000000.01");
    let foreign = asked(&server, ELSEWHERE, "1.00");
    let head_office = server.as_tier("credit_officer_head_office");
    let west = member(&server, "credit_officer_branch", "head-office/west", "west");
    let east = server.as_tier("credit_officer_branch");
    approve(&head_office, &huge).expect(200);
    approve(&east, &small).expect(200);
    assert_eq!(listed(&head_office, "role=decided_by_me"), set(&[&huge]));
    assert_eq!(listed(&east, "role=decided_by_me"), set(&[&small]));
    assert_eq!(listed(&west, "role=decided_by_me"), set(&[]));
    // Both managers of the sample are one person at two places.
    let manager = server.as_tier("account_manager");
    assert_eq!(
        listed(&manager, "role=asked_by_me"),
        set(&[&small, &huge, &foreign])
    );
    assert_eq!(listed(&head_office, "role=asked_by_me"), set(&[]));
    // Without a role: the own organisation, and nothing of another one.
    assert_eq!(listed(&east, ""), set(&[&small, &huge]));
    assert_eq!(listed(&west, ""), set(&[&foreign]));
    assert_eq!(listed(&head_office, ""), set(&[&small, &huge, &foreign]));
    let outsider = member(&server, "account_manager", "head-office/north", "outsider");
    assert_eq!(listed(&outsider, ""), set(&[]));
}

#[test]
fn lists_are_narrowed_and_paged() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let paths: Vec<String> = (0..5)
        .map(|_| {
            // What is opened in one millisecond has no order.
            server.advance(TimeDelta::milliseconds(1));
            submitted(&server, &goods(&server, &customer, "1.00"))
        })
        .collect();
    withdraw(&server.as_tier("account_manager"), &paths[0]).expect(200);
    let officer = server.as_tier("credit_officer_branch");
    assert_eq!(listed(&officer, "status=withdrawn"), set(&[&paths[0]]));
    assert_eq!(listed(&officer, "status=pending").len(), 4);
    assert_eq!(
        listed(&officer, "role=waiting_for_me&status=withdrawn"),
        set(&[])
    );
    assert_eq!(listed(&officer, "kind=credit_application").len(), 5);
    assert_eq!(listed(&officer, "kind=write_off"), set(&[]));
    let subject = case_of(&server, &paths[3])["subject"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = format!("subject={}", subject.replace('/', "%2F"));
    assert_eq!(listed(&officer, &query), set(&[&paths[3]]));
    officer
        .get("/v1/approvals?role=everything")
        .expect_problem("invalid_parameter");
    let mut seen = Vec::new();
    let mut next = "/v1/approvals?role=waiting_for_me&limit=3".to_owned();
    loop {
        let page = officer.get(&next).expect(200);
        seen.extend(page.items().into_iter().map(|item| item["id"].clone()));
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else {
            break;
        };
        next = format!("/v1/approvals?role=waiting_for_me&limit=3&cursor={cursor}");
    }
    let newest_first: Vec<_> = paths[1..]
        .iter()
        .rev()
        .map(|path| case_of(&server, path)["id"].clone())
        .collect();
    assert_eq!(seen, newest_first);
}
