//! Whether two segments stand in their original order.

use super::{Label, softmax, tokens};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::input::Row;

/// Outputs of the sentence-order head, by index.
const LABELS: [&str; 2] = ["original", "swapped"];

pub(super) fn answer(engine: &mut Engine<'_>, row: &Row) -> Result<Label> {
    if row.pair.is_none() && row.input_ids.is_empty() {
        return Err(Error::new("sentence order needs two texts: give --text-pair, or \"pair\" in the row"));
    }
    let tokens = tokens(engine, row, None)?;
    let scores = softmax(engine.kernels(), &engine.logits(&tokens)?);
    let best = super::top(&scores, 1);
    let &(index, score) = best.first().ok_or_else(|| Error::new("the model gives no scores"))?;
    let label = LABELS.get(index).map_or_else(|| format!("LABEL_{index}"), |&label| label.to_owned());
    Ok(Label { label, score, layers: None })
}
