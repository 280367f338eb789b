//! Vectors: the last hidden state of every token, or one for the text.

use std::fmt;

use albert_core::{Positions, heads};
use serde::Serialize;

use super::tokens;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::Row;

/// The encoder's output.
#[derive(Debug, Serialize)]
pub(super) struct HiddenStates {
    /// `[tokens][H]`.
    last_hidden_state: Vec<Vec<f32>>,
    /// `[H]`, when the model has a pooler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pooler_output: Option<Vec<f32>>,
}

impl fmt::Display for HiddenStates {
    /// A line for each token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.last_hidden_state.iter().map(|row| numbers(row)).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A vector for the whole text.
#[derive(Debug, Serialize)]
pub(super) struct Embedding {
    /// Mean of the last hidden states, scaled to length 1: `[H]`.
    embedding: Vec<f32>,
}

impl fmt::Display for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&numbers(&self.embedding))
    }
}

fn numbers(values: &[f32]) -> String {
    values.iter().map(f32::to_string).collect::<Vec<_>>().join(" ")
}

pub(super) fn hidden_states(engine: &mut Engine<'_>, row: &Row) -> Result<HiddenStates> {
    with_output(engine, row, |hidden, width, pooled| HiddenStates {
        last_hidden_state: hidden.chunks_exact(width).map(<[f32]>::to_vec).collect(),
        pooler_output: pooled.map(<[f32]>::to_vec),
    })
}

pub(super) fn embedding(engine: &mut Engine<'_>, row: &Row) -> Result<Embedding> {
    with_output(engine, row, |hidden, width, _| {
        let mut embedding = vec![0.0; width];
        heads::sentence_embedding(hidden, true, &mut embedding);
        Embedding { embedding }
    })
}

fn with_output<T>(
    engine: &mut Engine<'_>,
    row: &Row,
    read: impl FnOnce(&[f32], usize, Option<&[f32]>) -> T,
) -> Result<T> {
    let tokens = tokens(engine, row, None)?;
    let mut session = engine.run(&tokens.input().with_positions(Positions::All), tokens.ids.len())?;
    let output = session.output().ok_or_else(|| Error::new("the inference did not end"))?;
    Ok(read(output.last_hidden_state(), output.hidden_size(), output.pooled()))
}
