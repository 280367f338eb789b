//! The tests on aarch64 under QEMU's user-mode emulation, every NEON set among them, and the outputs of int8 models against
//! this machine's, byte for byte.

use crate::toolchain::{cargo, check, host_cargo, root, target_dir};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
/// A processor that has what all sets ask for, and where the target's C library is.
const EMULATOR: &str = "qemu-aarch64-static -L /usr/aarch64-linux-gnu";
const SETS: [&str; 3] = ["neon", "neondot", "neoni8mm"];

/// Tests of the product as a whole. Left out is what takes QEMU long and has little to do with the processor: comparisons with
/// the reference tokenizer, random networks, and trained models, whose outputs are compared below.
const TESTS: [&str; 12] = [
    "identity",
    "golden",
    "against_reference",
    "arena",
    "no_alloc",
    "early_exit",
    "observer",
    "tokenizer",
    "tokenizer_robustness",
    "bad_input",
    "damaged_files",
    "format_rules",
];

/// Left out of those, for the same reasons.
const SKIPPED: [&str; 3] = ["pipelines", "saved_vocabularies", "damaged_sentence_piece_models"];

/// Checkpoints whose outputs are compared: of this repository, and trained ones when they are at hand beside it.
const CHECKPOINTS: [&str; 5] = [
    "tests/fixtures/model-outlier",
    "tests/fixtures/token-classification-long",
    "../shared/models/clinc-intents",
    "../shared/models/mlm-small",
    "../shared/models/snips-slots",
];

/// The test of the kernels that takes QEMU longest; what it finds, others find as well, but for the sizes.
const SLOW: &str = "integer_products_of_real_sizes";

/// Runs the core's own tests, which hold every set to the scalar one, without the slowest.
pub(crate) fn kernels() -> Result<(), String> {
    test("albert-core", &["--test", "kernel_conformance"], &[SLOW])
}

/// Runs the tests and compares outputs.
pub(crate) fn run() -> Result<(), String> {
    let whole: Vec<&str> = TESTS.iter().flat_map(|test| ["--test", test]).collect();
    test("albert-core", &[], &[])?;
    test("albert-tests", &whole, &SKIPPED)?;
    test("albert-edge-cli", &["--test", "cli"], &SKIPPED)?;
    check(cross("build")?.args(["--package", "albert-edge-cli"]))?;
    check(host_cargo("build").args(["--package", "albert-edge-cli"]))?;
    let start = Instant::now();
    CHECKPOINTS.iter().try_for_each(|checkpoint| compare(&root().join(checkpoint)))?;
    println!("== outputs compared in {:.0?}", start.elapsed());
    Ok(())
}

/// `cargo SUBCOMMAND` for the target, its programs run by the emulator.
fn cross(subcommand: &str) -> Result<Command, String> {
    let mut cargo = cargo(subcommand, TARGET, "std,panic_unwind")?;
    cargo.arg("--locked").env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    // Tests that start the program themselves need the emulator, too.
    cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", EMULATOR).env("ALBERT_RUNNER", EMULATOR);
    cargo.env("ALBERT_MUST_RUN", SETS.join(","));
    Ok(cargo)
}

/// Builds tests of a package, then runs them.
fn test(package: &str, selection: &[&str], skipped: &[&str]) -> Result<(), String> {
    let start = Instant::now();
    check(cross("test")?.args(["--package", package]).args(selection).arg("--no-run"))?;
    let built = Instant::now();
    let skipped = skipped.iter().flat_map(|test| ["--skip", test]);
    check(cross("test")?.args(["--package", package]).args(selection).arg("--").args(skipped))?;
    println!("== {package}: built in {:.0?}, run in {:.0?}", built - start, built.elapsed());
    Ok(())
}

/// Converts a checkpoint and runs its reference inputs, here and on every set there.
fn compare(checkpoint: &Path) -> Result<(), String> {
    if !checkpoint.is_dir() {
        println!("skipped: {} is not there", checkpoint.display());
        return Ok(());
    }
    let folder = target_dir().join("outputs");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (model, dump) = (folder.join("model.albert"), folder.join("outputs.safetensors"));
    let here = || Command::new(target_dir().with_file_name("debug").join("albert"));
    let there = || {
        let mut words = EMULATOR.split(' ');
        let mut emulator = Command::new(words.next().unwrap_or_default());
        emulator.args(words).arg(target_dir().join(TARGET).join("debug/albert"));
        emulator
    };
    check(here().arg("quantize").arg(checkpoint).arg("-o").arg(&model).stdout(Stdio::null()))?;
    let outputs = |mut albert: Command, isa: &str| {
        albert.arg("validate").arg(&model).arg("--reference").arg(checkpoint.join("reference.safetensors"));
        check(albert.args(["--isa", isa, "--dump"]).arg(&dump).stdout(Stdio::null()))?;
        fs::read(&dump).map_err(|error| format!("{}: {error}", dump.display()))
    };
    let expected = outputs(here(), "auto")?;
    for set in SETS {
        if outputs(there(), set)? != expected {
            return Err(format!("{}: outputs on {set} differ from those here", checkpoint.display()));
        }
    }
    println!("{}: the same {} bytes of outputs on {} as here", checkpoint.display(), expected.len(), SETS.join(", "));
    Ok(())
}
