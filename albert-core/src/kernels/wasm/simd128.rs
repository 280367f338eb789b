//! WebAssembly with 128-bit vectors: `i32x4.dot_i16x8_s`. Bytes are i8.
//!
//! Shifts widen a register of bytes: slots 0 and 2 of four channels become one register of 16 bits, slots 1 and 3 another. Each
//! times the same slots of a row is a product of pairs that leaves a channel's sum in one lane.

use super::lanes::WasmLanes;
use super::{codebook, float};
use crate::kernels::simd16::row_kernels;
use crate::kernels::{KernelSet, Product};
use core::arch::wasm32::*;

/// The set for modules compiled with `-C target-feature=+simd128`; an engine without it refuses them.
pub(crate) static SET: KernelSet = KernelSet {
    name: "simd128",
    available: || true,
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32: float::matmul_f32,
    matmul_f16: float::matmul_f16,
    expand: codebook::expand,
    multiply_panels: None,
    dequantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(WasmLanes, "simd128");

/// Most rows of a tile. On x86-64, which has 16 registers, some of its 16 accumulators are spilled; it is faster all the same.
const TILE_ROWS: usize = 4;

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for block in 0..size.blocks {
        let mut row = 0;
        while row < size.rows {
            // Rows are split evenly, so that no tile is much smaller than the others.
            let left = size.rows - row;
            let rows = left.div_ceil(left.div_ceil(TILE_ROWS));
            // SAFETY: the rows and the block are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(block * size.steps * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + block * 16);
                match rows {
                    4 => tile::<4>(size, a, w, sums),
                    3 => tile::<3>(size, a, w, sums),
                    2 => tile::<2>(size, a, w, sums),
                    _ => tile::<1>(size, a, w, sums),
                }
            }
            row += rows;
        }
    }
}

/// `R` rows by a block.
///
/// # Safety
/// `a` and `sums` have `R` rows with the strides of `size`, and `w` has a block.
unsafe fn tile<const R: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    let mut tile = [[i32x4_splat(0); R]; 4];
    let mut bytes = [[i32x4_splat(0); 2]; R];
    // SAFETY: the caller's promise; steps are counted to size.steps. Loads need no alignment.
    unsafe {
        for step in 0..size.steps {
            for (r, bytes) in bytes.iter_mut().enumerate() {
                *bytes = widen(v128_load32_splat(a.add(r * size.row_bytes + step * 4).cast()));
            }
            for (quarter, rows) in tile.iter_mut().enumerate() {
                let [even, odd] = widen(v128_load(w.add(step * 64 + quarter * 16).cast()));
                for (sum, bytes) in rows.iter_mut().zip(bytes) {
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(even, bytes[0]));
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(odd, bytes[1]));
                }
            }
        }
        for (quarter, rows) in tile.iter().enumerate() {
            for (r, &sum) in rows.iter().enumerate() {
                v128_store(sums.add(r * size.row_sums + quarter * 4).cast(), sum);
            }
        }
    }
}

/// The bytes at even places and those at odd places, as 16 bits.
#[inline(always)]
fn widen(bytes: v128) -> [v128; 2] {
    [i16x8_shr(i16x8_shl(bytes, 8), 8), i16x8_shr(bytes, 8)]
}
