//! A compiler for another target: the pinned one when it has the target's library, else one that can build the library.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where this machine's builds go.
pub(crate) fn host_target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where cross builds go: another compiler must not touch the host's results.
pub(crate) fn target_dir() -> PathBuf {
    host_target_dir().join("cross")
}

/// Where Cargo keeps the sources of packages.
pub(crate) fn cargo_home() -> Result<PathBuf, String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.ok_or("no CARGO_HOME and no HOME".to_owned())
}

/// `cargo SUBCOMMAND` for this machine.
pub(crate) fn host_cargo(subcommand: &str) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root()).args([subcommand, "--locked"]);
    cargo
}

/// Whether the pinned compiler has the target's standard library.
pub(crate) fn has_library(target: &str) -> bool {
    printed("rustc".as_ref(), &["--print", "target-libdir", "--target", target]).is_some_and(|lib| lib.exists())
}

/// `cargo SUBCOMMAND --target TARGET`. `crates` are those of the standard library that the build needs.
///
/// Without `rustup target add TARGET`, a compiler of a Linux distribution that comes with the library's source is used:
/// `XTASK_RUSTC`, else `/usr/bin/rustc`.
pub(crate) fn cargo(subcommand: &str, target: &str, crates: &str) -> Result<Command, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root()).env("CARGO_TARGET_DIR", target_dir()).args([subcommand, "--target", target]);
    with_library(cargo, target, crates)
}

/// `cargo`, which builds `crates` of the standard library, too, where the pinned compiler lacks the target's; see [`cargo`].
pub(crate) fn with_library(mut cargo: Command, target: &str, crates: &str) -> Result<Command, String> {
    if has_library(target) {
        return Ok(cargo);
    }
    let other = other_compiler();
    let source = printed(&other, &["--print", "sysroot"]).map(|sysroot| sysroot.join("lib/rustlib/src/rust/library"));
    if source.is_some_and(|source| source.exists()) {
        let rustdoc = Path::new(&other).with_file_name("rustdoc");
        cargo.env("RUSTC", &other).env("RUSTDOC", rustdoc).env("RUSTC_BOOTSTRAP", "1");
        cargo.arg(format!("-Zbuild-std={crates}"));
        return Ok(cargo);
    }
    Err(format!("no standard library for {target}: run `rustup target add {target}`"))
}

/// What [`cargo`] compiles with when the pinned compiler lacks the target's library.
fn other_compiler() -> OsString {
    std::env::var_os("XTASK_RUSTC").unwrap_or("/usr/bin/rustc".into())
}

/// The compiler of [`cargo`], in words.
pub(crate) fn compiler(target: &str) -> Result<String, String> {
    let (rustc, library) = match has_library(target) {
        true => ("rustc".into(), ""),
        false => (other_compiler(), ", which also compiles the standard library"),
    };
    let version = captured(Command::new(rustc).arg("--version").current_dir(root()))?;
    let words: Vec<&str> = version.split_whitespace().take(2).collect();
    Ok(words.join(" ") + library)
}

/// `cargo SUBCOMMAND --target TARGET` in the firmware's workspace.
pub(crate) fn firmware_cargo(subcommand: &str, target: &str) -> Result<Command, String> {
    let mut cargo = cargo(subcommand, target, "core")?;
    cargo.current_dir(root().join("firmware"));
    if !has_library(target) {
        // A distribution's compiler comes without rust-lld.
        let name = target.to_uppercase().replace(['-', '.'], "_");
        cargo.env(format!("CARGO_TARGET_{name}_LINKER"), "ld.lld");
    }
    Ok(cargo)
}

/// `libalbert.a` without std, whose panic handler is dropped because nothing reaches it; `features` of albert-capi beside.
pub(crate) fn c_library(target: &str, opt_level: &str, features: &str) -> Result<PathBuf, String> {
    let mut library = cargo("rustc", target, "core")?;
    library.args(["--release", "--locked", "--package", "albert-capi", "--crate-type", "staticlib"]);
    library.args(["--no-default-features", "--features", "panic-halt", "--features", features]);
    for (setting, value) in [("PANIC", "abort"), ("LTO", "fat"), ("OPT_LEVEL", opt_level), ("CODEGEN_UNITS", "1")] {
        library.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    check(&mut library)?;
    Ok(target_dir().join(target).join("release/libalbert.a"))
}

/// The path that a compiler prints.
fn printed(rustc: &OsStr, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new(rustc).args(arguments).current_dir(root()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Runs a command; its failure is an error.
pub(crate) fn check(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}

/// What a command prints.
pub(crate) fn captured(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// What a command prints, which is shown as it comes.
pub(crate) fn shown(command: &mut Command) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{error}");
    let mut process = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut printed = String::new();
    for line in BufReader::new(process.stdout.take().ok_or("no output")?).lines() {
        let line = line.map_err(failed)?;
        println!("{line}");
        printed += &line;
        printed.push('\n');
    }
    let status = process.wait().map_err(failed)?;
    if status.success() { Ok(printed) } else { Err(format!("{command:?}: {status}")) }
}
