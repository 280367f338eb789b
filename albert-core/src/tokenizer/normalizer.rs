//! The normalizer's operations on a stretch of text: code points to code points.

use super::items::{CODE, Item, Items, Stop};
use super::lookup::CodePoints;
use super::section::map;
use super::trie::Trie;
use super::unicode::{decompose, hangul};
use super::workspace::Need;
use super::{charsmap, sentencepiece};
use crate::build_features::SENTENCE_PIECE;

const BLANK: u32 = 0x20;

/// A normalizer operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op<'m> {
    Map { table: CodePoints<'m>, pool: &'m [u32] },
    Decompose { table: CodePoints<'m>, pool: &'m [u32], classes: CodePoints<'m>, pairs: Option<&'m [[u32; 3]]> },
    Replace { pattern: &'m str, content: &'m str },
    CollapseBlanks { content: &'m str },
    Strip { left: bool, right: bool },
    Prepend { content: &'m str },
    Charsmap { trie: Trie<'m>, pool: &'m [u32], categories: CodePoints<'m> },
    SentencePiece { trie: Trie<'m>, pool: &'m [u32], symbols: Trie<'m>, bits: u32 },
}

/// Runs the pipeline over a stretch. `begins` says that the text between two added tokens begins with it, `whole` that it is
/// all of it.
pub(super) fn run<'m>(
    ops: impl Iterator<Item = Op<'m>>,
    items: &mut Items<'_>,
    begins: bool,
    whole: bool,
) -> Result<(), Stop> {
    for op in ops {
        match op {
            Op::Map { table, pool } => map(&table, pool, items)?,
            Op::Decompose { table, pool, classes, pairs } => decompose(&table, pool, &classes, pairs, items)?,
            Op::Replace { pattern, content } => replace(pattern, content, items)?,
            Op::CollapseBlanks { content } => collapse_blanks(content, items)?,
            Op::Strip { left, right } => strip(left, right, items)?,
            Op::Prepend { content } => prepend(content, items)?,
            Op::Charsmap { trie, pool, categories } => charsmap::run(&trie, pool, &categories, items, whole)?,
            Op::SentencePiece { trie, pool, symbols, bits } => {
                if SENTENCE_PIECE {
                    sentencepiece::normalize(&trie, pool, &symbols, bits, begins, items)?;
                }
            }
        }
    }
    Ok(())
}

/// The code points of a pool entry.
pub(super) fn sequence(pool: &[u32], index: usize) -> impl Iterator<Item = u32> + '_ {
    let mut more = true;
    pool.iter().skip(index).map_while(move |&word| {
        let code = more.then_some(word & CODE);
        more = word & map::MORE != 0;
        code
    })
}

fn map(table: &CodePoints<'_>, pool: &[u32], items: &mut Items<'_>) -> Result<(), Need> {
    for index in 0..items.len() {
        let Some(Item { code, start, end }) = items.get(index) else { break };
        match table.get(code) {
            map::IDENTITY => items.push(code, start, end)?,
            map::REMOVE => {}
            map::SPACED => {
                items.push(BLANK, start, end)?;
                items.push(code, start, end)?;
                items.push(BLANK, start, end)?;
            }
            map::HANGUL => {
                for jamo in hangul(code).into_iter().flatten() {
                    items.push(jamo, start, end)?;
                }
            }
            entry => {
                for code in sequence(pool, usize::from(entry - map::POOL)) {
                    items.push(code, start, end)?;
                }
            }
        }
    }
    items.keep();
    Ok(())
}

fn replace(pattern: &str, content: &str, items: &mut Items<'_>) -> Result<(), Need> {
    let mut index = 0;
    while let Some(item) = items.get(index) {
        let mut length = 0;
        let matches = pattern.chars().all(|code| {
            let same = items.get(index + length).is_some_and(|item| item.code == u32::from(code));
            length += 1;
            same
        });
        match items.get((index + length).wrapping_sub(1)) {
            Some(last) if matches => {
                for code in content.chars() {
                    items.push(u32::from(code), last.start, last.end)?;
                }
                index += length;
            }
            _ => {
                items.push(item.code, item.start, item.end)?;
                index += 1;
            }
        }
    }
    items.keep();
    Ok(())
}

fn collapse_blanks(content: &str, items: &mut Items<'_>) -> Result<(), Need> {
    let mut index = 0;
    while let Some(item) = items.get(index) {
        let mut last = item;
        let mut run = 0;
        while let Some(blank) = items.get(index + run).filter(|item| item.code == BLANK) {
            last = blank;
            run += 1;
        }
        if run >= 2 {
            for code in content.chars() {
                items.push(u32::from(code), last.start, last.end)?;
            }
        } else {
            items.push(item.code, item.start, item.end)?;
        }
        index += run.max(1);
    }
    items.keep();
    Ok(())
}

fn strip(left: bool, right: bool, items: &mut Items<'_>) -> Result<(), Need> {
    let all = items.all();
    let leading = if left { all.iter().take_while(|item| is_white_space(item.code)).count() } else { 0 };
    let rest = all.get(leading..).unwrap_or(&[]);
    let trailing = if right { rest.iter().rev().take_while(|item| is_white_space(item.code)).count() } else { 0 };
    let kept = rest.len() - trailing;
    super::workspace::copy(items.all(), leading, 0, kept);
    items.truncate(kept);
    Ok(())
}

fn prepend(content: &str, items: &mut Items<'_>) -> Result<(), Need> {
    let Some(first) = items.get(0) else { return Ok(()) };
    for code in content.chars() {
        items.push(u32::from(code), first.start, first.end)?;
    }
    for index in 0..items.len() {
        let Some(item) = items.get(index) else { break };
        items.push(item.code, item.start, item.end)?;
    }
    items.keep();
    Ok(())
}

/// The White_Space property, which Unicode keeps stable.
pub(super) fn is_white_space(code: u32) -> bool {
    matches!(
        code,
        9..=13 | 0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000
    )
}
