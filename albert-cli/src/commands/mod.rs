//! One file a command.

mod bench;
mod compare;
mod eval;
mod fit;
mod inspect;
mod measures;
mod quantize;
mod rows;
mod run;
mod search;
mod sign;
mod synth;
mod tokenize;
mod validate;
mod verify_checkpoint;
mod vocabulary;

use std::num::NonZero;
use std::thread::available_parallelism;

use crate::args::{self, Command};
use crate::console::Console;
use crate::error::{Outcome, Result};

pub(crate) fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Quantize(args) => quantize::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::VerifyCheckpoint(args) => verify_checkpoint::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Tokenize(args) => tokenize::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Fit(args) => fit::run(&args),
        Command::Index(args) => search::index(&args),
        Command::Search(args) => search::search(&args),
        Command::GenerateKey(args) => sign::generate_key(&args),
        Command::Sign(args) => sign::sign_file(&args),
        Command::Verify(args) => sign::verify(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Completions { shell } => print(&args::completions(shell)),
        Command::Manual { command } => print(&args::manual(command.as_deref())?),
    }
}

fn print(text: &[u8]) -> Result<Outcome> {
    let mut console = Console::new();
    console.text(&String::from_utf8_lossy(text))?;
    console.flush().map(|()| Outcome::Passed)
}

/// Threads that were asked for, or all that there are.
fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| available_parallelism().map_or(1, NonZero::get))
}
