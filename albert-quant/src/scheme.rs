//! How each matrix of a network is stored.

use albert_core::config::Precision;
use albert_core::format::layout::{PANEL_CHANNELS, has_scale_steps, matrix_bytes, role, round_up, scale_bytes};

use crate::calibrate::{Hessian, Peaks, Site, Sites, ocs_places};
use crate::error::Error;
use crate::formats::{Format, Keep, Weights};
use crate::network::{Kind, Network, Parameter};

/// How a network's matrices are stored.
#[derive(Clone)]
pub(crate) struct Scheme {
    pub(crate) precision: Precision,
    /// By parameter; that of a vector means nothing.
    pub(crate) formats: Vec<Format>,
    /// Channel of each OCS place; sites that are not here have none.
    pub(crate) splits: Sites<Vec<u32>>,
}

impl Scheme {
    /// The formats of a recipe, with exceptions; no OCS places.
    pub(crate) fn new(network: &Network, weights: Weights, keep: &[Keep]) -> Result<Self, Error> {
        let matrices = || network.parameters.iter().filter(|parameter| parameter.kind != Kind::Vector);
        if let Some(keep) = keep.iter().find(|keep| !matrices().any(|parameter| keep.matches(&parameter.name))) {
            return Err(Error::KeepName { name: keep.name.clone() });
        }
        let precision = weights.precision();
        if precision == Precision::Float
            && let Some(keep) = keep.iter().find(|keep| !keep.format.is_float())
        {
            return Err(Error::KeepInteger { name: keep.name.clone(), format: keep.format.name(), weights });
        }
        let format = |parameter: &Parameter| {
            let asked = keep.iter().rfind(|keep| keep.matches(&parameter.name));
            asked.map_or_else(|| weights.format(parameter.role), |keep| keep.format)
        };
        Ok(Self { precision, formats: network.parameters.iter().map(format).collect(), splits: Sites::new() })
    }

    /// The same with other formats for all.
    pub(crate) fn uniform(&self, precision: Precision, format: Format) -> Self {
        Self { precision, formats: vec![format; self.formats.len()], splits: self.splits.clone() }
    }

    /// Bytes of a linear's matrix in a format: data, scales, sums and split list, padding not counted.
    pub(crate) fn bytes(&self, parameter: &Parameter, format: Format) -> u64 {
        let extra = Site::of(parameter).and_then(|site| self.splits.get(&site)).map_or(0, Vec::len);
        let data = matrix_bytes(format.dtype(), parameter.rows, parameter.columns + extra).unwrap_or(0);
        let scales = scale_bytes(has_scale_steps(format.dtype(), false), parameter.rows);
        let sums = 4 * round_up(parameter.rows, PANEL_CHANNELS);
        let channels = if format.is_float() { 0 } else { scales + sums };
        // Key and value have the query's list.
        let list = if matches!(parameter.role, role::KEY | role::VALUE) { 0 } else { extra };
        (data + channels + list * 4) as u64
    }

    /// Whether calibration makes a difference.
    pub(crate) fn is_integer(&self) -> bool {
        self.precision == Precision::Int8
    }

    /// Gives the sites their OCS places, by the outliers of their inputs.
    pub(crate) fn split(&mut self, network: &Network, peaks: &Sites<Peaks>) {
        let mut formats: Sites<Vec<Format>> = Sites::new();
        for (parameter, &format) in network.parameters.iter().zip(&self.formats) {
            if let Some(site) = Site::of(parameter) {
                formats.entry(site).or_default().push(format);
            }
        }
        let allot = |(&site, peaks): (&Site, &Peaks)| {
            // Float matrices have none, and linears that share an input share its places.
            let has = |kind: fn(Format) -> bool| {
                formats.get(&site).is_some_and(|formats| formats.iter().any(|&format| kind(format)))
            };
            let extra = if has(Format::is_float) { 0 } else { ocs_places(peaks.width(), has(Format::is_codebook)) };
            (site, peaks.allot(extra))
        };
        self.splits = peaks.iter().map(allot).collect();
    }
}

/// By which weights are rounded; to nearest at sites that are not here.
pub(crate) type Hessians = Sites<Hessian>;
