//! The platforms of a release, and what runs their programs here.

use std::path::Path;
use std::process::Command;

use super::Workplace;
use crate::toolchain::{captured, cargo, cargo_home, root};
use crate::wine;
use crate::zig;

/// Programs for glibc run with this version and later ones.
const GLIBC: &str = ".2.17";
/// Crates of the standard library that the programs need.
const STD: &str = "std,panic_unwind";

pub(crate) struct Platform {
    pub(super) target: &'static str,
    linker: Linker,
    runner: Runner,
}

/// What links its programs.
enum Linker {
    /// The one that the compiler takes for the target: a distribution's, with the C library that Rust brings.
    Own,
    /// Zig, which brings the C libraries of other systems.
    Zig,
}

/// What runs a program on an x86-64 Linux.
enum Runner {
    Itself,
    /// QEMU with its options.
    Qemu(&'static [&'static str]),
    Wine,
    /// Its programs are linked here, and not run.
    None,
}

pub(super) const PLATFORMS: [Platform; 8] = [
    Platform { target: "x86_64-unknown-linux-gnu", linker: Linker::Zig, runner: Runner::Itself },
    Platform { target: "x86_64-unknown-linux-musl", linker: Linker::Own, runner: Runner::Itself },
    Platform {
        target: "aarch64-unknown-linux-gnu",
        linker: Linker::Zig,
        runner: Runner::Qemu(&["-L", "/usr/aarch64-linux-gnu"]),
    },
    Platform { target: "aarch64-unknown-linux-musl", linker: Linker::Zig, runner: Runner::Qemu(&[]) },
    Platform { target: "x86_64-pc-windows-gnu", linker: Linker::Own, runner: Runner::Wine },
    Platform { target: "aarch64-pc-windows-gnullvm", linker: Linker::Zig, runner: Runner::None },
    Platform { target: "x86_64-apple-darwin", linker: Linker::Zig, runner: Runner::None },
    Platform { target: "aarch64-apple-darwin", linker: Linker::Zig, runner: Runner::None },
];

impl Platform {
    pub(crate) fn named(name: &str) -> Result<&'static Self, String> {
        let names = || PLATFORMS.map(|platform| platform.target).join(", ");
        PLATFORMS
            .iter()
            .find(|platform| platform.target == name)
            .ok_or_else(|| format!("{name}: there are {}", names()))
    }

    /// `cargo SUBCOMMAND` for the platform, `build` or another that links. Builds go to `folder`; a warning is an error.
    pub(crate) fn cargo(&self, subcommand: &str, folder: &Path) -> Result<Command, String> {
        let mut cargo = match self.linker {
            Linker::Own => cargo(subcommand, self.target, STD)?,
            Linker::Zig => zig::cargo(subcommand, self.target, self.glibc(), STD)?,
        };
        // No path of this machine is in a program.
        let shown = |path: &Path, name: &str| format!("--remap-path-prefix={}={name}", path.display());
        let flags = ["-Dwarnings".to_owned(), shown(root(), "."), shown(&cargo_home()?, "cargo")];
        cargo.arg("--locked").env("CARGO_TARGET_DIR", folder).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        Ok(cargo)
    }

    /// A C compiler for the platform: MinGW-w64, which links for Windows on x86-64 here, or Zig.
    pub(super) fn c_compiler(&self) -> Result<Command, String> {
        match self.runner {
            Runner::Wine => Ok(Command::new(wine::CC)),
            _ => zig::cc(self.target, self.glibc()),
        }
    }

    /// The version of glibc that its programs need, for Zig.
    fn glibc(&self) -> &'static str {
        if self.target.ends_with("linux-gnu") { GLIBC } else { "" }
    }

    pub(super) fn is_linked_by_zig(&self) -> bool {
        matches!(self.linker, Linker::Zig)
    }

    pub(super) fn is_windows(&self) -> bool {
        self.target.contains("windows")
    }

    /// The command's file.
    pub(super) fn program(&self) -> &'static str {
        if self.is_windows() { "albert.exe" } else { "albert" }
    }

    /// What starts a program of this platform here, if anything does.
    pub(super) fn start(&self, program: &Path, place: &Workplace) -> Result<Option<Command>, String> {
        Ok(match self.runner {
            Runner::Itself => Some(Command::new(program)),
            Runner::Qemu(options) => {
                let mut qemu = Command::new("qemu-aarch64-static");
                qemu.args(options).arg(program);
                Some(qemu)
            }
            Runner::Wine => Some(place.wine()?.start(program)),
            Runner::None => None,
        })
    }

    /// Classifies a text with the command, and compares what it prints; whether it could be run.
    pub(super) fn try_command(&self, program: &Path, place: &Workplace) -> Result<bool, String> {
        let Some(mut command) = self.start(program, place)? else { return Ok(false) };
        command.current_dir(root()).args(["run", "models/clinc-intents-int8.albert"]);
        let printed = captured(command.arg("what is the weather like in tokyo tomorrow"))?;
        match printed.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["weather", "0.8648"] => Ok(true),
            _ => Err(format!("{}: the command prints {printed}", self.target)),
        }
    }
}
