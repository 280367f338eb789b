//! f32 vectors, f32 and binary16 matrices: `[rows/16][columns][16]`.

use albert_core::format::layout::PANEL_CHANNELS;
use half::f16;
use rayon::prelude::*;

use super::{Fidelity, check_finite, in_order, index, read_panel};
use crate::error::Error;
use crate::network::Parameter;
use crate::writer::Region;

pub(super) fn pack_vector(parameter: &Parameter, region: Region<'_>) -> Result<Fidelity, Error> {
    let values = &mut bytemuck::cast_slice_mut(region.data)[..parameter.columns];
    parameter.source.read_row(0, values);
    check_finite(parameter, 0, values)?;
    Ok(Fidelity::default())
}

pub(super) fn pack_f32(parameter: &Parameter, region: Region<'_>) -> Result<Fidelity, Error> {
    let data: &mut [f32] = bytemuck::cast_slice_mut(region.data);
    pack(parameter, data, |weight| Some((weight, weight)))
}

pub(super) fn pack_f16(parameter: &Parameter, region: Region<'_>) -> Result<Fidelity, Error> {
    let data: &mut [u16] = bytemuck::cast_slice_mut(region.data);
    pack(parameter, data, |weight| {
        let stored = f16::from_f32(weight);
        stored.is_finite().then(|| (stored.to_bits(), stored.to_f32()))
    })
}

/// `encode` gives the stored element and its value, or nothing when the weight is out of range.
fn pack<T: Send>(
    parameter: &Parameter,
    data: &mut [T],
    encode: impl Fn(f32) -> Option<(T, f32)> + Sync,
) -> Result<Fidelity, Error> {
    let pack_panel = |(panel, out): (usize, &mut [T])| {
        let mut fidelity = Fidelity::default();
        let values = read_panel(parameter, panel)?;
        for (channel, row) in values.chunks_exact(parameter.columns).enumerate() {
            for (column, &weight) in row.iter().enumerate() {
                let (element, stored) = encode(weight).ok_or_else(|| Error::Fp16Range {
                    name: parameter.name.clone(),
                    index: index(parameter, panel * PANEL_CHANNELS + channel, column),
                    value: weight,
                })?;
                out[column * PANEL_CHANNELS + channel] = element;
                fidelity.add(weight, weight - stored);
            }
        }
        Ok(fidelity)
    };
    in_order(data.par_chunks_mut(PANEL_CHANNELS * parameter.columns).enumerate().map(pack_panel).collect())
}
