//! Integer products of many rows: bytes are widened to 16 bits once for all tiles, and not for each.
//!
//! Weights of a panel and rows are widened a slice of K at a time, so that both stay in the first-level cache; sums of the slices
//! before are in the output.

use super::product::even_rows;
use crate::kernels::Product;
use crate::kernels::unrolled::unrolled;
use core::arch::wasm32::*;
use core::mem::MaybeUninit;

/// K groups of a slice: 8 KiB of widened weights.
const SLICE: usize = 64;
/// Most rows that are widened at a time, 8 KiB.
const ROWS: usize = 16;
/// Rows of a tile: eight accumulators, and what is multiplied, in 16 registers.
const TILE_ROWS: usize = 2;
/// Elements of a row's slice.
const ROW: usize = SLICE * 4;

/// A slice as 16 bits.
#[repr(align(16))]
struct Room {
    /// Of each K group of a row the bytes 0, 2, 1, 3.
    rows: [MaybeUninit<i16>; ROWS * ROW],
    /// Of each K group the places 0 and 2 of 16 channels, then 1 and 3.
    weights: [MaybeUninit<i16>; SLICE * 64],
}

/// The product; the sizes fit the slices.
pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut room = Room {
        rows: [const { MaybeUninit::uninit() }; ROWS * ROW],
        weights: [const { MaybeUninit::uninit() }; SLICE * 64],
    };
    let (wide_rows, wide_weights): (*mut i16, *mut i16) =
        (room.rows.as_mut_ptr().cast(), room.weights.as_mut_ptr().cast());
    for row in (0..size.rows).step_by(ROWS) {
        let rows = ROWS.min(size.rows - row);
        for k_group in (0..size.k_groups).step_by(SLICE) {
            let k_groups = SLICE.min(size.k_groups - k_group);
            // SAFETY: rows, K groups and panels are among those of the product, whose sizes fit the slices, and the room has space for
            // `ROWS` rows and one panel of `SLICE` K groups. What a tile reads of it was written before.
            unsafe {
                for r in 0..rows {
                    widen_row(
                        a.as_ptr().add((row + r) * size.row_bytes + k_group * 4),
                        k_groups,
                        wide_rows.add(r * ROW),
                    );
                }
                for panel in 0..size.panels {
                    widen_weights(w.as_ptr().add((panel * size.k_groups + k_group) * 64), k_groups, wide_weights);
                    let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                    for (first, count) in even_rows(rows, TILE_ROWS) {
                        let slice = Slice { k_groups, adds: k_group > 0, row_sums: size.row_sums };
                        let (a, sums) = (wide_rows.add(first * ROW), sums.add(first * size.row_sums));
                        match count {
                            2 => tile::<2>(&slice, a, wide_weights, sums),
                            _ => tile::<1>(&slice, a, wide_weights, sums),
                        }
                    }
                }
            }
        }
    }
}

/// Sizes of a tile's product.
struct Slice {
    k_groups: usize,
    /// Whether the sums of slices before are in the output.
    adds: bool,
    row_sums: usize,
}

/// `R` rows by a panel.
///
/// # Safety
/// `a` has `R` widened rows, `w` a widened panel, and `sums` `R` rows of 16.
#[inline(always)]
unsafe fn tile<const R: usize>(slice: &Slice, a: *const i16, w: *const i16, sums: *mut i32) {
    let mut tile = [[i32x4_splat(0); R]; 4];
    let at = |quarter: usize, r: usize| r * slice.row_sums + quarter * 4;
    // SAFETY: the caller's promise. Loads need no alignment.
    unsafe {
        if slice.adds {
            unrolled!(quarter in [0 1 2 3], 4 => {
                unrolled!(r in [0 1], R => { tile[quarter][r] = v128_load(sums.add(at(quarter, r)).cast()) });
            });
        }
        for k_group in 0..slice.k_groups {
            unrolled!(half in [0 1], 2 => {
                let mut pairs = [i32x4_splat(0); R];
                unrolled!(r in [0 1], R => {
                    pairs[r] = v128_load32_splat(a.add(r * ROW + k_group * 4 + half * 2).cast());
                });
                unrolled!(quarter in [0 1 2 3], 4 => {
                    let weights = v128_load(w.add(k_group * 64 + half * 32 + quarter * 8).cast());
                    unrolled!(r in [0 1], R => {
                        tile[quarter][r] = i32x4_add(tile[quarter][r], i32x4_dot_i16x8(weights, pairs[r]));
                    });
                });
            });
        }
        unrolled!(quarter in [0 1 2 3], 4 => {
            unrolled!(r in [0 1], R => { v128_store(sums.add(at(quarter, r)).cast(), tile[quarter][r]) });
        });
    }
}

/// Widens `k_groups` K groups of a row.
///
/// # Safety
/// `from` has the K groups, and there is room for them at `to`.
unsafe fn widen_row(from: *const u8, k_groups: usize, to: *mut i16) {
    // SAFETY: the caller's promise.
    unsafe {
        for k_group in (0..k_groups / 4 * 4).step_by(4) {
            let [even, odd] = widen(v128_load(from.add(k_group * 4).cast()));
            v128_store(to.add(k_group * 4).cast(), i32x4_shuffle::<0, 4, 1, 5>(even, odd));
            v128_store(to.add(k_group * 4 + 8).cast(), i32x4_shuffle::<2, 6, 3, 7>(even, odd));
        }
        for k_group in k_groups / 4 * 4..k_groups {
            let [even, odd] = widen(v128_load32_zero(from.add(k_group * 4).cast()));
            v128_store64_lane::<0>(i32x4_shuffle::<0, 4, 1, 5>(even, odd), to.add(k_group * 4).cast());
        }
    }
}

/// Widens `k_groups` K groups of a panel.
///
/// # Safety
/// As [`widen_row`].
unsafe fn widen_weights(from: *const i8, k_groups: usize, to: *mut i16) {
    // SAFETY: the caller's promise.
    unsafe {
        for k_group in 0..k_groups {
            unrolled!(quarter in [0 1 2 3], 4 => {
                let [even, odd] = widen(v128_load(from.add(k_group * 64 + quarter * 16).cast()));
                v128_store(to.add(k_group * 64 + quarter * 8).cast(), even);
                v128_store(to.add(k_group * 64 + 32 + quarter * 8).cast(), odd);
            });
        }
    }
}

/// The bytes at even places and those at odd places, as 16 bits.
#[inline(always)]
pub(super) fn widen(bytes: v128) -> [v128; 2] {
    [i16x8_shr(i16x8_shl(bytes, 8), 8), i16x8_shr(bytes, 8)]
}
