//! Token classification: from a label for each token to entities, as the Hugging Face pipeline groups them.

use super::argmax;
use crate::format::Model;
use crate::slices::{OrEmpty, part};
use core::ops::Range;

/// How tokens become entities (`aggregation_strategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aggregation {
    /// Every token is an entity of its own.
    #[default]
    None,
    /// Neighbouring tokens with the same tag are one entity.
    Simple,
    /// Words first: a word has the label of its first token.
    First,
    /// Words first: a word has the label with the largest mean probability over its tokens.
    Average,
    /// Words first: a word has the label of its token with the highest probability.
    Max,
}

impl Aggregation {
    /// The strategy of this Hugging Face name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "simple" => Some(Self::Simple),
            "first" => Some(Self::First),
            "average" => Some(Self::Average),
            "max" => Some(Self::Max),
            _ => None,
        }
    }
}

/// The place of a token in its word. There will be no fourth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a token is outside every word, the first of one, or a later one")]
pub enum TokenKind {
    /// A special token, which is ignored.
    Special,
    /// The first token of a word.
    Begins,
    /// A later token of a word.
    Continues,
}

/// Consecutive tokens with one tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entity {
    /// First token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
    /// Label of the first token or word.
    pub label: usize,
    /// Mean probability over its tokens, or over its words if the strategy makes words.
    pub score: f32,
}

/// Iterates over the entities of a text from left to right, those with the label `O` included.
#[derive(Debug)]
pub struct Entities<'a, K> {
    model: &'a Model<'a>,
    probabilities: &'a [f32],
    labels: usize,
    aggregation: Aggregation,
    kind: K,
    next: usize,
    pending: Option<Entity>,
}

/// What a label says: `B-` or not, and what of.
#[derive(Clone, Copy, PartialEq)]
enum Tag<'a> {
    Named(&'a str),
    Unnamed(usize),
}

impl<'a, K: Fn(usize) -> TokenKind> Entities<'a, K> {
    /// `probabilities` are `[tokens][C]`, softmax over the labels; `kind` says what each token is.
    pub fn new(model: &'a Model<'a>, probabilities: &'a [f32], aggregation: Aggregation, kind: K) -> Self {
        let labels = (model.config().num_labels as usize).max(1);
        Self { model, probabilities, labels, aggregation, kind, next: 0, pending: None }
    }

    /// Whether a label begins an entity, and its tag. A label without `B-` or `I-` goes on with its like.
    fn tag(&self, label: usize) -> (bool, Tag<'a>) {
        let Some(name) = self.model.label(label) else { return (false, Tag::Unnamed(label)) };
        match name.strip_prefix("B-") {
            Some(tag) => (true, Tag::Named(tag)),
            None => (false, Tag::Named(name.strip_prefix("I-").unwrap_or(name))),
        }
    }

    /// Probabilities of a token.
    fn token(&self, token: usize) -> &'a [f32] {
        let start = token.saturating_mul(self.labels);
        part(self.probabilities, start..start.saturating_add(self.labels))
    }

    /// Label and probability of a token's best label.
    fn best(&self, token: usize) -> Option<(usize, f32)> {
        let probabilities = self.token(token);
        let label = argmax(probabilities)?;
        Some((label, *probabilities.get(label)?))
    }

    /// The next token that is not special, from `token` on.
    fn skip_special(&self, token: usize) -> Option<(usize, TokenKind)> {
        let tokens = self.probabilities.len().checked_div(self.labels).unwrap_or(0);
        let mut kinds = (token..tokens).map(|token| (token, (self.kind)(token)));
        kinds.find(|(_, kind)| *kind != TokenKind::Special)
    }

    /// The next token or word.
    fn unit(&mut self) -> Option<Entity> {
        let (start, _) = self.skip_special(self.next)?;
        let words = !matches!(self.aggregation, Aggregation::None | Aggregation::Simple);
        let mut end = start + 1;
        while let (true, Some((token, TokenKind::Continues))) = (words, self.skip_special(end)) {
            end = token + 1;
        }
        self.next = end;
        let (label, score) = match self.aggregation {
            Aggregation::None | Aggregation::Simple | Aggregation::First => self.best(start)?,
            Aggregation::Max => {
                let surer = |best: (usize, f32), x: (usize, f32)| if x.1 > best.1 { x } else { best };
                self.tokens(start..end).filter_map(|token| self.best(token)).reduce(surer)?
            }
            Aggregation::Average => self.best_mean(start..end)?,
        };
        Some(Entity { start, end, label, score })
    }

    fn tokens(&self, tokens: Range<usize>) -> impl Iterator<Item = usize> {
        tokens.filter(|&token| (self.kind)(token) != TokenKind::Special)
    }

    /// The label with the largest mean probability, the first of equals.
    fn best_mean(&self, tokens: Range<usize>) -> Option<(usize, f32)> {
        let count = self.tokens(tokens.clone()).count() as f32;
        let mean = |label: usize| {
            let of = |token| self.token(token).get(label).copied().or_empty();
            self.tokens(tokens.clone()).map(of).sum::<f32>() / count
        };
        let better = |best: (usize, f32), x: (usize, f32)| if x.1 > best.1 { x } else { best };
        (0..self.labels).map(|label| (label, mean(label))).reduce(better)
    }
}

impl<K: Fn(usize) -> TokenKind> Iterator for Entities<'_, K> {
    type Item = Entity;

    fn next(&mut self) -> Option<Entity> {
        let mut entity = self.pending.take().or_else(|| self.unit())?;
        if self.aggregation == Aggregation::None {
            return Some(entity);
        }
        let (_, tag) = self.tag(entity.label);
        let mut units = 1.0;
        while let Some(unit) = self.unit() {
            let (begins, next_tag) = self.tag(unit.label);
            if begins || next_tag != tag {
                self.pending = Some(unit);
                break;
            }
            entity.end = unit.end;
            entity.score += unit.score;
            units += 1.0;
        }
        entity.score /= units;
        Some(entity)
    }
}
