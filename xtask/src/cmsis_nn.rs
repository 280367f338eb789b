//! Instructions of CMSIS-NN's fully connected kernels on emulated cores, beside those of the kernel sets for these cores. Its sources are
//! compiled from a checkout.

use std::path::Path;
use std::process::Command;

use crate::counted::plugin;
use crate::files::{make, update, write};
use crate::firmware::PAGE;
use crate::firmware_boards::BOARDS;
use crate::firmware_counts::Counts;
use crate::toolchain::{captured, check, root, target_dir};

/// A core: the machine that has it, where that has its memories, and what compiles for it.
struct Core {
    cores: &'static str,
    machine: &'static str,
    memories: [u32; 2],
    compiler: &'static str,
    flags: &'static [&'static str],
}

/// GCC 12 keeps vectors of Helium on the stack: clang compiles for it.
const CORES: [Core; 3] = [
    Core {
        cores: "Cortex-M4",
        machine: "mps2-an386",
        memories: [0, 0x2000_0000],
        compiler: "arm-none-eabi-gcc",
        flags: &["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"],
    },
    Core {
        cores: "Cortex-M33",
        machine: "mps2-an505",
        memories: [0x1000_0000, 0x3800_0000],
        compiler: "arm-none-eabi-gcc",
        flags: &["-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16"],
    },
    Core {
        cores: "Cortex-M55",
        machine: "mps3-an547",
        memories: [0, 0x3100_0000],
        compiler: "clang",
        flags: &["--target=thumbv8.1m.main-none-eabihf", "-mcpu=cortex-m55", "-isystem", "/usr/include/newlib"],
    },
];
/// Its kernels, and what the program adds to the number of rows to call each.
const KERNELS: [(&str, usize); 2] = [("arm_fully_connected_s8", 0), ("arm_nn_mat_mult_nt_t_s8", 100)];
const SOURCES: [&str; 3] = [
    "FullyConnectedFunctions/arm_fully_connected_s8.c",
    "NNSupportFunctions/arm_nn_vec_mat_mult_t_s8.c",
    "NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c",
];
/// Rows of the products.
const ROWS: [usize; 3] = [1, 4, 12];
/// Multiply-accumulates of a row.
const ROW: usize = 312 * 64;

/// Counts, and writes the table.
pub(crate) fn run(checkout: &Path) -> Result<(), String> {
    let mut table = String::from(
        "| cores | kernel | result | compiled by | 1 row | 4 rows | 12 rows |\n|---|---|---|---|--:|--:|--:|\n",
    );
    for core in &CORES {
        let board = BOARDS.iter().find(|board| board.cores == core.cores).ok_or("no board has a core")?;
        check(board.build()?.args(["--package", "conformance"]))?;
        let mut counts = Counts::default();
        counts.products(&board.run("conformance")?)?;
        for (result, [one, four, twelve]) in ["sums", "values"].into_iter().zip(counts.of_rows()) {
            let set = counts.set();
            table += &format!("| {} | `{set}` | {result} | rustc | {one:.2} | {four:.2} | {twelve:.2} |\n", core.cores);
        }
        let image = core.build(checkout)?;
        for (kernel, base) in KERNELS {
            let version = captured(Command::new(core.compiler).arg("-dumpversion"))?;
            let compiler = core.compiler.trim_start_matches("arm-none-eabi-");
            table += &format!("| {} | `{kernel}` | int8 | {compiler} {} |", core.cores, version.trim());
            for rows in ROWS {
                let times = |times: usize| core.count(&image, base + rows, times);
                table += &format!(" {:.2} |", (times(2)? - times(1)?) / (rows * ROW) as f64);
            }
            table.push('\n');
        }
    }
    print!("{table}");
    if std::env::var_os("XTASK_UPDATE").is_some() {
        update(&root().join(PAGE), "cmsis-nn", &table)?;
    }
    Ok(())
}

impl Core {
    /// The program with CMSIS-NN's sources.
    fn build(&self, checkout: &Path) -> Result<std::path::PathBuf, String> {
        let folder = target_dir().join("cmsis-nn").join(self.machine);
        make(&folder)?;
        let [flash, ram] = self.memories;
        let script = folder.join("link.ld");
        write(
            &script,
            format!(
                "SECTIONS {{ . = {flash}; .text : {{ KEEP(*(.vectors)) *(.text .text.* .rodata .rodata.*) }}\n\
                 .ARM.exidx : {{ *(.ARM.exidx .ARM.exidx.*) }}\n\
                 . = {ram}; .data : {{ *(.data .data.* .bss .bss.* COMMON) }} stack_top = {}; }}\n",
                ram + 0x4_0000
            ),
        )?;
        let sources = SOURCES.map(|source| checkout.join("Source").join(source));
        let mut objects = Vec::new();
        for (index, source) in sources.into_iter().chain([root().join("xtask/src/cmsis_nn.c")]).enumerate() {
            let object = folder.join(format!("{index}.o"));
            let mut compiler = Command::new(self.compiler);
            compiler.args(self.flags).args(["-mthumb", "-mfloat-abi=hard", "-O3", "-ffunction-sections", "-c", "-I"]);
            check(compiler.arg(checkout.join("Include")).arg(source).arg("-o").arg(&object))?;
            objects.push(object);
        }
        let image = folder.join("program");
        let mut linker = Command::new("arm-none-eabi-gcc");
        let core: Vec<_> =
            self.flags.iter().filter(|flag| flag.starts_with("-mcpu") || flag.starts_with("-mfpu")).collect();
        linker.args(core).args(["-mthumb", "-mfloat-abi=hard", "-nostartfiles", "-Wl,--gc-sections,-e0", "-T"]);
        check(linker.arg(&script).args(objects).arg("-o").arg(&image))?;
        Ok(image)
    }

    /// Instructions of a run, whose results have to be right.
    fn count(&self, image: &Path, work: usize, times: usize) -> Result<f64, String> {
        let mut emulator = Command::new("qemu-system-arm");
        emulator.args(["-M", self.machine, "-nographic", "-monitor", "none", "-serial", "none"]);
        emulator.args(["-semihosting-config", "enable=on,target=native", "-D", "/dev/stdout", "-d", "plugin"]);
        emulator.args(["-append", &format!("{work} {times}"), "-plugin"]).arg(plugin()?).arg("-kernel").arg(image);
        let printed = captured(&mut emulator)?;
        let count = printed.lines().find_map(|line| line.strip_prefix("instructions: ")?.parse().ok());
        count.ok_or_else(|| format!("{}: the plugin printed no count", self.machine))
    }
}
