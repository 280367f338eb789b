//! Float products for NEON: `fmla` by element, 6 rows by a panel.
//!
//! Float models promise closeness, not identical bits, so multiplications and additions are fused. f16 weights are widened
//! once for all rows, some inputs of a panel at a time.

use crate::kernels::FloatProduct;
use core::arch::aarch64::*;
use core::mem::MaybeUninit;

/// Most rows of a tile: 24 accumulators, six rows of activations and two registers of weights are the 32 there are.
const TILE_ROWS: usize = 6;
/// Inputs whose weights are widened at a time.
const INPUTS: usize = 64;

#[target_feature(enable = "neon")]
pub(crate) fn matmul_f32(size: &FloatProduct, a: &[f32], w: &[f32], out: &mut [f32]) {
    for panel in 0..size.panels {
        let part = Part { first: 0, inputs: size.inputs };
        // SAFETY: the panel is among those of the product, whose sizes fit the slices.
        unsafe {
            let w = w.as_ptr().add(panel * size.inputs * 16);
            multiply_panel(size, &part, a.as_ptr(), w, out.as_mut_ptr().add(panel * 16));
        }
    }
}

#[target_feature(enable = "neon")]
pub(crate) fn matmul_f16(size: &FloatProduct, a: &[f32], w: &[u16], out: &mut [f32]) {
    let mut wide = [const { MaybeUninit::<f32>::uninit() }; INPUTS * 16];
    for panel in 0..size.panels {
        for first in (0..size.inputs).step_by(INPUTS) {
            let part = Part { first, inputs: INPUTS.min(size.inputs - first) };
            // SAFETY: the panel and the inputs are among those of the product, whose sizes fit the slices.
            unsafe {
                widen(w.as_ptr().add((panel * size.inputs + first) * 16), part.inputs, wide.as_mut_ptr().cast());
                let a = a.as_ptr().add(first);
                multiply_panel(size, &part, a, wide.as_ptr().cast(), out.as_mut_ptr().add(panel * 16));
            }
        }
    }
}

/// Some inputs of a product.
struct Part {
    /// First input.
    first: usize,
    /// Inputs.
    inputs: usize,
}

/// Widens the weights of some inputs of a panel.
///
/// # Safety
/// `w` has 16 weights of each input, and `wide` has room for them.
#[target_feature(enable = "neon")]
unsafe fn widen(w: *const u16, inputs: usize, wide: *mut f32) {
    for eight in (0..inputs * 16).step_by(8) {
        // SAFETY: the caller's promise; there are 16 weights an input.
        unsafe {
            let weights = vreinterpretq_f16_u16(vld1q_u16(w.add(eight)));
            vst1q_f32(wide.add(eight), vcvt_f32_f16(vget_low_f16(weights)));
            vst1q_f32(wide.add(eight + 4), vcvt_high_f32_f16(weights));
        }
    }
}

/// All rows by a panel.
///
/// # Safety
/// `a` and `out` have the rows of `size`, and `w` has a panel of the part's inputs.
#[target_feature(enable = "neon")]
unsafe fn multiply_panel(size: &FloatProduct, part: &Part, a: *const f32, w: *const f32, out: *mut f32) {
    let mut row = 0;
    while row < size.rows {
        // Rows are split evenly, so that no tile is much smaller than the others.
        let left = size.rows - row;
        let rows = left.div_ceil(left.div_ceil(TILE_ROWS));
        // SAFETY: the caller's promise.
        unsafe {
            let (a, out) = (a.add(row * size.row_inputs), out.add(row * size.row_outputs));
            match rows {
                6 => tile::<6>(size, part, a, w, out),
                5 => tile::<5>(size, part, a, w, out),
                4 => tile::<4>(size, part, a, w, out),
                3 => tile::<3>(size, part, a, w, out),
                2 => tile::<2>(size, part, a, w, out),
                _ => tile::<1>(size, part, a, w, out),
            }
        }
        row += rows;
    }
}

/// `R` rows by a panel. Sums of the first part begin at 0, others at what is there.
///
/// # Safety
/// `a` and `out` have `R` rows with the strides of `size`, and `w` has a panel of the part's inputs.
#[target_feature(enable = "neon")]
unsafe fn tile<const R: usize>(size: &FloatProduct, part: &Part, a: *const f32, w: *const f32, out: *mut f32) {
    let mut sums = [[vdupq_n_f32(0.0); R]; 4];
    let mut inputs = [vdupq_n_f32(0.0); R];
    // SAFETY: the caller's promise; inputs are counted to part.inputs.
    unsafe {
        if part.first > 0 {
            for (quarter, rows) in sums.iter_mut().enumerate() {
                for (r, sum) in rows.iter_mut().enumerate() {
                    *sum = vld1q_f32(out.add(r * size.row_outputs + quarter * 4));
                }
            }
        }
        for input in (0..part.inputs & !3).step_by(4) {
            for (r, inputs) in inputs.iter_mut().enumerate() {
                *inputs = vld1q_f32(a.add(r * size.row_inputs + input));
            }
            let w = w.add(input * 16);
            multiply::<R, 0>(w, &inputs, &mut sums);
            multiply::<R, 1>(w.add(16), &inputs, &mut sums);
            multiply::<R, 2>(w.add(32), &inputs, &mut sums);
            multiply::<R, 3>(w.add(48), &inputs, &mut sums);
        }
        for input in part.inputs & !3..part.inputs {
            for (r, inputs) in inputs.iter_mut().enumerate() {
                *inputs = vdupq_n_f32(*a.add(r * size.row_inputs + input));
            }
            multiply::<R, 0>(w.add(input * 16), &inputs, &mut sums);
        }
        for (quarter, rows) in sums.iter().enumerate() {
            for (r, &sum) in rows.iter().enumerate() {
                vst1q_f32(out.add(r * size.row_outputs + quarter * 4), sum);
            }
        }
    }
}

/// One input of a tile, element `E` of `inputs`.
///
/// # Safety
/// `w` has the input's 16 weights.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn multiply<const R: usize, const E: i32>(
    w: *const f32,
    inputs: &[float32x4_t; R],
    sums: &mut [[float32x4_t; R]; 4],
) {
    for (quarter, rows) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        let weights = unsafe { vld1q_f32(w.add(quarter * 4)) };
        for (sum, &inputs) in rows.iter_mut().zip(inputs) {
            *sum = vfmaq_laneq_f32::<E>(*sum, weights, inputs);
        }
    }
}
