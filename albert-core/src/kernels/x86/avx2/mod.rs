//! AVX2: bytes are i8, multiplied as |a| x w, with all bits of w the other way round where a is negative.

mod codebook;
pub(crate) mod lanes;
mod product;

use super::{detect, float};
use crate::kernels::KernelSet;
use crate::kernels::simd16::{activation_kernels, row_kernels};
use lanes::Avx2Lanes;

/// The set for x86-64 CPUs from Haswell and Zen on.
pub(crate) static SET: KernelSet = KernelSet {
    name: "avx2",
    available: || detect::features().avx2,
    activation_offset: 0,
    matmul_i8: product::matmul_i8,
    linear: None,
    matmul_f32: float::matmul_f32_avx2,
    matmul_f16: float::matmul_f16_avx2,
    expand: super::codebook::expand_avx2,
    multiply_panels: Some(codebook::multiply_panels),
    panel_parts: true,
    wide_sums: true,
    dequantize,
    quantize_heads,
    quantize_row,
    layer_norm,
    softmax,
    softmax_f32,
    activate,
};

row_kernels!(Avx2Lanes, "avx2");
activation_kernels!(Avx2Lanes, "avx2");
