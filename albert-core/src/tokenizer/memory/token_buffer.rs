//! Where the tokens of a text go, and how they find their places in it.

use super::char_buffer::Character;
use super::workspace::{Arrays, Shortage};
use crate::slices::part;
use crate::tokenizer::offsets::Offsets;

/// How far a text's tokens go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Tokens that are stored; more are only counted.
    pub(crate) keep: usize,
    /// No word is looked at once so many tokens were counted.
    pub(crate) stop: usize,
    /// Whether unknown text is stored.
    pub(crate) surfaces: bool,
}

/// Where the tokens of a text stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Tokens stored.
    pub(crate) kept: usize,
    /// Tokens counted.
    pub(crate) counted: usize,
    /// Words so far.
    pub(crate) word: u32,
    /// u32 words of surface text in use, of all texts.
    pub(crate) surfaces: usize,
    /// Score of the text so far (SentencePiece).
    pub(crate) score: f32,
    /// Whether the limit was reached.
    pub(crate) done: bool,
}

/// A piece of a word: bytes from `start` to `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) id: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether it stands for unknown text.
    pub(crate) unknown: bool,
}

/// Takes tokens in.
pub(crate) struct TokenBuffer<'a> {
    pub(crate) arrays: Arrays<'a>,
    pub(crate) surfaces: &'a mut [u32],
    /// Index of the text's first token.
    pub(crate) first: usize,
    pub(crate) limits: Limits,
    pub(crate) progress: Progress,
}

impl TokenBuffer<'_> {
    /// A token of the current word. `surface` is its text when the vocabulary's is not.
    #[inline]
    pub(crate) fn push(&mut self, id: u32, offsets: Offsets, surface: Option<&[u8]>) -> Result<(), Shortage> {
        if self.progress.kept < self.limits.keep {
            let index = self.first + self.progress.kept;
            let shortage = Shortage::Tokens(index + 1);
            *self.arrays.ids.get_mut(index).ok_or(shortage)? = id;
            *self.arrays.offsets.get_mut(index).ok_or(shortage)? = offsets;
            *self.arrays.words.get_mut(index).ok_or(shortage)? = self.progress.word;
            if let Some(text) = surface.filter(|_| self.limits.surfaces) {
                self.push_surface(index, text)?;
            }
            self.progress.kept += 1;
        }
        self.progress.counted += 1;
        Ok(())
    }

    /// A piece of `word`, which comes from `source`; an unknown one with its text.
    #[inline]
    pub(crate) fn push_piece(
        &mut self,
        piece: &Piece,
        word: &[u8],
        source: Source<'_>,
        seen: &mut usize,
    ) -> Result<(), Shortage> {
        let offsets = source.offsets(word, piece, seen);
        self.push(piece.id, offsets, if piece.unknown { word.get(piece.start..piece.end) } else { None })
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn push_surface(&mut self, index: usize, text: &[u8]) -> Result<(), Shortage> {
        let words = 2 + text.len().div_ceil(4);
        let start = self.progress.surfaces;
        let record = self.surfaces.get_mut(start..start + words).ok_or(Shortage::Surfaces(start + words))?;
        if let Some((head, body)) = record.split_first_chunk_mut::<2>() {
            *head = [index as u32, text.len() as u32];
            for (word, bytes) in body.iter_mut().zip(text.chunks(4)) {
                // The first byte is the first in memory, zeros fill up the last word.
                let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
                *word = u32::from_ne_bytes([at(0), at(1), at(2), at(3)]);
            }
        }
        self.progress.surfaces += words;
        Ok(())
    }

    /// The current word is complete.
    #[inline]
    pub(crate) fn end_word(&mut self) {
        self.progress.word += 1;
        self.progress.done = self.progress.counted >= self.limits.stop;
    }
}

/// Where a word's bytes come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// One of these for each character.
    Characters(&'a [Character]),
    /// `lead` bytes that share the first character's place, then one code point a byte from `first` on.
    Bytes { lead: usize, first: u32 },
}

impl Source<'_> {
    /// The place of the bytes `start..end` of `word`; `seen` characters, kept by the caller, end at `start`.
    #[inline]
    pub(crate) fn offsets(&self, word: &[u8], piece: &Piece, seen: &mut usize) -> Offsets {
        match *self {
            Source::Bytes { lead, first } => {
                let start = first + piece.start.saturating_sub(lead) as u32;
                Offsets { start, end: (first + piece.end.saturating_sub(lead) as u32).max(first + 1) }
            }
            Source::Characters(chars) => {
                let from = *seen;
                let bytes = part(word, piece.start..piece.end);
                *seen += bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
                // A damaged vocabulary may have pieces that are no whole characters.
                let start = chars.get(from).map_or(0, |character| character.start);
                let end = seen.checked_sub(1).and_then(|last| chars.get(last)).map_or(start, |character| character.end);
                Offsets { start, end }
            }
        }
    }
}
