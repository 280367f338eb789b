//! Instructions of the benchmark `instructions`, against the recorded counts: the same on a busy machine.

use crate::toolchain::{captured, root};
use std::collections::BTreeMap;
use std::process::Command;

/// Recorded counts, a benchmark a line.
const RECORD: &str = "benches/instructions.txt";
/// Share by which a count may exceed the recorded one.
const TOLERANCE: f64 = 0.01;

/// Counts and compares; records the counts instead when `record` says so.
pub(crate) fn run(record: bool) -> Result<(), String> {
    let mut bench = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    bench.current_dir(root()).args(["bench", "--package", "albert-benches", "--bench", "instructions"]);
    let counts = parse_report(&captured(bench.env("GUNGRAUN_COLOR", "never"))?);
    if counts.is_empty() {
        return Err("the benchmark printed no counts; is gungraun-runner of the benchmark's version installed?".into());
    }
    let path = root().join(RECORD);
    if record {
        let lines: String = counts.iter().map(|(name, count)| format!("{name} {count}\n")).collect();
        return std::fs::write(&path, lines).map_err(|error| format!("{RECORD}: {error}"));
    }
    let recorded = std::fs::read_to_string(&path).map_err(|error| format!("{RECORD}: {error}"))?;
    let recorded: BTreeMap<&str, u64> = recorded
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(n, c)| Some((n, c.parse().ok()?)))
        .collect();
    let mut worse = Vec::new();
    for (name, &count) in &counts {
        let Some(&before) = recorded.get(name.as_str()) else {
            worse.push(format!("{name} is not recorded"));
            continue;
        };
        let change = count as f64 / before as f64 - 1.0;
        println!("{name:40} {count:>14} {:+.2} %", change * 100.0);
        if change > TOLERANCE {
            worse.push(format!("{name}: {count} instead of {before}"));
        }
    }
    if worse.is_empty() { Ok(()) } else { Err(format!("more instructions than recorded: {}", worse.join("; "))) }
}

/// Names and instruction counts of a report: a line with the benchmark's path and identifier, then its events.
fn parse_report(report: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut name = None;
    for line in report.lines() {
        if let Some(event) = line.trim_start().strip_prefix("Instructions:") {
            let digits: String = event.trim_start().chars().take_while(char::is_ascii_digit).collect();
            if let (Some(name), Ok(count)) = (name.take(), digits.parse()) {
                counts.insert(name, count);
            }
        } else if line.starts_with("instructions::") {
            let path = line.split(':').filter(|part| !part.is_empty()).nth(2).unwrap_or("");
            let mut words = path.split_whitespace();
            name = words.next().zip(words.next()).map(|(function, id)| format!("{function}/{id}"));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_report_is_understood() {
        let report = "instructions::inference::layer base_int8_8:(Geometry :: Base, 8)\n  Instructions:     1234|N/A   (*********)\n\
            instructions::text::tokenizer unigram:(unigram_json())\n  Instructions:       77|77    (No change)\n  Total read+write: 5|5\n";
        let counts = super::parse_report(report);
        let expected = [("layer/base_int8_8".to_owned(), 1234), ("tokenizer/unigram".to_owned(), 77)];
        assert!(counts.into_iter().eq(expected));
    }
}
