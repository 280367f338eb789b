//! WebAssembly with 128-bit vectors.

mod activate;
mod codebook;
mod float;
mod lanes;
mod product;
#[cfg(target_feature = "relaxed-simd")]
mod relaxed;
mod simd128;
mod widened;

use super::{KernelSet, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[
    #[cfg(target_feature = "relaxed-simd")]
    &relaxed::UNSIGNED,
    #[cfg(target_feature = "relaxed-simd")]
    &relaxed::SIGNED,
    &simd128::SET,
    &scalar::SET,
];
