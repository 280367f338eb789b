//! A value a text, or a similarity of two.

use std::borrow::Borrow;

use serde::Serialize;

use super::bootstrap::{Interval, intervals};
use super::correlation::{pearson, spearman};

/// The right value of a row, and the model's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Valued {
    /// The right value.
    pub label: f64,
    /// The model's value.
    pub value: f64,
}

/// Figures of a regression.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Regression {
    /// Number of rows.
    pub rows: usize,
    /// Pearson's correlation.
    pub pearson: f64,
    /// 95 % interval of `pearson`.
    pub pearson_interval: Interval,
    /// Spearman's rank correlation.
    pub spearman: f64,
    /// 95 % interval of `spearman`.
    pub spearman_interval: Interval,
    /// Mean squared error.
    pub mse: f64,
    /// 95 % interval of `mse`.
    pub mse_interval: Interval,
    /// Mean absolute error.
    pub mae: f64,
}

/// Figures of similarities. Only correlations, because their scale need not be that of the data.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Similarity {
    /// Number of rows.
    pub rows: usize,
    /// Spearman's rank correlation.
    pub spearman: f64,
    /// 95 % interval of `spearman`.
    pub spearman_interval: Interval,
    /// Pearson's correlation.
    pub pearson: f64,
    /// 95 % interval of `pearson`.
    pub pearson_interval: Interval,
}

/// Computes the figures of a regression.
pub fn regression(rows: &[Valued]) -> Regression {
    let [pearson, spearman, mse] = figures(rows);
    let [pearson_interval, spearman_interval, mse_interval] = intervals(rows, |rows| figures(rows));
    let mae = mean(rows.iter().map(|row| (row.label - row.value).abs()), rows.len());
    Regression { rows: rows.len(), pearson, pearson_interval, spearman, spearman_interval, mse, mse_interval, mae }
}

/// Computes the figures of similarities.
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
