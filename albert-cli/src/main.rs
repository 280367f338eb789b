//! The `albert` command: checkpoints to model files, text to answers, and what a model is worth.
//!
//! - `args`: the command line.
//! - `commands`: one file a command.
//! - `tasks`: what `run` does with an input, one file a task.
//! - `model_file`, `engine`: a model in place, and the memory to run it.
//! - `input`, `batch`, `output`: rows in, side by side, and out again in order.
//!
//! Exit codes: 0 when all is well, 1 when `validate` missed a bound, 2 for a usage or file error or a bad row.

mod args;
mod batch;
mod commands;
mod engine;
mod error;
mod input;
mod model_file;
mod names;
mod output;
mod progress;
mod tasks;
mod tokenizer_options;

use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = args::parse().and_then(|command| match command {
        Some(command) => commands::run(command),
        None => Ok(error::Outcome::Passed),
    });
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => error.report(),
    }
}
