//! Attention of an int8 model: queries, keys, values and probabilities are bytes, products are exact.
//!
//! Keys and values are kept as weight matrices in the blocked layout, one for each head, so that the kernels of the
//! linears serve here too: keys as 16 keys by 4 channels, values as 16 channels by 4 keys.

use super::Context;
use super::linear::{Rows, linear, multiply, prepare};
use crate::arena::{AttentionScratch, Buffers};
use crate::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS, role};
use crate::kernels::{Channels, Kernels, Keys, Product, RowScale, SMALLEST_RANGE, Store, Tile};
use crate::plan::{ATTENTION_ROWS, Extents, GROUP_CHANNELS, activation_row_bytes};
use core::ops::Range;

const BLOCK_BYTES: usize = BLOCK_CHANNELS * BLOCK_SLOTS;

/// Keys and values of the key rows in `tile`, whose start is a multiple of 4.
pub(super) fn keys_values(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    let (model, kernels) = (&context.model, context.kernels);
    let hidden = model.config().hidden_size as usize;
    let heads = Heads::new(context);
    let rows = buffers.hidden.get_mut(tile.start * hidden..tile.end * hidden).unwrap_or(&mut []);
    let mut x = Rows { data: rows, stride: hidden, count: tile.len() };
    let mut out = Rows { data: buffers.wide, stride: hidden, count: tile.len() };
    context.observer.show(role::QUERY, block, &mut x, hidden);

    let (key, value) = (model.linear(role::KEY, block), model.linear(role::VALUE, block));
    let integer = if key.matrix.is_integer() { &key.matrix } else { &value.matrix };
    prepare(kernels, integer, &mut x, &mut buffers.scratch);
    multiply(kernels, &key, &x, Store::Write, &mut out, &mut buffers.scratch);
    for (row, token) in out.data.chunks_exact(hidden).zip(tile.clone()) {
        heads.store_key(
            kernels,
            row,
            token,
            buffers.keys,
            buffers.key_scales,
            buffers.key_offsets,
            buffers.attention.head,
        );
    }

    multiply(kernels, &value, &x, Store::Write, &mut out, &mut buffers.scratch);
    if tile.start == 0 {
        buffers.value_sums.fill(0);
    }
    for (rows, first) in out.data.chunks(4 * hidden).zip(tile.clone().step_by(4)) {
        let count = (tile.end - first).min(4);
        let rows = rows.get(..count * hidden).unwrap_or(&[]);
        heads.store_values(
            kernels,
            rows,
            first,
            buffers.values,
            buffers.value_scales,
            buffers.value_sums,
            buffers.attention.head,
        );
    }
}

/// Attention sub-layer of the rows in `tile`, in place.
pub(super) fn attention(context: &Context<'_>, buffers: &mut Buffers<'_>, block: usize, tile: Range<usize>) {
    let (model, kernels) = (&context.model, context.kernels);
    let config = model.config();
    let hidden = config.hidden_size as usize;
    let heads = Heads::new(context);
    let rows = buffers.hidden.get_mut(tile.start * hidden..tile.end * hidden).unwrap_or(&mut []);
    let mut x = Rows { data: rows, stride: hidden, count: tile.len() };
    let mut wide = Rows { data: buffers.wide, stride: hidden, count: tile.len() };
    linear(kernels, &model.linear(role::QUERY, block), &mut x, Store::Write, &mut wide, &mut buffers.scratch);
    for head in 0..heads.count {
        let cache = heads.cache(
            head,
            buffers.keys,
            buffers.values,
            buffers.key_scales,
            buffers.key_offsets,
            buffers.value_scales,
            buffers.value_sums,
        );
        for first in (0..tile.len()).step_by(ATTENTION_ROWS) {
            let count = (tile.len() - first).min(ATTENTION_ROWS);
            let queries = wide.data.get_mut(first * hidden + head * heads.size..).unwrap_or(&mut []);
            let mut queries = Rows { data: queries, stride: hidden, count };
            heads.attend(kernels, &cache, &mut queries, &mut buffers.attention, &mut buffers.scratch);
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

/// Extents of the heads for one input.
struct Heads {
    count: usize,
    /// Channels of a head, D.
    size: usize,
    /// Tokens attended to.
    keys: usize,
    extents: Extents,
    /// `log2(e) / sqrt(D)`: scores are in base 2.
    factor: f32,
}

/// Keys and values of one head.
struct Cache<'a> {
    keys: &'a [u8],
    values: &'a [u8],
    scales: Keys<'a>,
    value_sums: &'a [i32],
}

impl Heads {
    fn new(context: &Context<'_>) -> Self {
        let config = context.model.config();
        let size = config.head_size() as usize;
        Self {
            count: config.num_attention_heads as usize,
            size,
            keys: context.keys,
            extents: Extents::new(config, context.keys),
            factor: core::f32::consts::LOG2_E / libm::sqrtf(size as f32),
        }
    }

    fn key_bytes(&self) -> usize {
        self.extents.key_channels * self.extents.key_slots
    }

    fn value_bytes(&self) -> usize {
        self.extents.value_channels * self.extents.value_slots
    }

    /// Rounds the keys of one token, symmetric per head, into their place.
    #[expect(clippy::too_many_arguments, reason = "the regions of the arena")]
    fn store_key(
        &self,
        kernels: Kernels,
        row: &[f32],
        token: usize,
        keys: &mut [u8],
        scales: &mut [f32],
        offsets: &mut [i32],
        bytes: &mut [u8],
    ) {
        let heads = keys.chunks_exact_mut(self.key_bytes()).zip(row.chunks_exact(self.size));
        let scales = scales.chunks_exact_mut(self.extents.key_channels);
        let offsets = offsets.chunks_exact_mut(self.extents.key_channels);
        for (((keys, x), scales), offsets) in heads.zip(scales).zip(offsets) {
            let Some(bytes) = bytes.get_mut(..self.extents.key_slots) else { return };
            let (scale, inverse) = symmetric(kernels, x);
            kernels.quantize_signed(x, inverse, padded(bytes, x.len()));
            let sum: i32 = bytes.iter().map(|&byte| i32::from(byte as i8)).sum();
            if let (Some(s), Some(o)) = (scales.get_mut(token), offsets.get_mut(token)) {
                (*s, *o) = (scale, sum * kernels.activation_offset());
            }
            let block = keys.get_mut(token / BLOCK_CHANNELS * BLOCK_CHANNELS * self.extents.key_slots..);
            let words = block.unwrap_or(&mut []).chunks_exact_mut(BLOCK_BYTES);
            for (word, slots) in words.zip(bytes.chunks_exact(BLOCK_SLOTS)) {
                if let Some(place) =
                    word.get_mut(token % BLOCK_CHANNELS * BLOCK_SLOTS..).and_then(|w| w.get_mut(..BLOCK_SLOTS))
                {
                    place.copy_from_slice(slots);
                }
            }
        }
    }

    /// Rounds the values of up to four tokens from `first` (a multiple of 4) on, symmetric per token and head, into their
    /// place; tokens that are missing to four become zero.
    #[expect(clippy::too_many_arguments, reason = "the regions of the arena")]
    fn store_values(
        &self,
        kernels: Kernels,
        rows: &[f32],
        first: usize,
        values: &mut [u8],
        scales: &mut [f32],
        sums: &mut [i32],
        bytes: &mut [u8],
    ) {
        let hidden = self.count * self.size;
        let heads = values.chunks_exact_mut(self.value_bytes());
        let scales = scales.chunks_exact_mut(self.extents.key_channels);
        let sums = sums.chunks_exact_mut(self.extents.value_channels);
        for (head, ((values, scales), sums)) in heads.zip(scales).zip(sums).enumerate() {
            let Some((four, _)) = bytes.split_at_mut_checked(4 * self.size) else { return };
            four.fill(0);
            let tokens = four.chunks_exact_mut(self.size).zip(rows.chunks_exact(hidden));
            for ((bytes, row), scale) in tokens.zip(scales.iter_mut().skip(first)) {
                let x = row.get(head * self.size..(head + 1) * self.size).unwrap_or(&[]);
                let inverse;
                (*scale, inverse) = symmetric(kernels, x);
                kernels.quantize_signed(x, inverse, bytes);
            }
            let mut four = four.chunks_exact(self.size);
            let (Some(a), Some(b), Some(c), Some(d)) = (four.next(), four.next(), four.next(), four.next()) else {
                return;
            };
            let words = a.iter().zip(b).zip(c).zip(d).zip(sums.iter_mut());
            let stride = BLOCK_CHANNELS * self.extents.value_slots;
            for (channel, ((((a, b), c), d), sum)) in words.enumerate() {
                let at =
                    channel / BLOCK_CHANNELS * stride + first * BLOCK_CHANNELS + channel % BLOCK_CHANNELS * BLOCK_SLOTS;
                let word = [*a, *b, *c, *d];
                if let Some(place) = values.get_mut(at..).and_then(|v| v.first_chunk_mut()) {
                    *place = word;
                }
                *sum += word.iter().map(|&byte| i32::from(byte as i8)).sum::<i32>();
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the regions of the arena")]
    fn cache<'a>(
        &self,
        head: usize,
        keys: &'a [u8],
        values: &'a [u8],
        key_scales: &'a [f32],
        offsets: &'a [i32],
        value_scales: &'a [f32],
        sums: &'a [i32],
    ) -> Cache<'a> {
        let channels = self.extents.key_channels;
        Cache {
            keys: part(keys, head, self.key_bytes()),
            values: part(values, head, self.value_bytes()),
            scales: Keys {
                offsets: part(offsets, head, channels),
                scales: part(key_scales, head, channels),
                value_scales: part(value_scales, head, channels),
            },
            value_sums: part(sums, head, self.extents.value_channels),
        }
    }

    /// Replaces up to 16 rows of queries of one head by their context.
    fn attend(
        &self,
        kernels: Kernels,
        cache: &Cache<'_>,
        queries: &mut Rows<'_>,
        attention: &mut AttentionScratch<'_>,
        scratch: &mut crate::arena::Scratch<'_>,
    ) {
        let offset = kernels.activation_offset();
        let row_bytes = activation_row_bytes(self.extents.key_slots);
        let rows = queries.count;
        let mut query_scales = [0.0; ATTENTION_ROWS];
        let head = attention.head.chunks_exact_mut(row_bytes).zip(&mut query_scales);
        for (x, (bytes, scale)) in queries.iter_mut(self.size).zip(head) {
            let inverse;
            (*scale, inverse) = symmetric(kernels, x);
            kernels.quantize(x, inverse, 0, padded(bytes, x.len()));
        }
        let keys = self.extents.key_channels;
        let size = Product { rows, row_bytes, steps: self.extents.key_slots / 4, blocks: keys / 16, row_sums: keys };
        kernels.matmul_i8(&size, attention.head, bytemuck::cast_slice(cache.keys), attention.scores);

        let probability_bytes = activation_row_bytes(self.extents.value_slots);
        let scores =
            attention.scores.chunks_exact(keys).zip(attention.probabilities.chunks_exact_mut(probability_bytes));
        for (((scores, bytes), query_scale), row_scale) in
            scores.zip(query_scales).zip(scratch.row_scales.iter_mut()).take(rows)
        {
            let (Some(bytes), Some(row)) = (bytes.get_mut(..self.keys), scratch.row.get_mut(..self.keys)) else {
                return;
            };
            let scale = kernels.softmax(scores, &cache.scales, query_scale * self.factor, row, bytes);
            *row_scale = RowScale { scale, zero: offset - 127 };
        }

        let channels = self.extents.value_channels;
        let size = Product {
            rows,
            row_bytes: probability_bytes,
            steps: self.extents.value_slots / 4,
            blocks: channels / 16,
            row_sums: channels,
        };
        kernels.matmul_i8(&size, attention.probabilities, bytemuck::cast_slice(cache.values), scratch.sums);
        for first in (0..self.size).step_by(GROUP_CHANNELS) {
            let tile = Tile {
                rows,
                channels: (self.size - first).min(GROUP_CHANNELS),
                row_sums: channels,
                row_outputs: queries.stride,
            };
            let sums = cache.value_sums.get(first..).unwrap_or(&[]);
            let plain = Channels { scales: &[1.0; GROUP_CHANNELS], sums, bias: &[0.0; GROUP_CHANNELS] };
            let source = scratch.sums.get(first..).unwrap_or(&[]);
            let out = queries.data.get_mut(first..).unwrap_or(&mut []);
            kernels.dequantize(&tile, source, scratch.row_scales, &plain, Store::Write, out);
        }
    }
}

/// Scale and its inverse for symmetric rounding of `x` to [-127, 127]; zeros when all of `x` is (nearly) zero.
fn symmetric(kernels: Kernels, x: &[f32]) -> (f32, f32) {
    let (low, high) = kernels.range(x);
    let most = if -low > high { -low } else { high };
    if most < SMALLEST_RANGE { (0.0, 0.0) } else { (most / 127.0, 127.0 / most) }
}

/// The first `length` bytes, to be filled, and the rest, which become zero.
fn padded(bytes: &mut [u8], length: usize) -> &mut [u8] {
    let (body, tail) = bytes.split_at_mut_checked(length).unwrap_or((&mut [], &mut []));
    tail.fill(0);
    body
}

/// The `index`th part of `size` elements.
fn part<T>(data: &[T], index: usize, size: usize) -> &[T] {
    data.get(index * size..(index + 1) * size).unwrap_or(&[])
}
