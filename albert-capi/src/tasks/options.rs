//! Options of tasks.

use std::string::String;

use albert_edge::{Aggregation, Function, Options, Truncation};

use super::error::Failure;
use super::text::{albert_text, copies};
use crate::status::albert_status;

/// A number that may be left out; ALBERT_NUMBER(3) gives one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_number {
    /// Whether it is there.
    pub given: bool,
    /// The number.
    pub value: usize,
}

/// As the task has it.
pub const ALBERT_AS_TASK: u32 = 0;
/// No.
pub const ALBERT_NO: u32 = 1;
/// Yes.
pub const ALBERT_YES: u32 = 2;

/// Options of all tasks, with the names of the Hugging Face pipelines. Zeros mean: as the task has it. An option that is given
/// and that the task does not have is an error.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_options {
    /// Most results of an input.
    pub top_k: albert_number,
    /// What makes scores of logits: default, softmax, sigmoid or none.
    pub function_to_apply: albert_text,
    /// Zero-shot classification: what is said of a label, which takes the place of {}.
    pub hypothesis_template: albert_text,
    /// Zero-shot classification: name of the label that says "entailment", when it does not begin with "entail".
    pub entailment_label: albert_text,
    /// Zero-shot classification: labels to choose from, for requests that have none of their own.
    pub candidate_labels: *const albert_text,
    /// Number of candidate labels.
    pub candidate_label_count: usize,
    /// Zero-shot classification: whether each label is scored by itself. ALBERT_NO, ALBERT_YES.
    pub multi_label: u32,
    /// Question answering: whether answers extend to whole words. ALBERT_NO, ALBERT_YES.
    pub align_to_words: u32,
    /// Question answering: whether "no answer" competes. ALBERT_NO, ALBERT_YES.
    pub handle_impossible_answer: u32,
    /// Sentence embedding: scales vectors to length 1. ALBERT_NO, ALBERT_YES.
    pub normalize: u32,
    /// Token classification: none, simple, first, average or max.
    pub aggregation_strategy: albert_text,
    /// Token classification: tokens that windows over a long text share.
    pub stride: albert_number,
    /// Fill-mask: tokens to choose from, for requests that have none of their own.
    pub targets: *const albert_text,
    /// Number of targets.
    pub target_count: usize,
    /// Question answering: tokens of a window, question and special tokens counted.
    pub max_seq_len: albert_number,
    /// Question answering: tokens that neighbouring windows share.
    pub doc_stride: albert_number,
    /// Question answering: most tokens of an answer.
    pub max_answer_len: albert_number,
    /// How texts that are too long are cut: longest_first, only_first, only_second or do_not_truncate.
    pub truncation: albert_text,
    /// Most tokens of an input, special tokens counted.
    pub max_length: albert_number,
}

/// Options as the library has them.
///
/// # Safety
/// Texts and arrays are as [`albert_text::get`] and [`copies`] say.
pub(super) unsafe fn read_options(from: &albert_options) -> Result<Options, Failure> {
    let mut to = Options::default();
    to.top_k = number(from.top_k);
    // SAFETY: the caller's promise, here and below.
    to.function_to_apply = unsafe { named(from.function_to_apply, Function::from_name, "function_to_apply") }?;
    // SAFETY: as above.
    to.hypothesis_template = unsafe { from.hypothesis_template.copy() }?;
    // SAFETY: as above.
    to.entailment_label = unsafe { from.entailment_label.copy() }?;
    // SAFETY: as above.
    let labels = unsafe { copies(from.candidate_labels, from.candidate_label_count) }?;
    to.candidate_labels = (!labels.is_empty()).then_some(labels);
    to.multi_label = yes(from.multi_label)?;
    to.align_to_words = yes(from.align_to_words)?;
    to.handle_impossible_answer = yes(from.handle_impossible_answer)?;
    to.normalize = yes(from.normalize)?;
    // SAFETY: as above.
    to.aggregation_strategy =
        unsafe { named(from.aggregation_strategy, Aggregation::from_name, "aggregation_strategy") }?;
    to.stride = number(from.stride);
    // SAFETY: as above.
    let targets = unsafe { copies(from.targets, from.target_count) }?;
    to.targets = (!targets.is_empty()).then_some(targets);
    to.max_seq_len = number(from.max_seq_len);
    to.doc_stride = number(from.doc_stride);
    to.max_answer_len = number(from.max_answer_len);
    // SAFETY: as above.
    to.truncation = unsafe { named(from.truncation, Truncation::from_name, "truncation") }?;
    to.max_length = number(from.max_length);
    Ok(to)
}

pub(super) fn number(from: albert_number) -> Option<usize> {
    from.given.then_some(from.value)
}

pub(super) fn yes(from: u32) -> Result<Option<bool>, Failure> {
    match from {
        ALBERT_AS_TASK => Ok(None),
        ALBERT_NO => Ok(Some(false)),
        ALBERT_YES => Ok(Some(true)),
        _ => Err(albert_status::Argument.into()),
    }
}

/// A value by its name.
///
/// # Safety
/// As [`albert_text::get`].
pub(super) unsafe fn named<T>(
    name: albert_text,
    from_name: fn(&str) -> Option<T>,
    option: &str,
) -> Result<Option<T>, Failure> {
    // SAFETY: the caller's promise.
    let Some(name) = (unsafe { name.get() })? else { return Ok(None) };
    let unknown = || Failure::new(albert_status::TaskOption, String::from(option) + " has no value " + name);
    from_name(name).map(Some).ok_or_else(unknown)
}
