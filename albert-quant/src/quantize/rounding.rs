//! A panel of 16 channels to values on a grid.
//!
//! Places in K are rounded from the last to the first, a unit of 8 at a time. A column's target is its weight plus what the
//! errors of the columns behind it call for ([`Feedback`]). Where units have multipliers, each choice of them is tried on the
//! whole unit and the one with the least output error is kept.
//!
//! A split column has several places, between which its input is divided evenly: what counts is the mean of their values. Its
//! OCS places are rounded first, and its own place makes up for what they miss, so that the mean is as many times finer as
//! there are places.

use albert_core::format::layout::{K_UNIT, PANEL_CHANNELS};

use super::grid::{Grid, Lanes, QUADS, Quads, fold};
use super::panel::QuantizedPanel;
use super::refine;
use super::second_order::Feedback;
use crate::vectors::widest;

/// Rounds the channels of one panel, `[16][columns]`, to multiples of their scales.
pub(super) fn round(
    grid: Grid,
    scales: Lanes<f32>,
    weights: &[f32],
    splits: &[u32],
    feedback: &Feedback,
) -> QuantizedPanel {
    let columns = weights.len() / PANEL_CHANNELS;
    let mut steps = vec![[0.0; PANEL_CHANNELS]; columns];
    for (lane, weights) in weights.chunks_exact(columns).enumerate() {
        // A channel whose scale underflows to 0 becomes 0.
        if scales[lane] > 0.0 {
            steps.iter_mut().zip(weights).for_each(|(steps, weight)| steps[lane] = weight / scales[lane]);
        }
    }
    let places = columns + splits.len();
    let units = places.div_ceil(K_UNIT);
    let peak = scales.iter().fold(f32::MIN_POSITIVE, |most, &scale| most.max(scale));
    let mut panel = Panel {
        grid,
        feedback,
        steps,
        squares: scales.map(|scale| (scale / peak).powi(2)),
        sums: vec![[0.0; PANEL_CHANNELS]; columns],
        rounded: QuantizedPanel {
            scales,
            multipliers: vec![[0; QUADS]; units],
            values: vec![[0; PANEL_CHANNELS]; places],
            codes: vec![[0; PANEL_CHANNELS]; places],
            errors: vec![[0.0; PANEL_CHANNELS]; columns],
        },
    };
    let items = items(columns, splits, feedback);
    let mut rest = items.as_slice();
    for unit in (0..units).rev() {
        let (items, before) = rest.split_at(rest.iter().take_while(|item| item.place >= unit * K_UNIT).count());
        panel.round_unit(unit, items);
        rest = before;
    }
    refine::refine(grid, splits, &panel.squares, feedback, &mut panel.rounded);
    panel.rounded
}

/// A place in K to be rounded.
struct Item {
    place: usize,
    column: usize,
    /// Whether it is the column's own place, which comes last.
    own: bool,
    /// How many places of its column are rounded with this one: all of them at the column's own.
    ordinal: f32,
    /// What the square of its error costs.
    weight: f32,
}

/// The places from the last to the first.
fn items(columns: usize, splits: &[u32], feedback: &Feedback) -> Vec<Item> {
    let mut copies = vec![1.0f32; columns];
    splits.iter().for_each(|&column| copies[column as usize] += 1.0);
    let mut ordinals = vec![0.0f32; columns];
    let item = |place: usize| {
        let own = place < columns;
        let column = if own { place } else { splits[place - columns] as usize };
        ordinals[column] += 1.0;
        let weight = feedback.curvature(column) / (copies[column] * copies[column]);
        Item { place, column, own, ordinal: ordinals[column], weight }
    };
    (0..columns + splits.len()).rev().map(item).collect()
}

struct Panel<'a> {
    grid: Grid,
    feedback: &'a Feedback,
    /// Weights by column, in units of the channels' scales.
    steps: Vec<Lanes<f32>>,
    /// Squares of the scales, in parts of the largest so that they are within range.
    squares: Lanes<f32>,
    /// Sums of the values of each column's OCS places.
    sums: Vec<Lanes<f32>>,
    rounded: QuantizedPanel,
}

impl Panel<'_> {
    fn round_unit(&mut self, unit: usize, items: &[Item]) {
        let end = items.iter().filter(|item| item.own).map(|item| item.column + 1).max().unwrap_or(0);
        let targets: Vec<Lanes<f32>> = items.iter().map(|item| self.target(item, end)).collect();
        let starts: Vec<Lanes<f32>> = items.iter().map(|item| self.sums[item.column]).collect();
        let mut largest = [0.0f32; PANEL_CHANNELS];
        for ((item, target), start) in items.iter().zip(&targets).zip(&starts) {
            for (largest, (target, sum)) in largest.iter_mut().zip(target.iter().zip(start)) {
                let wanted = if item.own { item.ordinal * target - sum } else { *target };
                *largest = largest.max(wanted.abs());
            }
        }
        let largest = fold(&largest, f32::max);
        let mut best = self.grid.multipliers(0, &largest);
        let mut least = [f32::INFINITY; QUADS];
        for candidate in 0..self.grid.candidates() {
            let multipliers = self.grid.multipliers(candidate, &largest);
            let costs = self.try_unit(items, &targets, &starts, &multipliers, end);
            for quad in 0..QUADS {
                if costs[quad] < least[quad] {
                    (best[quad], least[quad]) = (multipliers[quad], costs[quad]);
                }
            }
        }
        if self.grid.candidates() > 1 {
            self.try_unit(items, &targets, &starts, &best, end);
        }
        self.rounded.multipliers[unit] = best;
    }

    /// What a place should hold as far as the columns from `end` on say.
    fn target(&self, item: &Item, end: usize) -> Lanes<f32> {
        let mut target = self.steps[item.column];
        if item.own {
            let skipped = end - item.column - 1;
            let factors = self.feedback.factors(item.column).get(skipped..).unwrap_or(&[]);
            widest(
                #[inline(always)]
                || add(&mut target, factors, &self.rounded.errors[end..]),
            );
        }
        target
    }

    /// Rounds a unit with these multipliers; returns what it adds to the squared output error of each four channels.
    fn try_unit(
        &mut self,
        items: &[Item],
        targets: &[Lanes<f32>],
        starts: &[Lanes<f32>],
        multipliers: &Quads<i8>,
        end: usize,
    ) -> Quads<f32> {
        items.iter().zip(starts).for_each(|(item, start)| self.sums[item.column] = *start);
        let mut costs = [0.0; PANEL_CHANNELS];
        for (item, target) in items.iter().zip(targets) {
            let mut target = *target;
            if item.own {
                let behind = self.feedback.factors(item.column);
                let behind = &behind[..behind.len().min(end - item.column - 1)];
                add(&mut target, behind, &self.rounded.errors[item.column + 1..]);
            }
            let sums = &mut self.sums[item.column];
            let mut wanted = [0.0; PANEL_CHANNELS];
            for lane in 0..PANEL_CHANNELS {
                wanted[lane] = item.ordinal * target[lane] - sums[lane];
            }
            let (values, codes) = self.grid.nearest(multipliers, &wanted);
            let (errors, steps) = (&mut self.rounded.errors[item.column], &self.steps[item.column]);
            for lane in 0..PANEL_CHANNELS {
                let value = f32::from(values[lane]);
                let missed = wanted[lane] - value;
                costs[lane] += item.weight * missed * missed;
                if item.own {
                    errors[lane] = steps[lane] - (sums[lane] + value) / item.ordinal;
                } else {
                    sums[lane] += value;
                }
            }
            self.rounded.values[item.place] = values;
            self.rounded.codes[item.place] = codes;
        }
        costs.iter_mut().zip(&self.squares).for_each(|(cost, square)| *cost *= square);
        fold(&costs, |a, b| a + b)
    }
}

/// `sum += Σ factors[i] errors[i]`.
#[inline(always)]
fn add(sum: &mut Lanes<f32>, factors: &[f32], errors: &[Lanes<f32>]) {
    let mut total = [0.0f32; PANEL_CHANNELS];
    for (&factor, errors) in factors.iter().zip(errors) {
        total.iter_mut().zip(errors).for_each(|(total, error)| *total += factor * error);
    }
    sum.iter_mut().zip(total).for_each(|(sum, total)| *sum += total);
}

#[cfg(test)]
mod tests {
    use albert_core::format::layout::dtype;

    use super::*;
    use crate::calibrate::Hessian;

    fn round(grid: Grid, weights: &[f32], splits: &[u32], feedback: &Feedback) -> QuantizedPanel {
        super::round(grid, grid.scales(weights), weights, splits, feedback)
    }

    /// Numbers between -1 and 1.
    fn numbers(seed: u64) -> impl FnMut() -> f32 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        }
    }

    /// Inputs with strongly related channels, and weights.
    fn problem(width: usize) -> (Hessian, Vec<f32>, Vec<f32>) {
        let mut number = numbers(9);
        let mut inputs = Vec::new();
        for _ in 0..4 * width {
            let common = number();
            inputs.extend((0..width).map(|_| common + 0.1 * number()));
        }
        let weights = (0..PANEL_CHANNELS * width).map(|_| number()).collect();
        let mut hessian = Hessian::new(width, width);
        hessian.add(&inputs);
        (hessian, inputs, weights)
    }

    /// What the values stand for, `[16][columns]`.
    fn stored(rounded: &QuantizedPanel, splits: &[u32]) -> Vec<f32> {
        let columns = rounded.errors.len();
        let weight = |lane: usize, column: usize| {
            let places = splits.iter().enumerate().filter(|(_, split)| **split as usize == column);
            let places = places.map(|(index, _)| columns + index).chain([column]);
            let values: Vec<f32> = places.map(|place| f32::from(rounded.values[place][lane])).collect();
            rounded.scales[lane] * values.iter().sum::<f32>() / values.len() as f32
        };
        (0..PANEL_CHANNELS)
            .flat_map(|lane| (0..columns).map(move |column| (lane, column)))
            .map(|(l, c)| weight(l, c))
            .collect()
    }

    fn output_error(inputs: &[f32], weights: &[f32], stored: &[f32], width: usize) -> f64 {
        let channels = weights.chunks_exact(width).zip(stored.chunks_exact(width));
        let error = |(weights, stored): (&[f32], &[f32])| {
            let dot =
                |x: &[f32]| x.iter().zip(weights).zip(stored).map(|((x, w), q)| f64::from(x * (w - q))).sum::<f64>();
            inputs.chunks_exact(width).map(|x| dot(x).powi(2)).sum::<f64>()
        };
        channels.map(error).sum()
    }

    #[test]
    fn errors_make_up_for_each_other() {
        for (code, width) in [(dtype::I8, 40), (dtype::C4, 40), (dtype::C4, 64), (dtype::C5, 70)] {
            let (hessian, inputs, weights) = problem(width);
            let error = |feedback: &Feedback| {
                let rounded = round(Grid::of(code), &weights, &[], feedback);
                output_error(&inputs, &weights, &stored(&rounded, &[]), width)
            };
            let (second_order, nearest) = (error(&Feedback::new(&hessian).unwrap()), error(&Feedback::none()));
            assert!(second_order < 0.5 * nearest, "{code} {width}: {second_order} {nearest}");
        }
    }

    #[test]
    fn errors_are_those_of_the_values() {
        for code in [dtype::I8, dtype::C4, dtype::C5] {
            let (hessian, _, weights) = problem(40);
            let splits = [0, 3, 3, 39];
            let rounded = round(Grid::of(code), &weights, &splits, &Feedback::new(&hessian).unwrap());
            let stored = stored(&rounded, &splits);
            for (index, (weight, stored)) in weights.iter().zip(stored).enumerate() {
                let (lane, column) = (index / 40, index % 40);
                let error = rounded.errors[column][lane] * rounded.scales[lane];
                assert!((weight - stored - error).abs() < 1e-6, "{code} {lane} {column}");
            }
        }
    }

    #[test]
    fn split_columns_are_as_many_times_finer() {
        let mut number = numbers(3);
        let weights: Vec<f32> = (0..PANEL_CHANNELS * 8).map(|_| number()).collect();
        for code in [dtype::I8, dtype::C4, dtype::C5] {
            let error = |splits: &[u32]| {
                let rounded = round(Grid::of(code), &weights, splits, &Feedback::none());
                rounded.errors[5].iter().map(|error| error * error).sum::<f32>().sqrt()
            };
            let (whole, split) = (error(&[]), error(&[5, 5, 5]));
            assert!(split < 0.5 * whole, "{code}: {split} {whole}");
        }
    }

    #[test]
    fn unrelated_inputs_give_nearest_rounding() {
        let width = 8;
        let mut hessian = Hessian::new(width, width);
        for channel in 0..width {
            let mut input = vec![0.0; width];
            input[channel] = 1.0 + channel as f32;
            hessian.add(&input);
        }
        let weights: Vec<f32> = (0..PANEL_CHANNELS * width).map(|i| (i as f32 * 0.37).sin()).collect();
        let nearest = round(Grid::Int8, &weights, &[], &Feedback::none());
        let rounded = round(Grid::Int8, &weights, &[], &Feedback::new(&hessian).unwrap());
        assert_eq!(rounded.values, nearest.values);
    }

    #[test]
    fn small_samples_dead_inputs_and_channels_of_zeros_are_no_trouble() {
        let mut hessian = Hessian::new(4, 4);
        hessian.add(&[0.0; 12]);
        assert!(Feedback::new(&hessian).is_none());
        hessian.add(&[0.0; 4]);
        let feedback = Feedback::new(&hessian).unwrap();
        let mut weights = [0.5; 4 * PANEL_CHANNELS];
        weights[4..8].fill(0.0);
        (weights[8], weights[9]) = (f32::from_bits(1), f32::MIN_POSITIVE);
        weights[12] = f32::MAX / 2.0;
        for code in [dtype::I8, dtype::C4, dtype::C5] {
            let rounded = round(Grid::of(code), &weights, &[2], &feedback);
            assert!(rounded.values.iter().flatten().all(|&value| value != -128));
            assert!(rounded.errors.iter().flatten().chain(&rounded.scales).all(|x| x.is_finite()));
            assert_eq!(rounded.scales[1], 0.0);
        }
    }
}
