//! The C library as cargo-c installs it.

use std::path::Path;
use std::process::Command;

use crate::toolchain::{check, root};

/// Versions before 0.10 do not read the workspace's edition.
const OLDEST: (u32, u32) = (0, 10);

/// Installs below `prefix`, unoptimized. False, with a line that says why, when there is no cargo-c that can.
pub(crate) fn install(prefix: &Path) -> Result<bool, String> {
    let cargo = || {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(root()).arg("cinstall");
        cargo
    };
    let version = cargo().arg("--version").output().map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    if version_of(&version).is_none_or(|version| version < OLDEST) {
        let (major, minor) = OLDEST;
        let found = if version.is_empty() { "none" } else { &version };
        println!("skipped: installing with cargo-c needs version {major}.{minor} or later; found: {found}");
        return Ok(false);
    }
    println!("{version}");
    let mut install = cargo();
    install.args(["--locked", "--package", "albert-capi", "--profile", "dev", "--libdir", "lib", "--prefix"]);
    check(install.arg(prefix))?;
    Ok(true)
}

/// Major and minor number of what `cargo cinstall --version` prints.
fn version_of(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.strip_prefix("cargo-c ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, version_of};

    #[test]
    fn old_versions_are_told_apart() {
        assert!(version_of("cargo-c 0.10.25+cargo-0.99.0").unwrap() >= OLDEST);
        assert!(version_of("cargo-c 0.9.14").unwrap() < OLDEST);
        assert_eq!(version_of(""), None);
    }
}
