//! 64-bit RISC-V with an operating system: the vector extension where Linux reports it.

mod codebook;
mod detect;
mod product;
mod rvv;

use super::{KernelSet, packed, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[&rvv::SET, &packed::SET64, &packed::SET32, &scalar::SET];
