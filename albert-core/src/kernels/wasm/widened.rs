//! Integer products by `i32x4.dot_i16x8_s`: rows are widened to 16 bits once for all channels, weights once for all rows where there
//! are many, else when they are loaded.
//!
//! A register has four places of two channels, times the same places of a row twice. So a channel's sum is in two lanes, which are
//! added at the end; no register has to be shuffled before. Rows and weights are widened a slice of K at a time, so that both stay in
//! the first-level cache; sums of the slices before are in the output.

use super::even_rows;
use crate::kernels::Product;
use crate::kernels::unrolled::unrolled;
use core::arch::wasm32::*;
use core::mem::MaybeUninit;

/// K groups of a slice.
const SLICE: usize = 192;
/// Most rows that are widened at a time, 48 KiB.
const ROWS: usize = 32;
/// Rows of a tile, by four channels: eight accumulators, and what is multiplied, in the 16 registers of x86-64.
const TILE_ROWS: usize = 4;
/// Elements of a row's slice.
const ROW: usize = SLICE * 4;
/// More rows than these share weights that are widened in memory. Split evenly, they are tiles of 3 and 4 rows.
const FEW_ROWS: usize = 8;

/// A slice as 16 bits.
#[repr(align(16))]
struct Room {
    rows: [MaybeUninit<i16>; ROWS * ROW],
    /// Four channels.
    weights: [MaybeUninit<i16>; SLICE * 16],
}

/// A weight as it is stored.
trait Weight: Copy {
    /// Elements from one K group of four channels to the next.
    const STRIDE: usize;
    /// Whether there are more than [`FEW_ROWS`].
    const MANY_ROWS: bool;

    /// Eight weights as 16 bits.
    ///
    /// # Safety
    /// Eight elements follow.
    unsafe fn load(from: *const Self) -> v128;
}

impl Weight for i8 {
    const STRIDE: usize = 64;
    const MANY_ROWS: bool = false;

    #[inline(always)]
    unsafe fn load(from: *const Self) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { i16x8_load_extend_i8x8(from) }
    }
}

impl Weight for i16 {
    const STRIDE: usize = 16;
    const MANY_ROWS: bool = true;

    #[inline(always)]
    unsafe fn load(from: *const Self) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(from.cast()) }
    }
}

/// The product; the sizes fit the slices.
pub(super) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut room = Room {
        rows: [const { MaybeUninit::uninit() }; ROWS * ROW],
        weights: [const { MaybeUninit::uninit() }; SLICE * 16],
    };
    let (wide_rows, wide_weights): (*mut i16, *mut i16) =
        (room.rows.as_mut_ptr().cast(), room.weights.as_mut_ptr().cast());
    for (row, rows) in even_rows(size.rows, ROWS) {
        for k_group in (0..size.k_groups).step_by(SLICE) {
            let k_groups = SLICE.min(size.k_groups - k_group);
            let slice = Slice { k_groups, adds: k_group > 0, row_sums: size.row_sums };
            // SAFETY: rows, K groups and panels are among those of the product, whose sizes fit the slices, and the room has space for
            // `ROWS` rows and four channels of `SLICE` K groups. What a tile reads of it was written before.
            unsafe {
                for r in 0..rows {
                    let from = a.as_ptr().add((row + r) * size.row_bytes + k_group * 4);
                    widen_row(from.cast(), k_groups, wide_rows.add(r * ROW));
                }
                for quarter in 0..size.panels * 4 {
                    let w = w.as_ptr().add((quarter / 4 * size.k_groups + k_group) * 64 + quarter % 4 * 16);
                    let sums = sums.as_mut_ptr().add(row * size.row_sums + quarter * 4);
                    if rows > FEW_ROWS {
                        widen_weights(w, k_groups, wide_weights);
                        tiles(&slice, rows, wide_rows, wide_weights.cast_const(), sums);
                    } else {
                        tiles(&slice, rows, wide_rows, w, sums);
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

/// Rows by four channels.
///
/// # Safety
/// As [`tile`], with `rows` rows.
unsafe fn tiles<W: Weight>(slice: &Slice, rows: usize, a: *const i16, w: *const W, sums: *mut i32) {
    for (first, count) in even_rows(rows, TILE_ROWS) {
        // SAFETY: the caller's promise.
        unsafe {
            let (a, sums) = (a.add(first * ROW), sums.add(first * slice.row_sums));
            match count {
                4 => tile::<W, 4>(slice, a, w, sums),
                3 => tile::<W, 3>(slice, a, w, sums),
                _ if W::MANY_ROWS => {}
                2 => tile::<W, 2>(slice, a, w, sums),
                _ => tile::<W, 1>(slice, a, w, sums),
            }
        }
    }
}

/// `R` rows by four channels.
///
/// # Safety
/// `a` has `R` widened rows, `w` four channels, and `sums` `R` rows of 4.
unsafe fn tile<W: Weight, const R: usize>(slice: &Slice, a: *const i16, w: *const W, sums: *mut i32) {
    let mut tile = [[i32x4_splat(0); 2]; R];
    let (mut a, mut w) = (a, w);
    // SAFETY: the caller's promise. Loads need no alignment.
    unsafe {
        for _ in 0..slice.k_groups {
            let weights = [W::load(w), W::load(w.add(8))];
            unrolled!(r in [0 1 2 3], R => {
                let places = v128_load64_splat(a.add(r * ROW).cast());
                tile[r][0] = i32x4_add(tile[r][0], i32x4_dot_i16x8(weights[0], places));
                tile[r][1] = i32x4_add(tile[r][1], i32x4_dot_i16x8(weights[1], places));
            });
            a = a.add(4);
            w = w.add(W::STRIDE);
        }
        unrolled!(r in [0 1 2 3], R => {
            let [first, second] = tile[r];
            let even = i32x4_shuffle::<0, 2, 4, 6>(first, second);
            let mut sum = i32x4_add(even, i32x4_shuffle::<1, 3, 5, 7>(first, second));
            let out = sums.add(r * slice.row_sums).cast();
            if slice.adds {
                sum = i32x4_add(sum, v128_load(out));
            }
            v128_store(out, sum);
        });
    }
}

/// Widens `k_groups` K groups of a row.
///
/// # Safety
/// `from` has the K groups, and there is room for them at `to`.
unsafe fn widen_row(from: *const i8, k_groups: usize, to: *mut i16) {
    // SAFETY: the caller's promise.
    unsafe {
        for k_group in (0..k_groups / 2 * 2).step_by(2) {
            v128_store(to.add(k_group * 4).cast(), i16x8_load_extend_i8x8(from.add(k_group * 4)));
        }
        if k_groups % 2 == 1 {
            let last = (k_groups - 1) * 4;
            let bytes = i16x8_extend_low_i8x16(v128_load32_zero(from.add(last).cast()));
            v128_store64_lane::<0>(bytes, to.add(last).cast());
        }
    }
}

/// Widens `k_groups` K groups of four channels of a panel.
///
/// # Safety
/// As [`widen_row`].
unsafe fn widen_weights(from: *const i8, k_groups: usize, to: *mut i16) {
    let (mut from, mut to) = (from, to);
    // SAFETY: the caller's promise.
    unsafe {
        for _ in 0..k_groups {
            v128_store(to.cast(), i16x8_load_extend_i8x8(from));
            v128_store(to.add(8).cast(), i16x8_load_extend_i8x8(from.add(8)));
            from = from.add(64);
            to = to.add(16);
        }
    }
}
