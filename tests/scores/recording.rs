//! Recording scores, and reading them again.

use serde_json::json;

use crate::support::applications::a_score;
use crate::support::{TestServer, a_customer};

#[test]
fn a_score_is_read_where_its_answer_says_although_a_later_one_counts() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    let first = a_score(&server, &customer, "B", "2026-12-31");
    server.advance(chrono::TimeDelta::seconds(1));
    let second = a_score(&server, &customer, "C", "2026-12-31");
    let client = server.with_everything();
    let collection = format!("/v1/customers/{customer}/scores");
    let path = format!("{collection}/{}", first.id());
    assert_eq!(
        second.header("location"),
        Some(format!("{collection}/{}", second.id()).as_str())
    );
    assert_eq!(client.get(&path).expect(200).json(), first.json());
    let listed = client.get(&collection).expect(200).items();
    assert_eq!(json!(listed), json!([second.json(), first.json()]));
}

#[test]
fn a_score_of_another_customer_is_not_found() {
    let server = TestServer::start();
    let (customer, other) = (a_customer(&server).id(), a_customer(&server).id());
    let score = a_score(&server, &customer, "B", "2026-12-31").id();
    let client = server.with_everything();
    for nothing in [
        format!("/v1/customers/{other}/scores/{score}"),
        format!("/v1/customers/{customer}/scores/{customer}"),
    ] {
        client.get(&nothing).expect_problem("not_found");
    }
}

#[test]
fn a_score_is_of_today_or_earlier_and_holds_at_least_for_its_day() {
    let server = TestServer::start();
    let path = format!("/v1/customers/{}/scores", a_customer(&server).id());
    let client = server.with_everything();
    for (scored_on, valid_until, pointer) in [
        ("2026-03-03", "2026-12-31", "#/scored_on"),
        ("2026-03-02", "2026-03-01", "#/valid_until"),
    ] {
        let body = json!({
            "grade": "B", "scored_on": scored_on, "valid_until": valid_until, "source": "年度评级",
        });
        let refused = client
            .post(&path, &body)
            .expect_problem("validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}
