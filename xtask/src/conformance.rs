//! The recorded results that every binding's tests read.

use crate::toolchain::{check, host_cargo};

/// Writes the models and their results anew, then checks them.
pub(crate) fn run() -> Result<(), String> {
    let test = |options: &[&str]| {
        let base = ["--package", "albert-edge", "--features", "serde", "--test", "conformance", "--"];
        check(host_cargo("test").args(base).args(options))
    };
    test(&["--ignored", "write"])?;
    test(&[])
}
