//! SentencePiece's own normalizer, for checkpoints with a bare `spiece.model`.

use super::charsmap::NOTHING;
use crate::tokenizer::characters;
use crate::tokenizer::memory::char_buffer::{CODE, CharBuffer, Character};
use crate::tokenizer::memory::workspace::Shortage;
use crate::tokenizer::tables::Trie;
use crate::tokenizer::tables::section::MAX_TOKEN_BYTES;
use crate::tokenizer::tables::section::map::MORE;
use crate::tokenizer::tables::section::sentence_piece::{DUMMY_PREFIX, ESCAPE_BLANKS, REMOVE_EXTRA_BLANKS};

/// The character that stands for a blank.
const ESCAPED: u32 = 0x2581;
const BLANK: u32 = 0x20;

/// Longest match of user-defined symbols, then of the character map; blanks collapsed, escaped, and one put in front.
///
/// A segment that does not begin the text follows a visible character, and its own first blank is what is put in front.
pub(crate) fn normalize(
    trie: &Trie<'_>,
    pool: &[u32],
    symbols: &Trie<'_>,
    bits: u32,
    begins: bool,
    chars: &mut CharBuffer<'_>,
) -> Result<(), Shortage> {
    let remove = bits & REMOVE_EXTRA_BLANKS != 0;
    let blank = if bits & ESCAPE_BLANKS != 0 { ESCAPED } else { BLANK };
    let mut from = 0;
    while begins && remove && from < chars.len() {
        let (entry, count) = longest(trie, symbols, chars, from);
        let mut codes = Codes::new(pool, entry, from, count);
        if codes.next(chars) != Some(BLANK) || codes.next(chars).is_some() {
            break;
        }
        from += count;
    }
    let Some(first) = chars.get(from) else {
        chars.truncate(0);
        return Ok(());
    };
    if begins && bits & DUMMY_PREFIX != 0 {
        chars.push(blank, first.start, first.end)?;
    }
    let mut after_blank = begins && remove;
    while let Some(Character { start, .. }) = chars.get(from) {
        let (entry, count) = longest(trie, symbols, chars, from);
        let end = chars.get(from + count - 1).map_or(start, |character| character.end);
        let mut codes = Codes::new(pool, entry, from, count);
        let mut last = None;
        while let Some(code) = codes.next(chars) {
            if after_blank && last.is_none() && code == BLANK {
                continue;
            }
            chars.push(if code == BLANK { blank } else { code }, start, end)?;
            last = Some(code);
        }
        if let Some(last) = last {
            after_blank = last == BLANK;
        }
        after_blank &= remove;
        from += count;
    }
    chars.commit();
    if remove {
        let trailing = chars.all().iter().rev().take_while(|character| character.code == blank).count();
        chars.truncate(chars.len() - trailing);
    }
    Ok(())
}

/// The longest key at character `from`: its pool entry, `None` when the characters stand for themselves, and its length in characters.
fn longest(trie: &Trie<'_>, symbols: &Trie<'_>, chars: &CharBuffer<'_>, from: usize) -> (Option<u32>, usize) {
    if let Some((_, count)) = longest_key(symbols, chars, from) {
        return (None, count);
    }
    match longest_key(trie, chars, from) {
        Some((entry, count)) => (Some(entry), count),
        None => (None, 1),
    }
}

fn longest_key(trie: &Trie<'_>, chars: &CharBuffer<'_>, from: usize) -> Option<(u32, usize)> {
    let mut node = trie.root();
    let mut found = None;
    let mut index = from;
    // A key's characters are no more than its bytes.
    while let Some(character) = chars.get(index).filter(|_| index - from < MAX_TOKEN_BYTES) {
        let code = char::from_u32(character.code & CODE).unwrap_or_default();
        let mut bytes = [0; 4];
        let Some(next) = trie.walk(node, characters::encode(code, &mut bytes)) else { break };
        node = next;
        index += 1;
        if let Some(value) = trie.value(node) {
            found = Some((value, index - from));
        }
    }
    found
}

/// What a key is replaced by: a pool entry or the characters themselves.
struct Codes<'p> {
    pool: &'p [u32],
    /// Next word of the pool; `None` for characters or when done.
    entry: Option<usize>,
    /// Characters still to come.
    chars: core::ops::Range<usize>,
}

impl<'p> Codes<'p> {
    fn new(pool: &'p [u32], entry: Option<u32>, from: usize, count: usize) -> Self {
        match entry {
            Some(NOTHING) => Self { pool, entry: None, chars: 0..0 },
            Some(entry) => Self { pool, entry: Some(entry as usize), chars: 0..0 },
            None => Self { pool, entry: None, chars: from..from + count },
        }
    }

    fn next(&mut self, chars: &CharBuffer<'_>) -> Option<u32> {
        if let Some(at) = self.entry {
            let word = *self.pool.get(at)?;
            self.entry = (word & MORE != 0).then_some(at + 1);
            return Some(word & CODE);
        }
        chars.get(self.chars.next()?).map(|character| character.code)
    }
}
