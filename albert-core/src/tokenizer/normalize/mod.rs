//! Normalization and pre-tokenization of a segment: code points to code points, and where words begin.

mod charsmap;
mod graphemes;
mod pool;
pub(crate) mod pre_tokenize;
mod sentence_piece;
mod unicode;

use super::characters;
use super::memory::char_buffer::{CharBuffer, Character, Stop};
use super::memory::workspace::Shortage;
use super::tables::section::map;
use super::tables::{CodePointTable, Operation, is_white_space};
use crate::build_features::SENTENCE_PIECE;
use crate::slices::{part, ruled_out};
use pool::sequence;
use unicode::{decompose, hangul};

const BLANK: u32 = 0x20;

/// Runs the pipeline over a segment. `begins` says that the text between two added tokens begins with it, `whole` that it is
/// all of it.
pub(crate) fn run<'m>(
    ops: impl Iterator<Item = Operation<'m>>,
    chars: &mut CharBuffer<'_>,
    begins: bool,
    whole: bool,
) -> Result<(), Stop> {
    for op in ops {
        match op {
            Operation::Map { table, pool } => map(&table, pool, chars)?,
            Operation::Decompose { table, pool, classes, pairs } => decompose(&table, pool, &classes, pairs, chars)?,
            Operation::Replace { pattern, content } => replace(pattern, content, chars)?,
            Operation::CollapseBlanks { content } => collapse_blanks(content, chars)?,
            Operation::Strip { left, right } => strip(left, right, chars)?,
            Operation::Prepend { content } => prepend(content, chars)?,
            Operation::Charsmap { trie, pool, categories } => charsmap::run(&trie, pool, &categories, chars, whole)?,
            Operation::SentencePiece { trie, pool, symbols, bits } => {
                if SENTENCE_PIECE {
                    sentence_piece::normalize(&trie, pool, &symbols, bits, begins, chars)?;
                }
            }
        }
    }
    Ok(())
}

fn map(table: &CodePointTable<'_>, pool: &[u32], chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    for index in 0..chars.len() {
        let Some(Character { code, start, end }) = chars.get(index) else {
            ruled_out();
            break;
        };
        match table.get(code) {
            map::IDENTITY => chars.push(code, start, end)?,
            map::REMOVE => {}
            map::SPACED => {
                chars.push(BLANK, start, end)?;
                chars.push(code, start, end)?;
                chars.push(BLANK, start, end)?;
            }
            map::HANGUL => {
                for jamo in hangul(code).into_iter().flatten() {
                    chars.push(jamo, start, end)?;
                }
            }
            entry => {
                for code in sequence(pool, usize::from(entry - map::POOL)) {
                    chars.push(code, start, end)?;
                }
            }
        }
    }
    chars.commit();
    Ok(())
}

fn replace(pattern: &str, content: &str, chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    let mut index = 0;
    while let Some(character) = chars.get(index) {
        let (mut wanted, mut length, mut last) = (pattern.chars(), 0, None);
        let matches = loop {
            let Some(code) = characters::next(&mut wanted) else { break true };
            last = chars.get(index + length).filter(|character| character.code == u32::from(code));
            if last.is_none() {
                break false;
            }
            length += 1;
        };
        match last {
            Some(last) if matches => {
                chars.push_text(content, last.start, last.end)?;
                index += length;
            }
            _ => {
                chars.push(character.code, character.start, character.end)?;
                index += 1;
            }
        }
    }
    chars.commit();
    Ok(())
}

fn collapse_blanks(content: &str, chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    let mut index = 0;
    while let Some(character) = chars.get(index) {
        let mut last = character;
        let mut run = 0;
        while let Some(blank) = chars.get(index + run).filter(|character| character.code == BLANK) {
            last = blank;
            run += 1;
        }
        if run >= 2 {
            chars.push_text(content, last.start, last.end)?;
        } else {
            chars.push(character.code, character.start, character.end)?;
        }
        index += run.max(1);
    }
    chars.commit();
    Ok(())
}

fn strip(left: bool, right: bool, chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    let all = chars.all();
    let leading = if left { all.iter().take_while(|character| is_white_space(character.code)).count() } else { 0 };
    let rest = part(all, leading..);
    let trailing =
        if right { rest.iter().rev().take_while(|character| is_white_space(character.code)).count() } else { 0 };
    let kept = rest.len() - trailing;
    chars.bring_down(leading, 0, kept);
    chars.truncate(kept);
    Ok(())
}

fn prepend(content: &str, chars: &mut CharBuffer<'_>) -> Result<(), Shortage> {
    let Some(first) = chars.get(0) else { return Ok(()) };
    chars.push_text(content, first.start, first.end)?;
    for index in 0..chars.len() {
        let Some(character) = chars.get(index) else {
            ruled_out();
            break;
        };
        chars.push(character.code, character.start, character.end)?;
    }
    chars.commit();
    Ok(())
}
