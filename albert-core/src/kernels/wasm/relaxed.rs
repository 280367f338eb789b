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
    available: || is_exact(&UNSIGNED_BYTES, engine),
    activation_offset: 128,
    matmul_i8: matmul_i8::<Relaxed>,
    linear: None,
    ..simd128::SET
};

/// The set for engines that take the bytes as signed: those on Arm.
pub(crate) static SIGNED: KernelSet = KernelSet {
    name: "relaxedi8",
    available: || is_exact(&SIGNED_BYTES, engine),
    activation_offset: 0,
    matmul_i8: matmul_i8::<Relaxed>,
    linear: None,
    ..simd128::SET
};

/// Bytes whose products show how an engine takes them.
const UNSIGNED_BYTES: [i16; 5] = [0, 1, 127, 128, 255];
const SIGNED_BYTES: [i16; 5] = [-127, -1, 0, 1, 127];

/// The engine's instruction: weights, bytes, sums.
fn engine(weights: v128, bytes: v128, sums: v128) -> v128 {
    i32x4_relaxed_dot_i8x16_i7x16_add(black_box(weights), black_box(bytes), black_box(sums))
}

/// Whether an instruction multiplies weights with these bytes, which it may take otherwise, exactly.
fn is_exact(bytes: &[i16], dot: impl Fn(v128, v128, v128) -> v128) -> bool {
    bytes.iter().all(|&byte| {
        [-127, -126, -1, 1, 126, 127].into_iter().all(|weight: i8| {
            let sum = 4 * i32::from(weight) * i32::from(byte) + 1;
            let sums = dot(i8x16_splat(weight), i8x16_splat(byte as i8), i32x4_splat(1));
            i32x4_all_true(i32x4_eq(sums, i32x4_splat(sum)))
        })
    })
}

/// The engine's products.
struct Relaxed;

impl Dot for Relaxed {
    #[inline(always)]
    fn add(weights: v128, bytes: v128, sums: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(weights, bytes, sums)
    }
}

/// Engines that are not here, by what the specification allows them.
#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::kernels::{Product, scalar};
    use std::vec;
    use std::vec::Vec;

    /// Four lanes of 16 products, as an engine that takes the bytes as `value` says and sums of two products as `pair` says.
    fn simulate(value: fn(u8) -> i32, pair: fn(i32) -> i32, weights: v128, bytes: v128, sums: v128) -> v128 {
        let (mut w, mut b, mut lanes) = ([0_i8; 16], [0_u8; 16], [0_i32; 4]);
        // SAFETY: the arrays have 16 bytes.
        unsafe {
            v128_store(w.as_mut_ptr().cast(), weights);
            v128_store(b.as_mut_ptr().cast(), bytes);
            v128_store(lanes.as_mut_ptr().cast(), sums);
        }
        for ((lane, w), b) in lanes.iter_mut().zip(w.as_chunks::<4>().0).zip(b.as_chunks::<4>().0) {
            let product = |place: usize| i32::from(w[place]) * value(b[place]);
            *lane = lane.wrapping_add(pair(product(0) + product(1))).wrapping_add(pair(product(2) + product(3)));
        }
        i32x4(lanes[0], lanes[1], lanes[2], lanes[3])
    }

    fn signed(byte: u8) -> i32 {
        i32::from(byte as i8)
    }

    fn unsigned(byte: u8) -> i32 {
        i32::from(byte)
    }

    fn exact(pair: i32) -> i32 {
        pair
    }

    fn saturating(pair: i32) -> i32 {
        pair.clamp(i16::MIN.into(), i16::MAX.into())
    }

    fn wrapping(pair: i32) -> i32 {
        i32::from(pair as i16)
    }

    #[test]
    fn a_set_runs_where_it_is_exact_and_nowhere_else() {
        for value in [signed, unsigned] {
            for pair in [exact, saturating, wrapping] {
                let dot = |weights, bytes, sums| simulate(value, pair, weights, bytes, sums);
                for (probe, all) in [(SIGNED_BYTES, -127..=127), (UNSIGNED_BYTES, 0..=255_i16)] {
                    let all_exact = all.clone().all(|byte| {
                        (-127..=127_i8).all(|weight| {
                            let sums = dot(i8x16_splat(weight), i8x16_splat(byte as i8), i32x4_splat(0));
                            i32x4_extract_lane::<0>(sums) == 4 * i32::from(weight) * i32::from(byte)
                        })
                    });
                    assert_eq!(is_exact(&probe, dot), all_exact, "{all:?}, {}, {}", value(255), pair(40_000));
                }
            }
        }
    }

    /// An Arm CPU's `sdot`.
    struct SimulatedArm;

    impl Dot for SimulatedArm {
        fn add(weights: v128, bytes: v128, sums: v128) -> v128 {
            simulate(signed, exact, weights, bytes, sums)
        }
    }

    #[test]
    fn signed_products_are_those_of_scalar() {
        for (rows, panels, k_groups) in [(1, 1, 1), (3, 2, 17), (4, 1, 78), (9, 3, 20)] {
            // Every byte but -128, which neither weights nor activations have.
            let bytes = |count: usize, factor: usize| (0..count).map(move |i| ((i * factor + i / 251) % 255) as u8);
            let a: Vec<u8> = bytes(rows * k_groups * 4, 97).map(|byte| byte.wrapping_add(129)).collect();
            let w: Vec<i8> = bytes(panels * k_groups * 64, 61).map(|byte| byte.wrapping_add(129) as i8).collect();
            let (row_bytes, row_sums) = (k_groups * 4, panels * 16);
            let size = Product { rows, row_bytes, k_groups, panels, row_sums, prefetch: false };
            let (mut want, mut got) = (vec![0; rows * row_sums], vec![1; rows * row_sums]);
            scalar::matmul_i8(&size, &a, &w, &mut want);
            matmul_i8::<SimulatedArm>(&size, &a, &w, &mut got);
            assert_eq!(got, want, "{size:?}");
        }
    }
}
