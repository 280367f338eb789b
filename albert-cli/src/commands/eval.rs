//! `albert eval`: what a model's answers are worth on labelled data, and what they take: time and layers.

mod expected;
mod labels;
mod masks;
mod print;
mod scored;
mod sequences;
mod texts;
mod tokens;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use albert_core::config::{Head, ProblemType};
use albert_core::kernels::Kernels;
use albert_edge::{Engine, ExitPolicy, Model, Task, batch};
use albert_report::evaluation_page;
use albert_report::metrics::{self, Answered, Classified, Evaluation, Filled, MultiLabelled, Tagged, Valued};
use serde::Serialize;
use serde_json::{Value, json};

use super::threads;
use crate::args::{Columns, Eval};
use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
use crate::explain::{explain, open_with_head};
use crate::output::Output;
use crate::progress;
use crate::rows::{Numbered, Row, Rows};
pub(super) use expected::expected;
pub(super) use labels::LabelMap;
use scored::Scored;
pub(super) use scored::Treatment;

/// What inferences cost on average.
#[derive(Clone, Copy, Debug, Serialize)]
struct Cost {
    mean_layers: f64,
    /// Tokenization not counted, but for tasks over windows and pairs.
    mean_ms: f64,
}

/// A line of a sweep.
#[derive(Debug, Serialize)]
struct Line {
    layers: u32,
    rows: usize,
    #[serde(skip)]
    unit: &'static str,
    #[serde(flatten)]
    figures: BTreeMap<&'static str, f64>,
    #[serde(flatten)]
    cost: Cost,
}

/// How an evaluation runs its model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup<'s> {
    pub(super) data: &'s Path,
    pub(super) columns: &'s Columns,
    pub(super) treatment: &'s Treatment,
    pub(super) kernels: Kernels,
    pub(super) threads: usize,
    pub(super) layers: Option<u32>,
    pub(super) exit: Option<ExitPolicy>,
}

/// What an evaluation found.
pub(super) struct Evaluated {
    pub(super) evaluation: Evaluation,
    cost: Cost,
    /// Label and answer of each row.
    predictions: Vec<Value>,
}

pub(super) fn run(args: &Eval) -> Result<Outcome> {
    let inputs = [Some(args.model.as_path()), args.head.as_deref(), Some(args.data.as_path())];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().collect();
    let output = |path: &Option<_>| path.as_deref().map(|path| Output::new(path, &inputs)).transpose();
    let (predictions, page) = (output(&args.predictions)?, output(&args.report)?);
    if let (Some(predictions), Some(page)) = (&predictions, &page) {
        predictions.check_differs(page)?;
    }
    let model = open_with_head(&args.model, args.head.as_deref())?;
    let task = Score::of(&model, args.task)?;
    let exit = args.exit.policy();
    let timed = args.sweep_layers || exit.is_some();
    let threads = if timed { args.threads.unwrap_or(1) } else { threads(args.threads) };
    let treatment = Treatment::new(args, LabelMap::new(&model, &args.columns.labels)?);
    let (data, columns) = (args.data.as_path(), &args.columns);
    let setup = Setup { data, columns, treatment: &treatment, kernels: args.isa.kernels, threads, layers: None, exit };
    let mut console = Console::new();
    if args.sweep_layers {
        for layers in 1..=model.config().num_hidden_layers {
            let Evaluated { evaluation, cost, .. } = evaluate(&model, task, &Setup { layers: Some(layers), ..setup })?;
            let figures = evaluation.figures().into_iter().map(|figure| (figure.name, figure.value)).collect();
            let line = Line { layers, rows: evaluation.rows(), unit: evaluation.unit(), figures, cost };
            if args.json {
                console.json(&line)?
            } else {
                print::sweep_line(&mut console, &line)?
            }
            console.flush()?;
        }
        return Ok(Outcome::Passed);
    }
    let evaluated = evaluate(&model, task, &setup)?;
    if let Some(file) = &predictions {
        let lines: String = evaluated.predictions.iter().map(|line| line.to_string() + "\n").collect();
        file.write(lines.as_bytes())?;
    }
    if let Some(file) = &page {
        let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        file.write(evaluation_page(&name(&args.model), &name(&args.data), &evaluated.evaluation).as_bytes())?;
    }
    let cost = timed.then_some(evaluated.cost);
    if args.json {
        #[derive(Serialize)]
        struct Whole<'w> {
            #[serde(flatten)]
            evaluation: &'w Evaluation,
            #[serde(flatten)]
            cost: Option<Cost>,
        }
        console.json(&Whole { evaluation: &evaluated.evaluation, cost })?;
    } else {
        print::print(&mut console, &evaluated.evaluation, cost.as_ref())?;
    }
    console.flush()?;
    Ok(Outcome::Passed)
}

/// How rows are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Score {
    Label,
    Labels,
    Value,
    Tags,
    Answer,
    Choice,
    Masks,
    Similarity,
}

impl Score {
    /// For a task, or for what the model's head is made for.
    pub(super) fn of(model: &Model, task: Option<Task>) -> Result<Self> {
        let config = model.config();
        let own = match config.head {
            Head::None => Task::SentenceEmbedding,
            head => Task::of_head(head),
        };
        let task = task.unwrap_or(own);
        task.check(model).map_err(|error| explain(&error, Some(task)))?;
        match (task, config.problem_type) {
            (Task::TextClassification, ProblemType::SingleLabel) => Ok(Self::Label),
            (Task::TextClassification, ProblemType::MultiLabel) => Ok(Self::Labels),
            (Task::TextClassification, _) if config.num_labels == 1 => Ok(Self::Value),
            (Task::TokenClassification, _) => Ok(Self::Tags),
            (Task::QuestionAnswering, _) => Ok(Self::Answer),
            (Task::MultipleChoice, _) => Ok(Self::Choice),
            (Task::FillMask, _) => Ok(Self::Masks),
            (Task::SentenceEmbedding, _) => Ok(Self::Similarity),
            (Task::TextClassification, _) => Err(Error::new(format_args!(
                "the model gives {} values for a text; eval measures a regression of one",
                config.num_labels
            ))),
            (task, _) => Err(Error::new(format_args!("eval does not measure {task}; --task names another"))),
        }
    }
}

/// The figures of all rows of a file.
pub(super) fn evaluate(model: &Model, score: Score, setup: &Setup<'_>) -> Result<Evaluated> {
    let treatment = setup.treatment;
    let names = treatment.labels.names();
    let name = |index: usize| names.get(index).map_or("", String::as_str);
    match score {
        Score::Label => {
            let (rows, cost) = collect(model, setup, |engine, row, _| sequences::single(engine, row, treatment))?;
            let show =
                |row: &Classified| json!({ "label": name(row.label), "answer": name(row.answer), "score": row.score });
            Ok(evaluated(Evaluation::Classification(metrics::classification(names, &rows)), cost, &rows, show))
        }
        Score::Labels => {
            let (rows, cost) = collect(model, setup, |engine, row, _| sequences::multi(engine, row, treatment))?;
            let named = |given: &[bool]| -> Vec<&String> {
                names.iter().zip(given).filter(|(_, given)| **given).map(|(name, _)| name).collect()
            };
            let show = |row: &MultiLabelled| json!({ "labels": named(&row.labels), "answers": named(&row.answers), "scores": row.scores });
            Ok(evaluated(Evaluation::MultiLabel(metrics::multi_label(names, &rows)), cost, &rows, show))
        }
        Score::Value => {
            let (rows, cost) = collect(model, setup, |engine, row, _| sequences::value(engine, row, treatment))?;
            Ok(evaluated(Evaluation::Regression(metrics::regression(&rows)), cost, &rows, show_value))
        }
        Score::Similarity => {
            let (rows, cost) = collect(model, setup, |engine, row, _| texts::cosine(engine, row, treatment))?;
            Ok(evaluated(Evaluation::Similarity(metrics::similarity(&rows)), cost, &rows, show_value))
        }
        Score::Answer => {
            let (rows, cost) = collect(model, setup, |engine, row, _| texts::answer(engine, row, treatment))?;
            let show = |row: &Answered| json!({ "answers": row.answers, "answer": row.answer });
            Ok(evaluated(Evaluation::Answers(metrics::answers(&rows)), cost, &rows, show))
        }
        Score::Choice => {
            let (rows, cost) = collect(model, setup, |engine, row, _| texts::choice(engine, row, treatment))?;
            let show = |row: &Classified| json!({ "label": row.label, "answer": row.answer, "score": row.score });
            Ok(evaluated(Evaluation::Classification(metrics::classification(&[], &rows)), cost, &rows, show))
        }
        Score::Tags => {
            let (rows, cost) = collect(model, setup, |engine, row, _| tokens::tags(engine, row, treatment))?;
            let show = |row: &Tagged| json!({ "tags": row.tags, "answers": row.answers });
            Ok(evaluated(Evaluation::Entities(metrics::entities(&rows)), cost, &rows, show))
        }
        Score::Masks => {
            let (rows, cost) =
                collect(model, setup, |engine, row, number| masks::fillings(engine, row, number, treatment))?;
            let mask = |mask: &Filled| json!({ "log_probability": mask.log_probability, "rank": mask.rank });
            let show = |row: &Vec<Filled>| json!({ "masks": row.iter().map(mask).collect::<Vec<_>>() });
            Ok(evaluated(Evaluation::MaskedTokens(metrics::masked_tokens(&rows)), cost, &rows, show))
        }
    }
}

fn show_value(row: &Valued) -> Value {
    json!({ "label": row.label, "value": row.value })
}

fn evaluated<T>(evaluation: Evaluation, cost: Cost, rows: &[T], show: impl Fn(&T) -> Value) -> Evaluated {
    let line = |(row, outcome): (usize, &T)| {
        let mut line = show(outcome);
        line["row"] = row.into();
        line
    };
    Evaluated { evaluation, cost, predictions: (1..).zip(rows).map(line).collect() }
}

/// Scores all rows of the data.
fn collect<T: Send>(
    model: &Model,
    setup: &Setup<'_>,
    score: impl Fn(&Engine, &Row, usize) -> Result<Scored<T>> + Sync,
) -> Result<(Vec<T>, Cost)> {
    let rows = Rows::of_file(setup.data, setup.columns)?;
    let place = rows.place().to_owned();
    let bar = progress::bytes(rows.file_bytes());
    let engine = Engine::new(model).kernels(setup.kernels).threads(1).layers(setup.layers);
    let engine = engine.early_exit(setup.exit).map_err(|error| explain(&error, None))?;
    let work = |Numbered { number, row, bytes }: Numbered| {
        let scored = row.and_then(|row| score(&engine, &row, number)).at(format_args!("{place} {number}"));
        (scored, bytes)
    };
    let (mut outcomes, mut layers, mut time) = (Vec::new(), 0, Duration::ZERO);
    // A score over a part of the data would mislead: the first bad row ends it.
    let ended = batch::map(rows, setup.threads, work, |(row, bytes)| {
        bar.inc(bytes);
        match row {
            Ok(scored) => {
                layers += scored.layers;
                time += scored.time;
                outcomes.push(scored.outcome);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    });
    bar.finish_and_clear();
    if let ControlFlow::Break(error) = ended {
        return Err(error);
    }
    if outcomes.is_empty() {
        return Err(Error::new(format_args!("{} has no rows", setup.data.display())));
    }
    let rows = outcomes.len() as f64;
    Ok((outcomes, Cost { mean_layers: layers as f64 / rows, mean_ms: time.as_secs_f64() * 1e3 / rows }))
}
