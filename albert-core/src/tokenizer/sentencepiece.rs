//! SentencePiece's own normalizer and ALBERT's use of its pieces.
//!
//! For checkpoints with a bare `spiece.model`. Sums run over the whole text in f32 as SentencePiece's do; because every word
//! begins with a blank and no piece goes across, the words can still be taken one by one.

use super::charsmap::NOTHING;
use super::items::{CODE, Item, Items};
use super::section::sentence_piece::{DUMMY_PREFIX, ESCAPE_BLANKS, REMOVE_EXTRA_BLANKS};
use super::sink::{Sink, Source};
use super::tables::Tables;
use super::trie::Trie;
use super::unigram::{self, Piece, Sums};
use super::workspace::Need;

/// The character that stands for a blank.
const ESCAPED: u32 = 0x2581;
const BLANK: u32 = 0x20;

/// Longest match of user-defined symbols, then of the character map; blanks collapsed, escaped, and one put in front.
///
/// A stretch that does not begin the text follows a visible character, and its own first blank is what is put in front.
pub(super) fn normalize(
    trie: &Trie<'_>,
    pool: &[u32],
    symbols: &Trie<'_>,
    bits: u32,
    begins: bool,
    items: &mut Items<'_>,
) -> Result<(), Need> {
    let remove = bits & REMOVE_EXTRA_BLANKS != 0;
    let blank = if bits & ESCAPE_BLANKS != 0 { ESCAPED } else { BLANK };
    let mut from = 0;
    while begins && remove && from < items.len() {
        let (entry, count) = longest(trie, symbols, items, from);
        let mut codes = Codes::new(pool, entry, from, count);
        if codes.next(items) != Some(BLANK) || codes.next(items).is_some() {
            break;
        }
        from += count;
    }
    let Some(first) = items.get(from) else {
        items.truncate(0);
        return Ok(());
    };
    if begins && bits & DUMMY_PREFIX != 0 {
        items.push(blank, first.start, first.end)?;
    }
    let mut after_blank = begins && remove;
    while let Some(Item { start, .. }) = items.get(from) {
        let (entry, count) = longest(trie, symbols, items, from);
        let end = items.get(from + count - 1).map_or(start, |item| item.end);
        let mut codes = Codes::new(pool, entry, from, count);
        let mut last = None;
        while let Some(code) = codes.next(items) {
            if after_blank && last.is_none() && code == BLANK {
                continue;
            }
            items.push(if code == BLANK { blank } else { code }, start, end)?;
            last = Some(code);
        }
        if let Some(last) = last {
            after_blank = last == BLANK;
        }
        after_blank &= remove;
        from += count;
    }
    items.keep();
    if remove {
        let trailing = items.all().iter().rev().take_while(|item| item.code == blank).count();
        items.truncate(items.len() - trailing);
    }
    Ok(())
}

/// The longest key at item `from`: its pool entry, `None` when the items stand for themselves, and its length in items.
fn longest(trie: &Trie<'_>, symbols: &Trie<'_>, items: &Items<'_>, from: usize) -> (Option<u32>, usize) {
    if let Some((_, count)) = longest_key(symbols, items, from) {
        return (None, count);
    }
    match longest_key(trie, items, from) {
        Some((entry, count)) => (Some(entry), count),
        None => (None, 1),
    }
}

fn longest_key(trie: &Trie<'_>, items: &Items<'_>, from: usize) -> Option<(u32, usize)> {
    let mut node = trie.root();
    let mut found = None;
    let mut index = from;
    while let Some(item) = items.get(index) {
        let code = char::from_u32(item.code & CODE).unwrap_or_default();
        let mut bytes = [0; 4];
        let Some(next) = trie.walk(node, code.encode_utf8(&mut bytes).as_bytes()) else { break };
        node = next;
        index += 1;
        if let Some(value) = trie.value(node) {
            found = Some((value, index - from));
        }
    }
    found
}

/// What a key is replaced by: a pool entry or the items themselves.
struct Codes<'p> {
    pool: &'p [u32],
    /// Next word of the pool; `None` for items or when done.
    entry: Option<usize>,
    /// Items still to come.
    items: core::ops::Range<usize>,
}

impl<'p> Codes<'p> {
    fn new(pool: &'p [u32], entry: Option<u32>, from: usize, count: usize) -> Self {
        match entry {
            Some(NOTHING) => Self { pool, entry: None, items: 0..0 },
            Some(entry) => Self { pool, entry: Some(entry as usize), items: 0..0 },
            None => Self { pool, entry: None, items: from..from + count },
        }
    }

    fn next(&mut self, items: &Items<'_>) -> Option<u32> {
        if let Some(at) = self.entry {
            let word = *self.pool.get(at)?;
            self.entry = (word & super::section::map::MORE != 0).then_some(at + 1);
            return Some(word & CODE);
        }
        items.get(self.items.next()?).map(|item| item.code)
    }
}

/// The pieces of a word, ALBERT's digit-comma rule applied.
pub(super) fn word(
    tables: &Tables<'_>,
    word: &[u8],
    source: Source<'_>,
    scratch: &mut [u64],
    used: usize,
    sink: &mut Sink<'_>,
) -> Result<(), Need> {
    let (mut seen, sums) = (0, Sums::Single(sink.progress.score));
    let score = unigram::segment(tables, word, sums, scratch, used, &mut |piece| match tables.digit_comma(piece.id) {
        Some(parts) if !piece.unknown => {
            let mut start = piece.start;
            for &[id, characters] in parts {
                let end = characters_end(word, start, characters as usize).min(piece.end);
                let part = Piece { id, start, end, unknown: id == tables.unk };
                sink.push_piece(&part, word, source, &mut seen)?;
                start = end;
            }
            Ok(())
        }
        _ => sink.push_piece(&piece, word, source, &mut seen),
    })?;
    sink.progress.score = score as f32;
    Ok(())
}

/// The byte after `characters` characters from `start` on.
fn characters_end(word: &[u8], start: usize, characters: usize) -> usize {
    let mut end = start;
    for _ in 0..characters {
        end += word.get(end).map_or(0, |&lead| unigram::character_len(lead));
    }
    end
}
