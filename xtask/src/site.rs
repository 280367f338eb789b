//! The documents as a site of static files, with the demo page in it.

use std::process::Command;

use crate::environment::Environment;
use crate::js;
use crate::toolchain::{check, host_target_dir, root};

const GENERATOR: &str = "mkdocs==1.6.1";

/// Writes `target/site/html`; a link that leads nowhere is an error.
pub(crate) fn run() -> Result<(), String> {
    let target = host_target_dir().join("site");
    let environment = Environment::at(target.join("environment"))?;
    environment.install([GENERATOR])?;
    let html = target.join("html");
    let mut build = Command::new(environment.python());
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
