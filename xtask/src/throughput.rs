//! Static throughput of the NEON sets' inner loops: the loops as the compiler wrote them, run through LLVM's scheduling models
//! by `llvm-mca`. `docs/notes/kernels-arm.md` keeps the results.

use crate::toolchain::{cargo, check, target_dir};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// LLVM takes Cortex-A57's model for the A76, which has half its vector multiplications; Neoverse N1 is the A76's own core.
const MODELS: [&str; 3] = ["cortex-a76", "neoverse-n1", "neoverse-v1"];
const SIMULATORS: [&str; 2] = ["llvm-mca-19", "llvm-mca"];
const ITERATIONS: usize = 200;
/// What a set's largest loop must reach of the peak of its product instructions, on each model but the A76's.
const BOUND: f64 = 0.80;
/// Loops with fewer products are remainders.
const FEWEST_PRODUCTS: usize = 12;

/// A product instruction and its multiply-accumulates.
const PRODUCTS: [(&str, usize); 8] =
    [("sdot", 16), ("smmla", 32), ("smull", 8), ("smull2", 8), ("smlal", 8), ("smlal2", 8), ("sadalp", 0), ("fmla", 4)];

/// An innermost loop.
struct Loop {
    /// File of the kernel set.
    module: String,
    /// Instructions without the branch.
    body: Vec<String>,
}

/// Cycles of an iteration.
#[derive(Clone, Copy)]
struct Cycles {
    /// Simulated.
    simulated: f64,
    /// The busiest port's, if nothing had to wait.
    ports: f64,
}

/// Builds the core, extracts the loops, prints a table.
pub(crate) fn run() -> Result<(), String> {
    let listing = target_dir().join("albert_core.s");
    let mut build = cargo("rustc", TARGET, "core,alloc,compiler_builtins")?;
    build.args(["--locked", "--release", "--package", "albert-core", "--lib", "--"]);
    check(build.arg(format!("--emit=asm={}", listing.display())))?;
    let listing = std::fs::read_to_string(&listing).map_err(|error| format!("{}: {error}", listing.display()))?;
    let mut loops = find_loops(&listing);
    loops.sort_by_key(|found| (found.module.clone(), std::cmp::Reverse(found.products().count())));
    let mut simulated = Vec::new();
    for model in MODELS {
        simulated.push(simulate(model, &loops)?);
    }
    println!("MAC a cycle, of the peak of the product instructions, of the limit of all ports");
    println!("{:18} products sums moves {:^20} {:^20} {:^20}", "loop", MODELS[0], MODELS[1], MODELS[2]);
    let mut largest = BTreeSet::new();
    for (i, found) in loops.iter().enumerate() {
        let is_largest = largest.insert(found.module.clone());
        let (products, moves) = (found.products().count(), found.moves());
        print!("{:18} {products:8} {:4} {moves:5}", found.module, found.sums());
        for (model, simulated) in MODELS.iter().zip(&simulated) {
            let (all, alone) = simulated[i];
            let (peak, ports) = (alone.ports / all.simulated, all.ports / all.simulated);
            let speed = found.macs() as f64 / all.simulated;
            print!("  {speed:6.1} {:4.0} % {:4.0} %", 100.0 * peak, 100.0 * ports);
            if is_largest && *model != MODELS[0] && peak < BOUND {
                return Err(format!("{}: {:.0} % of the peak on {model}", found.module, 100.0 * peak));
            }
        }
        println!();
        if is_largest && moves > 0 {
            return Err(format!("{}: {moves} moves and stack accesses in the largest loop", found.module));
        }
    }
    Ok(())
}

impl Loop {
    fn products(&self) -> impl Iterator<Item = &String> {
        self.body.iter().filter(|line| product(line).is_some())
    }

    /// Multiply-accumulates of an iteration.
    fn macs(&self) -> usize {
        self.body.iter().filter_map(|line| product(line)).sum()
    }

    /// Registers that products are added to.
    fn sums(&self) -> usize {
        let targets = self.products().filter(|line| !line.contains("mull") && !line.contains("mlal"));
        targets.filter_map(|line| line.split_whitespace().nth(1)).collect::<BTreeSet<_>>().len()
    }

    /// Moves between vector registers, and vector registers on the stack.
    fn moves(&self) -> usize {
        let vectors = |line: &&String| {
            let mut operands = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
            let instruction = operands.next().unwrap_or_default();
            let vector = operands.next().is_some_and(|register| register.starts_with(['v', 'q', 'd']));
            vector && (instruction == "mov" || instruction == "fmov" || line.contains("[sp"))
        };
        self.body.iter().filter(vectors).count()
    }
}

/// Multiply-accumulates of a product instruction.
fn product(line: &str) -> Option<usize> {
    let instruction = line.split_whitespace().next()?;
    PRODUCTS.iter().find(|(name, _)| *name == instruction).map(|&(_, macs)| macs)
}

/// The innermost loops with products, of functions in the files of the NEON sets.
fn find_loops(listing: &str) -> Vec<Loop> {
    let mut loops = Vec::new();
    let mut module = None;
    let mut labels = HashMap::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in listing.lines() {
        let text = line.split("//").next().unwrap_or_default().trim();
        if let Some(label) = text.strip_suffix(':') {
            if label.starts_with(".L") {
                labels.insert(label, lines.len());
            } else {
                module = module_of(label);
                labels.clear();
                lines.clear();
            }
            continue;
        }
        if text.is_empty() || text.starts_with('.') {
            continue;
        }
        let start =
            if is_branch(text) { text.split([' ', '\t']).next_back().and_then(|to| labels.get(to)) } else { None };
        if let (Some(&start), Some(module)) = (start, &module) {
            let body: Vec<String> = lines[start..].iter().map(|line| (*line).to_owned()).collect();
            let found = Loop { module: module.clone(), body };
            if found.products().count() >= FEWEST_PRODUCTS && !found.body.iter().any(|line| is_branch(line)) {
                loops.push(found);
            }
        }
        lines.push(text);
    }
    loops
}

/// The part of a mangled name that names a file of the NEON sets; its length stands before it.
fn module_of(symbol: &str) -> Option<String> {
    let (_, rest) = symbol.split_once("7aarch64")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let length = rest[..digits].parse().ok()?;
    rest[digits..].get(..length).map(str::to_owned)
}

fn is_branch(line: &str) -> bool {
    let instruction = line.split_whitespace().next().unwrap_or_default();
    instruction.starts_with("b.") || matches!(instruction, "b" | "cbz" | "cbnz" | "tbz" | "tbnz")
}

/// Each loop, and its products alone, on a model.
fn simulate(model: &str, loops: &[Loop]) -> Result<Vec<(Cycles, Cycles)>, String> {
    let mut input = String::new();
    let mut region = |lines: &mut dyn Iterator<Item = &String>| {
        input.push_str("# LLVM-MCA-BEGIN\n");
        lines.for_each(|line| writeln!(input, "{line}").unwrap_or_default());
        input.push_str("# LLVM-MCA-END\n");
    };
    for found in loops {
        region(&mut found.body.iter());
        region(&mut found.products());
    }
    let report = simulator(model, &input)?;
    let values = |name: &str| -> Vec<f64> {
        report.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse().ok()).collect()
    };
    let cycles: Vec<Cycles> = values("Total Cycles:")
        .into_iter()
        .zip(values("Block RThroughput:"))
        .map(|(total, ports)| Cycles { simulated: total / ITERATIONS as f64, ports })
        .collect();
    let pairs: Vec<_> = cycles.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    if pairs.len() == loops.len() { Ok(pairs) } else { Err(format!("llvm-mca reports something else:\n{report}")) }
}

/// What `llvm-mca` prints.
fn simulator(model: &str, input: &str) -> Result<String, String> {
    for program in SIMULATORS {
        let mut command = Command::new(program);
        command.args(["-mtriple=aarch64", "-mattr=+dotprod,+i8mm", &format!("-mcpu={model}")]);
        command.args([&format!("-iterations={ITERATIONS}"), "-instruction-info=0", "-resource-pressure=0", "-"]);
        let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
            continue;
        };
        let mut stdin = child.stdin.take().ok_or("no pipe")?;
        let text = input.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().map_err(|error| format!("{program}: {error}"))?;
        writer.join().map_err(|_| "the writer stopped")?.map_err(|error| format!("{program}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("none of {} is installed", SIMULATORS.join(", ")))
}
