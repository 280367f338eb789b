//! Which of several choices goes with a text.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use albert_core::tokenizer::Truncation;

use super::calls::{batches, task};
use super::ranking::{softmax, top};
use crate::engine::Engine;
use crate::error::{Error, Field, Result};
use crate::text::{Limits, Text};

/// A choice and its probability among all of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Choice {
    /// The choice.
    pub label: String,
    /// Its probability.
    pub score: f32,
    /// Its place among the choices, from 0.
    pub index: usize,
}

/// Which of several choices goes with a text.
#[derive(Clone, Debug)]
pub struct MultipleChoice {
    engine: Engine,
    limits: Limits,
    top_k: usize,
}

task!(MultipleChoice, MultipleChoice);
batches!(
    MultipleChoice,
    <T: [AsRef<str>], C: [IntoIterator<Item: AsRef<str>>]> (T, C),
    Vec<Choice>,
    |task, row| task.run(row.0, row.1)
);

impl MultipleChoice {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::REFUSE, top_k: usize::MAX }
    }

    /// Most choices of a result; all unless this says otherwise.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = k;
        self
    }

    /// How a text and a choice that are too long together are cut; they are refused unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of text and choice, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The choices in descending order of their probabilities.
    ///
    /// # Errors
    /// [`Error::Missing`] without choices; those of [`Engine::encode`] and [`Engine::run`]; [`Error::EmptyText`].
    pub fn run(&self, text: impl AsRef<str>, choices: impl IntoIterator<Item: AsRef<str>>) -> Result<Vec<Choice>> {
        let mut found = Vec::new();
        let mut inputs = Vec::new();
        for choice in choices {
            let pair = Text::Pair(text.as_ref(), choice.as_ref());
            inputs.push(self.limits.encode(&self.engine, pair)?);
            found.push(choice.as_ref().to_owned());
        }
        if found.is_empty() {
            return Err(Error::Missing(Field::Choices));
        }
        let logits = self.engine.logits_of(&inputs)?;
        let logits: Vec<f32> = logits.iter().filter_map(|logits| logits.first().copied()).collect();
        let best = top(&softmax(self.engine.kernels_in_use(), &logits), self.top_k).into_iter();
        Ok(best.map(|(index, score)| Choice { label: found[index].clone(), score, index }).collect())
    }
}
