//! Instructions of the kernel sets of Linux machines, counted by a plugin of QEMU's user-mode emulation: for each
//! multiply-accumulate and for the demo model's sentence, and compiled for size beside compiled for speed.

use std::path::PathBuf;
use std::process::Command;

use crate::emulated::{ARM32, RISCV64};
use crate::files::{Measured, make};
use crate::toolchain::{captured, cargo, check, root, target_dir};

/// A program's machine.
struct Machine {
    name: &'static str,
    target: &'static str,
    /// Of the target's C library and linker.
    toolchain: Option<&'static str>,
    emulator: &'static str,
    processor: &'static str,
    /// What ran before there was a better set, then the others.
    sets: &'static [&'static str],
}

const X86: Machine = Machine {
    name: "x86-64",
    target: "x86_64-unknown-linux-gnu",
    toolchain: None,
    emulator: "qemu-x86_64",
    processor: "max",
    sets: &["packed64", "avx2"],
};
const AARCH64: Machine = Machine {
    name: "aarch64",
    target: "aarch64-unknown-linux-gnu",
    toolchain: Some("aarch64-linux-gnu"),
    emulator: "qemu-aarch64",
    processor: "max",
    sets: &["scalar", "neon", "neondot", "neoni8mm"],
};
const ARM: Machine = Machine {
    name: "32-bit Arm",
    target: ARM32.target,
    toolchain: Some("arm-linux-gnueabihf"),
    emulator: ARM32.emulator,
    processor: ARM32.processors[0],
    sets: &["packed32", "neon32"],
};
const RISCV_128: Machine = Machine {
    name: "RISC-V, 128 bits",
    target: RISCV64.target,
    toolchain: Some("riscv64-linux-gnu"),
    emulator: RISCV64.emulator,
    processor: RISCV64.processors[0],
    sets: &["packed64", "rvv"],
};
const RISCV_256: Machine = Machine { name: "RISC-V, 256 bits", processor: RISCV64.processors[1], ..RISCV_128 };

const PAGE: &str = "docs/kernels.md";
/// Rows of the products of the table. A product has 768 places and 64 channels.
const ROWS: [usize; 3] = [1, 4, 12];
const PRODUCT: usize = 768 * 64;
/// How many times as many instructions a program may take that is compiled for size.
const MOST: f64 = 1.10;

/// Counts and writes, or holds, the table.
pub(crate) fn table() -> Result<(), String> {
    let plugin = plugin()?;
    let mut table = String::from(
        "| machine | set | 1 row | 4 rows | 12 rows | demo, M instructions | of the first |\n|---|---|--:|--:|--:|--:|--:|\n",
    );
    for machine in [&X86, &AARCH64, &ARM, &RISCV_128, &RISCV_256] {
        let program = machine.build("3")?;
        let mut first = None;
        for set in machine.sets {
            table += &format!("| {} | `{set}` |", machine.name);
            for rows in ROWS {
                let count = machine.count(&plugin, &program, &[set, "product", &rows.to_string()])?;
                table += &format!(" {:.3} |", count / (rows * PRODUCT) as f64);
            }
            let demo = machine.count(&plugin, &program, &[set, "demo"])?;
            let first = *first.get_or_insert(demo);
            table += &format!(" {:.1} | {:.2} |\n", demo / 1e6, demo / first);
        }
    }
    print!("{table}");
    hold("counted", table)
}

/// Writes or holds a block of the page. All was compiled by the compiler of the first machine's programs.
fn hold(name: &str, table: String) -> Result<(), String> {
    Measured { page: PAGE, name, table, target: X86.target, tolerance: |count| count * 0.01 }.hold()
}

/// Compares programs compiled for size with those compiled for speed.
pub(crate) fn sizes() -> Result<(), String> {
    let plugin = plugin()?;
    let mut worse = Vec::new();
    let mut table = String::from("| machine | set | 1 row | 4 rows | 16 rows | demo |\n|---|---|--:|--:|--:|--:|\n");
    for machine in [&X86, &AARCH64, &ARM, &RISCV_128] {
        let [fast, small] = [machine.build("3")?, machine.build("s")?];
        for set in machine.sets.iter().filter(|&&set| set != "scalar") {
            table += &format!("| {} | `{set}` |", machine.name);
            for work in [&["product", "1"][..], &["product", "4"], &["product", "16"], &["demo"]] {
                let work = [&[*set], work].concat();
                let ratio = machine.count(&plugin, &small, &work)? / machine.count(&plugin, &fast, &work)?;
                table += &format!(" {ratio:.2} |");
                // A machine's first set is what runs without vectors.
                if ratio > MOST && *set != machine.sets[0] {
                    worse.push(format!("{}: {}, {ratio:.2} times", machine.name, work.join(" ")));
                }
            }
            table.push('\n');
        }
    }
    table += "\n| sets | instruction | for speed | for size |\n|---|---|--:|--:|\n";
    for Listing { sets, target, flags, products } in LISTINGS {
        let [fast, small] = [listed(target, flags, "3", products)?, listed(target, flags, "s", products)?];
        for ((product, fast), small) in products.iter().zip(fast).zip(small) {
            let [instruction, registers] = product;
            table += &format!("| {sets} | `{}` | {fast} | {small} |\n", format!("{instruction} {registers}").trim());
            if (small as f64) < fast as f64 / MOST {
                worse.push(format!("{sets}: {small} {instruction} {registers} for {fast}"));
            }
        }
    }
    print!("{table}");
    hold("compiled for size", table)?;
    if worse.is_empty() { Ok(()) } else { Err(format!("slower when compiled for size: {}", worse.join("; "))) }
}

/// Sets whose instructions the emulator does not have: the product instructions in the longest stretch of their code without a label or
/// a jump. A loop that was not written out has one where the other has a tile's.
struct Listing {
    sets: &'static str,
    target: &'static str,
    flags: &'static str,
    /// Instruction, and the registers that it names.
    products: &'static [[&'static str; 2]],
}

const LISTINGS: [Listing; 2] = [
    Listing {
        sets: "AVX-512, AVX-VNNI",
        target: "x86_64-unknown-linux-gnu",
        flags: "",
        products: &[["vpdpbusd", "%zmm"], ["vpdpbusd", "%ymm"]],
    },
    Listing {
        sets: "WebAssembly",
        target: "wasm32-unknown-unknown",
        flags: "-Ctarget-feature=+simd128,+relaxed-simd",
        products: &[["i32x4.dot_i16x8_s", ""], ["i32x4.relaxed_dot_i8x16_i7x16_add_s", ""]],
    },
];
/// What lines begin with where a stretch of code ends.
const ENDS: [&str; 7] = ["j", "br", "call", "ret", "loop", "block", "end_"];

/// How many of each instruction the longest stretch of the compiled core has.
fn listed(target: &str, flags: &str, level: &str, products: &[[&str; 2]]) -> Result<Vec<usize>, String> {
    let listing = target_dir().join(format!("albert_core-{level}.s"));
    let mut build = cargo("rustc", target, "core,alloc,compiler_builtins")?;
    build.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level).env("CARGO_PROFILE_RELEASE_LTO", "off").env("RUSTFLAGS", flags);
    build.args(["--locked", "--release", "--package", "albert-core", "--lib", "--"]);
    check(build.arg(format!("--emit=asm={}", listing.display())))?;
    let listing = std::fs::read_to_string(&listing).map_err(|error| format!("{}: {error}", listing.display()))?;
    let longest = |[instruction, registers]: &[&str; 2]| {
        let (mut longest, mut stretch) = (0, 0);
        for line in listing.lines().map(str::trim) {
            if line.contains(instruction) && line.contains(registers) {
                stretch += 1;
            } else if line.ends_with(':') || ENDS.iter().any(|end| line.starts_with(end)) {
                stretch = 0;
            }
            longest = longest.max(stretch);
        }
        longest
    };
    Ok(products.iter().map(longest).collect())
}

impl Machine {
    /// The program `counted`.
    fn build(&self, level: &str) -> Result<PathBuf, String> {
        let mut cargo = cargo("build", self.target, "std,panic_unwind")?;
        if let Some(toolchain) = self.toolchain {
            let name = self.target.to_uppercase().replace('-', "_");
            cargo.env(format!("CARGO_TARGET_{name}_LINKER"), format!("{toolchain}-gcc"));
        }
        let folder = target_dir().join(format!("counted-{level}"));
        cargo.env("CARGO_TARGET_DIR", &folder).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "off");
        check(cargo.args(["--locked", "--release", "--package", "albert-core", "--example", "counted"]))?;
        Ok(folder.join(self.target).join("release/examples/counted"))
    }

    /// Instructions of some work: what two times take beyond one.
    fn count(&self, plugin: &PathBuf, program: &PathBuf, work: &[&str]) -> Result<f64, String> {
        let times = |times: &str| {
            let mut emulator = Command::new(self.emulator);
            emulator.args(["-cpu", self.processor, "-plugin"]).arg(plugin);
            if let Some(toolchain) = self.toolchain {
                emulator.args(["-L", &format!("/usr/{toolchain}")]);
            }
            let printed = captured(
                emulator.arg("-D").arg("/dev/stdout").args(["-d", "plugin"]).arg(program).args(work).arg(times),
            )?;
            let count = printed.lines().find_map(|line| line.strip_prefix("instructions: ")?.parse::<f64>().ok());
            count.ok_or_else(|| format!("{}: the plugin printed no count", self.emulator))
        };
        Ok(times("2")? - times("1")?)
    }
}

/// Compiles the plugin.
pub(crate) fn plugin() -> Result<PathBuf, String> {
    let plugin = target_dir().join("count.so");
    make(&target_dir())?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "xtask/src/count.c", "-o"]).arg(&plugin);
    check(compiler.current_dir(root()))?;
    Ok(plugin)
}
