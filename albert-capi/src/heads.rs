//! From logits to answers.

use crate::call::call;
use crate::memory::{fresh, handle, out, report, slice, slice_mut, value};
use crate::model::albert_model;
use crate::session::albert_session;
use crate::status::albert_status;
use albert_core::config::ProblemType;
use albert_core::heads::{Aggregation, Candidate, Entities, Span, TokenKind, TopK, scores, sentence_embedding, spans};
use albert_core::kernels;
use core::ffi::c_void;

/// One of the best.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct albert_candidate {
    /// Index of the label, or vocabulary id.
    pub id: u32,
    /// Softmax probability.
    pub score: f32,
}

const _: () = assert!(size_of::<Candidate>() == size_of::<albert_candidate>());

/// Scores of a sequence classifier: softmax, sigmoid or the logits themselves, by the model's problem type. They take the
/// place of the logits in the arena and are valid until the session is used again; call it once an inference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_scores(
    session: *mut albert_session,
    scores: *mut *const f32,
    count: *mut usize,
) -> albert_status {
    call!({
        let (scores, count) = (out(scores)?, out(count)?);
        let values = handle(session)?.0.scores().ok_or(albert_status::NoResult)?;
        scores.write(values.as_ptr());
        count.write(values.len());
    })
}

/// The `wanted` largest of `logits`, with their softmax probabilities over all, in descending order. `found` is the smaller
/// of `wanted` and `count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_top_k(
    logits: *const f32,
    count: usize,
    best: *mut albert_candidate,
    wanted: usize,
    found: *mut usize,
) -> albert_status {
    call!({
        let (logits, best, found) = (slice(logits, count)?, fresh(best, wanted)?, out(found)?);
        found.write(fill(best, |top| top.push(0, logits)));
    })
}

/// The `wanted` best vocabulary entries for a row of the hidden states, with their softmax probabilities: what a masked
/// language model puts in place of a mask. Needs no memory of vocabulary size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_vocabulary_top_k(
    session: *mut albert_session,
    row: usize,
    best: *mut albert_candidate,
    wanted: usize,
    found: *mut usize,
) -> albert_status {
    call!({
        let (best, found) = (fresh(best, wanted)?, out(found)?);
        let mut vocabulary = handle(session)?.0.vocabulary_logits(row).ok_or(albert_status::NoResult)?;
        found.write(fill(best, |top| {
            while let Some(chunk) = vocabulary.next_chunk() {
                top.push(chunk.first, chunk.logits);
            }
        }));
    })
}

/// Shows all vocabulary logits of a row of the hidden states to `visit`, a chunk of consecutive ids at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_session_vocabulary_logits(
    session: *mut albert_session,
    row: usize,
    visit: Option<unsafe extern "C" fn(context: *mut c_void, first: u32, logits: *const f32, count: usize)>,
    context: *mut c_void,
) -> albert_status {
    call!({
        let visit = visit.ok_or(albert_status::NullPointer)?;
        let mut vocabulary = handle(session)?.0.vocabulary_logits(row).ok_or(albert_status::NoResult)?;
        while let Some(chunk) = vocabulary.next_chunk() {
            visit(context, chunk.first, chunk.logits.as_ptr(), chunk.logits.len());
        }
    })
}

/// Softmax of each of the `rows` rows of `values`, `width` wide, in place: label probabilities of a token classifier.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_softmax(values: *mut f32, rows: usize, width: usize) -> albert_status {
    call!({
        let values = slice_mut(values, rows.checked_mul(width).ok_or(albert_status::Argument)?)?;
        let kernels = kernels::detect();
        values.chunks_mut(width.max(1)).for_each(|row| scores(kernels, ProblemType::SingleLabel, 1.0, row));
    })
}

/// A stretch of tokens that may be the answer to a question.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct albert_span {
    /// First token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
    /// Probability that the answer starts there times probability that it ends there.
    pub score: f32,
}

/// The best answers within the context, in descending order, no longer than `most_tokens`; at most `wanted` of them.
///
/// `logits` are the output's, `[tokens][2]`. `context` has a number for each token that is not 0 where an answer may lie.
/// `null_score` becomes the score of "no answer"; it may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_answers(
    logits: *const f32,
    tokens: usize,
    context: *const u8,
    most_tokens: usize,
    best: *mut albert_span,
    wanted: usize,
    found: *mut usize,
    null_score: *mut f32,
) -> albert_status {
    call!({
        let logits = slice(logits, tokens.checked_mul(2).ok_or(albert_status::Argument)?)?;
        let (context, best, found) = (slice(context, tokens)?, fresh(best, wanted)?, out(found)?);
        let accepts = |token: usize| context.get(token).is_some_and(|&accepts| accepts != 0);
        let spans = spans(logits, accepts, most_tokens, core_spans(best));
        found.write(spans.best.len());
        report(null_score, spans.null_score);
    })
}

/// Tokens with one tag, of a token classifier.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct albert_entity {
    /// First token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
    /// Label of the first token or word.
    pub label: usize,
    /// Probability.
    pub score: f32,
}

/// Every token by itself.
pub const ALBERT_AGGREGATION_NONE: u32 = 0;
/// Neighbours with the same tag together.
pub const ALBERT_AGGREGATION_SIMPLE: u32 = 1;
/// Words first, each with the label of its first token.
pub const ALBERT_AGGREGATION_FIRST: u32 = 2;
/// Words first, each with the largest mean probability.
pub const ALBERT_AGGREGATION_AVERAGE: u32 = 3;
/// Words first, each with the label of its surest token.
pub const ALBERT_AGGREGATION_MAX: u32 = 4;

/// A special token: in no entity.
pub const ALBERT_TOKEN_KIND_SPECIAL: u8 = 0;
/// First token of a word.
pub const ALBERT_TOKEN_KIND_BEGINS: u8 = 1;
/// Goes on with the word of the token before it.
pub const ALBERT_TOKEN_KIND_CONTINUES: u8 = 2;

/// The entities of a text from left to right, those of the label `O` among them.
///
/// `probabilities` are `[tokens][num_labels]`, see albert_softmax; `kinds` has an ALBERT_TOKEN_KIND_ number for each token.
/// ALBERT_STATUS_BUFFER_TOO_SMALL when there are more than `capacity`; `found` is their number then too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_entities(
    model: *const albert_model,
    probabilities: *const f32,
    kinds: *const u8,
    tokens: usize,
    aggregation: u32,
    entities: *mut albert_entity,
    capacity: usize,
    found: *mut usize,
) -> albert_status {
    call!({
        let (model, found) = (&value(model)?.0, out(found)?);
        let width = model.config().num_labels as usize;
        let count = tokens.checked_mul(width).ok_or(albert_status::Argument)?;
        let (probabilities, kinds) = (slice(probabilities, count)?, slice(kinds, tokens)?);
        let places = fresh(entities, capacity)?;
        let aggregation = match aggregation {
            ALBERT_AGGREGATION_NONE => Aggregation::None,
            ALBERT_AGGREGATION_SIMPLE => Aggregation::Simple,
            ALBERT_AGGREGATION_FIRST => Aggregation::First,
            ALBERT_AGGREGATION_AVERAGE => Aggregation::Average,
            ALBERT_AGGREGATION_MAX => Aggregation::Max,
            _ => return Err(albert_status::Argument.into()),
        };
        let kind = |token: usize| match kinds.get(token) {
            Some(&ALBERT_TOKEN_KIND_BEGINS) => TokenKind::Begins,
            Some(&ALBERT_TOKEN_KIND_CONTINUES) => TokenKind::Continues,
            _ => TokenKind::Special,
        };
        let mut count = 0;
        let mut free = places.iter_mut();
        for entity in Entities::new(model, probabilities, aggregation, kind) {
            count += 1;
            if let Some(place) = free.next() {
                let (start, end, label, score) = (entity.start, entity.end, entity.label, entity.score);
                *place = albert_entity { start, end, label, score };
            }
        }
        found.write(count);
        if count > capacity {
            return Err(albert_status::BufferTooSmall.into());
        }
    })
}

/// A vector for the whole text: the mean of the `rows` hidden states, scaled to length 1 if `normalize`; `out` has
/// `hidden_size` places.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_sentence_embedding(
    hidden: *const f32,
    rows: usize,
    hidden_size: usize,
    normalize: bool,
    out: *mut f32,
) -> albert_status {
    call!({
        let count = rows.checked_mul(hidden_size).ok_or(albert_status::Argument)?;
        sentence_embedding(slice(hidden, count)?, normalize, fresh(out, hidden_size)?);
    })
}

/// C's spans as the core's.
fn core_spans(best: &mut [albert_span]) -> &mut [Span] {
    const _: () = assert!(size_of::<Span>() == size_of::<albert_span>());
    // SAFETY: both types are `repr(C)` with two usizes and an f32.
    unsafe { &mut *(core::ptr::from_mut(best) as *mut [Span]) }
}

/// Lets `push` fill a top-k over C's array; returns how many there are.
fn fill(best: &mut [albert_candidate], push: impl FnOnce(&mut TopK<'_>)) -> usize {
    let mut top = TopK::new(core_candidates(best));
    push(&mut top);
    top.finish().len()
}

/// C's candidates as the core's.
fn core_candidates(best: &mut [albert_candidate]) -> &mut [Candidate] {
    // SAFETY: both types are `repr(C)` with a u32 and an f32.
    unsafe { &mut *(core::ptr::from_mut(best) as *mut [Candidate]) }
}
