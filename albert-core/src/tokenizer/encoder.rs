//! The tokens of one text, stretch by stretch.

use super::EncodeError;
use super::added::{Match, Matcher};
use super::encoding::Offsets;
use super::items::{ADDED, CODE, Item, Items, START, Stop, write_utf8};
use super::normalizer;
use super::section::flag;
use super::sink::{Limits, Progress, Sink};
use super::split;
use super::tables::Tables;
use super::trie::Node as Place;
use super::workspace::{Need, Workspace, carve};
use crate::build_features::LARGE_TARGET;

/// A tokenizer's tables, made ready for a call.
pub(super) struct Pipeline<'m> {
    pub(super) tables: Tables<'m>,
    added: Matcher<'m>,
    normalized: Matcher<'m>,
    /// Where pieces that continue a word begin in the vocabulary (WordPiece).
    pub(super) continuation: Option<Place>,
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
        if LARGE_TARGET
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

/// Code points of a text.
pub(super) fn count(text: &str) -> u32 {
    text.bytes().filter(|&byte| byte & 0xc0 != 0x80).count() as u32
}

/// Whether a character U+4E00 to U+9FFF begins at `index`.
fn is_ideograph(bytes: &[u8], index: usize) -> bool {
    let Some(&[a, b, _]) = bytes.get(index..).and_then(|rest| rest.first_chunk::<3>()) else { return false };
    (0xe5..=0xe9).contains(&a) || (a == 0xe4 && b >= 0xb8)
}
