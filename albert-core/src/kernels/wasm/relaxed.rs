//! WebAssembly with `i32x4.relaxed_dot_i8x16_i7x16_add_s`: 16 products in one instruction.
//!
//! Engines may take the bytes of its second operand as signed or as unsigned, and may saturate sums of two products. Which of
//! these an engine does is fixed while it runs (the specification has it as global parameters), so that a probe tells. Sums are
//! exact with bytes of the kind that the engine takes; one that saturates runs another set.

use super::product::{Dot, matmul_i8};
use super::simd128;
use crate::kernels::KernelSet;
use core::arch::wasm32::*;
use core::hint::black_box;

/// The set for engines that take the bytes as unsigned: those on x86-64 with VNNI.
pub(crate) static UNSIGNED: KernelSet = KernelSet {
    name: "relaxedu8",
    available: || is_exact(&[0, 1, 127, 128, 255]),
    activation_offset: 128,
    matmul_i8: matmul_i8::<Relaxed>,
    ..simd128::SET
};

/// The set for engines that take the bytes as signed: those on Arm.
pub(crate) static SIGNED: KernelSet = KernelSet {
    name: "relaxedi8",
    available: || is_exact(&[-127, -1, 0, 1, 127]),
    activation_offset: 0,
    matmul_i8: matmul_i8::<Relaxed>,
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

/// Registers of bytes as they are.
struct Relaxed;

impl Dot for Relaxed {
    type Bytes = v128;

    #[inline(always)]
    fn bytes(register: v128) -> v128 {
        register
    }

    #[inline(always)]
    fn add(sum: v128, weights: v128, bytes: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(weights, bytes, sum)
    }
}
