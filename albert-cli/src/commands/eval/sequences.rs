//! One label a text: `{"text", "label"}`, with `pair` where there are two texts.

use std::time::Instant;

use albert_core::heads::argmax;
use albert_edge::{Engine, Error as EdgeError, Task, Truncation};

use super::{Counts, Length};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::{Label, Row};

pub(super) fn score(engine: &Engine, row: &Row, length: &Length) -> Result<Counts> {
    let model = engine.model();
    let label = row.label.as_ref().ok_or_else(|| Error::new("the row has no \"label\""))?;
    let expected = match label {
        Label::Index(index) => Some(*index).filter(|&index| index < model.config().num_labels as usize),
        Label::Name(name) => (0..model.config().num_labels as usize).find(|&index| model.label(index) == *name),
    };
    let expected = expected
        .ok_or_else(|| Error::new(format_args!("the model has no label {label}; albert inspect lists its labels")))?;
    let tokens =
        length.encode(engine, row.need_text()?, row.request.text_pair.as_deref(), Truncation::DoNotTruncate)?;
    let start = Instant::now();
    let ran = engine.run(&tokens.input(), tokens.len(), |session| {
        let time = start.elapsed();
        let output = session.output().ok_or(EdgeError::NoOutput)?;
        let right = usize::from(argmax(output.logits()) == Some(expected));
        Ok(Counts { rows: 1, labels: 1, right, layers: output.layers().into(), time, ..Counts::default() })
    });
    ran.map_err(|error| explain(&error, Some(Task::TextClassification)))
}
