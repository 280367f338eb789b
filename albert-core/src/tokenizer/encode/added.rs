//! Added tokens: matched in the text before anything else happens to it.

use crate::tokenizer::characters;
use crate::tokenizer::tables::section::added::{LSTRIP, RSTRIP, SINGLE_WORD};
use crate::tokenizer::tables::{Tables, Trie, is_white_space};

/// Finds the added tokens of a text, leftmost first, the longest at each place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matcher<'m> {
    trie: Trie<'m>,
    /// Bytes that a token begins with.
    begins: [u32; 8],
}

/// An added token in the text; bytes `start` to `end`, blanks that it takes in included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match {
    pub(crate) id: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'m> Matcher<'m> {
    pub(crate) fn new(trie: Trie<'m>) -> Self {
        let mut begins = [0u32; 8];
        for byte in 0..=255u8 {
            if trie.step(trie.root(), byte).is_some()
                && let Some(word) = begins.get_mut(usize::from(byte / 32))
            {
                *word |= 1 << (byte % 32);
            }
        }
        Self { trie, begins }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.trie.is_empty()
    }

    /// The next token at or after byte `from`. Blanks before `taken` are not to be taken in any more.
    pub(crate) fn find(&self, tables: &Tables<'_>, text: &str, mut from: usize, taken: usize) -> Option<Match> {
        if self.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        loop {
            let rest = bytes.get(from..)?;
            let skip = rest.iter().position(|&byte| {
                self.begins.get(usize::from(byte / 32)).is_some_and(|word| word >> (byte % 32) & 1 != 0)
            })?;
            from += skip;
            let Some((record, length)) = self.trie.longest_prefix(bytes.get(from..)?) else {
                from += 1;
                continue;
            };
            let end = from + length;
            match self.accept(tables, text, record, from, end, taken) {
                Some(found) => return Some(found),
                None => from = end,
            }
        }
    }

    fn accept(
        &self,
        tables: &Tables<'_>,
        text: &str,
        record: u32,
        start: usize,
        end: usize,
        taken: usize,
    ) -> Option<Match> {
        let (id, flags) = tables.added(record)?;
        let (before, after) = (text.get(..start)?, text.get(end..)?);
        if flags & SINGLE_WORD != 0 {
            let words = tables.word_characters();
            let is_word = |code: Option<char>| code.is_some_and(|code| words.get(u32::from(code)) != 0);
            if is_word(characters::next_back(&mut before.chars())) || is_word(characters::next(&mut after.chars())) {
                return None;
            }
        }
        let blank = |code: Option<char>| code.is_some_and(|code| is_white_space(u32::from(code)));
        let (mut start, mut end) = (start, end);
        if flags & LSTRIP != 0 {
            let mut chars = before.get(taken..)?.chars();
            while blank(characters::next_back(&mut chars)) {
                start = taken + chars.as_str().len();
            }
        }
        if flags & RSTRIP != 0 {
            let mut chars = after.chars();
            while blank(characters::next(&mut chars)) {
                end = text.len() - chars.as_str().len();
            }
        }
        Some(Match { id, start, end })
    }
}
