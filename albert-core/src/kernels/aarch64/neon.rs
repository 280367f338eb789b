//! NEON: bytes are i8, two products a 16-bit sum.
//!
//! With both factors in [-127, 127] a product and another reach 2 x 127 x 127 = 32258 at most, so `smull` and `smlal` fill
//! 16 bits and one `sadalp` adds neighbours into 32.

use super::lanes::NeonLanes;
use super::{codebook, float};
use crate::kernels::simd16::{activation_kernels, row_kernels};
use crate::kernels::unrolled::unrolled;
use crate::kernels::{KernelSet, Product};
use core::arch::aarch64::*;
use core::arch::asm;

/// The set for every aarch64 CPU.
pub(crate) static SET: KernelSet = KernelSet {
    name: "neon",
    available: || !cfg!(miri),
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32: float::matmul_f32,
    matmul_f16: float::matmul_f16,
    expand: codebook::expand,
    multiply_panels: None,
    panel_parts: true,
    wide_sums: false,
    dequantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(NeonLanes, "neon");
activation_kernels!(NeonLanes, "neon");

/// Rows of a tile: 16 accumulators, and room for the weights and activations of two K groups.
const TILE_ROWS: usize = 2;

#[target_feature(enable = "neon")]
fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    for panel in 0..size.panels {
        for row in (0..size.rows).step_by(TILE_ROWS) {
            // SAFETY: the rows and the panel are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * size.k_groups * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                match size.rows - row {
                    1 => tile::<1>(size, a, w, sums),
                    _ => tile::<TILE_ROWS>(size, a, w, sums),
                }
            }
        }
    }
}

/// Adds the products of two K groups to the sums of two rows, or of two quarters of the one. `$bytes` are those of the rows, four times
/// over; `$weights` of a quarter are those of four channels.
macro_rules! multiply {
    ($tile:ident, $bytes:ident, |$quarter:ident| $weights:expr) => {
        unrolled!(pair in [0 1 2 3], 2 * R => {
            let (i, j) = (pair * 2, pair * 2 + 1);
            let [w0, w1] = {
                let $quarter = i / R;
                $weights
            };
            let [w2, w3] = {
                let $quarter = j / R;
                $weights
            };
            let ([b0, b1], [b2, b3]) = ($bytes[i % R], $bytes[j % R]);
            let ([mut s0, mut s1], [mut s2, mut s3]) = ($tile[i / R][i % R], $tile[j / R][j % R]);
            // In one piece, because the compiler has its own ideas: it multiplies by one half of a broadcast, moving the other half of
            // the weights for it, and orders the whole K group anew, which spills. Four sums keep in-order CPUs busy, too.
            asm!(
                "smull {p0:v}.8h, {w0:v}.8b, {b0:v}.8b",
                "smull2 {p1:v}.8h, {w0:v}.16b, {b0:v}.16b",
                "smull {p2:v}.8h, {w2:v}.8b, {b2:v}.8b",
                "smull2 {p3:v}.8h, {w2:v}.16b, {b2:v}.16b",
                "smlal {p0:v}.8h, {w1:v}.8b, {b1:v}.8b",
                "smlal2 {p1:v}.8h, {w1:v}.16b, {b1:v}.16b",
                "smlal {p2:v}.8h, {w3:v}.8b, {b3:v}.8b",
                "smlal2 {p3:v}.8h, {w3:v}.16b, {b3:v}.16b",
                "sadalp {s0:v}.4s, {p0:v}.8h",
                "sadalp {s1:v}.4s, {p1:v}.8h",
                "sadalp {s2:v}.4s, {p2:v}.8h",
                "sadalp {s3:v}.4s, {p3:v}.8h",
                p0 = out(vreg) _,
                p1 = out(vreg) _,
                p2 = out(vreg) _,
                p3 = out(vreg) _,
                s0 = inout(vreg) s0,
                s1 = inout(vreg) s1,
                s2 = inout(vreg) s2,
                s3 = inout(vreg) s3,
                w0 = in(vreg) w0,
                w1 = in(vreg) w1,
                w2 = in(vreg) w2,
                w3 = in(vreg) w3,
                b0 = in(vreg) b0,
                b1 = in(vreg) b1,
                b2 = in(vreg) b2,
                b3 = in(vreg) b3,
                options(pure, nomem, nostack, preserves_flags),
            );
            $tile[i / R][i % R] = [s0, s1];
            $tile[j / R][j % R] = [s2, s3];
        });
    };
}

/// `R` rows by a panel.
///
/// # Safety
/// `a` and `sums` have `R` rows with the strides of `size`, and `w` has a panel.
#[target_feature(enable = "neon")]
unsafe fn tile<const R: usize>(size: &Product, a: *const u8, w: *const i8, sums: *mut i32) {
    // Of four channels, the sums of places 0 and 1 and of places 2 and 3: two channels a register.
    let mut tile = [[[vdupq_n_s32(0); 2]; R]; 4];
    let zero = vdupq_n_s8(0);
    // SAFETY: the caller's promise; K groups are counted to size.k_groups.
    unsafe {
        for k_group in (0..size.k_groups & !1).step_by(2) {
            let (a, w) = (a.add(k_group * 4), w.add(k_group * 64));
            let mut bytes = [[zero; 2]; R];
            unrolled!(r in [0 1], R => {
                let row = a.add(r * size.row_bytes);
                bytes[r] = [broadcast(row), broadcast(row.add(4))];
            });
            multiply!(tile, bytes, |quarter| [vld1q_s8(w.add(quarter * 16)), vld1q_s8(w.add(64 + quarter * 16))]);
        }
        if size.k_groups % 2 == 1 {
            let (a, w) = (a.add((size.k_groups - 1) * 4), w.add((size.k_groups - 1) * 64));
            let mut bytes = [[zero; 2]; R];
            unrolled!(r in [0 1], R => { bytes[r] = [broadcast(a.add(r * size.row_bytes)), zero] });
            multiply!(tile, bytes, |quarter| [vld1q_s8(w.add(quarter * 16)), zero]);
        }
        unrolled!(quarter in [0 1 2 3], 4 => {
            unrolled!(r in [0 1], R => {
                let [low, high] = tile[quarter][r];
                vst1q_s32(sums.add(r * size.row_sums + quarter * 4), vpaddq_s32(low, high));
            });
        });
    }
}

/// The four bytes of a K group, for each of four channels.
///
/// # Safety
/// Four bytes follow.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn broadcast(bytes: *const u8) -> int8x16_t {
    // SAFETY: the caller's promise.
    vreinterpretq_s8_s32(vdupq_n_s32(unsafe { bytes.cast::<i32>().read_unaligned() }))
}
