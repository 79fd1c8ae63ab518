//! Request bodies: what is not exactly what the document says is refused, with words that help
//! and never repeat what was sent.

use serde_json::{Value, json};

use crate::support::actors::SALES;
use crate::support::{Answer, Client, TestServer, a_customer, customer_body};

const PATH: &str = "/v1/customers";
const JSON: &str = "application/json";

fn post(client: &Client, body: impl Into<Vec<u8>>) -> Answer {
    client.call("POST", PATH).body(JSON, body).send()
}

#[test]
fn a_body_that_is_no_json_is_malformed() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let valid = customer_body(SALES).to_string();
    let bodies: [Vec<u8>; 10] = [
        b"".to_vec(),
        b"{".to_vec(),
        b"{\"name\": }".to_vec(),
        b"name=x".to_vec(),
        b"{'name': 'x'}".to_vec(),
        b"{\"name\": \"\xff\xfe\"}".to_vec(),
        b"{\"name\": \"\\ud800\"}".to_vec(),
        b"{\"name\": 1e}".to_vec(),
        format!("{valid} {valid}").into_bytes(),
        format!("\u{feff}{valid}").into_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = post(&client, body);
        assert_eq!(
            answer.json()["code"],
            "malformed_body",
            "{shown}: {}",
            answer.text()
        );
    }
    assert_eq!(server.number("SELECT count(*) FROM customers"), 0);
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    for body in ["[]", "null", "1", "\"text\"", "true"] {
        let answer = post(&client, body);
        assert_eq!(
            answer.json()["code"],
            "invalid_field",
            "{body}: {}",
            answer.text()
        );
    }
}

#[test]
fn a_body_may_be_nested_only_so_deep() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    post(&client, nested(33)).expect_problem("malformed_body");
    post(&client, nested(20_000)).expect_problem("malformed_body");
    post(&client, nested(32)).expect_problem("invalid_field");
}

#[test]
fn a_body_may_be_only_so_large() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let limit = 64 * 1024;
    let padded = |size: usize| {
        let body = customer_body(SALES).to_string();
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    post(&client, padded(limit)).expect(201);
    post(&client, padded(limit + 1)).expect_problem("body_too_large");
    assert_eq!(server.number("SELECT count(*) FROM customers"), 1);
}

#[test]
fn the_content_type_has_to_be_the_documented_one() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    let body = customer_body(SALES).to_string();
    for content_type in [
        "",
        "text/plain",
        "application/xml",
        "application/merge-patch+json",
        "application/jsonp",
        "application/x-www-form-urlencoded",
    ] {
        let call = client.call("POST", PATH).body(content_type, body.clone());
        let answer = call.expect_problem("unsupported_media_type");
        assert_eq!(answer.header("accept-post"), Some(JSON), "{content_type}");
    }
    let encoded = client
        .call("POST", PATH)
        .body(JSON, body.clone())
        .header("Content-Encoding", "gzip");
    encoded.expect_problem("unsupported_media_type");
    client
        .call("POST", PATH)
        .body("Application/JSON; charset=utf-8", body)
        .expect(201);

    let customer = a_customer(server);
    let path = format!("{PATH}/{}", customer.id());
    let patch = client
        .call("PATCH", &path)
        .header("If-Match", "*")
        .body(JSON, "{}");
    let answer = patch.expect_problem("unsupported_media_type");
    assert_eq!(
        answer.header("accept-patch"),
        Some("application/merge-patch+json")
    );
}

#[test]
fn every_field_that_does_not_belong_is_named() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    // What a caller might try to set although the service decides it.
    for field in [
        "id",
        "version",
        "created_at",
        "updated_at",
        "status",
        "bucket",
        "similar_customers",
        "nmae",
        "__proto__",
        "",
    ] {
        let mut body = customer_body(SALES);
        body[field] = json!(1);
        let answer = client.post(PATH, &body).expect_problem("unknown_field");
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("#/{field}"));
    }
    let mut body = customer_body(SALES);
    body["contacts"] = json!([{"name": "甲", "nonsense/~": 1}]);
    let answer = client.post(PATH, &body).expect_problem("unknown_field");
    assert_eq!(
        answer.json()["errors"][0]["pointer"],
        "#/contacts/0/nonsense~1~0"
    );
}

#[test]
fn a_field_of_the_wrong_type_is_named_and_its_value_never_repeated() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    let secret = "13912345678";
    let wrong: [(&str, Value, &str); 12] = [
        ("name", json!(13_912_345_678_u64), "#/name"),
        ("name", json!([secret]), "#/name"),
        ("name", json!({ "a": secret }), "#/name"),
        ("name", json!(null), "#/name"),
        ("kind", json!(secret), "#/kind"),
        ("roles", json!(secret), "#/roles"),
        ("roles", json!(["buyer", secret]), "#/roles/1"),
        ("org_path", json!(format!("UPPER/{secret}")), "#/org_path"),
        (
            "contacts",
            json!([{"name": "甲", "phone": {"is": secret}}]),
            "#/contacts/0/phone",
        ),
        ("established_on", json!(secret), "#/established_on"),
        (
            "registered_capital",
            json!({"amount": 139_123.456_78, "currency": "CNY"}),
            "#/registered_capital/amount",
        ),
        (
            "registered_capital",
            json!({"amount": "1.00", "currency": secret}),
            "#/registered_capital/currency",
        ),
    ];
    for (field, value, pointer) in wrong {
        let mut body = customer_body(SALES);
        body[field] = value;
        let answer = client.post(PATH, &body).expect_problem("invalid_field");
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            pointer,
            "{}",
            answer.text()
        );
        let told = answer.text();
        assert!(
            !told.contains(secret) && !told.contains("139123.4"),
            "{told}"
        );
    }
}

#[test]
fn a_missing_field_is_named() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    for field in ["name", "kind", "org_path", "roles"] {
        let mut body = customer_body(SALES);
        body.as_object_mut().unwrap().remove(field);
        let answer = client.post(PATH, &body).expect_problem("invalid_field");
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("#/{field}"));
    }
}

#[test]
fn the_same_member_twice_is_refused() {
    let server = TestServer::start();
    let client = server.as_tier("account_manager");
    let body = customer_body(SALES).to_string();
    let twice = format!("{},\"kind\":\"individual\"}}", &body[..body.len() - 1]);
    let answer = post(&client, twice);
    assert_eq!(answer.status, 400, "{}", answer.text());
    let inner = r#"[{"name":"甲","name":"乙"}]"#;
    let nested = format!("{},\"contacts\":{inner}}}", &body[..body.len() - 1]);
    assert_eq!(post(&client, nested).status, 400);
    assert_eq!(server.number("SELECT count(*) FROM customers"), 0);
}

#[test]
fn texts_hold_no_control_characters_and_fit() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    for name in [
        "",
        " ",
        "\u{3000}",
        "a\u{0}b",
        "a\nb",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{200b}b",
        "a\u{202e}b",
        &"长".repeat(201),
    ] {
        let mut body = customer_body(SALES);
        body["name"] = name.into();
        let answer = client.post(PATH, &body).expect_problem("invalid_field");
        assert_eq!(answer.json()["errors"][0]["pointer"], "#/name", "{name:?}");
    }
    let mut body = customer_body(SALES);
    let longest = format!("{}{}", "长".repeat(198), "𠮷é");
    body["name"] = longest.clone().into();
    let made = client.post(PATH, &body).expect(201);
    assert_eq!(made.field("name"), longest);
}

#[test]
fn rules_are_reported_together_and_in_the_language_of_the_caller() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    let mut body = customer_body(SALES);
    body["roles"] = json!([]);
    body["name"] = "王**".into();
    let english = client.post(PATH, &body).expect_problem("validation_failed");
    let mut pointers: Vec<Value> = english.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    pointers.sort_by_key(Value::to_string);
    assert_eq!(pointers, ["#/name", "#/roles"]);
    let call = client.post(PATH, &body).header("Accept-Language", "zh-CN");
    let chinese = call.expect_problem("validation_failed");
    assert!(
        chinese.text().contains("需要 1 至 5 个角色"),
        "{}",
        chinese.text()
    );
    assert_eq!(chinese.json()["title"], "取值不可接受");
}

#[test]
fn hostile_texts_come_back_as_they_went_in() {
    let server = TestServer::shared();
    let client = server.as_tier("account_manager");
    for name in [
        "'; DROP TABLE customers; --",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "%s%n${jndi:ldap://x}",
        "\\u0000 \\ \" /",
    ] {
        let mut body = customer_body(SALES);
        body["name"] = name.into();
        let made = client.post(PATH, &body).expect(201);
        assert_eq!(made.field("name"), name);
        assert_eq!(made.header("content-type"), Some(JSON));
    }
}
