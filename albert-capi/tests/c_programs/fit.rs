//! The same examples fitted from C, C++ and Java give the bytes that the Rust library gives.

use std::fmt::Write;
use std::process::Command;

use albert_edge::Model;
use albert_fit::{Example, HeadStorage, Options, fit};

use crate::jvm;
use crate::tools::{compile, path, printed, valgrind};

fn examples() -> Vec<(&'static str, String)> {
    let starts = [
        ("water", ["the river", "the sea"]),
        ("people", ["Anna", "who lives"]),
        ("places", ["London", "the old bridge"]),
    ];
    let ends = ["in London", "near the old bridge", "runs north", "and Paris"];
    let of_label = |(label, starts): (&'static str, [&str; 2])| {
        starts.map(|start| ends.map(|end| (label, format!("{start} {end}"))))
    };
    starts.into_iter().flat_map(of_label).flatten().collect()
}

/// What the programs read.
fn input() -> String {
    examples().iter().map(|(label, text)| format!("{label}\t{text}\n")).collect()
}

fn encoder() -> std::path::PathBuf {
    path("../conformance/encoder.albert")
}

/// What the programs print.
fn expected() -> String {
    let encoder = Model::open(encoder()).unwrap();
    let example =
        |(label, text): (&str, String)| Example { text, labels: vec![label.to_owned()], ..Example::default() };
    let examples: Vec<Example> = examples().into_iter().map(example).collect();
    let mut options = Options::default();
    options.folds = 3;
    let fitted = fit(encoder.as_core(), &examples, &options).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let head = |storage| hex(&fitted.head_file(encoder.as_core(), storage).unwrap());
    let mut text = String::new();
    fitted.labels.iter().for_each(|label| writeln!(text, "label\t{label}").unwrap());
    let report = &fitted.report;
    let numbers = [report.accuracy, report.macro_f1, report.temperature].map(|number| number.to_bits());
    writeln!(text, "report\t{}\t{numbers:?}", report.pooling).unwrap();
    writeln!(text, "json\t{}", serde_json::to_string(report).unwrap()).unwrap();
    writeln!(text, "head-f32\t{}\nhead\t{}", head(HeadStorage::F32), head(HeadStorage::Int8)).unwrap();
    writeln!(text, "model\t{}", hex(&fitted.model(encoder.as_core(), HeadStorage::Int8).unwrap())).unwrap();
    writeln!(text, "portable\t{}", recorded()).unwrap();
    text
}

/// The head file of the same examples and folds that `albert-fit/tests/portable.rs` holds against every machine.
fn recorded() -> String {
    let record = std::fs::read(path("../albert-fit/tests/data/portable.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    record["head"].as_str().unwrap().to_owned()
}

/// Numbers of the report as their bits, whatever the language prints of them.
fn with_bits(printed: &str) -> String {
    let line = |line: &str| match line.strip_prefix("report\t") {
        Some(fields) => {
            let (pooling, numbers) = fields.split_once('\t').unwrap();
            let numbers: Vec<u64> = numbers.split('\t').map(|x| x.parse::<f64>().unwrap().to_bits()).collect();
            format!("report\t{pooling}\t{numbers:?}\n")
        }
        None => format!("{line}\n"),
    };
    printed.lines().map(line).collect()
}

#[test]
fn fitting_from_c_and_cpp_gives_the_bytes_of_rust() {
    let (expected, encoder) = (expected(), encoder());
    let encoder = encoder.to_str().unwrap();
    let program = compile(&["cc", "-std=c99"], "tests/c/fit.c", "fit-c99", false);
    assert_eq!(with_bits(&printed(Command::new(&program).arg(encoder), &input())), expected);
    // The processor that valgrind makes up has other instructions, which round weights in the last place if they may.
    let same = |text: &str| {
        let everywhere = |line: &&str| line.starts_with("label") || line.starts_with("portable");
        text.lines().filter(everywhere).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(same(&valgrind(&program, &[encoder], &input())), same(&expected));
    let program = compile(&["c++", "-std=c++17"], "tests/cpp/fit.cpp", "fit-cpp17", false);
    assert_eq!(with_bits(&printed(Command::new(program).arg(encoder), &input())), expected);
}

#[test]
fn fitting_from_java_gives_the_bytes_of_rust() {
    let Some(mut java) = jvm::program("Fitting") else { return };
    assert_eq!(with_bits(&printed(java.arg(encoder()), &input())), expected());
}
