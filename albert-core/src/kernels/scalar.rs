//! The scalar set: the definition of every kernel, in plain loops.

use super::codebook::expand;
use super::math::{self, Float, ROUND};
use super::{Channels, FloatProduct, KernelSet, Keys, Product, RowScale, SMALLEST_RANGE, Store, Tile};
use crate::config::Activation;

/// The set that runs everywhere.
pub static SET: KernelSet = KernelSet {
    name: "scalar",
    available: || true,
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32,
    matmul_f16,
    expand,
    dequantize,
    range,
    quantize,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let rows = a.chunks(size.row_bytes.max(1)).zip(sums.chunks_mut(size.row_sums.max(1)));
    for (a, sums) in rows.take(size.rows) {
        let blocks = w.chunks_exact((size.steps * 64).max(1)).zip(sums.as_chunks_mut::<16>().0);
        for (block, sums) in blocks.take(size.blocks) {
            *sums = [0; 16];
            for (step, a) in block.as_chunks::<64>().0.iter().zip(a.as_chunks::<4>().0) {
                for (sum, w) in sums.iter_mut().zip(step.as_chunks::<4>().0) {
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
    matmul_float(size, a, w, out, math::half_to_f32);
}

fn matmul_float<W: Copy>(size: &FloatProduct, a: &[f32], w: &[W], out: &mut [f32], widen: impl Fn(W) -> f32) {
    let rows = a.chunks(size.row_inputs.max(1)).zip(out.chunks_mut(size.row_outputs.max(1)));
    for (a, out) in rows.take(size.rows) {
        let blocks = w.chunks_exact((size.inputs * 16).max(1)).zip(out.as_chunks_mut::<16>().0);
        for (block, out) in blocks.take(size.blocks) {
            *out = [0.0; 16];
            for (weights, &a) in block.as_chunks::<16>().0.iter().zip(a) {
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
            let exact = sum.wrapping_sub(row.zero.wrapping_mul(channel_sum));
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

pub(super) fn quantize(x: &[f32], inverse: f32, zero: i32, offset: i32, out: &mut [u8]) {
    for (&x, out) in x.iter().zip(out) {
        let rounded = ((x * inverse + ROUND).to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        *out = (rounded.wrapping_add(zero).clamp(-127, 127) + offset) as u8;
    }
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

fn activate(activation: Activation, x: &mut [f32]) {
    for x in x {
        *x = apply(activation, *x);
    }
}

/// The activation function of one value.
pub(super) fn apply(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::Gelu => math::gelu(x),
        Activation::GeluTanh => math::gelu_tanh(x),
        Activation::Relu => math::relu(x),
        Activation::QuickGelu => math::quick_gelu(x),
        Activation::Silu => math::silu(x),
        Activation::Tanh => math::tanh(x),
        Activation::Sigmoid => math::sigmoid(x),
        Activation::Relu6 => math::relu6(x),
        Activation::Relu2 => math::relu2(x),
        Activation::LeakyRelu => math::leaky_relu(x),
        Activation::HardSwish => math::hard_swish(x),
        Activation::Mish => math::mish(x),
        Activation::Linear => x,
        Activation::Gelu10 => math::gelu_10(x),
        Activation::Laplace => math::laplace(x),
        Activation::SqrtSoftplus => math::sqrt_softplus(x),
    }
}

/// Sum in 16 lanes, folded 8+8, 4+4, 2+2, 1+1.
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0.0; 16];
    for (index, value) in values.enumerate() {
        lanes[index % 16] += value;
    }
    fold_lanes(lanes, |a, b| a + b)
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
