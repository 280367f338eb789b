//! The row kernels for vectors of 16 lanes, written once for every instruction set that has such vectors.
//!
//! A set implements [`Lanes`] for its registers and wraps these functions where its instructions are enabled. `scalar` is
//! the definition; slices that are not a multiple of 16 long end in a padded copy.

use super::lanes::{Lanes, for_each};
use super::pair::Pair;
use super::quantize::quantize;
use crate::config::Activation;
use crate::kernels::math::{self, Float};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{Channels, Keys, RowScale, Store, Tile, scalar};
use crate::slices::{part, part_mut, ruled_out};

/// Replaces every element, 16 at a time as `$vector`, by `$value`.
macro_rules! map {
    ($lanes:ty, $proof:expr, $x:expr, $vector:ident => $value:expr) => {{
        let (chunks, tail) = $x.as_chunks_mut::<16>();
        for chunk in chunks {
            let $vector = <$lanes>::load($proof, chunk);
            $value.store(chunk);
        }
        if !tail.is_empty() {
            let $vector = <$lanes>::load_part($proof, tail, 0.0);
            $value.store_part(tail);
        }
    }};
}

/// What becomes of a dequantized value.
pub(crate) trait Finish {
    /// The element that takes the place of `old`.
    fn finish<V: Float>(value: V, old: V) -> V;
}

/// The value itself.
pub(crate) struct Plain;

impl Finish for Plain {
    #[inline(always)]
    fn finish<V: Float>(value: V, _: V) -> V {
        value
    }
}

/// The sum of both: a residual connection.
pub(crate) struct Residual;

impl Finish for Residual {
    #[inline(always)]
    fn finish<V: Float>(value: V, old: V) -> V {
        old + value
    }
}

/// Makes a [`Finish`] of each activation function that dequantization applies in registers, and the macro that picks one.
macro_rules! fused {
    ($($activation:ident => $function:ident,)*) => {
        $(
            /// The activation function of the value.
            pub(crate) struct $activation;

            impl Finish for $activation {
                #[inline(always)]
                fn finish<V: Float>(value: V, _: V) -> V {
                    math::$function(value)
                }
            }
        )*

        /// `$fused` with `$finish` for what a store does; `$other` with `$activation` where that is an activation function of
        /// a pass of its own.
        macro_rules! finish_of {
            ($store:expr, $finish:ident => $fused:expr, $other_activation:ident => $other:expr) => {{
                use $crate::config::Activation;
                use $crate::kernels::{Store, simd16::rows};
                match $store {
                    Store::Write => {
                        type $finish = rows::Plain;
                        $fused
                    }
                    Store::Add => {
                        type $finish = rows::Residual;
                        $fused
                    }
                    $(Store::Activate(Activation::$activation) => {
                        type $finish = rows::$activation;
                        $fused
                    })*
                    Store::Activate($other_activation) => $other,
                }
            }};
        }
        #[allow(unused_imports, reason = "for sets with a linear of their own")]
        pub(crate) use finish_of;
    };
}
// Each is an instance of the loops: those that models use.
fused! {
    Gelu => gelu,
    GeluTanh => gelu_tanh,
    Relu => relu,
}

#[inline(always)]
pub(crate) fn dequantize<L: Lanes>(
    proof: L::Proof,
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) {
    finish_of!(store, F => dequantize_with::<L, F>(proof, tile, sums, rows, channels, out), activation => {
        dequantize_with::<L, Plain>(proof, tile, sums, rows, channels, out);
        for row in out.chunks_mut(tile.row_outputs.max(1)).take(tile.rows) {
            activate::<L>(proof, activation, part_mut(row, ..tile.channels));
        }
    });
}

/// [`dequantize`] with `F`.
#[inline(always)]
pub(crate) fn dequantize_with<L: Lanes, F: Finish>(
    proof: L::Proof,
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    out: &mut [f32],
) {
    let n = tile.channels;
    let channels = channels.part(0, n);
    let mut tiles = sums.chunks(tile.row_sums.max(1)).zip(out.chunks_mut(tile.row_outputs.max(1)));
    let (fours, rest) = if L::FOUR_ROWS { part(rows, ..tile.rows).as_chunks::<4>() } else { (&[][..], rows) };
    for rows in fours {
        let (Some(a), Some(b), Some(c), Some(d)) = (tiles.next(), tiles.next(), tiles.next(), tiles.next()) else {
            return ruled_out();
        };
        let out = [part_mut(a.1, ..n), part_mut(b.1, ..n), part_mut(c.1, ..n), part_mut(d.1, ..n)];
        dequantize_four::<L, F>(proof, [a.0, b.0, c.0, d.0], rows, &channels, out);
    }
    for ((sums, out), &row) in tiles.zip(rest).take(tile.rows) {
        dequantize_row::<L, F>(proof, sums, row, &channels, part_mut(out, ..n));
    }
}

/// [`dequantize_row`] of four rows: what channels have is read once, and chains of operations overlap.
#[inline(always)]
fn dequantize_four<L: Lanes, F: Finish>(
    proof: L::Proof,
    [a, b, c, d]: [&[i32]; 4],
    [r, s, t, u]: &[RowScale; 4],
    channels: &Channels<'_>,
    [w, x, y, z]: [&mut [f32]; 4],
) {
    let n = w.len();
    let (scales, scales_tail) = channels.scales.as_chunks::<16>();
    let (offsets, offsets_tail) = channels.sums.as_chunks::<16>();
    let (biases, biases_tail) = channels.bias.as_chunks::<16>();
    let (a, a_tail) = part(a, ..n).as_chunks::<16>();
    let (b, b_tail) = part(b, ..n).as_chunks::<16>();
    let (c, c_tail) = part(c, ..n).as_chunks::<16>();
    let (d, d_tail) = part(d, ..n).as_chunks::<16>();
    let (w, w_tail) = w.as_chunks_mut::<16>();
    let (x, x_tail) = x.as_chunks_mut::<16>();
    let (y, y_tail) = y.as_chunks_mut::<16>();
    let (z, z_tail) = z.as_chunks_mut::<16>();
    macro_rules! finish {
        ($a:expr, $b:expr, $c:expr, $d:expr, $scales:expr, $bias:expr, $load:expr) => {{
            let (scales, bias) = ($scales, $bias);
            let value = Pair(
                Pair($a * scales * L::all(proof, r.scale) + bias, $b * scales * L::all(proof, s.scale) + bias),
                Pair($c * scales * L::all(proof, t.scale) + bias, $d * scales * L::all(proof, u.scale) + bias),
            );
            let [w, x, y, z] = $load;
            let Pair(Pair(w, x), Pair(y, z)) = F::finish(value, Pair(Pair(w, x), Pair(y, z)));
            [w, x, y, z]
        }};
    }
    let sums = a.iter().zip(b).zip(c.iter().zip(d));
    let outs = w.iter_mut().zip(x).zip(y.iter_mut().zip(z));
    let columns = scales.iter().zip(offsets).zip(biases);
    for ((((a, b), (c, d)), ((w, x), (y, z))), ((scales, offsets), bias)) in sums.zip(outs).zip(columns) {
        let values = finish!(
            L::difference(proof, a, offsets, r.zero_point),
            L::difference(proof, b, offsets, s.zero_point),
            L::difference(proof, c, offsets, t.zero_point),
            L::difference(proof, d, offsets, u.zero_point),
            L::load(proof, scales),
            L::load(proof, bias),
            [L::load(proof, w), L::load(proof, x), L::load(proof, y), L::load(proof, z)]
        );
        values[0].store(w);
        values[1].store(x);
        values[2].store(y);
        values[3].store(z);
    }
    if !w_tail.is_empty() {
        let values = finish!(
            L::difference_part(proof, a_tail, offsets_tail, r.zero_point),
            L::difference_part(proof, b_tail, offsets_tail, s.zero_point),
            L::difference_part(proof, c_tail, offsets_tail, t.zero_point),
            L::difference_part(proof, d_tail, offsets_tail, u.zero_point),
            L::load_part(proof, scales_tail, 0.0),
            L::load_part(proof, biases_tail, 0.0),
            [
                L::load_part(proof, w_tail, 0.0),
                L::load_part(proof, x_tail, 0.0),
                L::load_part(proof, y_tail, 0.0),
                L::load_part(proof, z_tail, 0.0)
            ]
        );
        values[0].store_part(w_tail);
        values[1].store_part(x_tail);
        values[2].store_part(y_tail);
        values[3].store_part(z_tail);
    }
}

/// One row, as many channels as `out` has elements.
#[inline(always)]
pub(crate) fn dequantize_row<L: Lanes, F: Finish>(
    proof: L::Proof,
    sums: &[i32],
    row: RowScale,
    channels: &Channels<'_>,
    out: &mut [f32],
) {
    let (scales, scales_tail) = channels.scales.as_chunks::<16>();
    let (offsets, offsets_tail) = channels.sums.as_chunks::<16>();
    let (biases, biases_tail) = channels.bias.as_chunks::<16>();
    let (sums, sums_tail) = part(sums, ..out.len()).as_chunks::<16>();
    let (out, out_tail) = out.as_chunks_mut::<16>();
    for ((((sums, out), scales), offsets), bias) in sums.iter().zip(out).zip(scales).zip(offsets).zip(biases) {
        let value =
            L::difference(proof, sums, offsets, row.zero_point) * L::load(proof, scales) * L::all(proof, row.scale)
                + L::load(proof, bias);
        F::finish(value, L::load(proof, out)).store(out);
    }
    let count = out_tail.len();
    if count > 0 {
        let (scales, bias) = (L::load_part(proof, scales_tail, 0.0), L::load_part(proof, biases_tail, 0.0));
        let exact = L::difference_part(proof, sums_tail, offsets_tail, row.zero_point);
        let value = exact * scales * L::all(proof, row.scale) + bias;
        F::finish(value, L::load_part(proof, out_tail, 0.0)).store_part(out_tail);
    }
}

/// Rows that layer norm takes side by side, where it does.
const NORM_ROWS: usize = 4;

#[inline(always)]
pub(crate) fn layer_norm<L: Lanes>(proof: L::Proof, x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    let mut rows = x.chunks_exact_mut(width.max(1));
    while L::FOUR && rows.len() >= NORM_ROWS {
        let (Some(a), Some(b), Some(c), Some(d)) = (rows.next(), rows.next(), rows.next(), rows.next()) else { return };
        norm_rows::<L, NORM_ROWS>(proof, [a, b, c, d], weight, bias, eps);
    }
    for row in rows {
        norm_rows::<L, 1>(proof, [row], weight, bias, eps);
    }
}

/// `R` rows, each as long as `weight` and `bias`.
#[inline(always)]
fn norm_rows<L: Lanes, const R: usize>(
    proof: L::Proof,
    mut rows: [&mut [f32]; R],
    weight: &[f32],
    bias: &[f32],
    eps: f32,
) {
    let (count, full) = (weight.len() as f32, weight.len() / 16);
    let zero = L::all(proof, 0.0);
    let mut sums = [zero; R];
    for chunk in 0..full {
        unrolled!(r in [0 1 2 3], R => { sums[r] = sums[r] + at(proof, rows[r], chunk) });
    }
    let mut means = [0.0; R];
    unrolled!(r in [0 1 2 3], R => {
        for_each!(L, proof, rows[r].as_chunks::<16>().1, 0.0, x => sums[r] = sums[r] + x);
        means[r] = sums[r].sum() / count;
    });
    let mut sums = [zero; R];
    for chunk in 0..full {
        unrolled!(r in [0 1 2 3], R => {
            let difference = at::<L>(proof, rows[r], chunk) - L::all(proof, means[r]);
            sums[r] = sums[r] + difference * difference;
        });
    }
    let mut inverses = [0.0; R];
    unrolled!(r in [0 1 2 3], R => {
        // Padding with the mean adds +0.0 to a sum, which changes nothing.
        for_each!(L, proof, rows[r].as_chunks::<16>().1, means[r], x => {
            let difference = x - L::all(proof, means[r]);
            sums[r] = sums[r] + difference * difference;
        });
        inverses[r] = 1.0 / Float::sqrt(sums[r].sum() / count + eps);
    });

    let (weights, weights_tail) = weight.as_chunks::<16>();
    let (biases, biases_tail) = bias.as_chunks::<16>();
    for (chunk, (weight, bias)) in weights.iter().zip(biases).enumerate() {
        let (weight, bias) = (L::load(proof, weight), L::load(proof, bias));
        unrolled!(r in [0 1 2 3], R => {
            if let Some(x) = rows[r].as_chunks_mut::<16>().0.get_mut(chunk) {
                ((L::load(proof, x) - L::all(proof, means[r])) * L::all(proof, inverses[r]) * weight + bias).store(x);
            }
        });
    }
    let (weight, bias) = (L::load_part(proof, weights_tail, 0.0), L::load_part(proof, biases_tail, 0.0));
    for ((row, mean), inverse) in rows.iter_mut().zip(means).zip(inverses) {
        let tail = row.as_chunks_mut::<16>().1;
        if !tail.is_empty() {
            ((L::load_part(proof, tail, 0.0) - L::all(proof, mean)) * L::all(proof, inverse) * weight + bias)
                .store_part(tail);
        }
    }
}

/// The `chunk`th 16 elements of a row.
#[inline(always)]
fn at<L: Lanes>(proof: L::Proof, row: &[f32], chunk: usize) -> L {
    row.as_chunks::<16>().0.get(chunk).map_or(L::all(proof, 0.0), |x| L::load(proof, x))
}

#[inline(always)]
pub(crate) fn softmax<L: Lanes>(
    proof: L::Proof,
    scores: &[i32],
    keys: &Keys<'_>,
    factor: f32,
    offset: i32,
    scratch: &mut [f32],
    out: &mut [u8],
) -> f32 {
    let n = scratch.len();
    let factor = L::all(proof, factor);
    let (scores, scores_tail) = part(scores, ..n).as_chunks::<16>();
    let (offsets, offsets_tail) = part(keys.offsets, ..n).as_chunks::<16>();
    let (scales, scales_tail) = part(keys.scales, ..n).as_chunks::<16>();
    let (chunks, tail) = scratch.as_chunks_mut::<16>();
    let mut peak = L::all(proof, f32::NEG_INFINITY);
    for (((t, scores), offsets), scales) in chunks.iter_mut().zip(scores).zip(offsets).zip(scales) {
        let logits = L::plain_difference(proof, scores, offsets) * L::load(proof, scales) * factor;
        peak = logits.greater(peak);
        logits.store(t);
    }
    if !tail.is_empty() {
        let exact = L::plain_difference_part(proof, scores_tail, offsets_tail);
        let logits = exact * L::load_part(proof, scales_tail, 0.0) * factor;
        peak = logits.keep_first(tail.len(), f32::NEG_INFINITY).greater(peak);
        logits.store_part(tail);
    }
    let peak = L::all(proof, peak.greatest());

    let (scales, scales_tail) = part(keys.value_scales, ..n).as_chunks::<16>();
    let (mut total, mut most) = (L::all(proof, 0.0), L::all(proof, 0.0));
    for (t, scale) in chunks.iter_mut().zip(scales) {
        let e = exp2_of_difference(L::load(proof, t) - peak);
        let value = e * L::load(proof, scale);
        total = total + e;
        most = value.greater(most);
        value.store(t);
    }
    if !tail.is_empty() {
        let e = exp2_of_difference(L::load_part(proof, tail, 0.0) - peak).keep_first(tail.len(), 0.0);
        let value = e * L::load_part(proof, scales_tail, 0.0);
        total = total + e;
        most = value.greater(most);
        value.store_part(tail);
    }
    let (inverse, result) = scalar::value_steps(most.greatest(), total.sum());
    quantize::<L, false>(proof, scratch, inverse, -127, offset, out);
    result
}

/// [`math::exp2`] of what is not positive, which needs one clamp less.
#[inline(always)]
fn exp2_of_difference<L: Lanes>(x: L) -> L {
    math::exp2_clamped(x.greater(x.splat(math::LEAST_EXPONENT)))
}

#[inline(always)]
pub(crate) fn softmax_f32<L: Lanes>(proof: L::Proof, x: &mut [f32], factor: f32) {
    let factor = L::all(proof, factor);
    map!(L, proof, x, x => (x * factor));
    let mut peak = L::all(proof, f32::NEG_INFINITY);
    for_each!(L, proof, x, f32::NEG_INFINITY, x => peak = x.greater(peak));
    let peak = L::all(proof, peak.greatest());
    map!(L, proof, x, x => exp2_of_difference(x - peak));
    let mut total = L::all(proof, 0.0);
    for_each!(L, proof, x, 0.0, x => total = total + x);
    let total = L::all(proof, total.sum());
    map!(L, proof, x, x => (x / total));
}

#[inline(always)]
pub(crate) fn activate<L: Lanes>(proof: L::Proof, activation: Activation, x: &mut [f32]) {
    macro_rules! table {
        ($($name:ident => $function:ident,)*) => {
            match activation {
                Activation::Linear => {}
                $(Activation::$name => map!(L, proof, x, x => math::$function(x)),)*
            }
        };
    }
    math::activations!(table)
}
