//! Text to ids and back, from tables in the model file.
//!
//! The `TOKN` section (`docs/tokenizer.md`) is a compiled tokenizer: what the reference tokenizer does, reduced to the tables
//! that its pipeline needs. No Unicode tables are linked into the program. From the bottom up:
//! - [`section`]: constants and records shared with the compiler in `albert-quant`.
//! - `tables`: bytes to checked views and strings; `lookup`: scores and properties of characters.
//! - `trie`: double-array tries over bytes.
//! - `workspace`: the caller's memory, as token arrays and scratch.
//! - `items`: a stretch of text as code points with their places; `sink`: tokens with theirs.
//! - `normalizer`, `unicode`, `charsmap`, `graphemes`, `split`: code points to words.
//! - `unigram`, `wordpiece`, `sentencepiece`, `words`: words to tokens; `ascii`: a short way for plain text.
//! - `encoder`: the text of a call, piece by piece, to tokens; `assemble`: truncation and special tokens.
//! - `decoder`, `special`: ids to text; special-token operations on ids.
//!
//! Text is processed in stretches of a word or a few, so that memory is bounded by the tokens that are kept and the
//! longest stretch. No table, however damaged, can make anything here panic, loop or read out of bounds.

mod added;
mod ascii;
mod assemble;
mod charsmap;
mod decoder;
mod encoder;
mod encoding;
mod graphemes;
mod items;
mod lookup;
mod normalizer;
pub mod section;
mod sentencepiece;
mod sink;
mod special;
mod split;
mod tables;
mod trie;
mod unicode;
mod unigram;
mod wordpiece;
mod words;
mod workspace;

pub use encoding::{Encoding, Offsets};
pub use special::{Windows, windows};
pub use tables::TableError;
pub use workspace::memory_bytes;

use tables::Tables;

/// A tokenizer whose tables lie in a model file.
///
/// Cheap to copy. Made by [`Tokenizer::parse`]; no call panics, whatever the tables hold.
#[derive(Clone, Copy, Debug)]
pub struct Tokenizer<'m> {
    tables: Tables<'m>,
}

/// What [`Tokenizer::encode`] does besides tokenizing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Most tokens of the result, special tokens included; `None` for no limit.
    pub max_tokens: Option<usize>,
    /// Which side loses tokens when there are too many.
    pub truncation: Truncation,
    /// Whether the post-processor's tokens (`[CLS]`, `[SEP]`) are added.
    pub add_special_tokens: bool,
    /// Whether the text of unknown tokens is kept for [`Encoding::token`]; without it they read as the unknown token.
    pub surfaces: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { max_tokens: None, truncation: Truncation::LongestFirst, add_special_tokens: true, surfaces: false }
    }
}

/// Truncation strategies, with the names and results of the reference library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Truncation {
    /// The longer side is cut to the shorter one's length, then both (`longest_first`).
    #[default]
    LongestFirst,
    /// Only the first text is cut (`only_first`).
    OnlyFirst,
    /// Only the second text is cut (`only_second`).
    OnlySecond,
    /// Nothing is cut; too many tokens are an error (`do_not_truncate`).
    DoNotTruncate,
}

impl Truncation {
    /// The strategy of this Hugging Face name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "longest_first" => Some(Self::LongestFirst),
            "only_first" => Some(Self::OnlyFirst),
            "only_second" => Some(Self::OnlySecond),
            "do_not_truncate" => Some(Self::DoNotTruncate),
            _ => None,
        }
    }
}

/// Why a text could not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EncodeError {
    /// The working memory is too small: at least `missing` bytes more are needed to get further.
    MemoryTooSmall {
        /// Bytes.
        missing: usize,
    },
    /// `max_tokens` is below the number of special tokens.
    LimitTooSmall {
        /// Special tokens that the result must hold.
        special_tokens: usize,
    },
    /// More tokens than `max_tokens`, and [`Truncation::DoNotTruncate`].
    TooManyTokens {
        /// Tokens of the result.
        tokens: usize,
    },
    /// The side that may be cut has too few tokens ("Sequence to truncate too short").
    SequenceTooShort,
    /// [`Truncation::OnlySecond`] has to cut and there is no second text.
    SecondSequenceMissing,
    /// A text of 2³¹ bytes or more.
    TextTooLong,
    /// The output slice of an id operation is shorter than the result.
    OutputTooSmall {
        /// Elements of the result.
        needed: usize,
    },
}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::MemoryTooSmall { missing } => {
                write!(f, "tokenizer memory is too small: at least {missing} bytes more")
            }
            Self::LimitTooSmall { special_tokens } => {
                write!(f, "the token limit is below the {special_tokens} special tokens")
            }
            Self::TooManyTokens { tokens } => write!(f, "{tokens} tokens exceed the limit and truncation is off"),
            Self::SequenceTooShort => f.write_str("the text to truncate is too short for the token limit"),
            Self::SecondSequenceMissing => f.write_str("the second text is to be truncated, but there is none"),
            Self::TextTooLong => f.write_str("the text is longer than 2 GiB"),
            Self::OutputTooSmall { needed } => write!(f, "the output slice needs {needed} elements"),
        }
    }
}

impl core::error::Error for EncodeError {}

impl<'m> Tokenizer<'m> {
    /// Checks a `TOKN` section and borrows it. The section starts at a multiple of 8 bytes.
    ///
    /// Time is proportional to the number of table parts, not to their sizes.
    pub fn parse(section: &'m [u8]) -> Result<Self, TableError> {
        Tables::parse(section).map(|tables| Self { tables })
    }

    /// Encodes a text, or a pair of texts, as the reference tokenizer does.
    ///
    /// `memory` is working memory and holds the result; [`memory_bytes`] says how much always suffices for a length.
    pub fn encode<'w>(
        &self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        memory: &'w mut [u8],
    ) -> Result<Encoding<'w>, EncodeError> {
        assemble::encode(&self.tables, text, pair, options, memory)
    }

    /// What the normalizer makes of a text, added tokens not taken out; `memory` holds the result.
    pub fn normalize<'w>(&self, text: &str, memory: &'w mut [u8]) -> Result<&'w str, EncodeError> {
        encoder::normalize(&self.tables, text, memory)
    }

    /// Writes the text that `ids` stand for, as the reference's `decode`; unknown ids are left out.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
        decoder::decode(&self.tables, ids, skip_special_tokens, out)
    }

    /// Writes the text of tokens that are given as strings, as the reference's `convert_tokens_to_string`.
    pub fn join<'t>(
        &self,
        tokens: impl Iterator<Item = &'t str> + Clone,
        out: &mut dyn core::fmt::Write,
    ) -> core::fmt::Result {
        let is_special = |token| self.id(token).is_some_and(|id| self.is_special(id));
        decoder::join(&self.tables, tokens.map(|token| (token, is_special(token))), out)
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> Option<&'m str> {
        self.tables.token(id)
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
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
        self.tables.header(section::header::IDS)
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
