//! Special-token operations on ids, and windows over long texts.

use core::ops::Range;

use super::encode::special_token_count;
use super::error::EncodeError;
use super::handle::Tokenizer;
use super::tables::Entry;

impl Tokenizer<'_> {
    /// Number of special tokens around one text, or around a `pair` (the reference's `num_special_tokens_to_add`).
    pub fn special_token_count(&self, pair: bool) -> usize {
        special_token_count(&self.tables, pair)
    }

    /// Whether an id belongs to a special token.
    pub fn is_special(&self, id: u32) -> bool {
        self.tables.special().binary_search(&id).is_ok()
    }

    /// Puts special tokens around ids: writes `[CLS] first [SEP]`, or `[CLS] first [SEP] second [SEP]`, to `out` and returns the
    /// number of ids written (the reference's `build_inputs_with_special_tokens`).
    ///
    /// # Errors
    /// [`EncodeError::OutputTooSmall`] with the number of ids that `out` needs.
    pub fn build_inputs(&self, first: &[u32], second: Option<&[u32]>, out: &mut [u32]) -> Result<usize, EncodeError> {
        let texts = (first, second.unwrap_or(&[]));
        self.write(texts.0.len(), second.map(<[u32]>::len), out, |place| match place {
            Place::Special { id, .. } => id,
            Place::First { index, .. } => texts.0.get(index).copied().unwrap_or(0),
            Place::Second { index, .. } => texts.1.get(index).copied().unwrap_or(0),
        })
    }

    /// For texts of `first` and `second` ids, writes 1 where [`build_inputs`](Self::build_inputs) puts special tokens, else 0
    /// (`get_special_tokens_mask`). Returns the number of elements written.
    ///
    /// # Errors
    /// [`EncodeError::OutputTooSmall`].
    pub fn special_tokens_mask(
        &self,
        first: usize,
        second: Option<usize>,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        self.write(first, second, out, |place| u8::from(matches!(place, Place::Special { .. })))
    }

    /// For texts of `first` and `second` ids, writes the token types of [`build_inputs`](Self::build_inputs)
    /// (`create_token_type_ids_from_sequences`). Returns the number of elements written.
    ///
    /// # Errors
    /// [`EncodeError::OutputTooSmall`].
    pub fn token_types(&self, first: usize, second: Option<usize>, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.write(first, second, out, |place| match place {
            Place::Special { token_type, .. } | Place::First { token_type, .. } | Place::Second { token_type, .. } => {
                token_type
            }
        })
    }

    /// Writes one value for each place of the template.
    fn write<T>(
        &self,
        first: usize,
        second: Option<usize>,
        out: &mut [T],
        value: impl Fn(Place) -> T,
    ) -> Result<usize, EncodeError> {
        let pair = second.is_some();
        let second = second.unwrap_or(0);
        let needed = first.saturating_add(second).saturating_add(self.special_token_count(pair));
        let out = out.get_mut(..needed).ok_or(EncodeError::OutputTooSmall { needed })?;
        let mut slots = out.iter_mut();
        for (entry, token_type) in self.tables.template(pair) {
            let count = match entry {
                Entry::First => first,
                Entry::Second => second,
                Entry::Special(_) => 1,
            };
            for (index, slot) in slots.by_ref().take(count).enumerate() {
                *slot = value(match entry {
                    Entry::First => Place::First { index, token_type },
                    Entry::Second => Place::Second { index, token_type },
                    Entry::Special(id) => Place::Special { id, token_type },
                });
            }
        }
        Ok(needed)
    }
}

/// A place in a template.
enum Place {
    First { index: usize, token_type: u8 },
    Second { index: usize, token_type: u8 },
    Special { id: u32, token_type: u8 },
}

/// Divides `tokens` tokens into windows of at most `size`, of which neighbours share `stride` tokens. The last window ends at the
/// last token. These are the overflowing encodings of the reference library.
///
/// `size` is what an input has left for the text beside special tokens and the other text. A `stride` of `size` or more counts as
/// `size - 1`. An empty text has one empty window; a `size` of 0 gives no windows for any other text.
/// ```
/// use albert_core::tokenizer::windows;
///
/// assert!(windows(10, 6, 2).eq([0..6, 4..10]));
/// ```
pub fn windows(tokens: usize, size: usize, stride: usize) -> Windows {
    Windows { tokens, size, step: size.saturating_sub(stride).max(1), next: (tokens == 0 || size > 0).then_some(0) }
}

/// Ranges of tokens; made by [`windows`].
#[derive(Clone, Debug)]
pub struct Windows {
    tokens: usize,
    size: usize,
    step: usize,
    next: Option<usize>,
}

impl Iterator for Windows {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.next?;
        let end = start.saturating_add(self.size).min(self.tokens);
        self.next = (end < self.tokens).then_some(start.saturating_add(self.step));
        Some(start..end)
    }
}
