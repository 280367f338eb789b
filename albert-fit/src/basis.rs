//! A rotation of the features in which their second moments are tridiagonal: there an estimate of the inverse Hessian costs a few
//! operations an element, for every strength of the penalty. The penalty does not change under rotations.
//!
//! Source: Golub and Van Loan, "Matrix Computations" (2013), 8.3.1: tridiagonal form by Householder's reflections.

use crate::matrix::{Matrix, add, dot};
use crate::real::Real;
use albert_quant::vectors::widest;

/// Rows that an inverse is applied to together.
const BESIDE: usize = 8;

/// `moments = rotation tridiagonal rotation^T`.
pub(crate) struct Basis<T = f32> {
    /// Columns are the basis, `[width][width]`.
    pub(crate) rotation: Matrix<T>,
    diagonal: Vec<f64>,
    /// Next to the diagonal; one element less.
    beside: Vec<f64>,
}

impl<T: Real> Basis<T> {
    /// Of a symmetric matrix of second moments.
    pub(crate) fn new(moments: Matrix<T>) -> Self {
        widest(
            #[inline(always)]
            || Self::tridiagonal(moments),
        )
    }

    #[inline(always)]
    fn tridiagonal(mut moments: Matrix<T>) -> Self {
        let n = moments.rows;
        let mut reflections: Vec<Vec<T>> = Vec::with_capacity(n);
        let (mut diagonal, mut beside) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for k in 0..n {
            diagonal.push(moments.row(k)[k].get());
            if k + 1 == n {
                break;
            }
            // I - v v^T takes the rest of the row to a multiple of the first unit vector.
            let mut v = moments.row(k)[k + 1..].to_vec();
            let norm = dot(&v, &v).sqrt();
            let target = if v[0].get() > 0.0 { -norm } else { norm };
            beside.push(target);
            v[0] = T::of(v[0].get() - target);
            let length = dot(&v, &v).sqrt();
            if length > 0.0 {
                let factor = T::of(std::f64::consts::SQRT_2 / length);
                v.iter_mut().for_each(|x| *x = *x * factor);
            }
            // (I - v v^T) A (I - v v^T) = A - v w^T - w v^T.
            let mut w = vec![T::default(); n - k - 1];
            for (w, row) in w.iter_mut().zip(k + 1..n) {
                *w = T::of(dot(&moments.row(row)[k + 1..], &v));
            }
            let half = dot(&w, &v) / 2.0;
            add(&mut w, -half, &v);
            for row in k + 1..n {
                let (v_row, w_row) = (v[row - k - 1], w[row - k - 1]);
                let rest = &mut moments.row_mut(row)[k + 1..];
                rest.iter_mut().zip(&v).zip(&w).for_each(|((x, &v), &w)| *x = *x - (v_row * w + w_row * v));
            }
            reflections.push(v);
        }
        Self { rotation: rotation(n, &reflections), diagonal, beside }
    }

    /// Estimates the inverse of `curvature moments + strength`.
    pub(crate) fn inverse<U: Real>(&self, curvature: f64, strength: f64) -> Inverse<U> {
        let n = self.diagonal.len();
        let (mut reciprocals, mut factors) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut carry = 0.0;
        for (i, moment) in self.diagonal.iter().enumerate() {
            // A little more, so that there is an inverse whatever the features are.
            let element = curvature * moment * (1.0 + 1e-10) + strength;
            let pivot = (element - carry).max(1e-12 * element).max(f64::MIN_POSITIVE);
            let beside = curvature * self.beside.get(i).copied().unwrap_or(0.0);
            carry = beside * beside / pivot;
            reciprocals.push(U::of(1.0 / pivot));
            factors.push(U::of(beside / pivot));
        }
        Inverse { reciprocals, factors }
    }
}

/// The product of the reflections.
#[inline(always)]
fn rotation<T: Real>(n: usize, reflections: &[Vec<T>]) -> Matrix<T> {
    let mut rotation = Matrix::zeros(n, n);
    (0..n).for_each(|i| rotation.row_mut(i)[i] = T::of(1.0));
    let mut products = vec![T::default(); n];
    for (k, v) in reflections.iter().enumerate().rev() {
        let products = &mut products[..v.len()];
        products.fill(T::default());
        for (row, &x) in (k + 1..n).zip(v) {
            add(products, x.get(), &rotation.row(row)[k + 1..]);
        }
        for (row, &x) in (k + 1..n).zip(v) {
            add(&mut rotation.row_mut(row)[k + 1..], -x.get(), products);
        }
    }
    rotation
}

/// An inverse of a tridiagonal matrix, by its LDL^T factors.
pub(crate) struct Inverse<T> {
    reciprocals: Vec<T>,
    factors: Vec<T>,
}

impl<T: Real> Inverse<T> {
    /// Applies it to each row of a matrix, in place. Rows go side by side, since each element waits for the one before it.
    pub(crate) fn apply(&self, rows: &mut [T]) {
        let width = self.factors.len().max(1);
        for rows in rows.chunks_mut(BESIDE * width) {
            let mut rows: Vec<&mut [T]> = rows.chunks_exact_mut(width).collect();
            match <&mut [_; BESIDE]>::try_from(&mut rows[..]) {
                Ok(rows) => self.apply_beside(rows),
                Err(_) => rows.iter_mut().for_each(|row| self.apply_beside(std::array::from_mut(row))),
            }
        }
    }

    fn apply_beside<const N: usize>(&self, rows: &mut [&mut [T]; N]) {
        let (mut before, mut factor) = ([T::default(); N], T::default());
        for (column, &next) in self.factors.iter().enumerate() {
            for (row, before) in rows.iter_mut().zip(&mut before) {
                *before = row[column] - factor * *before;
                row[column] = *before;
            }
            factor = next;
        }
        let mut after = [T::default(); N];
        for (column, (&reciprocal, &factor)) in self.reciprocals.iter().zip(&self.factors).enumerate().rev() {
            for (row, after) in rows.iter_mut().zip(&mut after) {
                *after = row[column] * reciprocal - factor * *after;
                row[column] = *after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::Products;
    use crate::random::Random;

    /// Moments of random rows, fewer than there are columns or more.
    fn moments(rows: usize, n: usize) -> Matrix {
        let mut random = Random(7);
        let mut features = Matrix::zeros(rows, n);
        features.values.iter_mut().enumerate().for_each(|(i, x)| *x = random.normal() * (1 + i % n) as f64);
        let mut moments = Matrix::zeros(n, n);
        Products::Native.product(&mut moments.values, features.view().transposed(), features.view());
        moments
    }

    #[test]
    fn the_rotation_makes_moments_tridiagonal() {
        for (rows, n) in [(30, 12), (4, 12), (0, 5), (3, 1)] {
            let moments = moments(rows, n);
            let scale = moments.values.iter().fold(1.0, |a: f64, &b| a.max(b.abs()));
            let basis = Basis::new(moments.clone());
            let (mut half, mut rotated, mut unit) = (moments.clone(), moments.clone(), moments.clone());
            Products::Native.product(&mut half.values, moments.view(), basis.rotation.view());
            Products::Native.product(&mut rotated.values, basis.rotation.view().transposed(), half.view());
            Products::Native.product(&mut unit.values, basis.rotation.view().transposed(), basis.rotation.view());
            for i in 0..n {
                for j in 0..n {
                    let expected = match i.abs_diff(j) {
                        0 => basis.diagonal[i],
                        1 => basis.beside[i.min(j)],
                        _ => 0.0,
                    };
                    assert!((rotated.row(i)[j] - expected).abs() < 1e-12 * scale, "{i} {j}");
                    assert!((unit.row(i)[j] - f64::from(u8::from(i == j))).abs() < 1e-12, "{i} {j}");
                }
            }
        }
    }

    #[test]
    fn inverses() {
        let basis = Basis::new(moments(30, 12));
        let x: Vec<f64> = (0..12).map(|i| f64::from(i * i % 7) - 3.0).collect();
        let (curvature, strength) = (0.3, 2.0);
        let at = |i: usize| x.get(i).copied().unwrap_or(0.0);
        let b: Vec<f64> = (0..12)
            .map(|i| {
                let below = if i > 0 { basis.beside[i - 1] * at(i - 1) } else { 0.0 };
                let above = basis.beside.get(i).map_or(0.0, |beside| beside * at(i + 1));
                curvature * (basis.diagonal[i] * at(i) + below + above) + strength * at(i)
            })
            .collect();
        let mut rows = [&b[..]; BESIDE + 3].concat();
        basis.inverse(curvature, strength).apply(&mut rows);
        for (found, expected) in rows.iter().zip(x.iter().cycle()) {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
    }
}
