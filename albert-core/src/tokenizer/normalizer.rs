//! Code points to code points, with the place that each comes from.
//!
//! Operations work on a stretch of text at a time. The alignment rules are those of the reference: a result that replaces a
//! code point takes its place, an inserted one takes the place of the code point before it.

use super::section::map;
use super::tables::CodePoints;
use super::trie::Trie;
use super::workspace::Need;
use super::{charsmap, sentencepiece};
use crate::parts::SENTENCE_PIECE;

/// A code point and its place in the original text, in code points.
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Item {
    /// The code point; [`START`] may be set after splitting.
    pub(super) code: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Set in [`Item::code`] when a word begins here.
pub(super) const START: u32 = 1 << 31;
/// Set in [`Item::code`] on the characters of an added token in normalized text.
pub(super) const ADDED: u32 = 1 << 30;
/// The bits of a code point.
pub(super) const CODE: u32 = 0x1f_ffff;
const CLASS_SHIFT: u32 = 21;
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

/// Why a stretch could not be normalized.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// Memory.
    Need(Need),
    /// Its result depends on the rest of the text: it must be taken whole.
    TakeWhole,
}

impl From<Need> for Stop {
    fn from(need: Need) -> Self {
        Self::Need(need)
    }
}

/// The stretch: what there is in front, and room for what it becomes behind.
pub(super) struct Items<'s> {
    room: &'s mut [Item],
    /// Items of the stretch.
    len: usize,
    /// End of the result that is being written; `len` when there is none.
    end: usize,
    /// Where in the text the stretch begins.
    pub(super) origin: u32,
}

impl<'s> Items<'s> {
    pub(super) fn new(scratch: &'s mut [u64], origin: u32) -> Self {
        let whole = scratch.len() / 3 * 3;
        let room =
            scratch.get_mut(..whole).and_then(|words| bytemuck::try_cast_slice_mut(words).ok()).unwrap_or(&mut []);
        Self { room, len: 0, end: 0, origin }
    }

    /// Fills an empty stretch.
    pub(super) fn load(&mut self, text: &str) -> Result<(), Need> {
        for (place, code) in (self.origin..).zip(text.chars()) {
            self.push(u32::from(code), place, place + 1)?;
        }
        self.keep();
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<Item> {
        if index < self.len { self.room.get(index).copied() } else { None }
    }

    pub(super) fn all(&mut self) -> &mut [Item] {
        self.room.get_mut(..self.len).unwrap_or(&mut [])
    }

    /// Appends to the result.
    // One copy where flash is scarce.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(super) fn push(&mut self, code: u32, start: u32, end: u32) -> Result<(), Need> {
        // Three words of scratch hold two items.
        let need = Need::Scratch((self.end / 2 + 1) * 3);
        *self.room.get_mut(self.end).ok_or(need)? = Item { code, start, end };
        self.end += 1;
        Ok(())
    }

    /// The result so far.
    pub(super) fn result(&mut self) -> &mut [Item] {
        self.room.get_mut(self.len..self.end).unwrap_or(&mut [])
    }

    /// Makes the result the stretch.
    pub(super) fn keep(&mut self) {
        super::workspace::copy(self.room, self.len, 0, self.end - self.len);
        self.len = self.end - self.len;
        self.end = self.len;
    }

    /// Appends a change in the reference's terms: 0 replaces the next code point, 1 is inserted, -n replaces the next and
    /// drops the n after it.
    #[inline]
    pub(super) fn change(&mut self, code: u32, change: i32) -> Result<(), Need> {
        self.push(code, change as u32, 0)
    }

    /// Gives the result's changes their places and keeps it.
    pub(super) fn apply(&mut self) {
        let (old, rest) = self.room.split_at_mut_checked(self.len).unwrap_or((&mut [], &mut []));
        let origin = Item { code: 0, start: self.origin, end: self.origin };
        let mut next = 0usize;
        for item in rest.iter_mut().take(self.end - self.len) {
            let change = item.start as i32;
            let place = if change > 0 {
                next.checked_sub(1).and_then(|last| old.get(last)).copied().unwrap_or(origin)
            } else {
                let place = old.get(next).or(old.last()).copied().unwrap_or(origin);
                next = next.saturating_add(1 + change.unsigned_abs() as usize);
                place
            };
            (item.start, item.end) = (place.start, place.end);
        }
        self.keep();
    }

    /// Cuts off all but the first `len` items.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.end = self.len;
    }

    /// Takes up a stretch of `len` items at the front of `scratch`.
    pub(super) fn resume(scratch: &'s mut [u64], len: usize, origin: u32) -> Self {
        Self { len, end: len, ..Self::new(scratch, origin) }
    }
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

const HANGUL_SYLLABLES: u32 = 0xac00;
const HANGUL_COUNT: u32 = 19 * 21 * 28;
const LEADING: u32 = 0x1100;
const VOWEL: u32 = 0x1161;
const TRAILING: u32 = 0x11a7;

/// The conjoining jamo of a syllable (The Unicode Standard, 3.12).
fn hangul(code: u32) -> [Option<u32>; 3] {
    let index = code.wrapping_sub(HANGUL_SYLLABLES);
    if index >= HANGUL_COUNT {
        return [Some(code), None, None];
    }
    let trailing = index % 28;
    [
        Some(LEADING + index / (21 * 28)),
        Some(VOWEL + index % (21 * 28) / 28),
        (trailing > 0).then_some(TRAILING + trailing),
    ]
}

/// The composite of a pair.
fn compose(pairs: &[[u32; 3]], first: u32, second: u32) -> Option<u32> {
    let (leading, vowel) = (first.wrapping_sub(LEADING), second.wrapping_sub(VOWEL));
    if leading < 19 && vowel < 21 {
        return Some(HANGUL_SYLLABLES + (leading * 21 + vowel) * 28);
    }
    let (syllable, trailing) = (first.wrapping_sub(HANGUL_SYLLABLES), second.wrapping_sub(TRAILING));
    if syllable < HANGUL_COUNT && syllable % 28 == 0 && (1..28).contains(&trailing) {
        return Some(first + trailing);
    }
    let at = pairs.binary_search_by(|&[a, b, _]| (a, b).cmp(&(first, second))).ok()?;
    pairs.get(at).map(|&[_, _, composite]| composite & CODE)
}

/// Decomposition, canonical ordering and, with `pairs`, composition (UAX 15).
fn decompose(
    table: &CodePoints<'_>,
    pool: &[u32],
    classes: &CodePoints<'_>,
    pairs: Option<&[[u32; 3]]>,
    items: &mut Items<'_>,
) -> Result<(), Need> {
    // Codes carry their combining class until the end; start holds the change.
    let tag = |code: u32| code | (u32::from(classes.get(code)) & 0xff) << CLASS_SHIFT;
    for index in 0..items.len() {
        let Some(Item { code, .. }) = items.get(index) else { break };
        match table.get(code) {
            map::IDENTITY | map::REMOVE | map::SPACED => items.change(tag(code), 0)?,
            map::HANGUL => {
                for (at, jamo) in hangul(code).into_iter().flatten().enumerate() {
                    items.change(tag(jamo), i32::from(at > 0))?;
                }
            }
            entry => {
                for (at, code) in sequence(pool, usize::from(entry - map::POOL)).enumerate() {
                    items.change(tag(code), i32::from(at > 0))?;
                }
            }
        }
    }
    order(items)?;
    if let Some(pairs) = pairs {
        recompose(pairs, items);
    }
    for item in items.result() {
        item.code &= CODE;
    }
    items.apply();
    Ok(())
}

fn class(item: &Item) -> u32 {
    item.code >> CLASS_SHIFT
}

/// Sorts every run of combining marks by class, keeping the order within a class.
fn order(items: &mut Items<'_>) -> Result<(), Need> {
    let count = items.result().len();
    let mut from = 0;
    while from < count {
        let rest = items.result().get(from..).unwrap_or(&[]);
        let run = rest.iter().take_while(|item| class(item) != 0).count();
        let sorted = rest.iter().take(run).is_sorted_by_key(class);
        if !sorted {
            sort(items, from, run)?;
        }
        from += run.max(1);
    }
    Ok(())
}

/// Stable sort of `run` items of the result from `from` on: insertion for short runs, bottom-up merging for long ones.
fn sort(items: &mut Items<'_>, from: usize, run: usize) -> Result<(), Need> {
    const SHORT: usize = 16;
    let Some(marks) = items.result().get_mut(from..from + run) else { return Ok(()) };
    for block in marks.chunks_mut(SHORT) {
        for at in 1..block.len() {
            let mut place = at;
            while place > 0 && block.get(place - 1).map_or(0, class) > block.get(place).map_or(0, class) {
                block.swap(place - 1, place);
                place -= 1;
            }
        }
    }
    let mut width = SHORT;
    while width < run {
        // Merge into room behind the result, then copy back.
        let end = items.end;
        let base = items.len + from;
        let mut left = 0;
        while left < run {
            let middle = (left + width).min(run);
            let right = (left + 2 * width).min(run);
            let (mut a, mut b) = (left, middle);
            while a < middle || b < right {
                let key = |at: usize| items.room.get(base + at).map_or(0, class);
                let take_left = a < middle && (b >= right || key(a) <= key(b));
                let at = if take_left { a } else { b };
                let item = items.room.get(base + at).copied().unwrap_or_default();
                items.push(item.code, item.start, item.end)?;
                if take_left { a += 1 } else { b += 1 }
            }
            left = right;
        }
        super::workspace::copy(items.room, end, base, run);
        items.end = end;
        width *= 2;
    }
    Ok(())
}

/// Composes the result in place: a starter takes in the marks that nothing blocks.
fn recompose(pairs: &[[u32; 3]], items: &mut Items<'_>) {
    let result = items.result();
    let count = result.len();
    // `starter` is where the code point that may grow was written; marks that did not compose follow it.
    let (mut written, mut starter, mut last_class) = (0, None::<usize>, None::<u32>);
    for index in 0..count {
        let Some(&item) = result.get(index) else { break };
        let item_class = class(&item);
        if let Some(at) = starter {
            let blocked = last_class.is_some_and(|last| last >= item_class);
            let first = result.get(at).copied().unwrap_or_default();
            if !blocked && let Some(composite) = compose(pairs, first.code & CODE, item.code & CODE) {
                if let Some(slot) = result.get_mut(at) {
                    slot.code = composite;
                    slot.start = (first.start as i32 + item.start as i32 - 1) as u32;
                }
                continue;
            }
        }
        if item_class == 0 {
            (starter, last_class) = (Some(written), None);
        } else if starter.is_some() {
            last_class = Some(item_class);
        }
        if let Some(slot) = result.get_mut(written) {
            *slot = item;
        }
        written += 1;
    }
    items.end = items.len + written;
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
