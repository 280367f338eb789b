//! Logistic regression with an L2 penalty, solved to convergence: several labels of which one applies (softmax), or each of
//! which may (sigmoid).
//!
//! The objective is the weighted mean of the rows' losses plus `strength / 2` times the squared weights; biases are free.
//! It is strictly convex in the weights, so there is one solution. L-BFGS (Liu and Nocedal, 1989) finds it, with the inverse of
//! `covariance * curvature + strength` as its first guess of the inverse Hessian: that is the Hessian at equal scores, up to
//! the coupling of the labels, so that a few dozen steps are enough whatever the features' correlations are.

use crate::matrix::{Cholesky, Matrix, Operand, dot};

/// Pairs of steps and gradient changes that L-BFGS keeps.
const MEMORY: usize = 12;
/// Most steps.
const MOST_STEPS: usize = 1000;

/// Rows to learn from.
pub(crate) struct Training<'a> {
    /// `[rows][width]`.
    pub(crate) features: &'a Matrix,
    /// What is right, `[rows][labels]`, 0 or 1.
    pub(crate) targets: &'a Matrix,
    /// How much each row counts; their sum is 1.
    pub(crate) weights: &'a [f64],
    /// One label applies, not several.
    pub(crate) exclusive: bool,
}

/// A linear classifier.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solution {
    /// `[labels][width]`.
    pub(crate) weights: Matrix,
    /// `[labels]`.
    pub(crate) bias: Vec<f64>,
}

impl Solution {
    pub(crate) fn zeros(labels: usize, width: usize) -> Self {
        Self { weights: Matrix::zeros(labels, width), bias: vec![0.0; labels] }
    }

    /// Logits of rows of features, `[rows][labels]`.
    pub(crate) fn logits(&self, features: &Matrix) -> Matrix {
        let mut logits = Matrix::zeros(features.rows, self.bias.len());
        logits.product(Operand::Plain(features), Operand::Transposed(&self.weights));
        for row in logits.values.chunks_exact_mut(self.bias.len().max(1)) {
            row.iter_mut().zip(&self.bias).for_each(|(logit, bias)| *logit += bias);
        }
        logits
    }

    fn dot(&self, other: &Self) -> f64 {
        self.weights.dot(&other.weights) + dot(&self.bias, &other.bias)
    }

    fn add(&mut self, factor: f64, other: &Self) {
        self.weights.add(factor, &other.weights);
        self.bias.iter_mut().zip(&other.bias).for_each(|(x, y)| *x += factor * y);
    }

    fn scale(&mut self, factor: f64) {
        self.weights.values.iter_mut().chain(&mut self.bias).for_each(|x| *x *= factor);
    }
}

/// What the solver has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effort {
    /// Evaluations of the objective.
    pub(crate) evaluations: usize,
    /// Half the Newton decrement's estimate at the end, relative to the objective.
    pub(crate) decrement: f64,
}

/// The problem with what does not depend on the strength.
pub(crate) struct Solver<'a> {
    training: Training<'a>,
    /// Weighted second moments of the features, `[width][width]`.
    moments: Matrix,
}

impl<'a> Solver<'a> {
    pub(crate) fn new(training: Training<'a>) -> Self {
        let features = training.features;
        let mut weighted = features.clone();
        for (row, &weight) in weighted.values.chunks_exact_mut(features.columns.max(1)).zip(training.weights) {
            row.iter_mut().for_each(|x| *x *= weight);
        }
        let mut moments = Matrix::zeros(features.columns, features.columns);
        moments.product(Operand::Transposed(&weighted), Operand::Plain(features));
        Self { training, moments }
    }

    /// Solves for one strength from a start, until the expected gain is below `tolerance` times the objective.
    pub(crate) fn solve(&self, strength: f64, start: Solution, tolerance: f64) -> (Solution, Effort) {
        let preconditioner = self.preconditioner(strength);
        let mut x = start;
        let (mut value, mut gradient) = self.evaluate(strength, &x);
        let mut effort = Effort { evaluations: 1, decrement: f64::INFINITY };
        let mut memory: Vec<Pair> = Vec::new();
        for _ in 0..MOST_STEPS {
            let mut direction = self.direction(&gradient, &memory, &preconditioner);
            let mut slope = gradient.dot(&direction);
            if slope >= 0.0 {
                // Rounding has the upper hand.
                memory.clear();
                direction = self.direction(&gradient, &memory, &preconditioner);
                slope = gradient.dot(&direction);
            }
            effort.decrement = -slope / 2.0 / value.abs().max(f64::MIN_POSITIVE);
            if effort.decrement <= tolerance || !slope.is_finite() {
                break;
            }
            let Some((step, next, next_value, next_gradient)) =
                self.search(strength, &x, value, &direction, slope, &mut effort)
            else {
                break;
            };
            direction.scale(step);
            let mut change = next_gradient.clone();
            change.add(-1.0, &gradient);
            let curvature = direction.dot(&change);
            if curvature > 1e-12 * change.dot(&change).sqrt() * direction.dot(&direction).sqrt() {
                if memory.len() == MEMORY {
                    memory.remove(0);
                }
                memory.push(Pair { step: direction, change, curvature });
            }
            (x, value, gradient) = (next, next_value, next_gradient);
        }
        (x, effort)
    }

    /// The first step length of 1, 1/2, 1/4, ... that lowers the objective enough (Armijo, 1966).
    fn search(
        &self,
        strength: f64,
        x: &Solution,
        value: f64,
        direction: &Solution,
        slope: f64,
        effort: &mut Effort,
    ) -> Option<(f64, Solution, f64, Solution)> {
        let mut step = 1.0;
        for _ in 0..40 {
            let mut next = x.clone();
            next.add(step, direction);
            let (next_value, gradient) = self.evaluate(strength, &next);
            effort.evaluations += 1;
            if next_value <= value + 1e-4 * step * slope {
                return Some((step, next, next_value, gradient));
            }
            step /= 2.0;
        }
        None
    }

    /// Minus the estimated inverse Hessian times the gradient: the two loops of L-BFGS.
    fn direction(&self, gradient: &Solution, memory: &[Pair], preconditioner: &Preconditioner) -> Solution {
        let mut q = gradient.clone();
        let mut factors = Vec::with_capacity(memory.len());
        for pair in memory.iter().rev() {
            let factor = pair.step.dot(&q) / pair.curvature;
            q.add(-factor, &pair.change);
            factors.push(factor);
        }
        preconditioner.apply(&mut q);
        if let Some(pair) = memory.last() {
            // How much the last change was over- or underestimated.
            let mut change = pair.change.clone();
            preconditioner.apply(&mut change);
            q.scale(pair.curvature / pair.change.dot(&change));
        }
        for (pair, factor) in memory.iter().zip(factors.into_iter().rev()) {
            let correction = pair.change.dot(&q) / pair.curvature;
            q.add(factor - correction, &pair.step);
        }
        q.scale(-1.0);
        q
    }

    fn preconditioner(&self, strength: f64) -> Preconditioner {
        let labels = self.training.targets.columns as f64;
        let curvature = if self.training.exclusive { (1.0 - 1.0 / labels).max(0.25) / labels } else { 0.25 };
        let mut matrix = self.moments.clone();
        matrix.values.iter_mut().for_each(|x| *x *= curvature);
        let width = matrix.columns;
        for i in 0..width {
            // A little more, so that the factor exists whatever the features are.
            matrix.values[i * width + i] = matrix.values[i * width + i] * (1.0 + 1e-10) + strength;
        }
        Preconditioner { factor: Cholesky::new(matrix), bias: curvature }
    }

    /// The objective and its gradient.
    fn evaluate(&self, strength: f64, x: &Solution) -> (f64, Solution) {
        let Training { features, targets, weights, exclusive } = &self.training;
        let mut residuals = x.logits(features);
        let labels = targets.columns;
        let mut loss = 0.0;
        let rows = residuals.values.chunks_exact_mut(labels.max(1)).zip(targets.values.chunks_exact(labels.max(1)));
        for ((row, target), &weight) in rows.zip(*weights) {
            loss += weight * if *exclusive { softmax_loss(row, target) } else { sigmoid_loss(row, target) };
            row.iter_mut().zip(target).for_each(|(p, y)| *p = weight * (*p - y));
        }
        let mut gradient = Solution::zeros(labels, features.columns);
        gradient.weights.product(Operand::Transposed(&residuals), Operand::Plain(features));
        gradient.weights.add(strength, &x.weights);
        for row in residuals.values.chunks_exact(labels.max(1)) {
            gradient.bias.iter_mut().zip(row).for_each(|(sum, r)| *sum += r);
        }
        (loss + strength / 2.0 * x.weights.dot(&x.weights), gradient)
    }
}

/// A step, the change of the gradient along it, and their product.
struct Pair {
    step: Solution,
    change: Solution,
    curvature: f64,
}

struct Preconditioner {
    factor: Cholesky,
    /// Curvature along a bias.
    bias: f64,
}

impl Preconditioner {
    fn apply(&self, gradient: &mut Solution) {
        self.factor.solve(&mut gradient.weights);
        gradient.bias.iter_mut().for_each(|x| *x /= self.bias);
    }
}

/// Turns logits into probabilities; returns minus the logarithm of that of the target.
pub(crate) fn softmax_loss(logits: &mut [f64], target: &[f64]) -> f64 {
    let peak = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let right = dot(logits, target);
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = libm::exp(*logit - peak);
        sum += *logit;
    }
    logits.iter_mut().for_each(|p| *p /= sum);
    libm::log(sum) + peak - right
}

/// Turns logits into probabilities; returns the sum of the labels' losses.
pub(crate) fn sigmoid_loss(logits: &mut [f64], target: &[f64]) -> f64 {
    let mut loss = 0.0;
    for (logit, y) in logits.iter_mut().zip(target) {
        let x = *logit;
        let e = libm::exp(-x.abs());
        loss += libm::log1p(e) + x.max(0.0) - x * y;
        *logit = if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn problem(exclusive: bool) -> (Matrix, Matrix) {
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
        (features, targets)
    }

    /// At the solution the gradient is zero, and every other point is worse.
    #[test]
    fn the_solution_is_the_minimum() {
        for exclusive in [true, false] {
            let (features, targets) = problem(exclusive);
            let weights = vec![1.0 / 60.0; 60];
            let training = Training { features: &features, targets: &targets, weights: &weights, exclusive };
            let solver = Solver::new(training);
            for strength in [1e-4, 1e-2, 1.0] {
                let (solution, effort) = solver.solve(strength, Solution::zeros(4, 5), 1e-16);
                let (value, gradient) = solver.evaluate(strength, &solution);
                assert!(gradient.dot(&gradient).sqrt() < 1e-7, "{:e}", gradient.dot(&gradient).sqrt());
                assert!(effort.evaluations < 150, "{}", effort.evaluations);
                let mut random = Random(9);
                for _ in 0..20 {
                    let mut other = solution.clone();
                    other.weights.values.iter_mut().chain(&mut other.bias).for_each(|x| *x += 0.01 * random.normal());
                    assert!(solver.evaluate(strength, &other).0 > value);
                }
                // From elsewhere to the same place.
                let mut start = Solution::zeros(4, 5);
                start.weights.values.iter_mut().for_each(|x| *x = random.normal());
                let (again, _) = solver.solve(strength, start, 1e-16);
                let mut difference = again.clone();
                difference.weights.add(-1.0, &solution.weights);
                assert!(difference.weights.dot(&difference.weights) < 1e-8);
            }
        }
    }

    #[test]
    fn gradients_are_derivatives() {
        for exclusive in [true, false] {
            let (features, targets) = problem(exclusive);
            let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 3 + 1) / 120.0).collect();
            let solver = Solver::new(Training { features: &features, targets: &targets, weights: &weights, exclusive });
            let mut random = Random(1);
            let mut x = Solution::zeros(4, 5);
            x.weights.values.iter_mut().chain(&mut x.bias).for_each(|x| *x = 0.1 * random.normal());
            let (_, gradient) = solver.evaluate(0.3, &x);
            for index in 0..20 {
                let value = |shift: f64| {
                    let mut moved = x.clone();
                    moved.weights.values[index] += shift;
                    solver.evaluate(0.3, &moved).0
                };
                let slope = (value(1e-6) - value(-1e-6)) / 2e-6;
                assert!((slope - gradient.weights.values[index]).abs() < 1e-7);
            }
        }
    }
}
