//! Float products for AVX2 and AVX-512, one tile for both: 6 rows by two registers of channels.
//!
//! Float models promise closeness, not identical bits, so multiplications and additions are fused.

use super::FloatProduct;
use core::arch::x86_64::*;

/// A register of channels. Exists only in functions that enable its instructions.
trait Register: Copy {
    /// Channels in it.
    const CHANNELS: usize;
    /// `x` in every channel.
    fn splat(x: f32) -> Self;
    /// `a * b + c`, rounded once.
    fn multiply_add(a: Self, b: Self, c: Self) -> Self;
    /// Writes the channels.
    ///
    /// # Safety
    /// `to` has room for them.
    unsafe fn store(self, to: *mut f32);
}

impl Register for __m256 {
    const CHANNELS: usize = 8;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: AVX2 is enabled wherever products run on this register.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    fn multiply_add(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: FMA is enabled wherever products run on this register.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm256_storeu_ps(to, self) }
    }
}

impl Register for __m512 {
    const CHANNELS: usize = 16;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: AVX-512 is enabled wherever products run on this register.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn multiply_add(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: AVX-512 is enabled wherever products run on this register.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_ps(to, self) }
    }
}

/// A weight as it is stored, f32 or the bits of an f16, read into a register.
trait Weight<R>: Copy {
    /// As many weights as the register has channels.
    ///
    /// # Safety
    /// That many elements follow, and the register's instructions and the conversion from f16 are enabled.
    unsafe fn load(from: *const Self) -> R;
}

impl Weight<__m256> for f32 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_loadu_ps(from) }
    }
}

impl Weight<__m256> for u16 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) }
    }
}

impl Weight<__m512> for f32 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> __m512 {
        // SAFETY: the caller's promise.
        unsafe { _mm512_loadu_ps(from) }
    }
}

impl Weight<__m512> for u16 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> __m512 {
        // SAFETY: the caller's promise.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn matmul_f32_avx2(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    matmul::<__m256, f32>(size, a, w, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn matmul_f16_avx2(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    matmul::<__m256, u16>(size, a, w, out);
}

#[target_feature(enable = "avx512f")]
pub(super) fn matmul_f32_avx512(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    matmul::<__m512, f32>(size, a, w, out);
}

#[target_feature(enable = "avx512f")]
pub(super) fn matmul_f16_avx512(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    matmul::<__m512, u16>(size, a, w, out);
}

/// The callers enable the instructions of `R`; the sizes fit the slices.
#[inline(always)]
fn matmul<R: Register, W: Weight<R>>(size: &FloatProduct, a: &[f32], w: &[W], out: &mut [f32]) {
    let mut channel = 0;
    while channel < size.blocks * 16 {
        let registers = 2.min((size.blocks * 16 - channel) / R::CHANNELS);
        let mut row = 0;
        while row < size.rows {
            // Rows are split evenly, so that no tile is much smaller than the others.
            let left = size.rows - row;
            let rows = left.div_ceil(left.div_ceil(6));
            // SAFETY: the rows and channels are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_inputs);
                let w = w.as_ptr().add(channel * size.inputs);
                let out = out.as_mut_ptr().add(row * size.row_outputs + channel);
                match (rows, registers) {
                    (6, 2) => tile::<R, W, 6, 2>(size, a, w, out),
                    (5, 2) => tile::<R, W, 5, 2>(size, a, w, out),
                    (4, 2) => tile::<R, W, 4, 2>(size, a, w, out),
                    (3, 2) => tile::<R, W, 3, 2>(size, a, w, out),
                    (2, 2) => tile::<R, W, 2, 2>(size, a, w, out),
                    (_, 2) => tile::<R, W, 1, 2>(size, a, w, out),
                    (6, _) => tile::<R, W, 6, 1>(size, a, w, out),
                    (5, _) => tile::<R, W, 5, 1>(size, a, w, out),
                    (4, _) => tile::<R, W, 4, 1>(size, a, w, out),
                    (3, _) => tile::<R, W, 3, 1>(size, a, w, out),
                    (2, _) => tile::<R, W, 2, 1>(size, a, w, out),
                    _ => tile::<R, W, 1, 1>(size, a, w, out),
                }
            }
            row += rows;
        }
        channel += registers * R::CHANNELS;
    }
}

/// `M` rows by `N` registers, the first at the start of a block.
///
/// # Safety
/// `a` has `M` rows, `w` the blocks of `N` registers and `out` `M` rows of them, with the strides of `size`; the
/// instructions of `R` are enabled.
#[inline(always)]
unsafe fn tile<R: Register, W: Weight<R>, const M: usize, const N: usize>(
    size: &FloatProduct,
    a: *const f32,
    w: *const W,
    out: *mut f32,
) {
    // Two registers are the halves of one block, or two blocks.
    let next = if R::CHANNELS == 16 { size.inputs * 16 } else { R::CHANNELS };
    // SAFETY: the caller's promise; input < size.inputs.
    unsafe {
        let mut sums = [[R::splat(0.0); N]; M];
        for input in 0..size.inputs {
            let mut weights = [R::splat(0.0); N];
            for (n, weights) in weights.iter_mut().enumerate() {
                *weights = W::load(w.add(n * next + input * 16));
            }
            for (m, sums) in sums.iter_mut().enumerate() {
                let a = R::splat(*a.add(m * size.row_inputs + input));
                for (sum, &weights) in sums.iter_mut().zip(&weights) {
                    *sum = R::multiply_add(a, weights, *sum);
                }
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(out.add(m * size.row_outputs + n * R::CHANNELS));
            }
        }
    }
}
