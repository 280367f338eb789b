//! The documents as a site of static files, with the demo page in it.

use std::path::PathBuf;
use std::process::Command;

use crate::js;
use crate::toolchain::{check, root};

const GENERATOR: &str = "mkdocs==1.6.1";

/// Writes `target/site/html`; a link that leads nowhere is an error.
pub(crate) fn run() -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("site");
    let (environment, html) = (target.join("environment"), target.join("html"));
    let python = environment.join("bin/python");
    if !python.exists() {
        check(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let mut pip = Command::new(&python);
    check(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", GENERATOR]))?;
    let mut build = Command::new(&python);
    build.current_dir(root()).args([
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--config-file",
        "site/mkdocs.yml",
    ]);
    check(build.arg("--site-dir").arg(&html))?;
    if !root().join("js/site").exists() {
        js::build()?;
    }
    for folder in ["", "albert-edge", "models"] {
        js::copy_folder(&root().join("js/site").join(folder), &html.join("demo").join(folder))?;
    }
    println!("{}", html.join("index.html").display());
    Ok(())
}
