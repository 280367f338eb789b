//! Products of matrices, by the CPU's own instructions or in an order that is the same on every machine.

use crate::portable;
use crate::real::Real;
use crate::view::View;

/// How products are formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Products {
    /// By fused operations where the CPU has them: another CPU may round in the last place.
    #[cfg(not(target_family = "wasm"))]
    Native,
    /// The same bits on every machine, and slower.
    Portable,
}

impl Products {
    /// Portable ones, or the fastest of this machine.
    pub(crate) fn new(portable: bool) -> Self {
        #[cfg(not(target_family = "wasm"))]
        if !portable {
            return Self::Native;
        }
        let _ = portable;
        Self::Portable
    }

    /// `c = a b`, row-major.
    pub(crate) fn product<T: Real>(self, c: &mut [T], a: View<'_, T>, b: View<'_, T>) {
        assert!(a.columns == b.rows && c.len() == a.rows * b.columns, "shapes of a product agree");
        if c.is_empty() {
            return;
        }
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Native => native(c, a, b),
            Self::Portable => portable::product(c, a, b),
        }
    }
}

/// By `gemm`.
#[cfg(not(target_family = "wasm"))]
#[allow(unsafe_code)]
fn native<T: Real>(c: &mut [T], a: View<'_, T>, b: View<'_, T>) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let ([rsa, csa], [rsb, csb]) = (a.strides.map(|stride| stride as isize), b.strides.map(|stride| stride as isize));
    let (zero, one) = (T::of(0.0), T::of(1.0));
    let (to, from, by) = (c.as_mut_ptr(), a.values.as_ptr(), b.values.as_ptr());
    let one_thread = gemm::Parallelism::None;
    // SAFETY: a view's strides are those of a matrix of exactly its elements, transposed or not; `c` has m x n elements and is
    // borrowed mutably.
    unsafe {
        gemm::gemm(
            m, n, k, to, 1, n as isize, false, from, csa, rsa, by, csb, rsb, zero, one, false, false, false, one_thread,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_products() {
        for products in [Products::Native, Products::Portable] {
            let a = View::new(2, 3, &[1., 2., 3., 4., 5., 6.]);
            let b = View::new(2, 3, &[1., 0., 1., 2., 1., 0.]);
            let mut c = [0.0; 4];
            products.product(&mut c, a, b.transposed());
            assert_eq!(c, [4., 4., 10., 13.]);
            let mut c = [0.0; 9];
            products.product(&mut c, a.transposed(), b);
            assert_eq!(c, [9., 4., 1., 12., 5., 2., 15., 6., 3.]);
        }
    }
}
