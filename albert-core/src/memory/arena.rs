//! The arena: one caller-owned buffer, divided as the plan says.

use crate::error::SessionError;
use crate::format::layout::ALIGNMENT;
use crate::kernels::RowScale;
use crate::memory::copies::Copies;
use crate::memory::fast::Fast;
use crate::memory::plan::{Plan, Region, Sizes, Token};
use crate::memory::{Sequence, Sequences};
use crate::slices::{OrEmpty, cast_mut, part, part_mut};
use bytemuck::Pod;
use core::ops::Range;

/// An aligned buffer of `N` bytes, for a static arena on a device.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Arena<const N: usize>(pub [u8; N]);

impl<const N: usize> Arena<N> {
    /// An arena of zeros.
    pub const fn new() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Default for Arena<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes that a plan asks for, from the first aligned address of a buffer on.
pub(crate) struct Memory<'a> {
    bytes: &'a mut [u8],
    fast: Fast<'a>,
    pub(crate) copies: Copies<'a>,
    sizes: Sizes,
    workers: usize,
    /// The sequence of a plan for one; those of others are in the arena.
    only: Sequence,
    /// Sequences in use.
    pub(crate) sequences: usize,
}

/// The first `bytes` bytes of a buffer from its first aligned address on.
#[cfg_attr(all(target_os = "none", feature = "fast-memory"), inline(never))]
fn aligned_part(buffer: &mut [u8], bytes: usize) -> Result<&mut [u8], SessionError> {
    let lead = buffer.as_ptr().align_offset(ALIGNMENT);
    let needed = bytes.saturating_add(lead);
    let missing = needed.saturating_sub(buffer.len());
    buffer.get_mut(lead..needed).ok_or(SessionError::ArenaTooSmall { missing })
}

impl<'a> Memory<'a> {
    pub(crate) fn new(buffer: &'a mut [u8], plan: &Plan) -> Result<Self, SessionError> {
        let sizes = Sizes::new(plan);
        let bytes = aligned_part(buffer, sizes.total(plan.workers))?;
        let (fast, copies, only) = (Fast::default(), Copies::default(), Sequence::default());
        Ok(Self { bytes, fast, copies, sizes, workers: plan.workers, only, sequences: 0 })
    }

    /// Has the busiest regions of all workers lie in another buffer.
    #[cfg(feature = "fast-memory")]
    pub(crate) fn set_fast(&mut self, buffer: &'a mut [u8]) -> Result<(), SessionError> {
        self.fast = Fast::new(aligned_part(buffer, self.sizes.fast(self.workers))?);
        Ok(())
    }

    /// Divides it.
    pub(crate) fn divide(&mut self) -> (Shared<'_>, Workers<'_>) {
        let mut rest = Rest { bytes: self.bytes, sizes: &self.sizes };
        // In the order of `Region`.
        let shared = Shared {
            rows: rest.take(Region::Rows),
            selected: rest.take(Region::Selected),
            sequences: match rest.take(Region::Sequences) {
                [] => Sequences(core::slice::from_ref(&self.only)),
                several => Sequences(part(several, ..self.sequences)),
            },
            hidden: rest.take(Region::Hidden),
            keys: rest.take(Region::Keys),
            values: rest.take(Region::Values),
            key_scales: rest.take(Region::KeyScales),
            key_offsets: rest.take(Region::KeyOffsets),
            value_scales: rest.take(Region::ValueScales),
            value_sums: rest.take(Region::ValueSums),
            pooled: rest.take(Region::Pooled),
            logits: rest.take(Region::Logits),
        };
        (shared, Workers { rest, fast: self.fast.lend(), copies: self.copies.lend(), left: self.workers })
    }

    /// All places for sequences.
    pub(crate) fn sequences_mut(&mut self) -> &mut [Sequence] {
        let mut rest = Rest { bytes: self.bytes, sizes: &self.sizes };
        rest.take::<u32>(Region::Rows);
        rest.take::<u32>(Region::Selected);
        match rest.take(Region::Sequences) {
            [] => core::slice::from_mut(&mut self.only),
            several => several,
        }
    }

    /// What it is before an inference: two arrays of a word for each token, and the rest as the tokenizer's memory.
    pub(crate) fn text_memory(&mut self) -> (&mut [u32], &mut [u32], &mut [u8]) {
        let mut rest = Rest { bytes: self.bytes, sizes: &self.sizes };
        (rest.take(Region::Rows), rest.take(Region::Selected), rest.bytes)
    }
}

/// What all tiles of an inference share.
pub(crate) struct Shared<'a> {
    /// Position of each row of the hidden state.
    pub(crate) rows: &'a mut [u32],
    /// Rows that the last layer carries on, each once.
    pub(crate) selected: &'a mut [u32],
    pub(crate) sequences: Sequences<'a>,
    pub(crate) hidden: &'a mut [f32],
    /// Keys as a weight matrix for each head, in words of four bytes; tokens before the embeddings are computed, scores after the
    /// last step.
    pub(crate) keys: &'a mut [[u8; 4]],
    /// Values as a weight matrix for each head, in words.
    pub(crate) values: &'a mut [[u8; 4]],
    pub(crate) key_scales: &'a mut [f32],
    pub(crate) key_offsets: &'a mut [i32],
    pub(crate) value_scales: &'a mut [f32],
    pub(crate) value_sums: &'a mut [i32],
    pub(crate) pooled: &'a mut [f32],
    pub(crate) logits: &'a mut [f32],
}

/// Scratch memory for one tile of rows.
pub(crate) struct Worker<'a> {
    /// f32 rows between two linears.
    pub(crate) intermediate: &'a mut [f32],
    pub(crate) scratch: Scratch<'a>,
    pub(crate) attention: AttentionScratch<'a>,
}

/// What a linear needs beside its input and output.
pub(crate) struct Scratch<'a> {
    pub(crate) quantized: Quantized<'a>,
    pub(crate) quantization: Quantization<'a>,
    pub(crate) products: Products<'a>,
}

/// Quantized rows.
pub(crate) struct Quantized<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) row_scales: &'a mut [RowScale],
}

/// What rows are quantized with.
pub(crate) struct Quantization<'a> {
    /// Places of split channels, and their values while the others are quantized.
    pub(crate) splits: &'a mut [f32],
    /// A smoothed row.
    pub(crate) row: &'a mut [f32],
}

/// What quantized rows are multiplied with.
pub(crate) struct Products<'a> {
    /// Sums of a tile and a group of channels; floats for float weights.
    pub(crate) accumulators: &'a mut [i32],
    /// Expanded weights of a few panels in a codebook format.
    pub(crate) panel: &'a mut [i8],
    /// Sums over a part of the places; none when the panel holds all places.
    pub(crate) partial: &'a mut [i32],
    pub(crate) copies: Copies<'a>,
}

/// What attention needs for one head and a few query rows.
pub(crate) struct AttentionScratch<'a> {
    /// Quantized queries, or rows of keys or values.
    pub(crate) head: &'a mut [u8],
    /// Integer scores; floats in a float model.
    pub(crate) scores: &'a mut [i32],
    pub(crate) probabilities: &'a mut [u8],
}

impl Shared<'_> {
    /// Swaps the selected rows of the hidden state (`width` wide) into their places in `rows`: row i comes from where
    /// `selected[i]` was.
    ///
    /// Tile after tile: a row that had to make room lies behind all rows that are in place.
    pub(crate) fn gather(&mut self, rows: Range<usize>, width: usize) {
        let selected = |row: usize| self.selected.get(row).map_or(row, |&from| from as usize);
        for row in rows {
            // An earlier place was given away; what lay there went to where its row came from.
            let mut from = selected(row);
            while from < row {
                from = selected(from);
            }
            if from > row {
                swap_rows(self.hidden, width, from, row);
                swap_rows(self.rows, 1, from, row);
            }
        }
    }

    /// The tokens, until the keys of the first layer take their place.
    pub(crate) fn tokens(&mut self) -> &mut [Token] {
        as_tokens(self.keys)
    }

    /// The tokens and the hidden states that come from them.
    pub(crate) fn tokens_and_hidden(&mut self) -> (&[Token], &mut [f32]) {
        (as_tokens(self.keys), self.hidden)
    }
}

/// Swaps row `later` with the earlier row `earlier`.
fn swap_rows<T>(rows: &mut [T], width: usize, later: usize, earlier: usize) {
    let (before, behind) = rows.split_at_mut_checked(later * width).or_empty();
    let (a, b) = (part_mut(before, earlier * width..(earlier + 1) * width), part_mut(behind, ..width));
    a.iter_mut().zip(b).for_each(|(a, b)| core::mem::swap(a, b));
}

/// The words that hold tokens, as tokens.
fn as_tokens(words: &mut [[u8; 4]]) -> &mut [Token] {
    let whole = words.len() / WORDS_PER_TOKEN * WORDS_PER_TOKEN;
    cast_mut(part_mut(words, ..whole))
}

/// The words of the keys as room for scores, once no key is needed any more.
pub(crate) fn scores(keys: &mut [[u8; 4]]) -> &mut [f32] {
    cast_mut(keys)
}

const WORDS_PER_TOKEN: usize = size_of::<Token>() / 4;

/// The scratch memories of an arena, one after another.
pub(crate) struct Workers<'a> {
    rest: Rest<'a>,
    fast: Fast<'a>,
    /// For the first.
    copies: Copies<'a>,
    left: usize,
}

impl<'a> Iterator for Workers<'a> {
    type Item = Worker<'a>;

    fn next(&mut self) -> Option<Worker<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (rest, fast) = (&mut self.rest, &mut self.fast);
        // In the order of `Region`.
        Some(Worker {
            intermediate: rest.take(Region::Intermediate),
            scratch: Scratch {
                quantized: Quantized {
                    bytes: fast.take(rest.take(Region::Bytes)),
                    row_scales: rest.take(Region::RowScales),
                },
                products: Products {
                    accumulators: fast.take(rest.take(Region::Accumulators)),
                    panel: rest.take(Region::Panel),
                    partial: rest.take(Region::Partial),
                    copies: core::mem::take(&mut self.copies),
                },
                quantization: Quantization { splits: rest.take(Region::Splits), row: rest.take(Region::Row) },
            },
            attention: AttentionScratch {
                head: rest.take(Region::Head),
                scores: rest.take(Region::Scores),
                probabilities: rest.take(Region::Probabilities),
            },
        })
    }
}

/// What is left of the arena.
struct Rest<'a> {
    bytes: &'a mut [u8],
    sizes: &'a Sizes,
}

impl<'a> Rest<'a> {
    /// The next region; its size is a multiple of the element's.
    fn take<T: Pod>(&mut self, region: Region) -> &'a mut [T] {
        cast_mut(self.take_bytes(region))
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn take_bytes(&mut self, region: Region) -> &'a mut [u8] {
        let bytes = self.sizes.bytes(region);
        let rest = core::mem::take(&mut self.bytes);
        let (taken, rest) = rest.split_at_mut_checked(bytes.next_multiple_of(ALIGNMENT)).or_empty();
        self.bytes = rest;
        part_mut(taken, ..bytes)
    }
}
