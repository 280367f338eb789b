//! What a call works with.

use super::added::Matcher;
use crate::tokenizer::tables::{Node, Tables};

/// A tokenizer's tables, made ready for a call.
pub(crate) struct Pipeline<'m> {
    pub(crate) tables: Tables<'m>,
    pub(super) added: Matcher<'m>,
    pub(super) normalized: Matcher<'m>,
    /// Where pieces that continue a word begin in the vocabulary (WordPiece).
    pub(crate) continuation: Option<Node>,
}

impl<'m> Pipeline<'m> {
    pub(crate) fn new(tables: &Tables<'m>) -> Self {
        Self {
            added: Matcher::new(tables.added_trie(false)),
            normalized: Matcher::new(tables.added_trie(true)),
            continuation: tables.vocab.walk(tables.vocab.root(), tables.prefix().as_bytes()),
            tables: *tables,
        }
    }
}
