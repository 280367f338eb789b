//! Which of several choices goes with a text.

use std::fmt;

use serde::Serialize;

use super::{Settings, not_empty, softmax, top};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::Row;

/// A choice and its probability among all of them.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    label: String,
    score: f32,
    /// Its place among the choices, from 0.
    index: usize,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{:.4}", self.label, self.score)
    }
}

/// All choices, in descending order of their probabilities.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Vec<Choice>> {
    if row.choices.is_empty() {
        return Err(Error::new("there are no choices: give --choice, or \"choices\" in the row"));
    }
    let text = not_empty(row.text()?)?;
    let mut logits = Vec::new();
    for choice in &row.choices {
        let tokens = engine.encode(text, Some(choice), None)?;
        logits.extend(engine.logits(&tokens)?.first());
    }
    let best = top(&softmax(engine.kernels(), &logits), settings.top_k.unwrap_or(usize::MAX));
    let choice = |(index, score): (usize, f32)| Some(Choice { label: row.choices.get(index)?.clone(), score, index });
    Ok(best.into_iter().filter_map(choice).collect())
}
