//! Products whose bits are the same on every machine: an element is the sum of its products in their order, each product and each
//! sum rounded. No operation is fused, since not every machine has such; elements beside each other fill the vectors.

use crate::real::Real;
use crate::view::View;
use albert_quant::vectors::widest;

/// Products that are summed up before the sums go back to memory.
const DEPTH: usize = 256;
/// Rows and columns of `c` that are computed together: their sums stay in registers.
const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// `c = a b`, row-major.
pub(crate) fn product<T: Real>(c: &mut [T], a: View<'_, T>, b: View<'_, T>) {
    let columns = b.columns;
    c.fill(T::default());
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for start in (0..a.columns).step_by(DEPTH) {
        let depth = DEPTH.min(a.columns - start);
        pack::<T, ROWS>(&mut of_a, a, start, depth);
        pack::<T, COLUMNS>(&mut of_b, b.transposed(), start, depth);
        widest(
            #[inline(always)]
            || {
                for (column, b) in (0..columns).step_by(COLUMNS).zip(of_b.chunks_exact(depth)) {
                    for (rows, a) in c.chunks_mut(ROWS * columns).zip(of_a.chunks_exact(depth)) {
                        add_tile(rows, columns, column, a, b);
                    }
                }
            },
        );
    }
}

/// Adds the products of two panels to a tile of `c`, whose rows these are.
#[inline(always)]
fn add_tile<T: Real>(rows: &mut [T], stride: usize, column: usize, a: &[[T; ROWS]], b: &[[T; COLUMNS]]) {
    let width = COLUMNS.min(stride - column);
    let mut sums = [[T::default(); COLUMNS]; ROWS];
    for (sums, row) in sums.iter_mut().zip(rows.chunks_exact(stride)) {
        sums[..width].copy_from_slice(&row[column..column + width]);
    }
    for (a, b) in a.iter().zip(b) {
        for (sums, &a) in sums.iter_mut().zip(a) {
            sums.iter_mut().zip(b).for_each(|(sum, &b)| *sum += a * b);
        }
    }
    for (sums, row) in sums.iter().zip(rows.chunks_exact_mut(stride)) {
        row[column..column + width].copy_from_slice(&sums[..width]);
    }
}

/// Some columns of `from` in panels of `N` rows: for each column, the elements of the rows. Rows that are missing are 0.
fn pack<T: Real, const N: usize>(to: &mut Vec<[T; N]>, from: View<'_, T>, start: usize, depth: usize) {
    to.clear();
    to.resize(from.rows.div_ceil(N) * depth, [T::default(); N]);
    let [row_stride, column_stride] = from.strides;
    for (panel, first) in to.chunks_exact_mut(depth).zip((0..from.rows).step_by(N)) {
        let count = N.min(from.rows - first);
        if row_stride == 1 {
            for (elements, column) in panel.iter_mut().zip(start..) {
                let at = column * column_stride + first;
                elements[..count].copy_from_slice(&from.values[at..at + count]);
            }
        } else {
            for row in 0..count {
                let at = (first + row) * row_stride + start;
                let values = &from.values[at..at + depth];
                panel.iter_mut().zip(values).for_each(|(elements, &value)| elements[row] = value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Sums in order, one element after the other.
    fn in_order(a: View<'_, f32>, b: View<'_, f32>) -> Vec<f32> {
        let at = |x: &View<'_, f32>, row: usize, column: usize| x.values[row * x.strides[0] + column * x.strides[1]];
        let element = |row, column| (0..a.columns).fold(0.0, |sum, k| sum + at(&a, row, k) * at(&b, k, column));
        (0..a.rows)
            .flat_map(|row| (0..b.columns).map(move |column| (row, column)))
            .map(|(i, j)| element(i, j))
            .collect()
    }

    #[test]
    fn elements_are_sums_in_order() {
        let mut random = Random(4);
        for [m, k, n] in [[1, 1, 1], [3, 300, 9], [4, 256, 8], [5, 257, 17], [33, 2, 1], [2, 0, 3], [12, 700, 31]] {
            let mut values = |count: usize| (0..count).map(|_| random.normal() as f32).collect::<Vec<_>>();
            let (a, b) = (values(m * k), values(k * n));
            let (upright, lying) = (View::new(m, k, &a), View::new(k, m, &a).transposed());
            let (by, across) = (View::new(k, n, &b), View::new(n, k, &b).transposed());
            for (a, b) in [(upright, by), (upright, across), (lying, by), (lying, across)] {
                let mut c = vec![7.0; m * n];
                product(&mut c, a, b);
                assert_eq!(c, in_order(a, b), "{m} {k} {n}");
            }
        }
    }
}
