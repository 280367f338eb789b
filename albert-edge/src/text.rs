//! What a task reads: a text, a pair of texts, or ids.

use alloc::string::String;

use albert_core::tokenizer::{EncodeOptions, Truncation};

use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};

/// A text, a pair of texts, or ids in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Text<'t> {
    /// A single text.
    One(&'t str),
    /// Two texts.
    Pair(&'t str, &'t str),
    /// Ids with their special tokens.
    Ids {
        /// Vocabulary ids.
        ids: &'t [u32],
        /// As many token types, or none.
        token_types: &'t [u32],
    },
}

/// What can stand for a [`Text`]: strings, pairs of strings, slices of ids, and references to them.
pub trait AsText {
    /// The text.
    fn as_text(&self) -> Text<'_>;
}

impl AsText for str {
    fn as_text(&self) -> Text<'_> {
        Text::One(self)
    }
}

impl AsText for String {
    fn as_text(&self) -> Text<'_> {
        Text::One(self)
    }
}

impl<A: AsRef<str>, B: AsRef<str>> AsText for (A, B) {
    fn as_text(&self) -> Text<'_> {
        Text::Pair(self.0.as_ref(), self.1.as_ref())
    }
}

impl AsText for [u32] {
    fn as_text(&self) -> Text<'_> {
        Text::Ids { ids: self, token_types: &[] }
    }
}

impl AsText for Text<'_> {
    fn as_text(&self) -> Text<'_> {
        *self
    }
}

impl<T: AsText + ?Sized> AsText for &T {
    fn as_text(&self) -> Text<'_> {
        (**self).as_text()
    }
}

/// How long texts are treated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most tokens, special tokens included; the model's own limit if that is lower.
    pub(crate) max_length: Option<usize>,
    pub(crate) truncation: Truncation,
}

impl Limits {
    /// Texts that are too long are refused.
    pub(crate) const REFUSE: Self = Self { max_length: None, truncation: Truncation::DoNotTruncate };
    /// Texts that are too long are cut.
    pub(crate) const CUT: Self = Self { max_length: None, truncation: Truncation::LongestFirst };

    /// Tokens of a text, a pair or ids.
    pub(crate) fn encode(&self, engine: &Engine, text: Text<'_>) -> Result<Tokens> {
        let (text, pair) = match text {
            Text::One(text) => (text, None),
            Text::Pair(text, pair) => (text, Some(pair)),
            Text::Ids { ids, token_types } => return Ok(Tokens::from_ids(ids, token_types)),
        };
        engine.encode(not_empty(text)?, pair, &self.options(engine))
    }

    /// The tokenizer's options.
    pub(crate) fn options(&self, engine: &Engine) -> EncodeOptions {
        let own = engine.model().max_tokens();
        let max_tokens = match (self.truncation, self.max_length) {
            // The model refuses them itself.
            (Truncation::DoNotTruncate, None) => None,
            (_, limit) => Some(limit.map_or(own, |limit| limit.min(own))),
        };
        EncodeOptions { max_tokens, truncation: self.truncation, ..EncodeOptions::default() }
    }
}

/// The text, when there is more to it than white space.
pub(crate) fn not_empty(text: &str) -> Result<&str> {
    if text.trim().is_empty() { Err(Error::EmptyText) } else { Ok(text) }
}
