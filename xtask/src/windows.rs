//! The tests of the command and the libraries for Windows, under Wine.

use crate::block::today;
use crate::dist::Workplace;
use crate::dist::platform::Platform;
use crate::files::{count_passed, update};
use crate::toolchain::{root, shown};
use crate::wine::RUNNER;

/// Packages, and what of their tests is run.
const TESTS: [(&str, &[&str]); 4] = [
    ("albert-edge", &["--features", "serde", "--lib", "--tests"]),
    ("albert-core", &["--lib", "--tests"]),
    ("albert-hub", &["--features", "download", "--tests"]),
    ("albert-edge-cli", &["--lib", "--test", "cli"]),
];

/// Runs them all; with `XTASK_UPDATE` set, writes into `docs/platforms.md` how many passed.
pub(crate) fn run() -> Result<(), String> {
    let place = Workplace::ready();
    let wine = place.wine()?;
    let platform = Platform::named("x86_64-pc-windows-gnu")?;
    let mut table = "| package | tests that passed |\n|---|--:|\n".to_owned();
    for (package, selection) in TESTS {
        let mut test = place.cargo("test", platform)?;
        wine.environment(&mut test);
        // Programs that tests start are started by Wine as they are.
        test.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", RUNNER);
        let printed = shown(test.args(["--no-fail-fast", "--package", package]).args(selection))?;
        table += &format!("| `{package}` | {} |\n", count_passed(&printed));
    }
    if std::env::var_os("XTASK_UPDATE").is_none() {
        return Ok(());
    }
    let page = root().join("docs/platforms.md");
    update(&page, "windows", &format!("{table}\nUnder Wine, on {}. None failed.\n", today()))
}
