//! One output channel of a matrix, as floats.

use super::layout::{K_GROUP, PANEL_CHANNELS};
use super::{Matrix, Weights};
use crate::build_features::{CODEBOOK, FLOAT};
use crate::codebook::Panels;
use crate::half::half_to_f32;
use crate::panels::Stored;
use crate::slices::{part, ruled_out};

impl Matrix<'_> {
    /// Adds the weights of output channel (or embedding) `index` to `out`, `[columns]` or, with the OCS places, `[places]`, as they
    /// are stored: with a smoothing vector they are divided by it. Nothing is added beyond the last row.
    pub fn add_row(&self, index: usize, out: &mut [f32]) {
        if index >= self.rows {
            return;
        }
        let (panel, channel) = (index / PANEL_CHANNELS, index % PANEL_CHANNELS);
        let start = |places: usize| panel * PANEL_CHANNELS * places;
        match self.weights {
            Weights::F32(weights) if FLOAT => {
                let places = part(weights, start(self.places())..).as_chunks::<PANEL_CHANNELS>().0;
                out.iter_mut().zip(places).for_each(|(value, place)| *value += place[channel]);
            }
            Weights::F16(weights) if FLOAT => {
                let places = part(weights, start(self.places())..).as_chunks::<PANEL_CHANNELS>().0;
                out.iter_mut().zip(places).for_each(|(value, place)| *value += half_to_f32(place[channel]));
            }
            Weights::I8 { values, scales, .. } => {
                let scale = scales.of(index);
                let groups = part(values, start(self.places().next_multiple_of(K_GROUP))..);
                let groups = groups.as_chunks::<K_GROUP>().0.as_chunks::<PANEL_CHANNELS>().0;
                for (values, group) in out.chunks_mut(K_GROUP).zip(groups) {
                    values.iter_mut().zip(group[channel]).for_each(|(value, place)| *value += f32::from(place) * scale);
                }
            }
            Weights::Codebook { dtype, panels, scales, .. } if CODEBOOK => {
                let scale = scales.of(index);
                let places = self.places();
                let panel = Panels { dtype, panels: Stored::all(panels), places }.part(panel, 0..places, 0);
                for (place, value) in out.iter_mut().enumerate() {
                    *value += f32::from(panel.weight(channel, place)) * scale;
                }
            }
            _ => ruled_out(),
        }
    }
}
