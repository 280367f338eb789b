//! The tokens of one segment.

use super::added::Match;
use super::pipeline::Pipeline;
use crate::build_features::LARGE_TARGET;
use crate::slices::{OrEmpty, part, text_part};
use crate::tokenizer::memory::char_buffer::{ADDED, CharBuffer, Character, START, Stop, write_utf8};
use crate::tokenizer::memory::token_buffer::TokenBuffer;
use crate::tokenizer::memory::workspace::{Shortage, carve};
use crate::tokenizer::normalize::{self, pre_tokenize};
use crate::tokenizer::offsets::count;
use crate::tokenizer::tables::section::flag;

impl Pipeline<'_> {
    /// Encodes a segment at the start of `rest`; returns its bytes and code points.
    pub(super) fn encode_segment(
        &self,
        rest: &str,
        origin: u32,
        begins: bool,
        whole: bool,
        tokens: &mut TokenBuffer<'_>,
        scratch: &mut [u64],
    ) -> Result<(usize, u32), Stop> {
        if LARGE_TARGET
            && !whole
            && let Some(table) = self.tables.ascii
        {
            let bytes = self.ascii_words(table, rest.as_bytes(), origin, tokens, scratch)?;
            if bytes > 0 {
                return Ok((bytes, bytes as u32));
            }
        }
        let end = if whole { rest.len() } else { self.cut(rest) };
        let text = rest.get(..end).unwrap_or(rest);
        let mut chars = CharBuffer::new(scratch, origin);
        chars.load(text)?;
        let codes = chars.len() as u32;
        let is_all = whole || (begins && end == rest.len());
        normalize::run(self.tables.operations(), &mut chars, begins, is_all)?;
        if !self.normalized.is_empty() {
            let len = chars.len();
            self.mark_added(scratch, len)?;
            chars = CharBuffer::resume(scratch, len, origin);
        }
        pre_tokenize::run(self.tables.steps(), &mut chars, begins)?;
        let len = chars.len();
        self.words(scratch, len, tokens)?;
        Ok((end, codes))
    }

    /// Marks the added tokens of normalized text.
    fn mark_added(&self, scratch: &mut [u64], len: usize) -> Result<(), Shortage> {
        let Some((chars, rest)) = carve::<Character>(scratch, len) else { return Ok(()) };
        let Some((bytes, _)) = carve::<u8>(rest, len * 4) else {
            return Err(Shortage::Scratch((len * size_of::<Character>()).div_ceil(8) + (len * 4).div_ceil(8)));
        };
        let size = write_utf8(chars, bytes);
        let text = core::str::from_utf8(part(bytes, ..size)).or_empty();
        let (mut from, mut index) = (0, 0);
        while let Some(Match { start, end, .. }) = self.normalized.find(&self.tables, text, from, from) {
            let before = count(text_part(text, from..start)) as usize;
            let inside = count(text_part(text, start..end)) as usize;
            index += before;
            for (at, character) in chars.iter_mut().skip(index).take(inside).enumerate() {
                character.code |= ADDED | if at == 0 { START } else { 0 };
            }
            index += inside;
            if let Some(next) = chars.get_mut(index) {
                next.code |= START;
            }
            from = end.max(from + 1);
        }
        Ok(())
    }

    /// Where to end the next segment: before a blank or an ideograph that starts afresh.
    fn cut(&self, text: &str) -> usize {
        let any = self.tables.has(flag::CUT_AT_BLANKS);
        let visible = self.tables.has(flag::CUT_AFTER_VISIBLE);
        let ideographs = self.tables.has(flag::CUT_AT_IDEOGRAPHS);
        if !(any || visible || ideographs) {
            return text.len();
        }
        // Ideographs are taken by the dozen: a segment has its cost.
        const IDEOGRAPH_BYTES: usize = 48;
        let bytes = text.as_bytes();
        let mut before = 0u8;
        for (index, &byte) in bytes.iter().enumerate() {
            let is_visible = (0x21..0x7f).contains(&before);
            if byte == b' ' && index > 0 && (is_visible || (any && before != b' ')) {
                return index;
            }
            if ideographs
                && index >= IDEOGRAPH_BYTES
                && (0xe4..=0xe9).contains(&byte)
                && is_ideograph(bytes, index)
                && (is_visible || is_ideograph(bytes, index.wrapping_sub(3)))
            {
                return index;
            }
            before = byte;
        }
        bytes.len()
    }
}

/// Whether a character U+4E00 to U+9FFF begins at `index`.
fn is_ideograph(bytes: &[u8], index: usize) -> bool {
    let Some(&[a, b, _]) = bytes.get(index..).and_then(|rest| rest.first_chunk::<3>()) else { return false };
    (0xe5..=0xe9).contains(&a) || (a == 0xe4 && b >= 0xb8)
}
