//! 16 lanes in two AVX registers.

use super::super::prefetch;
use crate::kernels::math::Float;
use crate::kernels::simd16::lanes::Lanes;
use core::arch::x86_64::*;
use core::ops::{Add, Div, Mul, Sub};

/// Shows that AVX2 is enabled: only [`Avx2Lanes::here`] and a vector can make it.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// 16 lanes: the first eight, the last eight. Made only with a proof of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2Lanes(__m256, __m256);

impl Avx2Lanes {
    /// The proof, where the instructions are enabled.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(crate) fn here() -> Avx2 {
        Avx2(())
    }
}

/// Implements an operator by the intrinsic of its name.
macro_rules! operator {
    ($operator:ident, $function:ident, $intrinsic:ident) => {
        impl $operator for Avx2Lanes {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                // SAFETY: AVX2 is there wherever a proof or a vector is.
                unsafe { Self($intrinsic(self.0, other.0), $intrinsic(self.1, other.1)) }
            }
        }
    };
}

/// Folds the lanes 8+8, 4+4, 2+2, 1+1 by an intrinsic for eight and for four lanes.
macro_rules! fold {
    ($lanes:expr, $eight:ident, $four:ident) => {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe {
            let eight = $eight($lanes.0, $lanes.1);
            let four = $four(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = $four(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32($four(two, _mm_movehdup_ps(two)))
        }
    };
}

operator!(Add, add, _mm256_add_ps);
operator!(Sub, sub, _mm256_sub_ps);
operator!(Mul, mul, _mm256_mul_ps);
operator!(Div, div, _mm256_div_ps);

// `vminps` and `vmaxps` return the second operand unless the first is less, or greater: the selections of the trait.
impl Float for Avx2Lanes {
    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        Self::all(self.proof(), x)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe { Self(_mm256_sqrt_ps(self.0), _mm256_sqrt_ps(self.1)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            Self(_mm256_andnot_ps(sign, self.0), _mm256_andnot_ps(sign, self.1))
        }
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe { Self(_mm256_min_ps(self.0, other.0), _mm256_min_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe { Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe {
            let less = (_mm256_cmp_ps::<_CMP_LT_OQ>(self.0, limit.0), _mm256_cmp_ps::<_CMP_LT_OQ>(self.1, limit.1));
            Self(_mm256_blendv_ps(otherwise.0, then.0, less.0), _mm256_blendv_ps(otherwise.1, then.1, less.1))
        }
    }

    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        Self(add_exponent(self.0, shifted.0), add_exponent(self.1, shifted.1))
    }
}

impl Lanes for Avx2Lanes {
    type Proof = Avx2;
    const FOUR_ROWS: bool = true;

    #[inline(always)]
    fn proof(self) -> Avx2 {
        Avx2(())
    }

    #[inline(always)]
    fn all(_: Avx2, x: f32) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe { Self(_mm256_set1_ps(x), _mm256_set1_ps(x)) }
    }

    #[inline(always)]
    fn fetch(address: *const f32) {
        prefetch::<_MM_HINT_T0>(address.cast());
    }

    #[inline(always)]
    fn load(_: Avx2, x: &[f32; 16]) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is; the array has 16 elements.
        unsafe { Self(_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(x.as_ptr().add(8))) }
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        // SAFETY: AVX2 is there wherever a proof or a vector is; the array has 16 elements.
        unsafe {
            _mm256_storeu_ps(out.as_mut_ptr(), self.0);
            _mm256_storeu_ps(out.as_mut_ptr().add(8), self.1);
        }
    }

    #[inline(always)]
    fn difference(_: Avx2, a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe {
            let ((a0, a1), (b0, b1), factor) = (load_i32(a), load_i32(b), _mm256_set1_epi32(factor));
            let (b0, b1) = (_mm256_mullo_epi32(b0, factor), _mm256_mullo_epi32(b1, factor));
            Self(_mm256_cvtepi32_ps(_mm256_sub_epi32(a0, b0)), _mm256_cvtepi32_ps(_mm256_sub_epi32(a1, b1)))
        }
    }

    #[inline(always)]
    fn plain_difference(_: Avx2, a: &[i32; 16], b: &[i32; 16]) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe {
            let ((a0, a1), (b0, b1)) = (load_i32(a), load_i32(b));
            Self(_mm256_cvtepi32_ps(_mm256_sub_epi32(a0, b0)), _mm256_cvtepi32_ps(_mm256_sub_epi32(a1, b1)))
        }
    }

    #[inline(always)]
    fn store_bytes(self, zero_point: i32, offset: i32, out: &mut [u8; 16]) {
        // SAFETY: AVX2 is there wherever a proof or a vector is; the array has 16 bytes.
        unsafe {
            let zero_point = _mm256_set1_epi32(zero_point);
            let (a, b) = (add_bits(self.0, zero_point), add_bits(self.1, zero_point));
            // Packing saturates, and works within halves of a register; the permutation puts the quarters in order.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b));
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            let bytes = _mm_add_epi8(_mm_max_epi8(bytes, _mm_set1_epi8(-127)), _mm_set1_epi8(offset as i8));
            _mm_storeu_si128(out.as_mut_ptr().cast(), bytes);
        }
    }

    #[inline(always)]
    fn load_part(_: Avx2, x: &[f32], fill: f32) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is; the masks have no more lanes than the slice elements.
        unsafe {
            let ((m0, m1), fill) = (first(x.len()), _mm256_set1_ps(fill));
            let x0 = _mm256_maskload_ps(x.as_ptr(), m0);
            let x1 = _mm256_maskload_ps(x.as_ptr().wrapping_add(8), m1);
            Self(
                _mm256_blendv_ps(fill, x0, _mm256_castsi256_ps(m0)),
                _mm256_blendv_ps(fill, x1, _mm256_castsi256_ps(m1)),
            )
        }
    }

    #[inline(always)]
    fn store_part(self, out: &mut [f32]) {
        // SAFETY: AVX2 is there wherever a proof or a vector is; the masks have no more lanes than the slice elements.
        unsafe {
            let (m0, m1) = first(out.len());
            _mm256_maskstore_ps(out.as_mut_ptr(), m0, self.0);
            _mm256_maskstore_ps(out.as_mut_ptr().wrapping_add(8), m1, self.1);
        }
    }

    #[inline(always)]
    fn store_four(vectors: [Self; 4], zero_point: i32, offset: i32, out: &mut [u8; 64]) {
        let [a, b, c, d] = vectors;
        if let [first, second] = out.as_chunks_mut::<32>().0 {
            store_two(a, b, zero_point, offset, first);
            store_two(c, d, zero_point, offset, second);
        }
    }

    #[inline(always)]
    fn keep_first(self, count: usize, fill: f32) -> Self {
        // SAFETY: AVX2 is there wherever a proof or a vector is.
        unsafe {
            let ((m0, m1), fill) = (first(count), _mm256_set1_ps(fill));
            let keep = |x, mask| _mm256_blendv_ps(fill, x, _mm256_castsi256_ps(mask));
            Self(keep(self.0, m0), keep(self.1, m1))
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        fold!(self, _mm256_add_ps, _mm_add_ps)
    }

    #[inline(always)]
    fn least(self) -> f32 {
        fold!(self, _mm256_min_ps, _mm_min_ps)
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        fold!(self, _mm256_max_ps, _mm_max_ps)
    }
}

/// All ones in the first lanes of 16, `count` or all.
#[inline(always)]
fn first(count: usize) -> (__m256i, __m256i) {
    // SAFETY: called from functions of `Avx2Lanes` only, where AVX2 is enabled.
    unsafe {
        let count = _mm256_set1_epi32(count.min(16) as i32);
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        (_mm256_cmpgt_epi32(count, lanes), _mm256_cmpgt_epi32(count, _mm256_add_epi32(lanes, _mm256_set1_epi32(8))))
    }
}

/// `x` times two to the power in the lowest bits of `shifted`.
#[inline(always)]
fn add_exponent(x: __m256, shifted: __m256) -> __m256 {
    // SAFETY: called from functions of `Avx2Lanes` only, where AVX2 is enabled.
    unsafe {
        let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(shifted));
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent))
    }
}

/// The bits of each lane plus an integer.
#[inline(always)]
fn add_bits(x: __m256, integer: __m256i) -> __m256i {
    // SAFETY: called from functions of `Avx2Lanes` only, where AVX2 is enabled.
    unsafe { _mm256_add_epi32(_mm256_castps_si256(x), integer) }
}

/// [`Lanes::store_bytes`] of two vectors.
#[inline(always)]
fn store_two(a: Avx2Lanes, b: Avx2Lanes, zero_point: i32, offset: i32, out: &mut [u8; 32]) {
    // SAFETY: called from functions of `Avx2Lanes` only, where AVX2 is enabled; the array has 32 bytes.
    unsafe {
        let zero_point = _mm256_set1_epi32(zero_point);
        let (a, b, c, d) = (
            add_bits(a.0, zero_point),
            add_bits(a.1, zero_point),
            add_bits(b.0, zero_point),
            add_bits(b.1, zero_point),
        );
        // Packing saturates, and works within halves of a register; the permutation puts the words in order.
        let bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(-127));
        _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm256_add_epi8(bytes, _mm256_set1_epi8(offset as i8)));
    }
}

/// The lanes of an array of integers.
#[inline(always)]
fn load_i32(x: &[i32; 16]) -> (__m256i, __m256i) {
    // SAFETY: called from functions of `Avx2Lanes` only, where AVX2 is enabled; the array has 16 elements.
    unsafe { (_mm256_loadu_si256(x.as_ptr().cast()), _mm256_loadu_si256(x.as_ptr().add(8).cast())) }
}
