//! AVX2: bytes are i8, multiplied as |a| x sign(w, a).
//!
//! `vpmaddubsw` takes unsigned by signed bytes and saturates pairs at 16 bits. |a| x (w with the sign of a) is the same
//! product, and with both in [-127, 127] a pair reaches 2 x 127 x 127 = 32258 at most: it cannot saturate.

use super::vector::{self, row_kernels};
use super::vector_quantize;
use super::x86_avx2_lanes::Avx2Lanes;
use super::{Channels, KernelSet, Keys, Product, RowScale, Splits, Store, Tile, x86_codebook, x86_detect, x86_float};
use crate::config::Activation;
use core::arch::x86_64::*;

/// The set for x86-64 CPUs from Haswell and Zen on.
pub(super) static SET: KernelSet = KernelSet {
    name: "avx2",
    available: || x86_detect::features().avx2,
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32: x86_float::matmul_f32_avx2,
    matmul_f16: x86_float::matmul_f16_avx2,
    expand: x86_codebook::expand_avx2,
    dequantize,
    range,
    quantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(Avx2Lanes, "avx2");

/// Rows of a tile. Eight accumulators, two rows of activations and their sizes, and the weights fill the registers.
const TILE_ROWS: usize = 2;

#[target_feature(enable = "avx2")]
fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for block in (0..size.blocks).step_by(2) {
        let blocks = 2.min(size.blocks - block);
        for (pass, row) in (0..size.rows).step_by(TILE_ROWS).enumerate() {
            let rows = TILE_ROWS.min(size.rows - row);
            // Each pass fetches one of the blocks that come next. A lone pass is bound by memory as it is.
            let fetches = size.continues && size.rows > TILE_ROWS && pass < blocks;
            let ahead = if fetches { (blocks + pass) * size.steps * 64 } else { 0 };
            // SAFETY: the rows and blocks of the tile are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(block * size.steps * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + block * 16);
                match (rows, blocks) {
                    (2, 2) => tile_i8::<2, 2>(size, a, w, sums, ahead),
                    (2, _) => tile_i8::<2, 1>(size, a, w, sums, ahead),
                    (_, 2) => tile_i8::<1, 2>(size, a, w, sums, ahead),
                    _ => tile_i8::<1, 1>(size, a, w, sums, ahead),
                }
            }
        }
    }
}

/// `R` rows by `B` blocks; fetches the bytes that lie `ahead` of the weights into the second-level cache.
///
/// # Safety
/// `a` has `R` rows, `w` has `B` blocks and `sums` has `R` rows of `B * 16`, with the strides of `size`.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn tile_i8<const R: usize, const B: usize>(
    size: &Product,
    a: *const u8,
    w: *const i8,
    sums: *mut i32,
    ahead: usize,
) {
    let mut sums_of = [[[_mm256_setzero_si256(); R]; 2]; B];
    let ones = _mm256_set1_epi16(1);
    for step in 0..size.steps {
        // One line of 64 bytes a step.
        _mm_prefetch::<_MM_HINT_T1>(w.wrapping_add(ahead + step * 64));
        let mut bytes = [_mm256_setzero_si256(); R];
        for (r, bytes) in bytes.iter_mut().enumerate() {
            // SAFETY: step < size.steps, so four bytes of the row follow.
            *bytes = _mm256_set1_epi32(unsafe { a.add(r * size.row_bytes + step * 4).cast::<i32>().read_unaligned() });
        }
        let magnitudes = bytes.map(|bytes| _mm256_abs_epi8(bytes));
        for (b, halves) in sums_of.iter_mut().enumerate() {
            for (half, rows) in halves.iter_mut().enumerate() {
                // SAFETY: step < size.steps, so 64 bytes of the block follow.
                let weights =
                    unsafe { _mm256_loadu_si256(w.add((b * size.steps + step) * 64 + half * 32).cast::<__m256i>()) };
                for ((sum, bytes), magnitude) in rows.iter_mut().zip(bytes).zip(magnitudes) {
                    let pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(weights, bytes));
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                }
            }
        }
    }
    for (i, rows) in sums_of.as_flattened().iter().enumerate() {
        for (r, sum) in rows.iter().enumerate() {
            // SAFETY: row r of the sums has B * 16 elements.
            unsafe { _mm256_storeu_si256(sums.add(r * size.row_sums + i * 8).cast(), *sum) };
        }
    }
}
