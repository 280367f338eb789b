//! Labels of tokens, or the entities that they form.

use std::fmt;

use albert_core::heads::{Aggregation, Entities, Entity, TokenKind};
use albert_core::tokenizer::Tokenizer;
use serde::Serialize;

use super::windows::Windowed;
use super::{Settings, not_empty, softmax};
use crate::engine::{Engine, Tokens};
use crate::error::{Error, Result};
use crate::input::Row;
use crate::names;

/// The label that says that a token is nothing; it is left out.
const NOTHING: &str = "O";

/// A labelled token, or an entity.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Found {
    Token { entity: String, score: f32, index: usize, word: String, start: u32, end: u32 },
    Group { entity_group: String, score: f32, word: String, start: u32, end: u32 },
}

impl Found {
    /// First code point, and one past the last.
    fn place(&self) -> (u32, u32) {
        match *self {
            Self::Token { start, end, .. } | Self::Group { start, end, .. } => (start, end),
        }
    }

    fn score(&self) -> f32 {
        match *self {
            Self::Token { score, .. } | Self::Group { score, .. } => score,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { entity: name, score, word, start, end, .. }
            | Self::Group { entity_group: name, score, word, start, end } => {
                write!(f, "{name}\t{score:.4}\t{start}-{end}\t{word}")
            }
        }
    }
}

/// The tokens or entities from left to right. A text that is too long is cut, or with a stride read in windows.
pub(super) fn answer(engine: &mut Engine<'_>, row: &Row, settings: &Settings) -> Result<Vec<Found>> {
    if row.pair.is_some() {
        return Err(Error::new("token classification takes one text; give no second one"));
    }
    let text = Text::new(not_empty(row.text()?)?);
    let limit = engine.max_tokens();
    let Some(stride) = settings.options.stride else {
        let tokens = engine.encode(text.text, None, Some(limit))?;
        return window(engine, &text, &tokens, settings);
    };
    if settings.options.aggregation_strategy == Aggregation::None {
        return Err(Error::new("--stride puts entities of windows together; give an --aggregation-strategy"));
    }
    let windowed = Windowed::new(engine, None, text.text, limit, stride, "--stride")?;
    let mut found = Vec::new();
    for range in &windowed.ranges {
        let (tokens, _) = windowed.input(engine.tokenizer()?, None, range)?;
        found.extend(window(engine, &text, &tokens, settings)?);
    }
    Ok(if windowed.ranges.len() > 1 { without_overlaps(found) } else { found })
}

/// Of entities that overlap, as two windows may see them, the longest, and of equally long ones the surest.
fn without_overlaps(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| found.place().0);
    let mut kept: Vec<Found> = Vec::new();
    for next in found {
        let (start, end) = next.place();
        match kept.last_mut() {
            Some(last) if start < last.place().1 => {
                let (length, best) = (end - start, last.place().1 - last.place().0);
                if length > best || (length == best && next.score() > last.score()) {
                    *last = next;
                }
            }
            _ => kept.push(next),
        }
    }
    kept
}

/// The tokens or entities of one input.
fn window(engine: &mut Engine<'_>, text: &Text<'_>, tokens: &Tokens, settings: &Settings) -> Result<Vec<Found>> {
    let (model, kernels, tokenizer) = (engine.model(), engine.kernels(), engine.tokenizer()?);
    let labels = model.config().num_labels.max(1) as usize;
    let logits = engine.logits(tokens)?;
    let scores: Vec<f32> = logits.chunks_exact(labels).flat_map(|row| softmax(kernels, row)).collect();
    let pieces = Pieces { tokenizer, tokens, text };
    let aggregation = settings.options.aggregation_strategy;
    let entities = Entities::new(model, &scores, aggregation, |token| pieces.kind(token));
    let found = entities.map(|entity| {
        let label = names::label(model, entity.label);
        let (start, end) = pieces.range(entity.start, entity.end);
        let (score, index) = (entity.score, entity.start);
        match aggregation {
            Aggregation::None => {
                let word = pieces.word(index);
                (label.clone(), Found::Token { entity: label, score, index, word, start, end })
            }
            _ => {
                let group = label.split_once('-').map_or(&*label, |(_, tag)| tag).to_owned();
                let word = pieces.words(&entity, aggregation != Aggregation::Simple);
                (group.clone(), Found::Group { entity_group: group, score, word, start, end })
            }
        }
    });
    Ok(found.filter(|(name, _)| name != NOTHING).map(|(_, found)| found).collect())
}

/// A text whose code points can be counted.
struct Text<'t> {
    text: &'t str,
    /// Byte at which each code point starts, and the end.
    starts: Vec<usize>,
}

impl<'t> Text<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, starts: text.char_indices().map(|(start, _)| start).chain([text.len()]).collect() }
    }

    /// The code points from `start` to `end`.
    fn get(&self, start: u32, end: u32) -> &'t str {
        let byte = |at: u32| self.starts.get(at as usize).copied().unwrap_or(self.text.len());
        self.text.get(byte(start)..byte(end)).unwrap_or("")
    }
}

/// The tokens of a text and what they stand for.
struct Pieces<'a> {
    tokenizer: Tokenizer<'a>,
    tokens: &'a Tokens,
    text: &'a Text<'a>,
}

impl Pieces<'_> {
    /// The code points of the tokens from `start` to before `end`.
    fn range(&self, start: usize, end: usize) -> (u32, u32) {
        let offsets = |token: usize| self.tokens.offsets.get(token).copied().unwrap_or_default();
        (offsets(start).start, offsets(end.saturating_sub(1)).end)
    }

    fn id(&self, token: usize) -> Option<u32> {
        self.tokens.ids.get(token).copied()
    }

    fn is_unknown(&self, token: usize) -> bool {
        self.id(token) == self.tokenizer.unk()
    }

    fn piece(&self, token: usize) -> &str {
        self.id(token).and_then(|id| self.tokenizer.id_to_token(id)).unwrap_or("")
    }

    /// The token as it stands in the vocabulary, or the text that an unknown one stands for.
    fn word(&self, token: usize) -> String {
        let (start, end) = self.range(token, token + 1);
        if self.is_unknown(token) { self.text.get(start, end) } else { self.piece(token) }.to_owned()
    }

    /// A token goes on with a word when a blank is neither its first character nor the one before; with a vocabulary that
    /// marks continuations, when it is marked.
    fn kind(&self, token: usize) -> TokenKind {
        let (start, end) = self.range(token, token + 1);
        let continues = match self.tokenizer.continuation_prefix() {
            Some(_) => self.piece(token).chars().count() != (end - start) as usize,
            None => start > 0 && !self.text.get(start - 1, start + 1).contains(' '),
        };
        match self.tokens.special.get(token) {
            Some(false) if continues && !self.is_unknown(token) => TokenKind::Continues,
            Some(false) => TokenKind::Begins,
            _ => TokenKind::Special,
        }
    }

    /// The text of an entity's tokens. `by_word` joins each word's tokens first, as the pipeline does for the strategies that
    /// make words; with a vocabulary that marks beginnings of words, the blanks between words are lost then.
    fn words(&self, entity: &Entity, by_word: bool) -> String {
        let tokens = (entity.start..entity.end).filter(|&token| self.kind(token) != TokenKind::Special);
        if !by_word {
            return self.join(&tokens.map(|token| self.word(token)).collect::<Vec<_>>());
        }
        let mut words: Vec<Vec<String>> = Vec::new();
        for token in tokens {
            match words.last_mut() {
                Some(word) if self.kind(token) == TokenKind::Continues => word.push(self.word(token)),
                _ => words.push(vec![self.word(token)]),
            }
        }
        self.join(&words.iter().map(|word| self.join(word)).collect::<Vec<_>>())
    }

    /// Tokens to text.
    fn join(&self, words: &[String]) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        self.tokenizer.convert_tokens_to_string(words.iter().map(String::as_str), &mut text).unwrap_or_default();
        text
    }
}
