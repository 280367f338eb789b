//! Features for the solver: centred, and of variance 1 on average. One factor for all channels, so that the penalty means the same
//! for every encoder and the classifier stays a linear one of the features as they are. Then rotated into the [`Basis`].

use crate::basis::Basis;
use crate::features::Features;
use crate::matrix::{Matrix, dot};
use crate::product::Products;
use crate::solver::Solution;

/// Features in the basis of their second moments, and the way back.
pub(crate) struct Scaled {
    centre: Vec<f64>,
    factor: f64,
    products: Products,
    pub(crate) basis: Basis,
    /// `[rows][width]`.
    pub(crate) features: Matrix<f32>,
}

impl Scaled {
    /// `weights`: how much each row counts; their sum is 1.
    pub(crate) fn new(features: &Features, weights: &[f64], products: Products) -> Self {
        let width = features.width;
        let wide = features.widen();
        let count = wide.rows.max(1) as f64;
        let mut centre = vec![0.0; width];
        crate::matrix::add_rows(&mut centre, &wide.values);
        centre.iter_mut().for_each(|sum| *sum /= count);
        let centred = centred(wide, &centre, 1.0);
        let variance = dot(&centred.values, &centred.values) / (count * width.max(1) as f64);
        let factor = if variance > 0.0 { 1.0 / variance.sqrt() } else { 1.0 };
        let values = centred.values.iter().map(|x| (x * factor) as f32).collect();
        let scaled = Matrix { values, rows: centred.rows, columns: width };
        let mut weighted = scaled.clone();
        for (row, &weight) in weighted.values.chunks_exact_mut(width.max(1)).zip(weights) {
            row.iter_mut().for_each(|x| *x *= weight as f32);
        }
        let mut moments = Matrix::zeros(width, width);
        products.product(&mut moments.values, weighted.view().transposed(), scaled.view());
        let basis = Basis::new(moments);
        let mut rotated = weighted;
        products.product(&mut rotated.values, scaled.view(), basis.rotation.view());
        Self { centre, factor, products, basis, features: rotated }
    }

    /// The features in f64.
    pub(crate) fn exact(&self, features: &Features) -> Matrix {
        let scaled = centred(features.widen(), &self.centre, self.factor);
        let mut rotated = Matrix::zeros(scaled.rows, scaled.columns);
        let rotation = self.basis.rotation.cast::<f64>();
        self.products.product(&mut rotated.values, scaled.view(), rotation.view());
        rotated
    }

    /// The classifier of the features as they are.
    pub(crate) fn unscale(&self, solution: &Solution) -> Solution {
        let mut plain = solution.clone();
        let rotation = self.basis.rotation.cast::<f64>();
        self.products.product(&mut plain.weights.values, solution.weights.view(), rotation.view().transposed());
        plain.weights.values.iter_mut().for_each(|w| *w *= self.factor);
        let rows = plain.weights.values.chunks_exact(self.centre.len().max(1));
        plain.bias.iter_mut().zip(rows).for_each(|(bias, weights)| *bias -= dot(weights, &self.centre));
        plain
    }
}

fn centred(mut features: Matrix, centre: &[f64], factor: f64) -> Matrix {
    for row in features.values.chunks_exact_mut(centre.len().max(1)) {
        row.iter_mut().zip(centre).for_each(|(x, mean)| *x = (*x - mean) * factor);
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use albert_core::config::Pooling;

    #[test]
    fn logits_stay() {
        let features =
            Features { pooling: Pooling::Mean, width: 3, values: (0..30).map(|x| (x * x % 11) as f32 - 2.0).collect() };
        let scaled = Scaled::new(&features, &[0.1; 10], Products::Portable);
        let exact = scaled.exact(&features);
        let mean_square = exact.values.iter().map(|x| x * x).sum::<f64>() / 30.0;
        assert!((mean_square - 1.0).abs() < 1e-6);
        assert!(exact.values.iter().zip(&scaled.features.values).all(|(a, &b)| (a - f64::from(b)).abs() < 1e-6));
        let mut solution = Solution::zeros(2, 3);
        solution.weights.values = vec![1., -2., 0.5, 0.25, 3., -1.];
        solution.bias = vec![0.5, -1.0];
        let expected = solution.logits(&exact, Products::Portable);
        let found = scaled.unscale(&solution).logits(&features.widen(), Products::Portable);
        for (found, expected) in found.values.iter().zip(&expected.values) {
            assert!((found - expected).abs() < 1e-9);
        }
    }
}
