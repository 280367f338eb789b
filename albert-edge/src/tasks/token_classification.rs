//! Labels of tokens, or the entities that they form.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use albert_core::heads::{Aggregation, Entities};
use albert_core::tokenizer::Truncation;

use super::calls::{batches, task};
use super::ranking::softmax;
use super::windows::Windowed;
use super::words::{Characters, Pieces};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::text::{Limits, Text, not_empty};

/// The label that says that a token is nothing; it is left out.
const NOTHING: &str = "O";

/// A labelled token, or an entity. `start` and `end` are code points of the text, `end` one past the last.
/// There will be no third variant.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[allow(missing_docs)]
#[expect(clippy::exhaustive_enums, reason = "with an aggregation strategy or without")]
pub enum Entity {
    /// A token by itself, without an aggregation strategy; `index` is its place among the tokens.
    Token { entity: String, score: f32, index: usize, word: String, start: u32, end: u32 },
    /// Tokens with one tag.
    Group { entity_group: String, score: f32, word: String, start: u32, end: u32 },
}

impl Entity {
    /// The label of a token (`B-person`), or the tag of a group (`person`).
    pub fn label(&self) -> &str {
        match self {
            Self::Token { entity: name, .. } | Self::Group { entity_group: name, .. } => name,
        }
    }

    /// The text of the token or the group.
    pub fn word(&self) -> &str {
        match self {
            Self::Token { word, .. } | Self::Group { word, .. } => word,
        }
    }

    /// First code point, and one past the last.
    pub fn range(&self) -> (u32, u32) {
        match *self {
            Self::Token { start, end, .. } | Self::Group { start, end, .. } => (start, end),
        }
    }

    /// Probability of the label.
    pub fn score(&self) -> f32 {
        match *self {
            Self::Token { score, .. } | Self::Group { score, .. } => score,
        }
    }
}

/// Labels of tokens, or the entities that they form. Tokens with the label `O` are left out.
#[derive(Clone, Debug)]
pub struct TokenClassification {
    engine: Engine,
    limits: Limits,
    aggregation: Aggregation,
    stride: Option<usize>,
}

task!(TokenClassification, TokenClassification);
batches!(TokenClassification, <T: [AsRef<str>]> T, Vec<Entity>, |task, text| task.run(text));

impl TokenClassification {
    fn on(engine: Engine) -> Self {
        Self { engine, limits: Limits::CUT, aggregation: Aggregation::None, stride: None }
    }

    /// How tokens become entities; every token is by itself unless this says otherwise.
    pub fn aggregation_strategy(mut self, strategy: Aggregation) -> Self {
        self.aggregation = strategy;
        self
    }

    /// Reads long texts in windows that share `tokens` tokens, instead of cutting them. Needs an aggregation strategy.
    pub fn stride(mut self, tokens: usize) -> Self {
        self.stride = Some(tokens);
        self
    }

    /// Whether texts that are too long are cut; they are unless this says otherwise.
    pub fn truncation(mut self, truncation: Truncation) -> Self {
        self.limits.truncation = truncation;
        self
    }

    /// Most tokens of an input or a window, special tokens included; the model's own limit if that is lower.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.limits.max_length = Some(tokens);
        self
    }

    /// The tokens or entities from left to right.
    ///
    /// # Errors
    /// [`Error::StrideWithoutAggregation`], [`Error::WindowTooSmall`], [`Error::StrideTooLarge`], [`Error::EmptyText`]; those
    /// of [`Engine::encode`] and [`Engine::run`].
    pub fn run(&self, text: impl AsRef<str>) -> Result<Vec<Entity>> {
        let text = Characters::new(not_empty(text.as_ref())?);
        let engine = &self.engine;
        let Some(stride) = self.stride else {
            let tokens = self.limits.encode(engine, Text::One(text.text))?;
            return self.window(&text, &tokens, &engine.logits(&tokens)?);
        };
        if self.aggregation == Aggregation::None {
            return Err(Error::StrideWithoutAggregation);
        }
        let own = engine.model().max_tokens();
        let length = self.limits.max_length.map_or(own, |length| length.min(own));
        let windowed = Windowed::new(engine, None, text.text, length, stride)?;
        let tokenizer = engine.tokenizer()?;
        let inputs = windowed.ranges.iter().map(|range| Ok(windowed.input(tokenizer, None, range)?.0));
        let inputs = inputs.collect::<Result<Vec<Tokens>>>()?;
        let mut found = Vec::new();
        for (tokens, logits) in inputs.iter().zip(engine.logits_of(&inputs)?) {
            found.extend(self.window(&text, tokens, &logits)?);
        }
        Ok(if windowed.ranges.len() > 1 { without_overlaps(found) } else { found })
    }

    /// The tokens or entities of one input.
    fn window(&self, text: &Characters<'_>, tokens: &Tokens, logits: &[f32]) -> Result<Vec<Entity>> {
        let (model, kernels) = (self.engine.model(), self.engine.kernels_in_use());
        let labels = model.config().num_labels.max(1) as usize;
        let scores: Vec<f32> = logits.chunks_exact(labels).flat_map(|row| softmax(kernels, row)).collect();
        let pieces = Pieces { tokenizer: self.engine.tokenizer()?, tokens, text };
        let entities = Entities::new(model.as_core(), &scores, self.aggregation, |token| pieces.kind(token));
        let found = entities.map(|entity| {
            let label = model.label(entity.label);
            let (start, end) = pieces.range(entity.start, entity.end);
            let (score, index) = (entity.score, entity.start);
            match self.aggregation {
                Aggregation::None => {
                    let word = pieces.word(index);
                    Entity::Token { entity: label, score, index, word, start, end }
                }
                _ => {
                    let group = label.split_once('-').map_or(&*label, |(_, tag)| tag).to_owned();
                    let word = pieces.words(&entity, self.aggregation != Aggregation::Simple);
                    Entity::Group { entity_group: group, score, word, start, end }
                }
            }
        });
        Ok(found.filter(|found| found.label() != NOTHING).collect())
    }
}

/// Of entities that overlap, as two windows may see them, the longest, and of equally long ones the surest.
fn without_overlaps(mut found: Vec<Entity>) -> Vec<Entity> {
    found.sort_by_key(|found| found.range().0);
    let mut kept: Vec<Entity> = Vec::new();
    for next in found {
        let (start, end) = next.range();
        match kept.last_mut() {
            Some(last) if start < last.range().1 => {
                let (length, best) = (end - start, last.range().1 - last.range().0);
                if length > best || (length == best && next.score() > last.score()) {
                    *last = next;
                }
            }
            _ => kept.push(next),
        }
    }
    kept
}
