//! A linear on a tile of rows: quantize, multiply, dequantize, store.

use super::linear_codebook::codebook_blocks;
use super::quantize::lay_out;
use crate::arena::{Products, Rounded, Rounding, Scratch};
use crate::build_features::{CODEBOOK, FLOAT};
use crate::codebook::Panels;
use crate::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS, GROUP_CHANNELS};
use crate::format::{Linear, Matrix, Weights};
use crate::kernels::{Channels, FloatProduct, Kernels, LinearProduct, Store};
use crate::plan::activation_row_bytes;
use core::ops::Range;

/// Blocks of 16 channels in a group.
pub(super) const GROUP_BLOCKS: usize = GROUP_CHANNELS / BLOCK_CHANNELS;

/// Rows of f32 in a larger buffer: row r is `data[r * stride..][..width]`.
pub(crate) struct Rows<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

impl Rows<'_> {
    /// The first `width` elements of every row.
    pub(crate) fn iter_mut(&mut self, width: usize) -> impl Iterator<Item = &mut [f32]> {
        self.data.chunks_mut(self.stride.max(1)).take(self.count).filter_map(move |row| row.get_mut(..width))
    }
}

/// Quantizes the rows of `x` when the matrix is an integer one.
pub(crate) fn prepare(
    kernels: Kernels,
    matrix: &Matrix<'_>,
    x: &mut Rows<'_>,
    rounded: &mut Rounded<'_>,
    rounding: &mut Rounding<'_>,
) {
    if !matrix.is_integer() {
        return;
    }
    let (splits, saved) = lay_out(matrix.splits, rounding.splits);
    let row_bytes = activation_row_bytes(matrix.slots());
    let out = rounded.bytes.chunks_exact_mut(row_bytes.max(1)).zip(rounded.row_scales.iter_mut());
    for (row, (bytes, row_scale)) in x.iter_mut(matrix.columns).zip(out) {
        *row_scale = if matrix.smoothing.is_empty() {
            kernels.quantize_row(row, &splits, saved, bytes)
        } else {
            let smoothed = rounding.row.get_mut(..matrix.columns).unwrap_or(&mut []);
            for ((smooth, &value), &factor) in smoothed.iter_mut().zip(row.iter()).zip(matrix.smoothing) {
                *smooth = value * factor;
            }
            kernels.quantize_row(smoothed, &splits, saved, bytes)
        };
        // Slots of a step that the linear does not have.
        bytes.iter_mut().skip(matrix.slots()).for_each(|byte| *byte = 0);
    }
}

/// `out = store(x Wᵀ + b)` for the rows that [`prepare`] has seen; float weights read `x` itself.
pub(crate) fn multiply(
    kernels: Kernels,
    linear: &Linear<'_>,
    x: &Rows<'_>,
    store: Store,
    out: &mut Rows<'_>,
    scratch: &mut Scratch<'_>,
) {
    if let Weights::I8 { .. } = linear.matrix.weights {
        let all = Columns { data: &mut *out.data, stride: out.stride, rows: out.count };
        let Scratch { rounded, products, .. } = scratch;
        return integer_blocks(kernels, linear, 0..linear.matrix.blocks(), store, all, rounded, products);
    }
    for group in 0..linear.matrix.rows.div_ceil(GROUP_CHANNELS) {
        let first = group * GROUP_CHANNELS;
        let columns =
            Columns { data: out.data.get_mut(first..).unwrap_or(&mut []), stride: out.stride, rows: out.count };
        multiply_group(kernels, linear, group, x, store, columns, scratch);
    }
}

/// The columns of one group of [`GROUP_CHANNELS`] output channels: row r starts at `data[r * stride]`.
pub(crate) struct Columns<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) rows: usize,
}

/// The `group`th group of output channels of [`multiply`].
pub(crate) fn multiply_group(
    kernels: Kernels,
    linear: &Linear<'_>,
    group: usize,
    x: &Rows<'_>,
    store: Store,
    out: Columns<'_>,
    scratch: &mut Scratch<'_>,
) {
    match linear.matrix.weights {
        Weights::F32(weights) if FLOAT => {
            float_group(kernels, linear, Float::F32(weights), group, x, store, out, scratch);
        }
        Weights::F16(weights) if FLOAT => {
            float_group(kernels, linear, Float::F16(weights), group, x, store, out, scratch);
        }
        _ => {
            let first = group * GROUP_BLOCKS;
            let blocks = first..linear.matrix.blocks().min(first + GROUP_BLOCKS);
            integer_blocks(kernels, linear, blocks, store, out, &scratch.rounded, &mut scratch.products);
        }
    }
}

/// [`prepare`] and [`multiply`].
pub(crate) fn linear(
    kernels: Kernels,
    linear: &Linear<'_>,
    x: &mut Rows<'_>,
    store: Store,
    out: &mut Rows<'_>,
    scratch: &mut Scratch<'_>,
) {
    prepare(kernels, &linear.matrix, x, &mut scratch.rounded, &mut scratch.rounding);
    multiply(kernels, linear, x, store, out, scratch);
}

/// Some blocks of an integer product.
pub(super) fn integer_blocks(
    kernels: Kernels,
    linear: &Linear<'_>,
    blocks: Range<usize>,
    store: Store,
    out: Columns<'_>,
    x: &Rounded<'_>,
    products: &mut Products<'_>,
) {
    let matrix = &linear.matrix;
    match matrix.weights {
        Weights::I8 { values, scales, sums } => {
            let row_bytes = activation_row_bytes(matrix.slots());
            let steps = matrix.slots().div_ceil(BLOCK_SLOTS);
            let panel = steps * BLOCK_SLOTS * BLOCK_CHANNELS;
            let weights = values.get(blocks.start * panel..blocks.end * panel).unwrap_or(&[]);
            let first = blocks.start * BLOCK_CHANNELS;
            let channels = (blocks.end * BLOCK_CHANNELS).min(matrix.rows) - first;
            let size =
                LinearProduct { rows: out.rows, row_bytes, steps, channels, row_outputs: out.stride, continues: true };
            let part = Channels { scales: scales.exact(), sums, bias: linear.bias }.part(first, channels);
            kernels.linear_i8(&size, x.bytes, weights, x.row_scales, &part, store, out.data, products.sums);
        }
        Weights::Codebook { dtype, panels, scales, sums } if CODEBOOK => {
            let panels = Panels { dtype, panels, slots: matrix.slots() };
            let channels = Channels { scales: &[], sums, bias: linear.bias };
            codebook_blocks(kernels, &panels, blocks, matrix.rows, scales, &channels, store, out, x, products);
        }
        _ => {}
    }
}

/// Float weights in the blocked layout.
#[derive(Clone, Copy)]
enum Float<'a> {
    F32(&'a [f32]),
    F16(&'a [u16]),
}

/// One group of channels of a float product.
#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
fn float_group(
    kernels: Kernels,
    linear: &Linear<'_>,
    weights: Float<'_>,
    group: usize,
    x: &Rows<'_>,
    store: Store,
    out: Columns<'_>,
    scratch: &mut Scratch<'_>,
) {
    let matrix = &linear.matrix;
    let blocks = GROUP_BLOCKS.min(matrix.blocks() - group * GROUP_BLOCKS);
    let size = FloatProduct {
        rows: out.rows,
        row_inputs: x.stride,
        inputs: matrix.columns,
        blocks,
        row_outputs: GROUP_CHANNELS,
    };
    let panel = matrix.columns * BLOCK_CHANNELS;
    let (start, end) = (group * GROUP_BLOCKS * panel, (group * GROUP_BLOCKS + blocks) * panel);
    let sums: &mut [f32] = bytemuck::must_cast_slice_mut(scratch.products.sums);
    match weights {
        Float::F32(weights) => kernels.matmul_f32(&size, x.data, weights.get(start..end).unwrap_or(&[]), sums),
        Float::F16(weights) => kernels.matmul_f16(&size, x.data, weights.get(start..end).unwrap_or(&[]), sums),
    }
    let first = group * GROUP_CHANNELS;
    let channels = GROUP_CHANNELS.min(matrix.rows - first);
    let bias = linear.bias.get(first..).unwrap_or(&[]);
    let rows = out.data.chunks_mut(out.stride.max(1));
    for (row, sums) in rows.take(out.rows).zip(sums.chunks(GROUP_CHANNELS)) {
        let Some(row) = row.get_mut(..channels) else { continue };
        for ((value, &sum), &bias) in row.iter_mut().zip(sums).zip(bias) {
            let result = sum + bias;
            *value = if store == Store::Add { *value + result } else { result };
        }
        if let Store::Activate(activation) = store {
            kernels.activate(activation, row);
        }
    }
}
