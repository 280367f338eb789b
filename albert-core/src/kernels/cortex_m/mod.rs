//! Arm Cortex-M.

mod dsp;
#[cfg(arm_mve)]
mod mve;

use super::{KernelSet, scalar};

/// The sets, best first. What the cores have is known when the program is compiled.
#[cfg(arm_mve)]
pub(super) const SETS: &[&KernelSet] = &[&mve::SET, &dsp::SET, &scalar::SET];
#[cfg(not(arm_mve))]
pub(super) const SETS: &[&KernelSet] = &[&dsp::SET, &scalar::SET];
