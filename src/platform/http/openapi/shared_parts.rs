//! What many operations answer alike stands in the document once: the example of each problem
//! code, and of each status the answer that most operations give.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::error_codes::ProblemCode;

/// The example of a problem, by reference.
pub fn example_of(code: ProblemCode) -> Value {
    json!({"$ref": format!("#/components/examples/{}", code.as_str())})
}

/// The examples that the document refers to, by code.
pub fn examples(codes: impl IntoIterator<Item = ProblemCode>) -> Map<String, Value> {
    codes
        .into_iter()
        .map(|code| {
            let entry = code.entry();
            let value = json!({
                "type": format!("/v1/problems/{}", entry.code), "title": entry.title_en,
                "status": code.status(), "code": entry.code,
                "request_id": "5b0cbd2e-58e1-4a52-9a51-3f1c5a0a9b11",
            });
            let example = json!({"summary": entry.title_en, "value": value});
            (entry.code.to_owned(), example)
        })
        .collect()
}

/// Moves the commonest answer of every status of a problem to the components, named after the
/// status, and refers to it. Answers that only some operations give stay where they stand.
pub fn share_answers(document: &mut Value) {
    let mut counted: BTreeMap<String, BTreeMap<String, (usize, Value)>> = BTreeMap::new();
    each_problem(document, |status, answer| {
        let of_status = counted.entry(status.to_owned()).or_default();
        let known = of_status
            .entry(answer.to_string())
            .or_insert_with(|| (0, answer.clone()));
        known.0 += 1;
    });
    let shared: BTreeMap<String, Value> = counted
        .into_iter()
        .filter_map(|(status, answers)| {
            let (count, answer) = answers.into_values().max_by_key(|(count, _)| *count)?;
            (count > 1).then_some((status, answer))
        })
        .collect();
    each_problem(document, |status, answer| {
        if shared.get(status) == Some(answer) {
            *answer = json!({"$ref": format!("#/components/responses/Problem{status}")});
        }
    });
    let named: Map<String, Value> = shared
        .into_iter()
        .map(|(status, answer)| (format!("Problem{status}"), answer))
        .collect();
    document["components"]["responses"] = Value::Object(named);
}

fn each_problem(document: &mut Value, mut visit: impl FnMut(&str, &mut Value)) {
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for (status, answer) in paths
        .values_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(|path| path.values_mut())
        .filter_map(|operation| operation["responses"].as_object_mut())
        .flatten()
    {
        if answer["content"]["application/problem+json"].is_object() {
            visit(status, answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(description: &str) -> Value {
        json!({"description": description, "content": {"application/problem+json": {}}})
    }

    #[test]
    fn the_commonest_answer_of_a_status_is_shared_and_the_others_stay() {
        let mut document = json!({"components": {}, "paths": {
            "/a": {"get": {"responses": {"404": problem("one"), "409": problem("alone")}}},
            "/b": {"get": {"responses": {"404": problem("other"), "200": {"description": "fine"}}}},
            "/c": {"get": {"responses": {"404": problem("one"), "200": {"description": "fine"}}}},
        }});
        share_answers(&mut document);
        let reference = json!({"$ref": "#/components/responses/Problem404"});
        assert_eq!(
            document["paths"]["/a"]["get"]["responses"]["404"],
            reference
        );
        assert_eq!(
            document["paths"]["/c"]["get"]["responses"]["404"],
            reference
        );
        assert_eq!(
            document["paths"]["/b"]["get"]["responses"]["404"],
            problem("other")
        );
        assert_eq!(
            document["components"]["responses"],
            json!({"Problem404": problem("one")})
        );
    }
}
