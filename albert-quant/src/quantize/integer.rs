//! int8 and the codebook formats: scales, sums and the panels of `docs/format.md`.

use albert_core::format::layout::{CodebookLayout, K_GROUP, K_UNIT, PANEL_CHANNELS, dtype, has_scale_steps};
use rayon::prelude::*;

use super::grid::{Grid, Lanes};
use super::panel::QuantizedPanel;
use super::rounding;
use super::scale_steps::ScaleSteps;
use super::second_order::Feedback;
use super::{Fidelity, read_panel};
use crate::error::Error;
use crate::network::{Kind, Parameter};
use crate::writer::Region;

/// Bytes of a K group of a panel.
const GROUP_BYTES: usize = PANEL_CHANNELS * K_GROUP;

/// Rounds so that the errors of a channel's weights make up for each other as far as `feedback` knows how.
pub(super) fn pack(parameter: &Parameter, region: Region<'_>, feedback: &Feedback) -> Result<Fidelity, Error> {
    let Region { dtype: code, data, scales, sums, splits } = region;
    let grid = Grid::of(code);
    let has_steps = has_scale_steps(code, parameter.kind == Kind::Table);
    let steps = if has_steps { Some(ScaleSteps::of(grid, parameter)?) } else { None };
    let panel_bytes = (data.len() / parameter.rows.div_ceil(PANEL_CHANNELS)).max(1);
    let pack_panel = |(index, panel): (usize, &mut [u8])| {
        let weights = read_panel(parameter, index)?;
        let channels = match &steps {
            Some(steps) => steps.choose(grid, &weights),
            None => grid.scales(&weights),
        };
        let mut rounded = rounding::round(grid, channels, &weights, splits, feedback);
        // Channels past the last have no values.
        let channels = PANEL_CHANNELS.min(parameter.rows - index * PANEL_CHANNELS);
        rounded.codes.iter_mut().for_each(|codes| codes[channels..].fill(0));
        rounded.values.iter_mut().for_each(|values| values[channels..].fill(0));
        match code {
            dtype::I8 => write_int8(&rounded.values, panel),
            _ => write_codes(code, &rounded, panel),
        }
        let mut sums = [0; PANEL_CHANNELS];
        for values in &rounded.values {
            sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += i32::from(value));
        }
        Ok((fidelity(&weights, &rounded), rounded.scales, sums))
    };
    let panels: Vec<Result<_, Error>> = data.par_chunks_mut(panel_bytes).enumerate().map(pack_panel).collect();
    let panels: Vec<_> = panels.into_iter().collect::<Result<_, _>>()?;
    let stored: Vec<f32> = panels.iter().flat_map(|(_, scales, _)| *scales).collect();
    match steps {
        Some(steps) => steps.write(&stored, scales),
        None => scales.copy_from_slice(bytemuck::cast_slice(&stored)),
    }
    // Lookup tables have no room for sums.
    sums.iter_mut().zip(panels.iter().flat_map(|(.., sums)| *sums)).for_each(|(to, sum)| *to = sum);
    Ok(panels.iter().map(|(fidelity, ..)| *fidelity).sum())
}

fn fidelity(weights: &[f32], rounded: &QuantizedPanel) -> Fidelity {
    let mut fidelity = Fidelity::default();
    for (lane, weights) in weights.chunks_exact(rounded.errors.len()).enumerate() {
        for (&weight, errors) in weights.iter().zip(&rounded.errors) {
            fidelity.add(weight, errors[lane] * rounded.scales[lane]);
        }
    }
    fidelity
}

/// `[places/4][16][4]`.
fn write_int8(values: &[Lanes<i8>], panel: &mut [u8]) {
    for (place, values) in values.iter().enumerate() {
        for (channel, &value) in values.iter().enumerate() {
            panel[offset(place, channel)] = value as u8;
        }
    }
}

/// Where the weight of a place and a channel lies in an int8 panel.
fn offset(place: usize, channel: usize) -> usize {
    place / K_GROUP * GROUP_BYTES + channel * K_GROUP + place % K_GROUP
}

/// Codes, high bits and multipliers of all units.
fn write_codes(code: u8, rounded: &QuantizedPanel, panel: &mut [u8]) {
    let layout = CodebookLayout::new(code, rounded.codes.len());
    for (place, codes) in rounded.codes.iter().enumerate() {
        let (unit, within) = (place / K_UNIT, place % K_UNIT);
        for (channel, &code) in codes.iter().enumerate() {
            let at = unit * GROUP_BYTES + channel * K_GROUP + within % K_GROUP;
            panel[at] |= (code & 15) << (4 * (within / K_GROUP));
            if code >> 4 != 0 {
                panel[layout.high_bits + unit * PANEL_CHANNELS + channel] |= 1 << within;
            }
        }
    }
    let multipliers = rounded.multipliers.as_flattened();
    for (byte, &multiplier) in panel[layout.multipliers..].iter_mut().zip(multipliers) {
        *byte = multiplier as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_channel_lie_four_by_four() {
        assert_eq!([offset(0, 0), offset(3, 0), offset(0, 1), offset(4, 0), offset(5, 15)], [0, 3, 4, 64, 125]);
    }
}
