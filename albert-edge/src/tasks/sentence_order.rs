//! Whether two segments stand in their original order.

use alloc::format;
use alloc::string::ToString;

use albert_core::tokenizer::Truncation;
use albert_core::{Positions, Session};

use super::calls::{Single, run_single, singles, task};
use super::ranking::{Label, softmax, top};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Field, Result};
use crate::text::{AsText, Limits, Text};

/// Outputs of the sentence-order head, by index.
const LABELS: [&str; 2] = ["original", "swapped"];

/// Whether two segments stand in their `original` order or are `swapped`.
#[derive(Clone, Debug)]
pub struct SentenceOrder {
    engine: Engine,
    limits: Limits,
}

task!(SentenceOrder, SentenceOrder);
singles!(SentenceOrder, Label);

impl SentenceOrder {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::REFUSE }
    }

    /// How pairs that are too long are cut; they are refused unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of a pair, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The likelier order of a pair, and its probability.
    ///
    /// # Errors
    /// [`Error::Missing`] for a single text; those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, pair: impl AsText) -> Result<Label> {
        run_single(self, &self.engine, pair.as_text())
    }
}

impl Single for SentenceOrder {
    type Output = Label;
    const POSITIONS: Positions<'static> = Positions::Head;

    fn encode(&self, text: Text<'_>) -> Result<Tokens> {
        match text {
            Text::One(_) => Err(Error::Missing(Field::TextPair)),
            pair => self.limits.encode(&self.engine, pair),
        }
    }

    fn read(&self, session: &mut Session<'_, '_>, index: usize) -> Result<Label> {
        let output = session.output_of(index).ok_or(Error::NoOutput)?;
        let scores = softmax(self.engine.kernels_in_use(), output.logits());
        let &(index, score) = top(&scores, 1).first().ok_or(Error::NoOutput)?;
        let label = LABELS.get(index).map_or_else(|| format!("LABEL_{index}"), ToString::to_string);
        Ok(Label { label, score, layers: None })
    }
}
