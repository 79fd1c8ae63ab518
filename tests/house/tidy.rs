//! The house rules, checked by reading the sources.
//!
//! Layers are kept apart by what they import, so that a shortcut shows up as a failing test and
//! not in a review months later. Each rule is a plain function over a file's text, and has a test
//! with a planted violation: a rule that cannot fail protects nothing.

use std::path::PathBuf;
use std::process::Command;

const LINES_MAX: usize = 600;

/// Words that files below a path must not contain outside comments.
struct Forbidden {
    below: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    because: &'static str,
}

const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        below: "src/domain/",
        except: &[],
        words: &[
            "diesel",
            "actix",
            "tokio",
            "tracing::",
            "rand::",
            "random_bytes",
            "::now(",
            "SystemTime",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
            "async fn",
            "crate::app",
            "crate::auth",
            "crate::clock",
            "crate::config",
            "crate::crypto",
            "crate::http",
            "crate::jobs",
            "crate::store",
            "f32",
            "f64",
        ],
        because: "the domain decides from what it is told: no I/O, clock, randomness, logging or floats",
    },
    Forbidden {
        below: "src/store/",
        except: &[],
        words: &[
            "actix",
            "crate::http",
            "crate::app",
            "crate::jobs",
            "crate::auth",
            "crate::config",
        ],
        because: "the store knows rows, not callers",
    },
    Forbidden {
        below: "src/app/",
        except: &[],
        words: &[
            "actix",
            "crate::http",
            "diesel::",
            "serde_urlencoded",
            "ureq",
            "std::net",
            "std::thread",
            "tokio",
        ],
        because: "use cases run in a transaction they are given: no HTTP, raw SQL, network or waiting",
    },
    Forbidden {
        below: "src/http/",
        except: &[],
        words: &["diesel", "web::block", "spawn_blocking"],
        because: "handlers reach the database through their guard",
    },
    Forbidden {
        below: "src/jobs/",
        except: &[],
        words: &["crate::http", "actix_web", "diesel::"],
        because: "jobs call use cases",
    },
    Forbidden {
        below: "src/",
        except: &["src/config.rs", "src/config/"],
        words: &[
            "env::var(",
            "env::var_os(",
            "env::vars(",
            "env::vars_os(",
            "option_env!",
        ],
        because: "config.rs is the only reader of the environment",
    },
    Forbidden {
        below: "src/",
        except: &["src/clock.rs"],
        words: &[
            "Utc::now",
            "Local::now",
            "SystemTime::now",
            "now_v7",
            "Uuid::new_v4",
        ],
        because: "clock.rs is the only caller of now(), and identifiers are minted",
    },
    Forbidden {
        below: "src/",
        except: &["src/store/db.rs", "src/store/db/"],
        words: &[
            ".transaction(",
            ".transaction::<",
            "build_transaction",
            "begin_transaction",
            "begin_test_transaction",
        ],
        because: "store/db.rs is the only place that opens transactions",
    },
    Forbidden {
        below: "src/",
        except: &[],
        words: &[
            "#[allow(",
            "#![allow(",
            "todo!(",
            "unimplemented!(",
            "dbg!(",
        ],
        because: "a lint is expected with a reason, and nothing is left for later",
    },
    Forbidden {
        below: "tests/",
        except: &["tests/house/tidy.rs"],
        words: &[
            "#[allow(",
            "#![allow(",
            "#[ignore",
            "thread::sleep",
            "time::sleep",
            "todo!(",
        ],
        because: "a test waits for a condition and is never left out",
    },
];

/// Words that are nowhere at home, comments included: traces of where the code was written. They
/// are put together here so that this file does not contain them.
const NOWHERE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp", "/wt"),
    concat!("/fa", "rm/"),
    concat!("FIX", "ME"),
    concat!("X", "XX "),
];

#[test]
fn layers_import_only_what_they_may() {
    assert_none(
        sources()
            .iter()
            .flat_map(|(path, text)| forbidden_words(path, text)),
    );
}

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    assert_none(
        sources()
            .iter()
            .filter_map(|(path, text)| too_long(path, text)),
    );
}

#[test]
fn nothing_names_the_place_where_it_was_written() {
    assert_none(
        texts()
            .iter()
            .flat_map(|(path, text)| homeless_words(path, text)),
    );
}

#[test]
fn every_handler_is_routed() {
    let routes = read("src/http/routes.rs");
    assert_none(
        sources()
            .iter()
            .flat_map(|(path, text)| unrouted(path, text, &routes)),
    );
}

#[test]
fn every_file_of_the_tests_is_declared() {
    let mut files = sources();
    files.retain(|(path, _)| path.starts_with("tests/"));
    assert_none(undeclared(&files));
}

#[test]
fn every_migration_says_why_and_can_be_taken_back() {
    let folders = children("migrations");
    assert!(!folders.is_empty());
    assert_none(folders.iter().flat_map(|folder| {
        let up = std::fs::read_to_string(folder.join("up.sql")).unwrap_or_default();
        let down = std::fs::read_to_string(folder.join("down.sql")).unwrap_or_default();
        incomplete_migration(&folder.display().to_string(), &up, &down)
    }));
}

#[test]
fn the_manual_names_every_command_and_every_setting() {
    let Ok(manual) = std::fs::read_to_string(root().join("README.md")) else {
        return;
    };
    let commands = commands_in(&output_of(&["--help"]));
    assert!(
        commands.iter().any(|command| command == "serve"),
        "{commands:?}"
    );
    let settings = settings_in(&output_of(&["config"]));
    assert!(
        settings.iter().any(|setting| setting == "DATABASE_URL"),
        "{settings:?}"
    );
    assert_none(unnamed(&manual, commands.iter().chain(&settings)));
}

fn forbidden_words(path: &str, text: &str) -> Vec<String> {
    let rules = FORBIDDEN.iter().filter(|rule| {
        path.starts_with(rule.below) && !rule.except.iter().any(|home| path.starts_with(home))
    });
    rules
        .flat_map(|rule| {
            code_of(text).filter_map(move |(number, line)| {
                let word = rule.words.iter().find(|word| contains_word(line, word))?;
                Some(format!("{path}:{number} has `{word}`: {}", rule.because))
            })
        })
        .collect()
}

/// Lines with their numbers, without comments.
fn code_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| {
        let code = line.trim_start();
        let code = if code.starts_with("//") { "" } else { code };
        (index + 1, code.split(" // ").next().unwrap_or(""))
    })
}

/// Whether the word stands in the line and does not begin inside another one.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(index, _)| {
        let before = line[..index].chars().next_back();
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        !word.starts_with(inside) || !before.is_some_and(inside)
    })
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX && path != "src/platform/store/schema.rs")
        .then(|| format!("{path} has {lines} lines, more than {LINES_MAX}"))
}

fn homeless_words(path: &str, text: &str) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let word = NOWHERE.iter().find(|word| line.contains(*word))?;
            Some(format!("{path}:{} has {word}", index + 1))
        })
        .collect()
}

/// Handlers (functions below a `utoipa::path`) that the route list does not name.
fn unrouted(path: &str, text: &str, routes: &str) -> Vec<String> {
    let Some(module) = path.strip_prefix("src/http/") else {
        return Vec::new();
    };
    let module = module.trim_end_matches(".rs").trim_end_matches("/mod");
    let module = module.rsplit('/').next().unwrap_or(module);
    text.split("#[utoipa::path(")
        .skip(1)
        .filter_map(|rest| {
            let name = rest
                .split_once("pub async fn ")?
                .1
                .split(['(', '<'])
                .next()?;
            let route = format!("{module}::{name}");
            (!routes
                .split([' ', '(', ',', ')', '\n'])
                .any(|word| word == route))
            .then(|| format!("{path}: {route} is not in routes.rs"))
        })
        .collect()
}

/// Files that no other file names as its module: nothing in them is compiled.
fn undeclared(files: &[(String, String)]) -> Vec<String> {
    let declared = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (home, module) = match name {
            "main.rs" => return true,
            "mod.rs" => folder.rsplit_once('/').unwrap_or(("", folder)),
            _ => (folder, name.trim_end_matches(".rs")),
        };
        let area = folder.rsplit_once('/').map_or(folder, |(_, area)| area);
        let by_path = format!("#[path = \"../{area}/{name}\"]");
        let by_name = format!("mod {module};");
        files.iter().any(|(other, text)| {
            let beside = [
                format!("{home}/mod.rs"),
                format!("{home}/main.rs"),
                format!("{home}.rs"),
            ];
            text.contains(&by_path) || beside.contains(other) && text.contains(&by_name)
        })
    };
    files
        .iter()
        .filter(|(path, _)| !declared(path))
        .map(|(path, _)| format!("{path} is not declared"))
        .collect()
}

fn incomplete_migration(name: &str, up: &str, down: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !up.starts_with("-- Why: ") {
        problems.push(format!("{name}/up.sql does not begin with `-- Why: `"));
    }
    if down.trim().is_empty() {
        problems.push(format!("{name} has no down.sql"));
    }
    problems
}

/// Names of commands in the help of the program: the first words of the lines below `Commands:`.
fn commands_in(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|word| *word != "help")
        .map(str::to_owned)
        .collect()
}

/// Names of environment variables, which the table of settings puts between backquotes.
fn settings_in(table: &str) -> Vec<String> {
    table
        .split('`')
        .filter(|word| word.starts_with("SHOUXIN_") || *word == "DATABASE_URL")
        .map(str::to_owned)
        .collect()
}

fn unnamed<'a>(manual: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let words: Vec<&str> = manual.split(|c| !inside(c)).collect();
    names
        .filter(|name| !words.contains(&name.as_str()))
        .map(|name| format!("README.md does not name {name}"))
        .collect()
}

#[track_caller]
fn assert_none(violations: impl IntoIterator<Item = String>) {
    let violations: Vec<String> = violations.into_iter().collect();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

fn output_of(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shouxin"))
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn children(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// Path and text of every Rust file.
fn sources() -> Vec<(String, String)> {
    let mut found = texts();
    found.retain(|(path, _)| path.ends_with(".rs"));
    assert!(
        found.iter().any(|(path, _)| path == "src/lib.rs"),
        "the sources were not found"
    );
    found
}

/// Path and text of every file that belongs to the package and is text.
fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let kept_out = matches!(
                name.as_str(),
                ".git" | "target" | "node_modules" | ".shouxin"
            );
            if path.is_dir() && !kept_out {
                folders.push(path);
            } else if path.is_file()
                && !kept_out
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                let path = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

mod planted {
    use super::*;

    #[test]
    fn a_forbidden_import_is_found_in_its_layer_only() {
        for (path, line) in [
            ("src/domain/money.rs", "use diesel::prelude::*;"),
            ("src/domain/money.rs", "use crate::store::db::Db;"),
            ("src/domain/money.rs", "let now = chrono::Utc::now();"),
            ("src/domain/money.rs", "let x: f64 = 0.5;"),
            ("src/domain/money.rs", "pub async fn decide() {}"),
            ("src/store/customers.rs", "use actix_web::web;"),
            ("src/store/customers.rs", "use crate::http::types::Text;"),
            (
                "src/store/customers.rs",
                "connection.transaction(|c| work(c))",
            ),
            ("src/app/customers.rs", "use diesel::prelude::*;"),
            ("src/app/customers.rs", "use crate::http::types::Text;"),
            ("src/http/customers.rs", "use diesel::PgConnection;"),
            ("src/http/customers.rs", "web::block(move || work())"),
            ("src/jobs/expiry.rs", "use crate::http::state::State;"),
            ("src/telemetry.rs", "std::env::var(\"LOG\")"),
            ("src/app/mod.rs", "    #[allow(dead_code)]"),
            ("src/app/mod.rs", "todo!()"),
            ("tests/new.rs", "#[ignore]"),
            ("tests/new.rs", "std::thread::sleep(second);"),
        ] {
            assert!(!forbidden_words(path, line).is_empty(), "{path}: {line}");
        }
        for (path, line) in [
            ("src/store/customers.rs", "use diesel::prelude::*;"),
            ("src/store/db.rs", "connection.transaction(|c| work(c))"),
            ("src/clock.rs", "Utc::now()"),
            ("src/config/mod.rs", "std::env::vars_os()"),
            (
                "src/domain/money.rs",
                "// Unlike diesel, this never panics.",
            ),
            ("src/domain/money.rs", "/// No f64 here."),
            ("src/domain/money.rs", "let not_f64_at_all = half_f64;"),
            ("src/app/mod.rs", "#[expect(dead_code, reason = \"…\")]"),
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
        assert!(too_long("src/app/long.rs", &long).is_some());
        assert!(too_long("src/app/fine.rs", &"\n".repeat(LINES_MAX)).is_none());
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
        let found = unrouted("src/http/things.rs", text, routes);
        assert_eq!(
            found,
            ["src/http/things.rs: things::create is not in routes.rs"]
        );
        assert!(unrouted("src/app/things.rs", text, routes).is_empty());
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
}
