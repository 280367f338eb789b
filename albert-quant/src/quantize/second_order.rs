//! Second-order rounding (GPTQ: Frantar et al. 2022, arXiv:2210.17323).
//!
//! Rounding a channel's weights w to q costs (w - q)ᵀ H (w - q), H being the Hessian of the linear's inputs. With the
//! Cholesky factor H = L Lᵀ that is Σ_j L_jj² (e_j + Σ_{i>j} e_i L_ij / L_jj)², e = w - q. So columns are rounded from the
//! last to the first, each to the value nearest to `w_j` plus what the errors behind it call for: the same result as
//! updating the remaining weights column by column, without the inverse.

use rayon::prelude::*;

use super::cholesky;
use crate::calibrate::{Hessian, Part};

/// Added to the Hessian's diagonal, as a share of its mean.
const DAMPING: f64 = 0.05;

/// What the errors of later columns add to the earlier ones of one linear.
pub(crate) struct Feedback {
    parts: Vec<PartFeedback>,
}

struct PartFeedback {
    start: usize,
    columns: Vec<Column>,
    /// The damped Hessian, `[width][width]`.
    hessian: Vec<f32>,
}

struct Column {
    /// L_jj².
    curvature: f32,
    /// L_ij / L_jj for the columns i behind this one.
    factors: Vec<f32>,
}

impl Feedback {
    /// `None` when the sample was too small to tell directions apart, or its inputs overflowed: then nearest rounding is as good.
    pub(crate) fn new(hessian: &Hessian) -> Option<Self> {
        let enough = |part: &Part| hessian.samples() >= part.width;
        let parts: Option<Vec<_>> =
            hessian.parts().iter().map(|part| enough(part).then(|| feedback(part)).flatten()).collect();
        Some(Self { parts: parts? })
    }

    /// No column has anything to do with another.
    pub(crate) const fn none() -> Self {
        Self { parts: Vec::new() }
    }

    fn column(&self, column: usize) -> Option<&Column> {
        let part = self.parts.iter().rfind(|part| part.start <= column)?;
        part.columns.get(column - part.start)
    }

    /// Whether it knows of no column at all.
    pub(super) fn is_none(&self) -> bool {
        self.parts.is_empty()
    }

    /// The row of the damped Hessian for a column, and the column that it starts at.
    pub(super) fn row(&self, column: usize) -> (usize, &[f32]) {
        let Some(part) = self.parts.iter().rfind(|part| part.start <= column) else { return (0, &[]) };
        let width = part.columns.len();
        (part.start, part.hessian.get((column - part.start) * width..).map_or(&[], |rows| &rows[..width]))
    }

    /// What the square of what is missed at a column costs.
    pub(super) fn curvature(&self, column: usize) -> f32 {
        self.column(column).map_or(1.0, |column| column.curvature)
    }

    /// What the errors of the columns behind a column add to its target, by column; those that are missing add nothing.
    pub(super) fn factors(&self, column: usize) -> &[f32] {
        self.column(column).map_or(&[], |column| &column.factors)
    }
}

/// `None` when a sum is not finite: no damping would make such a matrix positive definite.
fn feedback(part: &Part) -> Option<PartFeedback> {
    let width = part.width;
    if !part.lower.iter().all(|sum| sum.is_finite()) {
        return None;
    }
    let diagonal = |row: usize| row * (row + 1) / 2 + row;
    let mean = (0..width).map(|row| part.lower[diagonal(row)]).sum::<f64>() / width as f64;
    // Inputs that are always zero leave no curvature: any positive damping makes the errors independent.
    let mut damping = if mean > 0.0 { DAMPING * mean } else { 1.0 };
    let mut factor = vec![0.0; width * width];
    loop {
        factor.par_chunks_exact_mut(width).enumerate().for_each(|(row, out)| {
            out[..=row].copy_from_slice(&part.lower[diagonal(row) - row..=diagonal(row)]);
            out[row] += damping;
        });
        if cholesky::factorize(&mut factor, width) {
            break;
        }
        // Rounding errors made a tiny eigenvalue negative. This ends: a dominant diagonal is positive definite.
        damping *= 10.0;
        if !damping.is_finite() {
            return None;
        }
    }
    let column = |column: usize| {
        let pivot = factor[column * width + column];
        let factors = (column + 1..width).map(|row| (factor[row * width + column] / pivot) as f32).collect();
        Column { curvature: (pivot * pivot) as f32, factors }
    };
    let columns = (0..width).into_par_iter().map(column).collect();
    drop(factor);
    let mut hessian = vec![0.0f32; width * width];
    hessian.par_chunks_exact_mut(width).enumerate().for_each(|(row, out)| {
        for (column, out) in out.iter_mut().enumerate() {
            let damping = if row == column { damping } else { 0.0 };
            *out = (part.lower[diagonal(row.max(column)) - row.abs_diff(column)] + damping) as f32;
        }
    });
    Some(PartFeedback { start: part.start, columns, hessian })
}
