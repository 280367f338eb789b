//! 16 lanes in one AVX-512 register.

use super::super::prefetch;
use crate::kernels::math::Float;
use crate::kernels::simd16::lanes::Lanes;
use core::arch::x86_64::*;
use core::ops::{Add, Div, Mul, Sub};

/// Shows that AVX-512 is enabled: only [`Avx512Lanes::here`] and a vector can make it.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// 16 lanes. Made only with a proof of AVX-512.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Lanes(__m512);

impl Avx512Lanes {
    /// The proof, where the instructions are enabled.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    #[inline]
    pub(crate) fn here() -> Avx512 {
        Avx512(())
    }
}

/// Implements an operator by the intrinsic of its name.
macro_rules! operator {
    ($operator:ident, $function:ident, $intrinsic:ident) => {
        impl $operator for Avx512Lanes {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                // SAFETY: AVX-512 is there wherever a proof or a vector is.
                unsafe { Self($intrinsic(self.0, other.0)) }
            }
        }
    };
}

/// Folds the lanes 8+8, 4+4, 2+2, 1+1 by an intrinsic for eight and for four lanes.
macro_rules! fold {
    ($all:expr, $eight:ident, $four:ident) => {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe {
            let eight = $eight(_mm512_castps512_ps256($all), _mm512_extractf32x8_ps::<1>($all));
            let four = $four(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = $four(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32($four(two, _mm_movehdup_ps(two)))
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
    fn splat(self, x: f32) -> Self {
        Self::all(self.proof(), x)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_sqrt_ps(self.0)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_andnot_ps(_mm512_set1_ps(-0.0), self.0)) }
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_min_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_max_ps(self.0, other.0)) }
    }

    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe {
            let less = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, limit.0);
            Self(_mm512_mask_blend_ps(less, otherwise.0, then.0))
        }
    }

    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted.0));
            Self(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self.0), exponent)))
        }
    }
}

impl Lanes for Avx512Lanes {
    type Proof = Avx512;
    const FOUR_ROWS: bool = true;

    #[inline(always)]
    fn proof(self) -> Avx512 {
        Avx512(())
    }

    #[inline(always)]
    fn all(_: Avx512, x: f32) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    fn fetch(address: *const f32) {
        prefetch::<_MM_HINT_T0>(address.cast());
    }

    #[inline(always)]
    fn load(_: Avx512, x: &[f32; 16]) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the array has 16 elements.
        unsafe { Self(_mm512_loadu_ps(x.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the array has 16 elements.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn difference(_: Avx512, a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the arrays have 16 elements.
        unsafe {
            let (a, b) = (_mm512_loadu_epi32(a.as_ptr()), _mm512_loadu_epi32(b.as_ptr()));
            let product = _mm512_mullo_epi32(b, _mm512_set1_epi32(factor));
            Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(a, product)))
        }
    }

    #[inline(always)]
    fn plain_difference(_: Avx512, a: &[i32; 16], b: &[i32; 16]) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the arrays have 16 elements.
        unsafe {
            let (a, b) = (_mm512_loadu_epi32(a.as_ptr()), _mm512_loadu_epi32(b.as_ptr()));
            Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(a, b)))
        }
    }

    #[inline(always)]
    fn store_bytes(self, zero_point: i32, offset: i32, out: &mut [u8; 16]) {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the array has 16 bytes.
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(bytes(self.0, zero_point, offset));
            _mm_storeu_si128(out.as_mut_ptr().cast(), bytes);
        }
    }

    #[inline(always)]
    fn load_part(_: Avx512, x: &[f32], fill: f32) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the mask has no more lanes than the slice elements.
        unsafe { Self(_mm512_mask_loadu_ps(_mm512_set1_ps(fill), first(x.len()), x.as_ptr())) }
    }

    #[inline(always)]
    fn store_part(self, out: &mut [f32]) {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the mask has no more lanes than the slice elements.
        unsafe { _mm512_mask_storeu_ps(out.as_mut_ptr(), first(out.len()), self.0) }
    }

    #[inline(always)]
    fn difference_part(_: Avx512, a: &[i32], b: &[i32], factor: i32) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the masks have no more lanes than the slices elements.
        unsafe {
            let a = _mm512_maskz_loadu_epi32(first(a.len()), a.as_ptr());
            let b = _mm512_maskz_loadu_epi32(first(b.len()), b.as_ptr());
            let product = _mm512_mullo_epi32(b, _mm512_set1_epi32(factor));
            Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(a, product)))
        }
    }

    #[inline(always)]
    fn plain_difference_part(_: Avx512, a: &[i32], b: &[i32]) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the masks have no more lanes than the slices elements.
        unsafe {
            let a = _mm512_maskz_loadu_epi32(first(a.len()), a.as_ptr());
            let b = _mm512_maskz_loadu_epi32(first(b.len()), b.as_ptr());
            Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(a, b)))
        }
    }

    #[inline(always)]
    fn store_bytes_part(self, zero_point: i32, offset: i32, out: &mut [u8]) {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the mask has no more lanes than the slice bytes.
        unsafe {
            _mm512_mask_cvtepi32_storeu_epi8(
                out.as_mut_ptr().cast(),
                first(out.len()),
                bytes(self.0, zero_point, offset),
            )
        }
    }

    #[inline(always)]
    fn keep_first(self, count: usize, fill: f32) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_mask_blend_ps(first(count), _mm512_set1_ps(fill), self.0)) }
    }

    #[inline(always)]
    fn store_four(vectors: [Self; 4], zero_point: i32, offset: i32, out: &mut [u8; 64]) {
        // SAFETY: AVX-512 is there wherever a proof or a vector is; the array has 64 bytes.
        unsafe {
            let ([a, b, c, d], zero_point) = (vectors, _mm512_set1_epi32(zero_point));
            let (a, b) = (add_bits(a, zero_point), add_bits(b, zero_point));
            let (c, d) = (add_bits(c, zero_point), add_bits(d, zero_point));
            // Packing saturates, and works within quarters of a register; the permutation puts them in order.
            let bytes = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
            let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
            let bytes = _mm512_max_epi8(_mm512_permutexvar_epi32(order, bytes), _mm512_set1_epi8(-127));
            let bytes = _mm512_add_epi8(bytes, _mm512_set1_epi8(offset as i8));
            _mm512_storeu_si512(out.as_mut_ptr().cast(), bytes);
        }
    }

    // Against what is not a number `vrangeps` too keeps the other operand.
    #[inline(always)]
    fn abs_greater(self, other: Self) -> Self {
        // SAFETY: AVX-512 is there wherever a proof or a vector is.
        unsafe { Self(_mm512_range_ps::<0b10_11>(self.0, other.0)) }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        fold!(self.0, _mm256_add_ps, _mm_add_ps)
    }

    #[inline(always)]
    fn least(self) -> f32 {
        fold!(self.0, _mm256_min_ps, _mm_min_ps)
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        fold!(self.0, _mm256_max_ps, _mm_max_ps)
    }
}

/// The first lanes of 16, `count` or all.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1_u32 << count.min(16)) - 1) as __mmask16
}

/// The bits of `x` plus `zero_point`, clamped, plus `offset`, as one byte in each lane.
#[inline(always)]
fn bytes(x: __m512, zero_point: i32, offset: i32) -> __m512i {
    // SAFETY: called from functions of `Avx512Lanes` only, where AVX-512 is enabled.
    unsafe {
        let x = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(zero_point));
        let x = _mm512_max_epi32(_mm512_min_epi32(x, _mm512_set1_epi32(127)), _mm512_set1_epi32(-127));
        _mm512_add_epi32(x, _mm512_set1_epi32(offset))
    }
}

/// The bits of each lane plus an integer.
#[inline(always)]
fn add_bits(x: Avx512Lanes, integer: __m512i) -> __m512i {
    // SAFETY: called from functions of `Avx512Lanes` only, where AVX-512 is enabled.
    unsafe { _mm512_add_epi32(_mm512_castps_si512(x.0), integer) }
}
