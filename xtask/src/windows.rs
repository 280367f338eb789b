//! The tests of the command and the libraries for Windows, under Wine.

use crate::dist::Workplace;
use crate::dist::platform::Platform;
use crate::toolchain::check;
use crate::wine::RUNNER;

/// Packages, and what of their tests is run.
const TESTS: [(&str, &[&str]); 3] = [
    ("albert-edge", &["--features", "serde", "--lib", "--tests"]),
    ("albert-core", &["--lib", "--tests"]),
    ("albert-edge-cli", &["--lib", "--test", "cli"]),
];

pub(crate) fn run() -> Result<(), String> {
    let place = Workplace::ready()?;
    let platform = Platform::named("x86_64-pc-windows-gnu")?;
    for (package, selection) in TESTS {
        let mut test = place.cargo("test", platform)?;
        place.wine.environment(&mut test);
        // Programs that tests start are started by Wine as they are.
        test.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", RUNNER);
        check(test.args(["--no-fail-fast", "--package", package]).args(selection))?;
    }
    Ok(())
}
