//! Peak rates of the multiply-accumulate instructions of this CPU, one thread: independent chains of the bare
//! instruction, operands in registers. `{"peaks": {NAME: MAC/s}}` on one line; sets that the CPU lacks are left out.
//!
//! They are what "so many times the ideal time" divides by. Names are those of the kernel sets; `fma256` and `fma512`
//! are for float weights.

#[cfg(target_arch = "x86_64")]
mod x86;

use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Map, json};

/// A loop of multiply-accumulate instructions.
struct Loop {
    /// Name of what it measures.
    name: &'static str,
    /// Multiply-accumulate operations in one turn.
    macs: u64,
    /// Does that many turns.
    run: unsafe fn(turns: u64),
}

#[derive(Debug, Parser)]
#[command(about = "Peak rates of the multiply-accumulate instructions of this CPU")]
struct Arguments {
    /// Time for each instruction set.
    #[arg(long, default_value_t = 50)]
    milliseconds: u64,
}

/// Turns between two looks at the clock: some 20 microseconds.
const TURNS: u64 = 4_000;

fn main() {
    let length = Duration::from_millis(Arguments::parse().milliseconds);
    #[cfg(target_arch = "x86_64")]
    let loops = x86::available();
    #[cfg(not(target_arch = "x86_64"))]
    let loops: Vec<Loop> = Vec::new();
    let peaks: Map<_, _> = loops.iter().map(|each| (each.name.to_owned(), json!(peak(each, length)))).collect();
    println!("{}", json!({ "peaks": peaks }));
}

/// Median rate of the bursts within `length`, in MAC/s; the first half of the time warms up the clock.
fn peak(each: &Loop, length: Duration) -> f64 {
    let start = Instant::now();
    let mut rates = Vec::new();
    while start.elapsed() < length || rates.is_empty() {
        let burst = Instant::now();
        // SAFETY: `available` lists only loops that this CPU can run.
        unsafe { (each.run)(TURNS) };
        let rate = (TURNS * each.macs) as f64 / burst.elapsed().as_secs_f64();
        if start.elapsed() > length / 2 {
            rates.push(rate);
        }
    }
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
