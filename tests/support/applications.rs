//! Applications that change lines, and what decides them: each builder works over HTTP.

use serde_json::{Value, json};

use super::{
    Answer, GOODS, TestServer, a_submitted, an_approver, approved, confirmed, reservation_body,
    somebody,
};

/// The body of an application that changes a line.
pub fn about_line(line: &str, action: &str, terms: &Value) -> Value {
    let mut body = json!({"credit_line_id": line, "action": action});
    for (field, value) in terms.as_object().expect("terms are an object") {
        body[field] = value.clone();
    }
    body
}

/// Applied for, submitted, and approved by as many other people as it takes.
pub fn carried_out(server: &TestServer, line: &str, action: &str, terms: &Value) -> Answer {
    approved(
        server,
        &a_submitted(server, &about_line(line, action, terms)),
    )
}

/// What was done, or, where it has to be applied for, what became of the application that the problem
/// names, with as many other people as it takes: the last answer, or the first that refuses.
pub fn decided(server: &TestServer, answer: Answer) -> Answer {
    let named = match answer.status {
        409 | 422 => answer.json()["apply_with"].clone(),
        _ => Value::Null,
    };
    if named.is_null() {
        return answer;
    }
    let client = server.with_everything();
    let mut last = client.post("/v1/credit-applications", &named).send();
    let path = format!(
        "/v1/credit-applications/{}",
        last.json()["id"].as_str().unwrap_or("-")
    );
    for (person, turn, body) in [
        (client, "submit", json!({})),
        (an_approver(server), "approve", json!({"step": 1})),
        (
            somebody(server, "second approver"),
            "approve",
            json!({"step": 2}),
        ),
    ] {
        let waits = last.status == 201 || last.json()["status"] == "submitted";
        if last.status > 201 || !waits {
            break;
        }
        last = person.post(&format!("{path}/{turn}"), &body).send();
    }
    last
}

/// Records the end of a membership today, whatever it answers.
pub fn leave(server: &TestServer, membership: &str) -> Answer {
    let until = server.db().today().to_string();
    let body = json!({"until": until, "evidence": "股权已转让"});
    server
        .with_everything()
        .patch(membership, "*", &body)
        .send()
}

/// The first approval of a submitted application, whatever it answers.
pub fn approve(server: &TestServer, path: &str) -> Answer {
    an_approver(server)
        .post(&format!("{path}/approve"), &json!({"step": 1}))
        .send()
}

/// Draws up an application, whatever it answers.
pub fn draw_up(server: &TestServer, body: &Value) -> Answer {
    server
        .with_everything()
        .post("/v1/credit-applications", body)
        .send()
}

/// Submits a draft, whatever it answers.
pub fn submit(server: &TestServer, draft: &Answer) -> Answer {
    let path = format!("/v1/credit-applications/{}/submit", draft.id());
    server.with_everything().post(&path, &json!({})).send()
}

/// A credit policy from today on.
pub fn a_policy(server: &TestServer, policy: &Value) -> Answer {
    a_policy_from(server, &server.db().today().to_string(), policy)
}

/// A credit policy from a day on.
pub fn a_policy_from(server: &TestServer, day: &str, policy: &Value) -> Answer {
    let body = json!({"effective_from": day, "policy": policy});
    let client = server.with_everything();
    let published = client.post("/v1/credit-policies", &body).expect(202);
    confirmed(server, published)
}

/// A score of today.
pub fn a_score(server: &TestServer, customer: &str, grade: &str, valid_until: &str) -> Answer {
    let body = json!({
        "grade": grade, "scored_on": server.db().today().to_string(), "valid_until": valid_until,
        "source": "年度评估",
    });
    let path = format!("/v1/customers/{customer}/scores");
    let analyst = somebody(server, "analyst");
    confirmed(server, analyst.post(&path, &body).send())
}

/// Asks for a reservation of [`GOODS`], whatever it answers.
pub fn reserve(server: &TestServer, customer: &str, amount: &str) -> Answer {
    server
        .with_everything()
        .post("/v1/reservations", &reservation_body(customer, amount))
        .send()
}

/// What a check says about [`GOODS`].
pub fn check(server: &TestServer, customer: &str, amount: &str) -> Value {
    let body =
        json!({"customer_id": customer, "product": GOODS, "amount": amount, "currency": "CNY"});
    server
        .with_everything()
        .post("/v1/credit-checks", &body)
        .expect(200)
        .json()
}

/// Every reason of a problem or check as `code level`.
pub fn reasons(body: &Value) -> Vec<String> {
    body["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|reason| {
            let level = reason["level"].as_str().unwrap_or("-");
            format!("{} {level}", reason["code"].as_str().expect("a code"))
        })
        .collect()
}

/// The lines of a customer as its summary shows them.
pub fn summary(server: &TestServer, customer: &str) -> Value {
    server
        .with_everything()
        .get(&format!("/v1/customers/{customer}/credit-summary"))
        .expect(200)
        .json()
}

/// The numbers of a check by their names.
pub fn numbers(list: &Value) -> Value {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                one["value"].clone(),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The checks that a problem names, each with its numbers by name.
pub fn failed_checks(problem: &Value) -> Value {
    problem["failed_checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!({"check": one["check"], "numbers": numbers(&one["numbers"])}))
        .collect()
}
