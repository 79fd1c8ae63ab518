//! The files of the package, and what its program says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use super::arrows;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn output_of(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shouxin"))
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

pub fn children(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// Where the library and the program begin.
pub const ROOTS: &[&str] = &["src/lib.rs", "src/main.rs"];

/// Path and text of every Rust file of the library and the program.
pub fn ours() -> Vec<(String, String)> {
    let mut files = sources();
    files.retain(|(path, _)| path.starts_with("src/"));
    files
}

/// The arrows between them, of what is not for tests alone.
pub fn used() -> std::collections::BTreeSet<arrows::Arrow> {
    let files: BTreeMap<String, String> = ours().into_iter().collect();
    let (_, tests) = arrows::reached(&files, ROOTS);
    let kept: Vec<(String, String)> = files
        .into_iter()
        .filter(|(path, _)| !tests.contains(path))
        .collect();
    arrows::between(&kept)
}

/// Path and text of every Rust file.
pub fn sources() -> Vec<(String, String)> {
    let mut found = texts();
    found.retain(|(path, _)| path.ends_with(".rs"));
    assert!(
        found.iter().any(|(path, _)| path == "src/lib.rs"),
        "the sources were not found"
    );
    found
}

/// Path and text of every file that belongs to the package and is text.
pub fn texts() -> Vec<(String, String)> {
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

/// A function below a `utoipa::path`.
pub struct Handler {
    /// As the route lists name it: `module::function`.
    pub route: String,
    /// Its `operation_id`.
    pub operation: String,
}

impl Handler {
    /// Whether the route lists name it.
    pub fn is_routed(&self, routes: &str) -> bool {
        routes
            .split([' ', '(', ',', ')', '\n'])
            .any(|word| word == self.route)
    }
}

/// The handlers of a file of the HTTP layer: functions below a `utoipa::path`, and those that a macro
/// of the moulds writes from their words.
pub fn handlers_in(path: &str, text: &str) -> Vec<Handler> {
    let Some((_, module)) = path.split_once("/http/") else {
        return Vec::new();
    };
    let module = module.trim_end_matches(".rs").trim_end_matches("/mod");
    let module = module.rsplit('/').next().unwrap_or(module);
    let plain = text.split("#[utoipa::path(").skip(1).filter_map(|rest| {
        let (attributes, function) = rest.split_once("pub async fn ")?;
        let id = attributes.split_once("operation_id = \"");
        let id = id.and_then(|(_, rest)| rest.split('"').next());
        Some((function, id))
    });
    let written = text
        .split("_handlers! {")
        .skip(1)
        .filter_map(|rest| rest.split("\n}").next())
        .flat_map(|words| words.split("pub async fn ").skip(1))
        .map(|function| (function, function.split('"').nth(1)));
    plain
        .chain(written)
        .filter_map(|(function, id)| {
            let name = function.split(['(', '<', ',']).next()?;
            Some(Handler {
                route: format!("{module}::{name}"),
                operation: id.unwrap_or_default().to_owned(),
            })
        })
        .filter(|handler| !handler.route.contains('$'))
        .collect()
}

/// The route lists of every area as one text.
pub fn route_lists(sources: &[(String, String)]) -> String {
    sources
        .iter()
        .filter(|(path, _)| path.ends_with("/routes.rs"))
        .map(|(_, text)| text.as_str())
        .collect()
}
