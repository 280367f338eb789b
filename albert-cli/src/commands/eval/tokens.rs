//! One tag a word: `{"words", "tags"}`. Words are joined by a blank; a word's tag is the best label of its first token.

use std::time::Instant;

use albert_core::heads::argmax;
use albert_edge::{Engine, Error as EdgeError, Task, Tokens, Truncation};

use super::{Counts, Length};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::rows::Row;

/// The tag of a word that has no token: it was cut off, or nothing of it is left after normalization.
const NO_TAG: &str = "O";

pub(super) fn score(engine: &Engine, row: &Row, length: &Length) -> Result<Counts> {
    if row.words.is_empty() || row.words.len() != row.tags.len() {
        return Err(Error::new(format_args!("{} words and {} tags", row.words.len(), row.tags.len())));
    }
    let model = engine.model();
    let tokens = length.encode(engine, &row.words.join(" "), None, Truncation::LongestFirst)?;
    let run_start = Instant::now();
    let ran = engine.run(&tokens.input(), tokens.len(), |session| {
        let time = run_start.elapsed();
        let output = session.output().ok_or(EdgeError::NoOutput)?;
        Ok((time, output.layers(), output.logits().to_vec()))
    });
    let (time, layers, logits) = ran.map_err(|error| explain(&error, Some(Task::TokenClassification)))?;
    let logits: Vec<&[f32]> = logits.chunks_exact(model.config().num_labels.max(1) as usize).collect();
    let mut start = 0;
    let found = row.words.iter().map(|word| {
        let end = start + word.chars().count() as u32;
        let token = first_token(&tokens, start, end);
        start = end + 1;
        let label = token.and_then(|token| argmax(logits.get(token)?));
        label.map_or_else(|| NO_TAG.to_owned(), |label| model.label(label))
    });
    let found: Vec<String> = found.collect();
    let expected: Vec<&str> = row.tags.iter().map(String::as_str).collect();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    let (expected_spans, found_spans) = (spans(&expected), spans(&found));
    Ok(Counts {
        rows: 1,
        labels: expected.len(),
        right: expected.iter().zip(&found).filter(|(a, b)| a == b).count(),
        right_spans: found_spans.iter().filter(|span| expected_spans.contains(span)).count(),
        expected_spans: expected_spans.len(),
        found_spans: found_spans.len(),
        layers: layers.into(),
        time,
    })
}

/// The first token of the text between two code points.
fn first_token(tokens: &Tokens, start: u32, end: u32) -> Option<usize> {
    let mut each = tokens.offsets.iter().zip(&tokens.special);
    each.position(|(offsets, &special)| !special && offsets.end > start && offsets.start < end)
}

/// A tag, the first word that it holds for, and the word after the last.
type Span<'t> = (&'t str, usize, usize);

/// The spans of a BIO sequence. An `I-` that does not go on with a span of its kind begins one, as in `conlleval`.
fn spans<'t>(tags: &[&'t str]) -> Vec<Span<'t>> {
    let mut spans: Vec<Span<'t>> = Vec::new();
    let mut open = false;
    for (word, tag) in tags.iter().enumerate() {
        let (begins, kind) = match tag.split_once('-') {
            Some(("B", kind)) => (true, kind),
            Some(("I", kind)) => (false, kind),
            _ => {
                open = false;
                continue;
            }
        };
        match spans.last_mut().filter(|(last, ..)| open && !begins && *last == kind) {
            Some((.., end)) => *end = word + 1,
            None => spans.push((kind, word, word + 1)),
        }
        open = true;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::spans;

    #[test]
    fn spans_of_tags() {
        let tags = ["B-a", "I-a", "O", "I-b", "I-b", "B-b", "I-a", "O", "B-a", "B-a"];
        let expected = [("a", 0, 2), ("b", 3, 5), ("b", 5, 6), ("a", 6, 7), ("a", 8, 9), ("a", 9, 10)];
        assert_eq!(spans(&tags), expected);
        assert_eq!(spans(&["O", "O"]), []);
    }
}
