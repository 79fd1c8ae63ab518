//! Who pays before delivery by the credit policy: every order is refused, whatever a rule set says.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::actors::SALES;
use crate::support::applications::{a_policy, a_score, check, reasons, reserve};
use crate::support::checks::{a_rule_set, refer, referral_body};
use crate::support::{
    TestServer, a_customer_with_credit, a_receivable, a_reservation, capture_body, confirmed,
    reservation_body, somebody,
};

const CODE: &str = "grade_cash_only";

#[test]
fn grade_d_pays_cash_for_every_order_without_any_rule_set() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    let [held, kept] = [(); 2].map(|()| a_reservation(&server, &customer, "100.00").id());
    assert_eq!(check(&server, &customer, "1.00")["decision"], "approved");
    a_score(&server, &customer, "D", "2026-12-31");

    let declined = check(&server, &customer, "1.00");
    assert_eq!(declined["decision"], "declined");
    assert_eq!(reasons(&declined), ["grade_cash_only -"]);
    reserve(&server, &customer, "1.00").expect_problem(CODE);
    let batch = json!({"reservations": [reservation_body(&customer, "1.00")]});
    let results = client.post("/v1/reservation-batches", &batch).expect(200);
    assert_eq!(results.json()["refused"], 1, "{}", results.text());
    let amend = |amount: &str| {
        let path = format!("/v1/reservations/{held}/amend");
        client.post(&path, &json!({"amount": amount})).send()
    };
    amend("100.01").expect_problem(CODE);
    amend("50.00").expect(200);
    refer(&server, &referral_body(&customer, "1.00")).expect_problem(CODE);
    // What was accepted before is delivered.
    let path = format!("/v1/reservations/{kept}/capture");
    client
        .post(&path, &capture_body(&server, None, true))
        .expect(200);
    // A fact lands, and is marked.
    let posted = a_receivable(&server, &customer, "1.00");
    assert_eq!(
        (&posted.json()["cash_only"], &posted.json()["over_limit"]),
        (&json!(true), &json!(false))
    );
    let told = "SELECT subject FROM events WHERE kind = 'receivable.cash_only'";
    assert_eq!(server.texts(told), [format!("receivable/{}", posted.id())]);
    let marked = client.get("/v1/receivables?cash_only=true").expect(200);
    assert_eq!(json!(marked.items()), json!([posted.json()]));
}

#[test]
fn a_rule_set_makes_the_policy_no_milder_and_the_policy_can_be_changed() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    a_score(&server, &customer, "D", "2026-12-31");
    a_rule_set(&server, &json!({"room": {"effect": "refer"}}));
    assert_eq!(check(&server, &customer, "1.00")["decision"], "declined");
    let rule = json!({"grade": {"cash_only": ["D"], "effect": "refer"}});
    a_rule_set(&server, &rule);
    assert_eq!(check(&server, &customer, "1.00")["decision"], "declined");
    a_policy(&server, &json!({"grades": [{"grade": "D"}]}));
    assert_eq!(check(&server, &customer, "1.00")["decision"], "referred");
}

#[test]
fn who_has_no_valid_grade_pays_cash_where_the_policy_says_so_or_the_worst_grade_does() {
    let server = TestServer::start();
    let unknown = a_customer_with_credit(&server, SALES);
    let known = a_customer_with_credit(&server, SALES);
    a_score(&server, &known, "B", "2026-03-02");
    let decisions = || {
        [&unknown, &known].map(|customer| {
            let answer = check(&server, customer, "1.00");
            answer["decision"].as_str().unwrap().to_owned()
        })
    };
    let cash = json!([{"grade": "D", "cash_only": true}]);
    assert_eq!(decisions(), ["approved", "approved"]);
    a_policy(&server, &json!({"grades": cash}));
    assert_eq!(decisions(), ["declined", "approved"]);
    server.advance(TimeDelta::days(1));
    assert_eq!(decisions(), ["declined", "declined"]);
    a_policy(
        &server,
        &json!({"grades": cash, "ungraded": {"limit_max": "1.00"}}),
    );
    assert_eq!(decisions(), ["approved", "approved"]);
}

#[test]
fn what_counts_is_the_latest_score_by_its_day() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let record = |grade: &str, scored_on: &str| {
        let body = json!({
            "grade": grade, "scored_on": scored_on, "valid_until": "2026-12-31", "source": "年度评级",
        });
        let path = format!("/v1/customers/{customer}/scores");
        confirmed(
            &server,
            somebody(&server, "analyst").post(&path, &body).send(),
        );
        server.advance(TimeDelta::seconds(1));
        check(&server, &customer, "1.00")["decision"].clone()
    };
    assert_eq!(record("B", "2026-03-02"), "approved");
    // One that is of an earlier day changes nothing.
    assert_eq!(record("D", "2026-03-01"), "approved");
    assert_eq!(record("D", "2026-03-02"), "declined");
    assert_eq!(record("C", "2026-03-02"), "approved");
    assert_eq!(
        server.texts("SELECT grade FROM customers WHERE grade IS NOT NULL"),
        ["C"]
    );
}
