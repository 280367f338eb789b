//! Fuzzing with the pinned toolchain: builds the targets of `fuzz/` with coverage counters and runs them in turn.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::files::{read, update, write};
use crate::toolchain::{captured, check, root};

/// libFuzzer needs a target of its own, so that build scripts go without the counters.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What `-Zsanitizer` and cargo-fuzz would ask for, as plain compiler passes.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
/// Bytes of inputs that are committed for one target.
const CORPUS_BYTES: u64 = 192 << 10;
/// Executions that are wanted: over all targets that take under a millisecond, and of each other one.
const WANTED_FAST: u64 = 1_000_000_000;
const WANTED_SLOW: u64 = 1_000_000;
/// A file system in memory, on Linux.
const MEMORY: &str = "/dev/shm";
/// What to do.
#[derive(Debug, Default)]
struct Options {
    minutes: f64,
    record: bool,
    minimize: bool,
    /// Runs the programs that an earlier run built.
    built: bool,
    targets: Vec<String>,
}

/// `cargo xtask fuzz [--minutes N] [--record] [--minimize] [--built] [TARGET]...`
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    let folder = root().join("fuzz");
    let all = names(&folder)?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        return Err(format!("no fuzz target {unknown}; there are {}", all.join(", ")));
    }
    let targets = if options.targets.is_empty() { &all } else { &options.targets };
    if !options.built {
        build(&folder)?;
    }
    let seconds = (options.minutes * 60.0 / targets.len() as f64).ceil() as u64;
    for name in targets {
        let target = Target { name, folder: &folder };
        let run = target.fuzz(seconds)?;
        if options.minimize {
            target.minimize()?;
        }
        if options.record {
            record(&folder, name, &run)?;
        }
    }
    Ok(())
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self { minutes: 1.0, ..Self::default() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--minutes" => {
                    let minutes = arguments.next().and_then(|minutes| minutes.parse().ok());
                    options.minutes = minutes.filter(|&minutes| minutes > 0.0).ok_or("--minutes wants a number")?;
                }
                "--record" => options.record = true,
                "--minimize" => options.minimize = true,
                "--built" => options.built = true,
                name if !name.starts_with('-') => options.targets.push(name.into()),
                other => return Err(format!("fuzz: unknown option {other}")),
            }
        }
        Ok(options)
    }
}

/// The targets that the manifest lists.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let manifest = read(&folder.join("Cargo.toml"))?;
    let names = manifest.split("[[bin]]").skip(1).filter_map(|entry| entry.split('"').nth(1));
    Ok(names.map(String::from).collect())
}

/// Builds the targets, and writes the inputs that they start from.
fn build(folder: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let seeds = folder.join("target/seeds");
    let mut command = Command::new(&cargo);
    command.current_dir(folder).env_remove("CARGO_TARGET_DIR");
    check(command.args(["run", "--quiet", "--locked", "--example", "seeds", "--"]).arg(seeds))?;
    let mut command = Command::new(&cargo);
    command.current_dir(folder).env("RUSTFLAGS", COVERAGE).env_remove("CARGO_TARGET_DIR");
    check(command.args(["build", "--quiet", "--locked", "--release", "--bins", "--target", TARGET]))
}

/// What one run came to.
#[derive(Debug, Default)]
struct Run {
    executions: u64,
    coverage: u64,
    /// The processor's: a machine may do other things meanwhile.
    seconds: f64,
}

struct Target<'t> {
    name: &'t str,
    folder: &'t Path,
}

impl Target<'_> {
    fn program(&self) -> PathBuf {
        self.folder.join("target").join(TARGET).join("release").join(self.name)
    }

    fn subfolder(&self, path: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(path).join(self.name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    /// Runs the inputs that once were findings, then fuzzes for so long.
    fn fuzz(&self, seconds: u64) -> Result<Run, String> {
        let found = self.folder.join("found").join(self.name);
        let known: Vec<PathBuf> = fs::read_dir(&found).into_iter().flatten().flatten().map(|of| of.path()).collect();
        if !known.is_empty() {
            captured(Command::new(self.program()).args(known))?;
        }
        let (new, corpus, seeds) =
            (self.subfolder("target/corpus")?, self.subfolder("corpus")?, self.subfolder("target/seeds")?);
        let artifacts = self.subfolder("target/artifacts")?;
        let mut command = Command::new(self.program());
        // libFuzzer's own limits stand behind those of the targets: its clock goes on while a machine pauses.
        command.args(["-timeout=600", "-rss_limit_mb=4096", "-print_final_stats=1"]);
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/", artifacts.display()));
        // Slow inputs are taken less often. Targets write small files by the hundred: in memory where the system has a place.
        command.arg("-entropic_scale_per_exec_time=1").arg(new).arg(corpus).arg(seeds).stdin(Stdio::null());
        if Path::new(MEMORY).is_dir() {
            command.env("TMPDIR", MEMORY);
        }
        let before = children_seconds()?;
        let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        let log = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let end: Vec<&str> = log.lines().rev().take(40).collect();
            let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
            return Err(format!("{end}\n{}: a finding; the input is in {}", self.name, artifacts.display()));
        }
        let run = Run {
            executions: after(&log, "stat::number_of_executed_units:"),
            coverage: after(&log, " cov: "),
            seconds: children_seconds()? - before,
        };
        println!("{:21} {:>10} executions, {} edges, {:.0} s", self.name, run.executions, run.coverage, run.seconds);
        Ok(run)
    }

    /// Makes the committed corpus anew: the fewest and smallest inputs that reach what all of them reach, up to a size.
    fn minimize(&self) -> Result<(), String> {
        let merged = self.subfolder("target/merged")?;
        fs::remove_dir_all(&merged).map_err(|error| error.to_string())?;
        let merged = self.subfolder("target/merged")?;
        let inputs = ["corpus", "target/corpus", "target/seeds"].map(|folder| self.subfolder(folder));
        let mut command = Command::new(self.program());
        command.args(["-merge=1", "-timeout=600", "-rss_limit_mb=4096"]).arg(&merged);
        for folder in inputs {
            command.arg(folder?);
        }
        captured(&mut command)?;
        let corpus = self.subfolder("corpus")?;
        fs::remove_dir_all(&corpus).map_err(|error| error.to_string())?;
        let corpus = self.subfolder("corpus")?;
        let mut files: Vec<(u64, PathBuf)> = fs::read_dir(&merged)
            .map_err(|error| error.to_string())?
            .flatten()
            .filter_map(|file| Some((file.metadata().ok()?.len(), file.path())))
            .collect();
        files.sort();
        let mut total = 0;
        for (bytes, file) in files {
            total += bytes;
            if total > CORPUS_BYTES {
                break;
            }
            fs::copy(&file, corpus.join(file.file_name().unwrap_or_default())).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// The number behind the last `key` of a log.
fn after(log: &str, key: &str) -> u64 {
    let number = log.rsplit_once(key).and_then(|(_, rest)| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Processor time of all programs that have been waited for: Linux states it in hundredths of a second.
fn children_seconds() -> Result<f64, String> {
    let words = read(Path::new("/proc/self/stat"))?;
    let times = words.rsplit_once(')').map(|(_, words)| words.split_whitespace().skip(13).take(2));
    Ok(times.into_iter().flatten().filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// Adds a run to the counts of all so far, and writes them into `docs/security.md`.
fn record(folder: &Path, name: &str, run: &Run) -> Result<(), String> {
    let (counts, page) = (folder.join("executions.json"), root().join("docs/security.md"));
    // Several runs may go on side by side.
    let lock = fs::File::create(folder.join("target/executions.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&counts).unwrap_or("{}".into());
    let mut all: BTreeMap<String, Value> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let old = |key: &str| all.get(name).and_then(|counts| counts[key].as_f64()).unwrap_or(0.0);
    let (executions, seconds) = (old("executions") as u64 + run.executions, (old("seconds") + run.seconds).round());
    let coverage = run.coverage.max(old("coverage") as u64);
    all.insert(name.into(), json!({"coverage": coverage, "executions": executions, "seconds": seconds as u64}));
    let mut table =
        String::from("| target | executions | processor hours | a second | edges reached |\n|---|--:|--:|--:|--:|\n");
    let (mut fast, mut slow, mut left, mut rates) = (0, 0, 0.0, Vec::new());
    for (name, counts) in &all {
        let number = |key: &str| counts[key].as_u64().unwrap_or(0);
        let (count, hours) = (number("executions"), number("seconds") as f64 / 3600.0);
        let rate = count as f64 / number("seconds").max(1) as f64;
        let (executions, coverage) = (grouped(count), grouped(number("coverage")));
        table += &format!("| `{name}` | {executions} | {hours:.2} | {rate:.1} | {coverage} |\n");
        if rate >= 1000.0 {
            fast += count;
            rates.push(rate);
        } else {
            slow += 1;
            left += WANTED_SLOW.saturating_sub(count) as f64 / rate.max(1e-3) / 3600.0;
        }
    }
    table += &format!(
        "\nWanted are {} executions over the targets that take under a millisecond, and {} of each other one.",
        grouped(WANTED_FAST),
        grouped(WANTED_SLOW)
    );
    if !rates.is_empty() {
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        let hours = WANTED_FAST.saturating_sub(fast) as f64 / mean / 3600.0;
        table += &format!(" The {} fast ones have {}", rates.len(), grouped(fast));
        table += &if fast < WANTED_FAST {
            format!("; the rest takes {hours:.0} processor hours at these rates.")
        } else {
            ".".to_owned()
        };
    }
    if slow > 0 {
        table += &format!(" What the {slow} others miss takes {left:.0}.");
    }
    table += "\n";
    update(&page, "fuzz", &table)?;
    let counts_text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
    write(&counts, &(counts_text + "\n"))
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}
