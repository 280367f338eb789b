//! `albert bench`: how long an inference takes.

use std::time::{Duration, Instant};

use albert_core::Input;
use albert_edge::{Engine, Error as EdgeError, Model};
use serde::Serialize;

use crate::args::Bench;
use crate::console::Console;
use crate::error::{Error, Outcome, Result};
use crate::explain::{explain, open};

/// Lengths unless the command line says otherwise.
const LENGTHS: [usize; 7] = [8, 16, 32, 64, 128, 256, 512];
/// Time to warm up, and to measure.
const WARM_UP: Duration = Duration::from_millis(200);
const MEASURE: Duration = Duration::from_secs(2);
/// Fewest and most measured runs.
const RUNS: std::ops::RangeInclusive<usize> = 7..=2000;

/// One length.
#[derive(Debug, Serialize)]
struct Line {
    tokens: usize,
    threads: usize,
    isa: &'static str,
    median_ms: f64,
    min_ms: f64,
    max_ms: f64,
}

pub(super) fn run(args: &Bench) -> Result<Outcome> {
    let model = open(&args.model)?;
    let lengths = lengths(args, &model)?;
    let engine = Engine::new(&model).kernels(args.isa.kernels).threads(args.threads);
    let mut output = Console::new();
    if !args.json {
        let [isa, threads] = [args.isa.kernels.name(), if args.threads > 1 { "threads" } else { "thread" }];
        output.line(format_args!("{isa}, {} {threads}", args.threads))?;
        output.line(format_args!("{:>6} {:>12} {:>12} {:>12}", "tokens", "median ms", "min ms", "max ms"))?;
    }
    for tokens in lengths {
        let line = measure(&engine, tokens, args)?;
        if args.json {
            output.json(&line)?;
        } else {
            let Line { median_ms, min_ms, max_ms, .. } = line;
            output.line(format_args!("{tokens:>6} {median_ms:>12.3} {min_ms:>12.3} {max_ms:>12.3}"))?;
        }
        output.flush()?;
    }
    Ok(Outcome::Passed)
}

/// The lengths to measure. Those that were asked for must fit the model.
fn lengths(args: &Bench, model: &Model) -> Result<Vec<usize>> {
    let positions = model.config().max_position_embeddings as usize;
    if args.tokens.is_empty() {
        return Ok(LENGTHS.into_iter().filter(|&tokens| tokens <= positions).collect());
    }
    match args.tokens.iter().find(|&&tokens| tokens > positions) {
        Some(tokens) => {
            Err(Error::new(format_args!("--tokens {tokens}: {} has {positions} positions", args.model.display())))
        }
        None => Ok(args.tokens.clone()),
    }
}

fn measure(engine: &Engine, tokens: usize, args: &Bench) -> Result<Line> {
    let vocabulary = engine.model().config().vocab_size as usize;
    // The ids that the comparison with other engines uses.
    let ids: Vec<u32> = (0..tokens).map(|index| ((index * 7919 + 13) % vocabulary) as u32).collect();
    let input = Input::new(&ids);
    let timed = engine.session(tokens, |session| {
        let mut run = || {
            let start = Instant::now();
            session.run(&input).map_err(|_| EdgeError::NoOutput)?;
            Ok::<_, EdgeError>(start.elapsed())
        };
        let warm = Instant::now();
        while warm.elapsed() < WARM_UP {
            run()?;
        }
        let mut times = Vec::new();
        let start = Instant::now();
        while times.len() < *RUNS.start() || (times.len() < *RUNS.end() && start.elapsed() < MEASURE) {
            times.push(run()?.as_secs_f64() * 1e3);
        }
        Ok(times)
    });
    let mut times = timed.map_err(|error| explain(&error, None))?;
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    let median = if times.len().is_multiple_of(2) { (times[middle - 1] + times[middle]) / 2.0 } else { times[middle] };
    Ok(Line {
        tokens,
        threads: args.threads,
        isa: args.isa.kernels.name(),
        median_ms: median,
        min_ms: times[0],
        max_ms: times[times.len() - 1],
    })
}
