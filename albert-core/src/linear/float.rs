//! Linears with fp16 and fp32 weights.

use super::input::{GROUP_PANELS, Input};
use crate::format::Linear;
use crate::format::layout::{GROUP_CHANNELS, PANEL_CHANNELS};
use crate::kernels::{FloatProduct, Kernels, Store};
use crate::memory::Columns;
use crate::memory::arena::Products;
use crate::slices::{part, part_mut};
use core::ops::Range;

/// Weights as panels.
#[derive(Clone, Copy)]
pub(super) enum Weights<'a> {
    F32(&'a [f32]),
    F16(&'a [u16]),
}

/// The product with some channels, a group at a time.
#[expect(clippy::too_many_arguments, reason = "two call sites side by side; a struct would only rename them")]
pub(super) fn multiply(
    kernels: Kernels,
    linear: &Linear<'_>,
    weights: Weights<'_>,
    channels: Range<usize>,
    x: &Input<'_, '_>,
    store: Store,
    out: Columns<'_>,
    products: &mut Products<'_>,
) {
    for first in channels.clone().step_by(GROUP_CHANNELS) {
        let data = part_mut(out.data, first - channels.start..);
        let group = Columns { data, stride: out.stride, rows: out.rows };
        multiply_group(kernels, linear, weights, first, channels.end, x, store, group, products);
    }
}

/// Up to [`GROUP_CHANNELS`] channels from `first` on.
#[expect(clippy::too_many_arguments, reason = "those of `multiply`")]
fn multiply_group(
    kernels: Kernels,
    linear: &Linear<'_>,
    weights: Weights<'_>,
    first: usize,
    end: usize,
    x: &Input<'_, '_>,
    store: Store,
    out: Columns<'_>,
    products: &mut Products<'_>,
) {
    let matrix = &linear.matrix;
    let panel = first / PANEL_CHANNELS;
    let panels = GROUP_PANELS.min(end.div_ceil(PANEL_CHANNELS) - panel);
    let size = FloatProduct {
        rows: out.rows,
        row_inputs: x.stride,
        inputs: matrix.columns,
        panels,
        row_outputs: GROUP_CHANNELS,
    };
    let panel_len = matrix.columns * PANEL_CHANNELS;
    let stored = panel * panel_len..(panel + panels) * panel_len;
    let sums: &mut [f32] = bytemuck::must_cast_slice_mut(products.accumulators);
    match weights {
        Weights::F32(weights) => kernels.matmul_f32(&size, x.rows, part(weights, stored), sums),
        Weights::F16(weights) => kernels.matmul_f16(&size, x.rows, part(weights, stored), sums),
    }
    let channels = GROUP_CHANNELS.min(end.min(matrix.rows) - first);
    let bias = part(linear.bias, first..first + channels);
    let rows = out.data.chunks_mut(out.stride.max(1));
    for (row, sums) in rows.take(out.rows).zip(sums.chunks(GROUP_CHANNELS)) {
        let row = part_mut(row, ..channels);
        for ((value, &sum), &bias) in row.iter_mut().zip(sums).zip(bias) {
            let result = sum + bias;
            *value = if store == Store::Add { *value + result } else { result };
        }
        if let Store::Activate(activation) = store {
            kernels.activate(activation, row);
        }
    }
}
