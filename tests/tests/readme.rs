//! The Rust program of `README.md` is compiled and prints what the page says; the page keeps its own rules.

use std::fs;
use std::process::Command;

use albert_tests::readme::{page, program, root};

#[test]
fn rust_program_prints_what_is_shown() {
    let (shown, output) = program("rust");
    let source = fs::read_to_string(root().join("tests/readme/program.rs")).expect("the program");
    assert_eq!(source, shown, "tests/readme/program.rs is the page's");
    let ran = Command::new(env!("CARGO_BIN_EXE_readme")).current_dir(root()).output().expect("the program starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), output);
}

/// Times are those of the tables that they are taken from.
#[test]
fn results_are_those_of_the_benchmarks() {
    let (page, benchmarks) = (page(), fs::read_to_string(root().join("docs/benchmarks.md")).expect("the page"));
    let cells = |line: &str| -> Vec<f64> {
        line.split('|').filter_map(|cell| cell.trim().trim_matches('*').parse().ok()).collect()
    };
    let row = |text: &str, start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no row {start}"));
        cells(line)
    };
    let ours = row(&page, "| albert-edge |");
    let others = row(&page, "| fastest other engine");
    assert_eq!(ours, row(&benchmarks, "| albert-int8 |"));
    let peers = ["openvino-int8", "openvino-int8-bf16"].map(|peer| row(&benchmarks, &format!("| {peer} |")));
    let fastest: Vec<f64> =
        (0..ours.len()).map(|length| peers.iter().map(|peer| peer[length]).fold(f64::MAX, f64::min)).collect();
    assert_eq!(others, fastest);
}

/// Sentences that a reader in a hurry reads once.
#[test]
fn sentences_are_short() {
    let page = page();
    let prose: String = page.split("\n```").step_by(2).collect::<Vec<_>>().join("\n\n");
    let lines = prose.lines().map(|line| if line.starts_with('|') || line.starts_with('#') { "." } else { line });
    let text = lines.map(|line| if line.is_empty() { "." } else { line }).collect::<Vec<_>>().join(" ");
    for sentence in text.split(['.', ':', '·']) {
        assert!(sentence.split_whitespace().count() <= 30, "more than 30 words: {sentence}");
    }
}
