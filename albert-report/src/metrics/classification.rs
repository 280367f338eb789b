//! One label a text.

use std::borrow::Borrow;

use serde::Serialize;

use super::bootstrap::{Interval, intervals};
use super::calibration::{Reliability, reliability};
use super::counts::{LabelCounts, LabelFigures, macro_f1, share, weighted_f1};

/// The label of a row, by its index, and the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classified {
    /// What the data says.
    pub label: usize,
    /// What the model says.
    pub answer: usize,
    /// Probability of the answer.
    pub score: f64,
}

/// Figures of a classifier. Macro and weighted F1 are over the labels that are in the data or among the answers.
#[derive(Clone, Debug, Serialize)]
pub struct Classification {
    /// Rows.
    pub rows: usize,
    /// Share of rows with the right answer.
    pub accuracy: f64,
    /// See [`Interval`].
    pub accuracy_interval: Interval,
    /// Mean F1 of the labels.
    pub macro_f1: f64,
    /// See [`Interval`].
    pub macro_f1_interval: Interval,
    /// Mean F1 of the labels, weighted by their rows.
    pub weighted_f1: f64,
    /// See [`Interval`].
    pub weighted_f1_interval: Interval,
    /// Probabilities of the answers against how often they are right.
    #[serde(flatten)]
    pub reliability: Reliability,
    /// All labels in the model's order, also those without rows.
    pub labels: Vec<LabelFigures>,
    /// `[label][answer]`: rows, in the order of `labels`.
    pub confusion_matrix: Vec<Vec<usize>>,
}

/// The figures of rows. Labels without a name are called by their number.
pub fn classification(names: &[String], rows: &[Classified]) -> Classification {
    let labels = rows.iter().map(|row| row.label.max(row.answer) + 1).fold(names.len(), usize::max);
    let [accuracy, macro_f1, weighted_f1] = averages(labels, rows);
    let [accuracy_interval, macro_f1_interval, weighted_f1_interval] = intervals(rows, |rows| averages(labels, rows));
    let mut confusion_matrix = vec![vec![0; labels]; labels];
    rows.iter().for_each(|row| confusion_matrix[row.label][row.answer] += 1);
    let name = |index: usize| names.get(index).cloned().unwrap_or_else(|| index.to_string());
    Classification {
        rows: rows.len(),
        accuracy,
        accuracy_interval,
        macro_f1,
        macro_f1_interval,
        weighted_f1,
        weighted_f1_interval,
        reliability: reliability(rows.iter().map(|row| (row.score, row.label == row.answer))),
        labels: counts(labels, rows).iter().enumerate().map(|(index, counts)| counts.figures(&name(index))).collect(),
        confusion_matrix,
    }
}

fn counts(labels: usize, rows: &[impl Borrow<Classified>]) -> Vec<LabelCounts> {
    let mut counts = vec![LabelCounts::default(); labels];
    for Classified { label, answer, .. } in rows.iter().map(Borrow::borrow) {
        counts[*label].expected += 1;
        counts[*answer].answered += 1;
        counts[*label].right += usize::from(label == answer);
    }
    counts
}

/// Accuracy, macro and weighted F1.
fn averages(labels: usize, rows: &[impl Borrow<Classified>]) -> [f64; 3] {
    let counts = counts(labels, rows);
    let right = counts.iter().map(|counts| counts.right).sum();
    [share(right, rows.len()), macro_f1(counts.iter().filter(|counts| counts.occurs())), weighted_f1(&counts)]
}
