//! Tensor records as they stand in a file, and the views of checked ones.

use super::bytes::{array_at, slice, u16_at, u32_at, u64_at};
use super::layout::{PANEL_CHANNELS, TENSOR_BYTES, dtype, has_scale_steps, matrix_bytes, round_up, scale_bytes};
use super::shapes::is_vector;
use super::tensor::{Elements, Linear, Matrix, Scales, Weights};
use crate::build_features::{CODEBOOK, FLOAT};
use crate::slices::part;

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
    /// Places in K that outlier channel splitting adds.
    pub ocs_places: u32,
    // Offsets in the data section.
    pub(super) data: u64,
    pub(super) scales: u64,
    pub(super) sums: u64,
    pub(super) splits: u64,
    pub(super) smoothing: u64,
    /// Whether the reserved fields are zero.
    pub(super) reserved: bool,
}

impl Record {
    /// The record at `index` of the table, zero beyond its end.
    pub(super) fn read(table: &[u8], index: usize) -> Self {
        let record: &[u8; TENSOR_BYTES] = array_at(table, index * TENSOR_BYTES);
        Self {
            role: u16_at(record, 0),
            block: u16_at(record, 2),
            dtype: record[4],
            rows: u32_at(record, 8),
            columns: u32_at(record, 12),
            ocs_places: u32_at(record, 16),
            data: u64_at(record, 24),
            scales: u64_at(record, 32),
            sums: u64_at(record, 40),
            splits: u64_at(record, 48),
            smoothing: u64_at(record, 56),
            reserved: u32_at(record, 4) >> 8 == 0 && u32_at(record, 20) == 0,
        }
    }

    /// Places in K: inputs and those of outlier channel splitting. A record that was not checked may state any.
    pub(super) fn places(&self) -> usize {
        (self.columns as usize).saturating_add(self.ocs_places as usize)
    }

    /// Bytes of the tensor in the file: data, scales, sums, split list and smoothing vector, padding not counted.
    pub fn bytes(&self) -> usize {
        self.part_bytes().iter().fold(0, |sum, &bytes| sum.saturating_add(bytes))
    }

    /// Bytes of data, scales, sums, split list and smoothing vector, padding between them not counted.
    fn part_bytes(&self) -> [usize; 5] {
        let vector = round_up(self.columns as usize, PANEL_CHANNELS) * 4;
        if is_vector(self.role) {
            return [vector, 0, 0, 0, 0];
        }
        let rows = self.rows as usize;
        let scales = match self.dtype {
            dtype::F32 | dtype::F16 => 0,
            dtype => scale_bytes(has_scale_steps(dtype, self.sums == 0), rows),
        };
        let sums = if self.sums == 0 { 0 } else { round_up(rows, PANEL_CHANNELS) * 4 };
        let smoothing = if self.smoothing == 0 { 0 } else { vector };
        let data = matrix_bytes(self.dtype, rows, self.places()).unwrap_or(0);
        [data, scales, sums, self.ocs_places as usize * 4, smoothing]
    }

    /// The bytes of data, scales, sums, split list and smoothing vector, empty for what the tensor does not have. The record was
    /// checked.
    pub(super) fn parts<'a>(&self, data: &'a [u8]) -> [&'a [u8]; 5] {
        let offsets = [self.data, self.scales, self.sums, self.splits, self.smoothing];
        let mut parts: [&[u8]; 5] = [&[]; 5];
        for ((part, offset), bytes) in parts.iter_mut().zip(offsets).zip(self.part_bytes()) {
            *part = slice(data, offset, bytes);
        }
        parts
    }

    /// The vector's elements, padding included. The record was checked.
    // One copy where flash is scarce.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(super) fn vector<'a>(&self, data: &'a [u8]) -> &'a [f32] {
        slice(data, self.data, round_up(self.columns as usize, PANEL_CHANNELS))
    }

    /// What the record's tensor holds, padding left out. The record was checked.
    pub(super) fn elements<'a>(&self, data: &'a [u8]) -> Elements<'a> {
        if is_vector(self.role) {
            Elements::Vector(part(self.vector(data), ..self.columns as usize))
        } else {
            Elements::Matrix(self.matrix(data))
        }
    }

    /// The linear of this matrix and the bias of `bias`. The records were checked.
    pub(super) fn linear<'a>(&self, bias: &Self, data: &'a [u8]) -> Linear<'a> {
        Linear { matrix: self.matrix(data), bias: bias.vector(data) }
    }

    /// The matrix' view. The record was checked.
    pub(super) fn matrix<'a>(&self, data: &'a [u8]) -> Matrix<'a> {
        let (rows, columns, places) = (self.rows as usize, self.columns as usize, self.places());
        let padded = round_up(rows, PANEL_CHANNELS);
        let bytes = matrix_bytes(self.dtype, rows, places).unwrap_or(0);
        // A table whose rows are looked up has no sums.
        let sums: &[i32] = if self.sums == 0 { &[] } else { slice(data, self.sums, padded) };
        // Float weights, which have none, read what they do not use.
        let scales = match has_scale_steps(self.dtype, self.sums == 0) {
            true => Scales::Steps {
                least: slice(data, self.scales, 1).first().copied().unwrap_or(0),
                steps: slice(data, self.scales.wrapping_add(size_of::<u32>() as u64), padded),
            },
            false => Scales::Exact(slice(data, self.scales, padded)),
        };
        // Matrices of what was not compiled in were refused.
        let weights = match self.dtype {
            dtype::F32 if FLOAT => Weights::F32(slice(data, self.data, bytes / 4)),
            dtype::F16 if FLOAT => Weights::F16(slice(data, self.data, bytes / 2)),
            dtype if CODEBOOK && dtype::is_codebook(dtype) => {
                Weights::Codebook { dtype, panels: slice(data, self.data, bytes), scales, sums }
            }
            _ => Weights::I8 { values: slice(data, self.data, bytes), scales, sums },
        };
        let smoothing = if self.smoothing == 0 { &[] } else { slice(data, self.smoothing, columns) };
        Matrix { rows, columns, weights, splits: slice(data, self.splits, self.ocs_places as usize), smoothing }
    }
}
