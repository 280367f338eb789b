//! Cholesky factorization of a large symmetric matrix, in f64, on all threads.

use rayon::prelude::*;

use crate::vectors::widest;

/// Columns that are eliminated at a time.
const BLOCK: usize = 64;
/// Columns that a row is updated with at a time.
const UNROLL: usize = 8;

/// Replaces the lower triangle of a symmetric `[width][width]` matrix by that of its Cholesky factor; the upper triangle is
/// neither read nor written. `false` when the matrix is not positive definite; then the contents mean nothing.
///
/// Every element is computed by one thread in one order: the result does not depend on the number of threads.
pub(super) fn factorize(matrix: &mut [f64], width: usize) -> bool {
    for start in (0..width).step_by(BLOCK) {
        let end = width.min(start + BLOCK);
        let (head, below) = matrix.split_at_mut(end * width);
        let block = &mut head[start * width..];
        if !factorize_block(block, width, start) {
            return false;
        }
        // Rows below: solve against the block, then take the block's columns out of the rest of the row.
        below.par_chunks_exact_mut(width).for_each(|row| solve(&mut row[start..end], block, width, start));
        let panel = transpose(below, width, start..end);
        let rows_below = width - end;
        below.par_chunks_exact_mut(width).enumerate().for_each(|(index, row)| {
            let (done, rest) = row.split_at_mut(end);
            let factors = &done[start..];
            let rest = &mut rest[..=index];
            widest(
                #[inline(always)]
                || {
                    for (factors, panel) in factors.chunks(UNROLL).zip(panel.chunks(UNROLL * rows_below)) {
                        subtract(rest, factors, panel, rows_below);
                    }
                },
            );
        });
    }
    true
}

/// The block's own factor; `block` is its rows, `start` its first column.
fn factorize_block(block: &mut [f64], width: usize, start: usize) -> bool {
    for row in 0..block.len() / width {
        let (done, current) = block.split_at_mut(row * width);
        let current = &mut current[start..=start + row];
        for column in 0..row {
            let other = &done[column * width + start..][..=column];
            let sum = dot(&current[..column], &other[..column]);
            current[column] = (current[column] - sum) / other[column];
        }
        let pivot = current[row] - dot(&current[..row], &current[..row]);
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        current[row] = pivot.sqrt();
    }
    true
}

/// `row = row L⁻ᵀ` for the block's factor L.
fn solve(row: &mut [f64], block: &[f64], width: usize, start: usize) {
    for column in 0..row.len() {
        let other = &block[column * width + start..][..=column];
        row[column] = (row[column] - dot(&row[..column], &other[..column])) / other[column];
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The columns of some rows, one after the other.
fn transpose(rows: &[f64], width: usize, columns: std::ops::Range<usize>) -> Vec<f64> {
    columns.flat_map(|column| rows.iter().skip(column).step_by(width).copied()).collect()
}

/// `row -= Σ factors[i] * panel[i]`, up to 8 columns at once.
#[inline(always)]
fn subtract(row: &mut [f64], factors: &[f64], panel: &[f64], stride: usize) {
    let mut columns = panel.chunks_exact(stride);
    if let [f0, f1, f2, f3, f4, f5, f6, f7] = *factors {
        let mut next = || columns.next().unwrap_or(&[]).iter();
        let columns = next().zip(next()).zip(next().zip(next())).zip(next().zip(next()).zip(next().zip(next())));
        for (x, (((p0, p1), (p2, p3)), ((p4, p5), (p6, p7)))) in row.iter_mut().zip(columns) {
            let low = (f0 * p0 + f1 * p1) + (f2 * p2 + f3 * p3);
            let high = (f4 * p4 + f5 * p5) + (f6 * p6 + f7 * p7);
            *x -= low + high;
        }
    } else {
        for (&factor, column) in factors.iter().zip(columns) {
            row.iter_mut().zip(column).for_each(|(x, p)| *x -= factor * p);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_multiply_to_the_matrix() {
        for width in [1, 2, 7, 64, 65, 71, 150, 200] {
            let value = |row: usize, column: usize| ((row * 31 + column * 17) % 23) as f64 / 11.0 - 1.0;
            let mut matrix = vec![f64::NAN; width * width];
            for row in 0..width {
                for column in 0..=row {
                    let product: f64 = (0..width + 3).map(|k| value(row, k) * value(column, k)).sum();
                    matrix[row * width + column] = product + if row == column { 0.5 } else { 0.0 };
                }
            }
            let original = matrix.clone();
            assert!(factorize(&mut matrix, width));
            for row in 0..width {
                for column in 0..=row {
                    let product = dot(&matrix[row * width..][..=column], &matrix[column * width..][..=column]);
                    let expected = original[row * width + column];
                    assert!((product - expected).abs() < 1e-9 * width as f64, "{width}: {product} {expected}");
                }
            }
        }
    }

    #[test]
    fn indefinite_matrices_are_refused() {
        assert!(!factorize(&mut [1.0, 0.0, 2.0, 1.0], 2));
        assert!(!factorize(&mut [0.0], 1));
        assert!(!factorize(&mut [f64::NAN], 1));
    }
}
