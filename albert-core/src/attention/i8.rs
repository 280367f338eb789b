//! Attention of an int8 model: queries, keys, values and probabilities are bytes, products are exact.

use super::kv_cache::{Cache, Heads, Places};
use crate::build_features::LARGE_TARGET;
use crate::format::layout::{GROUP_CHANNELS, K_GROUP, PANEL_CHANNELS};
use crate::kernels::{Channels, Kernels, Product, RowScale, Store, Tile, interleave};
use crate::memory::arena::{AttentionScratch, Scratch};
use crate::memory::plan::{ATTENTION_ROWS, activation_row_bytes};
use crate::slices::{cast, cast_mut, fill, part, part_mut, ruled_out};
use core::ops::Range;

/// Most heads that are quantized at a time.
const HEADS: usize = if LARGE_TARGET { 16 } else { 1 };

/// Heads that there is room for, each `bytes` long: at least one, since a row is as long as all of them.
fn heads_at_a_time(room: usize, bytes: usize) -> usize {
    room.checked_div(bytes).unwrap_or(0).clamp(1, HEADS)
}

/// Quantizes the keys of some tokens and heads, symmetric per head, into their places; a row of `x` holds those heads. The caller
/// has these tokens or these heads for itself.
pub(super) fn store_keys(
    kernels: Kernels,
    x: &[f32],
    tokens: Range<usize>,
    places: &Places<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let Heads { size, extents, .. } = places.heads;
    let (size, stride) = (size.max(1), extents.key_k.max(1));
    let at_a_time = heads_at_a_time(bytes.len(), stride);
    let bytes = part_mut(bytes, ..at_a_time * stride);
    // Places past the head are zero: nobody writes them.
    fill(bytes, 0);
    let mut scales = [0.0; HEADS];
    for (row, token) in x.chunks_exact((heads.len() * size).max(1)).zip(tokens) {
        for (x, first) in row.chunks(at_a_time * size).zip(heads.clone().step_by(at_a_time)) {
            kernels.quantize_heads_signed(x, size, stride, bytes, &mut scales);
            for ((head, bytes), &scale) in (first..heads.end).zip(bytes.chunks_exact(stride)).zip(&scales) {
                // SAFETY: nobody else writes this token and head.
                #[allow(unsafe_code)]
                unsafe {
                    places.write_key(head, token, bytes.as_chunks::<4>().0);
                    places.write_key_scale(head, token, scale);
                }
            }
        }
    }
}

/// Quantizes the values of some tokens, whose first is a multiple of 4, and heads, symmetric per token and head, into their places;
/// a row of `x` holds those heads. Tokens that are missing to four become zero. The caller has these tokens or these heads for
/// itself.
pub(super) fn store_values(
    kernels: Kernels,
    x: &[f32],
    tokens: Range<usize>,
    places: &Places<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let width = heads.len() * places.heads.size;
    for (four, first) in x.chunks((4 * width).max(1)).zip(tokens.clone().step_by(4)) {
        let count = (tokens.end - first).min(4);
        store_four_values(kernels, part(four, ..count * width), first, places, heads.clone(), bytes);
    }
}

/// [`store_values`] of up to four tokens.
fn store_four_values(
    kernels: Kernels,
    rows: &[f32],
    first: usize,
    places: &Places<'_>,
    heads: Range<usize>,
    bytes: &mut [u8],
) {
    let Heads { size, extents, .. } = places.heads;
    let (size, channels) = (size.max(1), extents.value_channels.max(1));
    let width = (heads.len() * size).max(1);
    let at_a_time = heads_at_a_time(bytes.len(), 4 * channels);
    let bytes = part_mut(bytes, ..4 * at_a_time * channels);
    fill(bytes, 0);
    for first_head in heads.clone().step_by(at_a_time) {
        let some = first_head..(first_head + at_a_time).min(heads.end);
        let tokens = bytes.chunks_exact_mut((at_a_time * channels).max(1));
        for ((row, bytes), token) in rows.chunks_exact(width).zip(tokens).zip(first..) {
            let mut scales = [0.0; HEADS];
            let x = part(row, (some.start - heads.start) * size..(some.end - heads.start) * size);
            kernels.quantize_heads_signed(x, size, channels, bytes, &mut scales);
            for (head, &scale) in some.clone().zip(&scales) {
                // SAFETY: nobody else writes this token and head.
                #[allow(unsafe_code)]
                unsafe {
                    places.write_value_scale(head, token, scale);
                }
            }
        }
        let mut tokens =
            bytes.chunks_exact((at_a_time * channels).max(1)).map(|bytes| bytes.as_chunks::<PANEL_CHANNELS>().0);
        let (Some(a), Some(b), Some(c), Some(d)) = (tokens.next(), tokens.next(), tokens.next(), tokens.next()) else {
            return ruled_out();
        };
        for (index, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            let panels = (channels / PANEL_CHANNELS).max(1);
            let (head, panel) = (some.start + index / panels, index % panels);
            if head >= some.end {
                break;
            }
            let words = interleave([a, b, c, d]);
            // SAFETY: nobody else writes these four tokens and this head.
            #[allow(unsafe_code)]
            unsafe {
                places.write_values(head, first / 4, panel, &words);
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
    let (start, width) = (heads.start, heads.len() * cache.heads.size);
    let row_bytes = activation_row_bytes(cache.heads.extents.key_k);
    for rows in queries.chunks_mut((ATTENTION_ROWS * width).max(1)) {
        let count = rows.len().checked_div(width).unwrap_or(0);
        let at_a_time = heads_at_a_time(scratch.quantized.bytes.len(), count * row_bytes);
        for first in heads.clone().step_by(at_a_time) {
            let heads = first..(first + at_a_time).min(heads.end);
            let queries = Queries { count, start, heads, width, row_bytes, stride: at_a_time * row_bytes };
            queries.quantize(kernels, cache, rows, scratch.quantized.bytes, attention.head);
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
    /// Quantizes the rows of `block`, symmetric per head; `scales` becomes f32 `[row][HEADS]`.
    fn quantize(&self, kernels: Kernels, cache: &Cache<'_>, block: &[f32], bytes: &mut [u8], scales: &mut [u8]) {
        let size = cache.heads.size;
        let scales: &mut [f32] = cast_mut(scales);
        let places = bytes.chunks_exact_mut(self.stride.max(1)).zip(scales.chunks_exact_mut(HEADS));
        for (row, (bytes, scales)) in block.chunks_exact(self.width.max(1)).zip(places) {
            let x = part(row, (self.heads.start - self.start) * size..(self.heads.end - self.start) * size);
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
        let (k_groups, panels) = (extents.key_k / K_GROUP, row_sums / PANEL_CHANNELS);
        let product = Product { rows, row_bytes: self.stride, k_groups, panels, row_sums, prefetch: true };
        let bytes = part(scratch.quantized.bytes, place * self.row_bytes..);
        kernels.matmul_i8(&product, bytes, cache.keys(head), attention.scores);

        let row_bytes = activation_row_bytes(extents.value_k);
        let scales = cache.scales(head);
        let query_scales: &[f32] = cast(attention.head);
        let query_scales = part(query_scales, place..).iter().step_by(HEADS);
        let places =
            attention.probabilities.chunks_exact_mut(row_bytes.max(1)).zip(scratch.quantized.row_scales.iter_mut());
        let scores = attention.scores.chunks_exact(row_sums.max(1)).zip(query_scales).take(rows);
        for ((scores, query_scale), (bytes, row_scale)) in scores.zip(places) {
            let bytes = part_mut(bytes, ..keys);
            let scale = kernels.softmax(scores, &scales, query_scale * factor, scratch.quantization.row, bytes);
            *row_scale = RowScale { scale, zero_point: offset - 127 };
        }

        let row_sums = extents.value_channels;
        let (k_groups, panels) = (extents.value_k / K_GROUP, row_sums / PANEL_CHANNELS);
        let product = Product { rows, row_bytes, k_groups, panels, row_sums, prefetch: true };
        kernels.matmul_i8(&product, attention.probabilities, cache.values(head), scratch.products.accumulators);
        for first in (0..size).step_by(GROUP_CHANNELS) {
            let channels = (size - first).min(GROUP_CHANNELS);
            let tile = Tile { rows, channels, row_sums, row_outputs: self.width };
            let sums = part(cache.value_sums(head), first..);
            let plain = Channels { scales: &[1.0; GROUP_CHANNELS], sums, bias: &[0.0; GROUP_CHANNELS] };
            let source = part(scratch.products.accumulators, first..);
            let out = part_mut(block, (head - self.start) * size + first..);
            kernels.dequantize(&tile, source, scratch.quantized.row_scales, &plain, Store::Write, out);
        }
    }
}
