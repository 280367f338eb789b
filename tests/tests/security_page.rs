//! The tests that `docs/security.md` names for each attack are there.

use std::fs;
use std::path::Path;

use albert_tests::readme::root;

fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && entry.file_name().is_some_and(|name| name != "target" && name != "node_modules") {
            sources(&entry, all);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&entry).unwrap());
        }
    }
}

#[test]
fn every_attack_has_a_test() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| attack |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() >= 15);
    let mut all = String::new();
    for folder in [
        "albert-core/src",
        "albert-core/tests",
        "albert-edge/tests",
        "albert-cli/tests",
        "albert-capi/tests",
        "albert-hub/tests",
        "tests/tests",
    ] {
        sources(&root().join(folder), &mut all);
    }
    for row in rows {
        let names = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap();
        let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            assert!(all.contains(&format!("]\nfn {name}()")), "{name} is no test");
        }
    }
}
