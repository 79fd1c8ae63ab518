//! Whom each field is for, as the document says it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::auth::scopes;
use crate::platform::http::audience::{Audience, FOR_WHOM, OF_WHAT};

/// Puts what a wrapper holds where the wrapper stands, with whom it is for beside it.
pub fn unwrap(document: &mut Value, wrappers: &BTreeMap<String, Value>) {
    let known = document["components"]["schemas"].clone();
    unwrap_within(document, wrappers, &known);
}

fn unwrap_within(value: &mut Value, wrappers: &BTreeMap<String, Value>, known: &Value) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| unwrap_within(item, wrappers, known)),
        Value::Object(object) => {
            let properties = object.get_mut("properties").and_then(Value::as_object_mut);
            for property in properties.into_iter().flat_map(|all| all.values_mut()) {
                unwrap_property(property, wrappers, known);
            }
            for member in object.values_mut() {
                unwrap_within(member, wrappers, known);
            }
        }
        _ => {}
    }
}

fn unwrap_property(property: &mut Value, wrappers: &BTreeMap<String, Value>, known: &Value) {
    // What may be left out is a choice between the type and null.
    let is_optional = property.pointer("/oneOf/1/type") == Some(&json!("null"));
    let wrapped = match is_optional {
        true => &mut property["oneOf"][0],
        false => &mut *property,
    };
    let name = wrapped["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    let Some(wrapper) = name.and_then(|name| wrappers.get(name)) else {
        return;
    };
    let of_what = wrapper[OF_WHAT].as_str().unwrap_or_default();
    let mut inner = match known.get(of_what) {
        Some(_) => json!({"$ref": format!("#/components/schemas/{of_what}")}),
        None => wrapper["allOf"][0].clone(),
    };
    if let Some(description) = wrapped.get("description") {
        inner["description"] = description.clone();
    }
    *wrapped = inner;
    property[FOR_WHOM] = wrapper[FOR_WHOM].clone();
}

/// Says of each field whom it is for: of those that some are not shown, that it may be absent; of the
/// others, where a customer itself may read them, that they are for it too.
pub fn complete(document: &mut Value) {
    let of_customers = read_by_customers(document);
    let schemas = document["components"]["schemas"].as_object_mut();
    for (name, schema) in schemas.into_iter().flatten() {
        complete_schema(schema, of_customers.contains(name));
    }
}

fn complete_schema(schema: &mut Value, of_customers: bool) {
    let mut hidden = BTreeSet::new();
    let properties = schema["properties"].as_object_mut();
    for (name, property) in properties.into_iter().flatten() {
        match property[FOR_WHOM].as_str().and_then(Audience::parse) {
            Some(audience) => {
                hidden.insert(name.clone());
                explain(property, audience);
            }
            None if of_customers => property[FOR_WHOM] = json!(Audience::Own.as_str()),
            // A look at what is not there leaves a null behind.
            None => drop(property.as_object_mut().map(|own| own.remove(FOR_WHOM))),
        }
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| name.as_str().is_none_or(|name| !hidden.contains(name)));
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.retain(|name, value| {
            !matches!(name.as_str(), "properties" | "required") || !is_nothing(value)
        });
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn explain(property: &mut Value, audience: Audience) {
    let absent = match audience {
        Audience::Own => return,
        Audience::Staff => "Absent where a customer reads its own.",
        Audience::Officers => "Absent where the reader does not see internal notes.",
    };
    let holder = match property["description"].is_string() || !property["oneOf"].is_array() {
        true => &mut *property,
        false => &mut property["oneOf"][0],
    };
    let said = holder["description"].as_str().unwrap_or_default();
    holder["description"] = json!(format!("{said} {absent}").trim());
}

/// Names of the schemas of answers that a customer itself can get.
pub fn read_by_customers(document: &Value) -> BTreeSet<String> {
    let open_to_them = |operation: &Value| {
        let scope = operation["security"][0]["oauth2"][0].as_str();
        let mut tiers = scopes::TIERS.iter().filter(|tier| tier.self_service);
        scope.is_some_and(|scope| tiers.any(|tier| tier.holds(scope)))
    };
    let mut found = BTreeSet::new();
    for operation in document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, path)| path.as_object())
        .flat_map(|path| path.values())
        .filter(|operation| open_to_them(operation))
    {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (_, answer) in responses.filter(|(status, _)| status.starts_with('2')) {
            follow(&answer["content"], document, &mut found);
        }
    }
    found
}

fn follow(value: &Value, document: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| follow(item, document, found)),
        Value::Object(object) => {
            let target = object.get("$ref").and_then(Value::as_str);
            if let Some(name) = target.and_then(|path| path.strip_prefix("#/components/schemas/"))
                && found.insert(name.to_owned())
            {
                follow(&document["components"]["schemas"][name], document, found);
            }
            object
                .values()
                .for_each(|member| follow(member, document, found));
        }
        _ => {}
    }
}
