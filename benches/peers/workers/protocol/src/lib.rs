//! The worker's side of the bench runner's protocol.
//!
//! A worker is one engine with one model for one input shape. It loads the model, runs it once and prints a line
//! `{"load_ms", "first_ms", "kernels", "peak_rss_mb", "logits"}`. Then it answers every line on standard input, a number of seconds,
//! with `{"times_ms": [...]}`: the time of each inference in a burst of about that length, after one that is not
//! counted. The end of the input is the end of the worker.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

/// Inferences in a burst, however short it is.
const LEAST_RUNS: usize = 3;
/// Most inferences in a burst.
const MOST_RUNS: usize = 2_000;

/// What every worker is told.
#[derive(Debug, clap::Args)]
pub struct Task {
    /// Model file.
    #[arg(long)]
    pub model: PathBuf,
    /// Tokens of a sequence.
    #[arg(long)]
    pub tokens: usize,
    /// Sequences of a run.
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Size of the vocabulary.
    #[arg(long)]
    pub vocabulary: u32,
    /// Stop after the first inference.
    #[arg(long)]
    pub once: bool,
}

impl Task {
    /// Ids of sequence `index` of the batch. The Python side has the same formula.
    pub fn ids(&self, index: usize) -> Vec<u32> {
        let id = |position: usize| (position as u64 * 7919 + index as u64 * 104_729 + 13) % u64::from(self.vocabulary);
        (0..self.tokens).map(|position| id(position) as u32).collect()
    }
}

/// An engine, ready to run.
pub struct Engine<'e> {
    /// What the engine says it computes with; empty when it says nothing.
    pub kernels: String,
    /// Runs the whole batch and returns the first sequence's logits.
    pub run: Box<dyn FnMut() -> anyhow::Result<Vec<f32>> + 'e>,
}

/// Loads an engine and serves the runner until the end of standard input.
pub fn serve<'e>(task: &Task, load: impl FnOnce() -> anyhow::Result<Engine<'e>>) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut engine = load().with_context(|| format!("cannot load {}", task.model.display()))?;
    let load_ms = milliseconds(start);
    let start = Instant::now();
    let logits = (engine.run)()?;
    answer(&json!({
        "load_ms": load_ms, "first_ms": milliseconds(start), "kernels": engine.kernels, "peak_rss_mb": peak_rss_mb(),
        "logits": logits,
    }))?;
    if task.once {
        return Ok(());
    }
    for line in std::io::stdin().lock().lines() {
        let length = Duration::from_secs_f64(line?.trim().parse().context("expected seconds")?);
        answer(&json!({ "times_ms": burst(&mut engine, length)? }))?;
    }
    Ok(())
}

fn burst(engine: &mut Engine<'_>, length: Duration) -> anyhow::Result<Vec<f64>> {
    (engine.run)()?;
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < LEAST_RUNS || (times.len() < MOST_RUNS && start.elapsed() < length) {
        let start = Instant::now();
        std::hint::black_box((engine.run)()?);
        times.push(milliseconds(start));
    }
    Ok(times)
}

/// Most memory that was resident at once, mapped files included. The parent cannot ask for it: what `wait4` says counts the
/// parent's own memory, from before the worker's program replaced it.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.trim().parse::<f64>().ok()? * 1024.0 / 1e6)
}

fn answer(line: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
