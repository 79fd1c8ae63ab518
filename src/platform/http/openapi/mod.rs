//! The OpenAPI 3.1 document: what the operations say of themselves, completed by what holds for
//! all of them.

mod audiences;
mod examples;
mod shared_parts;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::audience;
use super::operation::{Operation, Schemas};
use super::problem::{FieldProblem, ProblemView, ReasonView};
use crate::auth::scopes;
use crate::error_codes::ProblemCode;

/// The document as it is served and checked in: sorted members, two spaces, a final newline.
pub fn text(operations: &[Operation]) -> String {
    let mut text = serde_json::to_string_pretty(&document(operations)).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn document(operations: &[Operation]) -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    let mut collected: Schemas = Vec::new();
    add::<ProblemView>(&mut collected);
    add::<FieldProblem>(&mut collected);
    add::<ReasonView>(&mut collected);
    for operation in operations {
        collected.extend(operation.schemas.iter().cloned());
        paths.entry(operation.path.clone()).or_default().insert(
            operation.method.as_str().to_ascii_lowercase(),
            describe(operation),
        );
    }
    let mut wrappers: BTreeMap<String, Value> = BTreeMap::new();
    for (name, schema) in collected {
        let schema = serde_json::to_value(schema).unwrap_or_default();
        let into = match schema[audience::FOR_WHOM].is_string() {
            true => &mut wrappers,
            false => &mut schemas,
        };
        into.insert(name, schema);
    }
    let written_out: BTreeMap<&str, Value> = WRITTEN_OUT
        .iter()
        .filter_map(|name| Some((*name, schemas.remove(*name)?)))
        .collect();
    let used: BTreeSet<ProblemCode> = operations.iter().flat_map(all_problems).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info(),
        "servers": [{
            "url": "https://shouxin.internal.test",
            "description": "The production installation; a development server listens on its own address.",
            "x-internal": true,
        }],
        "tags": tags(operations),
        "security": [{"oauth2": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": headers(),
            "examples": shared_parts::examples(used),
            "securitySchemes": {"oauth2": security_scheme()},
        },
    });
    audiences::unwrap(&mut document, &wrappers);
    write_out(&mut document, &written_out);
    audiences::complete(&mut document);
    complete(&mut document);
    document
}

/// Types that are written out wherever they stand, beside what the field says of itself.
const WRITTEN_OUT: &[&str] = &["OrgPath", "Principal"];

/// Puts these types where they are referred to.
fn write_out(value: &mut Value, types: &BTreeMap<&str, Value>) {
    // What may be left out is a choice between the type and null.
    let is_optional = value.pointer("/oneOf/1/type") == Some(&json!("null"));
    let reference = match is_optional {
        true => &value["oneOf"][0],
        false => &*value,
    };
    let name = reference["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    if let Some(known) = name.and_then(|name| types.get(name)) {
        let mut schema = known.clone();
        if let Some(audience) = value.get(audience::FOR_WHOM) {
            schema[audience::FOR_WHOM] = audience.clone();
        }
        if let Some(description) = reference.get("description") {
            schema["description"] = description.clone();
        }
        if is_optional {
            schema["type"] = json!([known["type"], "null"]);
        }
        *value = schema;
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| write_out(item, types)),
        Value::Object(object) => object
            .values_mut()
            .for_each(|member| write_out(member, types)),
        _ => {}
    }
}

/// Which scope opens which operation, one line each: the grid that reviewers read.
pub fn permissions(operations: &[Operation]) -> String {
    let mut lines: Vec<String> = operations
        .iter()
        .map(|operation| {
            let tiers: Vec<&str> = scopes::TIERS
                .iter()
                .filter(|tier| operation.scope.is_none_or(|scope| tier.holds(scope)))
                .map(|tier| tier.name)
                .collect();
            format!(
                "{:<7}{:<55}{:<29}{}\n",
                operation.method.as_str(),
                operation.path,
                operation.scope.unwrap_or("(open to everybody)"),
                if operation.scope.is_some() {
                    tiers.join(" ")
                } else {
                    "*".to_owned()
                },
            )
        })
        .collect();
    lines.sort_by_key(|line| line[7..].to_owned());
    let mut text = String::from(
        "# Operation, the scope it needs, and the tiers whose bundles hold it.\n\
         # Generated by `shouxin openapi --permissions`; a test asserts it.\n",
    );
    text.extend(lines);
    text
}

fn add<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn info() -> Value {
    json!({
        "title": "shouxin",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Customer credit control: may this customer have it on credit, at which limits, what is owed, \
            since when.\n\n\
            Money is a decimal string in the places of its currency beside an ISO 4217 code; instants are RFC 3339 in \
            UTC; business dates are plain dates in the time zone of the company. Requests that change exposure, money \
            or approvals carry an `Idempotency-Key`: repeated with the same body they have no second effect and give \
            the first answer again for 24 hours. Collections are read page by page with opaque cursors. Unknown \
            fields and parameters are refused. A field that is not for everybody who may read the thing says so by \
            `x-audience`, and is absent for the others: `staff` hides it from a customer that reads its own, `officers` \
            from all but readers with the scope `internal-notes:read`. Problems follow RFC 9457 and come in English or Chinese by \
            `Accept-Language`; `GET /v1/problems` lists every code.",
        "contact": {"name": "shouxin", "url": "https://shouxin.internal.test/docs", "email": "shouxin@internal.test"},
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    })
}

/// What the tags mean, in alphabetical order.
fn tags(operations: &[Operation]) -> Value {
    let tags: BTreeMap<&str, &str> = operations
        .iter()
        .flat_map(|operation| operation.tags.iter().copied())
        .collect();
    tags.into_iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect()
}

fn security_scheme() -> Value {
    let scopes: Map<String, Value> = scopes::ALL
        .iter()
        .map(|scope| (scope.name.to_owned(), Value::from(scope.description)))
        .collect();
    json!({
        "type": "oauth2",
        "description": "JWT access tokens (RFC 9068) from the configured issuer, checked as RFC8725 asks: one \
            algorithm per key, exact issuer and audience, explicit type, short life.",
        "flows": {"clientCredentials": {
            "tokenUrl": "https://issuer.internal.test/token",
            "refreshUrl": "https://issuer.internal.test/token",
            "scopes": scopes,
        }},
    })
}

fn describe(operation: &Operation) -> Value {
    let mut document = operation.document.clone();
    let mut described = document
        .remove("responses")
        .and_then(|responses| match responses {
            Value::Object(map) => Some(map),
            _ => None,
        })
        .unwrap_or_default();
    if is_repeatable(&document) {
        for response in described.values_mut() {
            response["headers"]["Idempotent-Replayed"] =
                json!({"$ref": "#/components/headers/Idempotent-Replayed"});
        }
    }
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in all_problems(operation) {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        described.insert(status.to_string(), problem_response(status, &codes));
    }
    if document
        .get("parameters")
        .is_some_and(|list| list.as_array().is_some_and(Vec::is_empty))
    {
        document.remove("parameters");
    }
    document.insert("responses".to_owned(), Value::Object(described));
    document.insert(
        "security".to_owned(),
        match operation.scope {
            Some(scope) => json!([{"oauth2": [scope]}]),
            None => json!([{}]),
        },
    );
    Value::Object(document)
}

/// Whether an `Idempotency-Key` makes sense here.
fn is_repeatable(operation: &Map<String, Value>) -> bool {
    operation
        .get("parameters")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|one| one["name"] == "Idempotency-Key"))
}

/// Problems of one operation, with those that any request can meet.
fn all_problems(operation: &Operation) -> Vec<ProblemCode> {
    let mut codes = operation.problems.clone();
    codes.extend([
        ProblemCode::MalformedRequest,
        ProblemCode::UnknownParameter,
        ProblemCode::NotAcceptable,
        ProblemCode::RequestTimeout,
        ProblemCode::UriTooLong,
        ProblemCode::HeadersTooLarge,
        ProblemCode::InternalError,
    ]);
    if operation.scope.is_none() {
        // Open operations have no quota and no token, but the contract of a problem is the same,
        // and an installation may put them behind both.
        codes.extend([
            ProblemCode::InvalidParameter,
            ProblemCode::Unauthenticated,
            ProblemCode::RateLimited,
        ]);
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn problem_response(status: u16, codes: &[ProblemCode]) -> Value {
    let names: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`", code.as_str()))
        .collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| (code.as_str().to_owned(), shared_parts::example_of(*code)))
        .collect();
    let mut headers = json!({});
    let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    match status {
        401 | 403 => headers["WWW-Authenticate"] = header("WWW-Authenticate"),
        409 | 429 | 503 => headers["Retry-After"] = header("Retry-After"),
        _ => {}
    }
    json!({
        "description": format!("{}.", names.join(", ")),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples,
        }},
    })
}

fn headers() -> Value {
    let text = |description: &str, pattern: &str, example: &str| {
        json!({
            "description": description,
            "schema": {"type": "string", "maxLength": 2048, "pattern": pattern},
            "example": example,
        })
    };
    json!({
        "Access-Control-Allow-Origin": text("The calling origin, where it is on the list of allowed ones.", "^https?://.+$", "https://app.internal.test"),
        "Content-Disposition": text("Name of the file, where the answer is one.", "^attachment; .+$", "attachment; filename=\"portfolio-2026-03-31.csv\""),
        "Content-Location": text("Address of the resource in the body.", "^/v1/.+$", "/v1/reservations/01940c9e-7a3b-7d2c-8f00-3b9aca001234"),
        "ETag": text("Version of the resource, for If-Match and If-None-Match.", r#"^"[0-9a-z-]+"$"#, "\"1-5f2b8c0d9e3a4b71\""),
        "Idempotent-Replayed": text("Present on the first answer given again under its Idempotency-Key.", "^true$", "true"),
        "Link": text("Address of the next page (RFC 8288), where there is one.", r#"^<.+>; rel="next"$"#, "</v1/customers?limit=50&cursor=abc>; rel=\"next\""),
        "Location": text("Address of the new resource.", "^/v1/.+$", "/v1/customers/01940c9e-7a3b-7d2c-8f00-3b9aca001234"),
        "RateLimit": text("What is left of the caller's quota, once it is used up.", "^.+$", "\"default\";r=0;t=30"),
        "RateLimit-Policy": text("The caller's quota.", "^.+$", "\"default\";q=60000;w=60"),
        "Retry-After": {
            "description": "Seconds after which to try again.",
            "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 3600},
            "example": 1,
        },
        "WWW-Authenticate": text("What a token has to bring (RFC 6750).", "^Bearer .+$", "Bearer realm=\"shouxin\", error=\"invalid_token\""),
    })
}

/// Fills in what holds everywhere: common headers on every answer, and a bound on every string,
/// number and list, by its format.
fn complete(document: &mut Value) {
    if let Some(paths) = document["paths"].as_object_mut() {
        for response in paths
            .values_mut()
            .filter_map(Value::as_object_mut)
            .flat_map(|path| path.values_mut())
            .filter_map(|operation| operation["responses"].as_object_mut())
            .flat_map(|responses| responses.values_mut())
        {
            for name in [
                "Access-Control-Allow-Origin",
                "RateLimit",
                "RateLimit-Policy",
            ] {
                response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
            }
        }
    }
    bound(document);
    examples::complete(document);
    drop_unused_headers(document);
    shared_parts::share_answers(document);
}

/// Headers are described for all nouns there will ever be; the document has those it refers to.
fn drop_unused_headers(document: &mut Value) {
    let paths = document["paths"].to_string();
    if let Some(headers) = document["components"]["headers"].as_object_mut() {
        headers.retain(|name, _| paths.contains(&format!("#/components/headers/{name}\"")));
    }
}

fn bound(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Object(object) => {
            if is_schema(object) {
                bound_schema(object);
            }
            for (name, member) in object.iter_mut() {
                // Examples hold data, not schemas.
                if !matches!(
                    name.as_str(),
                    "example" | "examples" | "enum" | "default" | "const"
                ) {
                    bound(member);
                }
            }
        }
        _ => {}
    }
}

fn is_schema(object: &Map<String, Value>) -> bool {
    match object.get("type") {
        Some(Value::String(kind)) => is_type(kind),
        Some(Value::Array(kinds)) => kinds.iter().all(|kind| kind.as_str().is_some_and(is_type)),
        _ => false,
    }
}

fn is_type(kind: &str) -> bool {
    matches!(
        kind,
        "string" | "integer" | "number" | "boolean" | "array" | "object" | "null"
    )
}

fn bound_schema(schema: &mut Map<String, Value>) {
    let is = |wanted: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == wanted,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    };
    let mut defaults: Vec<(&str, Value)> = Vec::new();
    if is("string") && !schema.contains_key("enum") && !schema.contains_key("const") {
        let longest = match schema.get("format").and_then(Value::as_str) {
            Some("uuid") => 36,
            Some("date") => 10,
            Some("date-time") => 35,
            _ => 2048,
        };
        defaults.push(("maxLength", json!(longest)));
    }
    if is("integer") {
        defaults.push(("format", json!("int64")));
        if !schema.contains_key("minimum") {
            defaults.push(("minimum", json!(0)));
        }
        if !schema.contains_key("maximum") {
            defaults.push(("maximum", json!(9_007_199_254_740_991_i64)));
        }
    }
    if is("array") {
        defaults.push(("maxItems", json!(200)));
    }
    for (name, value) in defaults {
        schema.entry(name).or_insert(value);
    }
}

#[cfg(test)]
mod tests;
