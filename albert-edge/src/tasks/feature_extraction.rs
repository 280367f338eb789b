//! The last hidden state of every token.

use alloc::vec::Vec;

use albert_core::tokenizer::Truncation;
use albert_core::{Positions, Session};

use super::calls::{Single, run_single, singles, task};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::text::{AsText, Limits, Text};

/// The encoder's output.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct HiddenStates {
    /// `[tokens][H]`.
    pub last_hidden_state: Vec<Vec<f32>>,
    /// `[H]`, when the model has a pooler.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pooler_output: Option<Vec<f32>>,
}

/// The last hidden state of every token. Any head will do.
#[derive(Clone, Debug)]
pub struct FeatureExtraction {
    engine: Engine,
    limits: Limits,
}

task!(FeatureExtraction, FeatureExtraction);
singles!(FeatureExtraction, HiddenStates);

impl FeatureExtraction {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::REFUSE }
    }

    /// How texts that are too long are cut; they are refused unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of an input, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The hidden states of a text's tokens, special tokens included.
    ///
    /// # Errors
    /// Those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, text: impl AsText) -> Result<HiddenStates> {
        run_single(self, &self.engine, text.as_text())
    }
}

impl Single for FeatureExtraction {
    type Output = HiddenStates;
    const POSITIONS: Positions<'static> = Positions::All;

    fn encode(&self, text: Text<'_>) -> Result<Tokens> {
        self.limits.encode(&self.engine, text)
    }

    fn read(&self, session: &mut Session<'_, '_>, index: usize) -> Result<HiddenStates> {
        let output = session.output_of(index).ok_or(Error::NoOutput)?;
        let width = output.hidden_size().max(1);
        Ok(HiddenStates {
            last_hidden_state: output.last_hidden_state().chunks_exact(width).map(<[f32]>::to_vec).collect(),
            pooler_output: output.pooled().map(<[f32]>::to_vec),
        })
    }
}
