//! The firmware on emulated boards: every program links without panic machinery, prints its golden output, the logits of
//! this host to the bit, and stays within its stack.

use crate::block::parts;
use crate::files::{Measured, read};
use crate::firmware_boards::{BOARDS, Board, HELIUM, UNNAMED};
use crate::firmware_bounds::{MODEL, bounds, measure};
use crate::firmware_counts::Counts;
use crate::firmware_reads::Reads;
use crate::toolchain::{c_library, captured, check, root, target_dir};
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Plan, Progress, Session, heads::argmax};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// The page with what is measured here.
pub(crate) const PAGE: &str = "docs/firmware.md";

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

/// Builds all programs for all boards and runs them; with `cores`, names of the table, those of these boards alone.
pub(crate) fn run(cores: &[String]) -> Result<(), String> {
    if let Some(unknown) = cores.iter().find(|&cores| BOARDS.iter().all(|board| board.cores != cores)) {
        return Err(format!("no board has {unknown}"));
    }
    let (mut table, mut reads) = (Rows::of_page("instructions")?, Rows::of_page("reads")?);
    let mut tiles = Rows::of_page("tile rows")?;
    for board in &BOARDS {
        if !cores.is_empty() && !cores.iter().any(|cores| cores == board.cores) {
            continue;
        }
        // One by one, so that what the executor needs is not enabled for the programs that must not panic.
        let only_here: &[Package] = if board.cortex_m { &CORTEX_M_PROGRAMS } else { &[] };
        let mut counts = Counts::default();
        for &(package, programs) in PROGRAMS.iter().chain(only_here) {
            check(board.build()?.args(["--package", package]))?;
            if board.core == Some(UNNAMED) {
                tells_of_better(board, package)?;
            }
            for (program, source) in programs {
                println!("== {board}: {program}");
                let printed = board.run(program)?;
                golden(&root().join("firmware").join(source), &printed)?;
                if package != "conformance" {
                    same_as_host(&printed)?;
                    bounds(&printed, 0, board.most_stack())?;
                }
                match *program {
                    "text_to_intent" => counts.inferences(&printed)?,
                    "conformance" => counts.products(&printed)?,
                    "logging" if printed.matches("# log: ").count() != LOGGED => {
                        return Err(format!("not {LOGGED} lines are logged"));
                    }
                    _ => {}
                }
            }
            if package == "programs" {
                println!("== {board}: reads");
                let counted = Reads::count(board)?;
                reads.set(board, counted.row(board));
                counted.bounds(board)?;
                tiles.set(board, Reads::tiles(board)?);
            }
            if package == "programs" && board.core == Some(HELIUM) {
                println!("== {board}: fast_memory");
                same_as_host(&crate::firmware_fast::run(board)?)?;
            }
            if package == "programs" && board.has_dma() {
                println!("== {board}: copies");
                crate::firmware_copies::run(board)?;
            }
            if package == "programs" && std::ptr::eq(board, &BOARDS[0]) {
                println!("== {board}: taught");
                crate::firmware_taught::run(board.name, board.target)?;
            }
        }
        println!("# {counts:?}");
        counts.bounds(board)?;
        table.set(board, counts.row(board));
    }
    hold(BOARDS[0].target, "instructions", table.table(Counts::HEAD))?;
    hold(BOARDS[0].target, "reads", reads.table(Reads::HEAD))?;
    hold(BOARDS[0].target, "tile rows", tiles.table(Reads::TILES_HEAD))?;
    if !cores.is_empty() {
        return Ok(());
    }
    let [board, ..] = &BOARDS;
    println!("== {board}: C");
    let printed = board.emulate(&compile_c(board.target)?, &[])?;
    golden(&root().join("firmware/c/main"), &printed)?;
    same_as_host(&printed)?;
    crate::first_image::run()?;
    crate::firmware_projects::run()?;
    println!("all programs print what they should");
    Ok(())
}

/// Rows of a table of the page, one or more for each board; those of boards that do not run stay.
struct Rows([String; BOARDS.len()]);

impl Rows {
    fn of_page(name: &str) -> Result<Self, String> {
        let page = read(&root().join(PAGE))?;
        let [_, table, _] = parts(&page, name).ok_or_else(|| format!("{PAGE}: the marks of {name} are missing"))?;
        let rows = |board: &Board| {
            let rows = table.lines().filter(|line| line.starts_with(&format!("| {} |", board.cores)));
            rows.fold(String::new(), |rows, row| rows + row + "\n")
        };
        Ok(Self(BOARDS.each_ref().map(rows)))
    }

    fn set(&mut self, board: &Board, row: String) {
        let rows = self.0.iter_mut().zip(&BOARDS);
        rows.filter(|(_, this)| std::ptr::eq(*this, board)).for_each(|(place, _)| place.clone_from(&row));
    }

    fn table(&self, head: &str) -> String {
        head.to_owned() + &self.0.concat()
    }
}

/// A build for an Armv8-M core that is not named tells of better kernels; cargo repeats what it said before.
fn tells_of_better(board: &Board, package: &str) -> Result<(), String> {
    let mut build = board.build()?;
    let output = build.args(["--package", package]).output().map_err(|error| format!("{build:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match said.matches("name it by -Ctarget-cpu=").count() {
        0 => Err(format!("the build for {board} does not tell of better kernels:\n{said}")),
        _ => Ok(()),
    }
}

/// Holds the page to what was counted: a count differs a little from one run to the next, by the timer's ticks.
pub(crate) fn hold(target: &str, name: &str, table: String) -> Result<(), String> {
    Measured { page: PAGE, name, table, target, tolerance: |count| count * 0.01 }.hold()
}

/// What of [`memory`] is measured, as programs print it.
pub(crate) const MEASURED: [&str; 3] = ["arena by the plan", "statics", "stack"];

/// RAM and stack of a program, within their bounds: bytes of what [`MEASURED`] says.
pub(crate) fn memory(board: &Board) -> Result<[u64; MEASURED.len()], String> {
    check(board.build()?.args(["--package", "programs"]))?;
    let printed = board.run("cooperative")?;
    let measured = printed.lines().filter_map(|line| line.strip_prefix("# "));
    measured.for_each(|line| println!("{}: cooperative: {line}", board.target));
    bounds(&printed, 0, board.most_stack())?;
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
