//! The contract: the checked-in document is what the service says of itself, it is complete, its
//! examples are true, and the routes that live are the routes that are documented.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shouxin::platform::http::openapi;
use shouxin::routes;

use crate::support::TestServer;
use crate::support::document::{
    Documented, OPEN, READS_BY_POST, document, operations, resolve, violations,
};

#[test]
fn checked_in_document_is_what_the_service_says() {
    assert_checked_in(
        "openapi/openapi.json",
        &openapi::text(routes::operations()),
        "cargo run -- openapi > openapi/openapi.json",
    );
}

#[test]
fn checked_in_permissions_are_what_the_code_asks_for() {
    assert_checked_in(
        "openapi/permissions.txt",
        &openapi::permissions(routes::operations()),
        "cargo run -- openapi --permissions > openapi/permissions.txt",
    );
}

/// Compares a checked-in file with what generates it.
///
/// `SHOUXIN_UPDATE=1 cargo test` writes the files anew instead of complaining.
pub fn assert_checked_in(file: &str, expected: &str, command: &str) {
    let path = in_package(file);
    #[expect(
        clippy::disallowed_methods,
        reason = "the wish to update comes from the developer's shell"
    )]
    let update = std::env::var_os("SHOUXIN_UPDATE").is_some();
    if update {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = found
        .lines()
        .zip(expected.lines())
        .position(|(one, other)| one != other)
        .unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
    assert!(
        found == expected,
        "{file} is out of date from line {}: run `{command}` and read the difference",
        difference + 1
    );
}

fn in_package(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[test]
fn operation_ids_are_unique_function_names() {
    let mut seen = BTreeSet::new();
    for operation in operations() {
        let id = &operation.id;
        let camel = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(
            camel,
            "{} {} has the id {id:?}",
            operation.method, operation.path
        );
        assert!(seen.insert(id), "two operations are called {id}");
    }
}

#[test]
fn every_operation_is_described_and_asks_for_a_scope() {
    let scopes = &document()["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
        ["scopes"];
    let tags: Vec<&Value> = document()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    for operation in operations() {
        let Documented { id, object, .. } = operation;
        for member in ["summary", "description"] {
            let words = object[member].as_str().unwrap_or("");
            assert!(!words.trim().is_empty(), "{id} has no {member}");
        }
        let own = object["tags"].as_array().unwrap();
        assert!(
            own.len() == 1 && tags.contains(&&own[0]),
            "{id} needs one known tag"
        );
        match &operation.scope {
            Some(scope) => assert!(scopes[scope].is_string(), "{id} asks for unknown {scope}"),
            None => assert!(OPEN.contains(&id.as_str()), "{id} is open to everybody"),
        }
    }
    for open in OPEN {
        assert!(
            operations().iter().any(|operation| operation.id == *open),
            "{open} is gone"
        );
    }
}

#[test]
fn every_operation_documents_success_and_problems() {
    for operation in operations() {
        let id = &operation.id;
        let responses = operation.object["responses"].as_object().unwrap();
        let succeeds = responses.keys().any(|status| status.starts_with('2'));
        assert!(succeeds, "{id} never succeeds");
        let mut expected = vec!["406", "414", "429", "431", "500"];
        if operation.scope.is_some() {
            expected.extend(["401", "403", "503"]);
        }
        if operation.path.contains('{') {
            expected.push("404");
        }
        if operation.body().is_some() {
            expected.extend(["400", "413", "415", "422"]);
        }
        for status in expected {
            assert!(
                responses.contains_key(status),
                "{id} does not document {status}"
            );
        }
        for (status, response) in responses {
            assert!(
                response["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{id} {status} has no description"
            );
            if status.starts_with(['4', '5']) {
                let content = response["content"].as_object().unwrap();
                assert_eq!(
                    content.keys().collect::<Vec<_>>(),
                    ["application/problem+json"],
                    "{id} {status}"
                );
                assert_eq!(
                    content["application/problem+json"]["schema"],
                    json!({"$ref": "#/components/schemas/Problem"}),
                    "{id} {status}"
                );
            }
        }
    }
}

#[test]
fn every_write_can_be_repeated_under_a_key() {
    for operation in operations().iter().filter(|operation| operation.is_write()) {
        if matches!(operation.method.as_str(), "POST" | "PATCH") {
            let key = operation.parameter("header", "Idempotency-Key");
            assert!(
                key.is_some(),
                "{} does not document Idempotency-Key",
                operation.id
            );
            let replayed = operation.object["responses"]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(status, _)| status.starts_with('2'))
                .all(|(_, response)| response["headers"]["Idempotent-Replayed"].is_object());
            assert!(
                replayed,
                "{} does not document Idempotent-Replayed",
                operation.id
            );
        }
    }
    for name in READS_BY_POST {
        let operation = operations().iter().find(|operation| operation.id == *name);
        let operation = operation.unwrap_or_else(|| panic!("{name} is gone"));
        assert_eq!(operation.method, "POST");
        assert!(operation.parameter("header", "Idempotency-Key").is_none());
    }
}

#[test]
fn every_patch_asks_for_if_match() {
    for operation in operations()
        .iter()
        .filter(|operation| operation.method == "PATCH")
    {
        assert!(
            operation.parameter("header", "If-Match").is_some(),
            "{}",
            operation.id
        );
        for status in ["412", "428"] {
            assert!(
                operation.object["responses"][status].is_object(),
                "{}",
                operation.id
            );
        }
    }
}

/// What is one of several things says which; what may be null says that alone.
#[test]
fn no_answer_leaves_it_to_the_reader_which_of_several_shapes_it_has() {
    fn walk(place: &str, value: &Value, wrong: &mut Vec<String>) {
        for word in ["oneOf", "anyOf"] {
            let Some(shapes) = value[word].as_array() else {
                continue;
            };
            let of_their_own = shapes.iter().filter(|one| one["type"] != "null").count();
            if of_their_own > 1 && !value["discriminator"].is_object() {
                wrong.push(format!("{place}/{word}"));
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    walk(&format!("{place}/{name}"), member, wrong);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(place, item, wrong)),
            _ => {}
        }
    }
    let mut wrong = Vec::new();
    walk("#", &document()["components"]["schemas"], &mut wrong);
    for operation in operations() {
        walk(&operation.id, &operation.object["responses"], &mut wrong);
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_example_is_valid_under_its_schema() {
    let mut found = Vec::new();
    collect_examples(document(), "#", &mut found);
    assert!(
        found.len() > operations().len(),
        "the examples were not found"
    );
    let mut wrong = Vec::new();
    for (place, schema, example) in found {
        let problems = violations(&schema, &example);
        if !problems.is_empty() {
            wrong.push(format!("{place}: {problems:?}"));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "{} examples are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_request_body_and_successful_answer_has_an_example() {
    for operation in operations() {
        let id = &operation.id;
        if let Some((_, example)) = operation.body() {
            assert!(example.is_object(), "the body of {id} has no example");
        }
        for (status, response) in operation.object["responses"].as_object().unwrap() {
            for media in response["content"]
                .as_object()
                .into_iter()
                .flat_map(|map| map.values())
            {
                let some = media["example"].is_object() || media["examples"].is_object();
                assert!(some, "{id} {status} has no example");
            }
        }
    }
}

/// Examples with the schema they stand at: of media types, parameters, headers and schemas.
fn collect_examples(node: &Value, place: &str, found: &mut Vec<(String, Value, Value)>) {
    match node {
        Value::Object(object) => {
            let schema = match object.get("schema") {
                Some(schema) => schema.clone(),
                None => node.clone(),
            };
            let mut add = |example: &Value| {
                found.push((place.to_owned(), schema.clone(), example.clone()));
            };
            if let Some(example) = object.get("example") {
                add(example);
            }
            match object.get("examples") {
                Some(Value::Array(list)) => list.iter().for_each(&mut add),
                Some(Value::Object(named)) if object.contains_key("schema") => {
                    for mut example in named.values().cloned() {
                        resolve(&mut example);
                        add(&example["value"]);
                    }
                }
                _ => {}
            }
            for (name, member) in object {
                if !matches!(name.as_str(), "example" | "examples" | "default" | "enum") {
                    collect_examples(member, &format!("{place}/{name}"), found);
                }
            }
        }
        Value::Array(list) => {
            for (index, member) in list.iter().enumerate() {
                collect_examples(member, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_served_document_is_the_checked_in_one() {
    let server = TestServer::shared();
    let nobody = server.as_nobody();
    let served = nobody.get("/openapi.json").expect(200);
    assert_eq!(served.text(), openapi::text(routes::operations()));
    let again = nobody
        .get("/openapi.json")
        .header("If-None-Match", &served.etag())
        .expect(304);
    assert!(again.body.is_empty());
}

#[test]
fn documented_routes_live_and_no_others() {
    let server = TestServer::shared();
    let everybody = server.with_everything();
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for operation in operations() {
        methods
            .entry(&operation.path)
            .or_default()
            .insert(&operation.method);
    }
    for (path, documented) in methods {
        let operation = operations().iter().find(|one| one.path == path).unwrap();
        let address = operation.path_to_nothing();
        let mut allowed: BTreeSet<String> = documented.iter().map(|&one| one.to_owned()).collect();
        allowed.insert("OPTIONS".to_owned());
        if documented.contains("GET") {
            allowed.insert("HEAD".to_owned());
        }
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "BREW",
        ] {
            let answer = everybody.call(method, &address).send();
            if allowed.contains(method) {
                assert_ne!(answer.status, 405, "{method} {path} is documented");
            } else {
                assert_eq!(answer.status, 405, "{method} {path} is not documented");
                assert_eq!(listed(answer.header("allow")), allowed, "{method} {path}");
            }
        }
        let options = server.as_nobody().call("OPTIONS", &address).expect(204);
        assert_eq!(listed(options.header("allow")), allowed, "OPTIONS {path}");
    }
}

fn listed(header: Option<&str>) -> BTreeSet<String> {
    header
        .expect("an Allow header")
        .split(',')
        .map(|method| method.trim().to_owned())
        .collect()
}

#[test]
fn unknown_paths_are_not_found() {
    let server = TestServer::shared();
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/customers",
        "/v1/customers/",
        "/v1/nothing",
        "/v1//customers",
        "/admin",
    ] {
        for client in [server.as_nobody(), server.with_everything()] {
            for method in ["GET", "POST", "DELETE"] {
                client.call(method, path).expect_problem("not_found");
            }
        }
    }
}
