//! The guide for a first image: its files are those of `firmware/template`, and print what the page says.

use std::fs;
use std::process::Stdio;

use crate::files::{read, write};
use crate::toolchain::{firmware_cargo, root, target_dir};

const PAGE: &str = "docs/first-image.md";
/// Folders of the template, and the target of each.
const TEMPLATES: [(&str, &str); 2] = [("cortex-m", "thumbv7em-none-eabihf"), ("riscv", "riscv32imac-unknown-none-elf")];
const FILES: [&str; 5] = ["Cargo.toml", ".cargo/config.toml", "memory.x", "build.rs", "src/main.rs"];
/// Files that the page shows once, and the line that differs otherwise.
const SHOWN_ONCE: [&str; 2] = ["build.rs", "src/main.rs"];
/// The command that the page runs its program by, up to the output.
const RUN: &str =
    "cargo run --release --config 'patch.crates-io.albert-core.path=\"../albert-edge/albert-core\"'\n```\n```text\n";
const START_UP: [&str; 2] = ["use cortex_m_rt::entry;", "use riscv_rt::entry;"];

/// Builds both as they are, in folders that have nothing else, and runs them.
pub(crate) fn run() -> Result<(), String> {
    let page = read(&root().join(PAGE))?;
    let (_, shown) = page.split_once(RUN).ok_or_else(|| format!("{PAGE} shows no output"))?;
    let expected = shown.split("```").next().unwrap_or_default();
    for (name, target) in TEMPLATES {
        let folder = target_dir().join("first-image").join(name);
        for file in FILES {
            let text = read(&root().join("firmware/template").join(name).join(file))?;
            let as_shown =
                if SHOWN_ONCE.contains(&file) { text.replace(START_UP[1], START_UP[0]) } else { text.clone() };
            if !page.contains(&format!("\n{as_shown}```\n")) {
                return Err(format!("{PAGE} does not show {name}/{file} as it is"));
            }
            write(&folder.join(file), text)?;
        }
        let model = root().join("models/clinc-intents-int8.albert");
        write(
            &folder.join("model.albert"),
            &fs::read(&model).map_err(|error| format!("{}: {error}", model.display()))?,
        )?;
        let mut cargo = firmware_cargo("run", target)?;
        let core = root().join("albert-core");
        cargo
            .current_dir(&folder)
            .args(["--release", "--quiet", "--config"])
            .arg(format!("patch.crates-io.albert-core.path={core:?}"));
        println!("== first image, {target}");
        let output = cargo.stdin(Stdio::null()).output().map_err(|error| format!("{cargo:?}: {error}"))?;
        // Emulators differ in which of the two a program's output goes to.
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        if printed != expected {
            return Err(format!("{name} prints {printed:?}; {PAGE} has {expected:?}"));
        }
    }
    Ok(())
}
