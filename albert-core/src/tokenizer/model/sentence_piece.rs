//! ALBERT's use of SentencePiece, for checkpoints with a bare `spiece.model`.
//!
//! Sums run over the whole text in f32 as SentencePiece's do; because every word begins with a blank and no piece goes across,
//! the words can still be taken one by one.

use super::unigram::{self, ScoreSum};
use crate::tokenizer::memory::token_buffer::{Piece, Source, TokenBuffer};
use crate::tokenizer::memory::workspace::Shortage;
use crate::tokenizer::tables::Tables;

/// The pieces of a word, ALBERT's digit-comma rule applied.
pub(crate) fn push_word(
    tables: &Tables<'_>,
    word: &[u8],
    source: Source<'_>,
    scratch: &mut [u64],
    used: usize,
    tokens: &mut TokenBuffer<'_>,
) -> Result<(), Shortage> {
    let (mut seen, sums) = (0, ScoreSum::Single(tokens.progress.score));
    let comma = tables.vocab.get(b",").unwrap_or(tables.unk);
    let score =
        unigram::best_pieces(tables, word, sums, scratch, used, &mut |piece| match tables.digit_comma(piece.id) {
            Some(parts) if !piece.unknown => {
                let mut start = piece.start;
                for &[id, characters] in parts {
                    let end = characters_end(word, start, characters as usize).min(piece.end);
                    let part = Piece { id, start, end, unknown: id == tables.unk };
                    tokens.push_piece(&part, word, source, &mut seen)?;
                    start = end;
                }
                Ok(())
            }
            // Unknown text is taken apart too.
            _ if piece.unknown && word.get(piece.start..piece.end).is_some_and(ends_in_digit_comma) => {
                let start = piece.end - 1;
                tokens.push_piece(&Piece { end: start, ..piece }, word, source, &mut seen)?;
                let part = Piece { id: comma, start, end: piece.end, unknown: comma == tables.unk };
                tokens.push_piece(&part, word, source, &mut seen)
            }
            _ => tokens.push_piece(&piece, word, source, &mut seen),
        })?;
    tokens.progress.score = score as f32;
    Ok(())
}

fn ends_in_digit_comma(text: &[u8]) -> bool {
    matches!(text, [.., b'0'..=b'9', b','])
}

/// The byte after `characters` characters from `start` on, or the end of the word: a damaged table may ask for more.
fn characters_end(word: &[u8], start: usize, characters: usize) -> usize {
    let mut end = start;
    for _ in 0..characters {
        let Some(&lead) = word.get(end) else { break };
        end += unigram::character_len(lead);
    }
    end
}
