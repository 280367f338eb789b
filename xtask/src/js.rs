//! The npm package: its WebAssembly modules, its demo page, and the tests of both under Node and in Chromium.

use crate::toolchain::{cargo, check, has_library, root, target_dir};
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";
/// Names of the modules' ends, and the instructions that they are compiled for.
const INSTRUCTIONS: [(&str, &str); 2] = [("", "+simd128"), ("-relaxed", "+simd128,+relaxed-simd")];
/// Names of the modules' beginnings, their crates, and what they are compiled with.
const MODULES: [(&str, &str, &[&str]); 3] = [
    ("albert", "albert-edge-wasm", &[]),
    ("albert-classify", "albert-edge-wasm", &["--no-default-features"]),
    ("albert-fit", "albert-edge-fit-wasm", &[]),
];

/// Builds the package and the page, then tests both.
pub(crate) fn run() -> Result<(), String> {
    build()?;
    npm(&["test"])
}

/// Counts bytes and times the package beside its peers.
pub(crate) fn bench() -> Result<(), String> {
    build()?;
    npm(&["run", "bench"])
}

/// `js/dist`, what the package consists of; `js/site`, the demo page; and `js/albert-edge-VERSION.tgz`.
pub(crate) fn build() -> Result<(), String> {
    let js = root().join("js");
    let (dist, site) = (js.join("dist"), js.join("site"));
    for folder in [&dist, &site] {
        if folder.exists() {
            done(fs::remove_dir_all(folder), folder)?;
        }
    }
    npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    copy_folder(&js.join("src"), &dist)?;
    // The scripts without their comments, which are a fourth of them.
    npm(&["run", "dist", "--silent"])?;
    for (end, instructions) in INSTRUCTIONS {
        for (name, module, features) in MODULES {
            wasm(instructions, module, features)?;
            let file = format!("{}.wasm", module.replace('-', "_"));
            let built = target_dir().join(TARGET).join("release").join(file);
            done(fs::copy(&built, dist.join(format!("{name}{end}.wasm"))), &built)?;
        }
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        done(fs::copy(root().join(name), js.join(name)), &js.join(name))?;
    }
    copy_folder(&js.join("demo"), &site)?;
    copy_folder(&dist, &site.join("albert-edge"))?;
    copy_folder(&root().join("models"), &site.join("models"))?;
    npm(&["pack", "--loglevel=error"])
}

/// Compiles a module for these instructions, with these features.
fn wasm(instructions: &str, module: &str, features: &[&str]) -> Result<(), String> {
    let mut cargo = cargo("build", TARGET, "std,panic_abort")?;
    cargo.current_dir(root().join("js/wasm")).args(["--package", module, "--release", "--locked", "--quiet"]);
    cargo.args(features);
    // What must be in line says so; the rest is smaller in functions of its own, and as fast.
    cargo.env("RUSTFLAGS", format!("-Ctarget-feature={instructions} -Cllvm-args=-inline-threshold=20"));
    if !has_library(TARGET) {
        // A distribution's compiler comes without rust-lld.
        cargo
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
            .arg("-Zbuild-std-features=optimize_for_size");
    }
    check(&mut cargo)
}

fn npm(arguments: &[&str]) -> Result<(), String> {
    check(Command::new("npm").current_dir(root().join("js")).args(arguments))
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    done(fs::create_dir_all(to), to)?;
    for entry in done(fs::read_dir(from), from)? {
        let path = done(entry, from)?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            done(fs::copy(&path, to.join(name)), &path)?;
        }
    }
    Ok(())
}

/// The outcome of an operation on a path, its error a message.
fn done<T>(outcome: io::Result<T>, path: &Path) -> Result<T, String> {
    outcome.map_err(|error| format!("{}: {error}", path.display()))
}
