//! The short way for words of plain ASCII, whose normalized form a table of 128 bytes gives.

use super::pipeline::Pipeline;
use crate::slices::part;
use crate::tokenizer::memory::token_buffer::{Source, TokenBuffer};
use crate::tokenizer::memory::workspace::{Shortage, carve};
use crate::tokenizer::tables::section::{ascii, header};

impl Pipeline<'_> {
    /// Words of plain ASCII at the start of `bytes`; returns how many bytes they take, 0 when the pipeline must decide.
    pub(crate) fn ascii_words(
        &self,
        table: &[u8; 128],
        bytes: &[u8],
        origin: u32,
        tokens: &mut TokenBuffer<'_>,
        scratch: &mut [u64],
    ) -> Result<usize, Shortage> {
        let punctuation = self.tables.header(header::ASCII_MODE) == ascii::PUNCTUATION;
        let mut blank = [0; 4];
        let lead: &[u8] = match char::from_u32(self.tables.header(header::BLANK)) {
            Some(code) if !punctuation => code.encode_utf8(&mut blank).as_bytes(),
            _ => &[],
        };
        let mut at = 0;
        while !tokens.progress.done {
            let start = at + bytes.iter().skip(at).take_while(|&&byte| byte == b' ').count();
            let Some(end) = ascii_word(table, bytes, start, punctuation) else { break };
            if end == start {
                return Ok(start);
            }
            let size = end - start + lead.len();
            let before = tokens.progress;
            let Some((word, nodes)) = carve::<u8>(scratch, size) else {
                return if at > 0 { Ok(at) } else { Err(Shortage::Scratch(size.div_ceil(8))) };
            };
            let from = part(bytes, start..end);
            let mapped = from.iter().map(|&byte| table.get(usize::from(byte)).copied().unwrap_or(0) & 0x7f);
            for (to, byte) in word.iter_mut().zip(lead.iter().copied().chain(mapped)) {
                *to = byte;
            }
            let source = Source::Bytes { lead: lead.len(), first: origin + start as u32 };
            if let Err(shortage) = self.word(word, source, nodes, size.div_ceil(8), tokens) {
                tokens.progress = before;
                return if at > 0 { Ok(at) } else { Err(shortage) };
            }
            at = end;
        }
        Ok(at)
    }
}

/// The end of the word that begins at `start`; `start` at the end of the text; `None` when a byte is not plain.
#[inline]
fn ascii_word(table: &[u8; 128], bytes: &[u8], start: usize, punctuation: bool) -> Option<usize> {
    let mut end = start;
    let mut pattern = false;
    for &byte in bytes.get(start..)? {
        if byte == b' ' {
            break;
        }
        let mapped = *table.get(usize::from(byte))?;
        let in_pattern = mapped & 0x80 != 0;
        if mapped == 0 || (in_pattern && pattern) {
            return None;
        }
        pattern = in_pattern;
        if punctuation && (mapped & 0x7f).is_ascii_punctuation() {
            // A word of its own; what comes next must not reach back to it.
            if end == start {
                end += 1;
                let next = bytes.get(end).copied().unwrap_or(b' ');
                return table.get(usize::from(next)).filter(|&&mapped| mapped != 0 || next == b' ').map(|_| end);
            }
            break;
        }
        end += 1;
    }
    Some(end)
}
