//! Linux on 32-bit Arm and on RISC-V under QEMU's user-mode emulation: the kernel sets against scalar, and the demo model's logits
//! against this machine's.

use crate::firmware::on_this_host;
use crate::toolchain::{captured, cargo, check};
use std::process::Command;

/// A machine that is emulated.
pub(crate) struct Machine {
    pub(crate) target: &'static str,
    linker: &'static str,
    /// Where the target's C library is.
    library: &'static str,
    pub(crate) emulator: &'static str,
    /// Processors, as the emulator's `-cpu` takes them.
    pub(crate) processors: &'static [&'static str],
    /// Kernel sets that must run, best first.
    pub(crate) sets: &'static [&'static str],
}

/// 32-bit Arm; the processor is an Armv7-A that has NEON.
pub(crate) const ARM32: Machine = Machine {
    target: "armv7-unknown-linux-gnueabihf",
    linker: "arm-linux-gnueabihf-gcc",
    library: "/usr/arm-linux-gnueabihf",
    emulator: "qemu-arm",
    processors: &["cortex-a7"],
    sets: &["neon32", "packed32"],
};

/// 64-bit RISC-V, with vectors of two lengths.
pub(crate) const RISCV64: Machine = Machine {
    target: "riscv64gc-unknown-linux-gnu",
    linker: "riscv64-linux-gnu-gcc",
    library: "/usr/riscv64-linux-gnu",
    emulator: "qemu-riscv64",
    processors: &["rv64,v=true,vext_spec=v1.0,vlen=128", "rv64,v=true,vext_spec=v1.0,vlen=256"],
    sets: &["rvv", "packed64"],
};

/// The test of the kernels that takes QEMU longest; what it finds, others find as well, but for the sizes.
const SLOW: &str = "integer_products_of_real_sizes";

impl Machine {
    /// The tests, on each processor.
    pub(crate) fn run(&self) -> Result<(), String> {
        for processor in self.processors {
            println!("== {} {processor}", self.emulator);
            let mut test = self.cargo("test", processor)?;
            test.args(["--package", "albert-core", "--test", "kernel_conformance", "--", "--skip", SLOW]);
            check(test.env("ALBERT_MUST_RUN", self.sets.join(",")))?;
            let mut example = self.cargo("run", processor)?;
            let printed =
                captured(example.args(["--quiet", "--package", "albert-core", "--example", "text_to_intent"]))?;
            let expected = on_this_host()?;
            if let Some(result) = expected.iter().find(|result| !printed.contains(result.as_str())) {
                return Err(format!("{}: it prints\n{printed}\nand not, as this machine,\n{result}", self.target));
            }
            println!("the demo model's {} results are the same as here", expected.len());
        }
        Ok(())
    }

    /// `cargo SUBCOMMAND` for the target, its programs run by the emulator.
    pub(crate) fn cargo(&self, subcommand: &str, processor: &str) -> Result<Command, String> {
        let mut cargo = cargo(subcommand, self.target, "std,panic_unwind")?;
        let name = self.target.to_uppercase().replace('-', "_");
        let runner = format!("{}-static -cpu {processor} -L {}", self.emulator, self.library);
        cargo.arg("--locked").env(format!("CARGO_TARGET_{name}_LINKER"), self.linker);
        cargo.env(format!("CARGO_TARGET_{name}_RUNNER"), runner);
        Ok(cargo)
    }
}
