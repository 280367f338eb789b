//! The labels of the rows, as numbers.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::examples::Example;
use crate::matrix::Matrix;

/// Names in alphabetical order, and which rows have them.
pub(crate) struct Labels {
    pub(crate) names: Vec<String>,
    /// Labels of each row, ascending.
    pub(crate) of_rows: Vec<Vec<usize>>,
    /// One label applies, not several.
    pub(crate) exclusive: bool,
}

impl Labels {
    /// Numbers the labels of examples, each with its row. `multi_label`: whether rows may have several; `None` when the rows decide.
    pub(crate) fn new(examples: &[(usize, &Example)], multi_label: Option<bool>) -> Result<Self, Error> {
        let names: Vec<String> = examples
            .iter()
            .flat_map(|(_, example)| &example.labels)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect();
        let several = examples.iter().find(|(_, example)| example.labels.len() != 1);
        let exclusive = !multi_label.unwrap_or(several.is_some());
        if let (Some((row, example)), true) = (several, exclusive) {
            return Err(Error::OneLabel { row: row + 1, found: example.labels.len() });
        }
        if names.len() < if exclusive { 2 } else { 1 } {
            return Err(Error::Labels { found: names.len() });
        }
        let number = |label: &String| names.binary_search(label).unwrap_or(0);
        let of_rows = examples
            .iter()
            .map(|(_, example)| example.labels.iter().map(number).collect::<BTreeSet<_>>().into_iter().collect())
            .collect();
        Ok(Self { names, of_rows, exclusive })
    }

    /// `[rows][labels]`, 1 where a label applies.
    pub(crate) fn targets(&self) -> Matrix<f32> {
        let mut targets = Matrix::zeros(self.of_rows.len(), self.names.len());
        for (row, labels) in self.of_rows.iter().enumerate() {
            labels.iter().for_each(|&label| targets.row_mut(row)[label] = 1.0);
        }
        targets
    }

    /// Examples of each label.
    pub(crate) fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        self.of_rows.iter().flatten().for_each(|&label| counts[label] += 1);
        counts
    }

    /// How much each row counts; their sum is 1. Balanced: all labels count the same.
    pub(crate) fn weights(&self, balanced: bool) -> Vec<f64> {
        let counts = self.counts();
        let weight = |labels: &Vec<usize>| match balanced {
            true => labels.iter().map(|&label| 1.0 / counts[label] as f64).fold(0.0, f64::max).max(f64::MIN_POSITIVE),
            false => 1.0,
        };
        let weights: Vec<f64> = self.of_rows.iter().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }
}
