//! What a set of features alone builds: each feature of each library by itself, and the core for bare metal.

use serde_json::Value;

use crate::files::remove;
use crate::toolchain::{captured, cargo, cargo_home, check, host_cargo, root};

/// Features that a hosted build cannot have: they bring a panic handler of their own.
pub(crate) const BARE_METAL_ONLY: [&str; 1] = ["panic-halt"];
/// The library that is linked as it is, so that a hosted build always needs this feature of it for its panic handler.
const LINKED: (&str, &str) = ("albert-capi", "std");
/// Processors without an operating system, the smallest first.
const BARE_METAL: [&str; 5] = [
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabihf",
    "riscv32imc-unknown-none-elf",
    "riscv32imac-unknown-none-elf",
];

/// Packs every crate that is published and builds it from what was packed.
pub(crate) fn package() -> Result<(), String> {
    let metadata = captured(host_cargo("metadata").args(["--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let published = packages.filter(|package| package["publish"].is_null());
    let names: Vec<_> = published.filter_map(|package| package["name"].as_str()).collect();
    forget_packed(&names)?;
    let names = names.into_iter().flat_map(|name| ["--package", name]);
    check(host_cargo("package").args(["--quiet", "--allow-dirty"]).args(names))
}

/// Removes what an earlier call packed, unpacked and built of the crates `names`.
///
/// Cargo takes what has the same name and version for the same crate: it would build today's crates against those of the day before.
fn forget_packed(names: &[&str]) -> Result<(), String> {
    remove(&root().join("target/package"))?;
    // A registry without a host is a folder, such as the one that Cargo makes of the crates that it packs.
    let folders = cargo_home()?.join("registry/src").read_dir().into_iter().flatten().flatten();
    for registry in folders.filter(|folder| folder.file_name().as_encoded_bytes().starts_with(b"-")) {
        for unpacked in registry.path().read_dir().map_err(|error| error.to_string())?.flatten() {
            let name = unpacked.file_name();
            if names.iter().any(|crate_name| name.to_string_lossy().starts_with(&format!("{crate_name}-"))) {
                remove(&unpacked.path())?;
            }
        }
    }
    Ok(())
}

/// Checks every library with no feature, and with each feature alone.
pub(crate) fn run() -> Result<(), String> {
    let metadata = captured(host_cargo("metadata").args(["--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let (name, features) = (package["name"].as_str().unwrap_or(""), package["features"].as_object());
        // What is not published has no features that a user could choose.
        let published = package["publish"].is_null();
        let features = features.filter(|features| published && !features.is_empty());
        for feature in features.into_iter().flatten().map(|(feature, _)| feature.as_str()) {
            let alone = if feature == "default" { "" } else { feature };
            if BARE_METAL_ONLY.contains(&alone) {
                continue;
            }
            let mut cargo = host_cargo("check");
            cargo.args(["--quiet", "--package", name, "--no-default-features", "--features", alone]);
            if name == LINKED.0 {
                cargo.args(["--features", LINKED.1]);
            }
            check(&mut cargo).map_err(|error| format!("{name} with the features [{alone}]: {error}"))?;
            println!("{name} [{alone}]");
        }
    }
    Ok(())
}

/// Builds the core for processors without an operating system, with the default features and with none.
pub(crate) fn bare_metal() -> Result<(), String> {
    for target in BARE_METAL {
        for features in [&[][..], &["--no-default-features"]] {
            let mut build = cargo("build", target, "core")?;
            build.args(["--quiet", "--locked", "--release", "--package", "albert-core"]);
            check(build.args(features))?;
        }
        println!("{target}");
    }
    Ok(())
}
