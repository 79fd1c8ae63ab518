//! Violations planted for every rule: what each finds, and what it lets be.

use std::collections::{BTreeMap, BTreeSet};

use super::arrows::{self, Arrow};
use super::*;

#[test]
fn a_forbidden_import_is_found_in_its_layer_only() {
    for (path, line) in [
        ("src/values/money.rs", "use diesel::prelude::*;"),
        ("src/values/money.rs", "let now = chrono::Utc::now();"),
        ("src/values/money.rs", "let x: f64 = 0.5;"),
        ("src/values/money.rs", "pub async fn decide() {}"),
        ("src/customers/store/customers.rs", "use actix_web::web;"),
        (
            "src/customers/store/customers.rs",
            "connection.transaction(|c| work(c))",
        ),
        ("src/customers/app/customers.rs", "use diesel::prelude::*;"),
        (
            "src/customers/http/customers.rs",
            "use diesel::PgConnection;",
        ),
        (
            "src/customers/http/customers.rs",
            "web::block(move || work())",
        ),
        ("src/telemetry.rs", "std::env::var(\"LOG\")"),
        ("src/rules/app/mod.rs", "    #[allow(dead_code)]"),
        ("src/rules/app/mod.rs", "todo!()"),
        ("tests/new.rs", "#[ignore]"),
        ("tests/new.rs", "std::thread::sleep(second);"),
    ] {
        assert!(!forbidden_words(path, line).is_empty(), "{path}: {line}");
    }
    for (path, line) in [
        (
            "src/customers/store/customers.rs",
            "use diesel::prelude::*;",
        ),
        (
            "src/platform/store/db/mod.rs",
            "connection.transaction(|c| work(c))",
        ),
        ("src/clock.rs", "Utc::now()"),
        ("src/config/mod.rs", "std::env::vars_os()"),
        (
            "src/values/money.rs",
            "// Unlike diesel, this never panics.",
        ),
        ("src/values/money.rs", "/// No f64 here."),
        ("src/values/money.rs", "let not_f64_at_all = half_f64;"),
        (
            "src/rules/app/mod.rs",
            "#[expect(dead_code, reason = \"…\")]",
        ),
    ] {
        assert_eq!(
            forbidden_words(path, line),
            Vec::<String>::new(),
            "{path}: {line}"
        );
    }
}

#[test]
fn a_long_file_is_found_unless_it_is_generated() {
    let long = "\n".repeat(LINES_MAX + 1);
    assert!(too_long("src/rules/app/long.rs", &long).is_some());
    assert!(too_long("src/rules/app/fine.rs", &"\n".repeat(LINES_MAX)).is_none());
    assert!(too_long("src/platform/store/schema.rs", &long).is_none());
}

#[test]
fn a_path_of_a_workplace_is_found_even_in_a_comment() {
    let line = format!("# see {}notes.md", NOWHERE[0]);
    assert_eq!(homeless_words("README.md", &line).len(), 1);
    assert!(homeless_words("README.md", "networking").is_empty());
}

#[test]
fn a_handler_without_a_route_is_found() {
    let text = "#[utoipa::path(get)]\npub async fn list(a: B) {}\n#[utoipa::path(post)]\npub async fn create(a: B) {}";
    let routes = "route!(things::list, InvalidCursor),\nroute!(others::create),";
    let found = unrouted("src/shop/http/things.rs", text, routes);
    assert_eq!(
        found,
        ["src/shop/http/things.rs: things::create is not in routes.rs"]
    );
    assert!(unrouted("src/shop/app/things.rs", text, routes).is_empty());
    let text = "fact_handlers! {\n    pub async fn list, \"listThings\";\n    pub async fn get, \"getThing\";\n}\npub async fn other() {}";
    assert_eq!(
        unrouted("src/shop/http/things.rs", text, routes),
        ["src/shop/http/things.rs: things::get is not in routes.rs"]
    );
    let written = "#[utoipa::path(get)]\npub async fn $list(a: B) {}";
    assert!(unrouted("src/platform/http/facts.rs", written, routes).is_empty());
}

#[test]
fn a_file_that_nothing_declares_is_found() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let files = [
        file("tests/main.rs", "mod rules;\nmod support;"),
        file("tests/rules/mod.rs", "mod checks;"),
        file("tests/rules/checks.rs", ""),
        file("tests/rules/registry.rs", ""),
        file("tests/rules/forgotten.rs", ""),
        file("tests/scores/checks.rs", ""),
        file(
            "tests/support/mod.rs",
            "#[path = \"../rules/registry.rs\"]\nmod rules;",
        ),
    ];
    let found = undeclared(&files);
    let forgotten = ["tests/rules/forgotten.rs", "tests/scores/checks.rs"];
    assert_eq!(
        found,
        forgotten.map(|path| format!("{path} is not declared"))
    );
}

#[test]
fn a_migration_without_reason_or_way_back_is_found() {
    assert_eq!(
        incomplete_migration("m", "CREATE TABLE t ();", " ").len(),
        2
    );
    assert!(incomplete_migration("m", "-- Why: because.", "DROP TABLE t;").is_empty());
}

#[test]
fn a_command_or_setting_that_the_manual_forgot_is_found() {
    let help = "About.\n\nCommands:\n  serve  Answer requests\n  dev    Try\n  help   Print\n\nOptions:\n  -h\n";
    let commands = commands_in(help);
    assert_eq!(commands, ["serve", "dev"]);
    let settings = settings_in("| `listen` | `SHOUXIN_LISTEN` | `127.0.0.1:8080` | |");
    assert_eq!(settings, ["SHOUXIN_LISTEN"]);
    let manual = "Run `shouxin serve`; SHOUXIN_LISTENER is something else, and so is devil.";
    let missing = unnamed(manual, commands.iter().chain(&settings));
    assert_eq!(
        missing,
        [
            "README.md does not name dev",
            "README.md does not name SHOUXIN_LISTEN"
        ]
    );
}

fn arrow(from: &str, to: &str) -> Arrow {
    Arrow {
        from: format!("src/{from}"),
        to: format!("src/{to}"),
    }
}

fn files(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(path, text): &(&str, &str)| (format!("src/{path}"), (*text).to_owned());
    given.iter().map(owned).collect()
}

#[test]
fn an_arrow_that_goes_up_is_found() {
    for (from, to) in [
        ("values/money.rs", "platform/store/db/mod.rs"),
        ("values/money.rs", "customers/domain/customers.rs"),
        ("approvals/app/approvals.rs", "exposure/app/lines.rs"),
        (
            "customers/domain/customers.rs",
            "customers/store/customers.rs",
        ),
        ("customers/store/customers.rs", "customers/app/customers.rs"),
        ("customers/app/customers.rs", "customers/http/customers.rs"),
        ("customers/app/customers.rs", "platform/http/types.rs"),
        ("exposure/domain/lines.rs", "rules/store/owed.rs"),
        ("reports/http/portfolio.rs", "exposure/http/lines.rs"),
        ("platform/http/guard.rs", "routes.rs"),
        ("jobs/mod.rs", "platform/http/state.rs"),
        ("unknown/new.rs", "values/money.rs"),
    ] {
        let arrow = arrow(from, to);
        assert!(rooms::forbidden(&arrow).is_some(), "{arrow:?}");
    }
    for (from, to) in [
        ("exposure/http/lines.rs", "exposure/app/lines.rs"),
        ("exposure/http/lines.rs", "platform/http/types.rs"),
        ("exposure/app/lines.rs", "rules/app/check_rules.rs"),
        ("exposure/app/lines.rs", "customers/store/customers.rs"),
        ("exposure/domain/lines.rs", "values/money.rs"),
        ("routes.rs", "reports/http/portfolio.rs"),
    ] {
        let arrow = arrow(from, to);
        assert_eq!(rooms::forbidden(&arrow), None);
    }
}

#[test]
fn a_file_in_no_room_and_one_in_no_layer_are_found() {
    for path in [
        "src/drawer/helpers.rs",
        "src/helpers.rs",
        "src/customers/helpers.rs",
        "src/customers/tools/helpers.rs",
    ] {
        assert!(rooms::homeless(path).is_some(), "{path}");
    }
    for path in [
        "src/lib.rs",
        "src/clock.rs",
        "src/customers/mod.rs",
        "src/customers/store/customers.rs",
        "src/platform/http/guard.rs",
        "src/values/money.rs",
    ] {
        assert_eq!(rooms::homeless(path), None);
    }
}

#[test]
fn a_full_folder_is_found() {
    let crowd = |count: usize| -> Vec<(String, String)> {
        (0..count)
            .map(|one| (format!("src/rules/app/{one}.rs"), String::new()))
            .collect()
    };
    assert_eq!(crowded(&crowd(FOLDER_MAX)), Vec::<String>::new());
    assert_eq!(crowded(&crowd(FOLDER_MAX + 1)).len(), 1);
}

#[test]
fn a_circle_is_found_however_its_paths_are_written() {
    for (here, there) in [
        ("use crate::b::There;", "use crate::a::Here;"),
        ("use crate::{b::{self, There}, c};", "use super::a;"),
        (
            "fn f() { crate::b::there(); }",
            "fn g() { super::a::here() }",
        ),
        (
            "fn f() { print!(\"{}\", crate::b::there()); }",
            "type T = crate::a::Here;",
        ),
    ] {
        let files = files(&[("a.rs", here), ("b.rs", there), ("c.rs", "")]);
        let circles = arrows::circles(&arrows::between(&files));
        assert_eq!(circles, [["src/a.rs", "src/b.rs"]], "{here} {there}");
    }
    let through = files(&[
        ("a.rs", "use crate::b::There;"),
        ("b.rs", "use crate::c;"),
        ("c.rs", "use crate::a;"),
    ]);
    assert_eq!(arrows::circles(&arrows::between(&through))[0].len(), 3);
    let child = files(&[
        ("a/mod.rs", "mod b; pub use b::There;"),
        ("a/b.rs", "use super::Here;"),
    ]);
    assert_eq!(arrows::circles(&arrows::between(&child)).len(), 1);
    let none = files(&[
        ("a/mod.rs", "pub mod b;"),
        (
            "a/b.rs",
            "use super::Here; #[cfg(test)] mod tests { use crate::c; }",
        ),
        ("c.rs", "use crate::a::b; // crate::d"),
    ]);
    assert_eq!(
        arrows::circles(&arrows::between(&none)),
        Vec::<Vec<String>>::new()
    );
}

#[test]
fn a_dead_file_is_found_and_one_for_tests_is_told_apart() {
    let files: BTreeMap<String, String> = files(&[
        ("lib.rs", "mod a; mod area;"),
        ("a.rs", "#[cfg(test)] #[path = \"a_tests.rs\"] mod tests;"),
        ("a_tests.rs", ""),
        ("area/mod.rs", "pub mod store { pub mod lines; }"),
        ("area/store/lines.rs", "mod row;"),
        ("area/store/lines/row.rs", ""),
        ("area/store/forgotten.rs", ""),
    ])
    .into_iter()
    .collect();
    let (reached, tests) = arrows::reached(&files, &["src/lib.rs"]);
    assert!(!reached.contains("src/area/store/forgotten.rs"));
    assert_eq!(reached.len(), files.len() - 1);
    assert_eq!(tests, BTreeSet::from(["src/a_tests.rs".to_owned()]));
}

#[test]
fn a_pattern_stands_for_one_folder() {
    assert!(lies_below("src/rules/app/x.rs", "src/*/app/"));
    assert!(!lies_below("src/rules/domain/app/x.rs", "src/*/app/"));
    assert!(!lies_below("src/app/x.rs", "src/*/app/"));
    assert!(lies_below("src/values/x.rs", "src/values/"));
}

#[test]
fn a_lock_that_does_not_date_is_found() {
    let path = "src/rules/store/new.rs";
    let locking = |how: &str| format!("pub fn lock(tx: &mut Tx<'_>) {{\n    {how}\n}}\n");
    let bare = locking("rows::table.for_no_key_update().load(tx.connection)");
    assert_eq!(locks::undated(path, &bare).len(), 1);
    let share = locking("rows::table.for_share().load(tx.connection)");
    assert_eq!(locks::undated(path, &share).len(), 1);
    for fine in [
        locking("tx.lock(|reader| rows::table.for_no_key_update().load(reader.connection))"),
        locking("rows::table.for_no_key_update().skip_locked().load(tx.connection)"),
        locking("rows::table.load(tx.connection)"),
    ] {
        assert_eq!(locks::undated(path, &fine), [""; 0], "{fine}");
    }
}
