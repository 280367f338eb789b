//! The row kernels for vectors of 16 lanes, written once for every instruction set that has such vectors.
//!
//! A set implements [`Lanes`] for its registers and wraps these functions where its instructions are enabled. `scalar` is
//! the definition; slices that are not a multiple of 16 long end in a padded copy.

use super::math::{self, Float};
use super::{Channels, Keys, RowScale, Store, Tile, scalar};
use crate::config::Activation;
use core::ops::Add;

/// 16 lanes of f32 in one or several registers.
///
/// Implementations call intrinsics without asking the CPU: the functions below are instantiated with them only inside
/// functions that enable the instructions.
pub(super) trait Lanes: Float {
    /// The lanes of an array.
    fn load(x: &[f32; 16]) -> Self;
    /// Writes the lanes.
    fn store(self, out: &mut [f32; 16]);
    /// `(a - b * factor) as f32`, integers wrapping.
    fn difference(a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self;
    /// `(a - b) as f32`, integers wrapping.
    fn plain_difference(a: &[i32; 16], b: &[i32; 16]) -> Self;
    /// The bits of each lane plus `zero`, wrapping, clamped to [-127, 127], plus `offset`.
    fn store_bytes(self, zero: i32, offset: i32, out: &mut [u8; 16]);

    /// [`Self::store_bytes`] of four vectors.
    #[inline(always)]
    fn store_four(vectors: [Self; 4], zero: i32, offset: i32, out: &mut [u8; 64]) {
        for (vector, out) in vectors.into_iter().zip(out.as_chunks_mut::<16>().0) {
            vector.store_bytes(zero, offset, out);
        }
    }

    /// Sum of the lanes, folded 8+8, 4+4, 2+2, 1+1.
    #[inline(always)]
    fn sum(self) -> f32 {
        fold(self, Add::add)
    }

    /// Least lane, compared in the order of [`Self::sum`].
    #[inline(always)]
    fn least(self) -> f32 {
        fold(self, Float::lesser)
    }

    /// Greatest lane, compared in the order of [`Self::sum`].
    #[inline(always)]
    fn greatest(self) -> f32 {
        fold(self, Float::greater)
    }
}

/// The first elements of 16, the others `fill`.
#[inline(always)]
fn padded<T: Copy>(x: &[T], fill: T) -> [T; 16] {
    let mut all = [fill; 16];
    for (out, &x) in all.iter_mut().zip(x) {
        *out = x;
    }
    all
}

/// Copies the first elements of 16.
#[inline(always)]
fn copy_first<T: Copy>(all: &[T; 16], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(all) {
        *out = x;
    }
}

/// `vector` with the lanes from `count` on replaced by `fill`.
#[inline(always)]
fn keep_first<L: Lanes>(vector: L, count: usize, fill: f32) -> L {
    let mut all = [0.0; 16];
    vector.store(&mut all);
    for lane in all.iter_mut().skip(count) {
        *lane = fill;
    }
    L::load(&all)
}

/// Folds the lanes 8+8, 4+4, 2+2, 1+1.
#[inline(always)]
fn fold<L: Lanes>(vector: L, both: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; 16];
    vector.store(&mut lanes);
    scalar::fold_lanes(lanes, both)
}

// Closures do not inherit the caller's instructions and are not always inlined, which would leave a call for every
// intrinsic; hence macros and functions that are.

/// Runs `$body` for 16 elements at a time as `$vector`, the last padded with `$fill`.
macro_rules! for_each {
    ($lanes:ty, $x:expr, $fill:expr, $vector:ident => $body:expr) => {{
        let (chunks, tail) = $x.as_chunks::<16>();
        for chunk in chunks {
            let $vector = <$lanes>::load(chunk);
            $body;
        }
        if !tail.is_empty() {
            let $vector = <$lanes>::load(&padded(tail, $fill));
            $body;
        }
    }};
}

/// Replaces every element, 16 at a time as `$vector`, by `$value`.
macro_rules! map {
    ($lanes:ty, $x:expr, $vector:ident => $value:expr) => {{
        let (chunks, tail) = $x.as_chunks_mut::<16>();
        for chunk in chunks {
            let $vector = <$lanes>::load(chunk);
            $value.store(chunk);
        }
        if !tail.is_empty() {
            let mut all = padded(tail, 0.0);
            let $vector = <$lanes>::load(&all);
            $value.store(&mut all);
            copy_first(&all, tail);
        }
    }};
}

/// What becomes of a dequantized value.
pub(super) trait Finish {
    /// The element that takes the place of `old`.
    fn finish<L: Lanes>(value: L, old: L) -> L;
}

macro_rules! finish {
    ($name:ident, $value:ident, $old:ident => $result:expr) => {
        pub(super) struct $name;

        impl Finish for $name {
            #[inline(always)]
            fn finish<L: Lanes>($value: L, $old: L) -> L {
                $result
            }
        }
    };
}
finish!(Plain, value, _old => value);
finish!(Residual, value, old => old + value);
finish!(Gelu, value, _old => math::gelu(value));
finish!(GeluTanh, value, _old => math::gelu_tanh(value));
finish!(Relu, value, _old => math::relu(value));

#[inline(always)]
pub(super) fn dequantize<L: Lanes>(
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) {
    match store {
        Store::Write => dequantize_with::<L, Plain>(tile, sums, rows, channels, out),
        Store::Add => dequantize_with::<L, Residual>(tile, sums, rows, channels, out),
        Store::Activate(Activation::Gelu) => dequantize_with::<L, Gelu>(tile, sums, rows, channels, out),
        Store::Activate(Activation::GeluTanh) => dequantize_with::<L, GeluTanh>(tile, sums, rows, channels, out),
        Store::Activate(Activation::Relu) => dequantize_with::<L, Relu>(tile, sums, rows, channels, out),
        Store::Activate(activation) => {
            dequantize_with::<L, Plain>(tile, sums, rows, channels, out);
            for row in out.chunks_mut(tile.row_outputs.max(1)).take(tile.rows) {
                activate::<L>(activation, row.get_mut(..tile.channels).unwrap_or(&mut []));
            }
        }
    }
}

/// The values of 16 channels of a row, from its sums.
#[inline(always)]
fn values<L: Lanes>(
    row: RowScale,
    sums: &[i32; 16],
    scales: &[f32; 16],
    channel_sums: &[i32; 16],
    bias: &[f32; 16],
) -> L {
    L::difference(sums, channel_sums, row.zero) * L::load(scales) * L::splat(row.scale) + L::load(bias)
}

#[inline(always)]
fn dequantize_with<L: Lanes, F: Finish>(
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    out: &mut [f32],
) {
    let n = tile.channels;
    let channels = channels.part(0, n);
    let tiles = sums.chunks(tile.row_sums.max(1)).zip(out.chunks_mut(tile.row_outputs.max(1)));
    for ((sums, out), &row) in tiles.zip(rows).take(tile.rows) {
        dequantize_row::<L, F>(sums, row, &channels, out.get_mut(..n).unwrap_or(&mut []));
    }
}

/// One row, as many channels as `out` has elements.
#[inline(always)]
pub(super) fn dequantize_row<L: Lanes, F: Finish>(
    sums: &[i32],
    row: RowScale,
    channels: &Channels<'_>,
    out: &mut [f32],
) {
    let (scales, scales_tail) = channels.scales.as_chunks::<16>();
    let (offsets, offsets_tail) = channels.sums.as_chunks::<16>();
    let (biases, biases_tail) = channels.bias.as_chunks::<16>();
    let (sums, sums_tail) = sums.get(..out.len()).unwrap_or(&[]).as_chunks::<16>();
    let (out, out_tail) = out.as_chunks_mut::<16>();
    for ((((sums, out), scales), offsets), bias) in sums.iter().zip(out).zip(scales).zip(offsets).zip(biases) {
        F::finish(values(row, sums, scales, offsets, bias), L::load(out)).store(out);
    }
    if !out_tail.is_empty() {
        let mut old = padded(out_tail, 0.0);
        let new: L = values(
            row,
            &padded(sums_tail, 0),
            &padded(scales_tail, 0.0),
            &padded(offsets_tail, 0),
            &padded(biases_tail, 0.0),
        );
        F::finish(new, L::load(&old)).store(&mut old);
        copy_first(&old, out_tail);
    }
}

#[inline(always)]
pub(super) fn range<L: Lanes>(x: &[f32]) -> (f32, f32) {
    // Four pairs, so that one comparison need not wait for the last.
    let mut pairs = [(L::splat(0.0), L::splat(0.0)); 4];
    let (chunks, tail) = x.as_chunks::<64>();
    for chunk in chunks {
        for (pair, x) in pairs.iter_mut().zip(chunk.as_chunks::<16>().0) {
            let x = L::load(x);
            *pair = (x.lesser(pair.0), x.greater(pair.1));
        }
    }
    let [mut all, rest @ ..] = pairs;
    for_each!(L, tail, 0.0, x => all = (x.lesser(all.0), x.greater(all.1)));
    for (least, greatest) in rest {
        all = (least.lesser(all.0), greatest.greater(all.1));
    }
    (all.0.least(), all.1.greatest())
}

#[inline(always)]
pub(super) fn quantize<L: Lanes>(x: &[f32], inverse: f32, zero: i32, offset: i32, out: &mut [u8]) {
    let (inverse, round) = (L::splat(inverse), L::splat(math::ROUND));
    let zero = zero.wrapping_sub(math::ROUND.to_bits() as i32);
    let (fours, rest) = x.as_chunks::<64>();
    let (out_fours, out_rest) = out.as_chunks_mut::<64>();
    for (four, out) in fours.iter().zip(out_fours) {
        let mut vectors = [round; 4];
        for (vector, x) in vectors.iter_mut().zip(four.as_chunks::<16>().0) {
            *vector = L::load(x) * inverse + round;
        }
        L::store_four(vectors, zero, offset, out);
    }
    let (chunks, tail) = rest.as_chunks::<16>();
    let (out, out_tail) = out_rest.as_chunks_mut::<16>();
    for (chunk, out) in chunks.iter().zip(out) {
        (L::load(chunk) * inverse + round).store_bytes(zero, offset, out);
    }
    if !tail.is_empty() {
        let mut bytes = [0; 16];
        (L::load(&padded(tail, 0.0)) * inverse + round).store_bytes(zero, offset, &mut bytes);
        copy_first(&bytes, out_tail);
    }
}

/// Rows that layer norm takes side by side: a sum waits for the addition before it, and other rows' sums do not.
const NORM_ROWS: usize = 4;

#[inline(always)]
pub(super) fn layer_norm<L: Lanes>(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    let mut rows = x.chunks_exact_mut(width.max(1));
    while rows.len() >= NORM_ROWS {
        let (Some(a), Some(b), Some(c), Some(d)) = (rows.next(), rows.next(), rows.next(), rows.next()) else { return };
        norm_rows::<L, NORM_ROWS>([a, b, c, d], weight, bias, eps);
    }
    for row in rows {
        norm_rows::<L, 1>([row], weight, bias, eps);
    }
}

/// `R` rows, each as long as `weight` and `bias`.
#[inline(always)]
fn norm_rows<L: Lanes, const R: usize>(mut rows: [&mut [f32]; R], weight: &[f32], bias: &[f32], eps: f32) {
    let (count, full) = (weight.len() as f32, weight.len() / 16);
    let zero = L::splat(0.0);
    let mut sums = [zero; R];
    for chunk in 0..full {
        for (sum, row) in sums.iter_mut().zip(&rows) {
            *sum = *sum + at(row, chunk);
        }
    }
    for (sum, row) in sums.iter_mut().zip(&rows) {
        for_each!(L, row.as_chunks::<16>().1, 0.0, x => *sum = *sum + x);
    }
    let means = sums.map(|sum| sum.sum() / count);
    let mut sums = [zero; R];
    for chunk in 0..full {
        for ((sum, row), mean) in sums.iter_mut().zip(&rows).zip(means) {
            let difference = at::<L>(row, chunk) - L::splat(mean);
            *sum = *sum + difference * difference;
        }
    }
    for ((sum, row), mean) in sums.iter_mut().zip(&rows).zip(means) {
        // Padding with the mean adds +0.0 to a sum, which changes nothing.
        for_each!(L, row.as_chunks::<16>().1, mean, x => {
            let difference = x - L::splat(mean);
            *sum = *sum + difference * difference;
        });
    }
    let inverses = sums.map(|sum| 1.0 / (sum.sum() / count + eps).sqrt());

    let (weights, weights_tail) = weight.as_chunks::<16>();
    let (biases, biases_tail) = bias.as_chunks::<16>();
    for (chunk, (weight, bias)) in weights.iter().zip(biases).enumerate() {
        let (weight, bias) = (L::load(weight), L::load(bias));
        for ((row, mean), inverse) in rows.iter_mut().zip(means).zip(inverses) {
            if let Some(x) = row.as_chunks_mut::<16>().0.get_mut(chunk) {
                ((L::load(x) - L::splat(mean)) * L::splat(inverse) * weight + bias).store(x);
            }
        }
    }
    let (weight, bias) = (L::load(&padded(weights_tail, 0.0)), L::load(&padded(biases_tail, 0.0)));
    for ((row, mean), inverse) in rows.iter_mut().zip(means).zip(inverses) {
        let tail = row.as_chunks_mut::<16>().1;
        if !tail.is_empty() {
            let mut all = padded(tail, 0.0);
            ((L::load(&all) - L::splat(mean)) * L::splat(inverse) * weight + bias).store(&mut all);
            copy_first(&all, tail);
        }
    }
}

/// The `chunk`th 16 elements of a row.
#[inline(always)]
fn at<L: Lanes>(row: &[f32], chunk: usize) -> L {
    row.as_chunks::<16>().0.get(chunk).map_or(L::splat(0.0), L::load)
}

/// Scores as floats, in base 2.
#[inline(always)]
fn logits<L: Lanes>(score: &[i32; 16], offset: &[i32; 16], scale: &[f32; 16], factor: L) -> L {
    L::plain_difference(score, offset) * L::load(scale) * factor
}

#[inline(always)]
pub(super) fn softmax<L: Lanes>(
    scores: &[i32],
    keys: &Keys<'_>,
    factor: f32,
    offset: i32,
    scratch: &mut [f32],
    out: &mut [u8],
) -> f32 {
    let n = scratch.len();
    let factor = L::splat(factor);
    let (scores, scores_tail) = scores.get(..n).unwrap_or(&[]).as_chunks::<16>();
    let (offsets, offsets_tail) = keys.offsets.get(..n).unwrap_or(&[]).as_chunks::<16>();
    let (scales, scales_tail) = keys.scales.get(..n).unwrap_or(&[]).as_chunks::<16>();
    let (chunks, tail) = scratch.as_chunks_mut::<16>();
    let mut peak = L::splat(f32::NEG_INFINITY);
    for (((t, scores), offsets), scales) in chunks.iter_mut().zip(scores).zip(offsets).zip(scales) {
        let logits = logits(scores, offsets, scales, factor);
        peak = logits.greater(peak);
        logits.store(t);
    }
    if !tail.is_empty() {
        let logits = logits(&padded(scores_tail, 0), &padded(offsets_tail, 0), &padded(scales_tail, 0.0), factor);
        peak = keep_first(logits, tail.len(), f32::NEG_INFINITY).greater(peak);
        let mut all = [0.0; 16];
        logits.store(&mut all);
        copy_first(&all, tail);
    }
    let peak = L::splat(peak.greatest());

    let (scales, scales_tail) = keys.value_scales.get(..n).unwrap_or(&[]).as_chunks::<16>();
    let (mut total, mut most) = (L::splat(0.0), L::splat(0.0));
    for (t, scale) in chunks.iter_mut().zip(scales) {
        let e = math::exp2(L::load(t) - peak);
        let value = e * L::load(scale);
        total = total + e;
        most = value.greater(most);
        value.store(t);
    }
    if !tail.is_empty() {
        let mut all = padded(tail, 0.0);
        let e = keep_first(math::exp2(L::load(&all) - peak), tail.len(), 0.0);
        let value = e * L::load(&padded(scales_tail, 0.0));
        total = total + e;
        most = value.greater(most);
        value.store(&mut all);
        copy_first(&all, tail);
    }
    let (inverse, result) = scalar::value_steps(most.greatest(), total.sum());
    quantize::<L>(scratch, inverse, -127, offset, out);
    result
}

#[inline(always)]
pub(super) fn softmax_f32<L: Lanes>(x: &mut [f32], factor: f32) {
    let factor = L::splat(factor);
    map!(L, x, x => (x * factor));
    let mut peak = L::splat(f32::NEG_INFINITY);
    for_each!(L, x, f32::NEG_INFINITY, x => peak = x.greater(peak));
    let peak = L::splat(peak.greatest());
    map!(L, x, x => math::exp2(x - peak));
    let mut total = L::splat(0.0);
    for_each!(L, x, 0.0, x => total = total + x);
    let total = L::splat(total.sum());
    map!(L, x, x => (x / total));
}

#[inline(always)]
pub(super) fn activate<L: Lanes>(activation: Activation, x: &mut [f32]) {
    match activation {
        Activation::Gelu => map!(L, x, x => math::gelu(x)),
        Activation::GeluTanh => map!(L, x, x => math::gelu_tanh(x)),
        Activation::Relu => map!(L, x, x => math::relu(x)),
        Activation::QuickGelu => map!(L, x, x => math::quick_gelu(x)),
        Activation::Silu => map!(L, x, x => math::silu(x)),
        Activation::Tanh => map!(L, x, x => math::tanh(x)),
        Activation::Sigmoid => map!(L, x, x => math::sigmoid(x)),
        Activation::Relu6 => map!(L, x, x => math::relu6(x)),
        Activation::Relu2 => map!(L, x, x => math::relu2(x)),
        Activation::LeakyRelu => map!(L, x, x => math::leaky_relu(x)),
        Activation::HardSwish => map!(L, x, x => math::hard_swish(x)),
        Activation::Mish => map!(L, x, x => math::mish(x)),
        Activation::Linear => {}
        Activation::Gelu10 => map!(L, x, x => math::gelu_10(x)),
        Activation::Laplace => map!(L, x, x => math::laplace(x)),
        Activation::SqrtSoftplus => map!(L, x, x => math::sqrt_softplus(x)),
    }
}

/// Functions of the table that enable `$features` and run the kernels of this file on `$lanes`.
macro_rules! row_kernels {
    ($lanes:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        fn dequantize(
            tile: &Tile,
            sums: &[i32],
            rows: &[RowScale],
            channels: &Channels<'_>,
            store: Store,
            out: &mut [f32],
        ) {
            vector::dequantize::<$lanes>(tile, sums, rows, channels, store, out);
        }

        #[target_feature(enable = $features)]
        fn range(x: &[f32]) -> (f32, f32) {
            vector::range::<$lanes>(x)
        }

        #[target_feature(enable = $features)]
        fn quantize(x: &[f32], inverse: f32, zero: i32, offset: i32, out: &mut [u8]) {
            vector::quantize::<$lanes>(x, inverse, zero, offset, out);
        }

        #[target_feature(enable = $features)]
        fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
            vector::layer_norm::<$lanes>(x, weight, bias, eps);
        }

        #[target_feature(enable = $features)]
        fn softmax(
            scores: &[i32],
            keys: &Keys<'_>,
            factor: f32,
            offset: i32,
            scratch: &mut [f32],
            out: &mut [u8],
        ) -> f32 {
            vector::softmax::<$lanes>(scores, keys, factor, offset, scratch, out)
        }

        #[target_feature(enable = $features)]
        fn softmax_f32(x: &mut [f32], factor: f32) {
            vector::softmax_f32::<$lanes>(x, factor);
        }

        #[target_feature(enable = $features)]
        fn activate(activation: Activation, x: &mut [f32]) {
            vector::activate::<$lanes>(activation, x);
        }
    };
}
pub(super) use row_kernels;
