//! What hostile checkpoints cost the command: each is converted by a process of its own with a limit of time and memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::files::{make, read, remove, update};
use crate::toolchain::{check, host_cargo, host_target_dir, root};

/// Seconds and MiB at which a process is ended; what it may take is less.
const MOST: [u64; 2] = [60, 8192];
/// What a checkpoint may take: seconds, and ten times its bytes and 64 MiB.
const SECONDS: f64 = 5.0;

/// What a campaign against version 0.1 took.
const BEFORE: [(&str, &str); 20] = [
    ("arena", "the process aborts"),
    ("pickle_shape", "6.3 GB, 70 s"),
    ("pickle_key", "2.0 GB"),
    ("pickle_dup", "over 60 s"),
    ("tf_dup", "59 s"),
    ("h5_dup", "over 25 s"),
    ("h5w1000", "0.5 s"),
    ("h5w2000", "2.0 s"),
    ("h5w4000", "8.0 s"),
    ("h5_wide", "killed at 500 s"),
    ("h5_cycle", "over 25 s"),
    ("st_shape", "826 MB"),
    ("st_many", "342 MB"),
    ("tok_charsmap", "4.0 GB"),
    ("tok_template", "2.5 GB, a model of 800 MB"),
    ("tok_many_nfc", "over 40 s"),
    ("tok_many_nfd", "over 40 s"),
    ("tok_longpiece", "over 40 s"),
    ("tok_trie", "over 40 s"),
    ("tok_replace_wide", "the process ends at a text"),
];

/// What one conversion came to.
struct Cost {
    name: String,
    bytes: u64,
    megabytes: f64,
    seconds: f64,
    answer: String,
}

/// `cargo xtask reproduce FOLDER`: every checkpoint in a folder, and as one row those of each folder in it.
pub(crate) fn run(folder: &Path) -> Result<(), String> {
    check(host_cargo("build").args(["--release", "--package", "albert-edge-cli"]))?;
    let scratch = env::temp_dir().join(format!("albert-reproduce-{}", std::process::id()));
    make(&scratch)?;
    let result = table(folder, &scratch);
    remove(&scratch)?;
    let (table, broken) = result?;
    update(&root().join("docs/notes/security.md"), "reproductions", &table)?;
    if broken.is_empty() { Ok(()) } else { Err(format!("beyond the bounds: {}", broken.join(", "))) }
}

fn table(folder: &Path, scratch: &Path) -> Result<(String, Vec<String>), String> {
    let mut table = String::from("| checkpoint | bytes | before | MB | s | |\n|---|--:|---|--:|--:|---|\n");
    let mut broken = Vec::new();
    for directory in directories(folder)? {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let inner = if directory.join("config.json").exists() { vec![] } else { directories(&directory)? };
        let several = !inner.is_empty();
        let checkpoints = if several { inner } else { vec![directory] };
        let costs = checkpoints.iter().map(|path| convert(path, scratch)).collect::<Result<Vec<Cost>, String>>()?;
        broken.extend(costs.iter().filter(|cost| !cost.is_bounded()).map(|cost| cost.name.clone()));
        let most = |of: fn(&Cost) -> f64| costs.iter().map(of).fold(0.0, f64::max);
        let (megabytes, seconds) = (most(|cost| cost.megabytes), most(|cost| cost.seconds));
        let before = BEFORE.iter().find(|(known, _)| *known == name).map_or("", |(_, before)| before);
        let (label, bytes, answer) = match &costs[..] {
            [cost] if !several => (name, cost.bytes.to_string(), cost.answer.clone()),
            _ => {
                let converted = costs.iter().filter(|cost| cost.answer == CONVERTED).count();
                let most = costs.iter().map(|cost| cost.bytes).max().unwrap_or(0);
                let answers = format!("{converted} converted, {} refused", costs.len() - converted);
                (format!("{name}: {} of them", costs.len()), format!("up to {most}"), answers)
            }
        };
        let row = format!("| {label} | {bytes} | {before} | {megabytes:.0} | {seconds:.2} | {answer} |\n");
        print!("{row}");
        table += &row;
    }
    Ok((table, broken))
}

const CONVERTED: &str = "converted";

/// Converts a checkpoint; GNU time says what it took.
fn convert(checkpoint: &Path, scratch: &Path) -> Result<Cost, String> {
    let bytes = files(checkpoint)?.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    let [costs, model] = ["costs", "model.albert"].map(|file| scratch.join(file));
    let program = host_target_dir().join("release/albert");
    let mut command = Command::new("prlimit");
    command.arg(format!("--as={}", MOST[1] << 20)).args(["time", "--quiet", "--format", "%M %U %S", "--output"]);
    command.arg(&costs).args(["timeout", "--foreground"]).arg(MOST[0].to_string()).arg(program);
    command.arg("quantize").arg(checkpoint).arg("-o").arg(model).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let [memory, user, system] = read(&costs)?
        .split_whitespace()
        .map(|number| number.parse().unwrap_or(f64::INFINITY))
        .collect::<Vec<f64>>()
        .try_into()
        .map_err(|_| format!("{}: not three numbers", costs.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .find(|line| line.starts_with("error"))
        .unwrap_or("")
        .replace(&format!("{}/", checkpoint.display()), "");
    let answer = match output.status.code() {
        Some(0) => CONVERTED.into(),
        Some(1 | 2) if !line.is_empty() => line.replace('|', "\\|").chars().take(150).collect(),
        other => format!("ended with {other:?}"),
    };
    let name = checkpoint.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Cost { name, bytes, megabytes: memory * 1024.0 / 1e6, seconds: user + system, answer })
}

impl Cost {
    fn is_bounded(&self) -> bool {
        let most = (10 * self.bytes + (64 << 20)) as f64 / 1e6;
        self.seconds < SECONDS && self.megabytes <= most && !self.answer.starts_with("ended")
    }
}

/// Directories in a folder, by name.
fn directories(folder: &Path) -> Result<Vec<PathBuf>, String> {
    Ok(files(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
