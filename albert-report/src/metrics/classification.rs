//! One label a text.

use std::borrow::Borrow;

use albert_fit::{Reliability, reliability};
use serde::Serialize;

use super::bootstrap::{Interval, intervals};
use super::counts::{LabelCounts, LabelFigures, macro_f1, share, weighted_f1};

/// The label of a row and the model's answer, as indices of labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classified {
    /// The right label.
    pub label: usize,
    /// The model's answer.
    pub answer: usize,
    /// The model's probability of its answer.
    pub score: f64,
}

/// Figures of a classifier. Macro and weighted F1 are over the labels that are in the data or among the answers.
#[derive(Clone, Debug, Serialize)]
pub struct Classification {
    /// Number of rows.
    pub rows: usize,
    /// Share of rows with the right answer.
    pub accuracy: f64,
    /// 95 % interval of `accuracy`.
    pub accuracy_interval: Interval,
    /// Mean F1 of the labels.
    pub macro_f1: f64,
    /// 95 % interval of `macro_f1`.
    pub macro_f1_interval: Interval,
    /// Mean F1 of the labels, weighted by their numbers of rows.
    pub weighted_f1: f64,
    /// 95 % interval of `weighted_f1`.
    pub weighted_f1_interval: Interval,
    /// How often answers of a probability are right.
    #[serde(flatten)]
    pub reliability: Reliability,
    /// The figures of all labels, in the model's order.
    pub labels: Vec<LabelFigures>,
    /// Numbers of rows, `[label][answer]`, in the order of `labels`.
    pub confusion_matrix: Vec<Vec<usize>>,
}

/// Computes the figures of rows. `names` are those of the labels; a label without one is called by its number.
/// ```
/// use albert_report::metrics::{Classified, classification};
///
/// let names = ["music".to_owned(), "light".to_owned()];
/// let row = |label, answer| Classified { label, answer, score: 0.9 };
/// let figures = classification(&names, &[row(0, 0), row(0, 0), row(1, 1), row(1, 0)]);
/// assert_eq!((figures.accuracy, figures.confusion_matrix[1][0]), (0.75, 1));
/// ```
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
