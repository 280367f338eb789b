//! int8, symmetric per output channel: `[rows/16][slots/4][16][4]`, values in [-127, 127], a scale and a sum per channel.

use albert_core::format::layout::{BLOCK_CHANNELS, BLOCK_SLOTS, round_up};
use rayon::prelude::*;

use super::second_order::Feedback;
use super::{Fidelity, in_order, read_block};
use crate::error::Error;
use crate::network::Parameter;
use crate::writer::Region;

/// Largest magnitude of a stored value.
const LIMIT: f32 = 127.0;

/// Rounds to nearest, or with `feedback` so that the errors of a channel's weights make up for each other.
pub(super) fn pack(parameter: &Parameter, region: Region<'_>, feedback: Option<&Feedback>) -> Result<Fidelity, Error> {
    let splits = region.splits;
    let slots = round_up(parameter.columns + splits.len(), BLOCK_SLOTS);
    let data: &mut [i8] = bytemuck::cast_slice_mut(region.data);
    let blocks = data
        .par_chunks_mut(BLOCK_CHANNELS * slots)
        .zip(region.scales.par_chunks_mut(BLOCK_CHANNELS))
        .zip(region.sums.par_chunks_mut(BLOCK_CHANNELS))
        .enumerate()
        .map(|(block, ((data, scales), sums))| {
            let weights = read_block(parameter, block)?;
            let rounded = round_block(&weights, feedback, scales);
            let mut fidelity = Fidelity::default();
            let channels = weights.chunks_exact(parameter.columns).zip(rounded.chunks_exact(parameter.columns));
            for (channel, ((weights, rounded), &mut scale)) in channels.zip(scales).enumerate() {
                let extra = splits.iter().map(|&column| rounded[column as usize]);
                for (slot, value) in rounded.iter().copied().chain(extra).enumerate() {
                    data[place(slot, channel)] = value;
                    sums[channel] += i32::from(value);
                }
                for (&weight, &value) in weights.iter().zip(rounded) {
                    fidelity.add(weight, scale * f32::from(value));
                }
            }
            Ok(fidelity)
        });
    in_order(blocks.collect())
}

/// Chooses the channels' scales and rounds their weights, `[16][columns]`.
fn round_block(weights: &[f32], feedback: Option<&Feedback>, scales: &mut [f32]) -> Vec<i8> {
    let columns = weights.len() / BLOCK_CHANNELS;
    let mut rounded = vec![0; weights.len()];
    for (scale, weights) in scales.iter_mut().zip(weights.chunks_exact(columns)) {
        *scale = self::scale(weights);
    }
    match (feedback, <&[f32; BLOCK_CHANNELS]>::try_from(&*scales)) {
        (Some(feedback), Ok(scales)) => feedback.round(weights, scales, LIMIT, &mut rounded),
        _ => {
            let channels = weights.chunks_exact(columns).zip(rounded.chunks_exact_mut(columns));
            channels.zip(scales).for_each(|((weights, rounded), &mut scale)| round(weights, scale, rounded));
        }
    }
    rounded
}

/// Index of a slot of a channel in a block.
fn place(slot: usize, channel: usize) -> usize {
    slot / BLOCK_SLOTS * (BLOCK_CHANNELS * BLOCK_SLOTS) + channel * BLOCK_SLOTS + slot % BLOCK_SLOTS
}

/// The scale that puts the largest weight at the end of the range.
fn scale(weights: &[f32]) -> f32 {
    weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs())) / LIMIT
}

/// Rounds to nearest, ties to even. A channel whose scale underflows to 0 becomes 0.
fn round(weights: &[f32], scale: f32, rounded: &mut [i8]) {
    for (&weight, rounded) in weights.iter().zip(rounded) {
        let steps = if scale > 0.0 { weight / scale } else { 0.0 };
        *rounded = steps.round_ties_even().clamp(-LIMIT, LIMIT) as i8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_use_the_whole_range_and_never_more() {
        let weights = [0.5, -1.0, 0.25, 0.0, 1.0 / 255.0];
        let scale = scale(&weights);
        let mut rounded = [0; 5];
        round(&weights, scale, &mut rounded);
        assert_eq!(rounded, [64, -127, 32, 0, 0]);
    }

    #[test]
    fn channels_of_zeros_or_subnormals_stay_finite() {
        for weights in
            [[0.0, 0.0], [f32::from_bits(1), 0.0], [f32::MIN_POSITIVE, -f32::MIN_POSITIVE], [f32::MAX / 2.0, 1.0]]
        {
            let scale = scale(&weights);
            let mut rounded = [0; 2];
            round(&weights, scale, &mut rounded);
            assert!(scale.is_finite());
            assert!(rounded.iter().all(|&value| (scale * f32::from(value)).is_finite() && value != -128));
        }
    }

    #[test]
    fn slots_of_a_channel_lie_four_by_four() {
        assert_eq!([place(0, 0), place(3, 0), place(0, 1), place(4, 0), place(5, 15)], [0, 3, 4, 64, 125]);
    }
}
