//! One output channel of a matrix, as floats.

use super::layout::{K_GROUP, PANEL_CHANNELS};
use super::{Matrix, Weights};
use crate::build_features::{CODEBOOK, FLOAT};
use crate::codebook::Panels;
use crate::half::half_to_f32;

impl Matrix<'_> {
    /// Adds the weights of output channel (or embedding) `index` to `out`, `[columns]` or, with the OCS places, `[places]`, as they
    /// are stored: with a smoothing vector they are divided by it. Nothing is added beyond the last row.
    pub fn add_row(&self, index: usize, out: &mut [f32]) {
        let (panel, channel) = (index / PANEL_CHANNELS, index % PANEL_CHANNELS);
        let start = |places: usize| panel * PANEL_CHANNELS * places;
        match self.weights {
            Weights::F32(weights) if FLOAT => {
                let panel = weights.get(start(self.places())..).unwrap_or(&[]).chunks_exact(PANEL_CHANNELS);
                for (value, place) in out.iter_mut().zip(panel) {
                    *value += place.get(channel).copied().unwrap_or(0.0);
                }
            }
            Weights::F16(weights) if FLOAT => {
                let panel = weights.get(start(self.places())..).unwrap_or(&[]).chunks_exact(PANEL_CHANNELS);
                for (value, place) in out.iter_mut().zip(panel) {
                    *value += half_to_f32(place.get(channel).copied().unwrap_or(0));
                }
            }
            Weights::I8 { values, scales, .. } => {
                let scale = scales.of(index);
                let panel = values.get(start(self.places().next_multiple_of(K_GROUP))..).unwrap_or(&[]);
                let groups = panel.chunks_exact(PANEL_CHANNELS * K_GROUP);
                for (values, group) in out.chunks_mut(K_GROUP).zip(groups) {
                    let places = group.get(channel * K_GROUP..).unwrap_or(&[]);
                    for (value, &place) in values.iter_mut().zip(places) {
                        *value += f32::from(place) * scale;
                    }
                }
            }
            Weights::Codebook { dtype, panels, scales, .. } if CODEBOOK => {
                let scale = scales.of(index);
                let places = self.places();
                let panel = Panels { dtype, panels, places }.part(panel, 0..places, 0);
                for (place, value) in out.iter_mut().enumerate() {
                    *value += f32::from(panel.weight(channel, place)) * scale;
                }
            }
            _ => {}
        }
    }
}
