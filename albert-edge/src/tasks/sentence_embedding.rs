//! One vector for a text.

use alloc::vec::Vec;

use albert_core::tokenizer::Truncation;
use albert_core::{Positions, Session, heads};

use super::calls::{Single, run_single, singles, task};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::text::{AsText, Limits, Text};

/// A vector for the whole text.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Embedding {
    /// `[H]`, or as many as the model's dense layer has outputs.
    pub embedding: Vec<f32>,
}

/// One vector for a text, by the model's own recipe (pooling, dense layer, length 1), or the mean of the last hidden states
/// scaled to length 1. Any head will do.
#[derive(Clone, Debug)]
pub struct SentenceEmbedding {
    engine: Engine,
    limits: Limits,
    /// Scales to length 1 whatever the recipe says.
    normalize: bool,
}

task!(SentenceEmbedding, SentenceEmbedding);
singles!(SentenceEmbedding, Embedding);

impl SentenceEmbedding {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::CUT, normalize: false }
    }

    /// Scales vectors to length 1, also when the model's own recipe does not.
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// How texts that are too long are cut: the end of the longer one, unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of an input, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The vector of a text.
    ///
    /// # Errors
    /// Those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, text: impl AsText) -> Result<Embedding> {
        run_single(self, &self.engine, text.as_text())
    }
}

impl Single for SentenceEmbedding {
    type Output = Embedding;
    const POSITIONS: Positions<'static> = Positions::All;

    fn encode(&self, text: Text<'_>) -> Result<Tokens> {
        self.limits.encode(&self.engine, text)
    }

    fn read(&self, session: &mut Session<'_, '_>, index: usize) -> Result<Embedding> {
        let mut embedding = session.sentence_embedding_of(index).ok_or(Error::NoOutput)?.to_vec();
        if self.normalize {
            heads::normalize(&mut embedding);
        }
        Ok(Embedding { embedding })
    }
}
