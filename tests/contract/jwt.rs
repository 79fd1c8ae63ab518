//! Tokens over the wire. The long list of hostile tokens stands with the verifier; here is what
//! only a whole request can show.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use shouxin::auth::scopes;

use crate::support::actors::Identity;
use crate::support::{Answer, TestServer};

const PATH: &str = "/v1/customers";

fn auditor() -> Identity {
    Identity {
        subject: "auditor".to_owned(),
        client_id: "tests".to_owned(),
        scopes: scopes::tier("auditor")
            .unwrap()
            .scopes()
            .map(str::to_owned)
            .collect(),
        org_path: "head-office".to_owned(),
        customer_id: None,
    }
}

/// All refusals look alike: the reason is for the operator.
fn assert_rejected(answer: Answer, what: &str) {
    let answer = answer.expect_problem("invalid_token");
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    let plain = json!({
        "type": "/v1/problems/invalid_token", "title": "The token is not accepted", "status": 401,
        "code": "invalid_token", "request_id": null,
    });
    assert_eq!(body, plain, "{what}");
    let challenge = r#"Bearer realm="shouxin", error="invalid_token""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{what}");
}

#[test]
fn a_token_is_taken_from_one_authorization_header_and_nowhere_else() {
    let server = TestServer::shared();
    let token = auditor().token(server.now());
    let nobody = server.as_nobody();
    let with = |value: &str| nobody.get(PATH).header("Authorization", value);
    with(&format!("Bearer {token}")).expect(200);
    with(&format!("bEARER   {token}")).expect(200);

    nobody
        .get(&format!("{PATH}?access_token={token}"))
        .expect_problem("unauthenticated");
    nobody
        .get(PATH)
        .header("X-Access-Token", &token)
        .expect_problem("unauthenticated");
    nobody
        .get(PATH)
        .header("Cookie", &format!("access_token={token}"))
        .expect_problem("unauthenticated");
    let form = nobody.call("POST", PATH).body(
        "application/x-www-form-urlencoded",
        format!("access_token={token}"),
    );
    form.expect_problem("unauthenticated");

    let twice =
        with(&format!("Bearer {token}")).header("Authorization", &format!("Bearer {token}"));
    assert_rejected(twice.send(), "two headers");
    for value in [
        token.clone(),
        "Basic dXNlcjpwYXNz".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {token} and more"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Token {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer {token}="),
        format!("Bearer \"{token}\""),
    ] {
        assert_rejected(with(&value).send(), &value);
    }
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    let server = TestServer::start();
    let client = server.with_token(&auditor().token(server.now()));
    client.get(PATH).expect(200);
    server.advance(TimeDelta::minutes(15));
    client.get(PATH).expect(200);
    server.advance(TimeDelta::seconds(29));
    client.get(PATH).expect(200);
    server.advance(TimeDelta::seconds(1));
    assert_rejected(
        client.get(PATH).send(),
        "expired, and the clocks do not differ by that much",
    );
}

#[test]
fn a_token_from_the_future_is_not_valid_yet() {
    let server = TestServer::start();
    let early = server.with_token(&auditor().token(server.now() + TimeDelta::seconds(31)));
    assert_rejected(early.get(PATH).send(), "issued in the future");
    server.advance(TimeDelta::seconds(1));
    early.get(PATH).expect(200);
}

#[test]
fn a_token_that_was_changed_is_refused() {
    let server = TestServer::shared();
    let token = auditor().token(server.now());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("a token has three parts");
    };
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["scope"] = "customers:read customers:write".into();
    let wider = URL_SAFE_NO_PAD.encode(claims.to_string());
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
    let other = auditor_of_another_service(&claims);
    for (what, changed) in [
        ("another payload", format!("{header}.{wider}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{token}.{signature}")),
        ("alg none", format!("{none}.{payload}.")),
        (
            "alg none with a signature",
            format!("{none}.{payload}.{signature}"),
        ),
        ("another audience", format!("{header}.{other}.{signature}")),
        ("a whitespace token", "a.b.c".to_owned()),
        (
            "a very long token",
            format!("{header}.{}.{signature}", "A".repeat(6000)),
        ),
    ] {
        assert_rejected(server.with_token(&changed).get(PATH).send(), what);
    }
}

fn auditor_of_another_service(claims: &Value) -> String {
    let mut claims = claims.clone();
    claims["aud"] = "another-service".into();
    URL_SAFE_NO_PAD.encode(claims.to_string())
}

#[test]
fn scopes_are_whole_words() {
    let server = TestServer::shared();
    for scopes in [
        &["customers:readonly"][..],
        &["customers"],
        &["Customers:Read"],
        &["customers:rea", "d"],
        &["customers:*"],
        &["*"],
    ] {
        let client = server.with(scopes, "head-office", "almost");
        client.get(PATH).expect_problem("insufficient_scope");
    }
}

#[test]
fn readiness_does_not_depend_on_a_token() {
    let server = TestServer::start();
    let answer = server.as_nobody().get("/readyz").expect(200);
    assert_eq!(answer.json()["checks"]["keys"], "ok");
}
