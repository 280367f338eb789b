//! Texts with their lengths.

use core::ffi::c_char;
use std::string::String;
use std::vec::Vec;

use super::error::Failure;
use crate::memory::{slice, text};
use crate::status::albert_status;

/// A text in UTF-8. Those that this library hands out are followed by a zero byte, which `bytes` does not count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_text {
    /// First byte; null when there is no text.
    pub start: *const c_char,
    /// Number of bytes.
    pub bytes: usize,
}

impl albert_text {
    /// No text.
    pub(super) const NONE: Self = Self { start: core::ptr::null(), bytes: 0 };

    /// The text, if there is one.
    ///
    /// # Safety
    /// `start` is null or leads to `bytes` bytes that live and do not change for 'a.
    pub(super) unsafe fn get<'a>(self) -> Result<Option<&'a str>, Failure> {
        match (self.start.is_null(), self.bytes) {
            (true, 0) => Ok(None),
            (true, _) => Err(albert_status::NullPointer.into()),
            // SAFETY: the caller's promise.
            _ => Ok(unsafe { text(self.start, self.bytes) }.map(Some)?),
        }
    }

    /// A copy of the text, if there is one.
    ///
    /// # Safety
    /// As [`albert_text::get`].
    pub(super) unsafe fn copy(self) -> Result<Option<String>, Failure> {
        // SAFETY: the caller's promise.
        Ok(unsafe { self.get() }?.map(String::from))
    }
}

/// Copies of an array of texts.
///
/// # Safety
/// `start` is null or leads to `count` texts, each as [`albert_text::get`] says.
pub(super) unsafe fn copies(start: *const albert_text, count: usize) -> Result<Vec<String>, Failure> {
    // SAFETY: the caller's promise.
    let texts = unsafe { slice(start, count) }?;
    // SAFETY: as above.
    texts.iter().map(|text| unsafe { text.copy() }?.ok_or_else(|| albert_status::NullPointer.into())).collect()
}

/// Texts that are handed out, each with a zero byte behind it.
#[derive(Default)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// Keeps a text. Its bytes stay where they are as long as `self` lives, however many follow.
    pub(super) fn keep(&mut self, mut text: String) -> albert_text {
        let bytes = text.len();
        text.push('\0');
        let start = text.as_ptr().cast();
        self.0.push(text);
        albert_text { start, bytes }
    }
}
