//! Attention of a float model: keys and values in f32, blocked as weight matrices for each head.

use super::Context;
use super::linear::{Rows, linear};
use crate::arena::Buffers;
use crate::format::layout::{BLOCK_CHANNELS, role};
use crate::kernels::{FloatProduct, Kernels, Store};
use crate::plan::{ATTENTION_ROWS, Extents};
use core::ops::Range;

/// Keys and values of the key rows in `tile`.
pub(super) fn keys_values(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    let (model, kernels) = (&context.model, context.kernels);
    let hidden = model.config().hidden_size as usize;
    let head = Head::new(context);
    let rows = buffers.hidden.get_mut(tile.start * hidden..tile.end * hidden).unwrap_or(&mut []);
    let mut x = Rows { data: rows, stride: hidden, count: tile.len() };
    let mut out = Rows { data: buffers.wide, stride: hidden, count: tile.len() };
    context.observer.show(role::QUERY, block, &mut x, hidden);

    linear(kernels, &model.linear(role::KEY, block), &mut x, Store::Write, &mut out, &mut buffers.scratch);
    let keys: &mut [f32] = bytemuck::cast_slice_mut(buffers.keys);
    for (row, token) in out.data.chunks_exact(hidden).zip(tile.clone()) {
        for (keys, x) in keys.chunks_exact_mut(head.key_elements()).zip(row.chunks_exact(head.size)) {
            let block = keys.get_mut(token / BLOCK_CHANNELS * BLOCK_CHANNELS * head.size..).unwrap_or(&mut []);
            scatter(x, block.get_mut(token % BLOCK_CHANNELS..).unwrap_or(&mut []), BLOCK_CHANNELS);
        }
    }

    linear(kernels, &model.linear(role::VALUE, block), &mut x, Store::Write, &mut out, &mut buffers.scratch);
    let values: &mut [f32] = bytemuck::cast_slice_mut(buffers.values);
    for (row, token) in out.data.chunks_exact(hidden).zip(tile) {
        for (values, x) in values.chunks_exact_mut(head.value_elements()).zip(row.chunks_exact(head.size)) {
            let blocks = values.chunks_exact_mut(BLOCK_CHANNELS * head.keys);
            for (block, channels) in blocks.zip(x.chunks(BLOCK_CHANNELS)) {
                scatter(channels, block.get_mut(token * BLOCK_CHANNELS..).unwrap_or(&mut []), 1);
            }
        }
    }
}

/// Attention sub-layer of the rows in `tile`, in place.
pub(super) fn attention(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    let (model, kernels) = (&context.model, context.kernels);
    let config = model.config();
    let hidden = config.hidden_size as usize;
    let head = Head::new(context);
    let rows = buffers.hidden.get_mut(tile.start * hidden..tile.end * hidden).unwrap_or(&mut []);
    let mut x = Rows { data: rows, stride: hidden, count: tile.len() };
    let mut wide = Rows { data: buffers.wide, stride: hidden, count: tile.len() };
    linear(kernels, &model.linear(role::QUERY, block), &mut x, Store::Write, &mut wide, &mut buffers.scratch);
    let keys: &[f32] = bytemuck::cast_slice(buffers.keys);
    let values: &[f32] = bytemuck::cast_slice(buffers.values);
    let caches = keys.chunks_exact(head.key_elements()).zip(values.chunks_exact(head.value_elements()));
    for (index, (keys, values)) in caches.take(config.num_attention_heads as usize).enumerate() {
        for first in (0..tile.len()).step_by(ATTENTION_ROWS) {
            let count = (tile.len() - first).min(ATTENTION_ROWS);
            let queries = wide.data.get_mut(first * hidden + index * head.size..).unwrap_or(&mut []);
            let queries = Rows { data: queries, stride: hidden, count };
            let scores: &mut [f32] = bytemuck::cast_slice_mut(buffers.attention.scores);
            let context: &mut [f32] = bytemuck::cast_slice_mut(buffers.scratch.sums);
            head.attend(kernels, keys, values, queries, scores, context);
        }
    }
    context.observer.show(role::ATTENTION_OUTPUT, block, &mut wide, hidden);
    let output = model.linear(role::ATTENTION_OUTPUT, block);
    linear(kernels, &output, &mut wide, Store::Add, &mut x, &mut buffers.scratch);
    let norm = model.norm(role::ATTENTION_NORM_WEIGHT, block);
    for row in x.iter_mut(hidden) {
        kernels.layer_norm(row, norm.weight, norm.bias, config.layer_norm_eps);
    }
}

/// Extents of one head for one input.
struct Head {
    /// Channels, D.
    size: usize,
    /// Tokens attended to.
    keys: usize,
    extents: Extents,
    /// `log2(e) / sqrt(D)`: scores are in base 2.
    factor: f32,
}

impl Head {
    fn new(context: &Context<'_>) -> Self {
        let config = context.model.config();
        let size = config.head_size() as usize;
        let factor = core::f32::consts::LOG2_E / libm::sqrtf(size as f32);
        Self { size, keys: context.keys, extents: Extents::new(config, context.keys), factor }
    }

    fn key_elements(&self) -> usize {
        self.extents.key_channels * self.extents.key_slots
    }

    fn value_elements(&self) -> usize {
        self.extents.value_channels * self.extents.value_slots
    }

    /// Replaces up to 16 rows of queries by their context.
    fn attend(
        &self,
        kernels: Kernels,
        keys: &[f32],
        values: &[f32],
        queries: Rows<'_>,
        scores: &mut [f32],
        context: &mut [f32],
    ) {
        let (row_scores, channels) = (self.extents.key_channels, self.extents.value_channels);
        let size = FloatProduct {
            rows: queries.count,
            row_inputs: queries.stride,
            inputs: self.size,
            blocks: row_scores / BLOCK_CHANNELS,
            row_outputs: row_scores,
        };
        kernels.matmul_f32(&size, queries.data, keys, scores);
        for row in scores.chunks_exact_mut(row_scores).take(queries.count) {
            kernels.softmax_f32(row.get_mut(..self.keys).unwrap_or(&mut []), self.factor);
        }
        let size = FloatProduct {
            rows: queries.count,
            row_inputs: row_scores,
            inputs: self.keys,
            blocks: channels / BLOCK_CHANNELS,
            row_outputs: channels,
        };
        kernels.matmul_f32(&size, scores, values, context);
        let rows = queries.data.chunks_mut(queries.stride).zip(context.chunks_exact(channels));
        for (row, context) in rows.take(queries.count) {
            for (value, &result) in row.iter_mut().zip(context.iter().take(self.size)) {
                *value = result;
            }
        }
    }
}

/// Writes `x[i]` to `out[i * stride]`.
fn scatter(x: &[f32], out: &mut [f32], stride: usize) {
    for (&value, place) in x.iter().zip(out.iter_mut().step_by(stride)) {
        *place = value;
    }
}
