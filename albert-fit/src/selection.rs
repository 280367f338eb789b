//! Pooling and strength by cross-validation.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use albert_core::config::Pooling;
use rayon::prelude::*;

use crate::error::Error;
use crate::features::Features;
use crate::matrix::Matrix;
use crate::scale::Scaler;
use crate::solver::{Solution, Solver, Training};
use crate::temperature::calibrate;

/// Strengths of the penalty that are tried, from strong to weak. Features have variance 1 on average.
pub(crate) const STRENGTHS: [f64; 9] = [1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4];
/// Tolerance of solutions that are only compared.
const ROUGH: f64 = 1e-6;

/// The rows of a problem, without their features.
pub(crate) struct Problem<'a> {
    /// `[rows][labels]`.
    pub(crate) targets: &'a Matrix,
    /// How much each row counts; their sum is 1.
    pub(crate) weights: &'a [f64],
    pub(crate) exclusive: bool,
    /// The fold of each row.
    pub(crate) folds: &'a [Option<usize>],
    pub(crate) fold_count: usize,
}

/// What one choice of pooling and strength gives for held-out rows.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) pooling: Pooling,
    pub(crate) strength: f64,
    pub(crate) temperature: f64,
    /// Mean loss at that temperature.
    pub(crate) loss: f64,
    /// Share of held-out rows whose best label is right; for several labels the share of right decisions.
    pub(crate) accuracy: f64,
    /// Logits of the held-out rows, in the order of [`held_out`].
    pub(crate) logits: Matrix,
}

/// Rows that are in a fold, in order.
pub(crate) fn held_out(folds: &[Option<usize>]) -> Vec<usize> {
    (0..folds.len()).filter(|&row| folds[row].is_some()).collect()
}

/// Some rows of a matrix.
pub(crate) fn pick(matrix: &Matrix, rows: &[usize]) -> Matrix {
    let values = rows.iter().flat_map(|&row| matrix.row(row)).copied().collect();
    Matrix { rows: rows.len(), columns: matrix.columns, values }
}

/// Tries all poolings and strengths; the best comes first, the others in the order in which they were tried.
///
/// Each pooling and fold is one task, and tasks share no sums: the result does not depend on the number of threads.
pub(crate) fn select(
    problem: &Problem<'_>,
    features: &[Features],
    strengths: &[f64],
    threads: usize,
    done: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Vec<Trial>, Error> {
    let held_out = held_out(problem.folds);
    let targets = pick(problem.targets, &held_out);
    let weights: Vec<f64> = held_out.iter().map(|&row| problem.weights[row]).collect();
    let labels = targets.columns;
    let tasks: Vec<(usize, usize)> =
        (0..features.len()).flat_map(|kind| (0..problem.fold_count).map(move |fold| (kind, fold))).collect();
    let (finished, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let of_task = |&(kind, fold): &(usize, usize)| {
        if stopped.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let logits = path(problem, &features[kind], strengths, fold);
        if done(finished.fetch_add(1, Ordering::Relaxed) + 1, tasks.len()).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
        logits
    };
    let paths: Vec<Vec<Matrix>> = crate::pool(threads)?.install(|| tasks.par_iter().map(of_task).collect());
    if stopped.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    let mut logits = vec![vec![Matrix::zeros(held_out.len(), labels); strengths.len()]; features.len()];
    for (&(kind, fold), path) in tasks.iter().zip(&paths) {
        let of_fold = held_out.iter().enumerate().filter(|&(_, &row)| problem.folds[row] == Some(fold));
        for (within, (at, _)) in of_fold.enumerate() {
            for (to, from) in logits[kind].iter_mut().zip(path) {
                to.row_mut(at).copy_from_slice(from.row(within));
            }
        }
    }
    let mut trials = Vec::new();
    for (features, logits) in features.iter().zip(logits) {
        for (&strength, logits) in strengths.iter().zip(logits) {
            let (temperature, loss) = calibrate(&logits, &targets, &weights, problem.exclusive);
            let accuracy = accuracy(&logits, &targets, problem.exclusive);
            trials.push(Trial { pooling: features.pooling, strength, temperature, loss, accuracy, logits });
        }
    }
    if let Some(best) = (0..trials.len()).min_by(|&a, &b| trials[a].loss.total_cmp(&trials[b].loss)) {
        trials[..=best].rotate_right(1);
    }
    Ok(trials)
}

/// Logits of a fold's rows for every strength, each solution the start of the next.
fn path(problem: &Problem<'_>, features: &Features, strengths: &[f64], fold: usize) -> Vec<Matrix> {
    let (held, kept): (Vec<usize>, Vec<usize>) =
        (0..problem.folds.len()).partition(|&row| problem.folds[row] == Some(fold));
    let sum: f64 = kept.iter().map(|&row| problem.weights[row]).sum();
    let weights: Vec<f64> = kept.iter().map(|&row| problem.weights[row] / sum).collect();
    let scaler = Scaler::new(features, &kept);
    let (train, test) = (scaler.apply(features, &kept), scaler.apply(features, &held));
    let targets = pick(problem.targets, &kept);
    let training = Training { features: &train, targets: &targets, weights: &weights, exclusive: problem.exclusive };
    let solver = Solver::new(training);
    let mut solution = Solution::zeros(targets.columns, features.width);
    let mut logits = Vec::with_capacity(strengths.len());
    for &strength in strengths {
        solution = solver.solve(strength, solution, ROUGH).0;
        logits.push(solution.logits(&test));
    }
    logits
}

/// Share of right rows, or of right decisions.
pub(crate) fn accuracy(logits: &Matrix, targets: &Matrix, exclusive: bool) -> f64 {
    let labels = logits.columns.max(1);
    let rows = || logits.values.chunks_exact(labels).zip(targets.values.chunks_exact(labels));
    let right = |(logits, target): (&[f64], &[f64])| match exclusive {
        true => f64::from(u8::from(target[best(logits)] == 1.0)),
        false => {
            let agree = logits.iter().zip(target).filter(|&(&logit, &y)| (logit > 0.0) == (y == 1.0));
            agree.count() as f64 / labels as f64
        }
    };
    rows().map(right).sum::<f64>() / (logits.rows.max(1) as f64)
}

/// Index of the largest logit, the first of equals.
pub(crate) fn best(logits: &[f64]) -> usize {
    let better = |best: usize, at: usize| if logits[at] > logits[best] { at } else { best };
    (0..logits.len()).fold(0, better)
}
