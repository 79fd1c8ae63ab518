//! What is unknown is not good: neither to the checks nor to the authority matrix.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::application_checks::{report, unified};
use crate::support::actors::SALES;
use crate::support::applications::{a_policy, a_score, submit};
use crate::support::{
    Owner, TestServer, a_customer, a_draft, a_group_of, a_member, application_body, the_goods,
};

/// The rule that is for an application once it is submitted, and what grade it goes by.
fn rule(server: &TestServer, body: &Value) -> [Value; 2] {
    let submitted = submit(server, &a_draft(server, body)).expect(200);
    let path = format!("/v1/approvals/{}", submitted.field("approval_id"));
    let case = server.with_everything().get(&path).expect(200).json();
    [case["rule"].clone(), case["grade"].clone()]
}

#[test]
fn without_a_score_a_branch_decides_no_more_than_for_the_weakest_grade() {
    let server = TestServer::start();
    let scored = |grade: &str| {
        let customer = a_customer(&server).id();
        a_score(&server, &customer, grade, "2026-03-02");
        customer
    };
    let (none, weak, good) = (a_customer(&server).id(), scored("C"), scored("B"));
    let of = |customer: &str, amount: &str| rule(&server, &unified(customer, amount));
    let as_weak = ["weak_grade_branch", "ungraded"];
    assert_eq!(of(&none, "200000.00"), as_weak.map(|word| json!(word)));
    assert_eq!(of(&none, "200000.01")[0], "weak_grade_head_office");
    assert_eq!(
        of(&weak, "200000.01"),
        ["weak_grade_head_office", "C"].map(|word| json!(word))
    );
    assert_eq!(
        of(&good, "1000000.00"),
        ["branch", "B"].map(|word| json!(word))
    );
    // One that has run out is no better than none: it fails besides.
    server.advance(TimeDelta::days(1));
    assert_eq!(
        of(&good, "1.00"),
        ["exception", "ungraded"].map(|word| json!(word))
    );
}

#[test]
fn a_group_is_as_good_as_its_weakest_member() {
    let server = TestServer::start();
    the_goods(&server);
    let group = a_group_of(&server, SALES).id();
    let ceiling = application_body(Owner::Group(&group), None, "200000.01");
    assert_eq!(rule(&server, &ceiling)[1], "ungraded", "nobody is in it");
    let [one, other] = [(); 2].map(|()| {
        let customer = a_customer(&server).id();
        a_member(&server, &group, &customer);
        customer
    });
    a_score(&server, &one, "A", "2026-12-31");
    assert_eq!(
        rule(&server, &ceiling)[1],
        "ungraded",
        "one of them has no score"
    );
    a_score(&server, &other, "C", "2026-12-31");
    assert_eq!(
        rule(&server, &ceiling),
        ["weak_grade_head_office", "C"].map(|word| json!(word))
    );
    server.advance(TimeDelta::seconds(1));
    a_score(&server, &other, "B", "2026-12-31");
    assert_eq!(
        rule(&server, &ceiling),
        ["branch", "B"].map(|word| json!(word))
    );
}

#[test]
fn a_policy_says_how_a_check_comes_out_that_lacks_a_fact() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let draft = a_draft(&server, &unified(&customer, "200.00")).id();
    let now = |draft: &str| {
        let now = &report(&server, draft)["now"];
        let outcome = |check: &str| {
            let results = now["results"].as_array().unwrap();
            let found = results.iter().find(|one| one["check"] == check).unwrap();
            found["outcome"].as_str().unwrap().to_owned()
        };
        let outcomes = [outcome("grade"), outcome("score_validity")];
        (outcomes, now["route"].as_str().unwrap().to_owned())
    };
    let came =
        |outcome: &str, route: &str| ([outcome, outcome].map(str::to_owned), route.to_owned());
    // The built-in policy warns; one that somebody has published is strict where it does not say.
    assert_eq!(now(&draft), came("warn", "ordinary"));
    a_policy(&server, &json!({}));
    assert_eq!(now(&draft), came("fail", "exceptional"));
    let saying = |outcome: &str, limit: &str| {
        let missing =
            ["grade", "score_validity"].map(|check| json!({"check": check, "outcome": outcome}));
        let policy = json!({"missing": missing, "ungraded": {"limit_max": limit}});
        let published = a_policy(&server, &policy).json();
        assert_eq!(published["policy"]["missing"], json!(missing));
        assert_eq!(published["policy"]["ungraded"]["limit_max"], limit);
    };
    saying("warn", "200.00");
    assert_eq!(now(&draft), came("warn", "ordinary"));
    saying("pass", "200.00");
    assert_eq!(now(&draft), came("pass", "ordinary"));
    saying("pass", "199.99");
    assert_eq!(now(&draft).0, ["fail", "pass"].map(str::to_owned));
}
