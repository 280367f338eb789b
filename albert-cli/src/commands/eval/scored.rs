//! Rows of a task to labels and answers.

use std::time::{Duration, Instant};

use albert_edge::{EncodeOptions, Engine, Task, Tokens, Truncation};
use serde_json::Value;

use super::labels::LabelMap;
use crate::args::Eval;
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::Row;

/// How an evaluation treats rows.
#[derive(Clone, Debug)]
pub(crate) struct Treatment {
    pub(crate) labels: LabelMap,
    pub(crate) separator: String,
    pub(crate) max_length: Option<usize>,
    /// As the task has it when there is none.
    pub(crate) truncation: Option<Truncation>,
    pub(crate) handle_impossible_answer: bool,
    pub(crate) seed: u64,
}

impl Treatment {
    pub(crate) fn new(args: &Eval, labels: LabelMap) -> Self {
        Self {
            labels,
            separator: args.columns.label_separator.clone(),
            max_length: args.max_length,
            truncation: args.truncation,
            handle_impossible_answer: args.handle_impossible_answer,
            seed: args.seed,
        }
    }

    /// Tokens of a text or a pair; `default` is the truncation of the task.
    pub(super) fn encode(
        &self,
        engine: &Engine,
        text: &str,
        pair: Option<&str>,
        default: Truncation,
    ) -> Result<Tokens> {
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

/// What a row adds to the figures, and what it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scored<T> {
    pub(super) outcome: T,
    /// Layers that ran.
    pub(super) layers: u64,
    pub(super) time: Duration,
}

impl<T> Scored<T> {
    /// Of an inference by a task of the library.
    pub(super) fn timed(engine: &Engine, answer: impl FnOnce() -> Result<T>) -> Result<Self> {
        let start = Instant::now();
        let outcome = answer()?;
        let layers = engine.layers_to_run().into();
        Ok(Self { outcome, layers, time: start.elapsed() })
    }
}

/// The label.
pub(super) fn need_label(row: &Row) -> Result<&Value> {
    row.label.as_ref().ok_or_else(|| Error::new("the row has no \"label\""))
}
