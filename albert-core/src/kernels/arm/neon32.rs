//! NEON of 32-bit Arm: bytes are i8, two products a 16-bit sum.
//!
//! The intrinsics are not stable on this architecture, and programs are compiled for CPUs without NEON; so loops are written in
//! assembly, in one piece each. Float arithmetic of these vectors takes subnormal numbers as zero and does not divide. Only
//! what gives the same bits all the same is here; other rows are the scalar set's.

use super::{codebook, detect, product};
use crate::build_features::CODEBOOK;
use crate::kernels::{KernelSet, scalar};

/// The set for Armv7-A with NEON, and Armv8-A in its 32-bit state.
pub(super) static SET: KernelSet = KernelSet {
    name: "neon32",
    available: detect::neon,
    matmul_i8: product::matmul_i8,
    expand: if CODEBOOK { codebook::expand } else { |_, _| () },
    ..scalar::SET
};
