//! One tag a word. Words are joined by a blank; a word's tag is the best label of its first token.

use std::time::Instant;

use albert_core::heads::argmax;
use albert_edge::{Engine, Error as EdgeError, Task, Tokens, Truncation};
use albert_report::metrics::Tagged;
use serde_json::Value;

use super::scored::{Scored, Treatment};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::Row;

/// The tag of a word that has no token: it was cut off, or nothing of it is left after normalization.
const NO_TAG: &str = "O";

pub(super) fn tags(engine: &Engine, row: &Row, treatment: &Treatment) -> Result<Scored<Tagged>> {
    let names = &treatment.labels;
    let tags: Vec<String> = tags_of(row)?.iter().map(|tag| names.tag(tag)).collect::<Result<_>>()?;
    let tokens = treatment.encode(engine, &row.words.join(" "), None, Truncation::LongestFirst)?;
    let run_start = Instant::now();
    let ran = engine.run(&tokens.input(), tokens.len(), |session| {
        let time = run_start.elapsed();
        let output = session.output().ok_or(EdgeError::NoOutput)?;
        Ok((time, output.layers(), output.logits().to_vec()))
    });
    let (time, layers, logits) = ran.map_err(|error| explain(&error, Some(Task::TokenClassification)))?;
    let logits: Vec<&[f32]> = logits.chunks_exact(names.names().len().max(1)).collect();
    let answers = first_tokens(&row.words, &tokens).map(|token| {
        let label = token.and_then(|token| argmax(logits.get(token)?));
        label.and_then(|label| names.names().get(label).cloned()).unwrap_or_else(|| NO_TAG.to_owned())
    });
    let answers = answers.collect();
    Ok(Scored { outcome: Tagged { tags, answers }, layers: layers.into(), time })
}

/// The tags of the words, one each.
pub(super) fn tags_of(row: &Row) -> Result<&[Value]> {
    let tags: &[Value] = match &row.label {
        Some(Value::Array(tags)) if row.tags.is_empty() => tags,
        _ => &row.tags,
    };
    if row.words.is_empty() || row.words.len() != tags.len() {
        return Err(Error::new(format_args!("{} words and {} tags", row.words.len(), tags.len())));
    }
    Ok(tags)
}

/// The first token of each word, as far as it has one.
pub(super) fn first_tokens<'w>(words: &'w [String], tokens: &'w Tokens) -> impl Iterator<Item = Option<usize>> + 'w {
    let mut start = 0;
    words.iter().map(move |word| {
        let end = start + word.chars().count() as u32;
        let token = first_token(tokens, start, end);
        start = end + 1;
        token
    })
}

/// The first token of the text between two code points.
fn first_token(tokens: &Tokens, start: u32, end: u32) -> Option<usize> {
    let mut each = tokens.offsets.iter().zip(&tokens.special);
    each.position(|(offsets, &special)| !special && offsets.end > start && offsets.start < end)
}
