//! The result of [`Tokenizer::encode`](super::Tokenizer::encode).

use super::memory::workspace::Surfaces;
use super::offsets::Offsets;

/// Marks "none" in the word and sequence arrays.
pub(super) const NO_WORD: u32 = u32::MAX;
/// Marks a token of no sequence.
pub(super) const NO_SEQUENCE: u8 = u8::MAX;

/// Tokens of a text or of a pair of texts; the arrays all have [`len`](Self::len) elements.
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

    /// Vocabulary ids.
    pub fn ids(&self) -> &'w [u32] {
        self.ids
    }

    /// Token types: 0 for the first text, 1 for the second.
    pub fn type_ids(&self) -> &'w [u8] {
        self.type_ids
    }

    /// Where each token comes from, in code points of its own text; (0, 0) for special tokens.
    pub fn offsets(&self) -> &'w [Offsets] {
        self.offsets
    }

    /// 1 for tokens that the post-processor added, else 0.
    pub fn special_tokens_mask(&self) -> &'w [u8] {
        self.special
    }

    /// Index of the word (pre-token) that token `index` belongs to, counted in its own text; `None` for special tokens.
    pub fn word_id(&self, index: usize) -> Option<u32> {
        self.words.get(index).copied().filter(|&word| word != NO_WORD)
    }

    /// 0 when token `index` is of the first text, 1 of the second, `None` for special tokens.
    pub fn sequence_id(&self, index: usize) -> Option<u8> {
        self.sequences.get(index).copied().filter(|&sequence| sequence != NO_SEQUENCE)
    }
}
