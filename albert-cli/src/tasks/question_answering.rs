//! The answer to a question within a text. Long texts are read in windows that overlap.

use std::fmt;
use std::ops::Range;

use albert_core::heads::{Span, spans};
use albert_core::tokenizer::{EncodeOptions, windows};
use serde::Serialize;

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
    let context = Context::new(engine, not_empty(context)?)?;
    let top_k = settings.top_k.unwrap_or(1);
    let mut answers = Vec::new();
    let mut null_score = f32::INFINITY;
    let mut best = vec![Span::default(); top_k.saturating_mul(2).saturating_add(10).min(1 << 16)];
    for window in window_ranges(engine, question.len(), context.tokens.ids.len(), settings)? {
        let null = search(engine, &question, &context, &window, settings, &mut best, &mut answers)?;
        null_score = null_score.min(null);
    }
    if settings.options.handle_impossible_answer {
        answers.push(Answer { score: null_score, start: 0, end: 0, answer: String::new() });
    }
    answers.sort_by(|a, b| b.score.total_cmp(&a.score));
    answers.truncate(top_k);
    Ok(answers)
}

/// The stretches of the context that go into a window each.
fn window_ranges(
    engine: &Engine<'_>,
    question: usize,
    context: usize,
    settings: &Settings,
) -> Result<impl Iterator<Item = Range<usize>> + use<>> {
    let special = engine.tokenizer()?.special_token_count(true);
    let length = settings.options.max_seq_len.unwrap_or(MAX_SEQ_LEN).min(engine.max_tokens());
    let size = length.saturating_sub(question + special);
    let stride = settings.options.doc_stride.unwrap_or(DOC_STRIDE.min(length / 2));
    if size == 0 {
        return Err(Error::new(format_args!(
            "the question has {question} tokens and leaves no room for the context in windows of {length}"
        )));
    }
    if stride >= size && context > size {
        return Err(Error::new(format_args!(
            "windows take {size} tokens of the context, no more than they would share ({stride}); lower --doc-stride"
        )));
    }
    Ok(windows(context, size, stride))
}

/// Adds a window's best answers to those found so far; returns its score of no answer.
fn search(
    engine: &mut Engine<'_>,
    question: &[u32],
    context: &Context<'_>,
    window: &Range<usize>,
    settings: &Settings,
    best: &mut [Span],
    answers: &mut Vec<Answer>,
) -> Result<f32> {
    let tokenizer = engine.tokenizer()?;
    let part = context.tokens.ids.get(window.clone()).unwrap_or(&[]);
    let total = question.len() + part.len() + tokenizer.special_token_count(true);
    let (mut ids, mut types, mut special) = (vec![0; total], vec![0; total], vec![0; total]);
    let (first, second) = (question.len(), Some(part.len()));
    tokenizer.build_inputs(question, Some(part), &mut ids).map_err(Error::new)?;
    tokenizer.token_types(first, second, &mut types).map_err(Error::new)?;
    tokenizer.special_tokens_mask(first, second, &mut special).map_err(Error::new)?;
    // The context follows the question; special tokens stand between.
    let mut ordinary = special.iter().enumerate().filter(|&(_, &special)| special == 0);
    let Some((begin, _)) = ordinary.nth(question.len()) else { return Ok(f32::INFINITY) };
    let tokens = Tokens { ids, types: types.into_iter().map(u32::from).collect(), ..Tokens::default() };
    let mut session = engine.run(&tokens.input(), total)?;
    let output = session.output().ok_or_else(|| Error::new("the inference did not end"))?;
    let in_context = |token: usize| token >= begin && token - begin < part.len();
    let found = spans(output.logits(), in_context, settings.options.max_answer_len, best);
    for span in found.best {
        let (start, end) = context.characters(window, span.start - begin, span.end - begin);
        let text = context.slice(start, end);
        // The same words found again, in another window or as other tokens, count together.
        match answers.iter_mut().find(|other| other.answer.to_lowercase() == text.to_lowercase()) {
            Some(same) => same.score += span.score,
            None => answers.push(Answer { score: span.score, start, end, answer: text }),
        }
    }
    Ok(found.null_score)
}

/// The text that holds the answer, and its tokens.
struct Context<'t> {
    text: &'t str,
    tokens: Tokens,
}

impl<'t> Context<'t> {
    fn new(engine: &mut Engine<'_>, text: &'t str) -> Result<Self> {
        let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
        let tokens = engine.encode_with(text, None, &options, Tokens::new)?;
        Ok(Self { text, tokens })
    }

    /// The code points of the whole words, as far as the window has them, from token `first` to `last` of the window.
    fn characters(&self, window: &Range<usize>, first: usize, last: usize) -> (u32, u32) {
        let (first, last) = (window.start + first, window.start + last);
        let word = |token: usize| self.tokens.words.get(token).copied().flatten();
        let same_word = |a: usize, b: usize| word(a).is_some() && word(a) == word(b);
        let first = window.clone().find(|&token| token == first || same_word(token, first)).unwrap_or(first);
        let last = window.clone().rfind(|&token| token == last || same_word(token, last)).unwrap_or(last);
        let offsets = |token: usize| self.tokens.offsets.get(token).copied().unwrap_or_default();
        (offsets(first).start, offsets(last).end)
    }

    fn slice(&self, start: u32, end: u32) -> String {
        let length = end.saturating_sub(start) as usize;
        self.text.chars().skip(start as usize).take(length).collect()
    }
}
