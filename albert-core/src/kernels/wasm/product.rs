//! Integer products in tiles of rows by a panel of channels, for every instruction that multiplies bytes.

use crate::kernels::Product;
use crate::kernels::unrolled::unrolled;
use core::arch::wasm32::*;

/// How a set multiplies four places of four channels by those of a row.
pub(super) trait Dot {
    /// A register of 16 bytes, ready to be multiplied.
    type Bytes: Copy;

    /// Makes 16 bytes ready.
    fn bytes(register: v128) -> Self::Bytes;

    /// Adds to the sums of four channels.
    fn add(sum: v128, weights: Self::Bytes, bytes: Self::Bytes) -> v128;
}

/// Most rows of a tile. On x86-64, which has 16 registers, some of its 16 accumulators are spilled; it is faster all the same.
pub(super) const TILE_ROWS: usize = 4;

pub(super) fn matmul_i8<D: Dot>(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for panel in 0..size.panels {
        for (row, rows) in even_rows(size.rows, TILE_ROWS) {
            // SAFETY: the rows and the panel are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * size.k_groups * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                match rows {
                    4 => tile::<D, 4>(size, a, w, sums),
                    3 => tile::<D, 3>(size, a, w, sums),
                    2 => tile::<D, 2>(size, a, w, sums),
                    _ => tile::<D, 1>(size, a, w, sums),
                }
            }
        }
    }
}

/// First row and rows of tiles of at most `most` rows, split evenly, so that no tile is much smaller than the others.
#[inline(always)]
pub(super) fn even_rows(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut row = 0;
    core::iter::from_fn(move || {
        let left = rows - row;
        let count = left.div_ceil(left.div_ceil(most).max(1));
        row += count;
        (count > 0).then_some((row - count, count))
    })
}

/// `R` rows by a panel.
///
/// # Safety
/// `a` and `sums` have `R` rows with the strides of `size`, and `w` has a panel.
unsafe fn tile<D: Dot, const R: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    let mut tile = [[i32x4_splat(0); R]; 4];
    let mut bytes = [D::bytes(i32x4_splat(0)); R];
    // SAFETY: the caller's promise; K groups are counted to size.k_groups. Loads need no alignment.
    unsafe {
        macro_rules! multiply {
            ($k_group:expr) => {{
                let k_group = $k_group;
                unrolled!(r in [0 1 2 3], R => {
                    bytes[r] = D::bytes(v128_load32_splat(a.add(r * size.row_bytes + k_group * 4).cast()));
                });
                unrolled!(quarter in [0 1 2 3], 4 => {
                    let weights = D::bytes(v128_load(w.add(k_group * 64 + quarter * 16).cast()));
                    unrolled!(r in [0 1 2 3], R => { tile[quarter][r] = D::add(tile[quarter][r], weights, bytes[r]) });
                });
            }};
        }
        // Two K groups a turn: engines compute addresses and spill accumulators once for both.
        for pair in 0..size.k_groups / 2 {
            multiply!(pair * 2);
            multiply!(pair * 2 + 1);
        }
        if size.k_groups % 2 == 1 {
            multiply!(size.k_groups - 1);
        }
        unrolled!(quarter in [0 1 2 3], 4 => {
            unrolled!(r in [0 1 2 3], R => {
                v128_store(sums.add(r * size.row_sums + quarter * 4).cast(), tile[quarter][r]);
            });
        });
    }
}
