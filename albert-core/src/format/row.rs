//! One output channel of a matrix, as floats.

use super::layout::{BLOCK_CHANNELS, BLOCK_SLOTS};
use super::{Matrix, Weights};
use crate::build_features::{CODEBOOK, FLOAT};
use crate::codebook::Panels;
use crate::half::half_to_f32;

impl Matrix<'_> {
    /// Adds the weights of output channel (or embedding) `index` to `out`, `[columns]` or, with the extra slots, `[slots]`, as they
    /// are stored: with a smoothing vector they are divided by it. Nothing is added beyond the last row.
    pub fn add_row(&self, index: usize, out: &mut [f32]) {
        let (block, channel) = (index / BLOCK_CHANNELS, index % BLOCK_CHANNELS);
        let panel = |slots: usize| block * BLOCK_CHANNELS * slots;
        match self.weights {
            Weights::F32(weights) if FLOAT => {
                let panel = weights.get(panel(self.slots())..).unwrap_or(&[]).chunks_exact(BLOCK_CHANNELS);
                for (value, slot) in out.iter_mut().zip(panel) {
                    *value += slot.get(channel).copied().unwrap_or(0.0);
                }
            }
            Weights::F16(weights) if FLOAT => {
                let panel = weights.get(panel(self.slots())..).unwrap_or(&[]).chunks_exact(BLOCK_CHANNELS);
                for (value, slot) in out.iter_mut().zip(panel) {
                    *value += half_to_f32(slot.get(channel).copied().unwrap_or(0));
                }
            }
            Weights::I8 { values, scales, .. } => {
                let scale = scales.of(index);
                let panel = values.get(panel(self.slots().next_multiple_of(BLOCK_SLOTS))..).unwrap_or(&[]);
                let steps = panel.chunks_exact(BLOCK_CHANNELS * BLOCK_SLOTS);
                for (values, step) in out.chunks_mut(BLOCK_SLOTS).zip(steps) {
                    let slots = step.get(channel * BLOCK_SLOTS..).unwrap_or(&[]);
                    for (value, &slot) in values.iter_mut().zip(slots) {
                        *value += f32::from(slot) * scale;
                    }
                }
            }
            Weights::Codebook { dtype, panels, scales, .. } if CODEBOOK => {
                let scale = scales.of(index);
                let slots = self.slots();
                let panel = Panels { dtype, panels, slots }.part(block, 0..slots, 0);
                for (slot, value) in out.iter_mut().enumerate() {
                    *value += f32::from(panel.weight(channel, slot)) * scale;
                }
            }
            _ => {}
        }
    }
}
