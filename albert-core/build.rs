//! Sets `cfg(arm_dsp)` and `cfg(arm_mve)` for targets with Arm's DSP extension and with Helium, and `cfg(arm_thumb2)` for other Cortex-M
//! that know all of Thumb-2, none of which stable compilers tell by `target_feature`.

use std::env::var;

/// Cores of the Armv8-M generation with the DSP extension, as `-C target-cpu` names them, and those that also have Helium.
const DSP_CORES: [&str; 2] = ["cortex-m33", "cortex-m35p"];
const MVE_CORES: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

/// What the target's compiler is told of the core.
struct Asked(Vec<String>);

impl Asked {
    fn new() -> Self {
        let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
        let words = flags.split(['\x1f', ',', '=']).map(|word| word.trim().to_owned());
        Self(words.collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|given| given == word)
    }

    /// Whether there is a feature that these cores have: the last word about it counts.
    fn feature(&self, names: &[&str], cores: &[&str]) -> bool {
        let told = self.0.iter().rev().find_map(|given| {
            let names = || names.iter().copied();
            match given.split_at_checked(1)? {
                ("+", name) if names().any(|known| known == name) => Some(true),
                ("-", name) if names().any(|known| known == name) => Some(false),
                _ => None,
            }
        });
        told.unwrap_or_else(|| cores.iter().any(|core| self.has(core)))
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(arm_dsp, arm_mve, arm_thumb2, arm_unnamed)");
    // Models of the executor, `cargo xtask loom`.
    println!("cargo::rustc-check-cfg=cfg(loom)");
    let target = var("TARGET").unwrap_or_default();
    let asked = Asked::new();
    // Armv7E-M has the extension always, Armv8-M by choice.
    let v8 = target.starts_with("thumbv8m.main");
    let mve = v8 && asked.feature(&["mve", "mve.fp"], &MVE_CORES);
    let v8_dsp = v8 && (mve || asked.feature(&["dsp"], &[DSP_CORES.as_slice(), &MVE_CORES].concat()));
    if mve {
        println!("cargo::rustc-cfg=arm_mve");
    }
    if v8_dsp || target.starts_with("thumbv7em") {
        println!("cargo::rustc-cfg=arm_dsp");
        return;
    }
    if v8 || target.starts_with("thumbv7m") {
        println!("cargo::rustc-cfg=arm_thumb2");
    }
    if v8 && !asked.has("-dsp") {
        println!("cargo::rustc-cfg=arm_unnamed");
        // Shown to those who have the crate's source; `include_model!` tells the others.
        println!(
            "cargo::warning=portable kernels are compiled for a core that may have better instructions: name it by \
             -Ctarget-cpu=cortex-m33 (or m55, m85), or say that it has none by -Ctarget-feature=-dsp"
        );
    }
}
