//! The scalar set: the definition of every kernel, in plain loops.

use super::codebook::expand;
use super::columns;
use super::math::{self, Float, ROUND};
use super::{Channels, FloatProduct, KernelSet, Keys, Product, RowScale, SMALLEST_RANGE, Splits, Store, Tile};
use crate::build_features::{CODEBOOK, FLOAT, LARGE_TARGET};
use crate::config::Activation;
use crate::half::half_to_f32;
use crate::slices::{OrEmpty, part_mut};

/// The set that runs everywhere.
pub(super) static SET: KernelSet = KernelSet {
    name: "scalar",
    available: || true,
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32: if FLOAT { matmul_f32 } else { |_, _, _, _| () },
    matmul_f16: if FLOAT { matmul_f16 } else { |_, _, _, _| () },
    expand: if CODEBOOK { expand } else { |_, _| () },
    multiply_panels: None,
    panel_parts: true,
    wide_sums: false,
    // Not both in one image.
    dequantize: if LARGE_TARGET { dequantize } else { columns::dequantize },
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32: if FLOAT { softmax_f32 } else { |_, _| () },
    activate,
};

pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let rows = a.chunks(size.row_bytes.max(1)).zip(sums.chunks_mut(size.row_sums.max(1)));
    for (a, sums) in rows.take(size.rows) {
        let panels = w.chunks_exact((size.k_groups * 64).max(1)).zip(sums.as_chunks_mut::<16>().0);
        for (panel, sums) in panels.take(size.panels) {
            *sums = [0; 16];
            for (k_group, a) in panel.as_chunks::<64>().0.iter().zip(a.as_chunks::<4>().0) {
                for (sum, w) in sums.iter_mut().zip(k_group.as_chunks::<4>().0) {
                    let product = w.iter().zip(a).map(|(&w, &a)| i32::from(w) * i32::from(a as i8)).sum::<i32>();
                    *sum = sum.wrapping_add(product);
                }
            }
        }
    }
}

fn matmul_f32(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    matmul_float(size, a, w, out, |w| w);
}

fn matmul_f16(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    matmul_float(size, a, w, out, half_to_f32);
}

fn matmul_float<W: Copy>(size: &FloatProduct, a: &[f32], w: &[W], out: &mut [f32], widen: impl Fn(W) -> f32) {
    let rows = a.chunks(size.row_inputs.max(1)).zip(out.chunks_mut(size.row_outputs.max(1)));
    for (a, out) in rows.take(size.rows) {
        let panels = w.chunks_exact((size.inputs * 16).max(1)).zip(out.as_chunks_mut::<16>().0);
        for (panel, out) in panels.take(size.panels) {
            *out = [0.0; 16];
            for (weights, &a) in panel.as_chunks::<16>().0.iter().zip(a) {
                for (sum, &w) in out.iter_mut().zip(weights) {
                    *sum += a * widen(w);
                }
            }
        }
    }
}

fn dequantize(tile: &Tile, sums: &[i32], rows: &[RowScale], channels: &Channels<'_>, store: Store, out: &mut [f32]) {
    let tiles = sums.chunks(tile.row_sums.max(1)).zip(out.chunks_mut(tile.row_outputs.max(1)));
    for ((sums, out), row) in tiles.zip(rows).take(tile.rows) {
        let columns = channels.scales.iter().zip(channels.sums).zip(channels.bias);
        for (((&sum, out), ((&scale, &channel_sum), &bias)), _) in
            sums.iter().zip(out).zip(columns).zip(0..tile.channels)
        {
            let exact = sum.wrapping_sub(row.zero_point.wrapping_mul(channel_sum));
            let value = exact as f32 * scale * row.scale + bias;
            *out = match store {
                Store::Write => value,
                Store::Activate(activation) => apply(activation, value),
                Store::Add => *out + value,
            };
        }
    }
}

fn range(x: &[f32]) -> (f32, f32) {
    x.iter().fold((0.0, 0.0), |(least, most), &x| (x.lesser(least), x.greater(most)))
}

pub(super) fn quantize(x: &[f32], inverse: f32, zero_point: i32, offset: i32, out: &mut [u8]) {
    for (&x, out) in x.iter().zip(out) {
        let rounded = ((x * inverse + ROUND).to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        *out = (rounded.wrapping_add(zero_point).clamp(-127, 127) + offset) as u8;
    }
}

fn quantize_heads(x: &[f32], size: usize, offset: i32, stride: usize, out: &mut [u8], scales: &mut [f32]) {
    quantize_heads_by(x, size, offset, stride, out, scales, quantize);
}

/// `quantize` of a set. Functions that take it as a pointer are linked once.
type Quantize = fn(&[f32], f32, i32, i32, &mut [u8]);

/// `quantize_heads` with another `quantize`.
pub(super) fn quantize_heads_by(
    x: &[f32],
    size: usize,
    offset: i32,
    stride: usize,
    out: &mut [u8],
    scales: &mut [f32],
    quantize: Quantize,
) {
    for ((head, x), scale) in x.chunks_exact(size.max(1)).enumerate().zip(scales) {
        let steps = symmetric_steps(x.iter().fold(0.0, |most, x| x.abs().greater(most)));
        *scale = steps.0;
        quantize(x, steps.1, 0, offset, part_mut(out, head * stride..head * stride + size));
    }
}

fn quantize_row(x: &mut [f32], splits: &Splits<'_>, saved: &mut [f32], offset: i32, out: &mut [u8]) -> RowScale {
    quantize_row_by(x, splits, saved, offset, out, quantize)
}

/// `quantize_row` with another `quantize`.
pub(super) fn quantize_row_by(
    x: &mut [f32],
    splits: &Splits<'_>,
    saved: &mut [f32],
    offset: i32,
    out: &mut [u8],
    quantize: Quantize,
) -> RowScale {
    let &Splits { channels, copies, ranks } = splits;
    for (keep, &channel) in saved.iter_mut().zip(channels) {
        *keep = x.get(channel as usize).copied().or_empty();
    }
    // For a while each split channel is what one of its places holds.
    for ((&channel, &value), &copies) in channels.iter().zip(&*saved).zip(copies) {
        if let Some(x) = x.get_mut(channel as usize) {
            *x = value / copies;
        }
    }
    let (low, high) = range(x);
    let (scale, inverse, zero_point) = asymmetric_steps(low, high);
    let (body, extra) = out.split_at_mut_checked(x.len()).or_empty();
    quantize(x, inverse, zero_point, offset, body);
    let entries = channels.iter().zip(&*saved).zip(copies.iter().zip(ranks)).zip(extra);
    for (((&channel, &value), (&copies, &rank)), extra) in entries {
        let limit = 127.0 * copies;
        let total = (value * inverse + ROUND - ROUND + copies * zero_point as f32).lesser(limit).greater(-limit) as i32;
        let share = total.checked_div_euclid(copies as i32).unwrap_or(0);
        let left = total.wrapping_sub(share.wrapping_mul(copies as i32));
        let part = |rank: f32| (share + i32::from((rank as i32) < left) + offset) as u8;
        if let (Some(x), Some(place)) = (x.get_mut(channel as usize), body.get_mut(channel as usize)) {
            (*x, *place) = (value, part(0.0));
        }
        *extra = part(rank);
    }
    RowScale { scale, zero_point: zero_point + offset }
}

/// Size of one step, its inverse and the zero point for values from `low` to `high`, neither on the other side of zero.
pub(super) fn asymmetric_steps(low: f32, high: f32) -> (f32, f32, i32) {
    let range = high - low;
    let (scale, inverse) = if range < SMALLEST_RANGE { (0.0, 0.0) } else { (range / 254.0, 254.0 / range) };
    (scale, inverse, (-127.0 - low * inverse + ROUND - ROUND) as i32)
}

/// Size of one step, and its inverse, for values up to `most` in magnitude in [-127, 127]; zeros when `most` is (nearly) zero.
pub(super) fn symmetric_steps(most: f32) -> (f32, f32) {
    if most < SMALLEST_RANGE { (0.0, 0.0) } else { (most / 127.0, 127.0 / most) }
}

fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let count = weight.len() as f32;
    for x in x.chunks_exact_mut(weight.len().max(1)) {
        let mean = sum(x.iter().copied()) / count;
        let variance = sum(x.iter().map(|&x| (x - mean) * (x - mean))) / count;
        let inverse = 1.0 / (variance + eps).sqrt();
        for ((x, &weight), &bias) in x.iter_mut().zip(weight).zip(bias) {
            *x = (*x - mean) * inverse * weight + bias;
        }
    }
}

fn softmax(scores: &[i32], keys: &Keys<'_>, factor: f32, offset: i32, scratch: &mut [f32], out: &mut [u8]) -> f32 {
    let mut peak = f32::NEG_INFINITY;
    let per_key = scores.iter().zip(keys.offsets).zip(keys.scales);
    for (t, ((&score, &offset), &scale)) in scratch.iter_mut().zip(per_key) {
        *t = score.wrapping_sub(offset) as f32 * scale * factor;
        peak = t.greater(peak);
    }
    let total = sum(scratch.iter_mut().map(|t| {
        *t = math::exp2(*t - peak);
        *t
    }));
    let mut most = 0.0;
    for (v, &scale) in scratch.iter_mut().zip(keys.value_scales) {
        *v *= scale;
        most = v.greater(most);
    }
    let (inverse, result) = value_steps(most, total);
    quantize(scratch, inverse, -127, offset, out);
    result
}

/// What the values of a softmax row are multiplied by before rounding, and what one step of the result is worth.
pub(super) fn value_steps(most: f32, total: f32) -> (f32, f32) {
    if most < SMALLEST_RANGE { (0.0, 0.0) } else { (254.0 / most, most / 254.0 / total) }
}

fn softmax_f32(x: &mut [f32], factor: f32) {
    let peak = x.iter().fold(f32::NEG_INFINITY, |peak, &x| (x * factor).greater(peak));
    let total = sum(x.iter_mut().map(|x| {
        *x = math::exp2(*x * factor - peak);
        *x
    }));
    for x in x {
        *x /= total;
    }
}

pub(super) fn activate(activation: Activation, x: &mut [f32]) {
    for x in x {
        *x = apply(activation, *x);
    }
}

/// The activation function of one value.
pub(super) fn apply(activation: Activation, x: f32) -> f32 {
    macro_rules! table {
        ($($name:ident => $function:ident,)*) => {
            match activation {
                Activation::Linear => x,
                $(Activation::$name => math::$function(x),)*
            }
        };
    }
    math::activations!(table)
}

/// Sum in 16 lanes, folded 8+8, 4+4, 2+2, 1+1.
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0.0; 16];
    for (index, value) in values.enumerate() {
        lanes[index % 16] += value;
    }
    add_lanes(&lanes)
}

// One copy where flash is scarce.
#[cfg_attr(target_os = "none", inline(never))]
fn add_lanes(lanes: &[f32; 16]) -> f32 {
    fold_lanes(*lanes, |a, b| a + b)
}

/// Folds 16 lanes 8+8, 4+4, 2+2, 1+1.
#[inline(always)]
pub(super) fn fold_lanes(lanes: [f32; 16], both: impl Fn(f32, f32) -> f32) -> f32 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = lanes;
    let [a, b, c, d] = [both(a, i), both(b, j), both(c, k), both(d, l)];
    let [e, f, g, h] = [both(e, m), both(f, n), both(g, o), both(h, p)];
    let [a, b, c, d] = [both(a, e), both(b, f), both(c, g), both(d, h)];
    both(both(a, c), both(b, d))
}
