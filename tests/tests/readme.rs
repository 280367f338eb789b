//! The Rust program of `README.md` is compiled and prints what the page says; the page keeps its own rules.

use std::fs;
use std::process::Command;

use albert_tests::block;
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

/// Times are those of the table that they are taken from.
#[test]
fn results_are_those_of_the_benchmarks() {
    let (page, benchmarks) = (page(), fs::read_to_string(root().join("docs/benchmarks.md")).expect("the page"));
    let rows = |text: &str, name: &str| -> Vec<(String, Vec<f64>)> {
        let [_, block, _] = block::parts(text, name).unwrap_or_else(|| panic!("no block {name}"));
        let row = |line: &str| {
            let (name, cells) = line.strip_prefix("| ")?.split_once(" | ")?;
            let cells = cells.trim_end_matches(" |").split(" | ").map(str::parse).collect::<Result<_, _>>();
            Some((name.to_owned(), cells.ok()?))
        };
        block.lines().filter_map(row).collect()
    };
    let shown = rows(&page, "results");
    let measured = rows(&benchmarks, "base");
    let peers: Vec<&Vec<f64>> = measured
        .iter()
        .filter(|(name, _)| name.contains("-int8") && !name.contains(['÷']))
        .map(|(_, times)| times)
        .collect();
    let (ours, peers) = peers.split_first().expect("a row of this library");
    let fastest = |length| peers.iter().map(|peer| peer[length]).fold(f64::MAX, f64::min);
    let fastest: Vec<f64> = (0..ours.len()).map(fastest).collect();
    assert_eq!(shown[1..].iter().map(|(_, times)| times).collect::<Vec<_>>(), [*ours, &fastest]);
    assert!(shown[1].0 == "albert-edge" && shown[2].0.starts_with("fastest other engine"), "{shown:?}");
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
