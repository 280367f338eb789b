//! Tensor records and the typed views that kernels read.

use super::bytes::{slice, u16_at, u32_at, u64_at};
use super::layout::{
    ALIGNMENT, BLOCK_CHANNELS, MAX_SLOTS, TENSOR_BYTES, dtype, has_scale_steps, matrix_bytes, round_up, scale_bytes,
    stepped_scale,
};
use super::tensors::is_vector;
use crate::build_features::{CODEBOOK, FLOAT};
use crate::error::TensorProblem;

/// Elements of a weight matrix in the file's blocked layout, channels padded to a multiple of 16.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// `[rows/16][slots][16]`.
    F32(&'a [f32]),
    /// `[rows/16][slots][16]`, IEEE binary16.
    F16(&'a [u16]),
    /// `[rows/16][slots/4][16][4]`.
    I8 {
        /// The weights.
        values: &'a [i8],
        /// Scale of each channel.
        scales: Scales<'a>,
        /// Sum of each channel's weights; none of a table whose rows are looked up.
        sums: &'a [i32],
    },
    /// Compressed int8: codebook indices and multipliers, which the kernels expand a few blocks at a time.
    Codebook {
        /// `dtype::C4` or `dtype::C5`.
        dtype: u8,
        /// `[rows/16]` panels of codes and multipliers.
        panels: &'a [u8],
        /// Scale of each channel.
        scales: Scales<'a>,
        /// Sum of each channel's expanded weights; none of a table whose rows are looked up.
        sums: &'a [i32],
    },
}

/// The scales of an integer matrix, those of padding channels included.
#[derive(Clone, Copy, Debug)]
pub enum Scales<'a> {
    /// Of an int8 matrix that inputs are multiplied by.
    Exact(&'a [f32]),
    /// Of all others; see [`stepped_scale`].
    Steps {
        /// Bits of the least scale.
        least: u32,
        /// How many steps each channel's scale is above it.
        steps: &'a [u8],
    },
}

impl<'a> Scales<'a> {
    /// Those of an int8 matrix that inputs are multiplied by; else none.
    pub fn exact(self) -> &'a [f32] {
        match self {
            Self::Exact(scales) => scales,
            Self::Steps { .. } => &[],
        }
    }

    /// The scale of a channel, 0 beyond the last.
    pub fn of(self, channel: usize) -> f32 {
        match self {
            Self::Exact(scales) => scales.get(channel).copied().unwrap_or(0.0),
            Self::Steps { least, steps } => steps.get(channel).map_or(0.0, |&steps| stepped_scale(least, steps)),
        }
    }

    /// The scales of as many channels from `first` on as `out` has elements; elements past the last channel stay.
    pub fn copy_to(self, first: usize, out: &mut [f32]) {
        match self {
            Self::Exact(scales) => {
                let scales = scales.get(first..).unwrap_or(&[]);
                out.iter_mut().zip(scales).for_each(|(out, &scale)| *out = scale);
            }
            Self::Steps { least, steps } => {
                let steps = steps.get(first..).unwrap_or(&[]);
                out.iter_mut().zip(steps).for_each(|(out, &steps)| *out = stepped_scale(least, steps));
            }
        }
    }
}

/// A weight matrix or an embedding table.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Output channels.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// The elements.
    pub weights: Weights<'a>,
    /// Input channel that each extra slot repeats, ascending.
    pub splits: &'a [u32],
    /// Factor of each input before quantization; empty for none.
    pub smoothing: &'a [f32],
}

impl Matrix<'_> {
    /// Inputs and extra slots.
    pub fn slots(&self) -> usize {
        self.columns + self.splits.len()
    }

    /// Blocks of 16 output channels.
    pub fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_CHANNELS)
    }

    /// Whether the inputs are quantized before the product.
    pub fn is_integer(&self) -> bool {
        matches!(self.weights, Weights::I8 { .. } | Weights::Codebook { .. })
    }
}

/// A matrix and its bias, padded with zeros to a multiple of 16.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a> {
    /// Weights.
    pub matrix: Matrix<'a>,
    /// Bias.
    pub bias: &'a [f32],
}

/// Weight and bias of a layer norm, padded with zeros to a multiple of 16.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// Weight (gamma).
    pub weight: &'a [f32],
    /// Bias (beta).
    pub bias: &'a [f32],
}

/// What a tensor holds.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// A bias, or the weight of a layer norm.
    Vector(&'a [f32]),
    /// A weight matrix or an embedding table.
    Matrix(Matrix<'a>),
}

/// Where the data section lies in the file.
#[derive(Clone, Copy)]
pub(super) struct DataRange {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// One tensor record, as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the tensor is; see [`role`](super::layout::role).
    pub role: u16,
    /// Block it belongs to, 0 for others.
    pub block: u16,
    /// Element type; see [`dtype`].
    pub dtype: u8,
    /// Output channels; 1 for a vector.
    pub rows: u32,
    /// Inputs, or length of a vector.
    pub columns: u32,
    /// Extra slots.
    pub extra: u32,
    pub(super) data: u64,
    pub(super) scales: u64,
    pub(super) sums: u64,
    pub(super) splits: u64,
    pub(super) smoothing: u64,
    reserved: bool,
}

impl Record {
    /// The record at `index` of the table, zero beyond its end.
    pub(super) fn read(table: &[u8], index: usize) -> Self {
        let at = index * TENSOR_BYTES;
        Self {
            role: u16_at(table, at),
            block: u16_at(table, at + 2),
            dtype: table.get(at + 4).copied().unwrap_or(0),
            rows: u32_at(table, at + 8),
            columns: u32_at(table, at + 12),
            extra: u32_at(table, at + 16),
            data: u64_at(table, at + 24),
            scales: u64_at(table, at + 32),
            sums: u64_at(table, at + 40),
            splits: u64_at(table, at + 48),
            smoothing: u64_at(table, at + 56),
            reserved: u32_at(table, at + 4) >> 8 == 0 && u32_at(table, at + 20) == 0,
        }
    }

    fn slots(&self) -> usize {
        self.columns as usize + self.extra as usize
    }

    /// Bytes of the tensor in the file: data, scales, sums, split list and smoothing vector, padding not counted.
    pub fn bytes(&self) -> usize {
        if is_vector(self.role) {
            return round_up(self.columns as usize, BLOCK_CHANNELS) * 4;
        }
        let (rows, slots) = (self.rows as usize, self.slots());
        let scales = match self.dtype {
            dtype::F32 | dtype::F16 => 0,
            dtype => scale_bytes(has_scale_steps(dtype, self.sums == 0), rows),
        };
        let sums = if self.sums == 0 { 0 } else { round_up(rows, BLOCK_CHANNELS) * 4 };
        let smoothing = if self.smoothing == 0 { 0 } else { round_up(self.columns as usize, BLOCK_CHANNELS) * 4 };
        matrix_bytes(self.dtype, rows, slots).unwrap_or(0) + scales + sums + self.extra as usize * 4 + smoothing
    }

    fn region(&self, offset: u64, bytes: Option<usize>, data: DataRange) -> Result<(), TensorProblem> {
        let end = bytes.and_then(|n| offset.checked_add(n as u64)).ok_or(TensorProblem::Bounds)?;
        let inside = offset >= data.start && end <= data.end && offset.is_multiple_of(ALIGNMENT as u64);
        if inside { Ok(()) } else { Err(TensorProblem::Bounds) }
    }

    fn absent(&self, offsets: &[u64]) -> Result<(), TensorProblem> {
        if offsets.iter().all(|&offset| offset == 0) { Ok(()) } else { Err(TensorProblem::Bounds) }
    }

    /// Checks a vector of `length` elements.
    pub(super) fn check_vector(&self, length: u32, data: DataRange) -> Result<(), TensorProblem> {
        if self.dtype != dtype::F32 || !self.reserved {
            return Err(TensorProblem::Dtype);
        }
        if self.rows != 1 || self.columns != length || self.extra != 0 {
            return Err(TensorProblem::Shape);
        }
        self.absent(&[self.scales, self.sums, self.splits, self.smoothing])?;
        self.region(self.data, round_up(length as usize, BLOCK_CHANNELS).checked_mul(4), data)
    }

    /// Checks a matrix of `rows` x `columns`; `most_extra` bounds the split list.
    pub(super) fn check_matrix(
        &self,
        rows: u32,
        columns: u32,
        limits: &MatrixLimits,
        file: &[u8],
        data: DataRange,
    ) -> Result<(), TensorProblem> {
        let codebook = matches!(self.dtype, dtype::C4 | dtype::C5);
        if (codebook && !CODEBOOK) || (self.dtype < dtype::I8 && !FLOAT) {
            return Err(TensorProblem::NotCompiledIn);
        }
        let allowed = self.dtype <= dtype::C5
            && !(limits.float_only && self.dtype > dtype::F16)
            && (limits.codebook || !codebook);
        if !allowed || !self.reserved {
            return Err(TensorProblem::Dtype);
        }
        if self.rows != rows || self.columns != columns || self.slots() > MAX_SLOTS as usize {
            return Err(TensorProblem::Shape);
        }
        let (padded, slots) = (round_up(rows as usize, BLOCK_CHANNELS), self.slots());
        self.region(self.data, matrix_bytes(self.dtype, rows as usize, slots), data)?;
        let integer = self.dtype >= dtype::I8;
        if integer {
            let bytes = scale_bytes(has_scale_steps(self.dtype, limits.lookup), rows as usize);
            self.region(self.scales, Some(bytes), data)?;
        } else {
            self.absent(&[self.scales])?;
        }
        if integer && !limits.lookup {
            self.region(self.sums, padded.checked_mul(4), data)?;
        } else {
            self.absent(&[self.sums])?;
        }
        if self.smoothing != 0 {
            if !(limits.smoothing && integer) {
                return Err(TensorProblem::Smoothing);
            }
            self.region(self.smoothing, round_up(columns as usize, BLOCK_CHANNELS).checked_mul(4), data)?;
        }
        if self.extra == 0 {
            return self.absent(&[self.splits]);
        }
        if self.extra > limits.most_extra || !integer {
            return Err(TensorProblem::Splits);
        }
        self.region(self.splits, (self.extra as usize).checked_mul(4), data)?;
        let splits: &[u32] = slice(file, self.splits, self.extra as usize);
        let ascending = splits.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
        let in_range = splits.last().is_some_and(|&channel| channel < columns);
        if ascending && in_range { Ok(()) } else { Err(TensorProblem::Splits) }
    }

    /// The vector's elements, padding included. The record was checked.
    pub(super) fn vector<'a>(&self, file: &'a [u8]) -> &'a [f32] {
        slice(file, self.data, round_up(self.columns as usize, BLOCK_CHANNELS))
    }

    /// What the record's tensor holds, padding left out. The record was checked.
    pub(super) fn elements<'a>(&self, file: &'a [u8]) -> Elements<'a> {
        if is_vector(self.role) {
            Elements::Vector(self.vector(file).get(..self.columns as usize).unwrap_or(&[]))
        } else {
            Elements::Matrix(self.matrix(file))
        }
    }

    /// The matrix' view. The record was checked.
    pub(super) fn matrix<'a>(&self, file: &'a [u8]) -> Matrix<'a> {
        let (rows, columns, slots) = (self.rows as usize, self.columns as usize, self.slots());
        let padded = round_up(rows, BLOCK_CHANNELS);
        let bytes = matrix_bytes(self.dtype, rows, slots).unwrap_or(0);
        // A table whose rows are looked up has no sums.
        let sums: &[i32] = if self.sums == 0 { &[] } else { slice(file, self.sums, padded) };
        let scales = || match has_scale_steps(self.dtype, self.sums == 0) {
            true => Scales::Steps {
                least: slice(file, self.scales, 1).first().copied().unwrap_or(0),
                steps: slice(file, self.scales.wrapping_add(size_of::<u32>() as u64), padded),
            },
            false => Scales::Exact(slice(file, self.scales, padded)),
        };
        let weights = match self.dtype {
            dtype::F32 => Weights::F32(slice(file, self.data, bytes / 4)),
            dtype::F16 => Weights::F16(slice(file, self.data, bytes / 2)),
            dtype::I8 => Weights::I8 { values: slice(file, self.data, bytes), scales: scales(), sums },
            dtype => Weights::Codebook { dtype, panels: slice(file, self.data, bytes), scales: scales(), sums },
        };
        let smoothing = if self.smoothing == 0 { &[] } else { slice(file, self.smoothing, columns) };
        Matrix { rows, columns, weights, splits: slice(file, self.splits, self.extra as usize), smoothing }
    }
}

/// What a matrix of some role may be.
pub(super) struct MatrixLimits {
    pub(super) float_only: bool,
    pub(super) most_extra: u32,
    pub(super) smoothing: bool,
    pub(super) codebook: bool,
    /// It is a table whose rows are looked up and by which nothing is multiplied.
    pub(super) lookup: bool,
}
