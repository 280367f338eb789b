//! The firmware on emulated boards: every program links without panic machinery, prints its golden output, the logits of
//! this host to the bit, and stays within its stack.

use crate::files::Measured;
use crate::firmware_bounds::{MODEL, bounds, measure};
use crate::toolchain::{c_library, captured, check, firmware_cargo, root, target_dir};
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Plan, Progress, Session, heads::argmax};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The page with what is measured here.
pub(crate) const PAGE: &str = "docs/firmware.md";

/// A machine of QEMU.
struct Board {
    /// Its name here, a feature of the programs.
    name: &'static str,
    target: &'static str,
    /// Whether programs for Cortex-M alone run on it, too.
    cortex_m: bool,
    /// Least number of times that the scalar kernels must take more instructions for an inference than the best ones. Without an
    /// FPU half of what is left are float operations, which no kernel saves.
    least_gain: f64,
}

const BOARDS: [Board; 5] = [
    Board { name: "mps2-an386", target: "thumbv7em-none-eabihf", cortex_m: true, least_gain: 2.5 },
    Board { name: "mps2-an500", target: "thumbv7em-none-eabihf", cortex_m: true, least_gain: 2.5 },
    Board { name: "mps2-an505", target: "thumbv8m.main-none-eabihf", cortex_m: true, least_gain: 2.5 },
    Board { name: "virt-riscv32", target: "riscv32imac-unknown-none-elf", cortex_m: false, least_gain: 2.0 },
    Board { name: "virt-riscv32", target: "riscv32imafc-unknown-none-elf", cortex_m: false, least_gain: 2.5 },
];
/// Packages whose programs run on every board: programs, and their sources with the golden output beside them. Those of a package
/// are built together.
const PROGRAMS: [Package; 2] = [
    (
        "programs",
        &[("text_to_intent", "programs/src/bin/text_to_intent"), ("cooperative", "programs/src/bin/cooperative")],
    ),
    ("conformance", &[("conformance", "conformance/src/main")]),
];
/// Packages for Cortex-M.
const CORTEX_M_PROGRAMS: [Package; 2] =
    [("asynchronous", &[("asynchronous", "asynchronous/src/main")]), ("logging", &[("logging", "logging/src/main")])];
type Package = (&'static str, &'static [(&'static str, &'static str)]);
/// Lines that `logging` logs: the configuration, two errors, and progress after each text.
const LOGGED: usize = 5;

/// Builds all programs for all boards and runs them.
pub(crate) fn run() -> Result<(), String> {
    for Board { name: board, target, cortex_m, least_gain } in BOARDS {
        // One by one, so that what the executor needs is not enabled for the programs that must not panic.
        let only_here: &[Package] = if cortex_m { &CORTEX_M_PROGRAMS } else { &[] };
        for &(package, programs) in PROGRAMS.iter().chain(only_here) {
            let mut build = firmware_cargo("build", target)?;
            check(build.args(["--release", "--locked", "--package", package, "--features", board]))?;
            for (program, source) in programs {
                println!("== {board}, {target}: {program}");
                let printed = emulate(board, &target_dir().join(target).join("release").join(program))?;
                golden(&root().join("firmware").join(source), &printed)?;
                if package != "conformance" {
                    same_as_host(&printed)?;
                    bounds(&printed, 0)?;
                }
                match *program {
                    "text_to_intent" => {
                        gain(&printed, least_gain)?;
                        if board == BOARDS[0].name {
                            hold(target, "instructions", instructions(&printed))?;
                        }
                    }
                    "logging" if printed.matches("# log: ").count() != LOGGED => {
                        return Err(format!("not {LOGGED} lines are logged"));
                    }
                    _ => {}
                }
            }
            if package == "programs" && board == BOARDS[0].name {
                println!("== {board}, {target}: taught");
                crate::firmware_taught::run(board, target)?;
            }
        }
    }
    let [Board { name: board, target, .. }, ..] = BOARDS;
    println!("== {board}: C");
    let printed = emulate(board, &compile_c(target)?)?;
    golden(&root().join("firmware/c/main"), &printed)?;
    same_as_host(&printed)?;
    crate::first_image::run()?;
    println!("all programs print what they should");
    Ok(())
}

/// Holds the page to what was counted: a count differs a little from one run to the next, by the timer's ticks.
pub(crate) fn hold(target: &str, name: &str, table: String) -> Result<(), String> {
    Measured { page: PAGE, name, table, target, tolerance: |count| count * 0.01 }.hold()
}

/// What of [`memory`] is measured, as programs print it.
pub(crate) const MEASURED: [&str; 3] = ["arena by the plan", "statics", "stack"];

/// RAM and stack of a program, within their bounds: bytes of what [`MEASURED`] says.
pub(crate) fn memory(board: &str, target: &str) -> Result<[u64; MEASURED.len()], String> {
    let mut build = firmware_cargo("build", target)?;
    check(build.args(["--release", "--locked", "--package", "programs", "--features", board]))?;
    let printed = emulate(board, &target_dir().join(target).join("release").join("cooperative"))?;
    let measured = printed.lines().filter_map(|line| line.strip_prefix("# "));
    measured.for_each(|line| println!("{target}: cooperative: {line}"));
    bounds(&printed, 0)?;
    let mut bytes = [0; MEASURED.len()];
    for (bytes, name) in bytes.iter_mut().zip(MEASURED) {
        *bytes = measure(&printed, name)?;
    }
    Ok(bytes)
}

/// The firmware in C: the static library, and the C compiler's linker. No panic machinery and no allocator may be in the
/// image.
fn compile_c(target: &str) -> Result<std::path::PathBuf, String> {
    let library = c_library(target, "s", "")?;
    let folder = target_dir().join(target).join("release");
    let image = folder.join("c-firmware");
    let mut compiler = Command::new("arm-none-eabi-gcc");
    compiler.args(["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os"]);
    compiler.args(["-Wall", "-Wextra", "-Werror", "-nostartfiles", "-Wl,--gc-sections", "-Tfirmware/c/board.ld"]);
    compiler.args(["-Ialbert-capi/include", "-DMODEL_FILE=\"models/clinc-intents-int8.albert\"", "firmware/c/main.c"]);
    check(compiler.current_dir(root()).arg(library).arg("-o").arg(&image))?;
    let symbols = captured(Command::new("llvm-nm").arg(&image))?;
    match symbols.lines().find(|line| ["panic", "alloc", "sbrk"].iter().any(|word| line.contains(word))) {
        Some(symbol) => Err(format!("the firmware in C contains {symbol}")),
        None => Ok(image),
    }
}

/// Runs an image; one instruction takes a nanosecond of the board's time.
fn emulate(board: &str, image: &Path) -> Result<String, String> {
    let (command, machine) = match board {
        "virt-riscv32" => ("qemu-system-riscv32", vec!["-M", "virt", "-bios", "none"]),
        board => ("qemu-system-arm", vec!["-M", board]),
    };
    let mut qemu = Command::new(command);
    qemu.args(machine).args(["-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0"]);
    qemu.args(["-chardev", "stdio,id=out", "-semihosting-config", "enable=on,target=native,chardev=out"]);
    qemu.arg("-kernel").arg(image);
    let output = qemu.stdin(Stdio::null()).output().map_err(|error| format!("{command}: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(printed)
    } else {
        Err(format!("{} failed: {}\n{printed}", image.display(), output.status))
    }
}

/// Lines that begin with `#` are measurements and shown; all others are held against the golden file.
fn golden(program: &Path, printed: &str) -> Result<(), String> {
    let (measured, results): (Vec<_>, Vec<_>) = printed.lines().partition(|line| line.starts_with('#'));
    measured.iter().for_each(|line| println!("{line}"));
    let path = program.with_extension("out");
    let results = results.iter().fold(String::new(), |text, line| text + line + "\n");
    if std::env::var_os("XTASK_UPDATE").is_some() {
        std::fs::write(&path, &results).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let golden = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if results != golden {
        return Err(format!("the program prints something else than {}:\n{results}", path.display()));
    }
    Ok(())
}

/// Labels and logits are those of this host, to the bit.
fn same_as_host(printed: &str) -> Result<(), String> {
    let missing = on_this_host()?.into_iter().find(|result| !printed.contains(result.as_str()));
    missing.map_or(Ok(()), |result| Err(format!("the program differs from this host, which gets\n{result}")))
}

/// The best kernels take so many times fewer instructions than the scalar ones, which ran first.
fn gain(printed: &str, least: f64) -> Result<(), String> {
    let counts = printed.lines().filter_map(|line| line.strip_prefix("# network: ")?.split(' ').next()?.parse().ok());
    let counts: Vec<f64> = counts.collect();
    let (scalar, best) = counts.split_at(counts.len() / 2);
    if scalar.is_empty() || scalar.len() != best.len() {
        return Err("the program does not run each text with both sets of kernels".to_owned());
    }
    for (scalar, best) in scalar.iter().zip(best) {
        println!("# scalar kernels take {:.2} times as many instructions", scalar / best);
        if scalar / best < least {
            return Err(format!("at least {least} times as many are asked for"));
        }
    }
    Ok(())
}

/// Millions of instructions of an inference, as a table: the scalar kernels ran first.
fn instructions(printed: &str) -> String {
    let mut table = String::from("| text | scalar | `cortexmdsp` | ratio |\n|---|--:|--:|--:|\n");
    let counts = printed.lines().filter_map(|line| line.strip_prefix("# network: ")?.split(' ').next()?.parse().ok());
    let counts: Vec<f64> = counts.collect();
    let (scalar, best) = counts.split_at(counts.len() / 2);
    let texts = printed.lines().filter(|line| !line.starts_with(['#', ' '])).filter_map(|line| line.split_once(": "));
    for ((text, _), (scalar, best)) in texts.zip(scalar.iter().zip(best)) {
        let row = format!("| {text} | {:.1} | {:.1} | {:.1} |\n", scalar / 1e6, best / 1e6, scalar / best);
        table += &row;
    }
    table
}

/// What the programs print for each text, computed here with the best kernels of this CPU.
pub(crate) fn on_this_host() -> Result<Vec<String>, String> {
    let model = Model::from_bytes(MODEL.bytes).map_err(|error| error.to_string())?;
    let plan = Plan::new(model.config(), 32);
    let mut arena = vec![0; plan.arena_bytes() + 64];
    let mut session = Session::new(&model, plan, &mut arena).map_err(|error| error.to_string())?;
    let mut results = Vec::new();
    for text in ["what is my balance", "please set an alarm for seven in the morning"] {
        session.start_text(text, None, &EncodeOptions::default()).map_err(|error| error.to_string())?;
        while session.step() == Progress::Running {}
        let output = session.output().ok_or("no output")?;
        let label = argmax(output.logits()).and_then(|best| model.label(best)).unwrap_or("?");
        let mut result = format!("{text}: {label}\n");
        for row in output.logits().chunks(8) {
            row.iter().for_each(|logit| write!(result, " {:08x}", logit.to_bits()).unwrap_or_default());
            result.push('\n');
        }
        results.push(result);
    }
    Ok(results)
}
