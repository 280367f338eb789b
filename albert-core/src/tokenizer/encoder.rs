//! The tokens of one text, stretch by stretch.

use super::added::{Match, Matcher};
use super::encoding::Offsets;
use super::normalizer::{self, ADDED, CODE, Item, Items, START, Stop};
use super::section::{ascii, flag, header};
use super::split;
use super::tables::{Model, Tables};
use super::trie::Node as Place;
use super::unigram::{self, Node, Piece, Sums};
use super::workspace::{Arrays, Need, Workspace, carve};
use super::{EncodeError, sentencepiece, wordpiece};
use crate::parts::{ROOMY, SENTENCE_PIECE, WORD_PIECE};

/// A tokenizer's tables, made ready for a call.
pub(super) struct Pipeline<'m> {
    pub(super) tables: Tables<'m>,
    added: Matcher<'m>,
    normalized: Matcher<'m>,
    continuation: Option<Place>,
}

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
    arrays: Arrays<'a>,
    surfaces: &'a mut [u32],
    /// Index of the text's first token.
    first: usize,
    limits: Limits,
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

impl<'m> Pipeline<'m> {
    pub(super) fn new(tables: &Tables<'m>) -> Self {
        Self {
            added: Matcher::new(tables.added_trie(false)),
            normalized: Matcher::new(tables.added_trie(true)),
            continuation: tables.vocab.walk(tables.vocab.root(), tables.prefix().as_bytes()),
            tables: *tables,
        }
    }

    /// Encodes one text into the tokens from `first` on.
    pub(super) fn encode(
        &self,
        text: &str,
        first: usize,
        limits: Limits,
        surfaces: usize,
        workspace: &mut Workspace<'_>,
    ) -> Result<Progress, EncodeError> {
        let mut progress = Progress { surfaces, ..Progress::default() };
        let (mut byte, mut code) = (0, 0u32);
        while byte < text.len() && !progress.done {
            let found = self.added.find(&self.tables, text, byte, byte);
            let end = found.map_or(text.len(), |found| found.start);
            let piece = text.get(byte..end).unwrap_or("");
            code = self.encode_piece(piece, code, first, limits, &mut progress, workspace)?;
            byte = end;
            if progress.done {
                break;
            }
            if let Some(Match { id, start, end }) = found {
                let token = text.get(start..end).unwrap_or("");
                let next = code + count(token);
                self.encode_added(
                    id,
                    Offsets { start: code, end: next },
                    token,
                    first,
                    limits,
                    &mut progress,
                    workspace,
                )?;
                (byte, code) = (end.max(byte + 1), next);
            }
        }
        Ok(progress)
    }

    #[allow(clippy::too_many_arguments)]
    fn encode_added(
        &self,
        id: u32,
        offsets: Offsets,
        token: &str,
        first: usize,
        limits: Limits,
        progress: &mut Progress,
        workspace: &mut Workspace<'_>,
    ) -> Result<(), EncodeError> {
        loop {
            let (arrays, surfaces, _) = workspace.split();
            let mut sink = Sink { arrays, surfaces, first, limits, progress: *progress };
            let need = match sink.push(id, offsets, Some(token.as_bytes())) {
                Ok(()) => {
                    sink.progress.word += 1;
                    *progress = sink.progress;
                    workspace.settle();
                    return Ok(());
                }
                Err(need) => need,
            };
            workspace.grow(need, first + progress.kept, progress.surfaces)?;
        }
    }

    /// Encodes the text between two added tokens; returns the code point after it.
    fn encode_piece(
        &self,
        piece: &str,
        mut code: u32,
        first: usize,
        limits: Limits,
        progress: &mut Progress,
        workspace: &mut Workspace<'_>,
    ) -> Result<u32, EncodeError> {
        let (mut rest, mut begins, mut whole) = (piece, true, false);
        progress.score = 0.0;
        while !rest.is_empty() && !progress.done {
            let (arrays, surfaces, scratch) = workspace.split();
            let mut sink = Sink { arrays, surfaces, first, limits, progress: *progress };
            let need = match self.stretch(rest, code, begins, whole, &mut sink, scratch) {
                Ok((bytes, codes)) => {
                    *progress = sink.progress;
                    workspace.settle();
                    rest = rest.get(bytes.max(1)..).unwrap_or("");
                    code += codes;
                    begins = false;
                    continue;
                }
                Err(Stop::TakeWhole) => {
                    whole = true;
                    continue;
                }
                Err(Stop::Need(need)) => need,
            };
            workspace.grow(need, first + progress.kept, progress.surfaces)?;
        }
        Ok(code)
    }

    /// Encodes a stretch at the start of `rest`; returns its bytes and code points.
    fn stretch(
        &self,
        rest: &str,
        origin: u32,
        begins: bool,
        whole: bool,
        sink: &mut Sink<'_>,
        scratch: &mut [u64],
    ) -> Result<(usize, u32), Stop> {
        if ROOMY
            && !whole
            && let Some(table) = self.tables.ascii
        {
            let bytes = self.ascii_words(table, rest.as_bytes(), origin, sink, scratch)?;
            if bytes > 0 {
                return Ok((bytes, bytes as u32));
            }
        }
        let end = if whole { rest.len() } else { self.cut(rest) };
        let text = rest.get(..end).unwrap_or(rest);
        let mut items = Items::new(scratch, origin);
        items.load(text)?;
        let codes = items.len() as u32;
        let is_all = whole || (begins && end == rest.len());
        normalizer::run(self.tables.ops(), &mut items, begins, is_all)?;
        if !self.normalized.is_empty() {
            let len = items.len();
            self.mark_added(scratch, len)?;
            items = Items::resume(scratch, len, origin);
        }
        split::run(self.tables.steps(), &mut items, begins)?;
        let len = items.len();
        self.words(scratch, len, sink)?;
        Ok((end, codes))
    }

    /// Marks the added tokens of normalized text.
    fn mark_added(&self, scratch: &mut [u64], len: usize) -> Result<(), Need> {
        let Some((items, rest)) = carve::<Item>(scratch, len) else { return Ok(()) };
        let Some((bytes, _)) = carve::<u8>(rest, len * 4) else {
            return Err(Need::Scratch((len * size_of::<Item>()).div_ceil(8) + (len * 4).div_ceil(8)));
        };
        let size = write_utf8(items, bytes);
        let text = core::str::from_utf8(bytes.get(..size).unwrap_or(&[])).unwrap_or("");
        let (mut from, mut index) = (0, 0);
        while let Some(Match { start, end, .. }) = self.normalized.find(&self.tables, text, from, from) {
            let before = count(text.get(from..start).unwrap_or("")) as usize;
            let inside = count(text.get(start..end).unwrap_or("")) as usize;
            index += before;
            for (at, item) in items.iter_mut().skip(index).take(inside).enumerate() {
                item.code |= ADDED | if at == 0 { START } else { 0 };
            }
            index += inside;
            if let Some(next) = items.get_mut(index) {
                next.code |= START;
            }
            from = end.max(from + 1);
        }
        Ok(())
    }

    /// Where to end the next stretch: before a blank or an ideograph that starts afresh.
    fn cut(&self, text: &str) -> usize {
        let any = self.tables.has(flag::CUT_AT_BLANKS);
        let visible = self.tables.has(flag::CUT_AFTER_VISIBLE);
        let ideographs = self.tables.has(flag::CUT_AT_IDEOGRAPHS);
        if !(any || visible || ideographs) {
            return text.len();
        }
        // Ideographs are taken by the dozen: a stretch has its cost.
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

    /// The words that are marked in the first `len` items.
    fn words(&self, scratch: &mut [u64], len: usize, sink: &mut Sink<'_>) -> Result<(), Need> {
        let item_words = (len * size_of::<Item>()).div_ceil(8);
        let Some((items, rest)) = carve::<Item>(scratch, len) else { return Ok(()) };
        let items = &*items;
        let mut from = 0;
        while from < len && !sink.progress.done {
            let tail = items.get(from..).unwrap_or(&[]);
            let size = 1 + tail.iter().skip(1).take_while(|item| item.code & START == 0).count();
            let word = tail.get(..size).unwrap_or(tail);
            let Some((bytes, nodes)) = carve::<u8>(rest, size * 4) else {
                return Err(Need::Scratch(item_words + (size * 4).div_ceil(8)));
            };
            let length = write_utf8(word, bytes);
            let bytes = bytes.get(..length).unwrap_or(&[]);
            if word.first().is_some_and(|item| item.code & ADDED != 0) {
                self.added_word(bytes, word, sink)?;
            } else {
                let used = item_words + (size * 4).div_ceil(8);
                self.word(bytes, Source::Items(word), nodes, used, sink)?;
            }
            from += size;
        }
        Ok(())
    }

    /// An added token in normalized text, blanks that it took in included.
    fn added_word(&self, text: &[u8], items: &[Item], sink: &mut Sink<'_>) -> Result<(), Need> {
        let trie = self.tables.added_trie(true);
        let record = (0..text.len())
            .filter_map(|start| trie.longest_prefix(text.get(start..)?))
            .map(|(record, _)| record)
            .next();
        let id = record.and_then(|record| self.tables.added(record)).map_or(self.tables.unk, |(id, _)| id);
        let start = items.first().map_or(0, |item| item.start);
        let end = items.last().map_or(start, |item| item.end);
        sink.push(id, Offsets { start, end }, Some(text))?;
        sink.progress.word += 1;
        Ok(())
    }

    /// The tokens of a word. `used` words of scratch lie before `scratch`.
    #[inline]
    fn word(
        &self,
        word: &[u8],
        source: Source<'_>,
        scratch: &mut [u64],
        used: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Need> {
        match self.tables.model {
            Model::WordPiece if WORD_PIECE => self.word_pieces(word, source, sink)?,
            Model::SentencePiece if SENTENCE_PIECE => {
                sentencepiece::word(&self.tables, word, source, scratch, used, sink)?;
            }
            _ => {
                let Some((nodes, _)) = carve::<Node>(scratch, word.len() + 1) else {
                    return Err(Need::Scratch(used + (word.len() + 1) * 2));
                };
                let mut seen = 0;
                unigram::segment(&self.tables, word, Sums::Double, nodes, &mut |piece: Piece| {
                    let offsets = source.offsets(word, &piece, &mut seen);
                    let surface = if piece.unknown { word.get(piece.start..piece.end) } else { None };
                    sink.push(piece.id, offsets, surface)
                })?;
            }
        }
        sink.end_word();
        Ok(())
    }

    fn word_pieces(&self, word: &[u8], source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), Need> {
        let before = sink.progress;
        let characters = word.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let (mut start, mut seen) = (0, 0);
        let known = characters <= self.tables.header(header::MAX_WORD) as usize;
        while known && start < word.len() {
            let Some(piece) = wordpiece::longest_piece(&self.tables, self.continuation, word, start) else { break };
            sink.push(piece.id, source.offsets(word, &piece, &mut seen), None)?;
            start = piece.end;
        }
        if start < word.len() {
            sink.progress = before;
            let piece = Piece { id: self.tables.unk, start: 0, end: word.len(), unknown: true };
            sink.push(piece.id, source.offsets(word, &piece, &mut 0), None)?;
        }
        Ok(())
    }

    /// Words of plain ASCII at the start of `bytes`; returns how many bytes they take, 0 when the pipeline must decide.
    fn ascii_words(
        &self,
        table: &[u8; 128],
        bytes: &[u8],
        origin: u32,
        sink: &mut Sink<'_>,
        scratch: &mut [u64],
    ) -> Result<usize, Need> {
        let punctuation = self.tables.header(header::ASCII_MODE) == ascii::PUNCTUATION;
        let mut blank = [0; 4];
        let lead: &[u8] = match char::from_u32(self.tables.header(header::BLANK)) {
            Some(code) if !punctuation => code.encode_utf8(&mut blank).as_bytes(),
            _ => &[],
        };
        let mut at = 0;
        while !sink.progress.done {
            let start = at + bytes.iter().skip(at).take_while(|&&byte| byte == b' ').count();
            let Some(end) = ascii_word(table, bytes, start, punctuation) else { break };
            if end == start {
                return Ok(start);
            }
            let size = end - start + lead.len();
            let before = sink.progress;
            let Some((word, nodes)) = carve::<u8>(scratch, size) else {
                return if at > 0 { Ok(at) } else { Err(Need::Scratch(size.div_ceil(8))) };
            };
            let from = bytes.get(start..end).unwrap_or(&[]);
            let mapped = from.iter().map(|&byte| table.get(usize::from(byte)).copied().unwrap_or(0) & 0x7f);
            for (to, byte) in word.iter_mut().zip(lead.iter().copied().chain(mapped)) {
                *to = byte;
            }
            let source = Source::Bytes { lead: lead.len(), first: origin + start as u32 };
            if let Err(need) = self.word(word, source, nodes, size.div_ceil(8), sink) {
                sink.progress = before;
                return if at > 0 { Ok(at) } else { Err(need) };
            }
            at = end;
        }
        Ok(at)
    }
}

/// The normalizer's result for a whole text.
pub(super) fn normalize<'w>(tables: &Tables<'_>, text: &str, memory: &'w mut [u8]) -> Result<&'w str, EncodeError> {
    let bytes = memory.len();
    let too_small = |missing: usize| EncodeError::MemoryTooSmall { missing: missing.max(1) };
    let scratch = super::workspace::aligned(memory);
    let available = scratch.len();
    let mut items = Items::new(scratch, 0);
    let missing = |need: Need| match need {
        Need::Scratch(words) => too_small(words.saturating_sub(available) * 8),
        Need::Tokens(_) | Need::Surfaces(_) => too_small(1),
    };
    items.load(text).map_err(missing)?;
    match normalizer::run(tables.ops(), &mut items, true, true) {
        Err(Stop::Need(need)) => return Err(missing(need)),
        Ok(()) | Err(Stop::TakeWhole) => {}
    }
    let len = items.len();
    let (items, rest) = carve::<Item>(scratch, len).ok_or(too_small(1))?;
    let needed = items.iter().map(|item| char::from_u32(item.code & CODE).map_or(3, char::len_utf8)).sum::<usize>();
    let room = bytes.saturating_sub(len * size_of::<Item>());
    let (text, _) = carve::<u8>(rest, needed).ok_or(too_small(needed.saturating_sub(room)))?;
    let size = write_utf8(items, text);
    Ok(core::str::from_utf8(text.get(..size).unwrap_or(&[])).unwrap_or(""))
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

/// Code points of a text.
pub(super) fn count(text: &str) -> u32 {
    text.bytes().filter(|&byte| byte & 0xc0 != 0x80).count() as u32
}

/// Writes the items' characters; returns the bytes written.
pub(super) fn write_utf8(items: &[Item], bytes: &mut [u8]) -> usize {
    let mut at = 0;
    for item in items {
        let code = char::from_u32(item.code & CODE).unwrap_or(char::REPLACEMENT_CHARACTER);
        let Some(room) = bytes.get_mut(at..at + code.len_utf8()) else { break };
        at += code.encode_utf8(room).len();
    }
    at
}

/// Whether a character U+4E00 to U+9FFF begins at `index`.
fn is_ideograph(bytes: &[u8], index: usize) -> bool {
    let Some(&[a, b, _]) = bytes.get(index..).and_then(|rest| rest.first_chunk::<3>()) else { return false };
    (0xe5..=0xe9).contains(&a) || (a == 0xe4 && b >= 0xb8)
}
