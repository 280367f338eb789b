//! The licences of what the programs contain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::toolchain::{captured, host_cargo};

/// Names of files with a licence or a notice, in capitals.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT"];
const START: &str = "\
The programs and libraries of this folder contain the packages below, and Rust's standard library (MIT or Apache-2.0,
https://www.rust-lang.org). Those for musl contain musl (MIT, https://musl.libc.org) and LLVM's libunwind (Apache-2.0 with the
LLVM exception, https://llvm.org).
";

/// Texts of the licences of all packages that the command and the C library contain on `target`.
pub(super) fn of(target: &str) -> Result<String, String> {
    let metadata = captured(host_cargo("metadata").args(["--format-version", "1", "--filter-platform", target]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let mut tree = host_cargo("tree");
    tree.args(["--package", "albert-edge-cli", "--package", "albert-capi", "--target", target]);
    let tree = captured(tree.args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]))?;
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_once(" v")).map(|(name, _)| name).collect();

    // Many packages have the same text.
    let mut packages_by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    for package in packages.filter(|package| !package["source"].is_null()) {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        if !names.contains(text("name").as_str()) {
            continue;
        }
        let title = format!("{} {} ({})", text("name"), text("version"), text("license"));
        let folder = PathBuf::from(text("manifest_path"));
        let texts = texts(folder.parent().unwrap_or(Path::new("")))?;
        let texts = if texts.is_empty() { vec![String::new()] } else { texts };
        for text in texts {
            packages_by_text.entry(text).or_default().push(title.clone());
        }
    }
    let mut all = START.to_owned();
    for (text, titles) in packages_by_text {
        all += &format!("\n{}\n{}\n\n{text}", "=".repeat(80), titles.join("\n"));
    }
    Ok(all)
}

/// The texts in a package's folder.
fn texts(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(failed)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let has_name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        FILES.iter().any(|start| name.starts_with(start))
    };
    paths.iter().filter(|path| has_name(path)).map(|path| fs::read_to_string(path).map_err(failed)).collect()
}
