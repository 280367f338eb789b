//! Sets `cfg(arm_dsp)` for targets with Arm's DSP extension, which stable compilers do not tell by `target_feature`.

use std::env::var;

/// Cores of the Armv8-M generation with the extension, as `-C target-cpu` names them.
const CORES: [&str; 4] = ["cortex-m33", "cortex-m35p", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(arm_dsp)");
    // Models of the executor, `cargo xtask loom`.
    println!("cargo::rustc-check-cfg=cfg(loom)");
    let target = var("TARGET").unwrap_or_default();
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let asked = |flag: &str| flags.split('\x1f').any(|given| given.contains(flag));
    let core = CORES.iter().any(|core| asked(&format!("target-cpu={core}")));
    // Armv7E-M has the extension always, Armv8-M by choice.
    if target.starts_with("thumbv7em") || target.starts_with("thumbv8m.main") && (core || asked("+dsp")) {
        println!("cargo::rustc-cfg=arm_dsp");
    }
}
