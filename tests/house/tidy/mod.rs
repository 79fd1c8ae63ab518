//! The house rules, checked by reading the sources.
//!
//! Layers are kept apart by what they import, so that a shortcut shows up as a failing test and
//! not in a review months later. Each rule is a plain function over a file's text, and has a test
//! with a planted violation: a rule that cannot fail protects nothing.

mod arrows;
mod locks;
mod planted;
pub mod reading;
mod rooms;

use std::collections::BTreeMap;

use self::reading::{
    ROOTS, children, handlers_in, ours, output_of, root, route_lists, sources, texts, used,
};

const LINES_MAX: usize = 500;
const FOLDER_MAX: usize = 24;

/// Words that files below a path must not contain outside comments.
struct Forbidden {
    below: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
    because: &'static str,
}

/// What the pure part of the house does not name.
const PURE: &[&str] = &[
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
    "f32",
    "f64",
];

const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        below: "src/*/domain/",
        except: &[],
        words: PURE,
        because: "decisions are made from what they are told: no I/O, clock, randomness, logging or floats",
    },
    Forbidden {
        below: "src/values/",
        except: &[],
        words: PURE,
        because: "decisions are made from what they are told: no I/O, clock, randomness, logging or floats",
    },
    Forbidden {
        below: "src/*/store/",
        except: &[],
        words: &["actix"],
        because: "the store knows rows, not callers",
    },
    Forbidden {
        below: "src/*/app/",
        except: &[],
        words: &[
            "actix",
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
        below: "src/*/http/",
        except: &[],
        words: &["diesel", "web::block", "spawn_blocking"],
        because: "handlers reach the database through their guard",
    },
    Forbidden {
        below: "src/jobs/",
        except: &[],
        words: &["actix_web", "diesel::"],
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
        except: &["src/platform/store/db/"],
        words: &[
            ".transaction(",
            ".transaction::<",
            "build_transaction",
            "begin_transaction",
            "begin_test_transaction",
        ],
        because: "platform/store/db is the only place that opens transactions",
    },
    Forbidden {
        below: "src/",
        except: &["src/platform/store/", "src/sample/loading.rs"],
        words: &["time_after_locks"],
        because: "the instant follows from the locks",
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
        except: &["tests/house/tidy/"],
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
fn no_folder_has_more_files_than_one_can_overlook() {
    assert_none(crowded(&sources()));
}

#[test]
fn whatever_is_locked_dates_what_is_decided() {
    let files = sources();
    assert_none(
        files
            .iter()
            .flat_map(|(path, text)| locks::undated(path, text)),
    );
}

#[test]
fn every_file_stands_in_a_room_of_the_house() {
    let files = ours();
    assert_none(files.iter().filter_map(|(path, _)| rooms::homeless(path)));
    assert_none(rooms::out_of_order());
}

#[test]
fn rooms_and_layers_use_only_those_below_them() {
    assert_none(used().iter().filter_map(rooms::forbidden));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = arrows::circles(&used());
    assert_none(circles.iter().map(|circle| circle.join(" <-> ")));
}

#[test]
fn every_file_of_the_library_is_reached() {
    let files: BTreeMap<String, String> = ours().into_iter().collect();
    let (reached, _) = arrows::reached(&files, ROOTS);
    assert_none(
        files
            .into_keys()
            .filter(|path| !reached.contains(path))
            .map(|path| format!("{path} is not reached: nothing in it is compiled")),
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
    let sources = sources();
    let routes = route_lists(&sources);
    assert_none(
        sources
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
        lies_below(path, rule.below) && !rule.except.iter().any(|home| path.starts_with(home))
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

/// Whether the path begins with the pattern, in which `*` is one folder.
fn lies_below(path: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return path.starts_with(pattern);
    };
    let folder = path
        .strip_prefix(before)
        .and_then(|rest| rest.split_once('/'));
    folder.is_some_and(|(_, rest)| format!("/{rest}").starts_with(after))
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

/// Folders with more Rust files than the most.
fn crowded(files: &[(String, String)]) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for (path, _) in files {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *counts.entry(folder).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count > FOLDER_MAX)
        .map(|(folder, count)| format!("{folder} has {count} files, more than {FOLDER_MAX}"))
        .collect()
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

/// Handlers that the route lists do not name.
fn unrouted(path: &str, text: &str, routes: &str) -> Vec<String> {
    handlers_in(path, text)
        .into_iter()
        .filter(|handler| !handler.is_routed(routes))
        .map(|handler| format!("{path}: {} is not in routes.rs", handler.route))
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
