//! 64-bit Arm: NEON, with dot products (`sdot`) and with matrix products (`smmla`) where the operating system reports them.

mod codebook;
mod detect;
mod float;
mod lanes;
mod neon;
mod neondot;
mod neoni8mm;

use super::{KernelSet, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[&neoni8mm::SET, &neondot::SET, &neon::SET, &scalar::SET];
