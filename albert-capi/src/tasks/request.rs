//! What a task is given.

use core::ptr::null;

use albert_edge::Request;

use super::error::Failure;
use super::text::{albert_text, copies};
use crate::memory::slice;

/// An input of any task. Which fields there must be is up to the task; those that it does not read are ignored, but for a
/// second text where there can be none. Zeros mean: not there.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_request {
    /// The text, or the query of a reranking.
    pub text: albert_text,
    /// Second text.
    pub text_pair: albert_text,
    /// Question answering: the question.
    pub question: albert_text,
    /// Question answering: the text that holds the answer; `text` will do.
    pub context: albert_text,
    /// Multiple choice: the choices.
    pub choices: *const albert_text,
    /// Number of choices.
    pub choice_count: usize,
    /// Fill-mask: tokens to choose from.
    pub targets: *const albert_text,
    /// Number of targets.
    pub target_count: usize,
    /// Zero-shot classification: labels to choose from.
    pub candidate_labels: *const albert_text,
    /// Number of candidate labels.
    pub candidate_label_count: usize,
    /// Reranking: the documents.
    pub documents: *const albert_text,
    /// Number of documents.
    pub document_count: usize,
    /// Ids in place of a text, special tokens counted.
    pub input_ids: *const u32,
    /// Number of ids.
    pub input_id_count: usize,
    /// As many token types, or null for 0 everywhere.
    pub token_type_ids: *const u32,
}

impl albert_request {
    /// Zeros everywhere.
    pub(super) const NONE: Self = Self {
        text: albert_text::NONE,
        text_pair: albert_text::NONE,
        question: albert_text::NONE,
        context: albert_text::NONE,
        choices: null(),
        choice_count: 0,
        targets: null(),
        target_count: 0,
        candidate_labels: null(),
        candidate_label_count: 0,
        documents: null(),
        document_count: 0,
        input_ids: null(),
        input_id_count: 0,
        token_type_ids: null(),
    };
}

/// A request as the library has it.
///
/// # Safety
/// Texts and arrays are as [`albert_text::get`], [`copies`] and [`slice`] say.
pub(super) unsafe fn read_request(from: &albert_request) -> Result<Request, Failure> {
    let mut to = Request::default();
    // SAFETY: the caller's promise.
    unsafe {
        to.text = from.text.copy()?;
        to.text_pair = from.text_pair.copy()?;
        to.question = from.question.copy()?;
        to.context = from.context.copy()?;
        to.choices = copies(from.choices, from.choice_count)?;
        to.targets = copies(from.targets, from.target_count)?;
        to.candidate_labels = copies(from.candidate_labels, from.candidate_label_count)?;
        to.documents = copies(from.documents, from.document_count)?;
        to.input_ids = slice(from.input_ids, from.input_id_count)?.to_vec();
        let types = if from.token_type_ids.is_null() { 0 } else { from.input_id_count };
        to.token_type_ids = slice(from.token_type_ids, types)?.to_vec();
    }
    Ok(to)
}
