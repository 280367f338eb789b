//! The answer to a question within a text. Long texts are read in windows that overlap.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use albert_core::heads::{Span, spans};
use albert_core::tokenizer::EncodeOptions;

use super::calls::{batches, task};
use super::windows::Windowed;
use crate::engine::{Engine, Tokens};
use crate::error::Result;
use crate::text::not_empty;

/// Tokens of a window, tokens that two windows share, and tokens of an answer, unless the options say otherwise.
const MAX_SEQ_LEN: usize = 384;
const DOC_STRIDE: usize = 128;
const MAX_ANSWER_LEN: usize = 15;

/// A part of the context.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Answer {
    /// Probability that the answer starts and ends there.
    pub score: f32,
    /// First code point of the context.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
    /// The text between them; empty for "no answer".
    pub answer: String,
}

/// The answer to a question within a text.
#[derive(Clone, Debug)]
pub struct QuestionAnswering {
    engine: Engine,
    top_k: usize,
    max_seq_len: usize,
    doc_stride: Option<usize>,
    max_answer_len: usize,
    align_to_words: bool,
    handle_impossible_answer: bool,
}

task!(QuestionAnswering, QuestionAnswering);
batches!(
    QuestionAnswering,
    <Q: [AsRef<str>], C: [AsRef<str>]> (Q, C),
    Vec<Answer>,
    |task, row| task.run(row.0, row.1)
);

impl QuestionAnswering {
    fn on(engine: Engine) -> Self {
        Self {
            engine,
            top_k: 1,
            max_seq_len: MAX_SEQ_LEN,
            doc_stride: None,
            max_answer_len: MAX_ANSWER_LEN,
            align_to_words: true,
            handle_impossible_answer: false,
        }
    }

    /// Most answers of a result; 1 unless this says otherwise.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = k;
        self
    }

    /// Tokens of a window, question and special tokens counted: 384 unless this says otherwise, and never more than the model
    /// takes.
    pub fn max_seq_len(mut self, tokens: usize) -> Self {
        self.max_seq_len = tokens;
        self
    }

    /// Tokens that neighbouring windows share: 128, or half a window, unless this says otherwise.
    pub fn doc_stride(mut self, tokens: usize) -> Self {
        self.doc_stride = Some(tokens);
        self
    }

    /// Most tokens of an answer; 15 unless this says otherwise.
    pub fn max_answer_len(mut self, tokens: usize) -> Self {
        self.max_answer_len = tokens;
        self
    }

    /// Whether answers extend to whole words; they do unless this says otherwise.
    pub fn align_to_words(mut self, align: bool) -> Self {
        self.align_to_words = align;
        self
    }

    /// Whether "no answer" competes; it does not unless this says otherwise.
    pub fn handle_impossible_answer(mut self, handle: bool) -> Self {
        self.handle_impossible_answer = handle;
        self
    }

    /// The best answers in descending order of their scores.
    ///
    /// # Errors
    /// [`Error::WindowTooSmall`](crate::Error::WindowTooSmall), [`Error::StrideTooLarge`](crate::Error::StrideTooLarge),
    /// [`Error::EmptyText`](crate::Error::EmptyText); those of [`Engine::encode`] and [`Engine::run`].
    pub fn run(&self, question: impl AsRef<str>, context: impl AsRef<str>) -> Result<Vec<Answer>> {
        let (question, context) = (not_empty(question.as_ref())?, not_empty(context.as_ref())?);
        let engine = &self.engine;
        let options = EncodeOptions { add_special_tokens: false, ..EncodeOptions::default() };
        let question = engine.encode_with(question, None, &options, |encoding| encoding.ids().to_vec())?;
        let length = self.max_seq_len.min(engine.model().max_tokens());
        let stride = self.doc_stride.unwrap_or(DOC_STRIDE.min(length / 2));
        let windowed = Windowed::new(engine, Some(&question), context, length, stride)?;
        // Several spans may come to the same words.
        let spans = if self.align_to_words { self.top_k.saturating_mul(2).saturating_add(10) } else { self.top_k };
        let mut search =
            Search { text: context, task: self, best: vec![Span::default(); spans.min(1 << 16)], answers: vec![] };
        let mut null_score = f32::INFINITY;
        let (mut inputs, mut contexts) = (Vec::new(), Vec::new());
        for range in &windowed.ranges {
            let (tokens, begin) = windowed.input(engine.tokenizer()?, Some(&question), range)?;
            inputs.push(tokens);
            contexts.push(begin..begin + range.len());
        }
        let logits = engine.logits_of(&inputs)?;
        for ((tokens, logits), context) in inputs.iter().zip(&logits).zip(contexts) {
            null_score = null_score.min(search.window(tokens, logits, context));
        }
        let mut answers = search.answers;
        if self.handle_impossible_answer {
            answers.push(Answer { score: null_score, start: 0, end: 0, answer: String::new() });
        }
        answers.sort_by(|a, b| b.score.total_cmp(&a.score));
        answers.truncate(self.top_k);
        Ok(answers)
    }
}

/// Answers found so far.
struct Search<'a> {
    text: &'a str,
    task: &'a QuestionAnswering,
    /// Room for the best spans of a window.
    best: Vec<Span>,
    answers: Vec<Answer>,
}

impl Search<'_> {
    /// Adds the best answers of a window whose context is `context`; returns its score of no answer.
    fn window(&mut self, tokens: &Tokens, logits: &[f32], context: Range<usize>) -> f32 {
        let task = self.task;
        let found = spans(logits, |token| context.contains(&token), task.max_answer_len, &mut self.best);
        for span in found.best {
            let (start, end) = characters(tokens, span, task.align_to_words);
            let length = end.saturating_sub(start) as usize;
            let text: String = self.text.chars().skip(start as usize).take(length).collect();
            // The same words found again, in another window or as other tokens, count together.
            match self.answers.iter_mut().find(|other| other.answer.to_lowercase() == text.to_lowercase()) {
                Some(same) => same.score += span.score,
                None => self.answers.push(Answer { score: span.score, start, end, answer: text }),
            }
        }
        found.null_score
    }
}

/// The code points of a span: of its tokens, or of their whole words as far as the window has them.
fn characters(tokens: &Tokens, span: &Span, align_to_words: bool) -> (u32, u32) {
    let word = |token: usize| tokens.words.get(token).copied().flatten().filter(|_| align_to_words);
    let same_word = |a: usize, b: usize| a == b || (word(a).is_some() && word(a) == word(b));
    let all = 0..tokens.len();
    let first = all.clone().find(|&token| same_word(token, span.start)).unwrap_or(span.start);
    let end = span.end.saturating_sub(1);
    let last = all.clone().rfind(|&token| same_word(token, end)).unwrap_or(end);
    let offsets = |token: usize| tokens.offsets.get(token).copied().unwrap_or_default();
    (offsets(first).start, offsets(last).end)
}
