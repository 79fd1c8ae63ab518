//! Operations and tables that are not complete, and the lists they get.

use super::*;

#[test]
fn of_an_operation_that_is_only_an_idea_everything_is_missing() {
    let house = House::default();
    let idea = Operation {
        id: "brewCoffee",
        documented: None,
        house: &house,
    };
    let list = idea.to_do().unwrap();
    assert!(list.starts_with("brewCoffee is not complete:\n  [ ] a handler"));
    assert_eq!(list.matches("[ ]").count(), OF_AN_OPERATION.len(), "{list}");
}

#[test]
fn what_an_operation_has_is_ticked() {
    let mut house = House::as_it_stands();
    house.tests.clear();
    house.checked_in.clear();
    let all = house.operations();
    let operation = all.iter().find(|one| one.id == "createCustomer").unwrap();
    let list = operation.to_do().unwrap();
    assert_eq!(list.matches("[ ]").count(), 2, "{list}");
    assert!(list.contains("[ ] a test that names"), "{list}");
    assert!(list.contains("[ ] openapi/openapi.json"), "{list}");
    let text = "#[utoipa::path(\n    get,\n    operation_id = \"brewCoffee\"\n)]\npub async fn brew(a: B) {}";
    let handlers = handlers_in("src/kitchen/http/coffee.rs", text);
    let house = House {
        handlers: handlers
            .into_iter()
            .map(|handler| (handler.operation.clone(), handler))
            .collect(),
        ..House::default()
    };
    let brew = Operation {
        id: "brewCoffee",
        documented: None,
        house: &house,
    };
    let list = brew.to_do().unwrap();
    assert!(list.contains("[x] a handler"), "{list}");
    assert!(list.contains("[ ] its line in"), "{list}");
}

#[test]
fn of_a_table_that_is_half_there_the_rest_is_missing() {
    let house = House {
        migrations: vec![Migration {
            up: "-- Why: because.\n\nCREATE TABLE cups (\n    id uuid\n);\n".to_owned(),
            down: "DROP TABLE saucers;\n".to_owned(),
        }],
        ..House::default()
    };
    let tables = house.tables();
    let list = tables[0].to_do().unwrap();
    assert!(list.starts_with("cups is not complete:"), "{list}");
    assert_eq!(list.matches("[x]").count(), 2, "{list}");
    let nothing = Table {
        name: "spoons",
        house: &house,
    };
    let list = nothing.to_do().unwrap();
    assert_eq!(list.matches("[ ]").count(), OF_A_TABLE.len(), "{list}");
}

#[test]
fn a_call_is_found_however_its_address_is_put_together() {
    let line = operations()
        .iter()
        .find(|one| one.path == "/v1/credit-lines/{line_id}/suspend")
        .unwrap();
    for text in [
        "client.post(\"/v1/credit-lines/17/suspend\", &body)",
        "format!(\"/v1/credit-lines/{}/suspend\", line.id())",
        "format!(\"/v1/credit-lines/{line}/suspend?wait=1\")",
        "const LINES: &str = \"/v1/credit-lines\"; act(line, \"suspend\")",
        "suspendCreditLine",
    ] {
        assert!(is_called(text, line), "{text}");
    }
    for text in [
        "client.post(\"/v1/credit-lines/17/resume\", &body)",
        "client.get(\"/v1/credit-lines/17\")",
        "act(line, \"suspend\")",
    ] {
        assert!(!is_called(text, line), "{text}");
    }
}
