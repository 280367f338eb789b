//! Dense matrices, and the few operations that the solver needs. Every result depends on the operands alone, not on threads.

use std::ops::Range;

use crate::real::Real;
use crate::view::View;

/// Elements that are summed in their own precision before the sums are summed in f64.
const BLOCK: usize = 4096;
const LANES: usize = 32;

/// Row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Matrix<T = f64> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) values: Vec<T>,
}

/// Adds the rows of a matrix to `sums`.
#[inline(always)]
pub(crate) fn add_rows<T: Real>(sums: &mut [T], rows: &[T]) {
    for row in rows.chunks_exact(sums.len().max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x);
    }
}

impl<T: Real> Matrix<T> {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![T::default(); rows * columns] }
    }

    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub(crate) fn view(&self) -> View<'_, T> {
        self.view_rows(0..self.rows)
    }

    pub(crate) fn view_rows(&self, rows: Range<usize>) -> View<'_, T> {
        View::of_rows(self.columns, &self.values, rows)
    }

    /// Some of the rows.
    pub(crate) fn pick(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Self { rows: rows.len(), columns: self.columns, values }
    }

    /// In another precision.
    pub(crate) fn cast<U: Real>(&self) -> Matrix<U> {
        let values = self.values.iter().map(|&x| U::of(x.get())).collect();
        Matrix { rows: self.rows, columns: self.columns, values }
    }
}

/// `to += factor from`.
#[inline(always)]
pub(crate) fn add<T: Real>(to: &mut [T], factor: f64, from: &[T]) {
    let factor = T::of(factor);
    to.iter_mut().zip(from).for_each(|(x, &y)| *x += factor * y);
}

/// The sum of the products of all elements.
#[inline(always)]
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.chunks(BLOCK).zip(b.chunks(BLOCK)).map(|(a, b)| block_dot(a, b).get()).sum()
}

/// Sums side by side, added up in order.
#[inline(always)]
fn block_dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::default(); LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest = rest_a.iter().zip(rest_b).fold(T::default(), |sum, (&x, &y)| sum + x * y);
    sums.into_iter().fold(rest, |sum, x| sum + x)
}

/// All elements by an operation whose order does not matter but for rounding: results side by side, then in order.
#[inline(always)]
pub(crate) fn reduce<T: Real>(values: &[T], start: T, operation: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = operation(lanes[lane], chunk[lane]);
        }
    }
    lanes.iter().chain(rest).fold(start, |result, &x| operation(result, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        let values: Vec<f32> = (0..10_000).map(|x| (x % 17) as f32).collect();
        let expected: f64 = values.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        assert_eq!(dot(&values, &values), expected);
        assert_eq!(reduce(&values, 0.0, |a, b| a + b), values.iter().sum::<f32>());
        assert_eq!(reduce(&values[..13], -1.0, f32::max), 12.0);
    }
}
