//! Tests under the sanitizers, whose run times come with the pinned toolchain.

use std::path::PathBuf;
use std::process::Command;

use crate::files::passed;
use crate::toolchain::{check, host_cargo, root, shown};

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Tests of the product that go through damaged and extreme files.
const FILES: [&str; 3] = ["damaged_files", "format_rules", "bad_input"];

/// AddressSanitizer: all kernels, the C interface from C, then damaged files.
pub(crate) fn address() -> Result<(), String> {
    let mut kernels = sanitized("test", "address", "");
    let mut printed = shown(kernels.args(["--package", "albert-core", "--test", "kernel_conformance"]))?;
    let mut build = sanitized("build", "address", "");
    check(build.args(["--package", "albert-capi", "--lib"]))?;
    let folder = target_dir("address").join(TARGET).join("debug");
    let capi = root().join("albert-capi");
    let (model, heads) = (root().join("models/clinc-intents-int8.albert"), root().join("conformance"));
    let checks = ("tests/c/abi.c", vec![&model, &heads], None);
    for (source, arguments, input) in [checks, ("examples/classify.c", vec![&model], Some("tests/c/classify.in"))] {
        let program = folder.join("sanitized-program");
        let mut compile = Command::new("clang");
        compile.args(["-std=c99", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I"]);
        compile.arg(capi.join("include")).arg(capi.join(source)).arg(folder.join("libalbert.a"));
        check(compile.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program))?;
        let mut run = Command::new(&program);
        if let Some(input) = input {
            let texts = std::fs::File::open(capi.join(input)).map_err(|error| format!("{input}: {error}"))?;
            run.stdin(texts);
        }
        check(run.args(arguments))?;
    }
    let mut test = sanitized("test", "address", "");
    test.args(["--package", "albert-tests"]).args(FILES.iter().flat_map(|test| ["--test", test]));
    printed += &shown(&mut test)?;
    passed("address", "cargo xtask sanitize address", "tests and two programs in C", &printed)
}

/// ThreadSanitizer: the executor, and tiles that 2 to 16 workers share.
pub(crate) fn thread() -> Result<(), String> {
    // The standard library is not instrumented; what it shares between threads is seen through its locks and atomics.
    let flags = "-Cunsafe-allow-abi-mismatch=sanitizer";
    let suppressions = format!("suppressions={}", root().join("xtask/thread_sanitizer.txt").display());
    let mut executor = sanitized("test", "thread", flags);
    executor.args(["--package", "albert-core", "--features", "threads", "--lib", "executor"]);
    let mut printed = shown(executor.env("TSAN_OPTIONS", &suppressions))?;
    let mut tiles = sanitized("test", "thread", flags);
    tiles.args(["--package", "albert-tests", "--test", "shared_tiles"]).env("TSAN_OPTIONS", &suppressions);
    printed += &shown(&mut tiles)?;
    passed("thread", "cargo xtask sanitize thread", "tests", &printed)
}

fn sanitized(subcommand: &str, sanitizer: &str, flags: &str) -> Command {
    let mut cargo = host_cargo(subcommand);
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", format!("-Zsanitizer={sanitizer} {flags}"));
    cargo.env("CARGO_TARGET_DIR", target_dir(sanitizer)).args(["--target", TARGET]);
    cargo
}

/// Instrumented results apart from all others.
fn target_dir(sanitizer: &str) -> PathBuf {
    crate::toolchain::target_dir().with_file_name("sanitizers").join(sanitizer)
}
