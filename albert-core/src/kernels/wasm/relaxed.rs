//! WebAssembly with `i32x4.relaxed_dot_i8x16_i7x16_add_s`: 16 products in one instruction.
//!
//! Engines may take the bytes of its second operand as signed or as unsigned, and may saturate sums of two products. Which of
//! these an engine does is fixed while it runs (the specification has it as global parameters), so that a probe tells. Sums are
//! exact with bytes of the kind that the engine takes; one that saturates runs another set.

use super::simd128;
use crate::kernels::{KernelSet, Product};
use core::arch::wasm32::*;
use core::hint::black_box;

/// The set for engines that take the bytes as unsigned: those on x86-64 with VNNI.
pub(crate) static UNSIGNED: KernelSet = KernelSet {
    name: "relaxedu8",
    available: || is_exact(&[0, 1, 127, 128, 255]),
    activation_offset: 128,
    matmul_i8,
    ..simd128::SET
};

/// The set for engines that take the bytes as signed: those on Arm.
pub(crate) static SIGNED: KernelSet = KernelSet {
    name: "relaxedi8",
    available: || is_exact(&[-127, -1, 0, 1, 127]),
    activation_offset: 0,
    matmul_i8,
    ..simd128::SET
};

/// Whether the engine multiplies weights with these bytes, which it may take otherwise, exactly.
fn is_exact(bytes: &[i16]) -> bool {
    bytes.iter().all(|&byte| {
        [-127, -126, -1, 1, 126, 127].into_iter().all(|weight: i8| {
            let sum = 4 * i32::from(weight) * i32::from(byte) + 1;
            let (weights, bytes) = (black_box(i8x16_splat(weight)), black_box(i8x16_splat(byte as i8)));
            let sums = i32x4_relaxed_dot_i8x16_i7x16_add(weights, bytes, black_box(i32x4_splat(1)));
            i32x4_all_true(i32x4_eq(sums, i32x4_splat(sum)))
        })
    })
}

/// Most rows of a tile.
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
    let mut bytes = [i32x4_splat(0); R];
    // SAFETY: the caller's promise; steps are counted to size.steps. Loads need no alignment.
    unsafe {
        for step in 0..size.steps {
            for (r, bytes) in bytes.iter_mut().enumerate() {
                *bytes = v128_load32_splat(a.add(r * size.row_bytes + step * 4).cast());
            }
            for (quarter, rows) in tile.iter_mut().enumerate() {
                let weights = v128_load(w.add(step * 64 + quarter * 16).cast());
                for (sum, &bytes) in rows.iter_mut().zip(&bytes) {
                    *sum = i32x4_relaxed_dot_i8x16_i7x16_add(weights, bytes, *sum);
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
