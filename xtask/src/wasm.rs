//! The core's tests on WebAssembly: the kernel sets against scalar, and the demo model's logits against this machine's. Under Node
//! when it has relaxed SIMD, else under the Deno of the npm package's tests, else under Node without relaxed SIMD.

use crate::firmware::on_this_host;
use crate::toolchain::{captured, cargo, check, has_library, root};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-wasip1";
/// Where Linux distributions put the target's C library.
const LIBRARY: &str = "/usr/lib/wasm32-wasi";

/// A program that says whether an engine has relaxed SIMD.
const PROBE: &str = "import { hasRelaxedSimd } from './js/src/features.js'; if (!hasRelaxedSimd()) throw 'no';";

/// Runs the tests, then compares logits.
pub(crate) fn run() -> Result<(), String> {
    let engine = Engine::find();
    println!("{}: {}", engine.command, engine.features);
    check(engine.cargo("test")?.args(["--package", "albert-core", "--tests"]).env("ALBERT_MUST_RUN", "simd128"))?;
    let mut example = engine.cargo("run")?;
    let printed = captured(example.args(["--quiet", "--package", "albert-core", "--example", "text_to_intent"]))?;
    let expected = on_this_host()?;
    if let Some(result) = expected.iter().find(|result| !printed.contains(result.as_str())) {
        return Err(format!("it prints\n{printed}\nand not, as this machine,\n{result}"));
    }
    println!("the demo model's {} results are the same as here", expected.len());
    Ok(())
}

/// What runs the programs, and the instructions that it has.
struct Engine {
    command: String,
    features: &'static str,
}

impl Engine {
    fn find() -> Self {
        let deno = root().join("js/node_modules/.bin/deno").display().to_string();
        let engines = [("node".to_owned(), "--no-warnings", "--input-type=module"), (deno, "run --allow-all", "eval")];
        let relaxed = engines.into_iter().find(|(program, _, evaluate)| {
            let mut probe = Command::new(program);
            probe.arg(evaluate).args((evaluate.starts_with('-')).then_some("--eval")).arg(PROBE).current_dir(root());
            probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        });
        match relaxed {
            Some((program, run, _)) => Self { command: format!("{program} {run}"), features: "+simd128,+relaxed-simd" },
            None => Self { command: "node --no-warnings".to_owned(), features: "+simd128" },
        }
    }

    /// `cargo SUBCOMMAND` for the target, its programs run by this engine.
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
        let runner = format!("{} {}", self.command, script.display());
        cargo.arg("--locked").env("CARGO_TARGET_WASM32_WASIP1_RUNNER", runner).env("RUSTFLAGS", flags);
        Ok(cargo)
    }
}
