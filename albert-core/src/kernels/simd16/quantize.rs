//! Rounding to bytes for vectors of 16 lanes; `scalar` is the definition.

use super::lanes::{Lanes, for_each};
use crate::kernels::math;
use crate::kernels::unrolled::unrolled;
use crate::kernels::{RowScale, Splits, scalar};
use crate::slices::{OrEmpty, part_mut};

#[inline(always)]
pub(crate) fn range<L: Lanes>(proof: L::Proof, x: &[f32]) -> (f32, f32) {
    if !L::FOUR {
        let mut all = (L::all(proof, 0.0), L::all(proof, 0.0));
        for_each!(L, proof, x, 0.0, x => all = (x.lesser(all.0), x.greater(all.1)));
        return (all.0.least(), all.1.greatest());
    }
    // Four pairs, so that one comparison need not wait for the last.
    let mut pairs = [(L::all(proof, 0.0), L::all(proof, 0.0)); 4];
    let (chunks, tail) = x.as_chunks::<64>();
    for chunk in chunks {
        let chunks = chunk.as_chunks::<16>().0;
        unrolled!(index in [0 1 2 3], 4 => {
            let x = L::load(proof, &chunks[index]);
            pairs[index] = (x.lesser(pairs[index].0), x.greater(pairs[index].1));
        });
    }
    let [mut all, second, third, fourth] = pairs;
    for_each!(L, proof, tail, 0.0, x => all = (x.lesser(all.0), x.greater(all.1)));
    all = (second.0.lesser(all.0), second.1.greater(all.1));
    all = (third.0.lesser(all.0), third.1.greater(all.1));
    all = (fourth.0.lesser(all.0), fourth.1.greater(all.1));
    (all.0.least(), all.1.greatest())
}

/// With `FETCH`, the elements after `x`, which are the next row, are on their way into the first-level cache afterwards.
#[inline(always)]
pub(crate) fn quantize<L: Lanes, const FETCH: bool>(
    proof: L::Proof,
    x: &[f32],
    inverse: f32,
    zero_point: i32,
    offset: i32,
    out: &mut [u8],
) {
    let width = x.len();
    let (inverse, round) = (L::all(proof, inverse), L::all(proof, math::ROUND));
    let zero_point = zero_point.wrapping_sub(math::ROUND.to_bits() as i32);
    let (fours, rest) = if L::FOUR { x.as_chunks::<64>() } else { (&[][..], x) };
    let (out_fours, out_rest) = if L::FOUR { out.as_chunks_mut::<64>() } else { (&mut [][..], out) };
    for (four, out) in fours.iter().zip(out_fours) {
        let (mut vectors, four) = ([round; 4], four.as_chunks::<16>().0);
        unrolled!(index in [0 1 2 3], 4 => {
            vectors[index] = L::load(proof, &four[index]) * inverse + round;
            if FETCH {
                L::fetch(four[index].as_ptr().wrapping_add(width));
            }
        });
        L::store_four(vectors, zero_point, offset, out);
    }
    let (chunks, tail) = rest.as_chunks::<16>();
    let (out, out_tail) = out_rest.as_chunks_mut::<16>();
    for (chunk, out) in chunks.iter().zip(out) {
        (L::load(proof, chunk) * inverse + round).store_bytes(zero_point, offset, out);
    }
    if !tail.is_empty() {
        (L::load_part(proof, tail, 0.0) * inverse + round).store_bytes_part(zero_point, offset, out_tail);
    }
}

#[inline(always)]
pub(crate) fn quantize_heads<L: Lanes>(
    proof: L::Proof,
    x: &[f32],
    size: usize,
    offset: i32,
    stride: usize,
    out: &mut [u8],
    scales: &mut [f32],
) {
    for ((x, out), scale) in x.chunks_exact(size.max(1)).zip(out.chunks_mut(stride.max(1))).zip(scales) {
        let mut most = L::all(proof, 0.0);
        for_each!(L, proof, x, 0.0, x => most = x.abs_greater(most));
        let steps = scalar::symmetric_steps(most.greatest());
        *scale = steps.0;
        quantize::<L, false>(proof, x, steps.1, 0, offset, part_mut(out, ..size));
    }
}

#[inline(always)]
pub(crate) fn quantize_row<L: Lanes>(
    proof: L::Proof,
    x: &mut [f32],
    splits: &Splits<'_>,
    saved: &mut [f32],
    offset: i32,
    out: &mut [u8],
) -> RowScale {
    let &Splits { channels, copies, ranks } = splits;
    let saved = part_mut(saved, ..channels.len());
    for (keep, &channel) in saved.iter_mut().zip(channels) {
        *keep = x.get(channel as usize).copied().or_empty();
    }
    for ((&channel, &value), &copies) in channels.iter().zip(&*saved).zip(copies) {
        if let Some(x) = x.get_mut(channel as usize) {
            *x = value / copies;
        }
    }
    let (low, high) = range::<L>(proof, x);
    let (scale, inverse, zero_point) = scalar::asymmetric_steps(low, high);
    let (body, extra) = out.split_at_mut_checked(x.len()).or_empty();
    quantize::<L, true>(proof, x, inverse, zero_point, offset, body);
    let entries = channels.chunks(16).zip(saved.chunks(16)).zip(copies.chunks(16)).zip(ranks.chunks(16));
    for ((((channels, saved), copies), ranks), extra) in entries.zip(extra.chunks_mut(16)) {
        let (copies, ranks) = (L::load_part(proof, copies, 1.0), L::load_part(proof, ranks, 1.0));
        let (round, limit) = (L::all(proof, math::ROUND), copies * L::all(proof, 127.0));
        let total = (L::load_part(proof, saved, 0.0) * L::all(proof, inverse) + round - round)
            + copies * L::all(proof, zero_point as f32);
        let total = total.lesser(limit).greater(L::all(proof, 0.0) - limit);
        // Whole numbers far below 2^23, so that the quotient of two is whole or clear of the next whole number.
        let quotient = total / copies;
        let nearest = quotient + round - round;
        let share = quotient.if_less(nearest, nearest - L::all(proof, 1.0), nearest);
        let left = total - share * copies;
        let unround = -(math::ROUND.to_bits() as i32);
        let mut own = [0; 16];
        place(L::all(proof, 0.0), share, left).store_bytes(unround, offset, &mut own);
        for ((&channel, &value), own) in channels.iter().zip(saved).zip(own) {
            if let (Some(x), Some(place)) = (x.get_mut(channel as usize), body.get_mut(channel as usize)) {
                (*x, *place) = (value, own);
            }
        }
        let extra = part_mut(extra, ..channels.len());
        place(ranks, share, left).store_bytes_part(unround, offset, extra);
    }
    RowScale { scale, zero_point: zero_point + offset }
}

/// What the places of these ranks get, rounded: the share, and one more for each of the first that is left over.
#[inline(always)]
fn place<L: Lanes>(ranks: L, share: L, left: L) -> L {
    ranks.if_less(left, share + share.splat(1.0), share) + share.splat(math::ROUND)
}
