//! Attention of an int8 model: queries, keys, values and probabilities are bytes, products are exact.

use super::Context;
use super::cache::{Cache, CacheWriter, Heads};
use super::linear::{Rows, linear, multiply, prepare};
use crate::arena::{AttentionScratch, Scratch, Worker};
use crate::executor::TileWork;
use crate::format::layout::{BLOCK_CHANNELS, role};
use crate::kernels::{Channels, Kernels, Product, RowScale, SMALLEST_RANGE, Store, Tile};
use crate::plan::{ATTENTION_ROWS, GROUP_CHANNELS, activation_row_bytes};

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
    prepare(kernels, integer, &mut x, &mut scratch);
    multiply(kernels, &key, &x, Store::Write, &mut out, &mut scratch);
    for (row, token) in out.data.chunks_exact(width.max(1)).zip(rows.clone()) {
        store_key(kernels, row, token, cache, attention.head);
    }
    multiply(kernels, &value, &x, Store::Write, &mut out, &mut scratch);
    for (four, first) in out.data.chunks((4 * width).max(1)).zip(rows.clone().step_by(4)) {
        let count = (rows.end - first).min(4);
        store_values(kernels, four.get(..count * width).unwrap_or(&[]), first, cache, attention.head);
    }
}

/// Rounds the key of one token, symmetric per head, into its place.
fn store_key(kernels: Kernels, row: &[f32], token: usize, cache: &CacheWriter<'_>, bytes: &mut [u8]) {
    let heads = cache.heads();
    let Some(bytes) = bytes.get_mut(..heads.extents.key_slots) else { return };
    for (head, x) in row.chunks_exact(heads.size.max(1)).enumerate() {
        let (scale, inverse) = symmetric(kernels, x);
        kernels.quantize_signed(x, inverse, padded(bytes, x.len()));
        // SAFETY: a tile has its own tokens.
        #[allow(unsafe_code)]
        unsafe {
            cache.write_key(head, token, bytes.as_chunks::<4>().0);
            cache.write_key_scale(head, token, scale);
        }
    }
}

/// Rounds the values of up to four tokens from `first` (a multiple of 4) on, symmetric per token and head, into their place;
/// tokens that are missing to four become zero.
fn store_values(kernels: Kernels, rows: &[f32], first: usize, cache: &CacheWriter<'_>, bytes: &mut [u8]) {
    let heads = cache.heads();
    let (size, width) = (heads.size.max(1), (heads.count * heads.size).max(1));
    let channels = heads.extents.value_channels;
    let Some(four) = bytes.get_mut(..4 * channels) else { return };
    for head in 0..heads.count {
        let mut tokens = four.chunks_exact_mut(channels.max(1));
        for ((row, bytes), token) in rows.chunks_exact(width).zip(tokens.by_ref()).zip(first..) {
            let x = row.get(head * size..(head + 1) * size).unwrap_or(&[]);
            let (scale, inverse) = symmetric(kernels, x);
            kernels.quantize_signed(x, inverse, padded(bytes, x.len()));
            // SAFETY: a tile has its own tokens.
            #[allow(unsafe_code)]
            unsafe {
                cache.write_value_scale(head, token, scale);
            }
        }
        tokens.for_each(|missing| missing.fill(0));
        let mut tokens = four.chunks_exact(channels.max(1)).map(|bytes| bytes.as_chunks::<BLOCK_CHANNELS>().0.iter());
        let (Some(a), Some(b), Some(c), Some(d)) = (tokens.next(), tokens.next(), tokens.next(), tokens.next()) else {
            return;
        };
        for (block, (((a, b), c), d)) in a.zip(b).zip(c).zip(d).enumerate() {
            let mut words = [[0; 4]; BLOCK_CHANNELS];
            for (word, (((a, b), c), d)) in words.iter_mut().zip(a.iter().zip(b).zip(c).zip(d)) {
                *word = [*a, *b, *c, *d];
            }
            // SAFETY: a tile has its own tokens, in groups of four.
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
    let mut wide = Rows { data: wide, stride: width, count: rows.len() };
    linear(kernels, &model.linear(role::QUERY, block), &mut x, Store::Write, &mut wide, &mut scratch);
    for head in 0..cache.heads.count {
        for first in (0..rows.len()).step_by(ATTENTION_ROWS) {
            let count = (rows.len() - first).min(ATTENTION_ROWS);
            let queries = wide.data.get_mut(first * width + head * cache.heads.size..).unwrap_or(&mut []);
            let mut queries = Rows { data: queries, stride: width, count };
            attend(kernels, cache, head, &mut queries, &mut attention, &mut scratch);
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
    queries: &mut Rows<'_>,
    attention: &mut AttentionScratch<'_>,
    scratch: &mut Scratch<'_>,
) {
    let Heads { size, keys, extents, factor, .. } = cache.heads;
    let offset = kernels.activation_offset();
    let rows = queries.count;
    let row_bytes = activation_row_bytes(extents.key_slots);
    let mut query_scales = [0.0; ATTENTION_ROWS];
    let places = attention.head.chunks_exact_mut(row_bytes.max(1)).zip(&mut query_scales);
    for (x, (bytes, query_scale)) in queries.iter_mut(size).zip(places) {
        let (scale, inverse) = symmetric(kernels, x);
        kernels.quantize(x, inverse, 0, padded(bytes, x.len()));
        *query_scale = scale;
    }
    let row_sums = extents.key_channels;
    let product =
        Product { rows, row_bytes, steps: extents.key_slots / 4, blocks: row_sums / 16, row_sums, continues: true };
    kernels.matmul_i8(&product, attention.head, cache.keys(head), attention.scores);

    let row_bytes = activation_row_bytes(extents.value_slots);
    let scales = cache.scales(head);
    let places = attention.probabilities.chunks_exact_mut(row_bytes.max(1)).zip(scratch.row_scales.iter_mut());
    let scores = attention.scores.chunks_exact(row_sums.max(1)).zip(query_scales).take(rows);
    for ((scores, query_scale), (bytes, row_scale)) in scores.zip(places) {
        let bytes = bytes.get_mut(..keys).unwrap_or(&mut []);
        let scale = kernels.softmax(scores, &scales, query_scale * factor, scratch.row, bytes);
        *row_scale = RowScale { scale, zero: offset - 127 };
    }

    let row_sums = extents.value_channels;
    let product =
        Product { rows, row_bytes, steps: extents.value_slots / 4, blocks: row_sums / 16, row_sums, continues: true };
    kernels.matmul_i8(&product, attention.probabilities, cache.values(head), scratch.sums);
    for first in (0..size).step_by(GROUP_CHANNELS) {
        let channels = (size - first).min(GROUP_CHANNELS);
        let tile = Tile { rows, channels, row_sums, row_outputs: queries.stride };
        let sums = cache.value_sums(head).get(first..).unwrap_or(&[]);
        let plain = Channels { scales: &[1.0; GROUP_CHANNELS], sums, bias: &[0.0; GROUP_CHANNELS] };
        let source = scratch.sums.get(first..).unwrap_or(&[]);
        let out = queries.data.get_mut(first..).unwrap_or(&mut []);
        kernels.dequantize(&tile, source, scratch.row_scales, &plain, Store::Write, out);
    }
}

/// Scale and its inverse for symmetric rounding of `x` to [-127, 127]; zeros when all of `x` is (nearly) zero.
fn symmetric(kernels: Kernels, x: &[f32]) -> (f32, f32) {
    let (low, high) = kernels.range(x);
    let most = if -low > high { -low } else { high };
    if most < SMALLEST_RANGE { (0.0, 0.0) } else { (most / 127.0, 127.0 / most) }
}

/// The first `length` bytes, to be filled; the rest becomes zero.
fn padded(bytes: &mut [u8], length: usize) -> &mut [u8] {
    let (body, tail) = bytes.split_at_mut_checked(length).unwrap_or((&mut [], &mut []));
    tail.fill(0);
    body
}
