//! Features for the solver: centred, and of variance 1 on average. One factor for all channels, so that the penalty means the same
//! for every encoder and the classifier stays a linear one of the features as they are.

use crate::features::Features;
use crate::matrix::Matrix;
use crate::solver::Solution;

pub(crate) struct Scaler {
    centre: Vec<f64>,
    factor: f64,
}

impl Scaler {
    /// Centre and factor of some rows.
    pub(crate) fn new(features: &Features, rows: &[usize]) -> Self {
        let count = rows.len().max(1) as f64;
        let mut centre = vec![0.0; features.width];
        for &row in rows {
            centre.iter_mut().zip(features.row(row)).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        centre.iter_mut().for_each(|sum| *sum /= count);
        let squares = |&row: &usize| -> f64 {
            features.row(row).iter().zip(&centre).map(|(&x, mean)| (f64::from(x) - mean).powi(2)).sum()
        };
        let variance = rows.iter().map(squares).sum::<f64>() / (count * features.width.max(1) as f64);
        let factor = if variance > 0.0 { 1.0 / variance.sqrt() } else { 1.0 };
        Self { centre, factor }
    }

    /// Some rows, centred and scaled.
    pub(crate) fn apply(&self, features: &Features, rows: &[usize]) -> Matrix {
        let scaled = |&row: &usize| {
            features.row(row).iter().zip(&self.centre).map(|(&x, mean)| (f64::from(x) - mean) * self.factor)
        };
        let values = rows.iter().flat_map(scaled).collect();
        Matrix { rows: rows.len(), columns: features.width, values }
    }

    /// The classifier of the features as they are.
    pub(crate) fn unscale(&self, mut solution: Solution) -> Solution {
        solution.weights.values.iter_mut().for_each(|w| *w *= self.factor);
        for (bias, weights) in
            solution.bias.iter_mut().zip(solution.weights.values.chunks_exact(self.centre.len().max(1)))
        {
            *bias -= crate::matrix::dot(weights, &self.centre);
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use albert_core::config::Pooling;

    #[test]
    fn logits_stay() {
        let features =
            Features { pooling: Pooling::Mean, width: 3, values: (0..30).map(|x| (x * x % 11) as f32 - 2.0).collect() };
        let rows: Vec<usize> = (0..10).collect();
        let scaler = Scaler::new(&features, &rows);
        let scaled = scaler.apply(&features, &rows);
        let mean_square = scaled.values.iter().map(|x| x * x).sum::<f64>() / 30.0;
        assert!((mean_square - 1.0).abs() < 1e-12);
        let mut solution = Solution::zeros(2, 3);
        solution.weights.values = vec![1., -2., 0.5, 0.25, 3., -1.];
        solution.bias = vec![0.5, -1.0];
        let expected = solution.logits(&scaled);
        let plain = Matrix { rows: 10, columns: 3, values: features.values.iter().map(|&x| x.into()).collect() };
        let found = scaler.unscale(solution).logits(&plain);
        for (found, expected) in found.values.iter().zip(&expected.values) {
            assert!((found - expected).abs() < 1e-9);
        }
    }
}
