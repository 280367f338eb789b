//! Pooling and strength by cross-validation.
//!
//! The first fold runs all kinds of pooling side by side, from strong penalties to weak ones. A kind ends when a weaker penalty is
//! no better, or when the kind is clearly worse than the best one. The other folds do what was best on the first one, each from
//! nothing: a start from another fold's solution would have seen the rows that are held out. With few rows everything is tried on
//! every fold.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use albert_core::config::Pooling;
use rayon::prelude::*;

use crate::basis::Basis;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::product::Products;
use crate::scale::Scaled;
use crate::solver::{Path, Solution, Training};
use crate::temperature::calibrate;

/// Strengths of the penalty that are tried, from strong to weak. Features have variance 1 on average.
pub(crate) const STRENGTHS: [f64; 9] = [1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4];
/// Tolerance of solutions that are only compared.
const ROUGH: f64 = 1e-3;
/// Tolerance of solutions on the way to another.
const ON_THE_WAY: f64 = 5e-2;
/// Rows of the first fold from which on it decides.
const ENOUGH: usize = 100;
/// Strengths of a kind that are tried before it is compared with others.
const FAIR: usize = 2;
/// Part of the loss that a weaker penalty has to save, so that still weaker ones are tried: they take longest. Of a loss below
/// `SMALL`, that part of `SMALL`.
const WORTH: f64 = 0.01;
const SMALL: f64 = 0.1;
/// Standard errors that the loss of a kind of pooling has to be above that of the best to be dropped.
const CLEARLY: f64 = 3.0;

/// The rows of a problem, without their features.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    /// `[rows][labels]`.
    pub(crate) targets: &'a Matrix<f32>,
    /// How much each row counts; their sum is 1.
    pub(crate) weights: &'a [f64],
    pub(crate) exclusive: bool,
    /// The fold of each row.
    pub(crate) folds: &'a [Option<usize>],
    pub(crate) fold_count: usize,
    pub(crate) products: Products,
}

/// Features of one kind of pooling.
pub(crate) struct Kind {
    pub(crate) pooling: Pooling,
    pub(crate) scaled: Scaled,
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
    pub(crate) logits: Matrix<f32>,
    /// The mean of the folds' solutions, if the first fold decided: near that of all rows.
    pub(crate) solution: Option<Solution<f32>>,
}

/// Rows that are in a fold, in order.
pub(crate) fn held_out(folds: &[Option<usize>]) -> Vec<usize> {
    (0..folds.len()).filter(|&row| folds[row].is_some()).collect()
}

/// Tries poolings and strengths; the best comes first, the others in the order in which they were tried.
///
/// Tasks share no sums: the result does not depend on the number of threads. `done` hears of each kind and fold.
pub(crate) fn select(
    problem: &Problem<'_>,
    kinds: &[Kind],
    strengths: &[f64],
    done: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Vec<Trial>, Error> {
    let total = kinds.len() * problem.fold_count;
    let (finished, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let advance = |folds: usize| {
        if done(finished.fetch_add(folds, Ordering::Relaxed) + folds, total).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
    };
    let mut races = first_fold(problem, kinds, strengths);
    let dropped = races.iter().filter(|race| race.tries.is_empty()).count();
    advance(kinds.len() + dropped * (problem.fold_count - 1));
    let tasks: Vec<(usize, usize)> = (0..kinds.len())
        .filter(|&kind| !races[kind].tries.is_empty())
        .flat_map(|kind| (1..problem.fold_count).map(move |fold| (kind, fold)))
        .collect();
    let run = |&(kind, fold): &(usize, usize)| {
        if stopped.load(Ordering::Relaxed) {
            return Answers::default();
        }
        let fold = Fold::new(problem, &kinds[kind], fold);
        let mut path = fold.path();
        let (way, tries) = strengths[..races[kind].tries.end].split_at(races[kind].tries.start);
        way.iter().for_each(|&strength| path.solve(strength, ON_THE_WAY));
        let logits = tries.iter().map(|&strength| fold.try_strength(&mut path, strength)).collect();
        advance(1);
        Answers { logits, solution: races[kind].solution.is_some().then(|| path.solution().clone()) }
    };
    let mut others: Vec<Answers> = tasks.par_iter().map(run).collect();
    if stopped.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    let held_out = held_out(problem.folds);
    let targets = problem.targets.pick(&held_out);
    let weights: Vec<f64> = held_out.iter().map(|&row| problem.weights[row]).collect();
    let mut untested = Vec::new();
    for (kind, race) in races.iter_mut().enumerate() {
        let solutions = tasks
            .iter()
            .zip(&mut others)
            .filter(|(task, _)| task.0 == kind)
            .filter_map(|(_, other)| other.solution.take());
        let solution = Solution::mean(race.solution.take().into_iter().chain(solutions));
        for (at, strength) in race.tries.clone().enumerate() {
            let of_others = tasks.iter().zip(&others).filter(|(task, _)| task.0 == kind);
            let of_others = of_others.map(|(task, answers)| (task.1, &answers.logits[at]));
            let all = std::iter::once((0, &race.outcomes[strength].logits)).chain(of_others);
            let mut logits = Matrix::zeros(held_out.len(), targets.columns);
            for (fold, part) in all {
                let rows = (0..held_out.len()).filter(|&row| problem.folds[held_out[row]] == Some(fold));
                rows.enumerate().for_each(|(within, row)| logits.row_mut(row).copy_from_slice(part.row(within)));
            }
            let (pooling, strength, solution) = (kinds[kind].pooling, strengths[strength], solution.clone());
            untested.push(Trial { pooling, strength, temperature: 1.0, loss: 0.0, accuracy: 0.0, logits, solution });
        }
    }
    let test = |mut trial: Trial| {
        (trial.temperature, trial.loss) = calibrate(&trial.logits, &targets, &weights, problem.exclusive);
        trial.accuracy = accuracy(&trial.logits, &targets, problem.exclusive);
        trial
    };
    let mut trials: Vec<Trial> = untested.into_par_iter().map(test).collect();
    if let Some(best) = (0..trials.len()).min_by(|&a, &b| trials[a].loss.total_cmp(&trials[b].loss)) {
        trials[..=best].rotate_right(1);
    }
    Ok(trials)
}

/// What one of the other folds gives.
#[derive(Default)]
struct Answers {
    /// For each strength that is tried.
    logits: Vec<Matrix<f32>>,
    /// The last solution, if the first fold decided.
    solution: Option<Solution<f32>>,
}

/// A kind of pooling on the first fold.
struct Race {
    /// For each strength that was tried.
    outcomes: Vec<Outcome>,
    /// The outcome with the least loss.
    best: usize,
    is_running: bool,
    /// The solution of the best outcome, if this fold decides.
    solution: Option<Solution<f32>>,
    /// Strengths that the other folds try; none: the kind is dropped.
    tries: Range<usize>,
}

/// What one strength gives for the held-out rows of the first fold.
struct Outcome {
    logits: Matrix<f32>,
    /// Mean loss at the best temperature.
    loss: f64,
    /// Of each row, weighted.
    losses: Vec<f64>,
}

fn first_fold(problem: &Problem<'_>, kinds: &[Kind], strengths: &[f64]) -> Vec<Race> {
    let folds: Vec<Fold<'_>> = kinds.iter().map(|kind| Fold::new(problem, kind, 0)).collect();
    let mut runners: Vec<_> = folds
        .par_iter()
        .map(|fold| {
            let tries = 0..strengths.len();
            (fold, fold.path(), Race { outcomes: Vec::new(), best: 0, is_running: true, solution: None, tries })
        })
        .collect();
    let may_cut = folds.first().is_some_and(|fold| fold.held.len() >= ENOUGH);
    for (tried, &strength) in (1..).zip(strengths) {
        runners.par_iter_mut().filter(|(_, _, race)| race.is_running).for_each(|(fold, path, race)| {
            let outcome = fold.outcome(fold.try_strength(path, strength));
            let least = race.outcomes.get(race.best).map_or(f64::MAX, |best| best.loss);
            race.is_running = !may_cut || outcome.loss < least - WORTH * least.max(SMALL);
            if outcome.loss < least {
                race.best = race.outcomes.len();
                race.solution = may_cut.then(|| path.solution().clone());
            }
            race.outcomes.push(outcome);
        });
        if may_cut && tried >= FAIR {
            drop_worse(&mut runners.iter_mut().map(|(_, _, race)| race).collect::<Vec<_>>());
        }
    }
    let mut races: Vec<Race> = runners.into_iter().map(|(_, _, race)| race).collect();
    if may_cut {
        let loss = |race: &Race| race.outcomes[race.best].loss;
        let winner = (0..races.len()).min_by(|&a, &b| loss(&races[a]).total_cmp(&loss(&races[b])));
        for (kind, race) in races.iter_mut().enumerate() {
            race.tries = if Some(kind) == winner { race.best..race.best + 1 } else { 0..0 };
        }
    }
    races
}

/// Ends the kinds whose best losses are clearly above the best of all.
fn drop_worse(races: &mut [&mut Race]) {
    let least = races.iter().min_by(|a, b| a.outcomes[a.best].loss.total_cmp(&b.outcomes[b.best].loss));
    let Some(least) = least.map(|race| race.outcomes[race.best].losses.clone()) else { return };
    for race in races {
        let more = || race.outcomes[race.best].losses.iter().zip(&least).map(|(a, b)| a - b);
        let (sum, squares) = more().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let variance = (squares - sum * sum / least.len() as f64).max(0.0);
        if sum > CLEARLY * variance.sqrt() {
            race.is_running = false;
        }
    }
}

/// Rows that are held out, and what is learned from the others.
struct Fold<'a> {
    problem: &'a Problem<'a>,
    basis: &'a Basis,
    held: Vec<usize>,
    train: Rows,
    test: Rows,
}

struct Rows {
    features: Matrix<f32>,
    targets: Matrix<f32>,
    /// Their sum is 1.
    weights: Vec<f64>,
}

impl<'a> Fold<'a> {
    fn new(problem: &'a Problem<'a>, kind: &'a Kind, fold: usize) -> Self {
        let (held, kept): (Vec<usize>, Vec<usize>) =
            (0..problem.folds.len()).partition(|&row| problem.folds[row] == Some(fold));
        let rows = |rows: &[usize]| {
            let sum: f64 = rows.iter().map(|&row| problem.weights[row]).sum();
            let weights = rows.iter().map(|&row| problem.weights[row] / sum).collect();
            Rows { features: kind.scaled.features.pick(rows), targets: problem.targets.pick(rows), weights }
        };
        Self { problem, basis: &kind.scaled.basis, train: rows(&kept), test: rows(&held), held }
    }

    fn path(&self) -> Path<'_, f32> {
        let Rows { features, targets, weights } = &self.train;
        let Problem { exclusive, products, .. } = *self.problem;
        Path::new(Training { features, targets, weights, exclusive, basis: self.basis, products })
    }

    /// Logits of the held-out rows.
    fn try_strength(&self, path: &mut Path<'_, f32>, strength: f64) -> Matrix<f32> {
        path.solve(strength, ROUGH);
        path.solution().logits(&self.test.features, self.problem.products)
    }

    fn outcome(&self, logits: Matrix<f32>) -> Outcome {
        let (Rows { targets, weights, .. }, exclusive) = (&self.test, self.problem.exclusive);
        let (temperature, loss) = calibrate(&logits, targets, weights, exclusive);
        let of_row = |row: usize| {
            let mut scaled: Vec<f32> = logits.row(row).iter().map(|&x| x / temperature as f32).collect();
            weights[row] * crate::loss::loss(exclusive, &mut scaled, targets.row(row))
        };
        let losses = (0..logits.rows).map(of_row).collect();
        Outcome { logits, loss, losses }
    }
}

/// Share of right rows, or of right decisions.
pub(crate) fn accuracy(logits: &Matrix<f32>, targets: &Matrix<f32>, exclusive: bool) -> f64 {
    let labels = logits.columns.max(1);
    let rows = || logits.values.chunks_exact(labels).zip(targets.values.chunks_exact(labels));
    let right = |(logits, target): (&[f32], &[f32])| match exclusive {
        true => f64::from(u8::from(target[best(logits)] == 1.0)),
        false => {
            let agree = logits.iter().zip(target).filter(|&(&logit, &y)| (logit > 0.0) == (y == 1.0));
            agree.count() as f64 / labels as f64
        }
    };
    rows().map(right).sum::<f64>() / (logits.rows.max(1) as f64)
}

/// Index of the largest logit, the first of equals.
pub(crate) fn best<T: PartialOrd>(logits: &[T]) -> usize {
    let better = |best: usize, at: usize| if logits[at] > logits[best] { at } else { best };
    (0..logits.len()).fold(0, better)
}
