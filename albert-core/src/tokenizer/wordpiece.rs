//! WordPiece: the longest piece first, from left to right (Wu et al. 2016).

use super::tables::Tables;
use super::trie::Node;
use super::unigram::Piece;

/// The pieces of a word in order; `None` when it cannot be spelled and is one unknown token.
///
/// `word` is UTF-8; `continuation` is where keys of pieces that go on a word begin in the vocabulary's trie.
#[inline]
pub(super) fn longest_piece(
    tables: &Tables<'_>,
    continuation: Option<Node>,
    word: &[u8],
    start: usize,
) -> Option<Piece> {
    let mut place = if start == 0 { tables.vocab.root() } else { continuation? };
    let mut longest = None;
    for (index, &byte) in word.iter().enumerate().skip(start) {
        let Some(node) = tables.vocab.step(place, byte) else { break };
        place = node;
        if let Some(id) = tables.vocab.value(node) {
            longest = Some(Piece { id, start, end: index + 1, unknown: false });
        }
    }
    longest
}
