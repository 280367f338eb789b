//! Float products for AVX2 and AVX-512, one tile for both: 6 or 12 rows by two registers of channels.
//!
//! Float models promise closeness, not identical bits, so multiplications and additions are fused.

use crate::kernels::FloatProduct;
use core::arch::asm;
use core::arch::x86_64::*;

/// A register of channels.
trait Register: Copy {
    /// Channels in it.
    const CHANNELS: usize;
    /// Most rows of a tile: with two registers of weights and a broadcast, as many sums as there are registers.
    const ROWS: usize;
    /// `x` in every channel.
    ///
    /// # Safety
    /// The register's instructions are enabled.
    unsafe fn splat(x: f32) -> Self;
    /// `a * b + c`, rounded once.
    ///
    /// # Safety
    /// The register's instructions are enabled.
    unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self;
    /// Writes the channels.
    ///
    /// # Safety
    /// `to` has room for them, and the register's instructions are enabled.
    unsafe fn store(self, to: *mut f32);
}

impl Register for __m256 {
    const CHANNELS: usize = 8;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: the caller's promise.
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
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Self, b: Self, c: Self) -> Self {
        // SAFETY: the caller's promise.
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
pub(crate) fn matmul_f32_avx2(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    matmul::<__m256, f32>(size, a, w, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn matmul_f16_avx2(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    matmul::<__m256, u16>(size, a, w, out);
}

#[target_feature(enable = "avx512f")]
pub(crate) fn matmul_f32_avx512(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    matmul::<__m512, f32>(size, a, w, out);
}

#[target_feature(enable = "avx512f")]
pub(crate) fn matmul_f16_avx512(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    matmul::<__m512, u16>(size, a, w, out);
}

/// Calls the tile with the constants that equal `$rows` and `$registers`.
macro_rules! tile_of {
    ($rows:ident, $registers:ident in [$(($r:literal, $n:literal))*], $arguments:tt) => {
        match ($rows, $registers) {
            $(($r, $n) => tile::<R, W, $r, $n> $arguments,)*
            _ => {}
        }
    };
}

/// The callers enable the instructions of `R`; the sizes fit the slices.
#[inline(always)]
fn matmul<R: Register, W: Weight<R>>(size: &FloatProduct, a: &[f32], w: &[W], out: &mut [f32]) {
    let passes = size.rows.div_ceil(R::ROWS);
    let channels = size.panels * 16;
    let mut channel = 0;
    while channel < channels {
        let registers = 2.min((channels - channel) / R::CHANNELS);
        let mut row = 0;
        for pass in 0..passes {
            // Rows are split evenly, so that no tile is much smaller than the others.
            let rows = (size.rows - row).div_ceil(passes - pass);
            // The first two passes fetch the panels that come next. A lone pass is bound by memory as it is.
            let next = registers * R::CHANNELS + pass * 16;
            let ahead = if passes > 1 && pass < 2 { next * size.inputs * size_of::<W>() } else { 0 };
            // SAFETY: the rows and channels are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_inputs);
                let w = w.as_ptr().add(channel * size.inputs);
                let out = out.as_mut_ptr().add(row * size.row_outputs + channel);
                tile_of!(rows, registers in [
                    (1, 1) (2, 1) (3, 1) (4, 1) (5, 1) (6, 1) (7, 1) (8, 1) (9, 1) (10, 1) (11, 1) (12, 1)
                    (1, 2) (2, 2) (3, 2) (4, 2) (5, 2) (6, 2) (7, 2) (8, 2) (9, 2) (10, 2) (11, 2) (12, 2)
                ], (size, a, w, out, ahead));
            }
            row += rows;
        }
        channel += registers * R::CHANNELS;
    }
}

/// What a tile reads, moving on as it multiplies.
struct Operands<W> {
    /// Rows 0, 3, 6 and 9 of the activations.
    ///
    /// As in the integer products, rows are addressed as 0, 1 and 2 strides from every third row, and the compiler is kept
    /// from seeing through those pointers: it would spend an addition on each row, on a port that the products need.
    thirds: [*const f32; 4],
    stride: usize,
    w: *const W,
    /// Elements from one register's weights to the next one's.
    next: usize,
    /// Bytes from the weights to what is fetched into the second-level cache.
    ahead: usize,
}

impl<W: Copy> Operands<W> {
    /// Adds the products of the `AT`th input from here.
    ///
    /// # Safety
    /// The input is one of the operands', which have `M` rows and `N` registers; the instructions of `R` are enabled.
    #[inline(always)]
    unsafe fn multiply<R: Register, const M: usize, const N: usize, const AT: usize>(&self, sums: &mut [[R; N]; M])
    where
        W: Weight<R>,
    {
        // SAFETY: the caller's promise; a prefetch may name any address.
        unsafe {
            let mut weights = [R::splat(0.0); N];
            for (n, weights) in weights.iter_mut().enumerate() {
                *weights = W::load(self.w.add(n * self.next + AT * 16));
            }
            asm!(
                "prefetcht1 [{} + {} + {offset}]",
                in(reg) self.w,
                in(reg) self.ahead,
                offset = const AT * 16 * size_of::<W>(),
                options(nostack, preserves_flags, readonly)
            );
            for (m, sums) in sums.iter_mut().enumerate() {
                let a = R::splat(*self.thirds[m / 3].wrapping_add(m % 3 * self.stride + AT));
                for (sum, &weights) in sums.iter_mut().zip(&weights) {
                    *sum = R::multiply_add(a, weights, *sum);
                }
            }
        }
    }

    /// Goes on by some inputs, with `rows` rows.
    #[inline(always)]
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "the block only hides where the pointer comes from")]
    fn advance(&mut self, inputs: usize, rows: usize) {
        self.w = self.w.wrapping_add(16 * inputs);
        for third in self.thirds.iter_mut().take(rows.div_ceil(3)) {
            *third = third.wrapping_add(inputs);
            // SAFETY: there is no instruction.
            unsafe { asm!("/* {} */", inout(reg) * third, options(pure, nomem, nostack, preserves_flags)) };
        }
    }
}

/// `M` rows by `N` registers, the first at the start of a panel; fetches the weights that lie `ahead` bytes after these into
/// the second-level cache.
///
/// # Safety
/// `a` has `M` rows, `w` the panels of `N` registers and `out` `M` rows of them, with the strides of `size`; the
/// instructions of `R` are enabled.
#[inline(always)]
unsafe fn tile<R: Register, W: Weight<R>, const M: usize, const N: usize>(
    size: &FloatProduct,
    a: *const f32,
    w: *const W,
    out: *mut f32,
    ahead: usize,
) {
    // Two registers are the halves of one panel, or two panels.
    let next = if R::CHANNELS == 16 { size.inputs * 16 } else { R::CHANNELS };
    let stride = size.row_inputs;
    let thirds = [0, 3, 6, 9].map(|row| a.wrapping_add(row * stride));
    let mut operands = Operands { thirds, stride, w, next, ahead };
    // SAFETY: the caller's promise.
    let mut sums = [[unsafe { R::splat(0.0) }; N]; M];
    // SAFETY: the caller's promise, for one input after another.
    unsafe {
        // Four inputs share the additions to the pointers. With 16 registers, or with f16 to widen, the compiler would spill.
        let shared = R::CHANNELS == 16 && size_of::<W>() == 4;
        let fours = if shared { size.inputs / 4 } else { 0 };
        for _ in 0..fours {
            operands.multiply::<R, M, N, 0>(&mut sums);
            operands.multiply::<R, M, N, 1>(&mut sums);
            operands.multiply::<R, M, N, 2>(&mut sums);
            operands.multiply::<R, M, N, 3>(&mut sums);
            operands.advance(4, M);
        }
        for _ in fours * 4..size.inputs {
            operands.multiply::<R, M, N, 0>(&mut sums);
            operands.advance(1, M);
        }
        for (m, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(out.add(m * size.row_outputs + n * R::CHANNELS));
            }
        }
    }
}
