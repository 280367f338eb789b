//! Where the tokens of a text go, and how they find their places in it.

use super::encoding::Offsets;
use super::items::Item;
use super::unigram::Piece;
use super::workspace::{Arrays, Need};

/// How far a text's tokens go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Tokens that are stored; more are only counted.
    pub(super) keep: usize,
    /// No word is looked at once so many tokens were counted.
    pub(super) stop: usize,
    /// Whether unknown text is stored.
    pub(super) surfaces: bool,
}

/// Where the tokens of a text stand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Tokens stored.
    pub(super) kept: usize,
    /// Tokens counted.
    pub(super) counted: usize,
    /// Words so far.
    pub(super) word: u32,
    /// u32 words of surface text in use, of all texts.
    pub(super) surfaces: usize,
    /// Score of the text so far (SentencePiece).
    pub(super) score: f32,
    /// Whether the limit was reached.
    pub(super) done: bool,
}

/// Takes tokens in.
pub(super) struct Sink<'a> {
    pub(super) arrays: Arrays<'a>,
    pub(super) surfaces: &'a mut [u32],
    /// Index of the text's first token.
    pub(super) first: usize,
    pub(super) limits: Limits,
    pub(super) progress: Progress,
}

impl Sink<'_> {
    /// A token of the current word. `surface` is its text when the vocabulary's is not.
    #[inline]
    pub(super) fn push(&mut self, id: u32, offsets: Offsets, surface: Option<&[u8]>) -> Result<(), Need> {
        if self.progress.kept < self.limits.keep {
            let index = self.first + self.progress.kept;
            let need = Need::Tokens(index + 1);
            *self.arrays.ids.get_mut(index).ok_or(need)? = id;
            *self.arrays.offsets.get_mut(index).ok_or(need)? = offsets;
            *self.arrays.words.get_mut(index).ok_or(need)? = self.progress.word;
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
    pub(super) fn push_piece(
        &mut self,
        piece: &Piece,
        word: &[u8],
        source: Source<'_>,
        seen: &mut usize,
    ) -> Result<(), Need> {
        let offsets = source.offsets(word, piece, seen);
        self.push(piece.id, offsets, if piece.unknown { word.get(piece.start..piece.end) } else { None })
    }

    fn push_surface(&mut self, index: usize, text: &[u8]) -> Result<(), Need> {
        let words = 2 + text.len().div_ceil(4);
        let start = self.progress.surfaces;
        let record = self.surfaces.get_mut(start..start + words).ok_or(Need::Surfaces(start + words))?;
        record.fill(0);
        if let Some((head, body)) = record.split_first_chunk_mut::<2>() {
            *head = [index as u32, text.len() as u32];
            let body: &mut [u8] = bytemuck::must_cast_slice_mut(body);
            for (to, &from) in body.iter_mut().zip(text) {
                *to = from;
            }
        }
        self.progress.surfaces += words;
        Ok(())
    }

    /// The current word is complete.
    #[inline]
    pub(super) fn end_word(&mut self) {
        self.progress.word += 1;
        self.progress.done = self.progress.counted >= self.limits.stop;
    }
}

/// Where a word's bytes come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// One item a character.
    Items(&'a [Item]),
    /// `lead` bytes that share the first character's place, then one code point a byte from `first` on.
    Bytes { lead: usize, first: u32 },
}

impl Source<'_> {
    /// The place of the bytes `start..end` of `word`; `seen` characters, kept by the caller, end at `start`.
    #[inline]
    pub(super) fn offsets(&self, word: &[u8], piece: &Piece, seen: &mut usize) -> Offsets {
        match *self {
            Source::Bytes { lead, first } => {
                let start = first + piece.start.saturating_sub(lead) as u32;
                Offsets { start, end: (first + piece.end.saturating_sub(lead) as u32).max(first + 1) }
            }
            Source::Items(items) => {
                let from = *seen;
                let bytes = word.get(piece.start..piece.end).unwrap_or(&[]);
                *seen += bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
                let start = items.get(from).map_or(0, |item| item.start);
                let end = seen.checked_sub(1).and_then(|last| items.get(last)).map_or(start, |item| item.end);
                Offsets { start, end }
            }
        }
    }
}
