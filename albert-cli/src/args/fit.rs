//! Options of `fit`.

use std::path::PathBuf;

use albert_core::config::Pooling;
use clap::Args;

use super::TokenizerOptions;

/// Headings of the help, by what a reader is about to do.
const CHOICES: &str = "Choices, made on held-out rows by default";
const LABELS: &str = "Labels and texts out of scope";
const COLUMNS: &str = "Columns of the data";
const REPORT: &str = "Report";

#[derive(Args, Debug)]
pub(crate) struct Fit {
    /// Model file, checkpoint directory or hub id; its own head is not used
    pub(crate) encoder: PathBuf,
    /// Rows of text and label: JSON lines, or .csv or .tsv with a header
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Model file to write, or head file with --head-only
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// Write the classifier alone, for devices that already have the encoder
    #[arg(long)]
    pub(crate) head_only: bool,
    /// What the classifier reads: mean, first-token, pooler, max or mean-sqrt [default: the best on held-out rows]
    #[arg(long, value_name = "NAME", value_parser = pooling, help_heading = CHOICES)]
    pub(crate) pooling: Option<Pooling>,
    /// Strength of the penalty [default: the best on held-out rows]
    #[arg(long, value_name = "X", value_parser = positive, allow_hyphen_values = true, help_heading = CHOICES)]
    pub(crate) strength: Option<f64>,
    /// Folds of the cross-validation, two or more
    #[arg(long, value_name = "N", default_value = "5", value_parser = folds, help_heading = CHOICES)]
    pub(crate) folds: usize,
    /// Give all labels the same weight, however many rows they have
    #[arg(long, help_heading = LABELS)]
    pub(crate) balanced: bool,
    /// Let a row have several labels: a list in JSON, or separated by --label-separator [default: if any row has several]
    #[arg(long, help_heading = LABELS)]
    pub(crate) multi_label: bool,
    /// Set the threshold so that this share of the texts in scope falls below it
    #[arg(long, value_name = "P", value_parser = super::values::probability, conflicts_with = "out_of_scope_label", help_heading = LABELS)]
    pub(crate) reject: Option<f32>,
    /// Label of rows that are out of scope: they set the threshold and are not learned
    #[arg(long, value_name = "LABEL", help_heading = LABELS)]
    pub(crate) out_of_scope_label: Option<String>,
    /// Store the classifier's weights in f32 instead of int8
    #[arg(long)]
    pub(crate) float: bool,
    /// Name of the text's column
    #[arg(long, value_name = "NAME", default_value = "text", help_heading = COLUMNS)]
    pub(crate) text_column: String,
    /// Name of the second text's column
    #[arg(long, value_name = "NAME", default_value = "pair", help_heading = COLUMNS)]
    pub(crate) pair_column: String,
    /// Name of the label's column
    #[arg(long, value_name = "NAME", default_value = "label", help_heading = COLUMNS)]
    pub(crate) label_column: String,
    /// What separates labels in .csv and .tsv files
    #[arg(long, value_name = "TEXT", help_heading = LABELS)]
    pub(crate) label_separator: Option<String>,
    /// Cut texts to N tokens [default: as many as the encoder was made for]
    #[arg(long, value_name = "N", value_parser = super::values::at_least_one)]
    pub(crate) max_length: Option<usize>,
    /// Seed of the division into folds
    #[arg(long, value_name = "N", default_value = "0", help_heading = CHOICES)]
    pub(crate) seed: u64,
    /// Threads [default: all]; the result does not depend on them
    #[arg(long, value_name = "N", value_parser = super::values::at_least_one)]
    pub(crate) threads: Option<usize>,
    /// The same bytes on every machine, JavaScript included; slower [default: as this CPU rounds]
    #[arg(long)]
    pub(crate) portable: bool,
    /// Write a page with folds, confusions and reliability
    #[arg(long, value_name = "FILE.html", help_heading = REPORT)]
    pub(crate) report: Option<PathBuf>,
    /// Print the report as a line of JSON
    #[arg(long, help_heading = REPORT)]
    pub(crate) json: bool,
    /// For checkpoints; the rows of --data are counted with --vocabulary-from, and their labels' pieces are kept
    #[command(flatten)]
    pub(crate) tokenizer: TokenizerOptions,
}

fn pooling(name: &str) -> Result<Pooling, String> {
    let names = Pooling::ALL.iter().map(|pooling| pooling.name()).collect::<Vec<_>>().join(", ");
    Pooling::from_name(name).ok_or_else(|| format!("unknown pooling; expected one of {names}"))
}

fn folds(number: &str) -> Result<usize, String> {
    let folds: usize = number.parse().map_err(|_| "expected a number from 2 on".to_owned())?;
    if folds >= 2 { Ok(folds) } else { Err("expected a number from 2 on".to_owned()) }
}

fn positive(number: &str) -> Result<f64, String> {
    let value: f64 = number.parse().map_err(|_| "expected a number".to_owned())?;
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err("expected a number above 0".to_owned()) }
}
