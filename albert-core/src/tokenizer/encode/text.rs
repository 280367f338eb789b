//! The tokens of one text: added tokens, and the text between them segment by segment.

use super::added::Match;
use super::pipeline::Pipeline;
use crate::slices::{OrEmpty, part, text_part};
use crate::tokenizer::error::EncodeError;
use crate::tokenizer::memory::char_buffer::{CODE, CharBuffer, Character, Stop, write_utf8};
use crate::tokenizer::memory::token_buffer::{Limits, Progress, TokenBuffer};
use crate::tokenizer::memory::workspace::{Shortage, Workspace, aligned, carve};
use crate::tokenizer::normalize;
use crate::tokenizer::offsets::{Offsets, count};
use crate::tokenizer::tables::Tables;

impl Pipeline<'_> {
    /// Encodes one text into the tokens from `first` on.
    pub(crate) fn encode(
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
            let piece = text_part(text, byte..end);
            code = self.encode_piece(piece, code, first, limits, &mut progress, workspace)?;
            byte = end;
            if progress.done {
                break;
            }
            if let Some(Match { id, start, end }) = found {
                let token = text_part(text, start..end);
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
            let mut tokens = TokenBuffer { arrays, surfaces, first, limits, progress: *progress };
            let shortage = match tokens.push(id, offsets, Some(token.as_bytes())) {
                Ok(()) => {
                    tokens.progress.word += 1;
                    *progress = tokens.progress;
                    workspace.settle();
                    return Ok(());
                }
                Err(shortage) => shortage,
            };
            workspace.grow(shortage, first + progress.kept, progress.surfaces)?;
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
            let mut tokens = TokenBuffer { arrays, surfaces, first, limits, progress: *progress };
            let shortage = match self.encode_segment(rest, code, begins, whole, &mut tokens, scratch) {
                Ok((bytes, codes)) => {
                    *progress = tokens.progress;
                    workspace.settle();
                    rest = text_part(rest, bytes.max(1)..);
                    code += codes;
                    begins = false;
                    continue;
                }
                Err(Stop::TakeWhole) => {
                    whole = true;
                    continue;
                }
                Err(Stop::Shortage(shortage)) => shortage,
            };
            workspace.grow(shortage, first + progress.kept, progress.surfaces)?;
        }
        Ok(code)
    }
}

/// The normalizer's result for a whole text.
pub(crate) fn normalized<'w>(tables: &Tables<'_>, text: &str, memory: &'w mut [u8]) -> Result<&'w str, EncodeError> {
    let bytes = memory.len();
    let too_small = |missing: usize| EncodeError::MemoryTooSmall { missing: missing.max(1) };
    let scratch = aligned(memory);
    let available = scratch.len();
    let mut chars = CharBuffer::new(scratch, 0);
    let missing = |shortage: Shortage| match shortage {
        Shortage::Scratch(words) => too_small(words.saturating_sub(available) * 8),
        Shortage::Tokens(_) | Shortage::Surfaces(_) => too_small(1),
    };
    chars.load(text).map_err(missing)?;
    match normalize::run(tables.operations(), &mut chars, true, true) {
        Err(Stop::Shortage(shortage)) => return Err(missing(shortage)),
        Ok(()) | Err(Stop::TakeWhole) => {}
    }
    let len = chars.len();
    let (chars, rest) = carve::<Character>(scratch, len).ok_or(too_small(1))?;
    let needed =
        chars.iter().map(|character| char::from_u32(character.code & CODE).map_or(3, char::len_utf8)).sum::<usize>();
    let room = bytes.saturating_sub(len * size_of::<Character>());
    let (text, _) = carve::<u8>(rest, needed).ok_or(too_small(needed.saturating_sub(room)))?;
    let size = write_utf8(chars, text);
    Ok(core::str::from_utf8(part(text, ..size)).or_empty())
}
