//! Several labels a text.

use std::borrow::Borrow;

use albert_fit::{Reliability, reliability};
use serde::Serialize;

use super::bootstrap::{Interval, intervals};
use super::counts::{LabelCounts, LabelFigures, macro_f1, micro, share, weighted_f1};

/// The labels of a row and the model's answers. The three lists have one element for each label of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiLabelled {
    /// Whether the row has the label.
    pub labels: Vec<bool>,
    /// Whether the model answers the label.
    pub answers: Vec<bool>,
    /// The model's probability of the label.
    pub scores: Vec<f64>,
}

/// Figures of a classifier with several labels a text. Macro F1 is over all labels of the model.
#[derive(Clone, Debug, Serialize)]
pub struct MultiLabel {
    /// Number of rows.
    pub rows: usize,
    /// Share of rows whose labels are all correct.
    pub accuracy: f64,
    /// 95 % interval of `accuracy`.
    pub accuracy_interval: Interval,
    /// F1 of all labels together.
    pub micro_f1: f64,
    /// 95 % interval of `micro_f1`.
    pub micro_f1_interval: Interval,
    /// Mean F1 of the labels.
    pub macro_f1: f64,
    /// 95 % interval of `macro_f1`.
    pub macro_f1_interval: Interval,
    /// Mean F1 of the labels, weighted by their numbers of rows.
    pub weighted_f1: f64,
    /// Mean F1 of the rows; a row without labels and answers counts as 0.
    pub samples_f1: f64,
    /// Share of all decisions about a label that are wrong.
    pub hamming_loss: f64,
    /// How often labels of a probability are there.
    #[serde(flatten)]
    pub reliability: Reliability,
    /// The figures of all labels, in the model's order.
    pub labels: Vec<LabelFigures>,
}

/// Computes the figures of rows. `names` are those of the labels.
pub fn multi_label(names: &[String], rows: &[MultiLabelled]) -> MultiLabel {
    let [accuracy, micro_f1, macro_f1] = averages(names.len(), rows);
    let [accuracy_interval, micro_f1_interval, macro_f1_interval] = intervals(rows, |rows| averages(names.len(), rows));
    let counts = counts(names.len(), rows);
    let pairs =
        |row: &MultiLabelled| row.labels.iter().zip(&row.answers).filter(|(label, answer)| label != answer).count();
    let of_row = |row: &MultiLabelled| {
        let both = row.labels.iter().zip(&row.answers).filter(|(label, answer)| **label && **answer).count();
        let given = |list: &[bool]| list.iter().filter(|&&given| given).count();
        share(2 * both, given(&row.labels) + given(&row.answers))
    };
    MultiLabel {
        rows: rows.len(),
        accuracy,
        accuracy_interval,
        micro_f1,
        micro_f1_interval,
        macro_f1,
        macro_f1_interval,
        weighted_f1: weighted_f1(&counts),
        samples_f1: rows.iter().map(of_row).sum::<f64>() / rows.len().max(1) as f64,
        hamming_loss: share(rows.iter().map(pairs).sum(), rows.len() * names.len()),
        reliability: reliability(
            rows.iter().flat_map(|row| row.scores.iter().copied().zip(row.labels.iter().copied())),
        ),
        labels: names.iter().zip(&counts).map(|(name, counts)| counts.figures(name)).collect(),
    }
}

fn counts(labels: usize, rows: &[impl Borrow<MultiLabelled>]) -> Vec<LabelCounts> {
    let mut counts = vec![LabelCounts::default(); labels];
    for row in rows.iter().map(Borrow::borrow) {
        for ((counts, &expected), &answered) in counts.iter_mut().zip(&row.labels).zip(&row.answers) {
            counts.expected += usize::from(expected);
            counts.answered += usize::from(answered);
            counts.right += usize::from(expected && answered);
        }
    }
    counts
}

/// Share of rows that are right, micro and macro F1.
fn averages(labels: usize, rows: &[impl Borrow<MultiLabelled>]) -> [f64; 3] {
    let counts = counts(labels, rows);
    let right = rows.iter().map(Borrow::borrow).filter(|row| row.labels == row.answers).count();
    [share(right, rows.len()), micro(&counts).f1(), macro_f1(counts.iter())]
}
