//! Temperature scaling (Guo et al., 2017): one number that makes the scores of held-out rows honest.

use crate::loss::{loss as row_loss, sigmoid_loss, softmax_loss};
use crate::matrix::{Matrix, dot};

/// The temperature at which the weighted mean loss of logits is the least, and that loss. From 1/20 to 20.
pub(crate) fn calibrate(logits: &Matrix<f32>, targets: &Matrix<f32>, weights: &[f64], exclusive: bool) -> (f64, f64) {
    // The loss is convex in 1 / temperature: Newton's method within a bracket.
    let (mut low, mut high) = (0.05, 20.0);
    let mut beta: f64 = 1.0;
    for _ in 0..40 {
        let (slope, curvature) = derivatives(logits, targets, weights, exclusive, beta);
        if slope > 0.0 {
            high = beta
        } else {
            low = beta
        }
        let newton = beta - slope / curvature;
        let next = if newton > low && newton < high { newton } else { (low * high).sqrt() };
        let change = (next - beta).abs() / beta;
        beta = next;
        if change < 1e-6 {
            break;
        }
    }
    (1.0 / beta, loss(logits, targets, weights, exclusive, beta))
}

fn rows<'a>(
    logits: &'a Matrix<f32>,
    targets: &'a Matrix<f32>,
    weights: &'a [f64],
) -> impl Iterator<Item = (&'a [f32], &'a [f32], f64)> {
    let labels = logits.columns.max(1);
    let rows = logits.values.chunks_exact(labels).zip(targets.values.chunks_exact(labels)).zip(weights);
    rows.map(|((logits, target), &weight)| (logits, target, weight))
}

/// Weighted mean loss at `1 / beta`.
fn loss(logits: &Matrix<f32>, targets: &Matrix<f32>, weights: &[f64], exclusive: bool, beta: f64) -> f64 {
    let mut scaled = vec![0.0; logits.columns];
    let of_row = |(row, target, weight): (&[f32], &[f32], f64)| {
        scaled.iter_mut().zip(row).for_each(|(to, logit)| *to = logit * beta as f32);
        weight * row_loss(exclusive, &mut scaled, target)
    };
    let sum: f64 = weights.iter().sum();
    rows(logits, targets, weights).map(of_row).sum::<f64>() / sum
}

/// First and second derivative of the loss by beta.
fn derivatives(logits: &Matrix<f32>, targets: &Matrix<f32>, weights: &[f64], exclusive: bool, beta: f64) -> (f64, f64) {
    let (mut first, mut second) = (0.0, 0.0);
    let mut scores = vec![0.0; logits.columns];
    for (row, target, weight) in rows(logits, targets, weights) {
        scores.iter_mut().zip(row).for_each(|(to, logit)| *to = logit * beta as f32);
        if exclusive {
            softmax_loss(&mut scores, target);
            let mean = dot(&scores, row);
            // About the mean, so that large logits do not cancel.
            let spread = |sum: f64, (&p, &z): (&f32, &f32)| sum + f64::from(p) * (f64::from(z) - mean).powi(2);
            first += weight * (mean - dot(target, row));
            second += weight * scores.iter().zip(row).fold(0.0, spread);
        } else {
            sigmoid_loss(&mut scores, target);
            for ((&p, &y), &z) in scores.iter().zip(target).zip(row) {
                let [p, y, z] = [p, y, z].map(f64::from);
                first += weight * (p - y) * z;
                second += weight * p * (1.0 - p) * z * z;
            }
        }
    }
    (first, second.max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Labels drawn from softmax(logits / 2.5).
    #[test]
    fn the_temperature_that_the_labels_were_drawn_at() {
        let (rows, labels) = (20_000, 4);
        let mut random = Random(5);
        let (mut logits, mut targets) = (Matrix::<f32>::zeros(rows, labels), Matrix::zeros(rows, labels));
        for row in 0..rows {
            logits.row_mut(row).iter_mut().for_each(|x| *x = (4.0 * random.normal()) as f32);
            let mut scores: Vec<f64> = logits.row(row).iter().map(|&x| f64::from(x) / 2.5).collect();
            softmax_loss(&mut scores, &[0.0; 4]);
            let mut draw = random.below(1 << 30) as f64 / f64::from(1 << 30);
            let label = scores
                .iter()
                .position(|p| {
                    draw -= p;
                    draw < 0.0
                })
                .unwrap_or(labels - 1);
            targets.row_mut(row)[label] = 1.0;
        }
        let weights = vec![1.0; rows];
        let (temperature, least) = calibrate(&logits, &targets, &weights, true);
        assert!((temperature - 2.5).abs() < 0.06, "{temperature}");
        for other in [temperature * 0.98, temperature * 1.02] {
            assert!(loss(&logits, &targets, &weights, true, 1.0 / other) > least);
        }
    }

    #[test]
    fn perfect_logits_stay_within_bounds() {
        let logits = Matrix { rows: 2, columns: 2, values: vec![9.0, 0.0, 0.0, 9.0] };
        let targets = Matrix { rows: 2, columns: 2, values: vec![1.0, 0.0, 0.0, 1.0] };
        for exclusive in [true, false] {
            let (temperature, _) = calibrate(&logits, &targets, &[1.0; 2], exclusive);
            assert!((0.04..=1.0).contains(&temperature), "{temperature}");
        }
    }
}
