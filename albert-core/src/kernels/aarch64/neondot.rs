//! NEON with dot products: `sdot` by element. Bytes are i8; the rest is that of NEON.

use super::{detect, neon};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{KernelSet, Product};
use core::arch::aarch64::*;
use core::arch::asm;

/// The set for aarch64 CPUs from Cortex-A55, Cortex-A75 and Apple's A11 on.
pub(crate) static SET: KernelSet =
    KernelSet { name: "neondot", available: || !cfg!(miri) && detect::features().dot_product, matmul_i8, ..neon::SET };

/// Most rows of a tile: 24 accumulators, six rows of activations and two registers of weights are the 32 there are.
const TILE_ROWS: usize = 6;

#[target_feature(enable = "neon,dotprod")]
pub(crate) fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    let mut panel = 0;
    while panel < size.panels {
        // Few rows take more panels, for as many accumulators.
        let panels = if size.rows <= 3 { 2.min(size.panels - panel) } else { 1 };
        let mut row = 0;
        while row < size.rows {
            // Rows are split evenly, so that no tile is much smaller than the others.
            let left = size.rows - row;
            let rows = left.div_ceil(left.div_ceil(TILE_ROWS));
            // SAFETY: the rows and panels of the tile are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * size.k_groups * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                match (rows, panels) {
                    (6, _) => tile::<6, 1>(size, a, w, sums),
                    (5, _) => tile::<5, 1>(size, a, w, sums),
                    (4, _) => tile::<4, 1>(size, a, w, sums),
                    (3, 1) => tile::<3, 1>(size, a, w, sums),
                    (2, 1) => tile::<2, 1>(size, a, w, sums),
                    (_, 1) => tile::<1, 1>(size, a, w, sums),
                    (3, _) => tile::<3, 2>(size, a, w, sums),
                    (2, _) => tile::<2, 2>(size, a, w, sums),
                    _ => tile::<1, 2>(size, a, w, sums),
                }
            }
            row += rows;
        }
        panel += panels;
    }
}

/// `R` rows by `B` panels.
///
/// # Safety
/// `a` has `R` rows, `w` has `B` panels and `sums` has `R` rows of `B * 16`, with the strides of `size`.
#[target_feature(enable = "neon,dotprod")]
unsafe fn tile<const R: usize, const B: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    let mut tile = [[[vdupq_n_s32(0); R]; 4]; B];
    let mut bytes = [vdupq_n_s8(0); R];
    // One K group, whose activations are element `$element` of `bytes`.
    macro_rules! multiply {
        ($w:expr, $element:literal) => {
            let w = $w;
            unrolled!(b in [0 1], B => {
                unrolled!(quarter in [0 1 2 3], 4 => {
                    let weights = vld1q_s8(w.add(b * size.k_groups * 64 + quarter * 16));
                    unrolled!(r in [0 1 2 3 4 5], R => {
                        tile[b][quarter][r] = dot::<$element>(tile[b][quarter][r], weights, bytes[r]);
                    });
                });
            });
        };
    }
    // SAFETY: the caller's promise; K groups are counted to size.k_groups.
    unsafe {
        // Four K groups are 16 bytes of a row, an element each.
        for k_group in (0..size.k_groups & !3).step_by(4) {
            unrolled!(r in [0 1 2 3 4 5], R => {
                bytes[r] = vld1q_s8(a.add(r * size.row_bytes + k_group * 4).cast());
            });
            let w = w.add(k_group * 64);
            multiply!(w, 0);
            multiply!(w.add(64), 1);
            multiply!(w.add(128), 2);
            multiply!(w.add(192), 3);
        }
        for k_group in size.k_groups & !3..size.k_groups {
            unrolled!(r in [0 1 2 3 4 5], R => {
                let four = a.add(r * size.row_bytes + k_group * 4).cast::<i32>().read_unaligned();
                bytes[r] = vreinterpretq_s8_s32(vdupq_n_s32(four));
            });
            multiply!(w.add(k_group * 64), 0);
        }
        unrolled!(b in [0 1], B => {
            unrolled!(quarter in [0 1 2 3], 4 => {
                unrolled!(r in [0 1 2 3 4 5], R => {
                    vst1q_s32(sums.add(r * size.row_sums + b * 16 + quarter * 4), tile[b][quarter][r]);
                });
            });
        });
    }
}

/// Adds the products of each channel's four weights and element `E` of the bytes. (The intrinsic is not stable.)
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot<const E: usize>(mut sum: int32x4_t, weights: int8x16_t, bytes: int8x16_t) -> int32x4_t {
    // SAFETY: registers alone; the function enables the instruction.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {weights:v}.16b, {bytes:v}.4b[{element}]",
            sum = inout(vreg) sum,
            weights = in(vreg) weights,
            bytes = in(vreg) bytes,
            element = const E,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}
