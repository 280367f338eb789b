//! NEON with int8 matrix products: `smmla`, two rows by two channels by eight places. Bytes are i8; the rest is that of NEON
//! with dot products.
//!
//! An operand is eight places of two channels, or of two rows. The file's panels hold four places of a channel in a row, so
//! `zip`s make operands of the weights; the more rows share them the better, hence tiles of up to 12 rows by half a panel. With more
//! rows than those of a tile, a slice of a panel is zipped once for several tiles. Operands of the activations are made once for all
//! panels of the call.

use super::{detect, neondot};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{KernelSet, Product};
use core::arch::aarch64::*;
use core::arch::asm;
use core::mem::MaybeUninit;

/// The set for aarch64 CPUs from Cortex-A510, Neoverse V1 and Apple's A15 on.
pub(crate) static SET: KernelSet = KernelSet {
    name: "neoni8mm",
    available: || {
        let features = detect::features();
        !cfg!(miri) && features.dot_product && features.int8_matrix
    },
    matmul_i8,
    ..neondot::SET
};

/// Most pairs of rows in a tile: 24 accumulators, four operands of weights, and room to make and load operands.
const TILE_PAIRS: usize = 6;
/// Most tiles that share zipped weights.
const TILES: usize = 4;
/// K groups that are made operands at a time.
const K_GROUPS: usize = 128;

/// Operands of the activations of a tile: of each two K groups, of each pair of rows, eight places of the one and eight of the other.
type Operands = [MaybeUninit<int8x16_t>; K_GROUPS / 2 * TILE_PAIRS];
/// Operands of the weights of a panel: of each two K groups, those of each two channels.
type Zipped = [MaybeUninit<int32x4_t>; K_GROUPS / 2 * 8];

#[target_feature(enable = "neon,dotprod,i8mm")]
fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    if size.rows <= 2 {
        // One pair of rows has as many zips as products: `sdot` does as well without.
        return neondot::matmul_i8(size, a, w, sums);
    }
    let mut zipped: Zipped = [const { MaybeUninit::uninit() }; _];
    let mut operands: [Operands; TILES] = [const { [const { MaybeUninit::uninit() }; _] }; _];
    for first in (0..size.k_groups).step_by(K_GROUPS) {
        let k_groups = K_GROUPS.min(size.k_groups - first);
        let mut row = 0;
        while row < size.rows {
            let mut parts = [Part { first, k_groups, row, pairs: 0, rows: 0 }; TILES];
            let mut tiles = 0;
            for (part, operands) in parts.iter_mut().zip(&mut operands) {
                if row >= size.rows {
                    break;
                }
                // Pairs are split evenly, so that no tile is much smaller than the others.
                let left = (size.rows - row).div_ceil(2);
                let pairs = left.div_ceil(left.div_ceil(TILE_PAIRS));
                *part = Part { row, pairs, rows: (pairs * 2).min(size.rows - row), ..*part };
                // SAFETY: the rows and K groups of the part are among those of the product, whose sizes fit the slices.
                unsafe { make_operands(size, part, a.as_ptr().add(row * size.row_bytes + first * 4), operands) };
                row += part.rows;
                tiles += 1;
            }
            for panel in 0..size.panels {
                // SAFETY: the panel and the K groups are among those of the product.
                let w = unsafe { w.as_ptr().add((panel * size.k_groups + first) * 64) };
                if tiles > 1 {
                    // SAFETY: the panel has the K groups.
                    unsafe { zip_panel(w, k_groups, &mut zipped) };
                }
                let zipped = zipped.as_ptr().cast();
                for (part, operands) in parts.iter().zip(&operands).take(tiles) {
                    let a = operands.as_ptr().cast();
                    // SAFETY: the rows and the panel are among those of the product; what was made of them is as the tiles ask for.
                    unsafe {
                        let sums = sums.as_mut_ptr().add(part.row * size.row_sums + panel * 16);
                        match (part.pairs, tiles > 1) {
                            (6, true) => half_tiles::<6, true>(size, part, a, zipped, sums),
                            (5, true) => half_tiles::<5, true>(size, part, a, zipped, sums),
                            (4, true) => half_tiles::<4, true>(size, part, a, zipped, sums),
                            (3, true) => half_tiles::<3, true>(size, part, a, zipped, sums),
                            (6, false) => half_tiles::<6, false>(size, part, a, w, sums),
                            (5, false) => half_tiles::<5, false>(size, part, a, w, sums),
                            (4, false) => half_tiles::<4, false>(size, part, a, w, sums),
                            (3, false) => half_tiles::<3, false>(size, part, a, w, sums),
                            _ => tile::<2, 4, false>(size, part, a, w, sums),
                        }
                    }
                }
            }
        }
    }
}

/// Some rows and K groups of a product.
#[derive(Clone, Copy)]
struct Part {
    /// First K group.
    first: usize,
    /// K groups, at most [`K_GROUPS`].
    k_groups: usize,
    /// First row.
    row: usize,
    /// Pairs of rows, at most [`TILE_PAIRS`].
    pairs: usize,
    /// Rows: two for each pair, or one less.
    rows: usize,
}

/// Makes the operands of a part, the missing row a copy of the one before, the missing K group 0.
///
/// # Safety
/// `a` has the rows of the part, with the stride of `size`, and in each the bytes of its K groups.
#[target_feature(enable = "neon")]
unsafe fn make_operands(size: &Product, part: &Part, a: *const u8, operands: &mut Operands) {
    for pair in 0..part.pairs {
        // SAFETY: the caller's promise.
        unsafe {
            let one = a.add(pair * 2 * size.row_bytes);
            let other = if pair * 2 + 1 < part.rows { one.add(size.row_bytes) } else { one };
            let mut places = operands.iter_mut().skip(pair).step_by(part.pairs);
            for (two_groups, place) in (0..part.k_groups / 2).zip(&mut places) {
                let (one, other) = (one.add(two_groups * 8), other.add(two_groups * 8));
                place.write(vcombine_s8(vld1_s8(one.cast()), vld1_s8(other.cast())));
            }
            if let (1, Some(place)) = (part.k_groups % 2, places.next()) {
                let last = |row: *const u8| row.add(part.k_groups / 2 * 8).cast::<u32>().read_unaligned();
                place.write(vcombine_s8(vcreate_s8(last(one).into()), vcreate_s8(last(other).into())));
            }
        }
    }
}

/// Makes operands of the weights of `k_groups` K groups, the missing one 0.
///
/// # Safety
/// `w` has the K groups of a panel, at most [`K_GROUPS`].
#[target_feature(enable = "neon")]
unsafe fn zip_panel(w: *const i8, k_groups: usize, zipped: &mut Zipped) {
    let zipped = zipped.as_mut_ptr().cast::<int32x4_t>();
    for two_groups in 0..k_groups.div_ceil(2) {
        // SAFETY: the caller's promise. Two K groups are eight operands.
        unsafe {
            let (w, zipped) = (w.add(two_groups * 128), zipped.add(two_groups * 8));
            let whole = two_groups * 2 + 1 < k_groups;
            unrolled!(q in [0 1 2 3], 4 => {
                let first = vld1q_s32(w.add(q * 16).cast());
                let second = if whole { vld1q_s32(w.add(64 + q * 16).cast()) } else { vdupq_n_s32(0) };
                zipped.add(q * 2).write(vzip1q_s32(first, second));
                zipped.add(q * 2 + 1).write(vzip2q_s32(first, second));
            });
        }
    }
}

/// `P` pairs of rows by a panel, one half after the other.
///
/// # Safety
/// As for [`tile`], with a whole panel.
#[target_feature(enable = "neon,dotprod,i8mm")]
unsafe fn half_tiles<const P: usize, const ZIPPED: bool>(
    size: &Product,
    part: &Part,
    a: *const int8x16_t,
    w: *const i8,
    sums: *mut i32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        tile::<P, 2, ZIPPED>(size, part, a, w, sums);
        tile::<P, 2, ZIPPED>(size, part, a, w.add(if ZIPPED { 64 } else { 32 }), sums.add(8));
    }
}

/// Two K groups of a tile, whose operands of the activations are at `$a`; `$weights` of two channels is their operand.
macro_rules! multiply {
    ($tile:ident, $a:expr, |$q:ident, $half:ident| $weights:expr) => {
        let a = $a;
        let mut weights = [[vdupq_n_s32(0); 2]; Q];
        unrolled!($q in [0 1 2 3], Q => {
            unrolled!($half in [0 1], 2 => { weights[$q][$half] = $weights });
        });
        unrolled!(p in [0 1 2 3 4 5], P => {
            let a = *a.add(p);
            unrolled!(q in [0 1 2 3], Q => {
                unrolled!(half in [0 1], 2 => {
                    $tile[p][q][half] = matrix_product($tile[p][q][half], a, weights[q][half]);
                });
            });
        });
    };
}

/// `P` pairs of rows by `Q` quarters of a panel. Sums of the first part begin at 0, others at what is there.
///
/// # Safety
/// `a` has operands of the part's K groups and `P` pairs, `w` the weights of its K groups, or what [`zip_panel`] made of them, and `sums`
/// its rows of `Q * 4`, with the strides of `size`.
#[target_feature(enable = "neon,dotprod,i8mm")]
unsafe fn tile<const P: usize, const Q: usize, const ZIPPED: bool>(
    size: &Product,
    part: &Part,
    a: *const int8x16_t,
    w: *const i8,
    sums: *mut i32,
) {
    let mut tile = [[[vdupq_n_s32(0); 2]; Q]; P];
    let row = |r: usize| sums.wrapping_add(r * size.row_sums);
    // SAFETY: the caller's promise; K groups are counted to part.k_groups.
    unsafe {
        if part.first > 0 {
            unrolled!(p in [0 1 2 3 4 5], P => {
                let (one, other) = (row(p * 2), row((p * 2 + 1).min(part.rows - 1)));
                unrolled!(q in [0 1 2 3], Q => {
                    let (one, other) = (vld1q_s32(one.add(q * 4)), vld1q_s32(other.add(q * 4)));
                    tile[p][q] = [zip_low(one, other), zip_high(one, other)];
                });
            });
        }
        if ZIPPED {
            for two_groups in 0..part.k_groups.div_ceil(2) {
                let w = w.add(two_groups * 128).cast::<int32x4_t>();
                multiply!(tile, a.add(two_groups * P), |q, half| *w.add(q * 2 + half));
            }
        } else {
            for two_groups in 0..part.k_groups / 2 {
                let w = w.add(two_groups * 128);
                multiply!(tile, a.add(two_groups * P), |q, half| {
                    let (first, second) = (vld1q_s32(w.add(q * 16).cast()), vld1q_s32(w.add(64 + q * 16).cast()));
                    if half == 0 { vzip1q_s32(first, second) } else { vzip2q_s32(first, second) }
                });
            }
            if part.k_groups % 2 == 1 {
                let w = w.add(part.k_groups / 2 * 128);
                multiply!(tile, a.add(part.k_groups / 2 * P), |q, half| {
                    let (first, second) = (vld1q_s32(w.add(q * 16).cast()), vdupq_n_s32(0));
                    if half == 0 { vzip1q_s32(first, second) } else { vzip2q_s32(first, second) }
                });
            }
        }
        unrolled!(p in [0 1 2 3 4 5], P => {
            unrolled!(q in [0 1 2 3], Q => {
                let [low, high] = tile[p][q];
                vst1q_s32(row(p * 2).add(q * 4), zip_low(low, high));
                if p * 2 + 1 < part.rows {
                    vst1q_s32(row(p * 2 + 1).add(q * 4), zip_high(low, high));
                }
            });
        });
    }
}

/// The first halves of two registers.
#[inline]
#[target_feature(enable = "neon")]
fn zip_low(a: int32x4_t, b: int32x4_t) -> int32x4_t {
    vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)))
}

/// The second halves of two registers.
#[inline]
#[target_feature(enable = "neon")]
fn zip_high(a: int32x4_t, b: int32x4_t) -> int32x4_t {
    vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)))
}

/// Adds the products of two rows and two channels, eight places each: `[row 0 x channel 0, row 0 x channel 1, row 1 x channel 0,
/// row 1 x channel 1]`. (The intrinsic is not stable.)
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn matrix_product(mut sums: int32x4_t, a: int8x16_t, w: int32x4_t) -> int32x4_t {
    // SAFETY: registers alone; the function enables the instruction.
    unsafe {
        asm!(
            "smmla {sums:v}.4s, {a:v}.16b, {w:v}.16b",
            sums = inout(vreg) sums,
            a = in(vreg) a,
            w = in(vreg) w,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
