//! Search in an index: the scores of all entries for a query, chunk by chunk, so that no buffer of the index's size exists.

use super::{Candidate, TopK};
use crate::format::layout::{ALIGNMENT, GROUP_CHANNELS, K_GROUP, round_up};
use crate::format::{IndexFile, Linear, Matrix, Scales, Weights};
use crate::kernels::{Kernels, RowScale, Store};
use crate::linear::{Input, multiply, quantize};
use crate::memory::arena::{Products, Quantization, Quantized, Scratch};
use crate::memory::copies::Copies;
use crate::memory::plan::activation_row_bytes;
use crate::memory::{Columns, Rows};
use crate::slices::{OrEmpty, cast_mut, copy, part, part_mut};

/// Why a search cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SearchError {
    /// The query has another width than the index.
    Width {
        /// Width of the index.
        expected: usize,
    },
    /// The memory is too small by this many bytes.
    Memory {
        /// Bytes that are missing.
        missing: usize,
    },
}

impl core::fmt::Display for SearchError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Width { expected } => write!(f, "the query does not have {expected} elements"),
            Self::Memory { missing } => write!(f, "the search needs {missing} bytes of memory more"),
        }
    }
}

impl core::error::Error for SearchError {}

/// The scores of an index's entries for one query.
///
/// The query is quantized to int8 like the input of a linear. A score is the exact integer product with an entry, scaled. All entries
/// are scanned, so the best ones are exact and the same on every machine.
pub struct Search<'s> {
    kernels: Kernels,
    vectors: Matrix<'s>,
    scratch: Scratch<'s>,
    scores: &'s mut [f32],
    group: usize,
}

impl core::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Search").field("group", &self.group).finish_non_exhaustive()
    }
}

impl<'s> Search<'s> {
    /// Size of the memory in bytes for a search among embeddings of `width` elements. Memory that does not start at a multiple of 64
    /// needs up to 63 bytes more. `usize::MAX` if the size exceeds the address space.
    pub const fn bytes(width: usize) -> usize {
        let [query, row, scale, sums, scores] = parts(width);
        query.saturating_add(row).saturating_add(scale + sums + scores)
    }

    /// Starts a search.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn new(
        kernels: Kernels,
        index: &IndexFile<'s>,
        query: &[f32],
        memory: &'s mut [u8],
    ) -> Result<Self, SearchError> {
        let width = index.width();
        if query.len() != width {
            return Err(SearchError::Width { expected: width });
        }
        let lead = memory.as_ptr().align_offset(ALIGNMENT);
        let missing = Self::bytes(width).saturating_add(lead).saturating_sub(memory.len());
        let mut rest = memory.get_mut(lead..).filter(|_| missing == 0).ok_or(SearchError::Memory { missing })?;
        let [vector, row, scale, sums, scores] = parts(width).map(|bytes| {
            let (part, after) = core::mem::take(&mut rest).split_at_mut_checked(bytes).or_empty();
            rest = after;
            part
        });
        let vector: &mut [f32] = part_mut(cast_mut(vector), ..width);
        copy(vector, query);
        let mut scratch = Scratch {
            quantized: Quantized { bytes: row, row_scales: part_mut(cast_mut(scale), ..1) },
            quantization: Quantization { splits: &mut [], row: &mut [] },
            products: Products {
                accumulators: cast_mut(sums),
                panel: &mut [],
                partial: &mut [],
                copies: Copies::default(),
            },
        };
        let vectors = index.vectors();
        let mut x = Rows { data: vector, stride: width, count: 1 };
        quantize(kernels, &vectors, &mut x, &mut scratch.quantized, &mut scratch.quantization);
        Ok(Self { kernels, vectors, scratch, scores: cast_mut(scores), group: 0 })
    }

    /// The scores of the next entries, in order; `None` after the last.
    pub fn next_chunk(&mut self) -> Option<Scores<'_>> {
        let first = self.group * GROUP_CHANNELS;
        let group = group(&self.vectors, first)?;
        self.group += 1;
        let count = group.matrix.rows;
        let out = Columns { data: &mut *self.scores, stride: GROUP_CHANNELS, rows: 1 };
        let Scratch { quantized, products, .. } = &mut self.scratch;
        let input = Input { rows: &[], stride: group.matrix.columns, quantized };
        multiply(self.kernels, &group, 0..count, &input, Store::Write, out, products);
        Some(Scores { first: first as u32, scores: part(self.scores, ..count) })
    }

    /// The best entries: scans the index from the current position to its end. Their scores are those of the product, not softmax
    /// probabilities.
    pub fn best(mut self, best: &mut [Candidate]) -> &[Candidate] {
        let mut top = TopK::new(best);
        while let Some(chunk) = self.next_chunk() {
            top.keep(chunk.first, chunk.scores);
        }
        top.into_best()
    }
}

/// Scores of consecutive entries.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// Index of the first entry.
    pub first: u32,
    /// One score for each entry.
    pub scores: &'a [f32],
}

/// The entries from `first` on, up to a group of them, as a linear without bias.
fn group<'a>(vectors: &Matrix<'a>, first: usize) -> Option<Linear<'a>> {
    let rows = vectors.rows.checked_sub(first).filter(|&rows| rows > 0)?.min(GROUP_CHANNELS);
    let Weights::I8 { values, scales, sums } = vectors.weights else { return None };
    let row_bytes = round_up(vectors.columns, K_GROUP);
    let weights = Weights::I8 {
        values: part(values, first * row_bytes..),
        scales: Scales::Exact(part(scales.exact(), first..)),
        sums: part(sums, first..),
    };
    Some(Linear { matrix: Matrix { rows, weights, ..*vectors }, bias: &NO_BIAS })
}

static NO_BIAS: [f32; GROUP_CHANNELS] = [0.0; GROUP_CHANNELS];

/// Bytes of the parts of the memory: query, quantized query, its scale, sums and scores of a group.
const fn parts(width: usize) -> [usize; 5] {
    let group = GROUP_CHANNELS * 4;
    let query = round_up(width.saturating_mul(4), ALIGNMENT);
    [query, activation_row_bytes(width), round_up(size_of::<RowScale>(), ALIGNMENT), group, group]
}
