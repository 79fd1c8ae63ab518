//! The check-lists of CONTRIBUTING.md, kept: what belongs to an operation and to a table.
//!
//! Most steps have a test of their own that says more about what is wrong. This one says, for an
//! operation or a table that is not complete, what there is and what there is not, line by line: the
//! list to work off. Each step is ticked from what the sources and the document say.

mod planted;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shouxin::auth::scopes;

use super::migrations::REFERENCE_TABLES;
use super::tidy::reading::{Handler, children, handlers_in, root, route_lists, sources};
use crate::support::document::{Documented, OPEN, document, operations};
use crate::support::registry::{nouns, writes};

/// Something to do when a thing is added, and whether it was done.
struct Step<Test> {
    says: &'static str,
    is_done: Test,
}

type OperationTest = fn(&Operation<'_>) -> bool;
type TableTest = fn(&Table<'_>) -> bool;

const OF_AN_OPERATION: &[Step<OperationTest>] = &[
    Step {
        says: "a handler with this operation_id in src/<area>/http/<noun>.rs",
        is_done: |operation| operation.handler().is_some(),
    },
    Step {
        says: "its line in src/<area>/http/routes.rs",
        is_done: |operation| {
            let routes = &operation.house.routes;
            operation
                .handler()
                .is_some_and(|handler| handler.is_routed(routes))
        },
    },
    Step {
        says: "a summary (first line of its documentation) and a description (the rest)",
        is_done: |operation| {
            ["summary", "description"]
                .iter()
                .all(|member| operation.says(member))
        },
    },
    Step {
        says: "one tag, which the routes.rs of an area explains",
        is_done: |operation| {
            let explained = document()["tags"].as_array().into_iter().flatten();
            let own = operation.member("/tags/0");
            explained.map(|tag| &tag["name"]).any(|name| name == own)
        },
    },
    Step {
        says: "a scope of src/auth/scopes.rs that some tier holds, or it is open to everybody on purpose",
        is_done: |operation| operation.is_permitted(),
    },
    Step {
        says: "an example of its body, where it takes one",
        is_done: |operation| {
            operation.documented.is_some_and(|documented| {
                documented
                    .body()
                    .is_none_or(|(_, example)| !example.is_null())
            })
        },
    },
    Step {
        says: "an example of its answer",
        is_done: |operation| operation.shows_its_answer(),
    },
    Step {
        says: "problems it answers with",
        is_done: |operation| {
            operation
                .responses()
                .any(|(status, _)| status.starts_with('4'))
        },
    },
    Step {
        says: "where its path names a thing: a row in NOUNS of tests/<area>/registry.rs",
        is_done: |operation| {
            operation.documented.is_some_and(|documented| {
                let noun = documented.noun();
                noun.is_none_or(|name| nouns().any(|row| row.name == name))
            })
        },
    },
    Step {
        says: "a write: its row in WRITES of tests/<area>/registry.rs",
        is_done: |operation| operation.is_read() || operation.row().is_some(),
    },
    Step {
        says: "a write: Idempotency-Key among its parameters (POST and PATCH)",
        is_done: |operation| {
            operation.is_read()
                || operation.documented.is_some_and(|documented| {
                    documented.method == "DELETE"
                        || documented.parameter("header", "Idempotency-Key").is_some()
                })
        },
    },
    Step {
        says: "a write: the kinds of its events among those that GET /v1/events explains",
        is_done: |operation| {
            let known = |kind: &&str| operation.house.kinds.contains(&format!("`{kind}`"));
            operation.is_read()
                || operation
                    .row()
                    .is_some_and(|row| row.events.iter().all(known))
        },
    },
    Step {
        says: "a test that names its operation_id or calls its path, beside the registry and the grids",
        is_done: |operation| {
            let tests = &operation.house.tests;
            operation
                .documented
                .is_some_and(|documented| tests.iter().any(|text| is_called(text, documented)))
        },
    },
    Step {
        says: "openapi/openapi.json written anew: SHOUXIN_UPDATE=1 cargo test --test main contract::",
        is_done: |operation| {
            let id = format!("\"operationId\": \"{}\"", operation.id);
            operation.house.checked_in.contains(&id)
        },
    },
];

const OF_A_TABLE: &[Step<TableTest>] = &[
    Step {
        says: "CREATE TABLE in the up.sql of a migration",
        is_done: |table| table.is_in(|migration| &migration.up, "CREATE TABLE"),
    },
    Step {
        says: "that up.sql begins with `-- Why: `",
        is_done: |table| {
            table
                .migrations("CREATE TABLE")
                .any(|migration| migration.up.starts_with("-- Why: "))
        },
    },
    Step {
        says: "DROP TABLE in the down.sql beside it",
        is_done: |table| {
            table
                .migrations("CREATE TABLE")
                .any(|migration| has_words(&migration.down, "DROP TABLE", table.name))
        },
    },
    Step {
        says: "COMMENT ON TABLE (and on its columns)",
        is_done: |table| table.is_in(|migration| &migration.up, "COMMENT ON TABLE"),
    },
    Step {
        says: "its row in src/platform/store/schema.rs: `diesel print-schema`",
        is_done: |table| table.house.keys.contains_key(table.name),
    },
    Step {
        says: "a key that begins with the bucket, or a place among REFERENCE_TABLES of tests/house/migrations.rs",
        is_done: |table| {
            let key = table.house.keys.get(table.name);
            REFERENCE_TABLES.contains(&table.name) || key.is_some_and(|key| key == "bucket")
        },
    },
    Step {
        says: "a file of src/<area>/store that reads or writes it",
        is_done: |table| {
            let stores = &table.house.stores;
            stores.iter().any(|text| has_words(text, "", table.name))
        },
    },
];

/// What the sources say, read once.
#[derive(Default)]
struct House {
    /// By `operation_id`.
    handlers: BTreeMap<String, Handler>,
    routes: String,
    /// The document as it is checked in.
    checked_in: String,
    /// What the change feed explains.
    kinds: String,
    /// Tests beside the registry and what is driven by the document.
    tests: Vec<String>,
    /// Files of the store.
    stores: Vec<String>,
    migrations: Vec<Migration>,
    /// First column of the key of each table.
    keys: BTreeMap<String, String>,
}

struct Migration {
    up: String,
    down: String,
}

struct Operation<'a> {
    id: &'a str,
    documented: Option<&'static Documented>,
    house: &'a House,
}

struct Table<'a> {
    name: &'a str,
    house: &'a House,
}

impl House {
    fn as_it_stands() -> Self {
        let sources = sources();
        let text_of = |file: &str| std::fs::read_to_string(root().join(file)).unwrap_or_default();
        let among = |is_one: fn(&str) -> bool| {
            let chosen = sources.iter().filter(|(path, _)| is_one(path));
            chosen.map(|(_, text)| text.clone()).collect()
        };
        let schema = text_of(SCHEMA);
        let feed = operations().iter().find(|one| one.id == "listEvents");
        Self {
            handlers: sources
                .iter()
                .filter(|(path, _)| path.starts_with("src/"))
                .flat_map(|(path, text)| handlers_in(path, text))
                .map(|handler| (handler.operation.clone(), handler))
                .collect(),
            routes: route_lists(&sources),
            checked_in: text_of("openapi/openapi.json"),
            kinds: feed.map_or(String::new(), |feed| feed.object["description"].to_string()),
            tests: among(is_a_test),
            stores: among(|path| path.contains("/store/") && path != SCHEMA),
            migrations: children("migrations")
                .iter()
                .map(|folder| Migration {
                    up: std::fs::read_to_string(folder.join("up.sql")).unwrap_or_default(),
                    down: std::fs::read_to_string(folder.join("down.sql")).unwrap_or_default(),
                })
                .collect(),
            keys: keys_in(&schema),
        }
    }

    /// Every operation that the document or a handler names.
    fn operations(&self) -> Vec<Operation<'_>> {
        let documented: BTreeMap<&str, &Documented> = operations()
            .iter()
            .map(|one| (one.id.as_str(), one))
            .collect();
        let handlers = self.handlers.keys().map(String::as_str);
        let ids: BTreeSet<&str> = handlers.chain(documented.keys().copied()).collect();
        ids.into_iter()
            .map(|id| Operation {
                id,
                documented: documented.get(id).copied(),
                house: self,
            })
            .collect()
    }

    /// Every table that the schema or a migration names.
    fn tables(&self) -> Vec<Table<'_>> {
        let created = self.migrations.iter().flat_map(|migration| {
            let parts = migration.up.split("\nCREATE TABLE ").skip(1);
            parts.filter_map(|part| part.split([' ', '(']).next())
        });
        let dropped = |name: &&str| {
            let mut migrations = self.migrations.iter();
            !migrations.any(|migration| has_words(&migration.up, "DROP TABLE", name))
        };
        let names: BTreeSet<&str> = self
            .keys
            .keys()
            .map(String::as_str)
            .chain(created)
            .collect();
        let kept = names.into_iter().filter(dropped);
        kept.map(|name| Table { name, house: self }).collect()
    }
}

const SCHEMA: &str = "src/platform/store/schema.rs";

impl Operation<'_> {
    fn handler(&self) -> Option<&Handler> {
        self.house.handlers.get(self.id)
    }

    /// Whether it is known to change nothing: one that nobody documents may do anything.
    fn is_read(&self) -> bool {
        self.documented.is_some_and(|one| !one.is_write())
    }

    fn row(&self) -> Option<&'static crate::support::registry::Write> {
        writes().find(|row| row.operation == self.id)
    }

    /// A part of what the document says of it.
    fn member(&self, pointer: &str) -> &Value {
        let object = self.documented.map(|one| &one.object);
        let member = object.and_then(|object| object.pointer(pointer));
        member.unwrap_or(&Value::Null)
    }

    fn says(&self, member: &str) -> bool {
        let words = self.member(&format!("/{member}")).as_str();
        words.is_some_and(|words| !words.trim().is_empty())
    }

    fn responses(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.member("/responses").as_object().into_iter().flatten()
    }

    fn is_permitted(&self) -> bool {
        let Some(documented) = self.documented else {
            return false;
        };
        let Some(scope) = documented.scope.as_deref() else {
            return OPEN.contains(&self.id);
        };
        scopes::ALL.iter().any(|known| known.name == scope)
            && scopes::TIERS.iter().any(|tier| tier.holds(scope))
    }

    fn shows_its_answer(&self) -> bool {
        let mut succeeds = false;
        self.responses()
            .filter(|(status, _)| status.starts_with('2'))
            .inspect(|_| succeeds = true)
            .flat_map(|(_, response)| response["content"].as_object().into_iter().flatten())
            .all(|(_, media)| media["example"].is_object() || media["examples"].is_object())
            && succeeds
    }
}

impl Table<'_> {
    fn migrations(&self, words: &str) -> impl Iterator<Item = &Migration> {
        let all = self.house.migrations.iter();
        all.filter(move |migration| has_words(&migration.up, words, self.name))
    }

    fn is_in(&self, part: fn(&Migration) -> &String, words: &str) -> bool {
        let mut migrations = self.house.migrations.iter();
        migrations.any(|migration| has_words(part(migration), words, self.name))
    }
}

/// Whether a name stands in a text as a word of its own, after some words on the same line.
fn has_words(text: &str, words: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.lines().any(|line| {
        line.split_once(words)
            .is_some_and(|(_, rest)| rest.split(|c| !inside(c)).any(|word| word == name))
    })
}

/// Tests that somebody wrote for what they show: not the registry, nor what is driven by the document.
fn is_a_test(path: &str) -> bool {
    let driven = ["tests/contract/", "tests/support/", "tests/house/"];
    path.starts_with("tests/")
        && !path.ends_with("/registry.rs")
        && !driven.iter().any(|folder| path.starts_with(folder))
}

/// Whether a test names an operation or calls its path, as far as reading can tell: written out, or
/// put together from the collection and the last part of the path.
fn is_called(text: &str, operation: &Documented) -> bool {
    let segments: Vec<&str> = operation.path.split('/').skip(1).collect();
    let Some(last) = segments.last() else {
        return false;
    };
    let collection = format!("/{}", segments[..segments.len().min(2)].join("/"));
    let ends = match last.starts_with('{') {
        true => vec!["}/{".to_owned(), ".get(&".to_owned()],
        false => vec![format!("/{last}\""), format!("\"{last}\"")],
    };
    let is_joined = || {
        segments.len() > 2
            && text.contains(&collection)
            && ends.iter().any(|end| text.contains(end.as_str()))
    };
    text.contains(&operation.id)
        || text
            .match_indices(&collection)
            .any(|(start, _)| is_at(&text[start + 1..], &segments))
        || is_joined()
}

/// Whether a text begins with an address of this template.
fn is_at(text: &str, segments: &[&str]) -> bool {
    let address = text.split(['"', '?', ' ', '\\']).next().unwrap_or_default();
    let found: Vec<&str> = address.split('/').collect();
    found.len() == segments.len()
        && found
            .iter()
            .zip(segments)
            .all(|(found, segment)| found == segment || segment.starts_with('{'))
}

/// First column of the key of each table of `schema.rs`.
fn keys_in(schema: &str) -> BTreeMap<String, String> {
    schema
        .split("diesel::table! {")
        .skip(1)
        .filter_map(|part| {
            let (name, rest) = part.trim_start().split_once(" (")?;
            let first = rest.split([',', ')']).next()?;
            Some((name.to_owned(), first.to_owned()))
        })
        .collect()
}

impl Operation<'_> {
    /// Its list, where it is not complete.
    fn to_do(&self) -> Option<String> {
        to_do(self.id, OF_AN_OPERATION, |is_done| is_done(self))
    }
}

impl Table<'_> {
    /// Its list, where it is not complete.
    fn to_do(&self) -> Option<String> {
        to_do(self.name, OF_A_TABLE, |is_done| is_done(self))
    }
}

fn to_do<Test: Copy>(
    name: &str,
    steps: &[Step<Test>],
    passes: impl Fn(Test) -> bool,
) -> Option<String> {
    let done: Vec<bool> = steps.iter().map(|step| passes(step.is_done)).collect();
    if !done.contains(&false) {
        return None;
    }
    let mut list = format!("{name} is not complete:");
    for (step, is_done) in steps.iter().zip(done) {
        let tick = if is_done { 'x' } else { ' ' };
        list.push_str(&format!("\n  [{tick}] {}", step.says));
    }
    Some(list)
}

#[test]
fn every_operation_is_complete() {
    let house = House::as_it_stands();
    let found = house.operations();
    assert!(found.len() > 100, "the operations were not read");
    let lists: Vec<String> = found.iter().filter_map(Operation::to_do).collect();
    assert!(lists.is_empty(), "\n{}", lists.join("\n"));
}

#[test]
fn every_table_is_complete() {
    let house = House::as_it_stands();
    let found = house.tables();
    assert!(found.len() > 30, "the tables were not read");
    let lists: Vec<String> = found.iter().filter_map(Table::to_do).collect();
    assert!(lists.is_empty(), "\n{}", lists.join("\n"));
}
