//! What a program holds: a tokenizer and its operations.

use super::encoding::Encoding;
use super::error::EncodeError;
use super::options::EncodeOptions;
use super::tables::{Expansion, TableError, Tables, section};
use super::{decode, encode};

/// A tokenizer whose tables lie in a model file. [`Model::tokenizer`](crate::Model::tokenizer) returns that of a model.
///
/// It is a few words that borrow the file, cheap to copy. No call panics or allocates, whatever the tables hold.
#[derive(Clone, Copy, Debug)]
pub struct Tokenizer<'m> {
    pub(super) tables: Tables<'m>,
}

impl<'m> Tokenizer<'m> {
    /// Checks a `TOKN` section and borrows it. The section has to start at a multiple of 8 bytes.
    ///
    /// Every id and index in it is checked, so later calls need no checks of their own. Takes time proportional to the bytes.
    ///
    /// # Errors
    /// [`TableError`] names the part that is damaged, or the build feature that the tables need.
    pub fn parse(section: &'m [u8]) -> Result<Self, TableError> {
        Tables::parse(section).map(|tables| Self { tables })
    }

    /// Encodes a text, or a text and its `pair`, as the reference tokenizer does.
    ///
    /// The result lies in `memory`, which also serves as working memory. [`memory_bytes`](super::memory_bytes) is enough for a
    /// number of tokens and a length of words.
    ///
    /// # Errors
    /// - [`EncodeError::MemoryTooSmall`] with the bytes that are missing: call again with more.
    /// - [`EncodeError::TooManyTokens`], [`EncodeError::LimitTooSmall`], [`EncodeError::SequenceTooShort`] and
    ///   [`EncodeError::SecondSequenceMissing`] when the text does not fit [`EncodeOptions::max_tokens`] and may not be cut.
    /// - [`EncodeError::TextTooLong`] for texts of 2 GiB or more.
    pub fn encode<'w>(
        &self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        memory: &'w mut [u8],
    ) -> Result<Encoding<'w>, EncodeError> {
        encode::encode(&self.tables, text, pair, options, memory)
    }

    /// The most that normalization can lengthen a text, in code points.
    ///
    /// To size memory for any text of a length, pass the expanded length to [`memory_bytes`](super::memory_bytes) as both tokens
    /// and segment.
    pub fn expansion(&self) -> Expansion {
        self.tables.expansion
    }

    /// Normalizes a text, as the reference's `normalizer.normalize_str`. The result lies in `memory`. Added tokens get no
    /// special treatment.
    ///
    /// # Errors
    /// [`EncodeError::MemoryTooSmall`], [`EncodeError::TextTooLong`].
    pub fn normalize<'w>(&self, text: &str, memory: &'w mut [u8]) -> Result<&'w str, EncodeError> {
        encode::normalized(&self.tables, text, memory)
    }

    /// Writes the text that `ids` stand for, as the reference's `decode`. Ids outside the vocabulary are left out, and so are
    /// special tokens if `skip_special_tokens` is set.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
        decode::decode(&self.tables, ids, skip_special_tokens, out)
    }

    /// Joins tokens, given as strings, to a text, as the reference's method of this name.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn convert_tokens_to_string<'t>(
        &self,
        tokens: impl Iterator<Item = &'t str> + Clone,
        out: &mut dyn core::fmt::Write,
    ) -> core::fmt::Result {
        let is_special = |token| self.token_to_id(token).is_some_and(|id| self.is_special(id));
        decode::join(&self.tables, tokens.map(|token| (token, is_special(token))), out)
    }

    /// The token of an id; `None` if the id has none.
    pub fn id_to_token(&self, id: u32) -> Option<&'m str> {
        self.tables.token(id)
    }

    /// The id of a token, spelt as in the vocabulary (`▁play`, `##ing`); `None` if the vocabulary does not have it.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.tables.id(token)
    }

    /// The token of an id if it belongs to the model's vocabulary, and `None` for added tokens.
    pub fn piece(&self, id: u32) -> Option<&'m str> {
        self.tables.piece(id)
    }

    /// Natural logarithm of a piece's probability; `None` for WordPiece, which has no probabilities.
    pub fn score(&self, id: u32) -> Option<f64> {
        self.tables.score(id)
    }

    /// Number of tokens in the vocabulary, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.tables.vocab_size()
    }

    /// One more than the highest id. Some ids below it may have no token.
    pub fn id_end(&self) -> u32 {
        self.tables.id_end()
    }

    /// Id of the token that begins an input, `[CLS]`; `None` if the tokenizer has none.
    pub fn cls(&self) -> Option<u32> {
        self.tables.role(section::role::CLS)
    }

    /// Id of the token that ends a text, `[SEP]`; `None` if the tokenizer has none.
    pub fn sep(&self) -> Option<u32> {
        self.tables.role(section::role::SEP)
    }

    /// Id of the token to fill in, `[MASK]`; `None` if the tokenizer has none.
    pub fn mask(&self) -> Option<u32> {
        self.tables.role(section::role::MASK)
    }

    /// Id of the padding token, `<pad>`; `None` if the tokenizer has none. This library never pads.
    pub fn pad(&self) -> Option<u32> {
        self.tables.role(section::role::PAD)
    }

    /// Id of the token for text that the vocabulary does not cover, `<unk>`; `None` if the tokenizer has none.
    pub fn unk(&self) -> Option<u32> {
        self.tables.role(section::role::UNK)
    }

    /// The kind of model, a code of [`section::model`].
    pub fn model(&self) -> u32 {
        self.tables.header(section::header::MODEL)
    }

    /// The prefix of tokens that continue a word, `##` in WordPiece. `None` for the other kinds, which mark the beginnings of words.
    pub fn continuation_prefix(&self) -> Option<&'m str> {
        let word_piece = self.model() == section::model::WORD_PIECE;
        word_piece.then(|| self.tables.prefix())
    }

    /// `model_max_length` of `tokenizer_config.json`, in tokens; `None` if it was not given.
    pub fn model_max_length(&self) -> Option<u32> {
        self.tables.role(section::role::MODEL_MAX_LENGTH)
    }
}

impl<'w> Encoding<'w> {
    /// Token `index` as a string; `None` past the end.
    ///
    /// Unknown tokens read `<unk>`. With [`EncodeOptions::surfaces`], they and added tokens read as the text that they stand for.
    pub fn token<'a>(&'a self, tokenizer: &Tokenizer<'a>, index: usize) -> Option<&'a str> {
        let id = *self.ids.get(index)?;
        self.surfaces.find(index).or_else(|| tokenizer.id_to_token(id))
    }
}
