//! Commands that make a model file.

use std::path::PathBuf;

use albert_core::config::Head;
use albert_quant::{Budget, Format, Geometry, HeadChoice, Keep, Weights};
use clap::Args;

use super::columns::Columns;
use super::{TokenizerOptions, values};

/// Headings of the help, by what a reader is about to do.
const SOURCE: &str = "Hub ids and adapters";
const FORMATS: &str = "Formats of the weights";
const REPORT: &str = "What quantization cost";

#[derive(Args, Debug)]
pub(crate) struct Quantize {
    /// Checkpoint directory, the weights file in it, or a hub id: org/name, org/name@revision
    pub(crate) checkpoint: PathBuf,
    /// Model file to write
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// Head to convert in place of the checkpoint's own; none drops it
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = values::head)]
    pub(crate) head: HeadChoice,
    /// Threads to work with [default: one for each core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZero<usize>>,
    /// What matrices are stored in: int8, mixed, int4, fp16 or fp32
    #[arg(long, default_value = "int8", value_parser = values::weights, help_heading = FORMATS)]
    pub(crate) weights: Weights,
    /// Choose 8, 5 or 4 bits for each matrix, so that together they take this much: bytes, or a share of int8 such as 60%
    #[arg(long, value_name = "BYTES|PERCENT", value_parser = values::budget, conflicts_with = "weights", help_heading = FORMATS)]
    pub(crate) budget: Option<Budget>,
    /// Store matrices of this name in another format, for instance attention.dense=int8; may be given again
    #[arg(long, value_name = "NAME=FORMAT", value_parser = values::keep, help_heading = FORMATS)]
    pub(crate) keep: Vec<Keep>,
    /// Store word and position embeddings in int8, int5, int4, fp16 or fp32 [default: as --weights says]
    #[arg(long, value_name = "FORMAT", value_parser = |name: &str| name.parse::<Format>(), help_heading = FORMATS)]
    pub(crate) embeddings: Option<Format>,
    /// Texts to calibrate on, or rows with input_ids; none rounds without calibration [default: a built-in text]
    #[arg(long, value_name = "FILE", help_heading = FORMATS)]
    pub(crate) calibration: Option<PathBuf>,
    /// Write a page that shows what quantization cost, measured against the checkpoint in fp32
    #[arg(long, value_name = "FILE.html", help_heading = REPORT)]
    pub(crate) report: Option<PathBuf>,
    /// Rows to measure on, as for eval or run, in place of a built-in held-out text
    #[arg(long, value_name = "FILE", help_heading = REPORT)]
    pub(crate) data: Option<PathBuf>,
    /// Print a line of JSON: sizes, errors and, with --report or --data, what was measured
    #[arg(long, help_heading = REPORT)]
    pub(crate) json: bool,
    /// Branch, tag or commit of a hub id [default: main]
    #[arg(long, value_name = "REVISION", help_heading = SOURCE)]
    pub(crate) revision: Option<String>,
    /// Checkpoint that an adapter is merged into: a path or hub id [default: the one that the adapter names]
    #[arg(long, value_name = "CHECKPOINT", help_heading = SOURCE)]
    pub(crate) base: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: Columns,
    #[command(flatten)]
    pub(crate) tokenizer: TokenizerOptions,
}

#[derive(Args, Debug)]
pub(crate) struct Synth {
    /// Model file to write
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// Sizes of the network: base, large, xlarge, xxlarge or tiny
    #[arg(long, value_parser = |name: &str| name.parse::<Geometry>())]
    pub(crate) geometry: Geometry,
    /// Head of the model
    #[arg(long, value_name = "NAME", default_value = "sequence-classification", value_parser = values::synthetic_head)]
    pub(crate) head: Head,
    /// What matrices are stored in: int8, mixed, int4, fp16 or fp32
    #[arg(long, default_value = "int8", value_parser = values::weights)]
    pub(crate) weights: Weights,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
}
