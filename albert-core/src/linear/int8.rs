//! Linears with int8 weights: quantized rows times panels, exact in i32.

use super::splits::lay_out;
use crate::format::Matrix;
use crate::format::layout::{K_GROUP, PANEL_CHANNELS};
use crate::kernels::{Channels, Kernels, LinearProduct, Store};
use crate::memory::arena::{Products, Quantization, Quantized};
use crate::memory::plan::activation_row_bytes;
use crate::memory::{Columns, Rows};
use crate::panels::Stored;
use crate::slices::{fill, part_mut};
use bytemuck::must_cast_slice;
use core::ops::Range;

/// Quantizes the rows of `x` when the matrix is an integer one.
pub(crate) fn quantize(
    kernels: Kernels,
    matrix: &Matrix<'_>,
    x: &mut Rows<'_>,
    quantized: &mut Quantized<'_>,
    quantization: &mut Quantization<'_>,
) {
    if !matrix.is_integer() {
        return;
    }
    let (splits, saved) = lay_out(matrix.splits, quantization.splits);
    let row_bytes = activation_row_bytes(matrix.places());
    debug_assert!(quantized.bytes.len() >= x.count * row_bytes && quantized.row_scales.len() >= x.count);
    let out = quantized.bytes.chunks_exact_mut(row_bytes.max(1)).zip(quantized.row_scales.iter_mut());
    for (row, (bytes, row_scale)) in x.iter_mut(matrix.columns).zip(out) {
        let row = if matrix.smoothing.is_empty() {
            row
        } else {
            let smoothed = part_mut(quantization.row, ..matrix.columns);
            for ((smooth, &value), &factor) in smoothed.iter_mut().zip(row.iter()).zip(matrix.smoothing) {
                *smooth = value * factor;
            }
            smoothed
        };
        *row_scale = kernels.quantize_row(row, &splits, saved, bytes);
        // Places of K that the linear does not have.
        fill(part_mut(bytes, matrix.places()..), 0);
    }
}

/// Bytes of a panel of weights.
pub(super) fn panel_bytes(matrix: &Matrix<'_>) -> usize {
    matrix.places().div_ceil(K_GROUP) * K_GROUP * PANEL_CHANNELS
}

/// The product with some panels.
#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
pub(super) fn multiply(
    kernels: Kernels,
    matrix: &Matrix<'_>,
    stored: Stored<'_>,
    panels: Range<usize>,
    channels: &Channels<'_>,
    store: Store,
    out: Columns<'_>,
    x: &Quantized<'_>,
    products: &mut Products<'_>,
) {
    let row_bytes = activation_row_bytes(matrix.places());
    let k_groups = matrix.places().div_ceil(K_GROUP);
    let panel_bytes = panel_bytes(matrix);
    let weights = must_cast_slice(stored.of(panels.clone(), panel_bytes));
    let first = panels.start * PANEL_CHANNELS;
    let count = (panels.end * PANEL_CHANNELS).min(matrix.rows) - first;
    let size =
        LinearProduct { rows: out.rows, row_bytes, k_groups, channels: count, row_outputs: out.stride, prefetch: true };
    let channels = channels.part(first, count);
    kernels.linear_i8(&size, x.bytes, weights, x.row_scales, &channels, store, out.data, products.accumulators);
}
