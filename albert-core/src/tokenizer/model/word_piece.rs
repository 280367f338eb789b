//! WordPiece: the longest piece first, from left to right (Wu et al. 2016).

use crate::tokenizer::memory::token_buffer::Piece;
use crate::tokenizer::tables::section::MAX_TOKEN_BYTES;
use crate::tokenizer::tables::{Node, Tables};

/// The longest piece of a word from byte `start` on; `None` when there is none.
///
/// `word` is UTF-8; `continuation` is where keys of pieces that go on a word begin in the vocabulary's trie.
#[inline]
pub(crate) fn longest_piece(
    tables: &Tables<'_>,
    continuation: Option<Node>,
    word: &[u8],
    start: usize,
) -> Option<Piece> {
    let mut place = if start == 0 { tables.vocab.root() } else { continuation? };
    let mut longest = None;
    let reach = word.get(..start + MAX_TOKEN_BYTES).unwrap_or(word);
    for (index, &byte) in reach.iter().enumerate().skip(start) {
        let Some(node) = tables.vocab.step(place, byte) else { break };
        place = node;
        if let Some(id) = tables.vocab.value(node) {
            longest = Some(Piece { id, start, end: index + 1, unknown: false });
        }
    }
    longest
}
