//! The score below which an input is out of scope, or a label does not apply.

use crate::loss::loss;
use crate::matrix::Matrix;
use crate::real::Real;
use crate::selection::{Trial, best};

/// Chooses the threshold from held-out rows; 0 when nothing was asked for.
///
/// One label: with rows that are out of scope, the score at which the shares of held-out rows that are answered rightly and of
/// rows out of scope that are rejected are largest together; else the score that `reject` of the held-out rows do not reach.
/// Several labels: the score with the best micro-averaged F1.
pub(crate) fn choose(
    trial: &Trial,
    targets: &Matrix<f32>,
    exclusive: bool,
    outside: &Matrix,
    reject: Option<f64>,
) -> f64 {
    if !exclusive {
        return best_f1(&scores(&trial.logits, trial.temperature, false), targets);
    }
    let inside = scores(&trial.logits, trial.temperature, true);
    let rows = (0..inside.rows).map(|row| {
        let label = best(inside.row(row));
        (inside.row(row)[label], targets.row(row)[label] == 1.0)
    });
    let mut rows: Vec<(f64, bool)> = rows.collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    if outside.rows > 0 {
        let outside = scores(outside, trial.temperature, true);
        let mut out: Vec<f64> = (0..outside.rows).map(|row| outside.row(row)[best(outside.row(row))]).collect();
        out.sort_by(f64::total_cmp);
        return best_split(&rows, &out);
    }
    match reject {
        Some(share) if !rows.is_empty() => {
            let rejected = ((share.clamp(0.0, 1.0) * rows.len() as f64) as usize).min(rows.len() - 1);
            rows[rejected].0
        }
        _ => 0.0,
    }
}

/// Scores of logits at a temperature.
pub(crate) fn scores<T: Real>(logits: &Matrix<T>, temperature: f64, exclusive: bool) -> Matrix {
    let mut scores: Matrix = logits.cast();
    let nothing = vec![0.0; logits.columns];
    for row in scores.values.chunks_exact_mut(logits.columns.max(1)) {
        row.iter_mut().for_each(|logit| *logit /= temperature);
        loss(exclusive, row, &nothing);
    }
    scores
}

/// `inside`: best score and whether it is right, ascending; `outside`: best scores, ascending.
fn best_split(inside: &[(f64, bool)], outside: &[f64]) -> f64 {
    let right = inside.iter().filter(|(_, right)| *right).count();
    let (mut kept, mut best) = (right, (f64::NEG_INFINITY, 0.0));
    let mut rejected = 0;
    // A threshold at each score in turn: everything before it is rejected.
    for &(score, is_right) in inside {
        while rejected < outside.len() && outside[rejected] < score {
            rejected += 1;
        }
        let value = kept as f64 / inside.len() as f64 + rejected as f64 / outside.len() as f64;
        if value > best.0 {
            best = (value, score);
        }
        kept -= usize::from(is_right);
    }
    best.1
}

fn best_f1(scores: &Matrix, targets: &Matrix<f32>) -> f64 {
    let mut pairs: Vec<(f64, bool)> = scores.values.iter().zip(&targets.values).map(|(&s, &y)| (s, y == 1.0)).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = pairs.iter().filter(|(_, y)| *y).count();
    let (mut right, mut best) = (0, (0.0, 0.5));
    for (index, &(score, y)) in pairs.iter().enumerate() {
        right += usize::from(y);
        let next = pairs.get(index + 1).map_or(0.0, |pair| pair.0);
        let f1 = 2.0 * f64::from(right as u32) / (index + 1 + positives) as f64;
        if next < score && f1 > best.0 {
            best = (f1, (score + next) / 2.0);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        let inside = [(0.2, false), (0.3, true), (0.6, true), (0.9, true)];
        assert_eq!(best_split(&inside, &[0.1, 0.25, 0.5]), 0.6);
        assert_eq!(best_split(&inside, &[0.95]), 0.2);
    }

    #[test]
    fn f1() {
        let matrix = |values: &[f64]| Matrix { rows: 1, columns: values.len(), values: values.to_vec() };
        assert!((best_f1(&matrix(&[0.9, 0.8, 0.4, 0.1]), &matrix(&[1., 1., 0., 0.]).cast()) - 0.6).abs() < 1e-12);
    }
}
