//! A segment of text as code points, each with its place in the text.
//!
//! The alignment rules are those of the reference: a result that replaces a code point takes its place, an inserted one takes
//! the place of the code point before it.

use super::workspace::Shortage;
use crate::slices::{OrEmpty, cast_mut, part_mut, ruled_out};
use crate::tokenizer::characters;

/// A code point and its place in the original text, in code points.
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Character {
    /// The code point; [`START`] may be set after splitting.
    pub(crate) code: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Set in [`Character::code`] when a word begins here.
pub(crate) const START: u32 = 1 << 31;
/// Set in [`Character::code`] on the characters of an added token in normalized text.
pub(crate) const ADDED: u32 = 1 << 30;
/// The bits of a code point.
pub(crate) const CODE: u32 = 0x1f_ffff;

/// Why a segment could not be normalized.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Memory.
    Shortage(Shortage),
    /// Its result depends on the rest of the text: it must be taken whole.
    TakeWhole,
}

impl From<Shortage> for Stop {
    fn from(shortage: Shortage) -> Self {
        Self::Shortage(shortage)
    }
}

/// The segment: what there is in front, and room for what it becomes behind.
pub(crate) struct CharBuffer<'s> {
    room: &'s mut [Character],
    /// Characters of the segment.
    len: usize,
    /// End of the result that is being written; `len` when there is none.
    end: usize,
    /// Where in the text the segment begins.
    pub(crate) origin: u32,
}

impl<'s> CharBuffer<'s> {
    pub(crate) fn new(scratch: &'s mut [u64], origin: u32) -> Self {
        let whole = scratch.len() / 3 * 3;
        let room = cast_mut(part_mut(scratch, ..whole));
        Self { room, len: 0, end: 0, origin }
    }

    /// Fills an empty segment.
    pub(crate) fn load(&mut self, text: &str) -> Result<(), Shortage> {
        let (mut chars, mut place) = (text.chars(), self.origin);
        while let Some(code) = characters::next(&mut chars) {
            self.push(u32::from(code), place, place + 1)?;
            place += 1;
        }
        self.commit();
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    // One copy where flash is scarce.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn get(&self, index: usize) -> Option<Character> {
        if index < self.len { self.room.get(index).copied() } else { None }
    }

    pub(crate) fn all(&mut self) -> &mut [Character] {
        part_mut(self.room, ..self.len)
    }

    /// Appends to the result.
    // One copy where flash is scarce.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn push(&mut self, code: u32, start: u32, end: u32) -> Result<(), Shortage> {
        // Three words of scratch hold two characters.
        let shortage = Shortage::Scratch((self.end / 2 + 1) * 3);
        *self.room.get_mut(self.end).ok_or(shortage)? = Character { code, start, end };
        self.end += 1;
        Ok(())
    }

    /// Appends a text, all of it in one place.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn push_text(&mut self, text: &str, start: u32, end: u32) -> Result<(), Shortage> {
        let mut chars = text.chars();
        while let Some(code) = characters::next(&mut chars) {
            self.push(u32::from(code), start, end)?;
        }
        Ok(())
    }

    /// The result so far.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn result(&mut self) -> &mut [Character] {
        part_mut(self.room, self.len..self.end)
    }

    /// Copies characters to an earlier place. One number after another, since the compiler makes a call of `memmove` of whole ones.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn bring_down(&mut self, from: usize, to: usize, count: usize) {
        for index in 0..count {
            let Some(&Character { code, start, end }) = self.room.get(from + index) else {
                ruled_out();
                break;
            };
            let Some(place) = self.room.get_mut(to + index) else {
                ruled_out();
                break;
            };
            *place = Character { code, start, end };
        }
    }

    /// Makes the result the segment.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn commit(&mut self) {
        self.bring_down(self.len, 0, self.end - self.len);
        self.len = self.end - self.len;
        self.end = self.len;
    }

    /// Appends a change in the reference's terms: 0 replaces the next code point, 1 is inserted, -n replaces the next and
    /// drops the n after it.
    #[inline]
    pub(crate) fn change(&mut self, code: u32, change: i32) -> Result<(), Shortage> {
        self.push(code, change as u32, 0)
    }

    /// Gives the result's changes their places and makes it the segment.
    pub(crate) fn apply(&mut self) {
        let (old, rest) = self.room.split_at_mut_checked(self.len).or_empty();
        let origin = Character { code: 0, start: self.origin, end: self.origin };
        let mut next = 0usize;
        for character in rest.iter_mut().take(self.end - self.len) {
            let change = character.start as i32;
            let place = if change > 0 {
                next.checked_sub(1).and_then(|last| old.get(last)).copied().unwrap_or(origin)
            } else {
                let place = old.get(next).or(old.last()).copied().unwrap_or(origin);
                next = next.saturating_add(1 + change.unsigned_abs() as usize);
                place
            };
            (character.start, character.end) = (place.start, place.end);
        }
        self.commit();
    }

    /// Cuts off all but the first `len` characters.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.end = self.len;
    }

    /// Cuts off all but the first `len` characters of the result.
    pub(crate) fn truncate_result(&mut self, len: usize) {
        self.end = self.end.min(self.len + len);
    }

    /// Stable sort of `run` characters of the result from `from` on: insertion for short runs, bottom-up merging for long ones.
    pub(crate) fn sort_result(&mut self, from: usize, run: usize, key: fn(&Character) -> u32) -> Result<(), Shortage> {
        const SHORT: usize = 16;
        let Some(all) = self.result().get_mut(from..from + run) else {
            ruled_out();
            return Ok(());
        };
        for block in all.chunks_mut(SHORT) {
            for at in 1..block.len() {
                let mut place = at;
                while place > 0 && block.get(place - 1).map_or(0, key) > block.get(place).map_or(0, key) {
                    block.swap(place - 1, place);
                    place -= 1;
                }
            }
        }
        let mut width = SHORT;
        while width < run {
            // Merge into room behind the result, then copy back.
            let end = self.end;
            let base = self.len + from;
            let mut left = 0;
            while left < run {
                let middle = (left + width).min(run);
                let right = (left + 2 * width).min(run);
                let (mut a, mut b) = (left, middle);
                while a < middle || b < right {
                    let key = |at: usize| self.room.get(base + at).map_or(0, key);
                    let take_left = a < middle && (b >= right || key(a) <= key(b));
                    let at = if take_left { a } else { b };
                    debug_assert!(base + at < self.room.len());
                    let character = self.room.get(base + at).copied().unwrap_or_default();
                    self.push(character.code, character.start, character.end)?;
                    if take_left { a += 1 } else { b += 1 }
                }
                left = right;
            }
            self.bring_down(end, base, run);
            self.end = end;
            width *= 2;
        }
        Ok(())
    }

    /// Takes up a segment of `len` characters at the front of `scratch`.
    pub(crate) fn resume(scratch: &'s mut [u64], len: usize, origin: u32) -> Self {
        Self { len, end: len, ..Self::new(scratch, origin) }
    }
}

/// Writes characters as UTF-8; returns the bytes written.
pub(crate) fn write_utf8(chars: &[Character], bytes: &mut [u8]) -> usize {
    let mut at = 0;
    for character in chars {
        let code = char::from_u32(character.code & CODE).unwrap_or(char::REPLACEMENT_CHARACTER);
        at += characters::encode(code, part_mut(bytes, at..)).len();
    }
    at
}
