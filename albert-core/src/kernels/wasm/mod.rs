//! WebAssembly with 128-bit vectors.

mod codebook;
mod float;
mod lanes;
mod simd128;

use super::{KernelSet, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[&simd128::SET, &scalar::SET];
