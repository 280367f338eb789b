//! Commands that look at a model file or measure it.

use std::path::PathBuf;

use albert_edge::{Task, Truncation};
use clap::Args;

use super::columns::Columns;
use super::run::{Exit, LONG_TEXTS, RESULTS, SPEED, Source};
use super::{Isa, values};

#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// Model file
    pub(crate) model: PathBuf,
    /// Inputs and expected outputs (safetensors)
    #[arg(long, value_name = "FILE")]
    pub(crate) reference: PathBuf,
    /// Largest difference allowed in any output
    #[arg(long, value_name = "X")]
    pub(crate) max_abs: Option<f64>,
    /// Smallest cosine allowed in any output
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) min_cosine: Option<f64>,
    /// Smallest share of rows (or tokens) whose best logit must be the same, from 0 to 1
    #[arg(long, value_name = "X")]
    pub(crate) min_agreement: Option<f64>,
    /// Write the outputs to a file like the reference
    #[arg(long, value_name = "FILE")]
    pub(crate) dump: Option<PathBuf>,
    /// Draw expected against obtained values
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyCheckpoint {
    /// Checkpoint directory or hub id
    pub(crate) checkpoint: PathBuf,
    /// Model file made of it
    pub(crate) model: PathBuf,
    /// Branch, tag or commit of a hub id
    #[arg(long, value_name = "REV")]
    pub(crate) revision: Option<String>,
    /// Texts or rows to run both on, instead of a built-in text
    #[arg(long, visible_alias = "file", value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Most inputs, evenly spaced
    #[arg(long, value_name = "N", default_value = "64", value_parser = values::at_least_one)]
    pub(crate) rows: usize,
    /// Python that has torch and transformers [default: $ALBERT_PYTHON, or python3]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) python: Option<PathBuf>,
    /// Keep inputs and outputs of the checkpoint, for albert validate
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) reference: Option<PathBuf>,
    /// Largest difference allowed in any output
    #[arg(long, value_name = "X")]
    pub(crate) max_abs: Option<f64>,
    /// Smallest cosine allowed in any output [default: 0.9999 for fp32 and fp16, 0.98 for int8, 0.9 for mixed and int4]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) min_cosine: Option<f64>,
    /// Smallest share of rows (or tokens) whose best logit must be the same, from 0 to 1
    #[arg(long, value_name = "X")]
    pub(crate) min_agreement: Option<f64>,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// Model file to compare with
    #[arg(value_name = "A")]
    pub(crate) reference: PathBuf,
    /// Model file
    #[arg(value_name = "B")]
    pub(crate) model: PathBuf,
    /// Rows to run both on, as for eval or run, instead of a built-in text
    #[arg(long, visible_alias = "file", value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Write a page that shows the differences
    #[arg(long, value_name = "FILE.html", help_heading = RESULTS)]
    pub(crate) report: Option<PathBuf>,
    /// Print a line of JSON
    #[arg(long, help_heading = RESULTS)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) columns: Columns,
}

#[derive(Args, Debug)]
pub(crate) struct Eval {
    /// Model file
    pub(crate) model: PathBuf,
    /// Head file in place of the model's own head
    #[arg(long, value_name = "HEAD")]
    pub(crate) head: Option<PathBuf>,
    /// Labelled rows: JSON lines, or .csv or .tsv with a header
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Task [default: the one that the model's head is made for]
    #[arg(long, value_name = "NAME", value_parser = |name: &str| name.parse::<Task>())]
    pub(crate) task: Option<Task>,
    /// Let "no answer" compete in question answering
    #[arg(long)]
    pub(crate) handle_impossible_answer: bool,
    /// Seed that decides which tokens are masked in texts without a mask
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
    /// Print a line of JSON
    #[arg(long, help_heading = RESULTS)]
    pub(crate) json: bool,
    /// Write a page with intervals, reliability, labels and confusions
    #[arg(long, value_name = "FILE.html", conflicts_with = "sweep_layers", help_heading = RESULTS)]
    pub(crate) report: Option<PathBuf>,
    /// Write label and answer of each row (JSON lines)
    #[arg(long, value_name = "FILE", conflicts_with = "sweep_layers", help_heading = RESULTS)]
    pub(crate) predictions: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: Columns,
    /// How to cut a text that is too long: longest_first, only_first, only_second or do_not_truncate [default: as for run]
    #[arg(long, value_name = "STRATEGY", value_parser = values::truncation, help_heading = LONG_TEXTS)]
    pub(crate) truncation: Option<Truncation>,
    /// Most tokens of a text, special tokens included [default: as many as the model takes]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, help_heading = LONG_TEXTS)]
    pub(crate) max_length: Option<usize>,
    /// Threads that rows are shared out to [default: all; 1 when inferences are timed]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, help_heading = SPEED)]
    pub(crate) threads: Option<usize>,
    /// Measure every number of layers, from 1 to all
    #[arg(long, conflicts_with_all = ["patience", "confidence"], help_heading = SPEED)]
    pub(crate) sweep_layers: bool,
    #[command(flatten, next_help_heading = SPEED)]
    pub(crate) exit: Exit,
    #[command(flatten, next_help_heading = SPEED)]
    pub(crate) isa: Isa,
}

#[derive(Args, Debug)]
pub(crate) struct Tokenize {
    /// Model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Second text
    #[arg(long, value_name = "B")]
    pub(crate) text_pair: Option<String>,
    /// Most tokens, special tokens included
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<usize>,
    /// What is cut when there are more: longest_first, only_first, only_second or do_not_truncate
    #[arg(long, value_name = "STRATEGY", default_value = "longest_first", value_parser = values::truncation)]
    pub(crate) truncation: Truncation,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Model file
    pub(crate) model: PathBuf,
    /// Longest input that arena_bytes is to hold
    #[arg(long, value_name = "N", default_value = "128", value_parser = values::at_least_one)]
    pub(crate) max_tokens: usize,
    /// Write the tokenizer's vocabulary into this folder: vocab.txt, unigram.json or spiece.vocab
    #[arg(long, value_name = "DIR")]
    pub(crate) save_vocabulary: Option<PathBuf>,
    /// Print a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Model file
    pub(crate) model: PathBuf,
    /// Lengths [default: those of 8,16,32,64,128,256,512 that the model has positions for]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = values::at_least_one)]
    pub(crate) tokens: Vec<usize>,
    /// Threads that share an inference
    #[arg(long, value_name = "N", default_value = "1", value_parser = values::at_least_one)]
    pub(crate) threads: usize,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}
