//! `albert eval`: accuracy on labelled data, and what it takes: time and layers.

mod sequences;
mod tokens;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use albert_core::config::{Head, ProblemType};
use albert_core::kernels::Kernels;
use albert_edge::{EncodeOptions, Engine, ExitPolicy, Model, Task, Tokens, Truncation, batch};
use serde::Serialize;

use super::threads;
use crate::args::{Eval, RowDefaults};
use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
use crate::explain::{explain, open_with_head};
use crate::progress;
use crate::rows::{Numbered, Row, Rows};

/// What rows add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    rows: usize,
    /// Labels, one a row or one a word, and those that were right.
    labels: usize,
    right: usize,
    /// Spans that the data has, that the model found, and that are the same.
    expected_spans: usize,
    found_spans: usize,
    right_spans: usize,
    /// Layers that ran, and the time that they took.
    layers: u64,
    time: Duration,
}

#[derive(Debug, Serialize)]
struct Line {
    /// In a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<u32>,
    rows: usize,
    accuracy: f64,
    #[serde(flatten)]
    spans: Option<Spans>,
    #[serde(flatten)]
    cost: Option<Cost>,
}

#[derive(Debug, Serialize)]
struct Spans {
    precision: f64,
    recall: f64,
    f1: f64,
}

/// What inferences cost on average.
#[derive(Debug, Serialize)]
struct Cost {
    mean_layers: f64,
    /// Tokenization not counted.
    mean_ms: f64,
}

/// How an evaluation runs its model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) kernels: Kernels,
    pub(super) threads: usize,
    pub(super) layers: Option<u32>,
    pub(super) exit: Option<ExitPolicy>,
    pub(super) length: Length,
}

/// How long texts are treated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Length {
    pub(super) max_length: Option<usize>,
    /// As the task has it when there is none.
    pub(super) truncation: Option<Truncation>,
}

impl Length {
    /// Tokens of a text or a pair; `default` is the truncation of the task.
    fn encode(&self, engine: &Engine, text: &str, pair: Option<&str>, default: Truncation) -> Result<Tokens> {
        let own = engine.model().max_tokens();
        let truncation = self.truncation.unwrap_or(default);
        let max_tokens = match (truncation, self.max_length) {
            // The model refuses them itself.
            (Truncation::DoNotTruncate, None) => None,
            (_, limit) => Some(limit.map_or(own, |limit| limit.min(own))),
        };
        let options = EncodeOptions { max_tokens, truncation, ..EncodeOptions::default() };
        engine.encode(text, pair, &options).map_err(|error| explain(&error, Some(Task::TextClassification)))
    }
}

pub(super) fn run(args: &Eval) -> Result<Outcome> {
    let model = open_with_head(&args.model, args.head.as_deref())?;
    let exit = args.exit.policy();
    let timed = args.sweep_layers || exit.is_some();
    let threads = if timed { args.threads.unwrap_or(1) } else { threads(args.threads) };
    let length = Length { max_length: args.max_length, truncation: args.truncation };
    let setup = Setup { kernels: args.isa.kernels, threads, layers: None, exit, length };
    let mut output = Console::new();
    if args.sweep_layers {
        for layers in 1..=model.config().num_hidden_layers {
            let counts = evaluate(&model, &args.data, &Setup { layers: Some(layers), ..setup })?;
            let line = Line { layers: Some(layers), ..counts.line(model.config().head, true) };
            if args.json {
                output.json(&line)?
            } else {
                sweep_line(&mut output, &line)?
            }
            output.flush()?;
        }
    } else {
        let line = evaluate(&model, &args.data, &setup)?.line(model.config().head, timed);
        if args.json { output.json(&line)? } else { print(&mut output, &line)? }
    }
    output.flush()?;
    Ok(Outcome::Passed)
}

/// Scores all rows of a file.
pub(super) fn evaluate(model: &Model, data: &Path, setup: &Setup) -> Result<Counts> {
    let score = scorer(model)?;
    let rows = Rows::of_file(data, RowDefaults::default())?;
    let place = rows.place().to_owned();
    let bar = progress::bytes(rows.file_bytes());
    let mut counts = Counts::default();
    let engine = Engine::new(model).kernels(setup.kernels).threads(1).layers(setup.layers);
    let engine = engine.early_exit(setup.exit).map_err(|error| explain(&error, None))?;
    let work = |Numbered { number, row, bytes }: Numbered| {
        let counts = row.and_then(|row| score(&engine, &row, &setup.length)).at(format_args!("{place} {number}"));
        (counts, bytes)
    };
    // A score over a part of the data would mislead: the first bad row ends it.
    let ended = batch::map(rows, setup.threads, work, |(row, bytes)| {
        bar.inc(bytes);
        match row {
            Ok(row) => {
                counts.add(&row);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    });
    bar.finish_and_clear();
    if let ControlFlow::Break(error) = ended {
        return Err(error);
    }
    if counts.rows == 0 {
        return Err(Error::new(format_args!("{} has no rows", data.display())));
    }
    Ok(counts)
}

type Scorer = fn(&Engine, &Row, &Length) -> Result<Counts>;

/// How rows are scored for the model's head.
pub(super) fn scorer(model: &Model) -> Result<Scorer> {
    let config = model.config();
    match (config.head, config.problem_type) {
        (Head::SequenceClassification, ProblemType::SingleLabel) => Ok(sequences::score),
        (Head::TokenClassification, _) => Ok(tokens::score),
        (Head::SequenceClassification, problem_type) => Err(Error::new(format_args!(
            "accuracy means nothing for {}; albert validate compares such a model with reference outputs",
            problem_type.name()
        ))),
        (head, _) => Err(Error::new(format_args!(
            "the model's head is {}; eval needs sequence-classification or token-classification",
            head.name()
        ))),
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Counts {
    fn add(&mut self, row: &Self) {
        self.rows += row.rows;
        self.labels += row.labels;
        self.right += row.right;
        self.expected_spans += row.expected_spans;
        self.found_spans += row.found_spans;
        self.right_spans += row.right_spans;
        self.layers += row.layers;
        self.time += row.time;
    }

    /// Rows, and the share of the labels that are right.
    pub(super) fn accuracy(&self) -> (usize, f64) {
        (self.rows, share(self.right, self.labels))
    }

    fn line(&self, head: Head, timed: bool) -> Line {
        let spans = (head == Head::TokenClassification).then(|| Spans {
            precision: share(self.right_spans, self.found_spans),
            recall: share(self.right_spans, self.expected_spans),
            f1: share(2 * self.right_spans, self.expected_spans + self.found_spans),
        });
        let cost = timed.then(|| Cost {
            mean_layers: self.layers as f64 / self.rows as f64,
            mean_ms: self.time.as_secs_f64() * 1e3 / self.rows as f64,
        });
        let (rows, accuracy) = self.accuracy();
        Line { layers: None, rows, accuracy, spans, cost }
    }
}

/// The names and values of a line, in order.
fn figures(line: &Line) -> Vec<(&'static str, String)> {
    let mut figures = vec![("rows", line.rows.to_string()), ("accuracy", format!("{:.4}", line.accuracy))];
    if let Some(Spans { precision, recall, f1 }) = &line.spans {
        let spans = [("precision", precision), ("recall", recall), ("f1", f1)];
        figures.extend(spans.map(|(name, value)| (name, format!("{value:.4}"))));
    }
    if let Some(Cost { mean_layers, mean_ms }) = &line.cost {
        figures.extend([("layers", format!("{mean_layers:.2}")), ("ms", format!("{mean_ms:.3}"))]);
    }
    figures
}

fn print(output: &mut Console, line: &Line) -> Result<()> {
    figures(line).into_iter().try_for_each(|(name, value)| output.line(format_args!("{name:10} {value}")))
}

/// One line of the table of a sweep; the first has the heads before it.
fn sweep_line(output: &mut Console, line: &Line) -> Result<()> {
    let mut figures = figures(line);
    // The number of layers is the row's name.
    figures.retain(|(name, _)| *name != "layers");
    let columns = |cells: &mut dyn Iterator<Item = &str>| cells.map(|cell| format!(" {cell:>10}")).collect::<String>();
    if line.layers == Some(1) {
        output.line(format_args!("layers{}", columns(&mut figures.iter().map(|(name, _)| *name))))?;
    }
    let layers = line.layers.unwrap_or(0);
    output.line(format_args!("{layers:>6}{}", columns(&mut figures.iter().map(|(_, value)| value.as_str()))))
}
