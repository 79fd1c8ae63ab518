//! Examples for bodies that bring none of their own, put together from the examples of their
//! parts: a page shows one item, an item its members.

use serde_json::{Map, Value, json};

/// Gives an example to every media type of the document that has none.
pub fn complete(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    fill(&mut document["paths"], &schemas);
}

fn fill(value: &mut Value, schemas: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, schemas)),
        Value::Object(object) => {
            if let Some(content) = object.get_mut("content").and_then(Value::as_object_mut) {
                for media in content.values_mut() {
                    let bare = media.get("example").is_none() && media.get("examples").is_none();
                    if let (true, Some(example)) = (bare, example_of(&media["schema"], schemas)) {
                        media["example"] = example;
                    }
                }
            }
            for (name, member) in object.iter_mut() {
                if name != "example" && name != "examples" {
                    fill(member, schemas);
                }
            }
        }
        _ => {}
    }
}

/// An example of a schema: its own, or one made of the examples of what it consists of.
fn example_of(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next()?;
        return example_of(schemas.get(name)?, schemas);
    }
    if let Some(example) = schema
        .get("example")
        .or_else(|| schema["examples"].get(0))
        .or_else(|| schema["enum"].get(0))
    {
        return Some(example.clone());
    }
    let choices = ["oneOf", "anyOf", "allOf"].map(|name| &schema[name][0]);
    if let Some(choice) = choices.into_iter().find(|choice| choice.is_object()) {
        return example_of(choice, schemas);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) if kinds.contains(&json!("null")) => return Some(Value::Null),
        kind => kind.as_str()?,
    };
    match (kind, schema["format"].as_str()) {
        ("object", _) => members(schema, schemas).map(Value::Object),
        ("array", _) => Some(json!([example_of(&schema["items"], schemas)?])),
        ("boolean", _) => Some(json!(false)),
        ("integer", _) => Some(schema.get("minimum").cloned().unwrap_or(json!(1))),
        ("string", Some("uuid")) => Some(json!(crate::platform::http::parameters::EXAMPLE_ID)),
        ("string", Some("date")) => Some(json!("2026-03-31")),
        ("string", Some("date-time")) => Some(json!("2026-01-05T02:00:00Z")),
        _ => None,
    }
}

fn members(schema: &Value, schemas: &Value) -> Option<Map<String, Value>> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    required
        .iter()
        .map(|name| {
            let name = name.as_str()?;
            let example = example_of(&schema["properties"][name], schemas)?;
            Some((name.to_owned(), example))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_an_item_and_an_item_its_required_members() {
        let schemas = json!({
            "Page": {"type": "object", "required": ["items", "next_cursor"], "properties": {
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
                "next_cursor": {"type": ["string", "null"]},
            }},
            "Item": {"type": "object", "required": ["on", "kind"], "properties": {
                "on": {"type": "string", "format": "date"},
                "kind": {"type": "string", "enum": ["a", "b"]},
                "more": {"type": "string"},
            }},
        });
        assert_eq!(
            example_of(&json!({"$ref": "#/components/schemas/Page"}), &schemas),
            Some(json!({"items": [{"on": "2026-03-31", "kind": "a"}], "next_cursor": null}))
        );
    }

    #[test]
    fn a_text_without_an_example_cannot_be_made_up() {
        assert_eq!(example_of(&json!({"type": "string"}), &json!({})), None);
    }
}
