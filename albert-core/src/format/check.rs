//! The checks of tensor records: kind, sizes, and where their parts lie.
//!
//! The parts of all tensors lie one behind the other in the data section, in the order of the records, so that all checks
//! together take time proportional to the file.

use super::bytes::slice;
use super::layout::{ALIGNMENT, MAX_K, PANEL_CHANNELS, dtype, has_scale_steps, matrix_bytes, round_up, scale_bytes};
use super::record::Record;
use crate::build_features::{CODEBOOK, FLOAT};
use crate::error::TensorProblem;

/// What a matrix of some role may be.
pub(super) struct MatrixLimits<'r> {
    pub(super) float_only: bool,
    pub(super) ocs_places: u32,
    pub(super) smoothing: bool,
    pub(super) codebook: bool,
    /// It is a table whose rows are looked up and by which nothing is multiplied.
    pub(super) lookup: bool,
    /// It reads the input of this matrix, and has its split list and smoothing vector.
    pub(super) shares_input_of: Option<&'r Record>,
}

/// The data section; the tensors seen so far lie before `next`.
pub(super) struct Checker<'a> {
    data: &'a [u8],
    next: u64,
}

impl<'a> Checker<'a> {
    /// Before the first tensor.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, next: 0 }
    }

    /// Takes a part of a tensor: behind all that were taken.
    #[cfg_attr(target_os = "none", inline(never))]
    fn take(&mut self, offset: u64, bytes: Option<usize>) -> Result<(), TensorProblem> {
        let end = bytes.and_then(|bytes| offset.checked_add(bytes as u64)).ok_or(TensorProblem::Bounds)?;
        let inside = offset >= self.next && end <= self.data.len() as u64 && offset.is_multiple_of(ALIGNMENT as u64);
        self.next = end;
        if inside { Ok(()) } else { Err(TensorProblem::Bounds) }
    }

    /// Takes a part that not every tensor has; offset 0 says that this one does not.
    fn take_optional(&mut self, offset: u64, bytes: Option<usize>) -> Result<(), TensorProblem> {
        if offset == 0 { Err(TensorProblem::Bounds) } else { self.take(offset, bytes) }
    }

    /// Checks a vector of `length` elements.
    pub(super) fn vector(&mut self, record: &Record, length: u32) -> Result<(), TensorProblem> {
        if record.dtype != dtype::F32 || !record.reserved {
            return Err(TensorProblem::Dtype);
        }
        if record.rows != 1 || record.columns != length || record.ocs_places != 0 {
            return Err(TensorProblem::Shape);
        }
        absent(&[record.scales, record.sums, record.splits, record.smoothing])?;
        self.take(record.data, round_up(length as usize, PANEL_CHANNELS).checked_mul(4))
    }

    /// Checks a matrix of `rows` x `columns`.
    pub(super) fn matrix(
        &mut self,
        record: &Record,
        rows: u32,
        columns: u32,
        limits: &MatrixLimits<'_>,
    ) -> Result<(), TensorProblem> {
        let codebook = dtype::is_codebook(record.dtype);
        if (codebook && !CODEBOOK) || (record.dtype < dtype::I8 && !FLOAT) {
            return Err(TensorProblem::NotCompiledIn);
        }
        let allowed = record.dtype <= dtype::LAST
            && !(limits.float_only && record.dtype > dtype::F16)
            && (limits.codebook || !codebook);
        if !allowed || !record.reserved {
            return Err(TensorProblem::Dtype);
        }
        if record.rows != rows || record.columns != columns || record.places() > MAX_K as usize {
            return Err(TensorProblem::Shape);
        }
        let integer = record.dtype >= dtype::I8;
        self.take(record.data, matrix_bytes(record.dtype, rows as usize, record.places()))?;
        if integer {
            let bytes = scale_bytes(has_scale_steps(record.dtype, limits.lookup), rows as usize);
            self.take_optional(record.scales, Some(bytes))?;
        } else {
            absent(&[record.scales])?;
        }
        if integer && !limits.lookup {
            self.take_optional(record.sums, round_up(rows as usize, PANEL_CHANNELS).checked_mul(4))?;
        } else {
            absent(&[record.sums])?;
        }
        self.input(record, columns, integer, limits)
    }

    /// Checks split list and smoothing vector.
    fn input(
        &mut self,
        record: &Record,
        columns: u32,
        integer: bool,
        limits: &MatrixLimits<'_>,
    ) -> Result<(), TensorProblem> {
        if let Some(first) = limits.shares_input_of {
            let input = |record: &Record| (record.ocs_places, record.splits, record.smoothing);
            let float_input = !integer && input(record) != (0, 0, 0);
            let same = input(record) == input(first) && !float_input;
            return if same { Ok(()) } else { Err(TensorProblem::SharedInput) };
        }
        if record.ocs_places == 0 {
            absent(&[record.splits])?;
        } else if record.ocs_places > limits.ocs_places || !integer {
            return Err(TensorProblem::Splits);
        } else {
            self.take_optional(record.splits, (record.ocs_places as usize).checked_mul(4))?;
            let splits: &[u32] = slice(self.data, record.splits, record.ocs_places as usize);
            let ascending = splits.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
            let in_range = splits.last().is_some_and(|&channel| channel < columns);
            if !(ascending && in_range) {
                return Err(TensorProblem::Splits);
            }
        }
        if record.smoothing == 0 {
            return Ok(());
        }
        if !(limits.smoothing && integer) {
            return Err(TensorProblem::Smoothing);
        }
        self.take_optional(record.smoothing, round_up(columns as usize, PANEL_CHANNELS).checked_mul(4))
    }
}

fn absent(offsets: &[u64]) -> Result<(), TensorProblem> {
    if offsets.iter().all(|&offset| offset == 0) { Ok(()) } else { Err(TensorProblem::Bounds) }
}
