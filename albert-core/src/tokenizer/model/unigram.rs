//! Unigram: the best-scoring segmentation of a word (Kudo 2018), by dynamic programming over its bytes.

use crate::build_features::SENTENCE_PIECE;
use crate::slices::ruled_out;
use crate::tokenizer::memory::token_buffer::Piece;
use crate::tokenizer::memory::workspace::{Shortage, carve};
use crate::tokenizer::tables::Tables;
use crate::tokenizer::tables::section::MAX_TOKEN_BYTES;

/// Best way to reach a byte position.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Node {
    score: f64,
    id: u32,
    /// Where the last piece begins; after the search, on the best path, where the next piece ends.
    link: u32,
}

const UNREACHED: Node = Node { score: 0.0, id: 0, link: u32::MAX };

/// How sums are rounded, and where they start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ScoreSum {
    /// f64, from 0 in each word.
    Double,
    /// Kept in f32, from the score of everything before the word.
    Single(f32),
}

/// Hands out the pieces of `word` (UTF-8) in order. `used` words of scratch lie before `scratch`. Returns the score of
/// the best path.
///
/// Ties go to the candidate that was found first, which is the one that begins earliest. Adjacent unknown pieces are one.
pub(crate) fn best_pieces(
    tables: &Tables<'_>,
    word: &[u8],
    sums: ScoreSum,
    scratch: &mut [u64],
    used: usize,
    emit: &mut dyn FnMut(Piece) -> Result<(), Shortage>,
) -> Result<f64, Shortage> {
    let size = word.len();
    let Some((nodes, _)) = carve::<Node>(scratch, size + 1) else {
        return Err(Shortage::Scratch(used + (size + 1) * 2));
    };
    nodes.fill(UNREACHED);
    if let (Some(first), ScoreSum::Single(score)) = (nodes.first_mut(), sums) {
        first.score = f64::from(score);
    }
    let single_precision = SENTENCE_PIECE && matches!(sums, ScoreSum::Single(_));
    let mut from = 0;
    while let Some(&lead) = word.get(from) {
        let so_far = nodes.get(from).map_or(0.0, |node| node.score);
        let next = (from + character_len(lead)).min(size);
        let mut single = false;
        let mut place = tables.vocab.root();
        let reach = word.get(..from + MAX_TOKEN_BYTES).unwrap_or(word);
        for (index, &byte) in reach.iter().enumerate().skip(from) {
            let Some(node) = tables.vocab.step(place, byte) else { break };
            place = node;
            if let Some(id) = tables.vocab.value(node) {
                let end = index + 1;
                single |= end == next;
                relax(nodes, from, end, id, tables.scores.get(id) + so_far, single_precision);
            }
        }
        if !single {
            let score = tables.unk_score() + so_far;
            relax(nodes, from, next, tables.unk, score, single_precision);
        }
        from = next;
    }
    debug_assert!(size < nodes.len());
    let score = nodes.get(size).map_or(0.0, |node| node.score);
    follow(tables, word, nodes, emit)?;
    Ok(score)
}

/// SentencePiece computes in f32.
#[inline]
fn relax(nodes: &mut [Node], from: usize, to: usize, id: u32, score: f64, single_precision: bool) {
    let score = if single_precision { f64::from(score as f32) } else { score };
    debug_assert!(to < nodes.len());
    if let Some(node) = nodes.get_mut(to)
        && (node.link == u32::MAX || score > node.score)
    {
        *node = Node { score, id, link: from as u32 };
    }
}

/// Hands out the best path's pieces from left to right.
fn follow(
    tables: &Tables<'_>,
    word: &[u8],
    nodes: &mut [Node],
    emit: &mut dyn FnMut(Piece) -> Result<(), Shortage>,
) -> Result<(), Shortage> {
    // The path is linked from its end: turn the links around.
    let size = word.len();
    let (mut at, mut next) = (size, size);
    while let Some(node) = nodes.get_mut(at) {
        let before = node.link as usize;
        node.link = next as u32;
        next = at;
        if at == 0 || before >= at {
            break;
        }
        at = before;
    }
    let mut unknown: Option<usize> = None;
    let mut start = 0;
    while start < size {
        let Some(end) = nodes.get(start).map(|node| node.link as usize) else {
            ruled_out();
            break;
        };
        let Some(id) = nodes.get(end).filter(|_| end > start).map(|node| node.id) else {
            // Every position is reached, if only by unknown characters.
            ruled_out();
            break;
        };
        if id == tables.unk {
            unknown.get_or_insert(start);
        } else {
            if let Some(from) = unknown.take() {
                emit_unknown(tables, word, from, start, emit)?;
            }
            emit(Piece { id, start, end, unknown: false })?;
        }
        start = end;
    }
    match unknown {
        Some(from) => emit_unknown(tables, word, from, start, emit),
        None => Ok(()),
    }
}

/// Unknown text that happens to be a piece as a whole is that piece, as in the reference.
#[cold]
fn emit_unknown(
    tables: &Tables<'_>,
    word: &[u8],
    start: usize,
    end: usize,
    emit: &mut dyn FnMut(Piece) -> Result<(), Shortage>,
) -> Result<(), Shortage> {
    debug_assert!(start <= end && end <= word.len());
    let id = word.get(start..end).and_then(|text| tables.vocab.get(text)).unwrap_or(tables.unk);
    emit(Piece { id, start, end, unknown: id == tables.unk })
}

/// Bytes of the character that begins with `lead`.
#[inline]
pub(crate) fn character_len(lead: u8) -> usize {
    match lead {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}
