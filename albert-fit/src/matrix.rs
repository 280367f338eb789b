//! Dense matrices in f64, and the few operations that the solver needs. Every result depends on the operands alone, not on
//! threads.

/// Row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) values: Vec<f64>,
}

/// An operand of [`Matrix::product`].
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a> {
    Plain(&'a Matrix),
    Transposed(&'a Matrix),
}

impl Operand<'_> {
    /// Rows, columns, row stride, column stride.
    fn shape(self) -> (usize, usize, isize, isize) {
        match self {
            Self::Plain(matrix) => (matrix.rows, matrix.columns, matrix.columns as isize, 1),
            Self::Transposed(matrix) => (matrix.columns, matrix.rows, 1, matrix.columns as isize),
        }
    }

    fn values(&self) -> &[f64] {
        match self {
            Self::Plain(matrix) | Self::Transposed(matrix) => &matrix.values,
        }
    }
}

impl Matrix {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// `self = a b`.
    #[allow(unsafe_code)]
    pub(crate) fn product(&mut self, a: Operand<'_>, b: Operand<'_>) {
        let ((m, k, rsa, csa), (kb, n, rsb, csb)) = (a.shape(), b.shape());
        assert!(k == kb && m == self.rows && n == self.columns, "shapes of a product agree");
        assert!(a.values().len() == m * k && b.values().len() == k * n && self.values.len() == m * n);
        if m == 0 || n == 0 {
            return;
        }
        let (a, b, rsc) = (a.values().as_ptr(), b.values().as_ptr(), n as isize);
        // SAFETY: the strides are those of matrices of exactly these lengths, as asserted.
        unsafe { matrixmultiply::dgemm(m, k, n, 1.0, a, rsa, csa, b, rsb, csb, 0.0, self.values.as_mut_ptr(), rsc, 1) }
    }

    /// `self += factor other`.
    pub(crate) fn add(&mut self, factor: f64, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(x, y)| *x += factor * y);
    }

    /// The sum of the products of all elements.
    pub(crate) fn dot(&self, other: &Self) -> f64 {
        dot(&self.values, &other.values)
    }
}

/// Eight sums side by side, added up in order.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The Cholesky factor of a positive definite matrix, for solving systems.
pub(crate) struct Cholesky {
    /// Lower triangle; row-major.
    lower: Matrix,
}

impl Cholesky {
    /// Factors a symmetric positive definite matrix.
    pub(crate) fn new(mut matrix: Matrix) -> Self {
        let n = matrix.rows;
        for i in 0..n {
            for j in 0..=i {
                let (before, rest) = matrix.values.split_at_mut(i * n);
                let row_i = &mut rest[..n];
                let row_j: &[f64] = if i == j { &row_i[..j] } else { &before[j * n..j * n + j] };
                let sum = dot(&row_i[..j], row_j);
                row_i[j] = if i == j {
                    // Rounding can leave a little less than nothing.
                    (row_i[j] - sum).max(f64::MIN_POSITIVE).sqrt()
                } else {
                    (row_i[j] - sum) / before[j * n + j]
                };
            }
        }
        Self { lower: matrix }
    }

    /// Solves `A x = b` for each row b of `rows`, in place.
    pub(crate) fn solve(&self, rows: &mut Matrix) {
        let n = self.lower.rows;
        for row in rows.values.chunks_exact_mut(n.max(1)) {
            for i in 0..n {
                let lower = self.lower.row(i);
                row[i] = (row[i] - dot(&lower[..i], &row[..i])) / lower[i];
            }
            for i in (0..n).rev() {
                let lower = self.lower.row(i);
                row[i] /= lower[i];
                let x = row[i];
                row[..i].iter_mut().zip(&lower[..i]).for_each(|(r, l)| *r -= l * x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, values: &[f64]) -> Matrix {
        Matrix { rows, columns, values: values.to_vec() }
    }

    #[test]
    fn products() {
        let (a, b) = (matrix(2, 3, &[1., 2., 3., 4., 5., 6.]), matrix(2, 3, &[1., 0., 1., 2., 1., 0.]));
        let mut c = Matrix::zeros(2, 2);
        c.product(Operand::Plain(&a), Operand::Transposed(&b));
        assert_eq!(c.values, [4., 4., 10., 13.]);
        let mut c = Matrix::zeros(3, 3);
        c.product(Operand::Transposed(&a), Operand::Plain(&b));
        assert_eq!(c.values, [9., 4., 1., 12., 5., 2., 15., 6., 3.]);
    }

    #[test]
    fn systems() {
        let a = matrix(3, 3, &[4., 2., 1., 2., 5., 3., 1., 3., 6.]);
        let x = [[1., -2., 3.], [0.5, 0., -1.]];
        let b: Vec<f64> = x.iter().flat_map(|x| (0..3).map(|i| dot(a.row(i), x)).collect::<Vec<_>>()).collect();
        let mut solved = matrix(2, 3, &b);
        Cholesky::new(a).solve(&mut solved);
        for (found, expected) in solved.values.iter().zip(x.as_flattened()) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
