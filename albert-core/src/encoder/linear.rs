//! A linear on a tile of rows: quantize, multiply, dequantize, store.

use super::quantize::lay_out;
use crate::arena::Scratch;
use crate::codebook;
use crate::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS, CODEBOOK_SLOTS};
use crate::format::{Linear, Matrix, Weights};
use crate::kernels::{Channels, FloatProduct, Kernels, LinearProduct, Store};
use crate::plan::{GROUP_CHANNELS, activation_row_bytes};
use core::ops::Range;

/// Blocks of 16 channels in a group.
const GROUP_BLOCKS: usize = GROUP_CHANNELS / BLOCK_CHANNELS;

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

/// Quantizes the rows of `x` into the scratch when the matrix is an integer one.
pub(crate) fn prepare(kernels: Kernels, matrix: &Matrix<'_>, x: &mut Rows<'_>, scratch: &mut Scratch<'_>) {
    if !matrix.is_integer() {
        return;
    }
    let (splits, saved) = lay_out(matrix.splits, scratch.splits);
    let row_bytes = activation_row_bytes(matrix.slots());
    let out = scratch.bytes.chunks_exact_mut(row_bytes.max(1)).zip(scratch.row_scales.iter_mut());
    for (row, (bytes, row_scale)) in x.iter_mut(matrix.columns).zip(out) {
        *row_scale = if matrix.smoothing.is_empty() {
            kernels.quantize_row(row, &splits, saved, bytes)
        } else {
            let smoothed = scratch.row.get_mut(..matrix.columns).unwrap_or(&mut []);
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
        return integer_blocks(kernels, linear, 0..linear.matrix.blocks(), store, all, scratch);
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
        Weights::I8 { .. } | Weights::Codebook { .. } => {
            let first = group * GROUP_BLOCKS;
            let blocks = first..linear.matrix.blocks().min(first + GROUP_BLOCKS);
            integer_blocks(kernels, linear, blocks, store, out, scratch);
        }
        Weights::F32(weights) => {
            float_group(kernels, linear, Float::F32(weights), group, x, store, out, scratch);
        }
        Weights::F16(weights) => {
            float_group(kernels, linear, Float::F16(weights), group, x, store, out, scratch);
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
    prepare(kernels, &linear.matrix, x, scratch);
    multiply(kernels, linear, x, store, out, scratch);
}

/// Some blocks of an integer product.
fn integer_blocks(
    kernels: Kernels,
    linear: &Linear<'_>,
    blocks: Range<usize>,
    store: Store,
    out: Columns<'_>,
    scratch: &mut Scratch<'_>,
) {
    let matrix = &linear.matrix;
    let slots = matrix.slots();
    let row_bytes = activation_row_bytes(slots);
    let first_channel = blocks.start * BLOCK_CHANNELS;
    let continues = matches!(matrix.weights, Weights::I8 { .. });
    let mut multiply = |steps: usize, blocks: Range<usize>, weights: &[i8], channels: &Channels<'_>| {
        let channel = blocks.start * BLOCK_CHANNELS;
        let count = (blocks.end * BLOCK_CHANNELS).min(matrix.rows) - channel;
        let size =
            LinearProduct { rows: out.rows, row_bytes, steps, channels: count, row_outputs: out.stride, continues };
        let out = out.data.get_mut(channel - first_channel..).unwrap_or(&mut []);
        let (rows, channels) = (&*scratch.row_scales, channels.part(channel, count));
        kernels.linear_i8(&size, scratch.bytes, weights, rows, &channels, store, out, scratch.sums);
    };
    match matrix.weights {
        Weights::I8 { values, scales, sums } => {
            let steps = slots.div_ceil(BLOCK_SLOTS);
            let panel = steps * BLOCK_SLOTS * BLOCK_CHANNELS;
            let weights = values.get(blocks.start * panel..blocks.end * panel).unwrap_or(&[]);
            multiply(steps, blocks, weights, &Channels { scales, sums, bias: linear.bias });
        }
        Weights::Codebook { dtype, panels, scales, sums } => {
            let padded = slots.next_multiple_of(CODEBOOK_SLOTS);
            let panel_bytes = (padded * BLOCK_CHANNELS).max(1);
            // As many at a time as there is room for, in equal parts of a group.
            let at_a_time = match scratch.panel.len() / panel_bytes {
                0 | 1 => 1,
                2 | 3 => 2,
                _ => GROUP_BLOCKS,
            };
            for first in blocks.clone().step_by(at_a_time) {
                let some = first..blocks.end.min(first + at_a_time);
                for (block, out) in some.clone().zip(scratch.panel.chunks_exact_mut(panel_bytes)) {
                    kernels.expand(&codebook::panel(dtype, panels, slots, block, at_a_time), out);
                }
                multiply(padded / BLOCK_SLOTS, some, scratch.panel, &Channels { scales, sums, bias: linear.bias });
            }
        }
        Weights::F32(_) | Weights::F16(_) => {}
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
    let sums: &mut [f32] = bytemuck::must_cast_slice_mut(scratch.sums);
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
