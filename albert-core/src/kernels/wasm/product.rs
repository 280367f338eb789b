//! Integer products in tiles of rows by half a panel of channels, for an instruction that multiplies bytes.

use super::even_rows;
use crate::kernels::Product;
use crate::kernels::unrolled::unrolled;
use core::arch::wasm32::*;

/// Adds to the sums of four channels: weights, bytes of a row, sums.
pub(super) trait Dot {
    fn add(weights: v128, bytes: v128, sums: v128) -> v128;
}

/// Most rows of a tile of eight channels: its accumulators and what is multiplied fit the 16 registers of x86-64.
const TILE_ROWS: usize = 4;

pub(super) fn matmul_i8<D: Dot>(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for panel in 0..size.panels {
        for (row, rows) in even_rows(size.rows, TILE_ROWS) {
            // SAFETY: the rows and the panel are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * size.k_groups * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                match rows {
                    4 => tiles::<D, 4, 2>(size, a, w, sums),
                    3 => tiles::<D, 3, 2>(size, a, w, sums),
                    // Fewer accumulators would wait for one another.
                    2 => tiles::<D, 2, 4>(size, a, w, sums),
                    _ => tiles::<D, 1, 4>(size, a, w, sums),
                }
            }
        }
    }
}

/// `R` rows by a panel, `C` times four channels at a time.
///
/// # Safety
/// As [`tile`], with 16 channels.
#[inline(always)]
unsafe fn tiles<D: Dot, const R: usize, const C: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    for quarter in (0..4).step_by(C) {
        // SAFETY: the caller's promise.
        unsafe { tile::<D, R, C>(size, a, w.add(quarter * 16), sums.add(quarter * 4)) }
    }
}

/// `R` rows by `C` times four channels.
///
/// # Safety
/// `a` and `sums` have `R` rows with the strides of `size`, and `w` has the channels.
unsafe fn tile<D: Dot, const R: usize, const C: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    let mut tile = [[i32x4_splat(0); C]; R];
    let mut weights = [i32x4_splat(0); C];
    let (mut a, mut w) = (a, w);
    // SAFETY: the caller's promise; K groups are counted to size.k_groups. Loads need no alignment.
    unsafe {
        for _ in 0..size.k_groups {
            unrolled!(c in [0 1 2 3], C => { weights[c] = v128_load(w.add(c * 16).cast()) });
            unrolled!(r in [0 1 2 3], R => {
                let bytes = v128_load32_splat(a.add(r * size.row_bytes).cast());
                unrolled!(c in [0 1 2 3], C => { tile[r][c] = D::add(weights[c], bytes, tile[r][c]) });
            });
            a = a.add(4);
            w = w.add(64);
        }
        unrolled!(r in [0 1 2 3], R => {
            unrolled!(c in [0 1 2 3], C => { v128_store(sums.add(r * size.row_sums + c * 4).cast(), tile[r][c]) });
        });
    }
}
