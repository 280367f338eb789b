//! Texts to learn from.

use std::vec::Vec;

use albert_fit::Example;

use crate::memory::slice;
use crate::status::albert_status;
use crate::tasks::error::Failure;
use crate::tasks::text::{albert_text, copies};

/// A text, or a pair of texts, and what it is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_example {
    /// The text.
    pub text: albert_text,
    /// Second text; no text when there is none.
    pub text_pair: albert_text,
    /// Its labels: one, or for a classifier of several labels any number.
    pub labels: *const albert_text,
    /// Number of labels.
    pub label_count: usize,
}

/// Examples as the library has them.
///
/// # Safety
/// Texts and arrays are as [`albert_text::get`], [`copies`] and [`slice`] say.
pub(super) unsafe fn read_examples(start: *const albert_example, count: usize) -> Result<Vec<Example>, Failure> {
    // SAFETY: the caller's promise.
    let examples = unsafe { slice(start, count) }?;
    let read = |from: &albert_example| {
        // SAFETY: as above.
        let (text, pair, labels) =
            unsafe { (from.text.copy()?, from.text_pair.copy()?, copies(from.labels, from.label_count)?) };
        Ok(Example { text: text.ok_or(albert_status::NullPointer)?, pair, labels })
    };
    let in_row = |(row, from)| read(from).map_err(|failure: Failure| failure.in_row(row));
    examples.iter().enumerate().map(in_row).collect()
}
