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

/// The sizes of the demo model and of albert-base are those of the file, and of the table that is referred to.
#[test]
fn sizes_are_those_of_files_and_tables() {
    let (page, quantization) = (page(), fs::read_to_string(root().join("docs/quantization.md")).expect("the page"));
    let demo = fs::metadata(root().join("models/clinc-intents-int8.albert")).expect("the demo model").len();
    assert!(page.contains(&format!("150 intents in {:.1} MB", demo as f64 / 1e6)));
    let megabytes = |format: &str| {
        let start = format!("| `{format}` | ");
        let row = quantization.lines().find_map(|line| line.strip_prefix(&start)).expect("albert-base in this format");
        row.trim_end_matches(" |").parse::<f64>().expect("bytes") / 1e6
    };
    let sizes = format!("{:.0} MB file in int8, and {:.0} MB in fp32", megabytes("int8"), megabytes("fp32"));
    assert!(page.contains(&sizes), "{sizes}");
}
