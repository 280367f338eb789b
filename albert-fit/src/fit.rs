//! From examples to a classifier.

use albert_core::Model;
use albert_core::config::{Classifier, Pooling, ProblemType};
use albert_quant::{ClassifierWeights, ModelBytes};
use rayon::prelude::*;

use crate::error::Error;
use crate::examples::Example;
use crate::features::{Features, features};
use crate::folds;
use crate::labels::Labels;
use crate::matrix::Matrix;
use crate::options::Options;
use crate::product::Products;
use crate::progress::{Progress, Stage};
use crate::report::{self, Held, Report};
use crate::scale::Scaled;
use crate::selection::{Kind, Problem, STRENGTHS, Trial, held_out, select};
use crate::solver::{Path, Solution, Training};
use crate::threshold;

/// Gain relative to the objective below which the final solution has converged.
const TOLERANCE: f64 = 1e-5;

/// A classifier for an encoder: a linear head, and the report of how well it does. Made by [`fit`].
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Names of the labels, in the order of the logits.
    pub labels: Vec<String>,
    /// What the head reads (pooling), and how its logits become scores (temperature, threshold).
    pub classifier: Classifier,
    /// Weights, `[labels][width]`, where width is the encoder's hidden size.
    pub weights: Vec<f32>,
    /// Biases, `[labels]`.
    pub bias: Vec<f32>,
    /// How well it does on held-out examples.
    pub report: Report,
}

/// Fits a classifier on an encoder, which stays as it is. If `encoder` has a head, it is ignored.
///
/// Options that are not given are chosen by cross-validation: each example is held out once, and what does best on held-out
/// examples is fitted on all of them.
///
/// # Errors
/// What is wrong with options or examples ([`Error::Option`], [`Error::Labels`], [`Error::OneLabel`], [`Error::TooFew`],
/// [`Error::OutOfScope`]) is said before the encoder runs. Then those of [`features`](features()); [`Error::Stopped`].
pub fn fit(encoder: &Model<'_>, examples: &[Example], options: &Options<'_>) -> Result<Fitted, Error> {
    // What is wrong with the options or the rows is said before the long part.
    Rows::new(examples, options)?;
    let bytes = albert_quant::without_head(encoder);
    let encoder = Model::from_bytes(&bytes).map_err(Error::Format)?;
    let poolings = poolings(&encoder, options);
    let progress = |done| (options.progress)(Progress { stage: Stage::Features, done, total: examples.len() });
    let features = features(&encoder, examples, &poolings, options.max_tokens, options.threads, &progress)?;
    fit_features(&features, examples, options)
}

/// As [`fit`], on [`features`](features()) of the examples that are there already, for one or several kinds of pooling.
///
/// # Errors
/// As [`fit`], without those of the encoder.
///
/// # Panics
/// When there are no features, or not one vector for each example.
pub fn fit_features(features: &[Features], examples: &[Example], options: &Options<'_>) -> Result<Fitted, Error> {
    assert!(features.iter().all(|features| features.values.len() == examples.len() * features.width));
    let Rows { inside, outside, labels, fold_count } = Rows::new(examples, options)?;
    let (targets, weights) = (labels.targets(), labels.weights(options.balanced));
    let folds = folds::assign(&labels.of_rows, labels.names.len(), fold_count, options.seed);
    let exclusive = labels.exclusive;
    let products = Products::new(options.portable);
    let problem = Problem { targets: &targets, weights: &weights, exclusive, folds: &folds, fold_count, products };
    let (trials, solution) = crate::threads::run(options.threads, || solve(&problem, features, &inside, options))??;
    let best = &trials[0];
    let chosen = features.iter().position(|features| features.pooling == best.pooling).unwrap_or(0);
    let outside_logits = solution.logits(&features[chosen].pick(&outside).widen(), products);
    let held = held_out(&folds);
    let held_targets = targets.pick(&held);
    let threshold = threshold::choose(best, &held_targets, exclusive, &outside_logits, options.reject);
    let classifier = Classifier {
        num_labels: labels.names.len() as u32,
        problem_type: if exclusive { ProblemType::SingleLabel } else { ProblemType::MultiLabel },
        pooling: best.pooling,
        temperature: best.temperature as f32,
        threshold: threshold as f32,
    };
    let scope: Vec<&Example> = inside.iter().map(|&row| &examples[row]).collect();
    let held = Held {
        rows: &held,
        folds: &folds,
        targets: &held_targets,
        logits: &best.logits,
        examples: &scope,
        outside: &outside_logits,
    };
    let report = report::make(&labels, classifier, &held, &trials, fold_count, outside.len());
    Ok(Fitted {
        weights: solution.weights.values.iter().map(|&w| w as f32).collect(),
        bias: solution.bias.iter().map(|&b| b as f32).collect(),
        labels: labels.names,
        classifier,
        report,
    })
}

/// What was tried, the best first, and the solution of that for the features as they are.
fn solve(
    problem: &Problem<'_>,
    features: &[Features],
    inside: &[usize],
    options: &Options<'_>,
) -> Result<(Vec<Trial>, Solution), Error> {
    let kind = |features: &Features| {
        let scaled = Scaled::new(&features.pick(inside), problem.weights, problem.products);
        Kind { pooling: features.pooling, scaled }
    };
    let kinds: Vec<Kind> = features.par_iter().map(kind).collect();
    let strengths = options.strength.map_or(STRENGTHS.to_vec(), |strength| vec![strength]);
    let progress = |done, total| (options.progress)(Progress { stage: Stage::Folds, done, total });
    let trials = select(problem, &kinds, &strengths, &progress)?;
    let best = &trials[0];
    let chosen = kinds.iter().position(|kind| kind.pooling == best.pooling).unwrap_or(0);
    let scaled = &kinds[chosen].scaled;
    let training = training(problem, scaled, &scaled.features, problem.targets);
    let mut narrow = match &best.solution {
        Some(start) => Path::from(training, best.strength, start.clone()),
        None => Path::new(training),
    };
    narrow.solve(best.strength, TOLERANCE);
    let (exact, targets) = (scaled.exact(&features[chosen].pick(inside)), problem.targets.cast());
    let mut wide = narrow.cast(self::training(problem, scaled, &exact, &targets));
    wide.solve(best.strength, TOLERANCE);
    let solution = scaled.unscale(wide.solution());
    Ok((trials, solution))
}

/// All rows.
fn training<'a, T>(
    problem: &Problem<'a>,
    scaled: &'a Scaled,
    features: &'a Matrix<T>,
    targets: &'a Matrix<T>,
) -> Training<'a, T> {
    let Problem { weights, exclusive, products, .. } = *problem;
    Training { features, targets, weights, exclusive, basis: &scaled.basis, products }
}

/// The examples, sorted out.
struct Rows {
    /// Those in scope.
    inside: Vec<usize>,
    /// Those out of scope.
    outside: Vec<usize>,
    labels: Labels,
    fold_count: usize,
}

impl Rows {
    fn new(examples: &[Example], options: &Options<'_>) -> Result<Self, Error> {
        options.check()?;
        let is_outside =
            |row: &usize| options.out_of_scope.as_ref().is_some_and(|label| examples[*row].labels.contains(label));
        let (outside, inside): (Vec<usize>, Vec<usize>) = (0..examples.len()).partition(is_outside);
        if let (Some(label), true) = (&options.out_of_scope, outside.is_empty()) {
            return Err(Error::OutOfScope(label.clone()));
        }
        let scope: Vec<(usize, &Example)> = inside.iter().map(|&row| (row, &examples[row])).collect();
        let labels = Labels::new(&scope, options.multi_label)?;
        let fold_count = fold_count(&labels, options.folds)?;
        Ok(Self { inside, outside, labels, fold_count })
    }
}

impl Fitted {
    /// Index of the label with the highest logit for a vector of [`Features`], `[width]`. The arithmetic is that of
    /// [`HeadStorage::F32`] but for rounding.
    pub fn best(&self, features: &[f32]) -> usize {
        let width = features.len().max(1);
        let logit = |(weights, &bias): (&[f32], &f32)| {
            weights.iter().zip(features).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum::<f64>() + f64::from(bias)
        };
        let logits: Vec<f64> = self.weights.chunks_exact(width).zip(&self.bias).map(logit).collect();
        crate::selection::best(&logits)
    }

    /// The bytes of a model file: the encoder with this classifier in place of its head.
    ///
    /// # Errors
    /// [`Error::Attach`] when the classifier was fitted on another encoder.
    pub fn model(&self, encoder: &Model<'_>, storage: HeadStorage) -> Result<ModelBytes, Error> {
        Ok(albert_quant::attach(encoder, &self.weights_for(storage))?)
    }

    /// The bytes of a head file: the classifier alone, for devices that have the encoder.
    ///
    /// # Errors
    /// As [`Fitted::model`].
    pub fn head_file(&self, encoder: &Model<'_>, storage: HeadStorage) -> Result<ModelBytes, Error> {
        Ok(albert_quant::head_file(encoder, &self.weights_for(storage))?)
    }

    fn weights_for(&self, storage: HeadStorage) -> ClassifierWeights<'_> {
        ClassifierWeights {
            classifier: self.classifier,
            labels: &self.labels,
            weights: &self.weights,
            bias: &self.bias,
            int8: storage == HeadStorage::Int8,
            provenance: self.report.provenance(),
        }
    }
}

/// What a classifier's weights are stored in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadStorage {
    /// int8, with a scale for each label. Logits are the same bits on every machine.
    #[default]
    Int8,
    /// f32, about four times as large.
    F32,
}

/// Kinds of pooling to try.
fn poolings(encoder: &Model<'_>, options: &Options<'_>) -> Vec<Pooling> {
    match options.pooling {
        Some(pooling) => vec![pooling],
        None if encoder.config().pooler => vec![Pooling::Mean, Pooling::FirstToken, Pooling::Pooler],
        None => vec![Pooling::Mean, Pooling::FirstToken],
    }
}

/// As many folds as asked for, but no more than the most frequent label has examples.
fn fold_count(labels: &Labels, asked: usize) -> Result<usize, Error> {
    let most = labels.counts().into_iter().max().unwrap_or(0);
    if most < 2 { Err(Error::TooFew) } else { Ok(asked.clamp(2, most)) }
}
