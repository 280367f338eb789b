//! Archives of a release: the command, the C library and their licences for each platform, with checksums.

mod licences;
mod outside;
mod page;
pub(crate) mod platform;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{make, remove, write};
use crate::install::{Builder, install};
use crate::toolchain::{captured, check, host_target_dir, root};
use crate::wine::Wine;
use platform::{PLATFORMS, Platform};

/// Files of the repository that are in each archive.
const FILES: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];
const PACK: &str = include_str!("pack.py");

/// Where programs are built.
pub(crate) struct Workplace {
    folder: PathBuf,
}

impl Workplace {
    pub(crate) fn ready() -> Self {
        Self { folder: root().join(host_target_dir()).join("dist") }
    }

    /// What runs programs for Windows.
    pub(crate) fn wine(&self) -> Result<Wine, String> {
        Wine::in_folder(&self.folder.join("wine"))
    }

    /// Cargo for a platform.
    pub(crate) fn cargo(&self, subcommand: &str, platform: &Platform) -> Result<Command, String> {
        platform.cargo(subcommand, &self.folder.join("build"))
    }
}

/// `[--out DIR] [--unoptimized] [TARGET]...`
pub(crate) fn run(options: &[String]) -> Result<(), String> {
    let (mut out, mut speed, mut platforms) = (None, Speed::Release, Vec::new());
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.as_str() {
            "--out" => out = Some(PathBuf::from(options.next().ok_or("--out needs a value")?)),
            "--unoptimized" => speed = Speed::Unoptimized,
            option if option.starts_with('-') => return Err(format!("dist has no option {option}")),
            target => platforms.push(Platform::named(target)?),
        }
    }
    if platforms.is_empty() {
        platforms.extend(&PLATFORMS);
    }
    let place = Workplace::ready();
    let out = out.unwrap_or_else(|| place.folder.join(speed.folder()));
    let out = std::path::absolute(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    make(&out)?;
    let mut notes = String::new();
    for platform in platforms {
        let ran = archive(&place, platform, speed, &out)?;
        notes += &format!("{}: {}\n", platform.target, if ran { "linked and run" } else { "linked, not run here" });
    }
    println!("{notes}{}", out.display());
    Ok(())
}

/// How programs are compiled.
#[derive(Clone, Copy)]
enum Speed {
    Release,
    /// In a fifth of the time, to see that everything links and runs.
    Unoptimized,
}

impl Speed {
    /// Where archives go when nobody says where.
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "archives",
            Self::Unoptimized => "unoptimized",
        }
    }

    fn set(self, cargo: &mut Command) {
        cargo.env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
        if matches!(self, Self::Unoptimized) {
            cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
            cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        }
    }
}

/// Makes the archive for a platform. Whether its command could be run here.
fn archive(place: &Workplace, platform: &Platform, speed: Speed, out: &Path) -> Result<bool, String> {
    let target = platform.target;
    let name = format!("albert-edge-{}-{target}", env!("CARGO_PKG_VERSION"));
    let stage = place.folder.join("stage").join(&name);
    remove(&stage)?;
    let folder = place.folder.join("build").join(target).join("release");
    let mut command = place.cargo("build", platform)?;
    speed.set(&mut command);
    check(command.args(["--release", "--package", "albert-edge-cli"]))?;
    let mut library = place.cargo("rustc", platform)?;
    speed.set(&mut library);
    install(&stage, Builder { target: target.to_owned(), cargo: library, folder: folder.clone() })?;
    let program = stage.join("bin").join(platform.program());
    copy(&folder.join(platform.program()), &program)?;
    for file in FILES {
        copy(&root().join(file), &stage.join(file))?;
    }
    write(&stage.join("THIRD-PARTY-LICENSES.txt"), licences::of(target)?)?;
    if target.contains("musl") {
        is_static(&program)?;
    }
    let ran = platform.try_command(&program, place)?;
    outside::try_library(platform, &stage, place)?;

    let suffix = if platform.is_windows() { "zip" } else { "tar.gz" };
    let archive = out.join(format!("{name}.{suffix}"));
    let time = captured(Command::new("git").current_dir(root()).args(["log", "-1", "--format=%ct"]))?;
    let mut pack = Command::new("python3");
    check(pack.args(["-c", PACK]).arg(&stage).arg(&archive).arg(time.trim()))?;
    remove(&stage)?;
    page::note(target, speed, &archive, ran)?;
    Ok(ran)
}

/// An error when a program needs a dynamic loader.
fn is_static(program: &Path) -> Result<(), String> {
    let headers = captured(Command::new("readelf").arg("-lW").arg(program))?;
    if headers.contains("INTERP") { Err(format!("{} is not static", program.display())) } else { Ok(()) }
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    make(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}
