//! Float products for WebAssembly: 2 rows by a panel.

use crate::kernels::FloatProduct;
use core::arch::wasm32::*;

/// Rows of a tile: eight accumulators, and what is multiplied.
const TILE_ROWS: usize = 2;

/// A weight as it is stored, f32 or the bits of an f16.
trait Weight: Copy {
    /// Four weights.
    ///
    /// # Safety
    /// Four elements follow.
    unsafe fn load(from: *const Self) -> v128;
}

impl Weight for f32 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(from.cast()) }
    }
}

impl Weight for u16 {
    /// As [`half_to_f32`](crate::half::half_to_f32).
    #[inline(always)]
    unsafe fn load(from: *const Self) -> v128 {
        // SAFETY: the caller's promise.
        let half = unsafe { i32x4_load_extend_u16x4(from.cast()) };
        let sign = i32x4_shl(v128_and(half, i32x4_splat(0x8000)), 16);
        let rest = i32x4_shl(v128_and(half, i32x4_splat(0x7fff)), 13);
        let finite = f32x4_mul(rest, f32x4_splat(f32::from_bits((127 + 112) << 23)));
        let special = v128_or(rest, i32x4_splat(0x7f80_0000));
        v128_or(sign, v128_bitselect(special, finite, i32x4_ge(rest, i32x4_splat(0x0f80_0000))))
    }
}

pub(crate) fn matmul_f32(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    matmul(size, a, w, out);
}

pub(crate) fn matmul_f16(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    matmul(size, a, w, out);
}

/// The sizes fit the slices.
fn matmul<W: Weight>(size: &FloatProduct, a: &[f32], w: &[W], out: &mut [f32]) {
    for panel in 0..size.panels {
        for row in (0..size.rows).step_by(TILE_ROWS) {
            // SAFETY: the rows and the panel are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_inputs);
                let w = w.as_ptr().add(panel * size.inputs * 16);
                let out = out.as_mut_ptr().add(row * size.row_outputs + panel * 16);
                match size.rows - row {
                    1 => tile::<W, 1>(size, a, w, out),
                    _ => tile::<W, TILE_ROWS>(size, a, w, out),
                }
            }
        }
    }
}

/// `R` rows by a panel.
///
/// # Safety
/// `a` and `out` have `R` rows with the strides of `size`, and `w` has a panel.
unsafe fn tile<W: Weight, const R: usize>(size: &FloatProduct, a: *const f32, w: *const W, out: *mut f32) {
    let mut tile = [[f32x4_splat(0.0); R]; 4];
    let mut inputs = [f32x4_splat(0.0); R];
    // SAFETY: the caller's promise; inputs are counted to size.inputs. Loads need no alignment.
    unsafe {
        for input in 0..size.inputs {
            for (r, value) in inputs.iter_mut().enumerate() {
                *value = v128_load32_splat(a.add(r * size.row_inputs + input).cast());
            }
            for (quarter, rows) in tile.iter_mut().enumerate() {
                let weights = W::load(w.add(input * 16 + quarter * 4));
                for (sum, &value) in rows.iter_mut().zip(&inputs) {
                    *sum = f32x4_add(*sum, f32x4_mul(weights, value));
                }
            }
        }
        for (quarter, rows) in tile.iter().enumerate() {
            for (r, &sum) in rows.iter().enumerate() {
                v128_store(out.add(r * size.row_outputs + quarter * 4).cast(), sum);
            }
        }
    }
}
