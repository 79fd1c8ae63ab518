//! Query parameters: known ones, once, in the documented form.

use serde_json::json;

use crate::support::document::{document, operations};
use crate::support::{TestServer, a_customer};

/// Spellings of numbers that some parsers take and others do not.
const NO_PAGE_SIZES: &[&str] = &[
    "0",
    "-1",
    "1e0",
    "%201",
    "1%20",
    "%2B1",
    "+1",
    "%D9%A3",
    "01",
    "1.0",
    "0x10",
    "",
    "ten",
    "99999999999999999999",
    "1_0",
    "1,0",
    "null",
    "%EF%BC%91",
];

#[test]
fn page_sizes_are_plain_numbers_up_to_the_documented_most() {
    let server = TestServer::shared();
    let client = server.with_everything();
    for operation in operations()
        .iter()
        .filter(|one| one.parameter("query", "limit").is_some())
    {
        let id = (operation.noun() == Some("customer")).then(|| a_customer(server).id());
        let path = operation.path_with(id.as_deref().unwrap_or("none"));
        if path.contains("/none") {
            continue;
        }
        let most = operation.parameter("query", "limit").unwrap()["schema"]["maximum"].clone();
        let more = (most.as_i64().unwrap() + 1).to_string();
        for wrong in NO_PAGE_SIZES.iter().copied().chain([more.as_str()]) {
            let answer = client.get(&format!("{path}?limit={wrong}")).send();
            assert_eq!(
                answer.status,
                400,
                "{path}?limit={wrong}: {}",
                answer.text()
            );
            assert_eq!(
                answer.json()["code"],
                "invalid_parameter",
                "{path}?limit={wrong}"
            );
        }
        for fine in ["1", "9", "10", "50", "200", &most.to_string()] {
            client.get(&format!("{path}?limit={fine}")).expect(200);
        }
    }
}

#[test]
fn unknown_parameters_are_refused_by_name_on_every_read() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let id = a_customer(server).id();
    for operation in operations()
        .iter()
        .filter(|one| one.method == "GET" && one.scope.is_some())
    {
        if !matches!(operation.noun(), None | Some("customer")) || operation.path.contains("{code}")
        {
            continue;
        }
        if !operation
            .parameters()
            .iter()
            .any(|parameter| parameter["in"] == "query")
        {
            continue;
        }
        for name in ["nonsense", "Limit", "limit[]", "__proto__", "page"] {
            let path = format!("{}?{name}=1", operation.path_with(&id));
            let answer = client.get(&path).expect_problem("unknown_parameter");
            assert_eq!(answer.json()["errors"][0]["parameter"], name, "{path}");
        }
    }
}

#[test]
fn a_parameter_given_twice_is_refused_by_name() {
    let server = TestServer::shared();
    let client = server.with_everything();
    for (query, name) in [
        ("limit=1&limit=2", "limit"),
        ("kind=company&kind=company", "kind"),
    ] {
        let answer = client
            .get(&format!("/v1/customers?{query}"))
            .expect_problem("invalid_parameter");
        assert_eq!(answer.json()["errors"][0]["parameter"], name);
    }
}

#[test]
fn values_that_are_no_text_or_no_choice_are_refused_without_being_repeated() {
    let server = TestServer::shared();
    let client = server.with_everything();
    for query in [
        "kind=13912345678",
        "industry=%00",
        "industry=a%00b",
        "industry=%0A",
        "org_path=..%2F..",
        "org_path=A",
        "kind=",
        "industry=",
        "role=Buyer",
        "status=active%20",
    ] {
        let answer = client.get(&format!("/v1/customers?{query}")).send();
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert!(!answer.text().contains("13912345678"), "{}", answer.text());
    }
    // Bytes that are no UTF-8 are read as replacement characters and then match nothing.
    let answer = client.get("/v1/customers?industry=%FF").send();
    assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
}

#[test]
fn every_documented_choice_is_understood() {
    let server = TestServer::shared();
    let client = server.with_everything();
    for operation in operations()
        .iter()
        .filter(|one| one.method == "GET" && one.noun().is_none())
    {
        // What has to be there is a question of its own; what narrows a listing can stand alone.
        let narrowing = operation.parameters().iter();
        for parameter in narrowing.filter(|parameter| parameter["required"] != true) {
            let Some(schema) = parameter["schema"]["$ref"].as_str() else {
                continue;
            };
            let name = schema.rsplit('/').next().unwrap();
            let choices = &document()["components"]["schemas"][name]["enum"];
            let choices = choices.as_array().map_or(&[][..], Vec::as_slice);
            for choice in choices {
                let query = format!(
                    "{}={}",
                    parameter["name"].as_str().unwrap(),
                    choice.as_str().unwrap()
                );
                client
                    .get(&format!("{}?{query}", operation.path))
                    .expect(200);
            }
        }
    }
}

#[test]
fn a_moment_to_read_as_of_is_an_instant_or_a_date() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let path = format!("/v1/customers/{}", a_customer(server).id());
    for fine in [
        "2026-03-02",
        "2026-03-02T02:00:00Z",
        "2026-03-02T10:00:00%2B08:00",
    ] {
        client.get(&format!("{path}?as_of={fine}")).expect(200);
    }
    for early in ["2026-03-01", "2026-03-02T01:59:59Z"] {
        client
            .get(&format!("{path}?as_of={early}"))
            .expect_problem("not_found");
    }
    for wrong in [
        "yesterday",
        "2026-02-30",
        "2026-3-2",
        "2026-03-02T02:00:00",
        "0000-01-01",
        "+12026-03-02",
        "1e9",
        "",
    ] {
        client
            .get(&format!("{path}?as_of={wrong}"))
            .expect_problem("invalid_parameter");
    }
}

#[test]
fn addresses_may_be_only_so_long() {
    let server = TestServer::shared();
    let client = server.with_everything();
    let long = format!("/v1/customers?industry={}", "a".repeat(4100));
    client.get(&long).expect_problem("uri_too_long");
    let path = format!("/v1/{}", "a".repeat(4100));
    server.as_nobody().get(&path).expect_problem("uri_too_long");
}

#[test]
fn operations_without_parameters_refuse_any() {
    let server = TestServer::shared();
    let client = server.with_everything();
    for path in ["/v1/products/goods?colour=red", "/v1/problems?page=2"] {
        let problem = client.get(path).expect_problem("unknown_parameter").json();
        assert!(problem["errors"][0]["parameter"].is_string(), "{problem}");
    }
    client
        .post("/v1/customers?dry_run=true", &json!({}))
        .expect_problem("unknown_parameter");
}
