//! What a program holds: a tokenizer and its operations.

use super::encoding::Encoding;
use super::error::EncodeError;
use super::options::EncodeOptions;
use super::tables::{Expansion, TableError, Tables, section};
use super::{decode, encode};

/// A tokenizer whose tables lie in a model file.
///
/// Cheap to copy. Made by [`Tokenizer::parse`]; no call panics, whatever the tables hold.
#[derive(Clone, Copy, Debug)]
pub struct Tokenizer<'m> {
    pub(super) tables: Tables<'m>,
}

impl<'m> Tokenizer<'m> {
    /// Checks a `TOKN` section and borrows it. The section starts at a multiple of 8 bytes.
    ///
    /// Everything in it is checked, in time proportional to its bytes: every id and index that it holds lies inside what it
    /// points into.
    pub fn parse(section: &'m [u8]) -> Result<Self, TableError> {
        Tables::parse(section).map(|tables| Self { tables })
    }

    /// Encodes a text, or a pair of texts, as the reference tokenizer does.
    ///
    /// `memory` is working memory and holds the result; [`memory_bytes`](super::memory_bytes) says how much always suffices for a length.
    pub fn encode<'w>(
        &self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        memory: &'w mut [u8],
    ) -> Result<Encoding<'w>, EncodeError> {
        encode::encode(&self.tables, text, pair, options, memory)
    }

    /// How much a text can grow before its words are looked up.
    ///
    /// [`memory_bytes`](super::memory_bytes) of the expanded length of a text always suffices to encode it.
    pub fn expansion(&self) -> Expansion {
        self.tables.expansion
    }

    /// What the normalizer makes of a text, added tokens not taken out; `memory` holds the result.
    pub fn normalize<'w>(&self, text: &str, memory: &'w mut [u8]) -> Result<&'w str, EncodeError> {
        encode::normalized(&self.tables, text, memory)
    }

    /// Writes the text that `ids` stand for, as the reference's `decode`; unknown ids are left out.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
        decode::decode(&self.tables, ids, skip_special_tokens, out)
    }

    /// Writes the text of tokens that are given as strings, as the reference's method of this name.
    pub fn convert_tokens_to_string<'t>(
        &self,
        tokens: impl Iterator<Item = &'t str> + Clone,
        out: &mut dyn core::fmt::Write,
    ) -> core::fmt::Result {
        let is_special = |token| self.token_to_id(token).is_some_and(|id| self.is_special(id));
        decode::join(&self.tables, tokens.map(|token| (token, is_special(token))), out)
    }

    /// The token of an id.
    pub fn id_to_token(&self, id: u32) -> Option<&'m str> {
        self.tables.token(id)
    }

    /// The id of a token.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.tables.id(token)
    }

    /// The token of an id, when it is one of the model's own and no added one: those that a vocabulary file lists.
    pub fn piece(&self, id: u32) -> Option<&'m str> {
        self.tables.piece(id)
    }

    /// Log probability of a piece; `None` when the model has none (WordPiece).
    pub fn score(&self, id: u32) -> Option<f64> {
        self.tables.score(id)
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.tables.vocab_size()
    }

    /// One more than the highest id; ids below it may have no token.
    pub fn id_end(&self) -> u32 {
        self.tables.id_end()
    }

    /// `[CLS]`, if the tokenizer has one.
    pub fn cls(&self) -> Option<u32> {
        self.tables.role(section::role::CLS)
    }

    /// `[SEP]`.
    pub fn sep(&self) -> Option<u32> {
        self.tables.role(section::role::SEP)
    }

    /// `[MASK]`.
    pub fn mask(&self) -> Option<u32> {
        self.tables.role(section::role::MASK)
    }

    /// `<pad>`.
    pub fn pad(&self) -> Option<u32> {
        self.tables.role(section::role::PAD)
    }

    /// `<unk>`.
    pub fn unk(&self) -> Option<u32> {
        self.tables.role(section::role::UNK)
    }

    /// Code of the model: [`section::model`].
    pub fn model(&self) -> u32 {
        self.tables.header(section::header::MODEL)
    }

    /// What tokens that continue a word begin with (`##`); `None` when tokens that begin a word are marked instead.
    pub fn continuation_prefix(&self) -> Option<&'m str> {
        let word_piece = self.model() == section::model::WORD_PIECE;
        word_piece.then(|| self.tables.prefix())
    }

    /// `model_max_length` of `tokenizer_config.json`, in tokens.
    pub fn model_max_length(&self) -> Option<u32> {
        self.tables.role(section::role::MODEL_MAX_LENGTH)
    }
}

impl<'w> Encoding<'w> {
    /// Text of token `index`: the vocabulary's, or with [`surfaces`](EncodeOptions::surfaces) the text that an unknown
    /// or added token stands for.
    pub fn token<'a>(&'a self, tokenizer: &Tokenizer<'a>, index: usize) -> Option<&'a str> {
        let id = *self.ids.get(index)?;
        self.surfaces.find(index).or_else(|| tokenizer.id_to_token(id))
    }
}
