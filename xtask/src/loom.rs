//! The executor under loom.

use crate::toolchain::{check, host_cargo, root};

/// Runs the models of the executor in every order that two preemptions allow.
pub(crate) fn run() -> Result<(), String> {
    check(
        host_cargo("test")
            .args(["--package", "albert-core", "--release", "--features", "threads", "--lib", "--", "model"])
            .env("RUSTFLAGS", "--cfg loom")
            .env("CARGO_TARGET_DIR", root().join("target/loom"))
            .env("LOOM_MAX_PREEMPTIONS", "2")
            .env("LOOM_MAX_BRANCHES", "5000"),
    )
}
