//! Outlier splitting: which input channels take several places in K.

use albert_core::format::layout::K_UNIT;

/// Most OCS places of a linear that fills nothing up.
const MOST: usize = 32;
/// The same limit in int8 for more than [`WIDE`] inputs, as feed-forward outputs have: their outliers cause most of int8's error.
const MOST_OF_WIDE: usize = 128;
const WIDE: usize = 1024;
/// Channels for each OCS place, within the limits above. These places add 4 % of the work at widths 3072 and 768, 6 % at 128.
const CHANNELS_PER_PLACE: usize = 16;
/// Places that the widest kernel set multiplies at a time: a part of them costs as much as all.
const AT_A_TIME: usize = 64;
/// Filling up the last of these is enough when it gives one OCS place for so many channels.
const CHANNELS_PER_FILLING_PLACE: usize = 48;
/// Channels of an input that are remembered.
const PEAKS: usize = 24;

/// OCS places of a linear with so many inputs, so that all its places fill units of eight; none for a narrow one. They fill up the
/// last [`AT_A_TIME`] where that makes neither few nor many. Codebook formats gain nothing from more than [`MOST`].
pub(crate) fn ocs_places(width: usize, codebook: bool) -> usize {
    let filling = width.next_multiple_of(AT_A_TIME) - width;
    if (width.div_ceil(CHANNELS_PER_FILLING_PLACE)..=width / CHANNELS_PER_PLACE).contains(&filling) {
        return filling;
    }
    let most = if width > WIDE && !codebook { MOST_OF_WIDE } else { MOST };
    match (width / CHANNELS_PER_PLACE).min(most) {
        0 => 0,
        extra => (width + extra).next_multiple_of(K_UNIT) - width,
    }
}

/// The channels of largest magnitude of the inputs of a site.
#[derive(Default)]
pub(crate) struct Peaks {
    width: usize,
    /// Those of the inputs, one after the other, each as many: [`PEAKS`], or all.
    peaks: Vec<Peak>,
}

/// Bytes that the peaks of an input take.
pub(super) const ROW_PEAK_BYTES: usize = PEAKS * size_of::<Peak>();

#[derive(Clone, Copy)]
struct Peak {
    channel: u32,
    value: f32,
}

impl Peaks {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, peaks: Vec::new() }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Takes the inputs of another one in, of as many channels.
    pub(super) fn join(&mut self, other: Self) {
        self.peaks.extend(other.peaks);
    }

    /// Takes one input in.
    pub(super) fn add(&mut self, row: &[f32]) {
        let mut peaks: Vec<Peak> = (0..).zip(row).map(|(channel, &value)| Peak { channel, value }).collect();
        if peaks.len() > PEAKS {
            // Equal magnitudes in the order of their channels, so that the choice is one.
            peaks.select_nth_unstable_by(PEAKS, |a, b| {
                b.value.abs().total_cmp(&a.value.abs()).then(a.channel.cmp(&b.channel))
            });
            peaks.truncate(PEAKS);
        }
        peaks.sort_unstable_by_key(|peak| peak.channel);
        self.peaks.extend(peaks);
    }

    /// Gives `extra` places, one at a time, to the channel by which the fourth powers of all inputs' ranges shrink most (the
    /// first of equal ones). Rounding errors are proportional to the range: their squares, which the mean error is made of,
    /// would leave out inputs that are bad and rare. Returns the channel of each place, ascending.
    pub(crate) fn allot(&self, extra: usize) -> Vec<u32> {
        let mut places = vec![1.0f32; self.width];
        let mut splits = Vec::with_capacity(extra);
        for _ in 0..extra {
            let mut gains = vec![0.0f64; self.width];
            for peaks in self.peaks.chunks_exact(PEAKS.min(self.width.max(1))) {
                let nothing = Peak { channel: 0, value: 0.0 };
                let shares =
                    peaks.iter().map(|peak| Peak { value: peak.value / places[peak.channel as usize], ..*peak });
                let (low, high) = shares.fold((nothing, nothing), |(low, high), peak| {
                    (if peak.value < low.value { peak } else { low }, if peak.value > high.value { peak } else { high })
                });
                let range = high.value - low.value;
                for peak in [low, high] {
                    let count = places[peak.channel as usize];
                    let smaller = range - peak.value.abs() / (count + 1.0);
                    gains[peak.channel as usize] += f64::from(range).powi(4) - f64::from(smaller).powi(4);
                }
            }
            let largest = gains.iter().enumerate().fold(
                (0, 0.0),
                |best, (channel, &gain)| {
                    if gain > best.1 { (channel, gain) } else { best }
                },
            );
            places[largest.0] += 1.0;
            splits.push(largest.0 as u32);
        }
        splits.sort_unstable();
        splits
    }
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
    fn places_fill_units_and_are_few() {
        for (width, codebook) in (16..5000).flat_map(|width| [(width, false), (width, true)]) {
            let extra = ocs_places(width, codebook);
            assert!((width + extra).is_multiple_of(8) && extra > 0, "{width}: {extra}");
            assert!(extra <= (width / CHANNELS_PER_PLACE).min(MOST_OF_WIDE) + 7, "{width}: {extra}");
            assert!(!codebook || extra < AT_A_TIME, "{width}: {extra}");
        }
        let widths = [0, 1, 15, 64, 128, 256, 768, 1024];
        assert_eq!(widths.map(|width| ocs_places(width, false)), [0, 0, 0, 8, 8, 16, 32, 32]);
        assert_eq!([1536, 2048, 3072, 4096].map(|width| ocs_places(width, false)), [96, 128, 128, 128]);
        assert_eq!([1536, 2048, 3072, 4096].map(|width| ocs_places(width, true)), [32; 4]);
    }

    #[test]
    fn places_are_filled_up_where_a_few_do() {
        // 384 is full and 264 far from it: as many places as elsewhere.
        let widths = [312, 1248, 2000, 384, 264];
        assert_eq!(widths.map(|width| ocs_places(width, false)), [8, 32, 48, 24, 16]);
    }

    fn allot(inputs: &[&[f32]], extra: usize) -> Vec<u32> {
        let mut peaks = Peaks::new(inputs[0].len());
        inputs.iter().for_each(|input| peaks.add(input));
        peaks.allot(extra)
    }

    #[test]
    fn the_channel_that_makes_the_range_gets_the_next_place() {
        // 12, 5, 3, 1: shares 12 -> 6 -> 4, then 5 -> 2.5, then 12/3 = 4 again.
        assert_eq!(allot(&[&[1.0, 12.0, 3.0, 5.0]], 1), [1]);
        assert_eq!(allot(&[&[1.0, 12.0, 3.0, 5.0]], 2), [1, 1]);
        assert_eq!(allot(&[&[1.0, 12.0, 3.0, 5.0]], 4), [1, 1, 1, 3]);
        assert_eq!(allot(&[&[0.0; 2]], 2), [0, 0]);
        assert!(allot(&[&[7.0]], 0).is_empty());
    }

    #[test]
    fn what_many_inputs_have_counts_more_than_what_one_has() {
        let rare: &[f32] = &[9.0, 1.0, -1.0];
        let common: &[f32] = &[0.5, 6.0, -1.0];
        assert_eq!(allot(&[rare, common, common, common, common, common], 1), [1]);
        assert_eq!(allot(&[rare, common], 1), [0]);
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
