//! The core's tests on WebAssembly, under Node: the kernel sets against scalar, and the demo model's logits against this
//! machine's. With relaxed SIMD where this Node has it, else without.

use crate::firmware::on_this_host;
use crate::toolchain::{captured, cargo, check, has_library, root};
use std::fmt;
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-wasip1";
/// Where Linux distributions put the target's C library.
const LIBRARY: &str = "/usr/lib/wasm32-wasi";

/// A program that says whether Node has relaxed SIMD.
const PROBE: &str =
    "import { hasRelaxedSimd } from './js/src/features.js'; process.exitCode = hasRelaxedSimd() ? 0 : 1";

/// Node's arguments for relaxed SIMD. Node 20 has it behind a flag, and its baseline compiler gets the instruction wrong.
const RELAXED: [&[&str]; 2] = [&[], &["--experimental-wasm-relaxed-simd", "--no-liftoff"]];

/// Runs the tests, then compares logits.
pub(crate) fn run() -> Result<(), String> {
    let engine = Engine::find();
    println!("{engine}");
    check(engine.cargo("test")?.args(["--package", "albert-core", "--tests"]).env("ALBERT_MUST_RUN", "simd128"))?;
    let mut example = engine.cargo("run")?;
    let printed = captured(example.args(["--quiet", "--package", "albert-core", "--example", "text_to_intent"]))?;
    let expected = on_this_host()?;
    if let Some(result) = expected.iter().find(|result| !printed.contains(result.as_str())) {
        return Err(format!("Node prints\n{printed}\nand not, as this machine,\n{result}"));
    }
    println!("the demo model's {} results are the same as here", expected.len());
    Ok(())
}

/// Node with some arguments, and the instructions that it has then.
struct Engine {
    arguments: &'static [&'static str],
    features: &'static str,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}: {}", self.arguments.join(" "), self.features)
    }
}

impl Engine {
    fn find() -> Self {
        let has_relaxed = |arguments: &&&[&str]| {
            let mut node = Command::new("node");
            node.args(**arguments).args(["--input-type=module", "--eval", PROBE]).current_dir(root());
            node.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        match RELAXED.iter().find(has_relaxed) {
            Some(arguments) => Self { arguments, features: "+simd128,+relaxed-simd" },
            None => Self { arguments: &[], features: "+simd128" },
        }
    }

    /// `cargo SUBCOMMAND` for the target, its programs run by this Node.
    fn cargo(&self, subcommand: &str) -> Result<Command, String> {
        let mut cargo = cargo(subcommand, TARGET, "std,panic_abort")?;
        let mut flags = format!("-Ctarget-feature={}", self.features);
        if !has_library(TARGET) {
            // A distribution's compiler comes without rust-lld and the start of a program, and with a C library that may be older
            // than this std and lack the functions of threads; nothing here starts one.
            flags += " -Clink-self-contained=no -Clinker=wasm-ld -Clink-arg=--unresolved-symbols=ignore-all";
            flags += &format!(" -Lnative={LIBRARY} -Clink-arg={LIBRARY}/crt1-command.o");
        }
        let script = root().join("xtask/src/wasi.mjs");
        let node = format!("node --no-warnings {} {}", self.arguments.join(" "), script.display());
        cargo.arg("--locked").env("CARGO_TARGET_WASM32_WASIP1_RUNNER", node).env("RUSTFLAGS", flags);
        Ok(cargo)
    }
}
