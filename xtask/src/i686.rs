//! The tests on a 32-bit x86, where sizes and offsets are half as long.

use std::process::Command;

use crate::toolchain::{cargo, check};

const TARGET: &str = "i686-unknown-linux-gnu";
const LINKER: &str = "i686-linux-gnu-gcc";

/// Tests of the product whose sizes and offsets come from files; the core's own tests run whole.
const TESTS: [&str; 5] = ["arena", "bad_input", "damaged_files", "format_rules", "golden"];

/// Runs the tests; this machine's kernel runs 32-bit programs.
pub(crate) fn run() -> Result<(), String> {
    check(test()?.args(["--package", "albert-core", "--lib", "--tests"]))?;
    check(test()?.args(["--package", "albert-tests"]).args(TESTS.iter().flat_map(|test| ["--test", test])))
}

fn test() -> Result<Command, String> {
    let mut cargo = cargo("test", TARGET, "std,panic_unwind")?;
    cargo.arg("--locked").env("CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    Ok(cargo)
}
