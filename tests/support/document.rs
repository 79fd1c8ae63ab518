//! The OpenAPI document as the tests use it: they are driven by it, so that a new operation
//! cannot be forgotten, and every answer is held against it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use shouxin::platform::http::openapi;
use shouxin::routes;

use super::client::{Answer, Call, Client};

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Documented {
    pub id: String,
    /// Upper case.
    pub method: String,
    /// Template, such as `/v1/customers/{customer_id}`.
    pub path: String,
    /// Scope it needs; `None` where it is open to everybody.
    pub scope: Option<String>,
    pub object: Value,
}

/// The document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    super::watch::begin();
    DOCUMENT.get_or_init(|| openapi::document(routes::operations()))
}

/// Every operation of the document.
pub fn operations() -> &'static [Documented] {
    static OPERATIONS: OnceLock<Vec<Documented>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let paths = document()["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object()
                    .unwrap()
                    .iter()
                    .map(move |(method, object)| Documented {
                        id: object["operationId"].as_str().unwrap_or("").to_owned(),
                        method: method.to_ascii_uppercase(),
                        path: path.clone(),
                        scope: object["security"][0]["oauth2"][0]
                            .as_str()
                            .map(str::to_owned),
                        object: written_out(object),
                    })
            })
            .collect()
    })
}

/// The operation with its shared answers and examples in their places.
fn written_out(object: &Value) -> Value {
    let mut object = object.clone();
    for answer in object["responses"].as_object_mut().unwrap().values_mut() {
        resolve(answer);
        for media in answer["content"].as_object_mut().into_iter().flatten() {
            let examples = media.1.get_mut("examples").and_then(Value::as_object_mut);
            examples
                .into_iter()
                .flatten()
                .for_each(|one| resolve(one.1));
        }
    }
    object
}

/// Puts what a reference leads to in its place.
pub fn resolve(value: &mut Value) {
    if let Some(target) = value["$ref"].as_str() {
        let found = document().pointer(target.trim_start_matches('#'));
        *value = found
            .unwrap_or_else(|| panic!("{target} leads nowhere"))
            .clone();
    }
}

/// Operations that need a token.
pub fn guarded() -> impl Iterator<Item = &'static Documented> {
    operations()
        .iter()
        .filter(|operation| operation.scope.is_some())
}

/// Operations that are open to everybody.
pub const OPEN: &[&str] = &["getProblemCode", "listProblemCodes"];

/// Operations that POST only because their criteria should not stand in an address. They change
/// nothing, so they take no key and leave no audit entry.
pub const READS_BY_POST: &[&str] = &["runCreditCheck", "searchCustomers", "simulateApproval"];

impl Documented {
    /// Whether it changes something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !READS_BY_POST.contains(&self.id.as_str())
    }

    pub fn parameters(&self) -> &[Value] {
        self.object["parameters"]
            .as_array()
            .map_or(&[], Vec::as_slice)
    }

    pub fn parameter(&self, place: &str, name: &str) -> Option<&Value> {
        self.parameters()
            .iter()
            .find(|parameter| parameter["in"] == place && parameter["name"] == name)
    }

    /// Whether it refuses requests without an `Idempotency-Key`.
    pub fn requires_key(&self) -> bool {
        self.parameter("header", "Idempotency-Key")
            .is_some_and(|parameter| parameter["required"] == true)
    }

    /// What it makes of `If-Match`: `required`, `decision` (required, or the approval in the body),
    /// `honoured` where one is sent, or `none`.
    pub fn precondition(&self) -> &'static str {
        let required = self.object["responses"]["428"].is_object();
        match (self.parameter("header", "If-Match"), required) {
            (None, _) => "none",
            (Some(_), false) => "honoured",
            (Some(_), true) if self.method == "PATCH" => "required",
            (Some(_), true) => "decision",
        }
    }

    /// The thing its path identifies, such as `customer` for `customer_id`.
    pub fn noun(&self) -> Option<&str> {
        self.path
            .split(['{', '}'])
            .nth(1)
            .and_then(|name| name.strip_suffix("_id"))
    }

    /// The path with `value` in place of its first parameter; further ones name nothing.
    pub fn path_with(&self, value: &str) -> String {
        let mut values = std::iter::once(value).chain(std::iter::repeat(NOTHING));
        self.path
            .split('/')
            .map(|part| match part.strip_prefix('{') {
                Some(_) => values.next().unwrap_or(NOTHING),
                None => part,
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    /// The path with an identifier that names nothing.
    pub fn path_to_nothing(&self) -> String {
        self.path_with(if self.noun().is_some() {
            NOTHING
        } else {
            "no_such_code"
        })
    }

    /// A request with everything the document asks for: its example as the body, its required
    /// query parameters, and `If-Match` for whatever is there.
    pub fn request(&'static self, client: &Client, path: &str) -> Call {
        let query: Vec<String> = self
            .parameters()
            .iter()
            .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
            .map(|parameter| {
                let example = &parameter["example"];
                let text = example.as_str().map_or(example.to_string(), str::to_owned);
                format!("{}={text}", parameter["name"].as_str().unwrap())
            })
            .collect();
        let address = match query.as_slice() {
            [] => path.to_owned(),
            query => format!("{path}?{}", query.join("&")),
        };
        let call = client.call(&self.method, &address);
        let call = match self.body() {
            Some((media_type, example)) => call.body(media_type, example.to_string()),
            None => call,
        };
        match self.precondition() {
            "none" => call,
            // Whatever is there is not what somebody decided about.
            "decision" => call.header("If-Match", "\"1-0000000000000000\""),
            _ => call.header("If-Match", "*"),
        }
    }

    /// Content type and example of the request body.
    pub fn body(&'static self) -> Option<(&'static str, &'static Value)> {
        let content = self.object["requestBody"]["content"].as_object()?;
        let (media_type, media) = content.iter().next()?;
        Some((media_type.as_str(), &media["example"]))
    }
}

/// A well-formed identifier that names nothing.
pub const NOTHING: &str = "01940c9e-7a3b-7d2c-8f00-000000000000";

/// What is wrong with `value` under `schema`, references being into the document.
pub fn violations(schema: &Value, value: &Value) -> Vec<String> {
    static VALIDATORS: OnceLock<Mutex<BTreeMap<String, Arc<Validator>>>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(Mutex::default);
    let name = schema.to_string();
    let mut known = validators.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = known
        .entry(name)
        .or_insert_with(|| {
            let whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [schema],
                "components": document()["components"],
            });
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&whole)
                .unwrap_or_else(|error| panic!("{error} in {schema}"));
            Arc::new(validator)
        })
        .clone();
    drop(known);
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Ends the test when an answer is not one that the document promises.
#[track_caller]
pub fn assert_documented(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = operation_at(method, path) else {
        return;
    };
    let status = answer.status.to_string();
    // 304 is what a conditional read answers instead of the documented 200.
    if status == "304" {
        return;
    }
    let response = &operation.object["responses"][&status];
    assert!(
        response.is_object(),
        "{} answers {status}, which is not documented: {}",
        operation.id,
        answer.text()
    );
    for name in required_headers(response) {
        assert!(
            answer.headers.contains_key(&name),
            "{} answers {status} without the documented {name}",
            operation.id
        );
    }
    if method == "HEAD" {
        return;
    }
    let content = response["content"].as_object().cloned().unwrap_or_default();
    assert_body(operation, answer, &content);
}

fn assert_body(operation: &Documented, answer: &Answer, content: &Map<String, Value>) {
    let Some(media_type) = answer.header("content-type") else {
        assert!(
            content.is_empty(),
            "{} answers without a body",
            operation.id
        );
        return;
    };
    // The document names the kind; how the text is encoded stands in the answer only.
    let kind = media_type.split(';').next().unwrap_or(media_type);
    let media = content.get(kind).unwrap_or_else(|| {
        panic!(
            "{} answers {media_type}, which is not documented",
            operation.id
        )
    });
    if kind == "text/csv" {
        assert_file(operation, answer, media_type, &media["schema"]);
        return;
    }
    if media_type == "application/problem+json" {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(
            media["examples"][&code].is_object(),
            "{} answers {code}, which is not documented",
            operation.id
        );
    }
    let problems = violations(&media["schema"], &answer.json());
    assert!(
        problems.is_empty(),
        "{} answers {} against its schema: {problems:#?}\n{}",
        operation.id,
        answer.status,
        answer.text()
    );
}

/// Ends the test when a CSV file is not what RFC 4180 and its documented columns promise.
fn assert_file(operation: &Documented, answer: &Answer, media_type: &str, schema: &Value) {
    let id = &operation.id;
    assert_eq!(
        media_type, "text/csv; charset=utf-8; header=present",
        "{id}"
    );
    assert!(answer.header("content-disposition").is_some(), "{id}");
    let text = std::str::from_utf8(&answer.body).unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(
        violations(schema, &json!(text)),
        Vec::<String>::new(),
        "{id}"
    );
    assert!(text.ends_with("\r\n"), "{id}: the last line has no end");
    let columns: Vec<&str> = schema["x-csv-columns"]
        .as_array()
        .unwrap_or_else(|| panic!("{id} does not document its columns"))
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), columns, "{id}");
    for record in reader.records() {
        let record = record.unwrap_or_else(|error| panic!("{id}: {error}"));
        for cell in &record {
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let number = cell.trim_start_matches('-').replacen('.', "", 1);
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            assert!(!formula || is_number, "{id} has a cell that runs: {cell}");
        }
    }
}

/// Headers that an answer always has; the others depend on the caller or on the quota.
fn required_headers(response: &Value) -> Vec<String> {
    const SOMETIMES: &[&str] = &[
        "Access-Control-Allow-Origin",
        "Content-Disposition",
        "Idempotent-Replayed",
        "Link",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "WWW-Authenticate",
    ];
    let headers = response["headers"].as_object().cloned().unwrap_or_default();
    headers
        .keys()
        .filter(|name| !SOMETIMES.contains(&name.as_str()))
        .cloned()
        .collect()
}

/// The operation that a request is for.
pub fn operation_at(method: &str, path: &str) -> Option<&'static Documented> {
    let method = if method == "HEAD" { "GET" } else { method };
    let path = path.split('?').next()?;
    operations()
        .iter()
        .find(|operation| operation.method == method && matches(&operation.path, path))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) if one.starts_with('{') && !other.is_empty() => {}
            _ => return false,
        }
    }
}
