//! The command line. Names, options and exit codes are stable: scripts depend on them.

mod fit;
mod search;
mod sign;

use std::path::PathBuf;

use albert_core::ExitPolicy;
use albert_core::config::Head;
use albert_core::heads::Aggregation;
use albert_core::kernels::{self, Kernels};
use albert_core::tokenizer::Truncation;
use albert_quant::{Budget, Format, Geometry, HeadChoice, Keep, Weights};
use clap::error::ErrorKind;
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::error::{Error, Result};
use crate::tasks::{Function, Task};
use crate::tokenizer_options::TokenizerOptions;
pub(crate) use fit::Fit;
pub(crate) use search::{Index, Search};
pub(crate) use sign::{GenerateKey, Sign, Verify};

/// Quantizes, runs and checks ALBERT models.
#[derive(Debug, Parser)]
#[command(name = "albert", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a model file from a Hugging Face checkpoint
    Quantize(Quantize),
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
    #[arg(long, default_value = "int8", value_parser = weights)]
    pub(crate) weights: Weights,
    /// What the word and position embeddings are stored in: int8, int5, int4, fp16 or fp32 [default: as --weights has it]
    #[arg(long, value_name = "FORMAT", value_parser = |name: &str| name.parse::<Format>())]
    pub(crate) embeddings: Option<Format>,
    /// What the matrices of this name are stored in, for instance attention.dense=int8; may be given again
    #[arg(long, value_name = "NAME=FORMAT", value_parser = keep)]
    pub(crate) keep: Vec<Keep>,
    /// What the layers' matrices may take, in bytes or, as 60%, in parts of int8: chooses between 8, 5 and 4 bits by measured
    /// sensitivity
    #[arg(long, value_name = "BYTES|PERCENT", value_parser = budget, conflicts_with = "weights")]
    pub(crate) budget: Option<Budget>,
    /// Texts to calibrate integer models on, or rows with input_ids; none to round without [default: a built-in text]
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tokenizer: TokenizerOptions,
    /// Head to convert instead of the checkpoint's own; none drops it
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = head)]
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
    /// Write a page that shows the differences
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) rows: RowDefaults,
    #[command(flatten)]
    pub(crate) task: TaskOptions,
    /// Results for each text; all tasks but multiple choice give the best one (fill-mask five) unless told otherwise
    #[arg(long, value_name = "K", value_parser = at_least_one)]
    pub(crate) top_k: Option<usize>,
    /// Task, when it is not the one that the model's head is made for
    #[arg(long = "task", value_name = "NAME", value_parser = |name: &str| name.parse::<Task>())]
    pub(crate) task_name: Option<Task>,
    /// Threads that texts, or the layers of a few texts, are shared out to [default: all]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) threads: Option<usize>,
    /// Run only the first N layers
    #[arg(long, value_name = "N")]
    pub(crate) layers: Option<u32>,
    #[command(flatten)]
    pub(crate) exit: Exit,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// When an inference may end before the last layer.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Exit {
    /// End an inference after K layers in a row that agree with the layer before them; 0: after the first
    #[arg(long = "exit-patience", value_name = "K")]
    patience: Option<u32>,
    /// End an inference after the first layer whose best label has probability P or more
    #[arg(long = "exit-confidence", value_name = "P", conflicts_with = "patience", value_parser = probability)]
    confidence: Option<f32>,
}

impl Exit {
    /// The policy, if one was asked for.
    pub(crate) fn policy(self) -> Option<ExitPolicy> {
        self.patience.map(ExitPolicy::Patience).or(self.confidence.map(ExitPolicy::Confidence))
    }
}

/// Where rows come from.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// Texts
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
    /// File of JSON lines or plain texts, one a line; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    pub(crate) file: Option<PathBuf>,
}

/// What rows that do not say otherwise take from the command line.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RowDefaults {
    /// Second text
    #[arg(long, value_name = "B")]
    pub(crate) text_pair: Option<String>,
    /// Question, for question answering
    #[arg(long, value_name = "Q", conflicts_with = "text_pair")]
    pub(crate) question: Option<String>,
    /// Text that holds the answer, for question answering
    #[arg(long, value_name = "C", conflicts_with_all = ["text_pair", "texts", "file"])]
    pub(crate) context: Option<String>,
    /// Choices, for multiple choice
    #[arg(long = "choice", value_name = "T", num_args = 1.., conflicts_with_all = ["text_pair", "question"])]
    pub(crate) choices: Vec<String>,
}

/// Options of single tasks; the names are those of the Hugging Face pipelines.
#[derive(Args, Clone, Debug)]
pub(crate) struct TaskOptions {
    /// Text classification: softmax, sigmoid or none, whatever the model's problem type is
    #[arg(long, value_name = "NAME", default_value = "default", value_parser = function)]
    pub(crate) function_to_apply: Function,
    /// Zero-shot classification: labels to choose from
    #[arg(long = "candidate-labels", value_name = "LABEL", num_args = 1..)]
    pub(crate) candidate_labels: Vec<String>,
    /// Zero-shot classification: what is said of a label, which stands in place of {}
    #[arg(long, value_name = "TEXT", default_value = "This example is {}.")]
    pub(crate) hypothesis_template: String,
    /// Zero-shot classification: each label by itself
    #[arg(long)]
    pub(crate) multi_label: bool,
    /// Token classification: none, simple, first, average or max
    #[arg(long, value_name = "STRATEGY", default_value = "none", value_parser = aggregation)]
    pub(crate) aggregation_strategy: Aggregation,
    /// Token classification: read long texts in windows that share so many tokens, instead of cutting them
    #[arg(long, value_name = "N")]
    pub(crate) stride: Option<usize>,
    /// Fill-mask: tokens to choose from
    #[arg(long = "targets", value_name = "TOKEN", num_args = 1..)]
    pub(crate) targets: Vec<String>,
    /// Question answering: tokens of a window, question and special tokens counted
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) max_seq_len: Option<usize>,
    /// Question answering: tokens that neighbouring windows share
    #[arg(long, value_name = "N")]
    pub(crate) doc_stride: Option<usize>,
    /// Question answering: most tokens of an answer
    #[arg(long, value_name = "N", default_value = "15", value_parser = at_least_one)]
    pub(crate) max_answer_len: usize,
    /// Question answering: whether answers extend to whole words
    #[arg(long, value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub(crate) align_to_words: bool,
    /// Question answering: let "no answer" compete
    #[arg(long)]
    pub(crate) handle_impossible_answer: bool,
}

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
pub(crate) struct Eval {
    /// Model file
    pub(crate) model: PathBuf,
    /// JSON lines: {"text", "label"}, or {"words", "tags"} for token classification
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Threads that rows are shared out to [default: all; 1 when inferences are timed]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) threads: Option<usize>,
    /// Measure every number of layers, from 1 to all
    #[arg(long, conflicts_with_all = ["patience", "confidence"])]
    pub(crate) sweep_layers: bool,
    #[command(flatten)]
    pub(crate) exit: Exit,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
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
    #[arg(long, value_name = "STRATEGY", default_value = "longest_first", value_parser = truncation)]
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
    #[arg(long, value_name = "N", default_value = "128", value_parser = at_least_one)]
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
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = at_least_one)]
    pub(crate) tokens: Vec<usize>,
    /// Threads that share an inference
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one)]
    pub(crate) threads: usize,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Print JSON lines
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
    #[arg(long, value_name = "NAME", default_value = "sequence-classification", value_parser = synthetic_head)]
    pub(crate) head: Head,
    /// What the matrices are stored in: int8, mixed, int4, fp16 or fp32
    #[arg(long, default_value = "int8", value_parser = weights)]
    pub(crate) weights: Weights,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
}

/// The instruction set of every command that runs a model.
#[derive(Args, Debug)]
pub(crate) struct Isa {
    /// Instruction set: auto, scalar, avx2, avxvnni, avx512vnni, avx512gfni, amx, neon, neondot or neoni8mm
    #[arg(long = "isa", value_name = "NAME", default_value = "auto", value_parser = isa)]
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

fn isa(name: &str) -> std::result::Result<Kernels, String> {
    if name == "auto" {
        return Ok(kernels::detect());
    }
    kernels::by_name(name).map_err(|_| {
        let usable = kernels::compiled().iter().filter(|set| set.kernels().is_some());
        let names: Vec<&str> = usable.map(|set| set.name()).collect();
        format!("this machine has auto, {}", names.join(", "))
    })
}

fn weights(name: &str) -> std::result::Result<Weights, String> {
    let known = Weights::ALL;
    let found = known.into_iter().find(|weights| weights.name() == name);
    found.ok_or_else(|| format!("expected one of {}", known.map(Weights::name).join(", ")))
}

fn budget(text: &str) -> std::result::Result<Budget, String> {
    let expected = "expected a number of bytes, or a percentage as 60%";
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent = percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
            percent.map(Budget::Percent).ok_or_else(|| expected.to_owned())
        }
        None => text.parse().map(Budget::Bytes).map_err(|_| expected.to_owned()),
    }
}

fn keep(text: &str) -> std::result::Result<Keep, String> {
    let (name, format) = text.split_once('=').ok_or("expected NAME=FORMAT")?;
    let format = format.parse().map_err(|error| format!("{error}"))?;
    Ok(Keep { name: name.to_owned(), format })
}

fn head(name: &str) -> std::result::Result<HeadChoice, String> {
    if name == "auto" { Ok(HeadChoice::Auto) } else { name.parse().map_err(|error| format!("{error}")) }
}

fn synthetic_head(name: &str) -> std::result::Result<Head, String> {
    match name.parse() {
        Ok(HeadChoice::Use(head)) => Ok(head),
        Ok(HeadChoice::Encoder) => Err("random weights have a pooler; take none".to_owned()),
        Ok(HeadChoice::Auto) => Err("there is no checkpoint that has a head".to_owned()),
        Err(error) => Err(format!("{error}")),
    }
}

fn aggregation(name: &str) -> std::result::Result<Aggregation, String> {
    Aggregation::from_name(name).ok_or_else(|| "expected none, simple, first, average or max".to_owned())
}

fn function(name: &str) -> std::result::Result<Function, String> {
    Function::from_name(name).ok_or_else(|| "expected default, softmax, sigmoid or none".to_owned())
}

fn truncation(name: &str) -> std::result::Result<Truncation, String> {
    let expected = "expected longest_first, only_first, only_second or do_not_truncate";
    Truncation::from_name(name).ok_or_else(|| expected.to_owned())
}

fn probability(number: &str) -> std::result::Result<f32, String> {
    let number = number.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a probability from 0 to 1".to_owned())
}

fn at_least_one(number: &str) -> std::result::Result<usize, String> {
    number.parse().ok().filter(|&number| number > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}
