//! The `albert` command: checkpoints to model files, text to answers, and what a model is worth.
//!
//! Tasks, memory and threads are those of `albert-edge`. From the bottom up:
//! - `error`, `console`, `progress`: how commands end, print and show progress.
//! - `args`: the command line.
//! - `explain`: the library's errors in terms of the command line.
//! - `rows`: what commands read; `show`: results as text or JSON; `output`: files that commands write.
//! - `commands`: one file a command.
//!
//! Exit codes: 0 when all is well, 1 when `validate` missed a bound, 2 for a usage or file error or a bad row.

mod args;
mod commands;
mod console;
mod error;
mod explain;
mod output;
mod progress;
mod rows;
mod show;

use std::ffi::OsString;

/// Runs the command line `arguments`, the program's name first, and returns its exit code. Results go to standard output, errors
/// to standard error.
pub fn run<A>(arguments: impl IntoIterator<Item = A>) -> u8
where
    A: Into<OsString> + Clone,
{
    let outcome = args::parse(arguments).and_then(|command| match command {
        Some(command) => commands::run(command),
        None => Ok(error::Outcome::Passed),
    });
    match outcome {
        Ok(outcome) => outcome.code(),
        Err(error) => error.report(),
    }
}
