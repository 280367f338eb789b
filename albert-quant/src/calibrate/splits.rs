//! Outlier splitting: which input channels occupy several slots.

/// Most extra slots of a linear.
const MOST: usize = 16;
/// A linear gets one extra slot for so many channels, up to [`MOST`]: 2 % of the work at width 768, 6 % at 128.
const CHANNELS_PER_SLOT: usize = 16;
/// Slots are multiplied four at a time.
const STEP: usize = 4;

/// Extra slots of a linear with so many inputs, so that its slots are a multiple of 4; none for a narrow one.
pub(super) fn extra_slots(width: usize) -> usize {
    match (width / CHANNELS_PER_SLOT).min(MOST) {
        0 => 0,
        extra => (width + extra).next_multiple_of(STEP) - width,
    }
}

/// Gives `extra` slots, one at a time, to the channel whose largest magnitude over its slots is largest (the first of equal
/// ones). Returns the channel of each slot, ascending.
pub(super) fn allot(maxima: &[f32], extra: usize) -> Vec<u32> {
    let mut slots = vec![1u32; maxima.len()];
    let mut splits = Vec::with_capacity(extra);
    for _ in 0..extra {
        let shares = maxima.iter().zip(&slots).map(|(&most, &slots)| most / slots as f32).enumerate();
        let largest =
            shares.fold((0, 0.0), |best, (channel, share)| if share > best.1 { (channel, share) } else { best });
        let (channel, _) = largest;
        slots[channel] += 1;
        splits.push(channel as u32);
    }
    splits.sort_unstable();
    splits
}

/// Replaces a row by what the kernels make of it: per token, asymmetric, split channels rounded as a whole
/// (`docs/numerics.md`).
pub(super) fn round_inputs(row: &mut [f32], splits: &[u32]) {
    let share = |channel: usize, value: f32| {
        let from = splits.partition_point(|&split| (split as usize) < channel);
        let extra = splits[from..].iter().take_while(|&&split| split as usize == channel).count();
        value / (extra + 1) as f32
    };
    let shares = || row.iter().enumerate().map(|(channel, &value)| share(channel, value));
    let (low, high) = shares().fold((0.0f32, 0.0f32), |(low, high), share| (low.min(share), high.max(share)));
    let scale = (high - low) / 254.0;
    if scale > 0.0 {
        row.iter_mut().for_each(|x| *x = (*x / scale).round_ties_even() * scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_a_multiple_of_four_and_few() {
        for width in 16..5000 {
            let extra = extra_slots(width);
            assert!((width + extra).is_multiple_of(4) && extra > 0 && extra < MOST + STEP, "{width}: {extra}");
        }
        assert_eq!([0, 1, 15, 64, 128, 256, 312, 768, 3072].map(extra_slots), [0, 0, 0, 4, 8, 16, 16, 16, 16]);
    }

    #[test]
    fn the_largest_share_gets_the_next_slot() {
        // 12, 5, 3, 1: shares 12 -> 6 -> 4, then 5 -> 2.5, then 12/3 = 4 again.
        assert_eq!(allot(&[1.0, 12.0, 3.0, 5.0], 1), [1]);
        assert_eq!(allot(&[1.0, 12.0, 3.0, 5.0], 2), [1, 1]);
        assert_eq!(allot(&[1.0, 12.0, 3.0, 5.0], 4), [1, 1, 1, 3]);
        assert_eq!(allot(&[2.0; 5], 3), [0, 1, 2]);
        assert_eq!(allot(&[0.0; 2], 2), [0, 0]);
        assert!(allot(&[7.0], 0).is_empty());
    }

    #[test]
    fn no_other_allotment_has_a_smaller_largest_share() {
        let maxima = [9.0, 4.0, 7.5, 1.0];
        let largest = |splits: &[u32]| {
            let slots = |channel| 1 + splits.iter().filter(|&&split| split == channel).count();
            (0..4).map(|channel| maxima[channel as usize] / slots(channel) as f32).fold(0.0, f32::max)
        };
        let found = largest(&allot(&maxima, 4));
        for code in 0..4u32.pow(4) {
            let splits: Vec<u32> = (0..4).map(|digit| code / 4u32.pow(digit) % 4).collect();
            assert!(found <= largest(&splits), "{splits:?}");
        }
    }

    #[test]
    fn rounding_keeps_split_channels_finer() {
        let mut row = [10.0, 0.501, -0.3];
        round_inputs(&mut row, &[]);
        let step = 10.3 / 254.0;
        assert!(row.iter().zip([10.0, 0.501, -0.3]).all(|(a, b): (&f32, f32)| (a - b).abs() <= step / 2.0 + 1e-6));
        let mut split = [10.0, 0.501, -0.3];
        round_inputs(&mut split, &[0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let step = 1.3 / 254.0;
        assert!(split.iter().zip([10.0, 0.501, -0.3]).all(|(a, b): (&f32, f32)| (a - b).abs() <= step / 2.0 + 1e-6));
    }
}
