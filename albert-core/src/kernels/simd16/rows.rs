//! The row kernels for vectors of 16 lanes, written once for every instruction set that has such vectors.
//!
//! A set implements [`Lanes`] for its registers and wraps these functions where its instructions are enabled. `scalar` is
//! the definition; slices that are not a multiple of 16 long end in a padded copy.

use super::lanes::{Lanes, for_each};
use super::quantize::quantize;
use crate::config::Activation;
use crate::kernels::math::{self, Float};
use crate::kernels::{Channels, Keys, RowScale, Store, Tile, scalar};

/// Replaces every element, 16 at a time as `$vector`, by `$value`.
macro_rules! map {
    ($lanes:ty, $x:expr, $vector:ident => $value:expr) => {{
        let (chunks, tail) = $x.as_chunks_mut::<16>();
        for chunk in chunks {
            let $vector = <$lanes>::load(chunk);
            $value.store(chunk);
        }
        if !tail.is_empty() {
            let $vector = <$lanes>::load_part(tail, 0.0);
            $value.store_part(tail);
        }
    }};
}

/// What becomes of a dequantized value.
pub(crate) trait Finish {
    /// The element that takes the place of `old`.
    fn finish<L: Lanes>(value: L, old: L) -> L;
}

macro_rules! finish {
    ($name:ident, $value:ident, $old:ident => $result:expr) => {
        pub(crate) struct $name;

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
pub(crate) fn dequantize<L: Lanes>(
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
pub(crate) fn dequantize_row<L: Lanes, F: Finish>(
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
        let value = L::difference(sums, offsets, row.zero) * L::load(scales) * L::splat(row.scale) + L::load(bias);
        F::finish(value, L::load(out)).store(out);
    }
    let count = out_tail.len();
    if count > 0 {
        let (scales, bias) = (L::load_part(scales_tail, 0.0), L::load_part(biases_tail, 0.0));
        let exact = L::difference_part(sums_tail, offsets_tail, row.zero);
        let value = exact * scales * L::splat(row.scale) + bias;
        F::finish(value, L::load_part(out_tail, 0.0)).store_part(out_tail);
    }
}

/// Rows that layer norm takes side by side: a sum waits for the addition before it, and other rows' sums do not.
const NORM_ROWS: usize = 4;

#[inline(always)]
pub(crate) fn layer_norm<L: Lanes>(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
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
    let inverses = sums.map(|sum| 1.0 / Float::sqrt(sum.sum() / count + eps));

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
    let (weight, bias) = (L::load_part(weights_tail, 0.0), L::load_part(biases_tail, 0.0));
    for ((row, mean), inverse) in rows.iter_mut().zip(means).zip(inverses) {
        let tail = row.as_chunks_mut::<16>().1;
        if !tail.is_empty() {
            ((L::load_part(tail, 0.0) - L::splat(mean)) * L::splat(inverse) * weight + bias).store_part(tail);
        }
    }
}

/// The `chunk`th 16 elements of a row.
#[inline(always)]
fn at<L: Lanes>(row: &[f32], chunk: usize) -> L {
    row.as_chunks::<16>().0.get(chunk).map_or(L::splat(0.0), L::load)
}

#[inline(always)]
pub(crate) fn softmax<L: Lanes>(
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
        let logits = L::plain_difference(scores, offsets) * L::load(scales) * factor;
        peak = logits.greater(peak);
        logits.store(t);
    }
    if !tail.is_empty() {
        let exact = L::plain_difference_part(scores_tail, offsets_tail);
        let logits = exact * L::load_part(scales_tail, 0.0) * factor;
        peak = logits.keep_first(tail.len(), f32::NEG_INFINITY).greater(peak);
        logits.store_part(tail);
    }
    let peak = L::splat(peak.greatest());

    let (scales, scales_tail) = keys.value_scales.get(..n).unwrap_or(&[]).as_chunks::<16>();
    let (mut total, mut most) = (L::splat(0.0), L::splat(0.0));
    for (t, scale) in chunks.iter_mut().zip(scales) {
        let e = exp2_of_difference(L::load(t) - peak);
        let value = e * L::load(scale);
        total = total + e;
        most = value.greater(most);
        value.store(t);
    }
    if !tail.is_empty() {
        let e = exp2_of_difference(L::load_part(tail, 0.0) - peak).keep_first(tail.len(), 0.0);
        let value = e * L::load_part(scales_tail, 0.0);
        total = total + e;
        most = value.greater(most);
        value.store_part(tail);
    }
    let (inverse, result) = scalar::value_steps(most.greatest(), total.sum());
    quantize::<L, false>(scratch, inverse, -127, offset, out);
    result
}

/// [`math::exp2`] of what is not positive, which needs one clamp less.
#[inline(always)]
fn exp2_of_difference<L: Lanes>(x: L) -> L {
    math::exp2_clamped(x.greater(L::splat(math::LEAST_EXPONENT)))
}

#[inline(always)]
pub(crate) fn softmax_f32<L: Lanes>(x: &mut [f32], factor: f32) {
    let factor = L::splat(factor);
    map!(L, x, x => (x * factor));
    let mut peak = L::splat(f32::NEG_INFINITY);
    for_each!(L, x, f32::NEG_INFINITY, x => peak = x.greater(peak));
    let peak = L::splat(peak.greatest());
    map!(L, x, x => exp2_of_difference(x - peak));
    let mut total = L::splat(0.0);
    for_each!(L, x, 0.0, x => total = total + x);
    let total = L::splat(total.sum());
    map!(L, x, x => (x / total));
}

#[inline(always)]
pub(crate) fn activate<L: Lanes>(activation: Activation, x: &mut [f32]) {
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
