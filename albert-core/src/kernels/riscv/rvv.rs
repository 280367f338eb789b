//! The vector extension (RVV 1.0): bytes are i8. The length of the registers, at least 128 bits, is known at run time.
//!
//! The intrinsics are not stable, and programs are compiled for CPUs without vectors; so loops are written in assembly.

use super::{codebook, detect, product};
use crate::build_features::CODEBOOK;
use crate::kernels::{KernelSet, scalar};

/// The set for 64-bit CPUs with the extension `V`.
pub(super) static SET: KernelSet = KernelSet {
    name: "rvv",
    available: detect::vectors,
    matmul_i8: product::matmul_i8,
    expand: if CODEBOOK { codebook::expand } else { |_, _| () },
    ..scalar::SET
};
