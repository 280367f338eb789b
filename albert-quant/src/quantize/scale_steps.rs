//! Scales that are steps above the least one, 32 an octave.
//!
//! They are chosen before weights are rounded to multiples of them.

use albert_core::format::layout::{PANEL_CHANNELS, SCALE_STEP_SHIFT, stepped_scale};
use rayon::prelude::*;

use super::grid::{Grid, Lanes};
use super::read_panel;
use crate::error::Error;
use crate::network::Parameter;

/// The scales that a matrix' channels may have.
pub(super) struct ScaleSteps {
    /// Bits of the least one.
    least: u32,
}

impl ScaleSteps {
    /// Those whose largest reaches the largest weight of a matrix, rows included that are left out of it: the scale of a row does
    /// not depend on the others that are kept.
    pub(super) fn of(grid: Grid, matrix: &Parameter) -> Result<Self, Error> {
        let matrix = matrix.whole();
        let largest = |panel| {
            let scales = grid.scales(&read_panel(matrix, panel)?);
            Ok(scales.into_iter().fold(0.0, f32::max))
        };
        let panels: Vec<Result<f32, Error>> =
            (0..matrix.rows.div_ceil(PANEL_CHANNELS)).into_par_iter().map(largest).collect();
        let panels: Vec<f32> = panels.into_iter().collect::<Result<_, _>>()?;
        Ok(Self::below(panels.into_iter().fold(0.0, f32::max)))
    }

    fn below(largest: f32) -> Self {
        let top = largest.to_bits().next_multiple_of(1 << SCALE_STEP_SHIFT);
        Self { least: top.saturating_sub(u32::from(u8::MAX) << SCALE_STEP_SHIFT) }
    }

    fn scale(&self, steps: u8) -> f32 {
        stepped_scale(self.least, steps)
    }

    /// The first step that reaches a scale.
    fn steps(&self, scale: f32) -> u8 {
        let steps = scale.to_bits().saturating_sub(self.least).div_ceil(1 << SCALE_STEP_SHIFT);
        u8::try_from(steps).unwrap_or(u8::MAX)
    }

    /// The scales of a panel, `[16][columns]`: the first that reach those that the grid asks for.
    pub(super) fn choose(&self, grid: Grid, weights: &[f32]) -> Lanes<f32> {
        grid.scales(weights).map(|scale| self.scale(self.steps(scale)))
    }

    /// Writes the scales of all channels as the file has them.
    pub(super) fn write(&self, scales: &[f32], out: &mut [u8]) {
        let (least, steps) = out.split_at_mut(size_of::<u32>());
        least.copy_from_slice(&self.least.to_le_bytes());
        steps.iter_mut().zip(scales).for_each(|(steps, &scale)| *steps = self.steps(scale));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_reached_from_above() {
        let scales = ScaleSteps::below(0.37);
        for wanted in [0.37f32, 0.36, 0.1, 0.004] {
            let stored = scales.scale(scales.steps(wanted));
            assert!(stored >= wanted && stored <= wanted * (1.0 + 1.0 / 32.0), "{wanted}: {stored}");
        }
        assert_eq!(scales.steps(0.37), u8::MAX);
        assert_eq!(scales.steps(0.0), 0);
    }
}
