//! Rows of activations to bytes: per token, asymmetric, with outlier splitting (`docs/numerics.md`).

use crate::format::Matrix;
use crate::kernels::{Kernels, RowScale, SMALLEST_RANGE};

/// Largest magnitude of a quantized value.
const LIMIT: i32 = 127;

/// Quantizes one row `x` for `matrix` into `out`, whose bytes past the slots become zero.
///
/// A channel that the split list names n times has n + 1 slots; its value is rounded once and divided evenly between them,
/// what is left over going to the first. `x` is as before when the function returns; `saved` holds at least one value for each entry of the split list.
pub(super) fn quantize_row(
    kernels: Kernels,
    matrix: &Matrix<'_>,
    x: &mut [f32],
    saved: &mut [f32],
    out: &mut [u8],
) -> RowScale {
    let offset = kernels.activation_offset();
    // Split channels stand aside while the others are ranged and rounded.
    for (channel, keep) in split_channels(matrix.splits).zip(saved.iter_mut()) {
        if let Some(value) = x.get_mut(channel.index) {
            *keep = core::mem::replace(value, 0.0);
        }
    }
    let (mut low, mut high) = kernels.range(x);
    for (channel, &value) in split_channels(matrix.splits).zip(saved.iter()) {
        let share = value / channel.copies as f32;
        low = if share < low { share } else { low };
        high = if share > high { share } else { high };
    }
    let range = high - low;
    let (scale, inverse) = if range < SMALLEST_RANGE { (0.0, 0.0) } else { (range / 254.0, 254.0 / range) };
    let zero = round(-127.0 - low * inverse);
    let (body, tail) = out.split_at_mut_checked(x.len()).unwrap_or((&mut [], &mut []));
    kernels.quantize(x, inverse, zero, body);
    tail.fill(0);
    let mut extra = tail.iter_mut();
    for (channel, &value) in split_channels(matrix.splits).zip(saved.iter()) {
        if let Some(place) = x.get_mut(channel.index) {
            *place = value;
        }
        let limit = LIMIT * channel.copies;
        let total = round(value * inverse).saturating_add(zero * channel.copies).max(-limit).min(limit);
        let share = total.checked_div_euclid(channel.copies).unwrap_or(0);
        let mut left = total - share * channel.copies;
        let mut spend = || {
            let part = share + i32::from(left > 0);
            left -= 1;
            (part + offset) as u8
        };
        if let Some(slot) = body.get_mut(channel.index) {
            *slot = spend();
        }
        for slot in extra.by_ref().take(channel.copies as usize - 1) {
            *slot = spend();
        }
    }
    RowScale { scale, zero: zero + offset }
}

/// Rounds to nearest, ties to even, for |x| < 2^22.
fn round(x: f32) -> i32 {
    const MAGIC: f32 = 12_582_912.0;
    ((x + MAGIC) - MAGIC) as i32
}

/// A channel with several slots.
struct SplitChannel {
    index: usize,
    copies: i32,
}

/// The channels of an ascending split list, each once.
fn split_channels(splits: &[u32]) -> impl Iterator<Item = SplitChannel> + '_ {
    let mut rest = splits;
    core::iter::from_fn(move || {
        let index = *rest.first()?;
        let run = rest.iter().take_while(|&&channel| channel == index).count();
        rest = rest.get(run..)?;
        Some(SplitChannel { index: index as usize, copies: run as i32 + 1 })
    })
}
