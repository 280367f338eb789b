//! AVX2: bytes are i8, multiplied as |a| x w, with all bits of w the other way round where a is negative.
//!
//! `vpmaddubsw` takes unsigned by signed bytes and saturates pairs at 16 bits. The bits turned round are -w - 1, so that |a| x
//! them lacks |a| of the product: sums start at what negative bytes will lack. A pair reaches 2 x 127 x 128 = 32512 at most:
//! it cannot saturate. (`vpsignb` would give the sign itself, on two ports; `vpxor` has three.)

mod codebook;
pub(crate) mod lanes;

use super::{detect, float, prefetch};
use crate::kernels::simd16::{activation_kernels, row_kernels};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{KernelSet, Product};
use core::arch::x86_64::*;
use lanes::Avx2Lanes;

/// The set for x86-64 CPUs from Haswell and Zen on.
pub(crate) static SET: KernelSet = KernelSet {
    name: "avx2",
    available: || detect::features().avx2,
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32: float::matmul_f32_avx2,
    matmul_f16: float::matmul_f16_avx2,
    expand: super::codebook::expand_avx2,
    multiply_panels: Some(codebook::multiply_panels),
    panel_parts: true,
    wide_sums: true,
    dequantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(Avx2Lanes, "avx2");
activation_kernels!(Avx2Lanes, "avx2");

/// Rows of a tile. Eight accumulators, sizes and signs of two rows of activations, weights and ones fill the registers.
const TILE_ROWS: usize = 2;

#[target_feature(enable = "avx2")]
fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for panel in (0..size.panels).step_by(2) {
        let panels = 2.min(size.panels - panel);
        // SAFETY: the panels are among those of the product, whose sizes fit the slices; a prefetch may name any address.
        unsafe {
            let w = w.as_ptr().add(panel * size.k_groups * 64);
            // Each of the first passes fetches one of the panels that come next. A lone pass is bound by memory as it is.
            let next = [0, 1].map(|pass| {
                let fetches = size.prefetch && size.rows > TILE_ROWS && pass < panels;
                w.wrapping_add(if fetches { (panels + pass) * size.k_groups * 64 } else { 0 })
            });
            let sums = sums.as_mut_ptr().add(panel * 16);
            multiply_stored::<false, _MM_HINT_T1>(&Product { panels, ..*size }, a.as_ptr(), w, sums, next);
        }
    }
}

/// All rows by one or two panels. With `ADDS` products are added to the sums that are there, [`sum_of_negative`] included. What is
/// at `next` is fetched in the first two passes.
///
/// # Safety
/// The sizes fit the slices.
#[target_feature(enable = "avx2")]
#[inline(never)]
pub(crate) unsafe fn multiply_stored<const ADDS: bool, const HINT: i32>(
    size: &Product,
    a: *const u8,
    w: *const i8,
    sums: *mut i32,
    next: [*const i8; 2],
) {
    for (pass, row) in (0..size.rows).step_by(TILE_ROWS).enumerate() {
        let next = next.get(pass).copied().unwrap_or(w);
        // SAFETY: the rows of the tile are among those of the product.
        unsafe {
            let (a, sums) = (a.add(row * size.row_bytes), sums.add(row * size.row_sums));
            match (TILE_ROWS.min(size.rows - row), size.panels) {
                (2, 2) => tile_i8::<2, 2, ADDS, HINT>(size, a, w, sums, next),
                (2, _) => tile_i8::<2, 1, ADDS, HINT>(size, a, w, sums, next),
                (_, 2) => tile_i8::<1, 2, ADDS, HINT>(size, a, w, sums, next),
                _ => tile_i8::<1, 1, ADDS, HINT>(size, a, w, sums, next),
            }
        }
    }
}

/// `R` rows by `B` panels; fetches 64 bytes a K group of what is at `next` into the second-level cache.
///
/// # Safety
/// `a` has `R` rows, `w` has `B` panels and `sums` has `R` rows of `B * 16`, with the strides of `size`.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn tile_i8<const R: usize, const B: usize, const ADDS: bool, const HINT: i32>(
    size: &Product,
    a: *const u8,
    w: *const i8,
    sums: *mut i32,
    next: *const i8,
) {
    let (zero, ones) = (_mm256_setzero_si256(), _mm256_set1_epi16(1));
    let mut lacking = [zero; R];
    if !ADDS {
        unrolled!(r in [0 1], R => {
            // SAFETY: the row has four bytes a K group.
            lacking[r] = _mm256_set1_epi32(unsafe { sum_of_negative(a.add(r * size.row_bytes), size.k_groups) });
        });
    }
    let mut sums_of = [[lacking; 2]; B];
    for k_group in 0..size.k_groups {
        // One line of 64 bytes a K group.
        prefetch::<HINT>(next.wrapping_add(k_group * 64));
        let (mut magnitudes, mut signs) = ([zero; R], [zero; R]);
        unrolled!(r in [0 1], R => {
            // SAFETY: k_group < size.k_groups, so four bytes of the row follow.
            let bytes = unsafe { a.add(r * size.row_bytes + k_group * 4).cast::<i32>().read_unaligned() };
            let bytes = _mm256_set1_epi32(bytes);
            magnitudes[r] = _mm256_abs_epi8(bytes);
            signs[r] = _mm256_cmpgt_epi8(zero, bytes);
        });
        unrolled!(b in [0 1], B => {
            unrolled!(half in [0 1], 2 => {
                // SAFETY: k_group < size.k_groups, so 64 bytes of the panel follow.
                let weights = unsafe {
                    _mm256_loadu_si256(w.add((b * size.k_groups + k_group) * 64 + half * 32).cast::<__m256i>())
                };
                unrolled!(r in [0 1], R => {
                    let pairs = _mm256_maddubs_epi16(magnitudes[r], _mm256_xor_si256(weights, signs[r]));
                    sums_of[b][half][r] = _mm256_add_epi32(sums_of[b][half][r], _mm256_madd_epi16(pairs, ones));
                });
            });
        });
    }
    unrolled!(b in [0 1], B => {
        unrolled!(half in [0 1], 2 => {
            unrolled!(r in [0 1], R => {
                // SAFETY: row r of the sums has B * 16 elements.
                unsafe {
                    let place = sums.add(r * size.row_sums + b * 16 + half * 8).cast::<__m256i>();
                    let before = if ADDS { _mm256_loadu_si256(place) } else { zero };
                    _mm256_storeu_si256(place, _mm256_add_epi32(sums_of[b][half][r], before));
                }
            });
        });
    });
}

/// Sum of the magnitudes of the negative bytes of a row: what products lack.
///
/// # Safety
/// `row` has four bytes a K group.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) unsafe fn sum_of_negative(row: *const u8, k_groups: usize) -> i32 {
    let zero = _mm256_setzero_si256();
    let magnitudes = |bytes| _mm256_sad_epu8(_mm256_max_epi8(_mm256_sub_epi8(zero, bytes), zero), zero);
    // SAFETY: four bytes a K group, and no lane past the last one is read.
    let (eights, rest) = unsafe {
        let left = _mm256_set1_epi32((k_groups % 8) as i32);
        let mask = _mm256_cmpgt_epi32(left, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        let rest = _mm256_maskload_epi32(row.add(k_groups / 8 * 32).cast(), mask);
        (core::slice::from_raw_parts(row.cast::<[u8; 32]>(), k_groups / 8), rest)
    };
    let mut sums = magnitudes(rest);
    for bytes in eights {
        // SAFETY: the array has 32 bytes.
        let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        sums = _mm256_add_epi64(sums, magnitudes(bytes));
    }
    let halves = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    _mm_cvtsi128_si32(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves)))
}
