use std::collections::BTreeSet;

use super::*;
use crate::routes::operations;

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get("$ref") {
                found.insert(target);
            }
            object.values().for_each(|member| references(member, found));
        }
        _ => {}
    }
}

/// Names that stand for two different schemas. utoipa lets the later one win silently.
fn ambiguous_schemas(operations: &[Operation]) -> Vec<String> {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let mut ambiguous = Vec::new();
    for operation in operations {
        for (name, schema) in &operation.schemas {
            let schema = serde_json::to_value(schema).unwrap_or_default();
            if *known.entry(name.clone()).or_insert_with(|| schema.clone()) != schema {
                ambiguous.push(name.clone());
            }
        }
    }
    ambiguous.sort();
    ambiguous.dedup();
    ambiguous
}

#[test]
fn no_schema_name_stands_for_two_schemas() {
    assert_eq!(ambiguous_schemas(operations()), Vec::<String>::new());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document(operations());
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for target in found {
        let pointer = target.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}
