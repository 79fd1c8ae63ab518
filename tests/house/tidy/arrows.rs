//! Who uses whom: the arrows between the files of `src`, read from their `use` declarations and from
//! the paths that start at the crate, at the module or above it. What only tests use does not count.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

/// A file below `src` that uses another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: String,
    pub to: String,
}

/// Every arrow between the given files (path and text).
pub fn between(files: &[(String, String)]) -> BTreeSet<Arrow> {
    let homes: BTreeMap<Vec<String>, &str> = files
        .iter()
        .filter(|(path, _)| path != "src/main.rs")
        .map(|(path, _)| (module_of(path), path.as_str()))
        .collect();
    let mut arrows = BTreeSet::new();
    for (path, text) in files {
        let module = module_of(path);
        for used in used_by(text, &module) {
            let home = (0..=used.len())
                .rev()
                .find_map(|length| homes.get(&used[..length]));
            if let Some(home) = home.filter(|home| *home != path && **home != "src/lib.rs") {
                arrows.insert(Arrow {
                    from: path.clone(),
                    to: (*home).to_owned(),
                });
            }
        }
    }
    arrows
}

/// The module that a file is: `src/customers/store/customers.rs` is `customers::store::customers`.
pub fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    if path == "lib" || path == "main" {
        return Vec::new();
    }
    path.split('/').map(str::to_owned).collect()
}

/// The paths that a file uses, from the crate on.
fn used_by(text: &str, module: &[String]) -> Vec<Vec<String>> {
    let file = syn::parse_file(text).expect("a source file parses");
    let mut paths = Vec::new();
    collect(file.items, &mut paths);
    let children: Vec<String> = declared(text).into_iter().map(|child| child.name).collect();
    paths
        .into_iter()
        .filter_map(|path| absolute(&path, module, &children))
        .collect()
}

fn collect(items: Vec<Item>, paths: &mut Vec<Vec<String>>) {
    for item in items.into_iter().filter(|item| !is_test(item)) {
        match item {
            Item::Use(item) => leaves(&item.tree, &mut Vec::new(), paths),
            Item::Mod(item) => collect(item.content.map_or(Vec::new(), |(_, items)| items), paths),
            other => heads(other.to_token_stream(), paths),
        }
    }
}

fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.to_token_stream().to_string().contains("test")
    })
}

/// Every leaf of a `use`, whole.
fn leaves(tree: &UseTree, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let leaf = |name: String| before.iter().cloned().chain([name]).collect();
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            leaves(&path.tree, before, paths);
            before.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, before, paths);
            }
        }
        UseTree::Name(name) => paths.push(leaf(name.ident.to_string())),
        UseTree::Rename(name) => paths.push(leaf(name.ident.to_string())),
        UseTree::Glob(_) => paths.push(before.clone()),
    }
}

/// Paths in code and in what macros are given: words that `::` joins.
fn heads(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                if colons != 2 {
                    path = close(path, paths);
                }
                path.push(word.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                path = close(path, paths);
                colons = 0;
                heads(group.stream(), paths);
            }
            _ => {
                path = close(path, paths);
                colons = 0;
            }
        }
    }
    close(path, paths);
}

fn close(path: Vec<String>, paths: &mut Vec<Vec<String>>) -> Vec<String> {
    if path.len() > 1 {
        paths.push(path);
    }
    Vec::new()
}

/// The path from the crate on, unless it names something of another crate or something local.
fn absolute(path: &[String], module: &[String], children: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    let (start, rest) = match path.first()?.as_str() {
        "crate" => (0, &path[1..]),
        "self" => (module.len(), &path[1..]),
        "super" => (module.len().checked_sub(ups)?, &path[ups..]),
        first if children.iter().any(|child| child == first) => (module.len(), path),
        _ => return None,
    };
    let words = module[..start].iter().chain(rest);
    Some(words.filter(|word| *word != "self").cloned().collect())
}

/// A module that stands in a file of its own, as its parent declares it.
#[derive(Debug, PartialEq, Eq)]
pub struct Declared {
    /// `a` for `mod a;`, `a/b` for what stands inside `mod a { mod b; }`.
    pub name: String,
    /// The file that `#[path]` names.
    pub file: Option<String>,
    /// Only tests have it.
    pub test: bool,
}

/// The modules that a file declares.
pub fn declared(text: &str) -> Vec<Declared> {
    fn walk(items: &[Item], before: &str, found: &mut Vec<Declared>) {
        for item in items {
            let Item::Mod(module) = item else { continue };
            let name = format!("{before}{}", module.ident);
            match &module.content {
                None => found.push(Declared {
                    name,
                    file: module.attrs.iter().find_map(named_file),
                    test: is_test(item),
                }),
                Some((_, items)) => walk(items, &format!("{name}/"), found),
            }
        }
    }
    let file = syn::parse_file(text).expect("a source file parses");
    let mut found = Vec::new();
    walk(&file.items, "", &mut found);
    found
}

fn named_file(attribute: &Attribute) -> Option<String> {
    let text = attribute.to_token_stream().to_string();
    (attribute.path().is_ident("path")).then(|| text.split('"').nth(1).unwrap().to_owned())
}

/// Files that the modules of a file may stand in, best first.
pub fn places(path: &str, declared: &Declared) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap();
    if let Some(file) = &declared.file {
        return vec![format!("{folder}/{file}")];
    }
    let folder = match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        name => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    let file = format!("{folder}/{}", declared.name);
    vec![format!("{file}.rs"), format!("{file}/mod.rs")]
}

/// The files that are reached from these, and of those the ones that only tests reach.
pub fn reached(
    files: &BTreeMap<String, String>,
    roots: &[&str],
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut all, mut tests) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting: Vec<(String, bool)> = roots
        .iter()
        .map(|root| ((*root).to_owned(), false))
        .collect();
    while let Some((path, test)) = waiting.pop() {
        let Some(text) = files.get(&path) else {
            continue;
        };
        for module in declared(text) {
            let place = places(&path, &module)
                .into_iter()
                .find(|place| files.contains_key(place));
            waiting.extend(place.map(|place| (place, test || module.test)));
        }
        if test {
            tests.insert(path.clone());
        }
        all.insert(path);
    }
    (all, tests)
}

/// Files that use each other in a circle: every set of two or more from which each of its files can be
/// reached (Tarjan's strongly connected components).
pub fn circles(arrows: &BTreeSet<Arrow>) -> Vec<Vec<String>> {
    let mut search = Search::default();
    for arrow in arrows {
        search.after.entry(&arrow.from).or_default().push(&arrow.to);
    }
    for arrow in arrows {
        if !search.index.contains_key(arrow.from.as_str()) {
            search.visit(&arrow.from);
        }
    }
    search.found.sort();
    search.found
}

#[derive(Default)]
struct Search<'a> {
    after: BTreeMap<&'a str, Vec<&'a str>>,
    index: BTreeMap<&'a str, usize>,
    lowest: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, file: &'a str) {
        let index = self.index.len();
        self.index.insert(file, index);
        self.lowest.insert(file, index);
        self.stack.push(file);
        for next in self.after.get(file).cloned().unwrap_or_default() {
            if !self.index.contains_key(next) {
                self.visit(next);
                self.lower(file, self.lowest[next]);
            } else if self.stack.contains(&next) {
                self.lower(file, self.index[next]);
            }
        }
        if self.lowest[file] == index {
            let start = self.stack.iter().position(|other| *other == file).unwrap();
            let mut circle: Vec<String> = self.stack.drain(start..).map(str::to_owned).collect();
            if circle.len() > 1 {
                circle.sort();
                self.found.push(circle);
            }
        }
    }

    fn lower(&mut self, file: &'a str, to: usize) {
        let lowest = self.lowest.get_mut(file).unwrap();
        *lowest = (*lowest).min(to);
    }
}
