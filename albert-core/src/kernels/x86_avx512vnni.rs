//! AVX-512 with VNNI: `vpdpbusd` takes unsigned bytes of activations and signed weights, so bytes are u8 (offset 128).

use super::vector::{self, row_kernels};
use super::x86_avx512_lanes::Avx512Lanes;
use super::{Channels, KernelSet, Keys, Product, RowScale, Store, Tile, x86_detect, x86_float};
use crate::config::Activation;
use core::arch::x86_64::*;

/// The set for x86-64 servers from Cascade Lake on, and Zen 4.
pub(super) static SET: KernelSet = KernelSet {
    name: "avx512vnni",
    available: || x86_detect::features().avx512_vnni,
    activation_offset: 128,
    matmul_i8,
    matmul_f32: x86_float::matmul_f32_avx512,
    matmul_f16: x86_float::matmul_f16_avx512,
    dequantize,
    range,
    quantize,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(Avx512Lanes, "avx512f,avx512dq,avx512bw,avx512vl");

/// Calls the tile with the constant that equals `$rows`.
macro_rules! tile_of {
    ($rows:ident in $($r:literal)*, $blocks:literal, $arguments:tt) => {
        match $rows {
            $($r => tile::<$r, $blocks> $arguments,)*
            _ => {}
        }
    };
}

#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut block = 0;
    while block < size.blocks {
        // Three or four blocks share the broadcasts of the activations best: 5 is 3 + 2, not 4 + 1.
        let blocks = match size.blocks - block {
            5 => 3,
            left => left.min(4),
        };
        let mut row = 0;
        while row < size.rows {
            // Up to 24 accumulators. Rows are split evenly, so that no tile is much smaller than the others.
            let left = size.rows - row;
            let rows = left.div_ceil(left.div_ceil(24 / blocks.max(2)));
            // SAFETY: the rows and blocks of the tile are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(block * size.steps * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + block * 16);
                match blocks {
                    4 => tile_of!(rows in 1 2 3 4 5 6, 4, (size, a, w, sums)),
                    3 => tile_of!(rows in 1 2 3 4 5 6 7 8, 3, (size, a, w, sums)),
                    2 => tile_of!(rows in 1 2 3 4 5 6 7 8 9 10 11 12, 2, (size, a, w, sums)),
                    _ => tile_of!(rows in 1 2 3 4 5 6 7 8 9 10 11 12, 1, (size, a, w, sums)),
                }
            }
            row += rows;
        }
        block += blocks;
    }
}

/// `R` rows by `B` blocks.
///
/// # Safety
/// `a` has `R` rows, `w` has `B` blocks and `sums` has `R` rows of `B * 16`, with the strides of `size`.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile<const R: usize, const B: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    let mut tile = [[_mm512_setzero_si512(); B]; R];
    for step in 0..size.steps {
        let mut weights = [_mm512_setzero_si512(); B];
        for (b, weights) in weights.iter_mut().enumerate() {
            // SAFETY: step < size.steps, so 64 bytes of the block follow.
            *weights = unsafe { _mm512_loadu_si512(w.add((b * size.steps + step) * 64).cast()) };
        }
        for (r, row) in tile.iter_mut().enumerate() {
            // SAFETY: step < size.steps, so four bytes of the row follow.
            let bytes = unsafe { a.add(r * size.row_bytes + step * 4).cast::<i32>().read_unaligned() };
            let bytes = _mm512_set1_epi32(bytes);
            for (sum, weights) in row.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, bytes, weights);
            }
        }
    }
    for (r, row) in tile.iter().enumerate() {
        for (b, sum) in row.iter().enumerate() {
            // SAFETY: row r of the sums has B * 16 elements.
            unsafe { _mm512_storeu_si512(sums.add(r * size.row_sums + b * 16).cast(), *sum) };
        }
    }
}
