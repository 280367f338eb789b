//! Speed beside another revision: both versions in one program, an inference of each by turns.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::block::{processor, today};
use crate::files::{make, read, remove, update, write};
use crate::toolchain::{captured, check, host_target_dir, root, shown};

/// What is measured when nothing else is asked for: geometries, weights, kernel sets, tokens, seconds for each row.
const DEFAULTS: [(&str, &str); 5] = [
    ("--geometry", "base,tiny"),
    ("--weights", "int8"),
    ("--isa", "amx,avx512vnni,avxvnni,avx2"),
    ("--tokens", "8,32,128,512"),
    ("--seconds", "5"),
];
/// Where the table is.
const PAGE: &str = "docs/benchmarks.md";
/// The version that is written into the old packages: cargo does not take two of one name and version.
const OLD_VERSION: &str = "0.0.0";

/// `versus REVISION [OPTION VALUE]... [--update]`
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (revision, options) = arguments.split_first().ok_or("versus REVISION [--geometry A,B] [--weights A,B] …")?;
    let (options, updates) = match options.split_last() {
        Some((last, options)) if last == "--update" => (options, true),
        _ => (options, false),
    };
    let mut values = DEFAULTS.map(|(_, value)| value.to_owned());
    for option in options.chunks(2) {
        let [name, value] = option else { return Err(format!("{}: a value is missing", option[0])) };
        let index =
            DEFAULTS.iter().position(|(known, _)| known == name).ok_or_else(|| format!("{name}: no such option"))?;
        values[index].clone_from(value);
    }
    let folder = host_target_dir().join("versus");
    // Outside of the repository, whose workspace cargo would take it for a part of.
    let old = std::env::temp_dir().join(format!("albert-versus-{revision}"));
    unpack(revision, &old)?;
    write(&folder.join("Cargo.toml"), manifest(&old))?;
    write(&folder.join("src/main.rs"), read(&root().join("benches/versus/main.rs"))?)?;
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    check(
        Command::new(cargo)
            .args(["build", "--release", "--quiet", "--target-dir"])
            .arg(folder.join("target"))
            .current_dir(&folder),
    )?;
    remove(&old)?;
    let table = shown(Command::new(folder.join("target/release/versus")).args(&values))?;
    if updates { update(&root().join(PAGE), "versus", &(conditions(revision)? + &table)) } else { Ok(()) }
}

/// What the table was measured on, and the two commits.
fn conditions(revision: &str) -> Result<String, String> {
    let git = |arguments: &[&str]| captured(Command::new("git").current_dir(root()).args(arguments));
    let old = git(&["show", "--no-patch", "--format=%h of %ad", "--date=format:%-d %B %Y", revision])?;
    let new = git(&["describe", "--always", "--dirty"])?;
    Ok(format!("{}, {}: {} beside {}.\n\n", today(), processor(), old.trim(), new.trim()))
}

/// Puts the files of `revision` into `old`, with a version of their own.
fn unpack(revision: &str, old: &Path) -> Result<(), String> {
    remove(old)?;
    make(old)?;
    let archive = old.with_extension("tar");
    check(Command::new("git").current_dir(root()).args(["archive", "--output"]).arg(&archive).arg(revision))?;
    check(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(old))?;
    fs::remove_file(&archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    let manifest = old.join("Cargo.toml");
    let text = read(&manifest)?;
    let version =
        text.lines().find_map(|line| line.strip_prefix("version = ")).ok_or("no version in the old Cargo.toml")?;
    let text = text.replace(&format!("version = {version}"), &format!("version = \"{OLD_VERSION}\""));
    write(&manifest, text)
}

/// A package with both versions, built as the command is.
fn manifest(old: &Path) -> String {
    let mut text =
        String::from("[package]\nname = \"versus\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n");
    text += "[profile.release]\nlto = \"thin\"\ncodegen-units = 1\n\n[dependencies]\n";
    for (name, folder) in [("old", old), ("new", root())] {
        for part in ["core", "quant"] {
            let path = folder.join(format!("albert-{part}"));
            text += &format!("{name}_{part} = {{ package = \"albert-{part}\", path = {path:?} }}\n");
        }
    }
    text
}
