//! The command line. Names, options and exit codes are stable: scripts depend on them.

mod check;
mod fit;
mod quantize;
mod run;
mod search;
mod sign;
mod tokenizer;
mod values;

use albert_core::kernels::Kernels;
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::error::{Error, Result};

pub(crate) use check::{Bench, Compare, Eval, Inspect, Tokenize, Validate};
pub(crate) use fit::Fit;
pub(crate) use quantize::{Quantize, Synth};
pub(crate) use run::{RowDefaults, Run, Source};
pub(crate) use search::{Index, Search};
pub(crate) use sign::{GenerateKey, Sign, Verify};
pub(crate) use tokenizer::TokenizerOptions;

/// Quantizes, runs and checks ALBERT models.
#[derive(Debug, Parser)]
#[command(name = "albert", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a model file from a Hugging Face checkpoint
    Quantize(Box<Quantize>),
    /// Run a model on texts: from arguments, --file, or standard input, one a line
    Run(Box<Run>),
    /// Compare a model's outputs with reference outputs
    Validate(Validate),
    /// Show how two model files differ: sizes, weights, hidden states, answers
    Compare(Compare),
    /// Measure a model's accuracy on labelled data
    Eval(Eval),
    /// Show how texts become tokens
    Tokenize(Tokenize),
    /// Show what a model file holds
    Inspect(Inspect),
    /// Measure how long inference takes
    Bench(Bench),
    /// Make a text classifier from a few examples, on a frozen encoder
    Fit(Box<Fit>),
    /// Embed texts to search in
    Index(Index),
    /// Find the texts of an index that are nearest to a text
    Search(Search),
    /// Make a pair of keys to sign model files with
    GenerateKey(GenerateKey),
    /// Sign a model, head or index file
    Sign(Sign),
    /// Check a file's checksum, and with a key its signature
    Verify(Verify),
    /// Make a model file with random weights
    Synth(Synth),
}

/// The instruction set of every command that runs a model.
#[derive(Args, Debug)]
pub(crate) struct Isa {
    /// Kernel set: auto, scalar, or one for an instruction set of this machine; a wrong name lists them
    #[arg(long = "isa", value_name = "NAME", default_value = "auto", value_parser = values::isa)]
    pub(crate) kernels: Kernels,
}

/// Reads the command line; `None` when help or version was asked for, and printed.
pub(crate) fn parse() -> Result<Option<Command>> {
    match Cli::try_parse() {
        Ok(cli) => Ok(Some(cli.command)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                error.print().map_err(|error| Error::output(&error)).map(|()| None)
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Err(Error::new("no command given; albert --help lists them"))
            }
            _ => Err(one_line(&error)),
        },
    }
}

/// The first paragraph of clap's message, on one line.
fn one_line(error: &clap::Error) -> Error {
    let rendered = error.render().to_string();
    let paragraph = rendered.lines().take_while(|line| !line.trim().is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    Error::new(format_args!("{line}; see albert --help"))
}
