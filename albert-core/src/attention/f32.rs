//! Attention of a float model: keys, values and probabilities in f32.

use super::kv_cache::{Cache, Heads, Places};
use crate::format::layout::PANEL_CHANNELS;
use crate::kernels::{FloatProduct, Kernels};
use crate::memory::arena::{AttentionScratch, Scratch};
use crate::memory::plan::ATTENTION_ROWS;
use crate::slices::{copy, part, part_mut};
use core::ops::Range;

/// Keys of some tokens and heads.
pub(super) fn store_keys(x: &[f32], tokens: Range<usize>, places: &Places<'_>, heads: Range<usize>) {
    let size = places.heads.size.max(1);
    for (row, token) in x.chunks_exact((heads.len() * size).max(1)).zip(tokens) {
        for (x, head) in row.chunks_exact(size).zip(heads.clone()) {
            // SAFETY: the caller has these tokens or these heads for itself.
            #[allow(unsafe_code)]
            unsafe {
                places.write_key(head, token, bytemuck::must_cast_slice(x));
            }
        }
    }
}

/// Values of some tokens and heads.
pub(super) fn store_values(x: &[f32], tokens: Range<usize>, places: &Places<'_>, heads: Range<usize>) {
    let size = places.heads.size.max(1);
    for (row, token) in x.chunks_exact((heads.len() * size).max(1)).zip(tokens) {
        for (x, head) in row.chunks_exact(size).zip(heads.clone()) {
            for (panel, words) in x.chunks(PANEL_CHANNELS).enumerate() {
                // SAFETY: the caller has these tokens or these heads for itself.
                #[allow(unsafe_code)]
                unsafe {
                    places.write_values(head, token, panel, bytemuck::must_cast_slice(words));
                }
            }
        }
    }
}

/// Replaces rows of queries, which hold these heads and nothing else, by their context.
pub(super) fn attend(
    kernels: Kernels,
    cache: &Cache<'_>,
    heads: Range<usize>,
    queries: &mut [f32],
    attention: &mut AttentionScratch<'_>,
    scratch: &mut Scratch<'_>,
) {
    let size = cache.heads.size;
    let width = (heads.len() * size).max(1);
    let scores: &mut [f32] = bytemuck::must_cast_slice_mut(attention.scores);
    let context: &mut [f32] = bytemuck::must_cast_slice_mut(scratch.products.accumulators);
    for head in heads.clone() {
        for rows in queries.chunks_mut((ATTENTION_ROWS * width).max(1)) {
            let count = rows.len() / width;
            let queries = part_mut(rows, (head - heads.start) * size..);
            attend_head(kernels, cache, head, queries, (count, width), scores, context);
        }
    }
}

/// Replaces some rows of queries of one head, so many and so far from each other, by their context.
fn attend_head(
    kernels: Kernels,
    cache: &Cache<'_>,
    head: usize,
    queries: &mut [f32],
    (rows, stride): (usize, usize),
    scores: &mut [f32],
    context: &mut [f32],
) {
    let Heads { size, keys, extents, factor, .. } = cache.heads;
    let (row_scores, channels) = (extents.key_channels, extents.value_channels);
    let product = FloatProduct {
        rows,
        row_inputs: stride,
        inputs: size,
        panels: row_scores / PANEL_CHANNELS,
        row_outputs: row_scores,
    };
    kernels.matmul_f32(&product, queries, cache.keys(head), scores);
    for row in scores.chunks_exact_mut(row_scores.max(1)).take(rows) {
        kernels.softmax_f32(part_mut(row, ..keys), factor);
    }
    let product = FloatProduct {
        rows,
        row_inputs: row_scores,
        inputs: keys,
        panels: channels / PANEL_CHANNELS,
        row_outputs: channels,
    };
    kernels.matmul_f32(&product, scores, cache.values(head), context);
    let rows = queries.chunks_mut(stride.max(1)).zip(context.chunks_exact(channels.max(1))).take(rows);
    for (row, context) in rows {
        copy(part_mut(row, ..size), part(context, ..size));
    }
}
