//! The modules of the core use each other in the directions of the table in `docs/architecture.md`, and in no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the bottom up, and what each may use.
type Table = Vec<(String, BTreeSet<String>)>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table(page: &str) -> Table {
    let cells = |line: &str| -> Vec<Vec<String>> {
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        line.trim_matches('|').split('|').map(names).collect()
    };
    let rows = page.lines().skip_while(|line| !line.starts_with("| module |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(cells)
        .map(|cells| (cells[0][0].clone(), cells[2].iter().cloned().collect()))
        .collect()
}

/// The sources by their module paths: `session/ids.rs` is `session::ids`.
fn sources(folder: &Path, module: &str, all: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("an entry").path()) {
        let stem = entry.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let inner = if module.is_empty() { stem.clone() } else { format!("{module}::{stem}") };
        if entry.is_dir() {
            sources(&entry, &inner, all);
        } else if entry.extension().is_some_and(|extension| extension == "rs") && stem != "lib" {
            let name = if stem == "mod" { module.to_owned() } else { inner };
            all.insert(name, fs::read_to_string(&entry).expect("text"));
        }
    }
}

/// The row of the table that a path belongs to: the longest name that it begins with.
fn node<'t>(table: &'t Table, path: &str) -> Option<&'t str> {
    let within = |name: &str| path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
    let names = table.iter().map(|(name, _)| name.as_str()).filter(|name| within(name));
    names.max_by_key(|name| name.len())
}

/// Paths from the crate's root in the source of a module, without comments; groups as in `use crate::{a::B, c}` are taken apart one
/// level deep.
fn paths(module: &str, source: &str) -> Vec<String> {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join(" ");
    let letters = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    // `super` is the module around, once for each.
    let around = |up: usize| -> String {
        let names: Vec<_> = module.split("::").collect();
        names[..names.len().saturating_sub(up)].iter().map(|name| format!("{name}::")).collect()
    };
    let mut pieces = code.split("super::");
    let (mut code, mut up) = (pieces.next().unwrap_or("").to_owned(), 0);
    for piece in pieces {
        up += 1;
        if !piece.is_empty() {
            code += &format!("crate::{}{piece}", around(up));
            up = 0;
        }
    }
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split("};").next().unwrap_or("");
            found.extend(group.split([',', '{', '}']).map(|path| path.trim().to_owned()));
        } else {
            let path: String = rest.chars().take_while(|&c| letters(c)).collect();
            let group = rest[path.len()..].strip_prefix('{').and_then(|group| group.split('}').next()).unwrap_or("");
            found.extend(group.split(',').map(|name| format!("{path}{}", name.trim())));
        }
    }
    found
}

/// What breaks the table.
fn violations(table: &Table, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, (name, uses)) in table.iter().enumerate() {
        for used in uses.iter().filter(|used| !table[..index].iter().any(|(above, _)| above == *used)) {
            wrong.push(format!("the table: {name} uses {used}, which does not stand above it"));
        }
    }
    let mut seen = BTreeSet::new();
    for (file, source) in sources {
        let Some(from) = node(table, file) else {
            wrong.push(format!("{file} is in no module of the table"));
            continue;
        };
        let uses = &table.iter().find(|(name, _)| name == from).expect("a row").1;
        for path in paths(file, source) {
            let Some(to) = node(table, path.trim_end_matches(':')).filter(|to| *to != from) else { continue };
            seen.insert((from, to));
            if !uses.contains(to) {
                wrong.push(format!("{file} uses {path}: {from} may not use {to}"));
            }
        }
    }
    for (name, uses) in table {
        let unused = uses.iter().filter(|used| !seen.contains(&(name.as_str(), used.as_str())));
        wrong.extend(unused.map(|used| format!("the table: {name} does not use {used}")));
    }
    wrong
}

fn core() -> (Table, BTreeMap<String, String>) {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let mut all = BTreeMap::new();
    sources(&root().join("albert-core/src"), "", &mut all);
    (table(&page), all)
}

#[test]
fn modules_use_each_other_as_the_table_says() {
    let (table, sources) = core();
    assert!(table.len() > 10 && sources.len() > 50);
    let wrong = violations(&table, &sources);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_noticed() {
    let (mut table, mut sources) = core();
    for source in [
        "use crate::session::Phase;",
        "use crate::{config::Head, session::Phase};",
        "fn f() { crate::session::g() }",
        "use super::super::session::g;",
        "use super::super::{session::g};",
    ] {
        sources.insert("kernels::new".to_owned(), source.to_owned());
        assert!(
            violations(&table, &sources).iter().any(|wrong| wrong.contains("kernels may not use session")),
            "{source}"
        );
    }
    let row = table.iter_mut().find(|(name, _)| name == "kernels").expect("a row");
    row.1.insert("session".to_owned());
    assert!(violations(&table, &sources).iter().any(|wrong| wrong.contains("does not stand above it")));
}
