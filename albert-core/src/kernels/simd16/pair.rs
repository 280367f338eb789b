//! Several vectors that go through the same arithmetic side by side.

use crate::kernels::math::Float;
use core::ops::{Add, Div, Mul, Sub};

/// Two vectors, or two pairs of them, operation by operation: while one waits for its last result, the other goes on.
#[derive(Clone, Copy)]
pub(crate) struct Pair<F>(pub(crate) F, pub(crate) F);

/// Implements operators on both.
macro_rules! operators {
    ($($operator:ident $function:ident,)*) => {
        $(
            impl<F: Float> $operator for Pair<F> {
                type Output = Self;
                #[inline(always)]
                fn $function(self, other: Self) -> Self {
                    Self(self.0.$function(other.0), self.1.$function(other.1))
                }
            }
        )*
    };
}
operators!(Add add, Sub sub, Mul mul, Div div,);

impl<F: Float> Float for Pair<F> {
    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        Self(self.0.splat(x), self.1.splat(x))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt(), self.1.sqrt())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.abs(), self.1.abs())
    }
    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        Self(self.0.lesser(other.0), self.1.lesser(other.1))
    }
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        Self(self.0.greater(other.0), self.1.greater(other.1))
    }
    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        Self(self.0.if_less(limit.0, then.0, otherwise.0), self.1.if_less(limit.1, then.1, otherwise.1))
    }
    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        Self(self.0.add_exponent(shifted.0), self.1.add_exponent(shifted.1))
    }
}
