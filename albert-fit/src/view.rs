//! Operands of products.

use std::ops::Range;

/// An operand: a matrix, some of its rows, or either transposed.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Elements from one row to the next, and from one column to the next; one of them is 1.
    pub(crate) strides: [usize; 2],
    pub(crate) values: &'a [T],
}

impl<'a, T> View<'a, T> {
    pub(crate) fn new(rows: usize, columns: usize, values: &'a [T]) -> Self {
        assert_eq!(Some(values.len()), rows.checked_mul(columns), "elements of a matrix");
        Self { rows, columns, strides: [columns, 1], values }
    }

    pub(crate) fn transposed(self) -> Self {
        let [row, column] = self.strides;
        Self { rows: self.columns, columns: self.rows, strides: [column, row], values: self.values }
    }

    /// Some of the rows of a matrix that is not transposed.
    pub(crate) fn of_rows(columns: usize, values: &'a [T], rows: Range<usize>) -> Self {
        Self::new(rows.len(), columns, &values[rows.start * columns..rows.end * columns])
    }
}
