//! The recorded results that every binding's tests read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::files::{read, update};
use crate::toolchain::{check, host_cargo, root};

/// Languages, and what of the cases of a task is shown of them.
const LANGUAGES: [(&str, Shown); 9] = [
    ("Rust", Shown::Run),
    ("command", Shown::Run),
    ("C", Shown::Run),
    ("C++", Shown::Run),
    ("Java", Shown::Run),
    ("Python", Shown::Run),
    ("JavaScript", Shown::Run),
    ("Kotlin", Shown::Compiled),
    ("Swift", Shown::NotCompiled),
];

#[derive(Clone, Copy)]
enum Shown {
    /// A test runs every case and compares bits.
    Run,
    /// Compiled against the classes of Java, which it calls.
    Compiled,
    /// No compiler is at hand.
    NotCompiled,
}

/// Writes the models, their results and the table of docs/tasks.md anew, then checks them.
pub(crate) fn run() -> Result<(), String> {
    let test = |options: &[&str]| {
        let base = ["--package", "albert-edge", "--features", "serde", "--test", "conformance", "--"];
        check(host_cargo("test").args(base).args(options))
    };
    test(&["--ignored", "write"])?;
    test(&[])?;
    update(&root().join("docs/tasks.md"), "languages", &table()?)
}

/// A row for each task, with the number of its cases that a language's test runs.
fn table() -> Result<String, String> {
    let file = read(&root().join("conformance/conformance.json"))?;
    let file: Value = serde_json::from_str(&file).map_err(|error| error.to_string())?;
    let mut tasks: BTreeMap<&str, usize> = BTreeMap::new();
    for task in file["cases"].as_array().into_iter().flatten().filter_map(|case| case["task"].as_str()) {
        *tasks.entry(task).or_default() += 1;
    }
    let mut text = String::from("| task |");
    text.extend(LANGUAGES.map(|(name, _)| format!(" {name} |")));
    text += "\n|---|";
    text.extend(LANGUAGES.map(|_| "--:|"));
    for (task, cases) in tasks {
        text += &format!("\n| `{task}` |");
        text.extend(LANGUAGES.map(|(_, shown)| match shown {
            Shown::Run => format!(" {cases} |"),
            Shown::Compiled => " compiled |".to_owned(),
            Shown::NotCompiled => " not compiled |".to_owned(),
        }));
    }
    Ok(text + "\n")
}
