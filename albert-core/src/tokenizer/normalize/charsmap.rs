//! Precompiled character maps as `tokenizers` applies them.
//!
//! A grapheme cluster of fewer than six bytes is looked up as one: the shortest key that it begins with replaces all of it.
//! Any other cluster, and one that begins with no key, goes code point by code point.

use super::graphemes::Clusters;
use super::pool::sequence;
use crate::slices::ruled_out;
use crate::tokenizer::characters;
use crate::tokenizer::memory::char_buffer::{CODE, CharBuffer, Character, Stop};
use crate::tokenizer::memory::workspace::Shortage;
use crate::tokenizer::tables::section::trie::BASE_MASK;
use crate::tokenizer::tables::{CodePointTable, Trie};

/// Clusters of this many bytes and more are not looked up as one.
const LONG_CLUSTER: usize = 6;
/// Pool index of the empty replacement.
pub(crate) const NOTHING: u32 = BASE_MASK;

pub(crate) fn run(
    trie: &Trie<'_>,
    pool: &[u32],
    categories: &CodePointTable<'_>,
    chars: &mut CharBuffer<'_>,
    whole: bool,
) -> Result<(), Stop> {
    let mut clusters = Clusters::new(*categories);
    let (mut from, mut removed_first) = (0, false);
    if let Some(first) = chars.get(0) {
        clusters.begins(first.code);
    }
    while from < chars.len() {
        // The cluster: it ends where the next begins.
        let (mut to, mut bytes) = (from, 0);
        while let Some(character) = chars.get(to) {
            if to > from && clusters.begins(character.code) {
                break;
            }
            bytes += utf8_len(character.code);
            to += 1;
        }
        let replacement = if bytes < LONG_CLUSTER { lookup(trie, chars, from, to) } else { None };
        if let Some(entry) = replacement {
            removed_first |= replace(pool, entry, to - from, chars)?;
        } else {
            for index in from..to {
                let Some(Character { code, .. }) = chars.get(index) else {
                    ruled_out();
                    break;
                };
                match lookup(trie, chars, index, index + 1) {
                    Some(entry) => removed_first |= replace(pool, entry, 1, chars)?,
                    None => chars.change(code, 0)?,
                }
            }
        }
        from = to;
    }
    // The reference does not count what it removed before the first result: everything after is off by that much.
    if removed_first && !whole {
        return Err(Stop::TakeWhole);
    }
    chars.apply();
    Ok(())
}

/// Length in UTF-8.
fn utf8_len(code: u32) -> usize {
    match code {
        0..0x80 => 1,
        0x80..0x800 => 2,
        0x800..0x1_0000 => 3,
        _ => 4,
    }
}

/// The value of the shortest key that chars `from..to` begin with.
fn lookup(trie: &Trie<'_>, chars: &CharBuffer<'_>, from: usize, to: usize) -> Option<u32> {
    let mut node = trie.root();
    for index in from..to {
        let code = char::from_u32(chars.get(index)?.code & CODE)?;
        for &byte in characters::encode(code, &mut [0; 4]) {
            node = trie.step(node, byte)?;
            if let Some(value) = trie.value(node) {
                return Some(value);
            }
        }
    }
    None
}

/// Replaces `old` code points by a pool entry; whether they were removed before there was any result.
fn replace(pool: &[u32], entry: u32, old: usize, chars: &mut CharBuffer<'_>) -> Result<bool, Shortage> {
    let mut new = 0;
    if entry != NOTHING {
        for code in sequence(pool, entry as usize) {
            chars.change(code, 0)?;
            new += 1;
        }
    }
    let result = chars.result();
    let count = result.len();
    if new > old {
        for character in result.iter_mut().skip(count - (new - old)) {
            character.start = 1;
        }
    } else if new < old {
        match result.last_mut() {
            Some(last) => last.start = (last.start as i32 - (old - new) as i32) as u32,
            None => return Ok(true),
        }
    }
    Ok(false)
}
