//! Logistic regression with an L2 penalty, solved to convergence: several labels of which one applies (softmax), or each of
//! which may (sigmoid).
//!
//! The objective is the weighted mean of the rows' losses plus `strength / 2` times the squared weights; biases are free.
//! It is strictly convex in the weights, so there is one solution. L-BFGS (Liu and Nocedal, 1989) finds it, with the inverse of
//! `curvature moments + strength` as its first guess of the inverse Hessian: that is the Hessian at equal scores, up to the coupling
//! of the labels, so that a few steps are enough whatever the features' correlations are. What it has learned about the curvature
//! stays true of the next strength.

use std::collections::VecDeque;

use rayon::prelude::*;

use crate::basis::{Basis, Inverse};
use crate::loss::loss;
use crate::matrix::{Matrix, add, add_rows, dot};
use crate::product::Products;
use crate::real::Real;
use crate::view::View;
use albert_quant::vectors::widest;

/// Pairs of steps and gradient changes that L-BFGS keeps.
const MEMORY: usize = 8;
/// Most steps for a strength.
const MOST_STEPS: usize = 1000;
/// Rows whose losses and gradients are computed together. Their sums do not depend on who computes them.
const CHUNK: usize = 512;

/// Rows to learn from.
#[derive(Clone, Copy)]
pub(crate) struct Training<'a, T> {
    /// `[rows][width]`, in the basis.
    pub(crate) features: &'a Matrix<T>,
    /// What is right, `[rows][labels]`, 0 or 1.
    pub(crate) targets: &'a Matrix<T>,
    /// How much each row counts; their sum is 1.
    pub(crate) weights: &'a [f64],
    /// One label applies, not several.
    pub(crate) exclusive: bool,
    /// The basis of the features.
    pub(crate) basis: &'a Basis,
    pub(crate) products: Products,
}

/// A linear classifier, or a gradient of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solution<T = f64> {
    /// `[labels][width]`.
    pub(crate) weights: Matrix<T>,
    /// `[labels]`.
    pub(crate) bias: Vec<T>,
}

impl<T: Real> Solution<T> {
    pub(crate) fn zeros(labels: usize, width: usize) -> Self {
        Self { weights: Matrix::zeros(labels, width), bias: vec![T::default(); labels] }
    }

    /// Logits of rows of features, `[rows][labels]`.
    pub(crate) fn logits(&self, features: &Matrix<T>, products: Products) -> Matrix<T> {
        let mut logits = Matrix::zeros(features.rows, self.bias.len());
        products.product(&mut logits.values, features.view(), self.weights.view().transposed());
        self.add_bias(&mut logits.values);
        logits
    }

    fn add_bias(&self, logits: &mut [T]) {
        for row in logits.chunks_exact_mut(self.bias.len().max(1)) {
            row.iter_mut().zip(&self.bias).for_each(|(logit, &bias)| *logit += bias);
        }
    }

    fn dot(&self, other: &Self) -> f64 {
        widest(
            #[inline(always)]
            || dot(&self.weights.values, &other.weights.values) + dot(&self.bias, &other.bias),
        )
    }

    fn add(&mut self, factor: f64, other: &Self) {
        widest(
            #[inline(always)]
            || {
                add(&mut self.weights.values, factor, &other.weights.values);
                add(&mut self.bias, factor, &other.bias);
            },
        );
    }

    fn scale(&mut self, factor: f64) {
        let factor = T::of(factor);
        self.weights.values.iter_mut().chain(&mut self.bias).for_each(|x| *x = *x * factor);
    }

    /// The mean of one or several.
    pub(crate) fn mean(mut several: impl Iterator<Item = Self>) -> Option<Self> {
        let (mut mean, mut count) = (several.next()?, 1.0);
        for solution in several {
            mean.add(1.0, &solution);
            count += 1.0;
        }
        mean.scale(1.0 / count);
        Some(mean)
    }

    fn cast<U: Real>(&self) -> Solution<U> {
        Solution { weights: self.weights.cast(), bias: self.bias.iter().map(|&x| U::of(x.get())).collect() }
    }
}

/// A step, the change of the gradient along it, and their product.
struct Pair<T> {
    step: Solution<T>,
    change: Solution<T>,
    curvature: f64,
}

/// A solution for one strength after the other.
pub(crate) struct Path<'a, T> {
    training: Training<'a, T>,
    strength: f64,
    x: Solution<T>,
    value: f64,
    gradient: Solution<T>,
    /// The newest last.
    memory: VecDeque<Pair<T>>,
    /// Evaluations of the objective.
    pub(crate) evaluations: usize,
}

impl<'a, T: Real> Path<'a, T> {
    /// From nothing.
    pub(crate) fn new(training: Training<'a, T>) -> Self {
        Self::from(training, 0.0, Solution::zeros(training.targets.columns, training.features.columns))
    }

    /// From a solution that is near.
    pub(crate) fn from(training: Training<'a, T>, strength: f64, x: Solution<T>) -> Self {
        let (value, gradient) = evaluate(&training, strength, &x);
        Self { training, strength, x, value, gradient, memory: VecDeque::with_capacity(MEMORY), evaluations: 1 }
    }

    /// Goes on in another precision, with what is known.
    pub(crate) fn cast<'b, U: Real>(&self, training: Training<'b, U>) -> Path<'b, U> {
        let mut path = Path::from(training, self.strength, self.x.cast());
        let pair =
            |pair: &Pair<T>| Pair { step: pair.step.cast(), change: pair.change.cast(), curvature: pair.curvature };
        path.memory.extend(self.memory.iter().map(pair));
        path
    }

    pub(crate) fn solution(&self) -> &Solution<T> {
        &self.x
    }

    /// Solves for a strength, until the expected gain is below `tolerance` times the objective.
    pub(crate) fn solve(&mut self, strength: f64, tolerance: f64) {
        self.change_strength(strength);
        let labels = self.training.targets.columns as f64;
        let curvature = if self.training.exclusive { (1.0 - 1.0 / labels).max(0.25) / labels } else { 0.25 };
        let estimate = Estimate { weights: self.training.basis.inverse(curvature, strength), bias: 1.0 / curvature };
        let mut scale = self.scale(&estimate);
        for _ in 0..MOST_STEPS {
            let mut direction = self.direction(&estimate, scale);
            let mut slope = self.gradient.dot(&direction);
            if slope >= 0.0 {
                // Rounding has the upper hand.
                self.memory.clear();
                scale = 1.0;
                direction = self.direction(&estimate, scale);
                slope = self.gradient.dot(&direction);
            }
            let gain = -slope / 2.0 / self.value.abs().max(f64::MIN_POSITIVE);
            if gain <= tolerance || !slope.is_finite() || !self.step(direction, slope) {
                break;
            }
            scale = self.scale(&estimate);
        }
    }

    /// The penalty's part of value, gradient and memory is known for every strength.
    fn change_strength(&mut self, strength: f64) {
        let change = strength - self.strength;
        self.strength = strength;
        self.value += change / 2.0 * dot(&self.x.weights.values, &self.x.weights.values);
        add(&mut self.gradient.weights.values, change, &self.x.weights.values);
        for pair in &mut self.memory {
            add(&mut pair.change.weights.values, change, &pair.step.weights.values);
            pair.curvature += change * dot(&pair.step.weights.values, &pair.step.weights.values);
        }
        // A weaker penalty can leave no curvature that rounding does not hide.
        self.memory.retain(is_curved);
    }

    /// Goes along a direction by 1, 1/2, 1/4, ... until the objective is lower enough (Armijo, 1966). False when there is no
    /// more to gain but for rounding.
    fn step(&mut self, mut direction: Solution<T>, slope: f64) -> bool {
        let mut length = 1.0;
        for _ in 0..40 {
            let mut next = self.x.clone();
            next.add(length, &direction);
            let (value, gradient) = evaluate(&self.training, self.strength, &next);
            self.evaluations += 1;
            // Rounding makes values that differ less equal.
            let equal = T::NOISE * self.value.abs();
            if value <= self.value + 1e-4 * length * slope + equal {
                direction.scale(length);
                let mut change = gradient.clone();
                change.add(-1.0, &self.gradient);
                let pair = Pair { curvature: direction.dot(&change), step: direction, change };
                if is_curved(&pair) {
                    if self.memory.len() == MEMORY {
                        self.memory.pop_front();
                    }
                    self.memory.push_back(pair);
                }
                // Where rounding hides how values differ, gradients still tell.
                let is_lower = value < self.value || gradient.dot(&gradient) < self.gradient.dot(&self.gradient);
                (self.x, self.value, self.gradient) = (next, value, gradient);
                return is_lower;
            }
            length /= 2.0;
        }
        false
    }

    /// How much the last change was over- or underestimated.
    fn scale(&self, estimate: &Estimate<T>) -> f64 {
        self.memory.back().map_or(1.0, |pair| {
            let mut change = pair.change.clone();
            estimate.apply(&mut change);
            pair.curvature / pair.change.dot(&change)
        })
    }

    /// Minus the estimated inverse Hessian times the gradient: the two loops of L-BFGS.
    fn direction(&self, estimate: &Estimate<T>, scale: f64) -> Solution<T> {
        let mut q = self.gradient.clone();
        let mut factors = Vec::with_capacity(self.memory.len());
        for pair in self.memory.iter().rev() {
            let factor = pair.step.dot(&q) / pair.curvature;
            q.add(-factor, &pair.change);
            factors.push(factor);
        }
        estimate.apply(&mut q);
        q.scale(scale);
        for (pair, factor) in self.memory.iter().zip(factors.into_iter().rev()) {
            let correction = pair.change.dot(&q) / pair.curvature;
            q.add(factor - correction, &pair.step);
        }
        q.scale(-1.0);
        q
    }
}

fn is_curved<T: Real>(pair: &Pair<T>) -> bool {
    let lengths = pair.change.dot(&pair.change).sqrt() * pair.step.dot(&pair.step).sqrt();
    pair.curvature > T::ROUNDING * lengths
}

/// The first guess of the inverse Hessian.
struct Estimate<T> {
    weights: Inverse<T>,
    /// Of the biases, each by itself.
    bias: f64,
}

impl<T: Real> Estimate<T> {
    fn apply(&self, gradient: &mut Solution<T>) {
        self.weights.apply(&mut gradient.weights.values);
        gradient.bias.iter_mut().for_each(|x| *x = *x * T::of(self.bias));
    }
}

/// The objective and its gradient.
fn evaluate<T: Real>(training: &Training<'_, T>, strength: f64, x: &Solution<T>) -> (f64, Solution<T>) {
    let rows = training.features.rows;
    let parts: Vec<_> = (0..rows.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| evaluate_rows(training, x, chunk * CHUNK..((chunk + 1) * CHUNK).min(rows)))
        .collect();
    let nothing = (0.0, Solution::zeros(x.bias.len(), x.weights.columns));
    let (loss, mut gradient) = parts
        .into_iter()
        .reduce(|(loss, mut gradient), part| {
            gradient.add(1.0, &part.1);
            (loss + part.0, gradient)
        })
        .unwrap_or(nothing);
    add(&mut gradient.weights.values, strength, &x.weights.values);
    (loss + strength / 2.0 * dot(&x.weights.values, &x.weights.values), gradient)
}

/// Loss and gradient of some rows, without the penalty.
fn evaluate_rows<T: Real>(
    training: &Training<'_, T>,
    x: &Solution<T>,
    rows: std::ops::Range<usize>,
) -> (f64, Solution<T>) {
    let Training { features, targets, weights, exclusive, products, .. } = training;
    let labels = targets.columns;
    let mut residuals = vec![T::default(); rows.len() * labels];
    products.product(&mut residuals, features.view_rows(rows.clone()), x.weights.view().transposed());
    x.add_bias(&mut residuals);
    let mut gradient = Solution::zeros(labels, features.columns);
    let sum = widest(
        #[inline(always)]
        || {
            let mut sum = 0.0;
            for (row, logits) in rows.clone().zip(residuals.chunks_exact_mut(labels.max(1))) {
                let (target, weight) = (targets.row(row), T::of(weights[row]));
                sum += weights[row] * loss(*exclusive, logits, target);
                logits.iter_mut().zip(target).for_each(|(p, &y)| *p = weight * (*p - y));
            }
            add_rows(&mut gradient.bias, &residuals);
            sum
        },
    );
    let residuals = View::new(rows.len(), labels, &residuals).transposed();
    products.product(&mut gradient.weights.values, residuals, features.view_rows(rows));
    (sum, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn problem(exclusive: bool) -> (Matrix, Matrix, Basis) {
        let (rows, width, labels) = (60, 5, 4);
        let mut random = Random(3);
        let mut features = Matrix::zeros(rows, width);
        let mut targets = Matrix::zeros(rows, labels);
        for row in 0..rows {
            let label = row % labels;
            for (column, x) in features.row_mut(row).iter_mut().enumerate() {
                *x = random.normal() * [1.0, 10.0, 0.1, 1.0, 1.0][column] + if column == label { 0.8 } else { 0.0 };
            }
            targets.row_mut(row)[label] = 1.0;
            if !exclusive && random.below(3) == 0 {
                targets.row_mut(row)[(label + 1) % labels] = 1.0;
            }
        }
        let mut moments = Matrix::zeros(width, width);
        Products::Native.product(&mut moments.values, features.view().transposed(), features.view());
        moments.values.iter_mut().for_each(|x| *x /= rows as f64);
        let basis = Basis::new(moments.cast());
        let mut rotated = Matrix::zeros(rows, width);
        Products::Native.product(&mut rotated.values, features.view(), basis.rotation.cast().view());
        (rotated, targets, basis)
    }

    fn training<'a, T>(
        (features, targets, basis): (&'a Matrix<T>, &'a Matrix<T>, &'a Basis),
        weights: &'a [f64],
        exclusive: bool,
    ) -> Training<'a, T> {
        Training { features, targets, weights, exclusive, basis, products: Products::Native }
    }

    /// At the solution the gradient is zero, and every other point is worse, whatever the way to it.
    #[test]
    fn the_solution_is_the_minimum() {
        for exclusive in [true, false] {
            let (features, targets, basis) = problem(exclusive);
            let weights = vec![1.0 / 60.0; 60];
            let training = training((&features, &targets, &basis), &weights, exclusive);
            let mut path = Path::new(training);
            for strength in [1.0, 1e-2, 1e-4] {
                path.solve(strength, 1e-16);
                let solution = path.solution();
                let (value, gradient) = evaluate(&training, strength, solution);
                assert!(gradient.dot(&gradient).sqrt() < 1e-7, "{:e}", gradient.dot(&gradient).sqrt());
                let mut random = Random(9);
                for _ in 0..20 {
                    let mut other = solution.clone();
                    other.weights.values.iter_mut().chain(&mut other.bias).for_each(|x| *x += 0.01 * random.normal());
                    assert!(evaluate(&training, strength, &other).0 > value);
                }
                let mut start = Solution::zeros(4, 5);
                start.weights.values.iter_mut().for_each(|x| *x = random.normal());
                let mut again = Path::from(training, 0.5, start);
                again.solve(strength, 1e-16);
                let mut difference = again.solution().clone();
                difference.add(-1.0, solution);
                assert!(dot(&difference.weights.values, &difference.weights.values) < 1e-8);
            }
            let mut path = Path::new(training);
            for strength in [1.0, 1e-2, 1e-4] {
                path.solve(strength, 1e-12);
            }
            assert!(path.evaluations < 120, "{}", path.evaluations);
        }
    }

    /// f32 comes near, and f64 needs few steps from there.
    #[test]
    fn precisions_agree() {
        for exclusive in [true, false] {
            let (features, targets, basis) = problem(exclusive);
            let weights = vec![1.0 / 60.0; 60];
            let (narrow_features, narrow_targets) = (features.cast::<f32>(), targets.cast::<f32>());
            let mut rough = Path::new(training((&narrow_features, &narrow_targets, &basis), &weights, exclusive));
            rough.solve(1e-3, 1e-6);
            let exact_training = training((&features, &targets, &basis), &weights, exclusive);
            let mut exact = rough.cast(exact_training);
            exact.solve(1e-3, 1e-14);
            let mut direct = Path::new(exact_training);
            direct.solve(1e-3, 1e-14);
            assert!((exact.value - direct.value).abs() < 1e-12);
            assert!(rough.value > 0.0 && (rough.value / direct.value - 1.0).abs() < 1e-5);
            assert!(exact.evaluations < direct.evaluations);
        }
    }

    #[test]
    fn gradients_are_derivatives() {
        for exclusive in [true, false] {
            let (features, targets, basis) = problem(exclusive);
            let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 3 + 1) / 120.0).collect();
            let training = training((&features, &targets, &basis), &weights, exclusive);
            let mut random = Random(1);
            let mut x = Solution::zeros(4, 5);
            x.weights.values.iter_mut().chain(&mut x.bias).for_each(|x| *x = 0.1 * random.normal());
            let (_, gradient) = evaluate(&training, 0.3, &x);
            for index in 0..20 {
                let value = |shift: f64| {
                    let mut moved = x.clone();
                    moved.weights.values[index] += shift;
                    evaluate(&training, 0.3, &moved).0
                };
                let slope = (value(1e-6) - value(-1e-6)) / 2e-6;
                assert!((slope - gradient.weights.values[index]).abs() < 1e-7);
            }
        }
    }
}
