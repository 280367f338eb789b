//! Arm Cortex-M.

mod dsp;

use super::{KernelSet, scalar};

/// The sets, best first. What the cores have is known when the program is compiled.
pub(super) const SETS: &[&KernelSet] = &[&dsp::SET, &scalar::SET];
