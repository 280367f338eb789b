//! The boards that firmware is built for and run on: machines of QEMU.

use crate::firmware_bounds::{STACK_BOUND, STACK_BOUND_ARMV6M};
use crate::toolchain::{firmware_cargo, target_dir};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A machine, and the core that programs on it are compiled for.
pub(crate) struct Board {
    /// Its name here, a feature of the programs.
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    /// What the compiler is told of the core (`-Ctarget-cpu`) in place of what `firmware/.cargo/config.toml` says.
    pub(crate) core: Option<&'static str>,
    /// Cores whose instructions these are.
    pub(crate) cores: &'static str,
    /// Whether programs for Cortex-M alone run on it, too.
    pub(crate) cortex_m: bool,
    /// Least number of times that the scalar kernels must take more instructions for an inference than the best ones. Without an
    /// FPU most of what is left are float operations, which no kernel saves.
    pub(crate) least_gain: f64,
    /// Most millions of instructions of an inference of the first text.
    pub(crate) most: f64,
}

/// A core with Helium.
pub(crate) const HELIUM: &str = "cortex-m55";
/// No core in particular.
pub(crate) const UNNAMED: &str = "generic";

impl Board {
    const fn new(cores: &'static str, name: &'static str, target: &'static str, least_gain: f64, most: f64) -> Self {
        Self { name, target, core: None, cores, cortex_m: false, least_gain, most }
    }

    const fn cortex_m(self) -> Self {
        Self { cortex_m: true, ..self }
    }

    const fn core(self, core: &'static str) -> Self {
        Self { core: Some(core), ..self }
    }
}

/// All boards. The M3 stands for the cores of Armv6-M, whose instructions it has: no larger machine with one of them is emulated. The
/// programs have it trap unaligned addresses, as those cores do.
pub(crate) static BOARDS: [Board; 9] = [
    Board::new("Cortex-M4", "mps2-an386", "thumbv7em-none-eabihf", 2.5, 34.0).cortex_m(),
    Board::new("Cortex-M7", "mps2-an500", "thumbv7em-none-eabihf", 2.5, 34.0).cortex_m(),
    Board::new("Cortex-M33", "mps2-an505", "thumbv8m.main-none-eabihf", 2.5, 34.0).cortex_m(),
    Board::new("Cortex-M55", "mps3-an547", "thumbv8m.main-none-eabihf", 2.5, 12.0).core(HELIUM).cortex_m(),
    Board::new("Armv8-M without DSP", "mps2-an505", "thumbv8m.main-none-eabihf", 1.8, 55.0).core(UNNAMED),
    Board::new("Cortex-M0, M0+", "mps2-an385", "thumbv6m-none-eabi", 1.2, 300.0),
    Board::new("RV32IMC", "virt-riscv32", "riscv32imc-unknown-none-elf", 1.5, 158.0),
    Board::new("RV32IMAC", "virt-riscv32", "riscv32imac-unknown-none-elf", 1.5, 158.0),
    Board::new("RV32IMAFC", "virt-riscv32", "riscv32imafc-unknown-none-elf", 2.5, 75.0),
];

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.name, self.target, self.cores)
    }
}

impl Board {
    /// `cargo build` of packages of the firmware for this core.
    pub(crate) fn build(&self) -> Result<Command, String> {
        let mut build = firmware_cargo("build", self.target)?;
        if let Some(core) = self.core {
            build.env("RUSTFLAGS", format!("-Ctarget-cpu={core}"));
        }
        build.args(["--release", "--locked", "--features", self.name]);
        Ok(build)
    }

    /// Whether the programs drive a DMA controller of the machine.
    pub(crate) fn has_dma(&self) -> bool {
        self.name == "mps2-an505" && self.core.is_none()
    }

    /// Most bytes of stack that a program may take.
    pub(crate) fn most_stack(&self) -> u64 {
        match self.target {
            target if target.starts_with("thumbv6m") => STACK_BOUND_ARMV6M,
            _ => STACK_BOUND,
        }
    }

    /// The image of a program that was built.
    pub(crate) fn image(&self, program: &str) -> PathBuf {
        target_dir().join(self.target).join("release").join(program)
    }

    /// Runs a program that was built.
    pub(crate) fn run(&self, program: &str) -> Result<String, String> {
        self.emulate(&self.image(program), &[])
    }

    /// Runs an image; one instruction takes a nanosecond of the board's time.
    pub(crate) fn emulate(&self, image: &Path, options: &[&str]) -> Result<String, String> {
        let mut qemu = self.machine();
        qemu.args(options);
        qemu.args(["-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0"]);
        qemu.args(["-chardev", "stdio,id=out", "-semihosting-config", "enable=on,target=native,chardev=out"]);
        qemu.arg("-kernel").arg(image);
        let output = qemu.stdin(Stdio::null()).output().map_err(|error| format!("{qemu:?}: {error}"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(printed)
        } else {
            Err(format!("{} failed: {}\n{printed}", image.display(), output.status))
        }
    }

    /// The emulator with its machine; on RISC-V with a core that has the target's extensions and no others.
    fn machine(&self) -> Command {
        let Some(extensions) = self.target.strip_prefix("riscv32i").and_then(|rest| rest.split('-').next()) else {
            let mut qemu = Command::new("qemu-system-arm");
            qemu.args(["-M", self.name]);
            return qemu;
        };
        let option = |letter: char| format!(",{letter}={}", extensions.contains(letter));
        let core = "mafdcv".chars().map(option).collect::<String>();
        let mut qemu = Command::new("qemu-system-riscv32");
        qemu.args(["-M", "virt", "-bios", "none", "-cpu"]).arg(format!("rv32,g=false{core}"));
        qemu
    }
}
