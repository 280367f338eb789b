//! The memory of one call: an arena for the longest input so far, the tokenizer's workspace, threads.

#[cfg(feature = "std")]
use albert_core::executor::Threads;
use albert_core::plan::MAX_WORKERS;
use albert_core::tokenizer::{EncodeError, EncodeOptions, Encoding, Tokenizer};
use albert_core::{Plan, Session};

use super::Settings;
use crate::error::{Error, Result};
use crate::model::{AlignedBytes, HeadFile, Model};

/// Bytes that the tokenizer starts with.
const WORKSPACE_BYTES: usize = 1 << 14;
/// Most bytes that the tokenizer takes for a text: a constant, and so many for each byte of the text. A text without blanks
/// takes 115 for each code point; a normalizer may make a few of one.
const WORKSPACE_CONSTANT: usize = 64 << 20;
const WORKSPACE_PER_BYTE: usize = 128;

/// What a session has room for.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Tokens of the longest input.
    pub(super) tokens: usize,
    /// Inputs of a run, and their tokens together.
    pub(super) sequences: usize,
    pub(super) total_tokens: usize,
}

/// Memory that grows as inputs ask for it.
pub(super) struct Lane {
    arena: AlignedBytes,
    workspace: AlignedBytes,
    /// Started when they are first needed.
    #[cfg(feature = "std")]
    threads: Option<Threads>,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            arena: AlignedBytes::empty(),
            workspace: AlignedBytes::empty(),
            #[cfg(feature = "std")]
            threads: None,
        }
    }
}

/// Makes `memory` `bytes` long or longer; what was in it is lost.
fn grow(memory: &mut AlignedBytes, bytes: usize, limit: usize) -> Result<()> {
    if memory.len() >= bytes {
        return Ok(());
    }
    if bytes > limit {
        return Err(Error::MemoryLimit { bytes, limit });
    }
    // The old memory is free before the new one is taken.
    *memory = AlignedBytes::empty();
    *memory = AlignedBytes::zeroed(bytes).ok_or(Error::OutOfMemory { bytes })?;
    Ok(())
}

impl Lane {
    /// Encodes and hands the encoding to `read`.
    pub(super) fn encode<T>(
        &mut self,
        tokenizer: &Tokenizer<'_>,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        limit: usize,
        read: impl FnOnce(&Encoding<'_>) -> T,
    ) -> Result<T> {
        let text_bytes = text.len().saturating_add(pair.map_or(0, str::len));
        let of_text = WORKSPACE_CONSTANT.saturating_add(text_bytes.saturating_mul(WORKSPACE_PER_BYTE));
        let limit = limit.min(of_text);
        loop {
            let missing = match tokenizer.encode(text, pair, options, self.workspace.as_mut_slice()) {
                Ok(encoding) => return Ok(read(&encoding)),
                Err(EncodeError::MemoryTooSmall { missing }) => missing,
                Err(error) => return Err(Error::Encode(error)),
            };
            let length = self.workspace.len();
            let needed = length.saturating_add(missing);
            // Twice as much each time, or what the limit allows.
            let wanted = needed.max(length.saturating_mul(2)).max(WORKSPACE_BYTES).min(limit.max(needed));
            grow(&mut self.workspace, wanted, limit)?;
        }
    }

    /// Hands a session to `use_session`.
    pub(super) fn session<T>(
        &mut self,
        model: &Model,
        settings: &Settings,
        room: Room,
        workers: usize,
        use_session: impl FnOnce(&mut Session<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let workers = workers.clamp(1, MAX_WORKERS);
        let head = model.head().map(HeadFile::as_core);
        let labels = head.map_or(0, |head| head.classifier().num_labels as usize);
        let plan = Plan::new(model.as_core().config(), room.tokens)
            .with_labels(labels)
            .with_large_tiles()
            .with_workers(workers);
        let plan = settings.tile_rows.map_or(plan, |rows| plan.with_tile_rows(rows));
        let plan = plan.with_sequences(room.sequences, room.total_tokens);
        grow(&mut self.arena, plan.arena_bytes(), settings.memory_limit)?;
        #[cfg(feature = "std")]
        if workers > 1 && self.threads.as_ref().is_none_or(|threads| threads.count() != workers) {
            let threads = Threads::new(workers).map_err(|source| Error::Threads { count: workers, source })?;
            self.threads = Some(threads);
        }
        #[cfg(feature = "std")]
        let pages = settings.release_pages.then(|| crate::model::Pages::new(model));
        let session = Session::with_kernels(model.as_core(), plan, self.arena.as_mut_slice(), settings.kernels);
        // The plan is the model's and the arena as large as it says.
        let mut session = session.map_err(|_| Error::NoOutput)?;
        #[cfg(feature = "std")]
        {
            if let (2.., Some(threads)) = (workers, &self.threads) {
                session.set_executor(threads);
            }
            if let Some(pages) = &pages {
                session.set_observer(pages);
            }
        }
        // The head was found to fit when it was put beside the model, and the plan has room for its labels.
        session.set_head(head).map_err(|_| Error::OtherEncoder)?;
        session.set_early_exit(settings.exit).map_err(|_| Error::NoExit)?;
        use_session(&mut session)
    }
}
