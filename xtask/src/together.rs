//! The latency of tasks with several inputs: one by one, and together.

use crate::block::{processor, today};
use crate::files::update;
use crate::toolchain::{check, host_cargo, host_target_dir, root, shown};

const PAGE: &str = "docs/benchmarks.md";

/// Measures and prints; writes the table when `updates`.
pub(crate) fn run(updates: bool) -> Result<(), String> {
    check(host_cargo("build").args(["--release", "--package", "albert-edge", "--example", "together"]))?;
    let program = root().join(host_target_dir()).join("release/examples/together");
    let table = shown(&mut std::process::Command::new(program))?;
    if !updates {
        return Ok(());
    }
    update(&root().join(PAGE), "together", &format!("{}, {}.\n\n{table}", today(), processor()))
}
