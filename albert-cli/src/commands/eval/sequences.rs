//! One label a text: `{"text", "label"}`, with `pair` where there are two texts.

use std::time::Instant;

use albert_core::heads::argmax;

use super::Counts;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::{Label, Row};
use crate::names;

pub(super) fn score(engine: &mut Engine<'_>, row: &Row) -> Result<Counts> {
    let model = engine.model();
    let expected = match row.label.as_ref().ok_or_else(|| Error::new("the row has no \"label\""))? {
        Label::Index(index) => Some(*index).filter(|&index| index < model.config().num_labels as usize),
        Label::Name(name) => (0..model.config().num_labels as usize).find(|&index| names::label(model, index) == *name),
    };
    let expected = expected.ok_or_else(|| {
        Error::new(format_args!("the model has no label {:?}; albert inspect lists its labels", row.label))
    })?;
    let limit = engine.max_tokens();
    let tokens = engine.encode(row.text()?, row.pair.as_deref(), Some(limit))?;
    let start = Instant::now();
    let mut session = engine.run(&tokens.input(), tokens.ids.len())?;
    let time = start.elapsed();
    let output = session.output().ok_or_else(|| Error::new("the inference did not end"))?;
    let right = usize::from(argmax(output.logits()) == Some(expected));
    Ok(Counts { rows: 1, labels: 1, right, layers: output.layers().into(), time, ..Counts::default() })
}
