//! Tokens that a caller keeps.

use alloc::vec::Vec;

use albert_core::Input;
use albert_core::tokenizer::{Encoding, Offsets};

/// Tokens of a text or a pair, or ids in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Vocabulary ids.
    pub ids: Vec<u32>,
    /// Token types: as many as ids, or none, which is all 0.
    pub types: Vec<u32>,
    /// The text that each token stands for, in code points; empty when there was no text.
    pub offsets: Vec<Offsets>,
    /// Whether the tokenizer added the token; empty when there was no text.
    pub special: Vec<bool>,
    /// Word that each token belongs to; empty when there was no text.
    pub words: Vec<Option<u32>>,
}

impl Tokens {
    /// Copies an encoding.
    pub fn new(encoding: &Encoding<'_>) -> Self {
        Self {
            ids: encoding.ids().to_vec(),
            types: encoding.type_ids().iter().map(|&kind| kind.into()).collect(),
            offsets: encoding.offsets().to_vec(),
            special: encoding.special_tokens_mask().iter().map(|&special| special != 0).collect(),
            words: (0..encoding.len()).map(|index| encoding.word_id(index)).collect(),
        }
    }

    /// Ids and token types (as many, or none) that come from elsewhere.
    pub fn from_ids(ids: &[u32], types: &[u32]) -> Self {
        Self { ids: ids.to_vec(), types: types.to_vec(), ..Self::default() }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// As an input of a session.
    pub fn input(&self) -> Input<'_> {
        Input::new(&self.ids).with_token_types(&self.types)
    }
}
