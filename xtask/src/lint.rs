//! What the compiler, clippy and rustdoc say, with one set of features, so that each crate is checked once.

use serde_json::Value;

use crate::features::BARE_METAL_ONLY;
use crate::toolchain::{captured, check, host_cargo};

/// Clippy over the workspace and rustdoc over its libraries, with all features that a hosted build can have; warnings are errors.
pub(crate) fn run() -> Result<(), String> {
    let features = every_feature()?;
    check(
        host_cargo("clippy")
            .args(["--workspace", "--all-targets", "--features", &features])
            .args(["--", "-D", "warnings"]),
    )?;
    check(
        host_cargo("doc")
            .args(["--workspace", "--no-deps", "--quiet", "--features", &features])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// The features of all packages, `package/feature` each.
fn every_feature() -> Result<String, String> {
    let metadata = captured(host_cargo("metadata").args(["--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or("");
        let features = package["features"].as_object().into_iter().flatten().map(|(feature, _)| feature.as_str());
        all.extend(
            features.filter(|feature| !BARE_METAL_ONLY.contains(feature)).map(|feature| format!("{name}/{feature}")),
        );
    }
    Ok(all.join(","))
}
