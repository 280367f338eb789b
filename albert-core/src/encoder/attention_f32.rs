//! Attention of a float model: keys, values and probabilities in f32.

use super::Context;
use super::cache::{Cache, CacheWriter, Heads};
use super::linear::{Rows, linear};
use crate::arena::Worker;
use crate::executor::TileWork;
use crate::format::layout::{BLOCK_CHANNELS, role};
use crate::kernels::{FloatProduct, Kernels, Store};
use crate::plan::ATTENTION_ROWS;

/// Keys and values of a tile.
pub(super) fn keys_values(context: &Context<'_>, block: usize, work: TileWork<'_>, cache: &CacheWriter<'_>) {
    let (model, kernels) = (&context.model, context.kernels);
    let width = model.config().hidden_size as usize;
    let TileWork { rows, hidden, worker: Worker { wide, mut scratch, .. } } = work;
    let mut x = Rows { data: hidden, stride: width, count: rows.len() };
    let mut out = Rows { data: wide, stride: width, count: rows.len() };
    context.observer.show(role::QUERY, block, &mut x, width);
    let size = cache.heads().size;
    linear(kernels, &model.linear(role::KEY, block), &mut x, Store::Write, &mut out, &mut scratch);
    for (row, token) in out.data.chunks_exact(width.max(1)).zip(rows.clone()) {
        for (head, x) in row.chunks_exact(size.max(1)).enumerate() {
            // SAFETY: a tile has its own tokens.
            #[allow(unsafe_code)]
            unsafe {
                cache.write_key(head, token, bytemuck::must_cast_slice(x));
            }
        }
    }
    linear(kernels, &model.linear(role::VALUE, block), &mut x, Store::Write, &mut out, &mut scratch);
    for (row, token) in out.data.chunks_exact(width.max(1)).zip(rows) {
        for (head, x) in row.chunks_exact(size.max(1)).enumerate() {
            for (block, words) in x.chunks(BLOCK_CHANNELS).enumerate() {
                // SAFETY: a tile has its own tokens.
                #[allow(unsafe_code)]
                unsafe {
                    cache.write_values(head, token, block, bytemuck::must_cast_slice(words));
                }
            }
        }
    }
}

/// Attention sub-layer of a tile, in place.
pub(super) fn attention(context: &Context<'_>, block: usize, work: TileWork<'_>, cache: &Cache<'_>) {
    let (model, kernels) = (&context.model, context.kernels);
    let config = model.config();
    let width = config.hidden_size as usize;
    let TileWork { rows, hidden, worker: Worker { wide, mut scratch, attention } } = work;
    let mut x = Rows { data: hidden, stride: width, count: rows.len() };
    let mut wide = Rows { data: wide, stride: width, count: rows.len() };
    linear(kernels, &model.linear(role::QUERY, block), &mut x, Store::Write, &mut wide, &mut scratch);
    for head in 0..cache.heads.count {
        for first in (0..rows.len()).step_by(ATTENTION_ROWS) {
            let count = (rows.len() - first).min(ATTENTION_ROWS);
            let queries = wide.data.get_mut(first * width + head * cache.heads.size..).unwrap_or(&mut []);
            let queries = Rows { data: queries, stride: width, count };
            let scores = bytemuck::must_cast_slice_mut(attention.scores);
            attend(kernels, cache, head, queries, scores, bytemuck::must_cast_slice_mut(scratch.products.sums));
        }
    }
    context.observer.show(role::ATTENTION_OUTPUT, block, &mut wide, width);
    let output = model.linear(role::ATTENTION_OUTPUT, block);
    linear(kernels, &output, &mut wide, Store::Add, &mut x, &mut scratch);
    let norm = model.norm(role::ATTENTION_NORM_WEIGHT, block);
    kernels.layer_norm(x.data, width, norm.weight, norm.bias, config.layer_norm_eps);
}

/// Replaces up to 16 rows of queries of one head by their context.
fn attend(
    kernels: Kernels,
    cache: &Cache<'_>,
    head: usize,
    queries: Rows<'_>,
    scores: &mut [f32],
    context: &mut [f32],
) {
    let Heads { size, keys, extents, factor, .. } = cache.heads;
    let (row_scores, channels) = (extents.key_channels, extents.value_channels);
    let product = FloatProduct {
        rows: queries.count,
        row_inputs: queries.stride,
        inputs: size,
        blocks: row_scores / BLOCK_CHANNELS,
        row_outputs: row_scores,
    };
    kernels.matmul_f32(&product, queries.data, cache.keys(head), scores);
    for row in scores.chunks_exact_mut(row_scores.max(1)).take(queries.count) {
        kernels.softmax_f32(row.get_mut(..keys).unwrap_or(&mut []), factor);
    }
    let product = FloatProduct {
        rows: queries.count,
        row_inputs: row_scores,
        inputs: keys,
        blocks: channels / BLOCK_CHANNELS,
        row_outputs: channels,
    };
    kernels.matmul_f32(&product, scores, cache.values(head), context);
    let rows = queries.data.chunks_mut(queries.stride.max(1)).zip(context.chunks_exact(channels.max(1)));
    for (row, context) in rows.take(queries.count) {
        for (value, &result) in row.iter_mut().zip(context.iter().take(size)) {
            *value = result;
        }
    }
}
