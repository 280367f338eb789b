//! Builds for other systems with what Zig brings: a linker, and the C libraries of Linux, Windows and macOS.

use std::path::PathBuf;
use std::process::Command;

use crate::environment::Environment;
use crate::files::make;
use crate::toolchain::{host_target_dir, root, with_library};

const PACKAGES: [&str; 2] = ["cargo-zigbuild==0.24.*", "ziglang==0.17.*"];

/// `cargo SUBCOMMAND --target TARGET`, linked by Zig, for a version of glibc that is `.2.17` or the like, or empty. `crates` are
/// those of the standard library that the build needs. Takes Zig and cargo-zigbuild from Python's registry when they are not here.
pub(crate) fn cargo(subcommand: &str, target: &str, glibc: &str, crates: &str) -> Result<Command, String> {
    let environment = environment()?;
    let subcommand = if subcommand == "build" { "zigbuild" } else { subcommand };
    let mut cargo = Command::new(environment.bin().join("cargo-zigbuild"));
    cargo.current_dir(root()).env("PATH", environment.path());
    cargo.args([subcommand, "--target", &format!("{target}{glibc}")]);
    if target.contains("apple") && std::env::var_os("SDKROOT").is_none() {
        // The compiler warns when it finds no kit of Apple's. Zig has what the linker needs: an empty one does.
        let kit = folder().join("kit");
        make(&kit)?;
        cargo.env("SDKROOT", kit);
    }
    with_library(cargo, target, crates)
}

/// Zig's C compiler for a Rust target, and for a version of glibc as in [`cargo`].
pub(crate) fn cc(target: &str, glibc: &str) -> Result<Command, String> {
    let (machine, system) = target.split_once('-').unwrap_or((target, ""));
    let system = match system {
        "apple-darwin" => "macos",
        "pc-windows-gnu" | "pc-windows-gnullvm" => "windows-gnu",
        system => system.trim_start_matches("unknown-"),
    };
    let mut cc = Command::new(environment()?.python());
    cc.args(["-m", "ziglang", "cc", "-target", &format!("{machine}-{system}{glibc}")]);
    Ok(cc)
}

/// Zig and cargo-zigbuild.
fn environment() -> Result<Environment, String> {
    let environment = Environment::at(folder())?;
    environment.install(PACKAGES)?;
    Ok(environment)
}

fn folder() -> PathBuf {
    root().join(host_target_dir()).join("zig")
}
