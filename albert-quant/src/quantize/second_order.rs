//! Second-order rounding (GPTQ: Frantar et al. 2022, arXiv:2210.17323).
//!
//! Rounding a channel's weights w to q costs (w - q)ᵀ H (w - q), H being the Hessian of the linear's inputs. With the
//! Cholesky factor H = L Lᵀ that is Σ_j L_jj² (e_j + Σ_{i>j} e_i L_ij / L_jj)², e = w - q. So columns are rounded from the
//! last to the first, each to the value nearest to `w_j` plus what the errors behind it call for: the same result as
//! updating the remaining weights column by column, without the inverse.

use albert_core::format::layout::BLOCK_CHANNELS;
use rayon::prelude::*;

use super::cholesky;
use crate::calibrate::{Hessian, Part};

/// Added to the Hessian's diagonal, as a share of its mean.
const DAMPING: f64 = 0.05;

/// What the errors of later columns add to the earlier ones of one linear.
pub(crate) struct Feedback {
    parts: Vec<PartFeedback>,
}

struct PartFeedback {
    start: usize,
    /// For each column j: L_ij / L_jj for the columns i behind it.
    factors: Vec<Vec<f32>>,
}

impl Feedback {
    /// `None` when the sample was too small to tell directions apart: then nearest rounding is as good.
    pub(crate) fn new(hessian: &Hessian) -> Option<Self> {
        let enough = |part: &Part| hessian.samples() >= part.width;
        let parts: Option<Vec<_>> = hessian.parts().iter().map(|part| enough(part).then(|| feedback(part))).collect();
        Some(Self { parts: parts? })
    }

    /// Rounds the channels of one block, `[16][columns]`, to multiples of their scales in [-`limit`, `limit`].
    pub(super) fn round(&self, weights: &[f32], scales: &[f32; BLOCK_CHANNELS], limit: f32, rounded: &mut [i8]) {
        let columns = weights.len() / BLOCK_CHANNELS;
        for part in &self.parts {
            let width = part.factors.len();
            // Errors of the columns, channels side by side.
            let mut errors = vec![[0.0f32; BLOCK_CHANNELS]; width];
            for (column, factors) in part.factors.iter().enumerate().rev() {
                let (_, behind) = errors.split_at(column + 1);
                let mut correction = [0.0f32; BLOCK_CHANNELS];
                for (&factor, errors) in factors.iter().zip(behind) {
                    correction.iter_mut().zip(errors).for_each(|(sum, error)| *sum += factor * error);
                }
                for (channel, &scale) in scales.iter().enumerate() {
                    let place = channel * columns + part.start + column;
                    let weight = weights[place];
                    let steps = if scale > 0.0 { (weight + correction[channel]) / scale } else { 0.0 };
                    let value = steps.round_ties_even().clamp(-limit, limit);
                    rounded[place] = value as i8;
                    errors[column][channel] = weight - value * scale;
                }
            }
        }
    }
}

fn feedback(part: &Part) -> PartFeedback {
    let width = part.width;
    let diagonal = |row: usize| row * (row + 1) / 2 + row;
    let mean = (0..width).map(|row| part.lower[diagonal(row)]).sum::<f64>() / width as f64;
    // Inputs that are always zero leave no curvature: any positive damping makes the errors independent.
    let mut damping = if mean > 0.0 { DAMPING * mean } else { 1.0 };
    let mut factor = vec![0.0; width * width];
    loop {
        factor.par_chunks_exact_mut(width).enumerate().for_each(|(row, out)| {
            out[..=row].copy_from_slice(&part.lower[diagonal(row) - row..=diagonal(row)]);
            out[row] += damping;
        });
        if cholesky::factorize(&mut factor, width) {
            break;
        }
        // Rounding errors made a tiny eigenvalue negative. This ends: a dominant diagonal is positive definite.
        damping *= 10.0;
    }
    let column = |column: usize| {
        let pivot = factor[column * width + column];
        (column + 1..width).map(|row| (factor[row * width + column] / pivot) as f32).collect()
    };
    PartFeedback { start: part.start, factors: (0..width).into_par_iter().map(column).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inputs with strongly related channels, and weights.
    fn problem(width: usize) -> (Hessian, Vec<f32>, Vec<f32>) {
        let mut state = 9u64;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let mut inputs = Vec::new();
        for _ in 0..4 * width {
            let common = number();
            inputs.extend((0..width).map(|_| common + 0.1 * number()));
        }
        let weights = (0..BLOCK_CHANNELS * width).map(|_| number()).collect();
        let mut hessian = Hessian::new(width);
        hessian.add(&inputs);
        (hessian, inputs, weights)
    }

    fn output_error(inputs: &[f32], weights: &[f32], rounded: &[i8], scale: f32, width: usize) -> f64 {
        let channels = weights.chunks_exact(width).zip(rounded.chunks_exact(width));
        let error = |(weights, rounded): (&[f32], &[i8])| {
            let difference: Vec<f32> = weights.iter().zip(rounded).map(|(w, &q)| w - scale * f32::from(q)).collect();
            let dot = |x: &[f32]| x.iter().zip(&difference).map(|(x, e)| f64::from(x * e)).sum::<f64>();
            inputs.chunks_exact(width).map(|x| dot(x).powi(2)).sum::<f64>()
        };
        channels.map(error).sum()
    }

    #[test]
    fn errors_make_up_for_each_other() {
        let (width, scale) = (40, 1.0 / 15.0);
        let (hessian, inputs, weights) = problem(width);
        let mut rounded = vec![0; weights.len()];
        Feedback::new(&hessian).unwrap().round(&weights, &[scale; BLOCK_CHANNELS], 127.0, &mut rounded);
        let nearest: Vec<i8> = weights.iter().map(|w| (w / scale).round_ties_even() as i8).collect();
        let error = |rounded: &[i8]| output_error(&inputs, &weights, rounded, scale, width);
        let (second_order, nearest) = (error(&rounded), error(&nearest));
        assert!(second_order < 0.5 * nearest, "{second_order} {nearest}");
        let farthest = weights.iter().zip(&rounded).map(|(w, &q)| (w - scale * f32::from(q)).abs() / scale);
        assert!(farthest.fold(0.0, f32::max) < 3.0);
    }

    #[test]
    fn unrelated_inputs_give_nearest_rounding() {
        let width = 8;
        let mut hessian = Hessian::new(width);
        for channel in 0..width {
            let mut input = vec![0.0; width];
            input[channel] = 1.0 + channel as f32;
            hessian.add(&input);
        }
        let weights: Vec<f32> = (0..BLOCK_CHANNELS * width).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut rounded = vec![0; weights.len()];
        Feedback::new(&hessian).unwrap().round(&weights, &[0.1; BLOCK_CHANNELS], 127.0, &mut rounded);
        assert!(weights.iter().zip(&rounded).all(|(w, &q)| (w / 0.1f32).round_ties_even() as i8 == q));
    }

    #[test]
    fn small_samples_and_dead_inputs_are_no_trouble() {
        let mut hessian = Hessian::new(4);
        hessian.add(&[0.0; 12]);
        assert!(Feedback::new(&hessian).is_none());
        hessian.add(&[0.0; 4]);
        let feedback = Feedback::new(&hessian).unwrap();
        let mut rounded = vec![0; 4 * BLOCK_CHANNELS];
        let mut scales = [0.01; BLOCK_CHANNELS];
        scales[1] = 0.0;
        feedback.round(&[1.0; 4 * BLOCK_CHANNELS], &scales, 127.0, &mut rounded);
        assert_eq!(rounded[..8], [100, 100, 100, 100, 0, 0, 0, 0]);
    }
}
