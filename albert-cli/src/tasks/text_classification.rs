//! A label, several labels or a value for a text or a pair of texts.

use super::{Label, Settings, tokens, top};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::Row;
use crate::names;

/// The best labels, in descending order of their scores: softmax, sigmoid or logits, by the model's problem type.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Vec<Label>> {
    let tokens = tokens(engine, row, None)?;
    let model = engine.model();
    let mut session = engine.run(&tokens.input(), tokens.ids.len())?;
    let scores = session.scores().ok_or_else(|| Error::new("the model gives no scores"))?;
    let best = top(scores, settings.top_k.unwrap_or(1)).into_iter();
    Ok(best.map(|(index, score)| Label { label: names::label(model, index), score }).collect())
}
