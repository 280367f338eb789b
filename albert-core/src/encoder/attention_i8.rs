//! Attention of an int8 model: queries, keys, values and probabilities are bytes, products are exact.

use super::Context;
use super::cache::{Cache, CacheWriter, Heads};
use super::linear::{Rows, linear, multiply, prepare};
use crate::arena::{AttentionScratch, Scratch, Worker};
use crate::build_features::LARGE_TARGET;
use crate::executor::TileWork;
use crate::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS, GROUP_CHANNELS, role};
use crate::kernels::{Channels, Kernels, Product, RowScale, Store, Tile, interleave};
use crate::plan::{ATTENTION_ROWS, activation_row_bytes};
use core::ops::Range;

/// Keys and values of a tile, whose first row is a multiple of 4.
pub(super) fn keys_values(context: &Context<'_>, block: usize, work: TileWork<'_>, cache: &CacheWriter<'_>) {
    let (model, kernels) = (&context.model, context.kernels);
    let width = model.config().hidden_size as usize;
    let TileWork { rows, hidden, worker: Worker { wide, mut scratch, attention } } = work;
    let mut x = Rows { data: hidden, stride: width, count: rows.len() };
    let mut out = Rows { data: wide, stride: width, count: rows.len() };
    context.observer.show(role::QUERY, block, &mut x, width);

    let (key, value) = (model.linear(role::KEY, block), model.linear(role::VALUE, block));
    let integer = if key.matrix.is_integer() { &key.matrix } else { &value.matrix };
    prepare(kernels, integer, &mut x, &mut scratch.rounded, &mut scratch.rounding);
    multiply(kernels, &key, &x, Store::Write, &mut out, &mut scratch);
    let heads = 0..cache.heads().count;
    store_keys(kernels, out.data, rows.clone(), cache, heads.clone(), attention.head);
    multiply(kernels, &value, &x, Store::Write, &mut out, &mut scratch);
    store_values(kernels, out.data, rows, cache, heads, attention.head);
}

/// Most heads that are rounded at a time.
const HEADS: usize = if LARGE_TARGET { 16 } else { 1 };

/// Heads that there is room for, each `bytes` long: at least one, since a row is as long as all of them.
fn heads_at_a_time(room: usize, bytes: usize) -> usize {
    room.checked_div(bytes).unwrap_or(0).clamp(1, HEADS)
}

/// Rounds the keys of some tokens and heads, symmetric per head, into their places; a row of `x` holds those heads. The caller
/// has these tokens or these heads for itself.
pub(super) fn store_keys(
    kernels: Kernels,
    x: &[f32],
    tokens: Range<usize>,
    cache: &CacheWriter<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let Heads { size, extents, .. } = *cache.heads();
    let (size, slots) = (size.max(1), extents.key_slots.max(1));
    let at_a_time = heads_at_a_time(bytes.len(), slots);
    let Some(bytes) = bytes.get_mut(..at_a_time * slots) else { return };
    // Slots past the head are zero: nobody writes them.
    bytes.fill(0);
    let mut scales = [0.0; HEADS];
    for (row, token) in x.chunks_exact((heads.len() * size).max(1)).zip(tokens) {
        for (x, first) in row.chunks(at_a_time * size).zip(heads.clone().step_by(at_a_time)) {
            kernels.quantize_heads_signed(x, size, slots, bytes, &mut scales);
            for ((head, bytes), &scale) in (first..heads.end).zip(bytes.chunks_exact(slots)).zip(&scales) {
                // SAFETY: nobody else writes this token and head.
                #[allow(unsafe_code)]
                unsafe {
                    cache.write_key(head, token, bytes.as_chunks::<4>().0);
                    cache.write_key_scale(head, token, scale);
                }
            }
        }
    }
}

/// Rounds the values of some tokens, whose first is a multiple of 4, and heads, symmetric per token and head, into their places;
/// a row of `x` holds those heads. Tokens that are missing to four become zero. The caller has these tokens or these heads for
/// itself.
pub(super) fn store_values(
    kernels: Kernels,
    x: &[f32],
    tokens: Range<usize>,
    cache: &CacheWriter<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let width = heads.len() * cache.heads().size;
    for (four, first) in x.chunks((4 * width).max(1)).zip(tokens.clone().step_by(4)) {
        let count = (tokens.end - first).min(4);
        store_four_values(kernels, four.get(..count * width).unwrap_or(&[]), first, cache, heads.clone(), bytes);
    }
}

/// [`store_values`] of up to four tokens.
fn store_four_values(
    kernels: Kernels,
    rows: &[f32],
    first: usize,
    cache: &CacheWriter<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let Heads { size, extents, .. } = *cache.heads();
    let (size, channels) = (size.max(1), extents.value_channels.max(1));
    let width = (heads.len() * size).max(1);
    let at_a_time = heads_at_a_time(bytes.len(), 4 * channels);
    let Some(bytes) = bytes.get_mut(..4 * at_a_time * channels) else { return };
    bytes.fill(0);
    for part in heads.clone().step_by(at_a_time) {
        let part = part..(part + at_a_time).min(heads.end);
        let tokens = bytes.chunks_exact_mut((at_a_time * channels).max(1));
        for ((row, bytes), token) in rows.chunks_exact(width).zip(tokens).zip(first..) {
            let mut scales = [0.0; HEADS];
            let x = row.get((part.start - heads.start) * size..(part.end - heads.start) * size).unwrap_or(&[]);
            kernels.quantize_heads_signed(x, size, channels, bytes, &mut scales);
            for (head, &scale) in part.clone().zip(&scales) {
                // SAFETY: nobody else writes this token and head.
                #[allow(unsafe_code)]
                unsafe {
                    cache.write_value_scale(head, token, scale);
                }
            }
        }
        let mut tokens =
            bytes.chunks_exact((at_a_time * channels).max(1)).map(|bytes| bytes.as_chunks::<BLOCK_CHANNELS>().0);
        let (Some(a), Some(b), Some(c), Some(d)) = (tokens.next(), tokens.next(), tokens.next(), tokens.next()) else {
            return;
        };
        for (index, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            let blocks = (channels / BLOCK_CHANNELS).max(1);
            let (head, block) = (part.start + index / blocks, index % blocks);
            if head >= part.end {
                break;
            }
            let words = interleave([a, b, c, d]);
            // SAFETY: nobody else writes these four tokens and this head.
            #[allow(unsafe_code)]
            unsafe {
                cache.write_values(head, first / 4, block, &words);
            }
        }
    }
}

/// Attention sub-layer of a tile, in place.
pub(super) fn attention(context: &Context<'_>, block: usize, work: TileWork<'_>, cache: &Cache<'_>) {
    let (model, kernels) = (&context.model, context.kernels);
    let config = model.config();
    let width = config.hidden_size as usize;
    let TileWork { rows, hidden, worker: Worker { wide, mut scratch, mut attention } } = work;
    let mut x = Rows { data: hidden, stride: width, count: rows.len() };
    let wide = wide.get_mut(..rows.len() * width).unwrap_or(&mut []);
    let mut wide = Rows { data: wide, stride: width, count: rows.len() };
    linear(kernels, &model.linear(role::QUERY, block), &mut x, Store::Write, &mut wide, &mut scratch);
    attend(kernels, cache, 0..cache.heads.count, wide.data, &mut attention, &mut scratch);
    context.observer.show(role::ATTENTION_OUTPUT, block, &mut wide, width);
    let output = model.linear(role::ATTENTION_OUTPUT, block);
    linear(kernels, &output, &mut wide, Store::Add, &mut x, &mut scratch);
    let norm = model.norm(role::ATTENTION_NORM_WEIGHT, block);
    kernels.layer_norm(x.data, width, norm.weight, norm.bias, config.layer_norm_eps);
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
    let (start, width) = (heads.start, heads.len() * cache.heads.size);
    let row_bytes = activation_row_bytes(cache.heads.extents.key_slots);
    for rows in queries.chunks_mut((ATTENTION_ROWS * width).max(1)) {
        let count = rows.len().checked_div(width).unwrap_or(0);
        let at_a_time = heads_at_a_time(scratch.rounded.bytes.len(), count * row_bytes);
        for first in heads.clone().step_by(at_a_time) {
            let heads = first..(first + at_a_time).min(heads.end);
            let queries = Queries { count, start, heads, width, row_bytes, stride: at_a_time * row_bytes };
            queries.quantize(kernels, cache, rows, scratch.rounded.bytes, attention.head);
            for head in queries.heads.clone() {
                queries.attend(kernels, cache, head, rows, attention, scratch);
            }
        }
    }
}

/// Up to 16 rows of queries, and of some heads their bytes: `bytes[row * stride + (head - heads.start) * row_bytes..]`.
struct Queries {
    count: usize,
    /// First head of a row, and those whose bytes there are.
    start: usize,
    heads: Range<usize>,
    /// Elements of a row.
    width: usize,
    row_bytes: usize,
    stride: usize,
}

impl Queries {
    /// Rounds the rows of `block`, symmetric per head; `scales` becomes f32 `[row][HEADS]`.
    fn quantize(&self, kernels: Kernels, cache: &Cache<'_>, block: &[f32], bytes: &mut [u8], scales: &mut [u8]) {
        let size = cache.heads.size;
        let scales: &mut [f32] = bytemuck::try_cast_slice_mut(scales).unwrap_or(&mut []);
        let places = bytes.chunks_exact_mut(self.stride.max(1)).zip(scales.chunks_exact_mut(HEADS));
        for (row, (bytes, scales)) in block.chunks_exact(self.width.max(1)).zip(places) {
            let x =
                row.get((self.heads.start - self.start) * size..(self.heads.end - self.start) * size).unwrap_or(&[]);
            // Bytes past the head are anything: they meet zeros of the keys.
            kernels.quantize_heads(x, size, self.row_bytes, bytes, scales);
        }
    }

    /// Replaces the queries of one head by their context.
    fn attend(
        &self,
        kernels: Kernels,
        cache: &Cache<'_>,
        head: usize,
        block: &mut [f32],
        attention: &mut AttentionScratch<'_>,
        scratch: &mut Scratch<'_>,
    ) {
        let Heads { size, keys, extents, factor, .. } = cache.heads;
        let offset = kernels.activation_offset();
        let (rows, place) = (self.count, head - self.heads.start);
        let row_sums = extents.key_channels;
        let (steps, blocks) = (extents.key_slots / BLOCK_SLOTS, row_sums / BLOCK_CHANNELS);
        let product = Product { rows, row_bytes: self.stride, steps, blocks, row_sums, continues: true };
        let bytes = scratch.rounded.bytes.get(place * self.row_bytes..).unwrap_or(&[]);
        kernels.matmul_i8(&product, bytes, cache.keys(head), attention.scores);

        let row_bytes = activation_row_bytes(extents.value_slots);
        let scales = cache.scales(head);
        let query_scales: &[f32] = bytemuck::try_cast_slice(attention.head).unwrap_or(&[]);
        let query_scales = query_scales.get(place..).unwrap_or(&[]).iter().step_by(HEADS);
        let places =
            attention.probabilities.chunks_exact_mut(row_bytes.max(1)).zip(scratch.rounded.row_scales.iter_mut());
        let scores = attention.scores.chunks_exact(row_sums.max(1)).zip(query_scales).take(rows);
        for ((scores, query_scale), (bytes, row_scale)) in scores.zip(places) {
            let bytes = bytes.get_mut(..keys).unwrap_or(&mut []);
            let scale = kernels.softmax(scores, &scales, query_scale * factor, scratch.rounding.row, bytes);
            *row_scale = RowScale { scale, zero: offset - 127 };
        }

        let row_sums = extents.value_channels;
        let (steps, blocks) = (extents.value_slots / BLOCK_SLOTS, row_sums / BLOCK_CHANNELS);
        let product = Product { rows, row_bytes, steps, blocks, row_sums, continues: true };
        kernels.matmul_i8(&product, attention.probabilities, cache.values(head), scratch.products.sums);
        for first in (0..size).step_by(GROUP_CHANNELS) {
            let channels = (size - first).min(GROUP_CHANNELS);
            let tile = Tile { rows, channels, row_sums, row_outputs: self.width };
            let sums = cache.value_sums(head).get(first..).unwrap_or(&[]);
            let plain = Channels { scales: &[1.0; GROUP_CHANNELS], sums, bias: &[0.0; GROUP_CHANNELS] };
            let source = scratch.products.sums.get(first..).unwrap_or(&[]);
            let out = block.get_mut((head - self.start) * size + first..).unwrap_or(&mut []);
            kernels.dequantize(&tile, source, scratch.rounded.row_scales, &plain, Store::Write, out);
        }
    }
}
