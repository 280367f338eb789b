//! The core's tests on WebAssembly, under Node: the kernel set against scalar, and the demo model's logits against this
//! machine's.

use crate::firmware::on_this_host;
use crate::toolchain::{captured, cargo, check, has_library, root};
use std::process::Command;

const TARGET: &str = "wasm32-wasip1";
/// Where Linux distributions put the target's C library.
const LIBRARY: &str = "/usr/lib/wasm32-wasi";

/// Runs the tests, then compares logits.
pub(crate) fn run() -> Result<(), String> {
    check(cross("test")?.args(["--package", "albert-core", "--tests"]).env("ALBERT_MUST_RUN", "simd128"))?;
    let mut example = cross("run")?;
    let printed = captured(example.args(["--quiet", "--package", "albert-core", "--example", "text_to_intent"]))?;
    let expected = on_this_host()?;
    if let Some(result) = expected.iter().find(|result| !printed.contains(result.as_str())) {
        return Err(format!("Node prints\n{printed}\nand not, as this machine,\n{result}"));
    }
    println!("the demo model's {} results are the same as here", expected.len());
    Ok(())
}

/// `cargo SUBCOMMAND` for the target, its programs run by Node.
fn cross(subcommand: &str) -> Result<Command, String> {
    let mut cargo = cargo(subcommand, TARGET, "std,panic_abort")?;
    let mut flags = "-Ctarget-feature=+simd128".to_owned();
    if !has_library(TARGET) {
        // A distribution's compiler comes without rust-lld and the start of a program, and with a C library that may be older
        // than this std and lack the functions of threads; nothing here starts one.
        flags += " -Clink-self-contained=no -Clinker=wasm-ld -Clink-arg=--unresolved-symbols=ignore-all";
        flags += &format!(" -Lnative={LIBRARY} -Clink-arg={LIBRARY}/crt1-command.o");
    }
    let node = format!("node --no-warnings {}", root().join("xtask/src/wasi.mjs").display());
    cargo.arg("--locked").env("CARGO_TARGET_WASM32_WASIP1_RUNNER", node).env("RUSTFLAGS", flags);
    Ok(cargo)
}
