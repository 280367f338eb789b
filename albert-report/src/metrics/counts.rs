//! Right, given and expected answers of labels, and what is made of them.

use serde::Serialize;

/// How often a label is answered correctly, answered, and in the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelCounts {
    /// Number of correct answers with this label.
    pub right: usize,
    /// Number of answers with this label.
    pub answered: usize,
    /// Number of rows that have this label.
    pub expected: usize,
}

/// The figures of a label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelFigures {
    /// Name of the label.
    pub label: String,
    /// How often it is in the data.
    pub rows: usize,
    /// Share of its answers that are correct.
    pub precision: f64,
    /// Share of its rows that are found.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
}

/// A part of a whole; 0 of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl LabelCounts {
    /// Share of the answers that are correct; 0 without answers.
    pub fn precision(&self) -> f64 {
        share(self.right, self.answered)
    }

    /// Share of the rows with this label that are found; 0 without such rows.
    pub fn recall(&self) -> f64 {
        share(self.right, self.expected)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        share(2 * self.right, self.answered + self.expected)
    }

    /// Whether the label is in the data or among the answers.
    pub(super) fn occurs(&self) -> bool {
        self.answered + self.expected > 0
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.answered += other.answered;
        self.expected += other.expected;
    }

    pub(super) fn figures(&self, label: &str) -> LabelFigures {
        let (precision, recall, f1) = (self.precision(), self.recall(), self.f1());
        LabelFigures { label: label.to_owned(), rows: self.expected, precision, recall, f1 }
    }
}

/// F1 of all labels together.
pub(super) fn micro(counts: &[LabelCounts]) -> LabelCounts {
    let mut all = LabelCounts::default();
    counts.iter().for_each(|counts| all.add(counts));
    all
}

/// Mean F1 of labels.
pub(super) fn macro_f1<'c>(counts: impl Iterator<Item = &'c LabelCounts>) -> f64 {
    let (labels, sum) = counts.fold((0, 0.0), |(labels, sum), counts| (labels + 1, sum + counts.f1()));
    if labels == 0 { 0.0 } else { sum / f64::from(labels) }
}

/// Mean F1 of labels, each weighted by how often it is in the data.
pub(super) fn weighted_f1(counts: &[LabelCounts]) -> f64 {
    let rows: usize = counts.iter().map(|counts| counts.expected).sum();
    let sum: f64 = counts.iter().map(|counts| counts.expected as f64 * counts.f1()).sum();
    if rows == 0 { 0.0 } else { sum / rows as f64 }
}
