//! How much a text can grow on its way to tokens.

use super::section::{MAX_EXPANSION, MAX_EXPANSION_EXTRA, MAX_TOKEN_BYTES, map, prepend, trie};
use super::{CodePointTable, Operation, Step, Trie};
use crate::tokenizer::offsets::count;

/// Most characters that a text has at any stage of its normalization.
///
/// A tokenizer states this, the reader checks it, and a program can bound its memory by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Expansion {
    /// For each character of the text.
    pub factor: u32,
    /// Besides.
    pub extra: u32,
}

impl Expansion {
    /// A text stays as it is.
    pub(super) const NONE: Self = Self { factor: 1, extra: 0 };

    /// Most characters that come of `characters` ones.
    pub const fn characters(&self, characters: usize) -> usize {
        characters.saturating_mul(self.factor as usize).saturating_add(self.extra as usize)
    }

    /// This, and then more of the same.
    fn then(self, factor: usize, extra: usize) -> Self {
        let factor = factor.clamp(1, u32::MAX as usize) as u32;
        Self {
            factor: self.factor.saturating_mul(factor),
            extra: self.extra.saturating_mul(factor).saturating_add(extra as u32),
        }
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.factor <= other.factor && self.extra <= other.extra
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.factor <= MAX_EXPANSION && self.extra <= MAX_EXPANSION_EXTRA
    }
}

impl Operation<'_> {
    /// How far a text has grown after the operation; `None` when a table of it is damaged.
    pub(super) fn expansion(&self, before: Expansion) -> Option<Expansion> {
        let any = u32::from(u16::MAX) + 1;
        let (factor, extra) = match *self {
            Self::Map { table, pool } => (mapped(&table, pool)?, 0),
            Self::Decompose { table, pool, classes, .. } if classes.values_are_below(any) => (mapped(&table, pool)?, 0),
            Self::Replace { pattern, content } => (length(content)?.div_ceil(length(pattern)?.max(1)), 0),
            Self::CollapseBlanks { content } => (length(content)?.div_ceil(2), 0),
            Self::Strip { .. } => (1, 0),
            Self::Prepend { content } => (1, length(content)?),
            Self::Charsmap { trie, pool, categories } if categories.values_are_below(any) => (keyed(&trie, pool)?, 0),
            Self::SentencePiece { trie, pool, symbols, .. } if symbols.values_are_below(trie::VALUE, 0) => {
                (keyed(&trie, pool)?, 1)
            }
            _ => return None,
        };
        Some(before.then(factor, extra))
    }
}

impl Step<'_> {
    /// As of an operation: a blank may be put before every word, and a word is a character at least.
    pub(super) fn expansion(&self, before: Expansion) -> Option<Expansion> {
        match self {
            Self::Metaspace { prepend: prepend::NEVER, .. } | Self::Whitespace => Some(before),
            Self::Metaspace { .. } => Some(before.then(2, 0)),
            Self::Punctuation { table } => table.values_are_below(u32::from(u16::MAX) + 1).then_some(before),
        }
    }
}

/// Characters of a string that is short enough.
fn length(text: &str) -> Option<usize> {
    (text.len() <= MAX_TOKEN_BYTES).then(|| count(text) as usize)
}

/// Longest image of a code point; spaced ones and Hangul syllables have three.
fn mapped(table: &CodePointTable<'_>, pool: &[u32]) -> Option<usize> {
    let end = u32::try_from(pool.len()).ok()?.checked_add(map::POOL.into())?;
    if table.values_are_below(end) { Some(longest(pool)?.max(3)) } else { None }
}

/// Longest replacement of a key.
fn keyed(trie: &Trie<'_>, pool: &[u32]) -> Option<usize> {
    let end = u32::try_from(pool.len()).ok()?;
    if trie.values_are_below(end, trie::BASE_MASK) { longest(pool) } else { None }
}

/// Length of a pool's longest sequence; `None` when a word is no character or the last sequence does not end.
fn longest(pool: &[u32]) -> Option<usize> {
    let (mut longest, mut length) = (0usize, 0usize);
    for &word in pool {
        char::from_u32(word & !map::MORE)?;
        length += 1;
        if word & map::MORE == 0 {
            longest = longest.max(length);
            length = 0;
        }
    }
    (length == 0).then_some(longest)
}
