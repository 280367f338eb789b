//! 16 lanes in one AVX-512 register.

use super::math::Float;
use super::vector::Lanes;
use core::arch::x86_64::*;
use core::ops::{Add, Div, Mul, Sub};

/// 16 lanes. Exists only in functions that enable AVX-512 F and DQ.
#[derive(Clone, Copy)]
pub(super) struct Avx512Lanes(__m512);

/// Implements an operator by the intrinsic of its name.
macro_rules! operator {
    ($operator:ident, $function:ident, $intrinsic:ident) => {
        impl $operator for Avx512Lanes {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                // SAFETY: AVX-512 is enabled wherever the type exists.
                unsafe { Self($intrinsic(self.0, other.0)) }
            }
        }
    };
}

operator!(Add, add, _mm512_add_ps);
operator!(Sub, sub, _mm512_sub_ps);
operator!(Mul, mul, _mm512_mul_ps);
operator!(Div, div, _mm512_div_ps);

// `vminps` and `vmaxps` return the second operand unless the first is less, or greater: the selections of the trait.
impl Float for Avx512Lanes {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe { Self(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe { Self(_mm512_sqrt_ps(self.0)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe { Self(_mm512_andnot_ps(_mm512_set1_ps(-0.0), self.0)) }
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe { Self(_mm512_min_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe { Self(_mm512_max_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe {
            let less = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, limit.0);
            Self(_mm512_mask_blend_ps(less, otherwise.0, then.0))
        }
    }

    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted.0));
            Self(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self.0), exponent)))
        }
    }
}

impl Lanes for Avx512Lanes {
    #[inline(always)]
    fn load(x: &[f32; 16]) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists; the array has 16 elements.
        unsafe { Self(_mm512_loadu_ps(x.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        // SAFETY: AVX-512 is enabled wherever the type exists; the array has 16 elements.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn difference(a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists; the arrays have 16 elements.
        unsafe {
            let (a, b) = (_mm512_loadu_epi32(a.as_ptr()), _mm512_loadu_epi32(b.as_ptr()));
            let product = _mm512_mullo_epi32(b, _mm512_set1_epi32(factor));
            Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(a, product)))
        }
    }

    #[inline(always)]
    fn plain_difference(a: &[i32; 16], b: &[i32; 16]) -> Self {
        // SAFETY: AVX-512 is enabled wherever the type exists; the arrays have 16 elements.
        unsafe {
            let (a, b) = (_mm512_loadu_epi32(a.as_ptr()), _mm512_loadu_epi32(b.as_ptr()));
            Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(a, b)))
        }
    }

    #[inline(always)]
    fn store_bytes(self, zero: i32, offset: i32, out: &mut [u8; 16]) {
        // SAFETY: AVX-512 is enabled wherever the type exists; the array has 16 bytes.
        unsafe {
            let x = _mm512_add_epi32(_mm512_castps_si512(self.0), _mm512_set1_epi32(zero));
            let x = _mm512_max_epi32(_mm512_min_epi32(x, _mm512_set1_epi32(127)), _mm512_set1_epi32(-127));
            let bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(x, _mm512_set1_epi32(offset)));
            _mm_storeu_si128(out.as_mut_ptr().cast(), bytes);
        }
    }
}
