//! The answer to a question within a text. Long texts are read in windows that overlap.

use std::fmt;
use std::ops::Range;

use albert_core::heads::{Span, spans};
use albert_core::tokenizer::EncodeOptions;
use serde::Serialize;

use super::windows::Windowed;
use super::{Settings, not_empty};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::input::Row;

/// Tokens of a window, and tokens that two windows share, unless the options say otherwise.
const MAX_SEQ_LEN: usize = 384;
const DOC_STRIDE: usize = 128;

/// A stretch of the context.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Answer {
    score: f32,
    start: u32,
    end: u32,
    answer: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{:.4}\t{}-{}", self.answer, self.score, self.start, self.end)
    }
}

/// The best answers in descending order.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Vec<Answer>> {
    let question = row
        .question
        .as_deref()
        .ok_or_else(|| Error::new("there is no question: give --question, or \"question\" in the row"))?;
    let context = row
        .context
        .as_deref()
        .or(row.text.as_deref())
        .ok_or_else(|| Error::new("there is no context: give --context, or \"context\" in the row"))?;
    let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
    let question = engine.encode_with(not_empty(question)?, None, &options, |encoding| encoding.ids().to_vec())?;
    let options = &settings.options;
    let length = options.max_seq_len.unwrap_or(MAX_SEQ_LEN).min(engine.max_tokens());
    let stride = options.doc_stride.unwrap_or(DOC_STRIDE.min(length / 2));
    let windowed = Windowed::new(engine, Some(&question), not_empty(context)?, length, stride, "--doc-stride")?;
    let top_k = settings.top_k.unwrap_or(1);
    // Several spans may come to the same words.
    let spans = if options.align_to_words { top_k.saturating_mul(2).saturating_add(10) } else { top_k };
    let mut search =
        Search { text: context, settings, best: vec![Span::default(); spans.min(1 << 16)], answers: vec![] };
    let mut null_score = f32::INFINITY;
    for range in &windowed.ranges {
        let (tokens, begin) = windowed.input(engine.tokenizer()?, Some(&question), range)?;
        null_score = null_score.min(search.window(engine, &tokens, begin..begin + range.len())?);
    }
    let mut answers = search.answers;
    if options.handle_impossible_answer {
        answers.push(Answer { score: null_score, start: 0, end: 0, answer: String::new() });
    }
    answers.sort_by(|a, b| b.score.total_cmp(&a.score));
    answers.truncate(top_k);
    Ok(answers)
}

/// Answers found so far.
struct Search<'a> {
    text: &'a str,
    settings: &'a Settings,
    /// Room for the best spans of a window.
    best: Vec<Span>,
    answers: Vec<Answer>,
}

impl Search<'_> {
    /// Adds the best answers of a window whose context is `context`; returns its score of no answer.
    fn window(&mut self, engine: &mut Engine<'_>, tokens: &Tokens, context: Range<usize>) -> Result<f32> {
        let logits = engine.logits(tokens)?;
        let options = &self.settings.options;
        let found = spans(&logits, |token| context.contains(&token), options.max_answer_len, &mut self.best);
        for span in found.best {
            let (start, end) = characters(tokens, span, options.align_to_words);
            let length = end.saturating_sub(start) as usize;
            let text: String = self.text.chars().skip(start as usize).take(length).collect();
            // The same words found again, in another window or as other tokens, count together.
            match self.answers.iter_mut().find(|other| other.answer.to_lowercase() == text.to_lowercase()) {
                Some(same) => same.score += span.score,
                None => self.answers.push(Answer { score: span.score, start, end, answer: text }),
            }
        }
        Ok(found.null_score)
    }
}

/// The code points of a span: of its tokens, or of their whole words as far as the window has them.
fn characters(tokens: &Tokens, span: &Span, align_to_words: bool) -> (u32, u32) {
    let word = |token: usize| tokens.words.get(token).copied().flatten().filter(|_| align_to_words);
    let same_word = |a: usize, b: usize| a == b || (word(a).is_some() && word(a) == word(b));
    let all = 0..tokens.ids.len();
    let first = all.clone().find(|&token| same_word(token, span.start)).unwrap_or(span.start);
    let end = span.end.saturating_sub(1);
    let last = all.clone().rfind(|&token| same_word(token, end)).unwrap_or(end);
    let offsets = |token: usize| tokens.offsets.get(token).copied().unwrap_or_default();
    (offsets(first).start, offsets(last).end)
}
