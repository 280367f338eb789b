//! 32-bit Arm with an operating system: NEON where it reports that.

mod codebook;
mod detect;
mod neon32;
mod product;

use super::{KernelSet, packed, scalar};

/// The sets, best first.
pub(super) const SETS: &[&KernelSet] = &[&neon32::SET, &packed::SET32, &packed::SET64, &scalar::SET];
