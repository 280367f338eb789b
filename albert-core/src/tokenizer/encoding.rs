//! The result of [`Tokenizer::encode`](super::Tokenizer::encode).

use super::memory::workspace::Surfaces;
use super::offsets::Offsets;

/// Marks "none" in the word and sequence arrays.
pub(super) const NO_WORD: u32 = u32::MAX;
/// Marks a token of no sequence.
pub(super) const NO_SEQUENCE: u8 = u8::MAX;

/// The tokens of a text or of a pair of texts. Every array has [`len`](Self::len) elements, one for each token.
#[derive(Clone, Copy, Debug)]
pub struct Encoding<'w> {
    pub(super) ids: &'w [u32],
    pub(super) offsets: &'w [Offsets],
    pub(super) words: &'w [u32],
    pub(super) type_ids: &'w [u8],
    pub(super) special: &'w [u8],
    pub(super) sequences: &'w [u8],
    pub(super) surfaces: Surfaces<'w>,
}

impl<'w> Encoding<'w> {
    /// Number of tokens, special ones included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Vocabulary ids, `[len]`.
    pub fn ids(&self) -> &'w [u32] {
        self.ids
    }

    /// Token types, `[len]`: 0 for the first text and its special tokens, 1 for the second.
    pub fn type_ids(&self) -> &'w [u8] {
        self.type_ids
    }

    /// The part of its text that each token comes from, `[len]`, in code points; (0, 0) for special tokens.
    pub fn offsets(&self) -> &'w [Offsets] {
        self.offsets
    }

    /// 1 for the special tokens that were added around the texts, 0 for all others, `[len]`.
    pub fn special_tokens_mask(&self) -> &'w [u8] {
        self.special
    }

    /// Which word (pre-token) of its text token `index` belongs to, from 0; `None` for special tokens and past the end.
    pub fn word_id(&self, index: usize) -> Option<u32> {
        self.words.get(index).copied().filter(|&word| word != NO_WORD)
    }

    /// 0 if token `index` belongs to the first text, 1 if to the second; `None` for special tokens and past the end.
    pub fn sequence_id(&self, index: usize) -> Option<u8> {
        self.sequences.get(index).copied().filter(|&sequence| sequence != NO_SEQUENCE)
    }
}
