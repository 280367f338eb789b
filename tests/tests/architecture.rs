//! The modules of the core use each other in the directions of the table in `docs/architecture.md`, and in no others; the command
//! leaves inferences to `albert-edge`.

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

/// Lines of a crate's sources that name a session of the core, or call for one: those that run an inference themselves.
fn inferences(name: &str) -> Vec<String> {
    let mut all = BTreeMap::new();
    sources(&root().join(name).join("src"), "", &mut all);
    let code =
        |line: &&str| ["Session<", "Session::", "::Session;", ".session("].iter().any(|part| line.contains(part));
    let lines = all.iter().flat_map(|(module, source)| source.lines().filter(code).map(move |line| (module, line)));
    lines.map(|(module, line)| format!("{name}::{module}: {}", line.trim())).collect()
}

#[test]
fn the_command_runs_no_inference_itself() {
    let mut found = inferences("albert-cli");
    // It times what a session does.
    found.retain(|line| !line.starts_with("albert-cli::commands::bench:"));
    assert_eq!(found, [""; 0]);

    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let said = page.split("It has about ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number of lines");
    let said: usize = said.replace(',', "").parse().expect("a number");
    let mut all = BTreeMap::new();
    sources(&root().join("albert-cli/src"), "", &mut all);
    let lines: usize = all.values().map(|source| source.lines().count()).sum();
    assert!(lines.abs_diff(said) * 10 <= said, "the page says {said} lines, there are {lines}");
    assert!(inferences("albert-edge").len() > 5, "the search finds what it should");
}

/// A circle of the modules at the top of a crate, when there is one: each uses the next, the last the first.
fn circle(sources: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let top = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
    let modules: BTreeSet<String> = sources.keys().map(|module| top(module)).collect();
    let mut uses: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (module, source) in sources {
        let own = top(module);
        let used = paths(module, source).into_iter().map(|path| top(&path));
        let used = used.filter(|used| *used != own && modules.contains(used));
        uses.entry(modules.get(&own).expect("a module")).or_default().extend(used);
    }
    // Modules that use none of those that are left are in no circle.
    loop {
        let left: BTreeSet<&str> = uses.keys().copied().collect();
        let done: Vec<&str> =
            left.iter().copied().filter(|name| uses[name].iter().all(|used| !left.contains(used.as_str()))).collect();
        if done.is_empty() {
            break;
        }
        done.iter().for_each(|name| _ = uses.remove(name));
    }
    let mut path = vec![(*uses.keys().next()?).to_owned()];
    loop {
        let next = uses[path.last()?.as_str()].iter().find(|used| uses.contains_key(used.as_str()))?.clone();
        if let Some(start) = path.iter().position(|module| *module == next) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

#[test]
fn other_crates_have_no_circles() {
    let mut circles = Vec::new();
    for name in
        ["albert-edge", "albert-cli", "albert-capi", "albert-hub", "albert-fit", "albert-report", "albert-quant"]
    {
        let mut all = BTreeMap::new();
        sources(&root().join(name).join("src"), "", &mut all);
        all.remove("main");
        assert!(all.len() > 3, "{name}");
        if let Some(circle) = circle(&all) {
            circles.push(format!("{name}: {}", circle.join(", ")));
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_circle_of_three_is_noticed() {
    let uses = [
        ("a", "use crate::b::B;"),
        ("b::inner", "use super::super::c;"),
        ("c", "fn f() { crate::a::g() }"),
        ("d", "use crate::a;"),
    ];
    let sources = uses.map(|(module, source)| (module.to_owned(), source.to_owned())).into();
    assert_eq!(circle(&sources), Some(["a", "b", "c"].map(str::to_owned).to_vec()));
}
