//! What the held-out rows say about a classifier.

use std::collections::BTreeMap;
use std::fmt;

use albert_core::config::Classifier;
use serde::Serialize;

use crate::examples::Example;
use crate::labels::Labels;
use crate::matrix::Matrix;
use crate::reliability::{Bin, Reliability, reliability};
use crate::selection::{Trial, accuracy, best};
use crate::threshold::scores;

/// Most pairs of confused labels that are shown as text, and most texts of each.
const MOST_PAIRS: usize = 5;
const MOST_TEXTS: usize = 3;

/// How well a classifier does. Every figure is of examples that were held out: the classifier that answered them had not seen them.
/// Shares are fractions from 0 to 1. `Display` prints a summary, [`page`](crate::page()) makes an HTML file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Examples in scope.
    pub examples: usize,
    /// Whether several labels may apply.
    pub multi_label: bool,
    /// Name of the pooling that the classifier reads.
    pub pooling: &'static str,
    /// Strength of the L2 penalty.
    pub strength: f64,
    /// What logits are divided by before they become scores.
    pub temperature: f64,
    /// The score below which an input is out of scope; 0 if there is no such score.
    pub threshold: f64,
    /// Share of right answers; where several labels may apply, of right decisions about a label.
    pub accuracy: f64,
    /// Its standard deviation over the folds.
    pub accuracy_deviation: f64,
    /// Mean of the labels' F1.
    pub macro_f1: f64,
    /// Its standard deviation over the folds.
    pub macro_f1_deviation: f64,
    /// Mean cross-entropy of the scores, in nats.
    pub loss: f64,
    /// Expected calibration error of the best scores: how far scores are from the share that is right, on average.
    pub calibration_error: f64,
    /// The figures of each fold.
    pub folds: Vec<Fold>,
    /// The figures of each label.
    pub labels: Vec<LabelReport>,
    /// How often scores of a size are right, for a reliability diagram.
    pub reliability: Vec<Bin>,
    /// Wrong answers by label and answer, the most frequent first; empty where several labels may apply.
    pub confusions: Vec<Confusion>,
    /// What the threshold does, if there were examples out of scope.
    pub out_of_scope: Option<OutOfScope>,
    /// The choices of pooling and strength that were tried, the best first.
    pub tried: Vec<Tried>,
}

/// The figures of one fold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fold {
    /// Held-out rows.
    pub rows: usize,
    /// Share of right answers.
    pub accuracy: f64,
    /// Mean F1 of the labels that occur.
    pub macro_f1: f64,
}

/// The figures of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelReport {
    /// Its name.
    pub label: String,
    /// Number of its examples.
    pub examples: usize,
    /// Share of the answers with this label that are right.
    pub precision: f64,
    /// Share of the rows with this label that are found.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
}

/// Rows of one label that were answered with another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confusion {
    /// The label.
    pub label: String,
    /// The label that was answered instead.
    pub answer: String,
    /// Number of such rows.
    pub rows: usize,
    /// Some of their texts, 3 at most.
    pub texts: Vec<String>,
}

/// What the threshold does to examples out of scope and in scope.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OutOfScope {
    /// Number of examples out of scope.
    pub examples: usize,
    /// Share of them that is rejected.
    pub rejected: f64,
    /// Share of the held-out rows in scope that is rejected, too.
    pub rejected_in_scope: f64,
}

/// A choice of pooling and strength, and how it does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Name of the pooling.
    pub pooling: &'static str,
    /// Strength of the penalty.
    pub strength: f64,
    /// Mean cross-entropy of held-out rows at the best temperature; the lowest is chosen.
    pub loss: f64,
    /// Share of right answers.
    pub accuracy: f64,
}

/// Held-out rows with the logits that they got.
pub(crate) struct Held<'a> {
    /// Their indices.
    pub(crate) rows: &'a [usize],
    /// Folds of all rows.
    pub(crate) folds: &'a [Option<usize>],
    pub(crate) targets: &'a Matrix<f32>,
    pub(crate) logits: &'a Matrix<f32>,
    pub(crate) examples: &'a [&'a Example],
    /// Logits of rows out of scope.
    pub(crate) outside: &'a Matrix,
}

pub(crate) fn make(
    labels: &Labels,
    classifier: Classifier,
    held: &Held<'_>,
    trials: &[Trial],
    fold_count: usize,
    outside_count: usize,
) -> Report {
    let best_trial = &trials[0];
    let exclusive = labels.exclusive;
    let temperature = f64::from(classifier.temperature);
    let scored = scores(held.logits, temperature, exclusive);
    let threshold = f64::from(classifier.threshold);
    let answers = Answers::new(&scored, held.targets, exclusive, threshold);
    let folds: Vec<Fold> = (0..fold_count)
        .map(|fold| {
            let within: Vec<usize> =
                (0..held.rows.len()).filter(|&at| held.folds[held.rows[at]] == Some(fold)).collect();
            let [logits, targets] = [held.logits, held.targets].map(|matrix| matrix.pick(&within));
            let scored = scored.pick(&within);
            let f1s: Vec<f64> = Answers::new(&scored, &targets, exclusive, threshold).label_f1s().flatten().collect();
            Fold { rows: within.len(), accuracy: accuracy(&logits, &targets, exclusive), macro_f1: mean(&f1s) }
        })
        .collect();
    let accuracies: Vec<f64> = folds.iter().map(|fold| fold.accuracy).collect();
    let fold_f1s: Vec<f64> = folds.iter().map(|fold| fold.macro_f1).collect();
    let all_f1s: Vec<f64> = answers.label_f1s().flatten().collect();
    let Reliability { calibration_error, bins } = reliability(answered(&scored, held.targets, exclusive));
    Report {
        examples: labels.of_rows.len(),
        multi_label: !exclusive,
        pooling: classifier.pooling.name(),
        strength: best_trial.strength,
        temperature: f64::from(classifier.temperature),
        threshold,
        accuracy: best_trial.accuracy,
        accuracy_deviation: deviation(&accuracies),
        macro_f1: mean(&all_f1s),
        macro_f1_deviation: deviation(&fold_f1s),
        loss: best_trial.loss,
        calibration_error,
        folds,
        labels: label_reports(labels, &answers),
        reliability: bins,
        confusions: if exclusive { confusions(labels, held) } else { Vec::new() },
        out_of_scope: (exclusive && threshold > 0.0).then(|| {
            let rejected = |scored: &Matrix| {
                let below = (0..scored.rows).filter(|&row| scored.row(row)[best(scored.row(row))] < threshold).count();
                below as f64 / scored.rows.max(1) as f64
            };
            OutOfScope {
                examples: outside_count,
                rejected: rejected(&scores(held.outside, temperature, exclusive)),
                rejected_in_scope: rejected(&scored),
            }
        }),
        tried: trials
            .iter()
            .map(|trial| Tried {
                pooling: trial.pooling.name(),
                strength: trial.strength,
                loss: trial.loss,
                accuracy: trial.accuracy,
            })
            .collect(),
    }
}

/// Right and wrong answers by label.
struct Answers {
    right: Vec<usize>,
    answered: Vec<usize>,
    present: Vec<usize>,
}

impl Answers {
    fn new(scored: &Matrix, targets: &Matrix<f32>, exclusive: bool, threshold: f64) -> Self {
        let count = scored.columns;
        let mut answers = Self { right: vec![0; count], answered: vec![0; count], present: vec![0; count] };
        for row in 0..scored.rows {
            let (scores, target) = (scored.row(row), targets.row(row));
            let chosen = best(scores);
            for label in 0..count {
                let answered = if exclusive { label == chosen } else { scores[label] >= threshold };
                let present = target[label] == 1.0;
                answers.answered[label] += usize::from(answered);
                answers.present[label] += usize::from(present);
                answers.right[label] += usize::from(answered && present);
            }
        }
        answers
    }

    fn f1(&self, label: usize) -> f64 {
        ratio(2 * self.right[label], self.answered[label] + self.present[label])
    }

    /// F1 of each label that occurs.
    fn label_f1s(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        (0..self.right.len()).map(|label| (self.answered[label] + self.present[label] > 0).then(|| self.f1(label)))
    }
}

fn label_reports(labels: &Labels, answers: &Answers) -> Vec<LabelReport> {
    let counts = labels.counts();
    let report = |(index, label): (usize, &String)| LabelReport {
        label: label.clone(),
        examples: counts[index],
        precision: ratio(answers.right[index], answers.answered[index]),
        recall: ratio(answers.right[index], answers.present[index]),
        f1: answers.f1(index),
    };
    labels.names.iter().enumerate().map(report).collect()
}

/// Best scores (all scores with several labels), and whether they are right.
fn answered(scored: &Matrix, targets: &Matrix<f32>, exclusive: bool) -> Vec<(f64, bool)> {
    let of_row = |row: usize| {
        let (scores, target) = (scored.row(row), targets.row(row));
        let chosen = if exclusive { best(scores)..best(scores) + 1 } else { 0..scores.len() };
        chosen.map(|label| (scores[label], target[label] == 1.0))
    };
    (0..scored.rows).flat_map(of_row).collect()
}

fn confusions(labels: &Labels, held: &Held<'_>) -> Vec<Confusion> {
    let mut pairs: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for (at, &row) in held.rows.iter().enumerate() {
        let answer = best(held.logits.row(at));
        let truth = labels.of_rows[row][0];
        if answer != truth {
            pairs.entry((truth, answer)).or_default().push(&held.examples[row].text);
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(_, texts)| std::cmp::Reverse(texts.len()));
    let confusion = |((truth, answer), texts): ((usize, usize), Vec<&str>)| Confusion {
        label: labels.names[truth].clone(),
        answer: labels.names[answer].clone(),
        rows: texts.len(),
        texts: texts.into_iter().take(MOST_TEXTS).map(str::to_owned).collect(),
    };
    pairs.into_iter().map(confusion).collect()
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole > 0 { part as f64 / whole as f64 } else { 0.0 }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares / values.len().saturating_sub(1).max(1) as f64).sqrt()
}

impl Report {
    /// What the file says about where the classifier comes from.
    pub(crate) fn provenance(&self) -> serde_json::Value {
        serde_json::json!({
            "examples": self.examples,
            "strength": self.strength,
            "held_out_accuracy": self.accuracy,
            "held_out_macro_f1": self.macro_f1,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |x: f64| format!("{:.2} %", 100.0 * x);
        writeln!(f, "{} examples of {} labels, {} folds", self.examples, self.labels.len(), self.folds.len())?;
        writeln!(f, "reads        {} (penalty {})", self.pooling, self.strength)?;
        writeln!(f, "accuracy     {} ± {}", percent(self.accuracy), percent(self.accuracy_deviation))?;
        writeln!(f, "macro-F1     {} ± {}", percent(self.macro_f1), percent(self.macro_f1_deviation))?;
        writeln!(f, "temperature  {:.3} (calibration error {})", self.temperature, percent(self.calibration_error))?;
        if self.threshold > 0.0 {
            writeln!(f, "threshold    {:.3}", self.threshold)?;
        }
        if let Some(scope) = self.out_of_scope {
            let (inside, outside) = (percent(scope.rejected_in_scope), percent(scope.rejected));
            write!(f, "rejected     {inside} of the examples in scope")?;
            writeln!(
                f,
                "{}",
                if scope.examples > 0 {
                    format!(", {outside} of {} out of scope", scope.examples)
                } else {
                    String::new()
                }
            )?;
        }
        if !self.confusions.is_empty() {
            writeln!(f, "most confused:")?;
        }
        for confusion in self.confusions.iter().take(MOST_PAIRS) {
            writeln!(f, "  {:>3} x {} answered as {}", confusion.rows, confusion.label, confusion.answer)?;
            for text in &confusion.texts {
                writeln!(f, "        {}", text.escape_debug())?;
            }
        }
        Ok(())
    }
}
