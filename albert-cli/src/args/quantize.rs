//! Commands that make a model file.

use std::path::PathBuf;

use albert_core::config::Head;
use albert_quant::{Budget, Format, Geometry, HeadChoice, Keep, Weights};
use clap::Args;

use super::{TokenizerOptions, values};

#[derive(Args, Debug)]
pub(crate) struct Quantize {
    /// Checkpoint directory, the weights file in it, or a hub id: org/name, org/name@revision
    pub(crate) checkpoint: PathBuf,
    /// Branch, tag or commit of a hub id [default: main]
    #[arg(long, value_name = "REVISION")]
    pub(crate) revision: Option<String>,
    /// Checkpoint that an adapter is merged into, a path or hub id [default: the one that the adapter names]
    #[arg(long, value_name = "CHECKPOINT")]
    pub(crate) base: Option<PathBuf>,
    /// Threads to work with [default: one for each core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZero<usize>>,
    /// Model file to write
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// What the matrices are stored in: int8, mixed, int4, fp16 or fp32
    #[arg(long, default_value = "int8", value_parser = values::weights)]
    pub(crate) weights: Weights,
    /// What the word and position embeddings are stored in: int8, int5, int4, fp16 or fp32 [default: as --weights has it]
    #[arg(long, value_name = "FORMAT", value_parser = |name: &str| name.parse::<Format>())]
    pub(crate) embeddings: Option<Format>,
    /// What the matrices of this name are stored in, for instance attention.dense=int8; may be given again
    #[arg(long, value_name = "NAME=FORMAT", value_parser = values::keep)]
    pub(crate) keep: Vec<Keep>,
    /// What the layers' matrices may take, in bytes or, as 60%, in parts of int8: chooses between 8, 5 and 4 bits by measured
    /// sensitivity
    #[arg(long, value_name = "BYTES|PERCENT", value_parser = values::budget, conflicts_with = "weights")]
    pub(crate) budget: Option<Budget>,
    /// Texts to calibrate integer models on, or rows with input_ids; none to round without [default: a built-in text]
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tokenizer: TokenizerOptions,
    /// Head to convert instead of the checkpoint's own; none drops it
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = values::head)]
    pub(crate) head: HeadChoice,
    /// Write a page that shows what quantization cost, measured against the checkpoint in fp32
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Rows to measure on, as for eval or run, instead of a built-in held-out text
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Print sizes, errors and, with --report or --data, what was measured, as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Synth {
    /// Model file to write
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// Sizes of the network: base, large, xlarge, xxlarge or tiny
    #[arg(long, value_parser = |name: &str| name.parse::<Geometry>())]
    pub(crate) geometry: Geometry,
    /// Head on top of it
    #[arg(long, value_name = "NAME", default_value = "sequence-classification", value_parser = values::synthetic_head)]
    pub(crate) head: Head,
    /// What the matrices are stored in: int8, mixed, int4, fp16 or fp32
    #[arg(long, default_value = "int8", value_parser = values::weights)]
    pub(crate) weights: Weights,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
}
