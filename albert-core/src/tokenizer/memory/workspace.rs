//! The caller's memory: token arrays at the front, surface text, and scratch at the back.
//!
//! The three share what there is: when one runs out, the borders move.

use core::cell::Cell;

use crate::slices::OrEmpty;
use crate::tokenizer::error::EncodeError;
use crate::tokenizer::offsets::Offsets;

/// Bytes of one token in the arrays: id, offsets, word, type, special, sequence.
const TOKEN_BYTES: usize = 4 + 8 + 4 + 3;
/// Token capacities are multiples of this, so that all arrays and what follows them stay aligned.
const TOKEN_STEP: usize = 8;
/// Scratch for one code point of the longest segment: two characters while it is normalized, or one, four bytes of text and
/// five search nodes after.
const SCRATCH_PER_CODE_POINT: usize = 12 + 4 + 5 * 16;

/// Bytes of memory that are always enough for [`Tokenizer::encode`](crate::tokenizer::Tokenizer::encode).
///
/// - `tokens`: [`max_tokens`](crate::tokenizer::EncodeOptions::max_tokens), or the number of tokens that the text has if there is no
///   limit; twice that for a pair.
/// - `segment`: code points of the longest piece of text without a blank, after normalization, and at least 8. For BERT's
///   tokenizers, ideographs divide text, too.
///
/// [`EncodeOptions::surfaces`](crate::tokenizer::EncodeOptions::surfaces) needs more: the bytes of each surface plus 16.
pub const fn memory_bytes(tokens: usize, segment: usize) -> usize {
    let tokens = tokens.saturating_add(TOKEN_STEP).div_ceil(TOKEN_STEP).saturating_mul(TOKEN_STEP * TOKEN_BYTES);
    tokens.saturating_add(segment.saturating_mul(SCRATCH_PER_CODE_POINT)).saturating_add(256)
}

/// What a segment of text lacks; counted in tokens, u32 words and u64 words.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shortage {
    Tokens(usize),
    Surfaces(usize),
    Scratch(usize),
}

/// See the module.
pub(crate) struct Workspace<'w> {
    words: &'w mut [u64],
    /// Bytes that alignment cost.
    lost: usize,
    tokens: usize,
    surfaces: usize,
    /// What the current segment was found to shortage of each region: u64 words, tokens.
    floor: Floor,
}

#[derive(Clone, Copy, Default)]
struct Floor {
    tokens: usize,
    surfaces: usize,
    scratch: usize,
}

/// Arrays of equal length.
pub(crate) struct Arrays<'a> {
    pub(crate) ids: &'a mut [u32],
    pub(crate) offsets: &'a mut [Offsets],
    pub(crate) words: &'a mut [u32],
    pub(crate) type_ids: &'a mut [u8],
    pub(crate) special: &'a mut [u8],
    pub(crate) sequences: &'a mut [u8],
}

/// Number of u64 words of the arrays.
fn token_words(capacity: usize) -> usize {
    capacity / 8 * TOKEN_BYTES
}

impl<'w> Workspace<'w> {
    /// `tokens` is an upper bound of what will be stored, `surfaces` whether any text will.
    pub(crate) fn new(memory: &'w mut [u8], tokens: Option<usize>, surfaces: bool) -> Self {
        let bytes = memory.len();
        let words = aligned(memory);
        let half = words.len() / 2 / TOKEN_BYTES * TOKEN_STEP;
        let bound = tokens.unwrap_or(half).saturating_add(TOKEN_STEP - 1) / TOKEN_STEP * TOKEN_STEP;
        Self {
            lost: bytes - words.len() * 8,
            tokens: half.min(bound),
            surfaces: if surfaces { words.len() / 8 } else { 0 },
            words,
            floor: Floor::default(),
        }
    }

    /// Forgets what the last segment needed.
    pub(crate) fn settle(&mut self) {
        self.floor = Floor::default();
    }

    /// The arrays, the surface text (u32 words) and the scratch.
    pub(crate) fn split(&mut self) -> (Arrays<'_>, &mut [u32], &mut [u64]) {
        let (tokens, rest) = self.words.split_at_mut_checked(token_words(self.tokens)).or_empty();
        let (surfaces, scratch) = rest.split_at_mut_checked(self.surfaces).or_empty();
        (arrays(tokens, self.tokens), bytemuck::must_cast_slice_mut(surfaces), scratch)
    }

    /// Moves the borders so that `shortage` is met. `used` and `surface_words` are the tokens and u32 words in use.
    pub(crate) fn grow(&mut self, shortage: Shortage, used: usize, surface_words: usize) -> Result<(), EncodeError> {
        let scratch = self.words.len().saturating_sub(token_words(self.tokens) + self.surfaces);
        match shortage {
            Shortage::Tokens(n) => self.floor.tokens = n,
            Shortage::Surfaces(n) => self.floor.surfaces = n.div_ceil(2),
            Shortage::Scratch(n) => self.floor.scratch = n.max(scratch + 1),
        }
        let tokens = used.max(self.floor.tokens).div_ceil(TOKEN_STEP) * TOKEN_STEP;
        let surfaces = self.floor.surfaces.max(surface_words.div_ceil(2));
        let wanted = self.floor.scratch;
        let total = token_words(tokens).saturating_add(surfaces).saturating_add(wanted);
        let Some(slack) = self.words.len().checked_sub(total) else {
            let missing = (total - self.words.len()).saturating_mul(8).saturating_sub(self.lost);
            return Err(EncodeError::MemoryTooSmall { missing: missing.max(1) });
        };
        let (tokens, surfaces) = match shortage {
            Shortage::Tokens(_) => (tokens + slack / 2 / TOKEN_BYTES * TOKEN_STEP, surfaces),
            Shortage::Surfaces(_) => (tokens, surfaces + slack / 2),
            Shortage::Scratch(_) if self.surfaces == 0 => (tokens + slack / 4 / TOKEN_BYTES * TOKEN_STEP, 0),
            Shortage::Scratch(_) => (tokens + slack / 4 / TOKEN_BYTES * TOKEN_STEP, surfaces + slack / 4),
        };
        self.move_borders(tokens, surfaces, used, surface_words);
        Ok(())
    }

    /// Lays the regions out anew, keeping the first `used` tokens' ids, offsets and words, and `surface_words` u32 words.
    fn move_borders(&mut self, tokens: usize, surfaces: usize, used: usize, surface_words: usize) {
        let numbers: &mut [u32] = bytemuck::must_cast_slice_mut(self.words);
        let [old_surfaces, new_surfaces] = [self.tokens, tokens].map(|capacity| 2 * token_words(capacity));
        let used = used.min(tokens).min(self.tokens);
        let growing = tokens > self.tokens;
        if growing {
            shift(numbers, old_surfaces, new_surfaces, surface_words);
        }
        // Ids start at word 0 in both layouts; offsets at 1, words at 3 units of the capacity. Going up, the last moves first.
        let arrays = [(1, 2), (3, 1)];
        for index in 0..arrays.len() {
            let at = if growing { arrays.len() - 1 - index } else { index };
            let Some(&(unit, width)) = arrays.get(at) else { continue };
            shift(numbers, unit * self.tokens, unit * tokens, width * used);
        }
        if !growing {
            shift(numbers, old_surfaces, new_surfaces, surface_words);
        }
        self.tokens = tokens;
        self.surfaces = surfaces;
    }

    /// The finished encoding's arrays and surface text.
    pub(crate) fn finish(self) -> (Arrays<'w>, &'w [u32]) {
        let (tokens, rest) = self.words.split_at_mut_checked(token_words(self.tokens)).or_empty();
        let (surfaces, _) = rest.split_at_mut_checked(self.surfaces).or_empty();
        (arrays(tokens, self.tokens), bytemuck::must_cast_slice_mut(surfaces))
    }
}

/// The memory as words, what does not fit left out.
pub(crate) fn aligned(memory: &mut [u8]) -> &mut [u64] {
    let skip = memory.as_ptr().align_offset(8).min(memory.len());
    let (_, rest) = memory.split_at_mut_checked(skip).or_empty();
    let whole = rest.len() & !7;
    let (words, _) = rest.split_at_mut_checked(whole).or_empty();
    // Memory of a few bytes may lie anywhere.
    bytemuck::try_cast_slice_mut(words).unwrap_or_default()
}

/// Moves words; what they leave behind is anything. They are exchanged rather than copied, since the compiler makes calls of
/// `memmove` of copies, which take 1.6 KB of flash for what hardly ever happens.
pub(crate) fn shift(words: &mut [u32], from: usize, to: usize, count: usize) {
    let cells = Cell::from_mut(words).as_slice_of_cells();
    for index in 0..count {
        // The end that lies in the way moves first.
        let index = if to < from { index } else { count - 1 - index };
        if let (Some(source), Some(target)) = (cells.get(from + index), cells.get(to + index)) {
            source.swap(target);
        }
    }
}

/// Cuts `capacity` tokens' arrays out of their words.
fn arrays(words: &mut [u64], capacity: usize) -> Arrays<'_> {
    let capacity = capacity.min(words.len() / TOKEN_BYTES * TOKEN_STEP);
    let (numbers, bytes) = words.split_at_mut_checked(capacity * 2).or_empty();
    let (ids, rest) = numbers.split_at_mut_checked(capacity / 2).or_empty();
    let (offsets, words) = rest.split_at_mut_checked(capacity).or_empty();
    let bytes: &mut [u8] = bytemuck::must_cast_slice_mut(bytes);
    let (type_ids, rest) = bytes.split_at_mut_checked(capacity).or_empty();
    let (special, rest) = rest.split_at_mut_checked(capacity).or_empty();
    let (sequences, _) = rest.split_at_mut_checked(capacity).or_empty();
    Arrays {
        ids: bytemuck::must_cast_slice_mut(ids),
        offsets: bytemuck::must_cast_slice_mut(offsets),
        words: bytemuck::must_cast_slice_mut(words),
        type_ids,
        special,
        sequences,
    }
}

/// Cuts `count` values off the front of the scratch.
pub(crate) fn carve<T: bytemuck::Pod>(scratch: &mut [u64], count: usize) -> Option<(&mut [T], &mut [u64])> {
    let bytes = count.checked_mul(size_of::<T>())?;
    let (front, rest) = scratch.split_at_mut_checked(bytes.div_ceil(8))?;
    let front = bytemuck::must_cast_slice_mut::<u64, u8>(front).get_mut(..bytes)?;
    Some((bytemuck::try_cast_slice_mut(front).ok()?, rest))
}

/// Text of tokens that the vocabulary does not hold: records of token index, length in bytes, and the text, padded to 4.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surfaces<'w> {
    pub(crate) words: &'w [u32],
}

impl<'w> Surfaces<'w> {
    /// The text of a token.
    pub(crate) fn find(&self, token: usize) -> Option<&'w str> {
        let mut rest = self.words;
        while let Some((&[index, length], tail)) = rest.split_first_chunk::<2>() {
            let (text, tail) = tail.split_at_checked((length as usize).div_ceil(4))?;
            if index as usize == token {
                return core::str::from_utf8(bytemuck::must_cast_slice(text).get(..length as usize)?).ok();
            }
            rest = tail;
        }
        None
    }
}
