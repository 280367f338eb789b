//! WebAssembly with 128-bit vectors: `i32x4.dot_i16x8_s`. Bytes are i8.

use super::activate::{activate, dequantize};
use super::lanes::WasmLanes;
use super::{codebook, float, widened};
use crate::kernels::KernelSet;
use crate::kernels::simd16::row_kernels;

/// The set for modules compiled with `-C target-feature=+simd128`; an engine without it refuses them.
pub(crate) static SET: KernelSet = KernelSet {
    name: "simd128",
    available: || true,
    activation_offset: 0,
    matmul_i8: widened::matmul_i8,
    linear: Some(widened::linear),
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

row_kernels!(WasmLanes, "simd128");
