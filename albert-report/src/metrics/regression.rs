//! A value a text, or a similarity of two.

use std::borrow::Borrow;

use serde::Serialize;

use super::bootstrap::{Interval, intervals};
use super::correlation::{pearson, spearman};

/// The value of a row, and the model's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Valued {
    /// What the data says.
    pub label: f64,
    /// What the model says.
    pub value: f64,
}

/// Figures of a regression.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Regression {
    /// Rows.
    pub rows: usize,
    /// Pearson's correlation.
    pub pearson: f64,
    /// See [`Interval`].
    pub pearson_interval: Interval,
    /// Spearman's rank correlation.
    pub spearman: f64,
    /// See [`Interval`].
    pub spearman_interval: Interval,
    /// Mean squared error.
    pub mse: f64,
    /// See [`Interval`].
    pub mse_interval: Interval,
    /// Mean absolute error.
    pub mae: f64,
}

/// Figures of similarities, whose scale need not be that of the data.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Similarity {
    /// Rows.
    pub rows: usize,
    /// Spearman's rank correlation.
    pub spearman: f64,
    /// See [`Interval`].
    pub spearman_interval: Interval,
    /// Pearson's correlation.
    pub pearson: f64,
    /// See [`Interval`].
    pub pearson_interval: Interval,
}

/// The figures of rows.
pub fn regression(rows: &[Valued]) -> Regression {
    let [pearson, spearman, mse] = figures(rows);
    let [pearson_interval, spearman_interval, mse_interval] = intervals(rows, |rows| figures(rows));
    let mae = mean(rows.iter().map(|row| (row.label - row.value).abs()), rows.len());
    Regression { rows: rows.len(), pearson, pearson_interval, spearman, spearman_interval, mse, mse_interval, mae }
}

/// The figures of rows.
pub fn similarity(rows: &[Valued]) -> Similarity {
    let Regression { rows, spearman, spearman_interval, pearson, pearson_interval, .. } = regression(rows);
    Similarity { rows, spearman, spearman_interval, pearson, pearson_interval }
}

/// Pearson's and Spearman's correlation, mean squared error.
fn figures(rows: &[impl Borrow<Valued>]) -> [f64; 3] {
    let pairs: Vec<(f64, f64)> = rows.iter().map(Borrow::borrow).map(|row| (row.label, row.value)).collect();
    let squares = pairs.iter().map(|(a, b)| (a - b) * (a - b));
    [pearson(&pairs), spearman(&pairs), mean(squares, pairs.len())]
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / count.max(1) as f64
}
