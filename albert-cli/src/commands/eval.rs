//! `albert eval`: accuracy on labelled data.

mod sequences;
mod tokens;

use albert_core::Model;
use albert_core::config::{Head, ProblemType};
use serde::Serialize;

use super::threads;
use crate::args::{Eval, RowDefaults};
use crate::batch;
use crate::engine::Engine;
use crate::error::{At, Error, Outcome, Result};
use crate::input::{Numbered, Row, Rows};
use crate::model_file::ModelFile;
use crate::names;
use crate::output::Output;
use crate::progress;

/// What rows add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    rows: usize,
    /// Labels, one a row or one a word, and those that were right.
    labels: usize,
    right: usize,
    /// Spans that the data has, that the model found, and that are the same.
    expected_spans: usize,
    found_spans: usize,
    right_spans: usize,
}

#[derive(Debug, Serialize)]
struct Line {
    rows: usize,
    accuracy: f64,
    #[serde(flatten)]
    spans: Option<Spans>,
}

#[derive(Debug, Serialize)]
struct Spans {
    precision: f64,
    recall: f64,
    f1: f64,
}

pub(super) fn run(args: &Eval) -> Result<Outcome> {
    let file = ModelFile::open(&args.model)?;
    let model = file.model()?;
    let score = scorer(&model)?;
    let rows = Rows::of_file(&args.data, RowDefaults::default())?;
    let place = rows.place().to_owned();
    let bar = progress::bytes(rows.file_bytes());
    let mut counts = Counts::default();
    let work = |engine: &mut Engine<'_>, Numbered { number, row, bytes }: Numbered| {
        let counts = row.and_then(|row| score(engine, &row)).at(format_args!("{place} {number}"));
        (counts, bytes)
    };
    let engine = || Engine::new(&model, args.isa.kernels);
    // A score over a part of the data would mislead: the first bad row ends it.
    batch::map(rows, threads(args.threads), engine, work, |(row, bytes)| {
        counts.add(&row?);
        bar.inc(bytes);
        Ok(())
    })?;
    bar.finish_and_clear();
    if counts.rows == 0 {
        return Err(Error::new(format_args!("{} has no rows", args.data.display())));
    }
    print(args, &counts.line(model.config().head))?;
    Ok(Outcome::Passed)
}

type Scorer = fn(&mut Engine<'_>, &Row) -> Result<Counts>;

/// How rows are scored for the model's head.
fn scorer(model: &Model<'_>) -> Result<Scorer> {
    let config = model.config();
    match (config.head, config.problem_type) {
        (Head::SequenceClassification, ProblemType::SingleLabel) => Ok(sequences::score),
        (Head::TokenClassification, _) => Ok(tokens::score),
        (Head::SequenceClassification, problem_type) => Err(Error::new(format_args!(
            "accuracy means nothing for {}; albert validate compares such a model with reference outputs",
            names::problem_type(problem_type)
        ))),
        (head, _) => Err(Error::new(format_args!(
            "the model's head is {}; eval needs sequence-classification or token-classification",
            names::head(head)
        ))),
    }
}

impl Counts {
    fn add(&mut self, row: &Self) {
        self.rows += row.rows;
        self.labels += row.labels;
        self.right += row.right;
        self.expected_spans += row.expected_spans;
        self.found_spans += row.found_spans;
        self.right_spans += row.right_spans;
    }

    fn line(&self, head: Head) -> Line {
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let spans = (head == Head::TokenClassification).then(|| Spans {
            precision: share(self.right_spans, self.found_spans),
            recall: share(self.right_spans, self.expected_spans),
            f1: share(2 * self.right_spans, self.expected_spans + self.found_spans),
        });
        Line { rows: self.rows, accuracy: share(self.right, self.labels), spans }
    }
}

fn print(args: &Eval, line: &Line) -> Result<()> {
    let mut output = Output::new();
    if args.json {
        output.json(line)?;
    } else {
        output.line(format_args!("{:10} {}", "rows", line.rows))?;
        output.line(format_args!("{:10} {:.4}", "accuracy", line.accuracy))?;
        if let Some(spans) = &line.spans {
            output.line(format_args!("{:10} {:.4}", "precision", spans.precision))?;
            output.line(format_args!("{:10} {:.4}", "recall", spans.recall))?;
            output.line(format_args!("{:10} {:.4}", "f1", spans.f1))?;
        }
    }
    output.flush()
}
