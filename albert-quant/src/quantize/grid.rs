//! The int8 values that weights are rounded to, sixteen channels side by side.

use std::sync::LazyLock;

use albert_core::format::layout::scaled;
use albert_core::format::layout::{CODEBOOK_CHANNELS, LEVELS_4, LEVELS_5, PANEL_CHANNELS, dtype};

/// Channels of a panel that share multipliers.
pub(super) const QUADS: usize = PANEL_CHANNELS / CODEBOOK_CHANNELS;
/// Something for each channel of a panel.
pub(super) type Lanes<T> = [T; PANEL_CHANNELS];
/// Something for each four channels of a panel.
pub(super) type Quads<T> = [T; QUADS];

/// Folds the lanes of each four channels.
pub(super) fn fold(lanes: &Lanes<f32>, f: fn(f32, f32) -> f32) -> Quads<f32> {
    let quads = lanes.as_chunks::<CODEBOOK_CHANNELS>().0;
    std::array::from_fn(|quad| quads[quad].iter().copied().fold(0.0, f))
}

/// Largest magnitude of a value.
const LIMIT: f32 = 127.0;
/// Largest value that a multiplier of 127 reaches.
const CODEBOOK_LIMIT: f32 = 126.0;
/// Multipliers that are tried: parts of the one that puts the largest weight on the lowest level, and as many that put it
/// there with the other sign.
const RATIOS: usize = 23;
const FIRST_RATIO: f32 = 1.14;
const RATIO_STEP: f32 = 0.02;

/// A set of values; the codebooks' depend on a group's multiplier.
#[derive(Clone, Copy)]
pub(super) enum Grid {
    Int8,
    Codebook(&'static Codebook),
}

impl Grid {
    /// The grid of an integer element type.
    pub(super) fn of(code: u8) -> Self {
        match code {
            dtype::C4 => Self::Codebook(&FOUR_BITS),
            dtype::C5 => Self::Codebook(&FIVE_BITS),
            _ => Self::Int8,
        }
    }

    /// The scales of channels, `[16][columns]`: the largest weight is at the end of the range. Channels that share multipliers
    /// have scales in proportion to their weights' root mean square, so that one multiplier suits all.
    pub(super) fn scales(self, weights: &[f32]) -> Lanes<f32> {
        let columns = (weights.len() / PANEL_CHANNELS).max(1);
        let channels = || weights.chunks_exact(columns);
        let largest = |weights: &[f32]| weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
        let mut scales = [0.0; PANEL_CHANNELS];
        scales.iter_mut().zip(channels()).for_each(|(scale, weights)| *scale = largest(weights));
        if let Self::Int8 = self {
            return scales.map(|largest| largest / LIMIT);
        }
        let mut sizes = [0.0; PANEL_CHANNELS];
        for (size, (weights, largest)) in sizes.iter_mut().zip(channels().zip(scales)) {
            // In parts of the largest weight, whose square is within range.
            let square: f32 = weights.iter().map(|weight| (weight / largest.max(f32::MIN_POSITIVE)).powi(2)).sum();
            *size = largest * (square / columns as f32).sqrt();
        }
        let peaks: Lanes<f32> =
            std::array::from_fn(|lane| if sizes[lane] > 0.0 { scales[lane] / sizes[lane] } else { 0.0 });
        let peaks = fold(&peaks, f32::max);
        std::array::from_fn(|lane| sizes[lane] * (peaks[lane / CODEBOOK_CHANNELS] / CODEBOOK_LIMIT))
    }

    /// How many choices of multipliers there are.
    pub(super) fn candidates(self) -> usize {
        match self {
            Self::Int8 => 1,
            Self::Codebook(_) => 2 * RATIOS,
        }
    }

    /// The multipliers of a choice for four channels each whose largest targets are these.
    pub(super) fn multipliers(self, candidate: usize, largest: &Quads<f32>) -> Quads<i8> {
        let ratio = FIRST_RATIO - RATIO_STEP * (candidate / 2) as f32;
        let ratio = if candidate.is_multiple_of(2) { ratio } else { -ratio } * 128.0 / LIMIT;
        largest.map(|largest| (largest * ratio).clamp(-LIMIT, LIMIT).round() as i8)
    }

    /// The value next to each target, and its code.
    pub(super) fn nearest(self, multipliers: &Quads<i8>, targets: &Lanes<f32>) -> (Lanes<i8>, Lanes<u8>) {
        match self {
            Self::Int8 => (targets.map(|target| round(target.clamp(-LIMIT, LIMIT)) as i8), [0; PANEL_CHANNELS]),
            Self::Codebook(book) => {
                let (mut values, mut codes) = ([0; PANEL_CHANNELS], [0; PANEL_CHANNELS]);
                for (lane, &target) in targets.iter().enumerate() {
                    let multiplier = multipliers[lane / CODEBOOK_CHANNELS];
                    codes[lane] = book.nearest(multiplier, target);
                    values[lane] = scaled(book.levels[usize::from(codes[lane])], multiplier);
                }
                (values, codes)
            }
        }
    }
}

/// To nearest, ties to even, for |x| < 2^22.
fn round(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0;
    (x + MAGIC) - MAGIC
}

static FOUR_BITS: LazyLock<Codebook> = LazyLock::new(|| Codebook::new(&LEVELS_4));
static FIVE_BITS: LazyLock<Codebook> = LazyLock::new(|| Codebook::new(&LEVELS_5));

/// The levels of a codebook, and which one is nearest.
pub(super) struct Codebook {
    levels: &'static [i8],
    /// For each multiplier from -127 on, and each interval of half a step from -127 to 127: what is nearest to whole numbers
    /// changes at halves alone.
    codes: Vec<u8>,
}

impl Codebook {
    /// Intervals of half a step.
    const INTERVALS: usize = 4 * LIMIT as usize;

    fn new(levels: &'static [i8]) -> Self {
        let middle = |interval: usize| interval as f32 / 2.0 - LIMIT + 0.25;
        let nearest = |multiplier: i8, target: f32| {
            let distance = |code: &u8| (f32::from(scaled(levels[usize::from(*code)], multiplier)) - target).abs();
            (0..levels.len() as u8).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
        };
        let of = |multiplier| (0..Self::INTERVALS).map(move |interval| nearest(multiplier, middle(interval)));
        Self { levels, codes: (-127..=127).flat_map(of).collect() }
    }

    fn nearest(&self, multiplier: i8, target: f32) -> u8 {
        let interval = ((target.clamp(-LIMIT, LIMIT) + LIMIT) * 2.0) as usize;
        let row = (i32::from(multiplier) + 127) as usize;
        self.codes[row * Self::INTERVALS + interval.min(Self::INTERVALS - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int8_rounds_to_nearest_within_its_range() {
        let mut targets = [0.0; PANEL_CHANNELS];
        targets[..7].copy_from_slice(&[0.5, 1.5, -2.51, 126.6, 400.0, -400.0, -126.4]);
        let (values, _) = Grid::Int8.nearest(&[0; QUADS], &targets);
        assert_eq!(values[..7], [0, 2, -3, 127, 127, -127, -126]);
    }

    #[test]
    fn no_level_is_nearer_than_the_one_found() {
        for book in [&FOUR_BITS, &FIVE_BITS] {
            for multiplier in [-127, -40, -1, 0, 1, 7, 64, 127] {
                for step in -1300..=1300 {
                    let target = step as f32 / 10.0;
                    let distance = |level: i8| (f32::from(scaled(level, multiplier)) - target).abs();
                    let found = distance(book.levels[usize::from(book.nearest(multiplier, target))]);
                    assert!(book.levels.iter().all(|&level| found <= distance(level)), "{multiplier} {target}");
                }
            }
        }
    }

    #[test]
    fn multipliers_put_the_largest_weight_within_the_levels() {
        let grid = Grid::of(dtype::C4);
        let reach = |candidate| f32::from(scaled(-127, grid.multipliers(candidate, &[100.0; QUADS])[0]));
        assert!((0..grid.candidates()).any(|candidate| (reach(candidate) - 100.0).abs() <= 1.0));
        assert!((0..grid.candidates()).any(|candidate| (reach(candidate) + 100.0).abs() <= 1.0));
        assert_eq!(grid.multipliers(0, &[0.0; QUADS]), [0; QUADS]);
    }

    #[test]
    fn scales_make_four_channels_alike_and_reach_the_largest_weight() {
        let mut weights = vec![0.0; PANEL_CHANNELS * 10];
        for (channel, weights) in weights.chunks_exact_mut(10).enumerate().filter(|(channel, _)| *channel != 5) {
            for (column, weight) in weights.iter_mut().enumerate() {
                *weight = (channel + 1) as f32 * if column == 3 { 4.0 + channel as f32 } else { 1.0 };
            }
        }
        for code in [dtype::I8, dtype::C4, dtype::C5] {
            let grid = Grid::of(code);
            let scales = grid.scales(&weights);
            let limit = if code == dtype::I8 { LIMIT } else { CODEBOOK_LIMIT };
            let peak = |channel: usize| weights[10 * channel + 3] / scales[channel];
            assert_eq!(scales[5], 0.0);
            assert!([0, 1, 2, 3].map(peak).into_iter().fold(0.0, f32::max) - limit < 1e-3);
            let size =
                |channel: usize| (channel + 1) as f32 * (9.0 + (4.0 + channel as f32).powi(2)).sqrt() / scales[channel];
            assert!(code == dtype::I8 || (size(8) / size(9) - 1.0).abs() < 1e-5);
        }
        assert!(Grid::of(dtype::C5).scales(&[f32::MAX / 2.0; PANEL_CHANNELS]).iter().all(|scale| scale.is_finite()));
    }
}
