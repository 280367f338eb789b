//! WebAssembly with 128-bit vectors: `i32x4.dot_i16x8_s`. Bytes are i8.
//!
//! Shifts widen a register of bytes: places 0 and 2 of four channels become one register of 16 bits, places 1 and 3 another. Each
//! times the same places of a row is a product of pairs that leaves a channel's sum in one lane. Many rows share what is widened.

use super::activate::{activate, dequantize};
use super::lanes::WasmLanes;
use super::product::{self, Dot, TILE_ROWS};
use super::{codebook, float, widened};
use crate::kernels::simd16::row_kernels;
use crate::kernels::{KernelSet, Product};
use core::arch::wasm32::*;

/// The set for modules compiled with `-C target-feature=+simd128`; an engine without it refuses them.
pub(crate) static SET: KernelSet = KernelSet {
    name: "simd128",
    available: || true,
    activation_offset: 0,
    matmul_i8,
    linear: None,
    matmul_f32: float::matmul_f32,
    matmul_f16: float::matmul_f16,
    expand: codebook::expand,
    multiply_panels: None,
    panel_parts: true,
    dequantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(WasmLanes, "simd128");

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    if size.rows > TILE_ROWS {
        widened::matmul_i8(size, a, w, sums);
    } else {
        product::matmul_i8::<Widened>(size, a, w, sums);
    }
}

/// Widened bytes, two registers of 16 bits.
struct Widened;

impl Dot for Widened {
    type Bytes = [v128; 2];

    #[inline(always)]
    fn bytes(register: v128) -> Self::Bytes {
        widened::widen(register)
    }

    #[inline(always)]
    fn add(sum: v128, weights: Self::Bytes, bytes: Self::Bytes) -> v128 {
        let sum = i32x4_add(sum, i32x4_dot_i16x8(weights[0], bytes[0]));
        i32x4_add(sum, i32x4_dot_i16x8(weights[1], bytes[1]))
    }
}
