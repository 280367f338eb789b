//! Flash bytes of the core, by module, as the linker laid them out, then RAM and stack of a program that runs. Linking proves
//! that no panic can be reached.

use crate::files::Measured;
use crate::firmware;
use crate::firmware_boards::{BOARDS, Board};
use crate::firmware_bounds::MODEL;
use crate::toolchain::{captured, check, firmware_cargo, target_dir};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Targets, each by a board that a program runs on.
static TARGETS: [&Board; 2] = [&BOARDS[0], &BOARDS[2]];

/// Programs of `firmware/footprint`, their features, and bytes of code and constants, those that are the goal and the most that are
/// allowed on each of [`TARGETS`]: text to label with int8 weights and the tokenizer of a `tokenizer.json`, the same with a model of
/// any kind, and every public function.
///
/// The goals are what version 2 of the model file took, before several sequences in a run, head files and checks when a file is
/// opened; `docs/notes/firmware.md` says where they are missed and why.
const PROGRAMS: [(&str, &str, u64, [u64; TARGETS.len()]); 3] = [
    ("classifier", "", 49_152, [49_152, 49_700]),
    ("classifier", "every-kind", 59_000, [59_000, 59_350]),
    ("everything", "every-kind", 69_500, [69_500, 70_050]),
];

/// What [`PROGRAMS`] are called in `docs/firmware.md`.
const NAMES: [&str; PROGRAMS.len()] = [
    "text to label: int8 weights, the tokenizer of a `tokenizer.json`",
    "text to label with a model of any kind",
    "every public function",
];

/// The features of the core that [`run`]'s `features` are about, and what each is for.
const PARTS: [(&str, &str); 6] = [
    ("float", "fp16 and fp32 weights, of heads too"),
    ("codebook", "int4 and mixed weights"),
    ("sentencepiece", "tokenizers made from a bare `spiece.model`"),
    ("wordpiece", "WordPiece, the Chinese models'"),
    ("pooling", "classifiers that read something else than the pooler"),
    ("head-files", "head files beside a model"),
];

/// What each feature of the core takes of the flash: the program for a model of any kind without it.
pub(crate) fn features() -> Result<(), String> {
    let target = TARGETS[0].target;
    let without = |left_out: &str| {
        let parts = PARTS.iter().filter(|(part, _)| *part != left_out).map(|(part, _)| format!("albert-core/{part}"));
        build(target, "classifier", &parts.collect::<Vec<_>>().join(","))?;
        let [code, constants, ..] = sections(target, "classifier")?;
        Ok::<u64, String>(code + constants)
    };
    let whole = without("")?;
    let mut table = String::from("| feature | what | thumbv7em, bytes |\n|---|---|--:|\n");
    for (part, what) in PARTS {
        table += &format!("| `{part}` | {what} | {} |\n", whole.saturating_sub(without(part)?));
    }
    print!("{table}");
    hold("features", table, |_| 256.0)
}

/// Links the programs of `firmware/footprint` and reports.
pub(crate) fn run() -> Result<(), String> {
    let mut rows = PROGRAMS.map(|(_, _, goal, _)| format!(" {goal} |"));
    let mut memory = ["model file", "arena", "all statics", "stack"].map(|what| format!("| {what} |"));
    for (column, board) in TARGETS.into_iter().enumerate() {
        let target = board.target;
        for ((program, features, goal, most), row) in PROGRAMS.into_iter().zip(&mut rows) {
            build(target, program, features)?;
            let label = if features.is_empty() { program.to_owned() } else { format!("{program}, {features}") };
            let total = report(target, program, &label)?;
            println!("  {} bytes more than the goal of {goal}", total.saturating_sub(goal));
            *row += &format!(" {total} |");
            let most = most[column];
            if total > most {
                return Err(format!("{total} bytes of {label} on {target}; at most {most} are allowed"));
            }
        }
        for (row, bytes) in
            memory.iter_mut().zip([MODEL.bytes.len() as u64].into_iter().chain(firmware::memory(board)?))
        {
            *row += &format!(" {bytes} |");
        }
    }
    let head = "| program | goal | thumbv7em | thumbv8m |\n|---|--:|--:|--:|\n";
    let rows: String = NAMES.iter().zip(&rows).map(|(name, row)| format!("| {name} |{row}\n")).collect();
    hold("sizes", format!("{head}{rows}"), |_| 256.0)?;
    let memory = memory.map(|row| row + "\n").concat();
    hold("memory", format!("| `cooperative`, bytes | thumbv7em | thumbv8m |\n|---|--:|--:|\n{memory}"), |_| 64.0)
}

/// Holds the page to what was measured.
fn hold(name: &str, table: String, tolerance: fn(f64) -> f64) -> Result<(), String> {
    Measured { page: firmware::PAGE, name, table, target: TARGETS[0].target, tolerance }.hold()
}

/// Links a program of `firmware/footprint`.
fn build(target: &str, program: &str, features: &str) -> Result<(), String> {
    let mut build = firmware_cargo("build", target)?;
    build.args(["--release", "--locked", "--package", "footprint", "--bin", program, "--features", features]);
    check(&mut build)
}

/// Bytes of code, constants, initialized and zeroed statics.
fn sections(target: &str, program: &str) -> Result<[u64; 4], String> {
    let sections = captured(Command::new("llvm-size").arg("-A").arg(image(target, program)))?;
    Ok([".text", ".rodata", ".data", ".bss"].map(|name| {
        let line = sections.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0)
    }))
}

fn image(target: &str, program: &str) -> PathBuf {
    target_dir().join(target).join("release").join(program)
}

/// Prints the modules of a program with their bytes; returns the sum of code and constants.
fn report(target: &str, program: &str, label: &str) -> Result<u64, String> {
    let [code, constants, data, zeroed] = sections(target, program)?;
    let mut nm = Command::new("llvm-nm");
    nm.args(["--print-size", "--demangle", "--defined-only"]).arg(image(target, program));
    let symbols = captured(&mut nm)?;
    let mut modules: BTreeMap<String, u64> = BTreeMap::new();
    for line in symbols.lines() {
        let mut fields = line.splitn(4, ' ');
        let (Some(_), Some(size), Some(kind), Some(name)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if matches!(kind, "t" | "T" | "r" | "R")
            && let Ok(size) = u64::from_str_radix(size, 16)
        {
            *modules.entry(module(name)).or_default() += size;
        }
    }
    println!(
        "{target}: {label}: {} bytes: code {code}, constants {constants}; RAM: {}",
        code + constants,
        data + zeroed
    );
    let mut modules: Vec<_> = modules.into_iter().collect();
    modules.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    modules.iter().for_each(|(name, bytes)| println!("  {bytes:6} {name}"));
    Ok(code + constants)
}

/// The module of the core that a symbol belongs to, or its crate. What was inlined counts where it went.
fn module(symbol: &str) -> String {
    match symbol.find("albert_core::") {
        Some(at) => {
            let path = &symbol[at + "albert_core::".len()..];
            path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(path).to_owned()
        }
        None if symbol.starts_with("_start") => "the program, with what was inlined into it".to_owned(),
        None if symbol.starts_with(".L") => "constants".to_owned(),
        None if symbol.starts_with("__") || symbol.starts_with("mem") => "compiler_builtins".to_owned(),
        None => symbol.trim_start_matches('<').split("::").next().unwrap_or(symbol).to_owned(),
    }
}
