//! The executor under loom.

use crate::files::passed;
use crate::toolchain::{host_cargo, root, shown};

/// Runs the models of the executor in every order that two preemptions allow.
pub(crate) fn run() -> Result<(), String> {
    let printed = shown(
        host_cargo("test")
            .args(["--package", "albert-core", "--release", "--features", "threads", "--lib", "--", "model"])
            .env("RUSTFLAGS", "--cfg loom")
            .env("CARGO_TARGET_DIR", root().join("target/loom"))
            .env("LOOM_MAX_PREEMPTIONS", "2")
            .env("LOOM_MAX_BRANCHES", "5000"),
    )?;
    passed("loom", "cargo xtask loom", "models, complete", &printed)
}
