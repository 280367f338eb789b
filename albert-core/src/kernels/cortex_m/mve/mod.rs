//! Arm Cortex-M with Helium (MVE).
//!
//! Vectors of floats flush subnormal numbers and have neither division nor square root: float operations are scalar ones.

mod product;
mod values;

use super::dsp;
use crate::kernels::KernelSet;

/// The set of Cortex-M52, M55 and M85. Bytes of activations are i8.
pub(crate) static SET: KernelSet =
    KernelSet { name: "cortexmve", matmul_i8: product::matmul_i8, dequantize: values::dequantize, ..dsp::SET };
