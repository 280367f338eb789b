//! Calibration: what goes into every linear on sample inputs, and what follows from it.
//!
//! Three passes over the same inputs. The first runs the network in f32 and finds the means of activations, which biases then
//! take out ([`center`](center())). The second finds the outlier channels of every site: those get more places in K ([`splits`]). The
//! third runs the network in int8 with these places and sums up the products of the inputs ([`Hessian`]), by which weights are
//! rounded. A *site* is a place where an input is quantized: one for each linear, query, key and value together; the depths at
//! which a shared block runs count as one.

mod center;
mod cost;
mod hessian;
mod observe;
mod random;
pub(crate) mod sample;
mod splits;

use std::collections::BTreeMap;

use albert_core::format::layout::{BLOCK_ROLES, role};

use crate::bytes::ModelBytes;
use crate::formats::Format;
use crate::network::{Kind, Network, Parameter};
use crate::progress::Costs;

pub(crate) use center::{Mean, Moved, center};
pub(crate) use cost::rounding_cost;
pub(crate) use hessian::{Hessian, Part};
pub(crate) use splits::{Peaks, ocs_places};

/// What a model is calibrated on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Calibration<'a> {
    /// A text that comes with this library. For a model without tokenizer random ids, which are worse than rows of the
    /// application: [`Warning::RandomCalibration`](crate::Warning::RandomCalibration).
    #[default]
    BuiltIn,
    /// Texts, one input each; long ones are cut.
    Texts(&'a [String]),
    /// Ids with their special tokens, one input each; long ones are cut.
    Ids(&'a [Vec<u32>]),
    /// Nothing: no OCS places, and weights are rounded to nearest.
    None,
}

impl Calibration<'_> {
    /// How provenance calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Texts(_) => "texts",
            Self::Ids(_) => "ids",
            Self::None => "none",
        }
    }
}

/// Where an input is quantized: the role of the linear that reads it (the query's for key and value), and its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    role: u16,
    block: u16,
}

impl Site {
    /// The site that a parameter's input belongs to; `None` for what is no linear.
    pub(crate) fn of(parameter: &Parameter) -> Option<Self> {
        let role = match parameter.role {
            role::KEY | role::VALUE => role::QUERY,
            role => role,
        };
        (parameter.kind == Kind::Linear).then_some(Self { role, block: parameter.block })
    }
}

/// A value for every site.
pub(crate) type Sites<T> = BTreeMap<Site, T>;

/// The sites of a network and their widths.
fn widths(network: &Network) -> Sites<usize> {
    let of = |parameter: &Parameter| Site::of(parameter).map(|site| (site, parameter.columns));
    network.parameters.iter().filter_map(of).collect()
}

/// Estimates what each stage of a conversion takes if the sample has this many tokens. The unit is a product in f32.
pub(crate) fn costs(network: &Network, tokens: usize, formats: &[Format]) -> Costs {
    let (mut products, mut correlations, mut rounding) = (0.0, 0.0, 0.0);
    for (parameter, format) in network.parameters.iter().zip(formats) {
        rounding += rounding_cost(parameter, format.is_codebook());
        if parameter.kind != Kind::Linear {
            continue;
        }
        let depths = if BLOCK_ROLES.contains(&parameter.role) { depths(network) as f64 } else { 1.0 };
        products += depths * parameter.rows as f64 * parameter.columns as f64;
        if !matches!(parameter.role, role::KEY | role::VALUE) {
            correlations += depths * parameter.columns as f64 * parameter.columns.min(cost::MOST_WIDTH) as f64 / 2.0;
        }
    }
    let tokens = tokens as f64;
    let float = tokens * products;
    let hessians = tokens * (products * cost::INT8 + correlations * cost::CORRELATION);
    Costs { means: float, outliers: float, hessians, sensitivity: 0.0, quantize: rounding }
}

/// How many depths a block runs at, at most.
fn depths(network: &Network) -> usize {
    let blocks = network.parameters.iter().map(|parameter| usize::from(parameter.block) + 1).max().unwrap_or(1);
    let layers = network.config.num_hidden_layers as usize * network.config.inner_group_num as usize;
    layers.div_ceil(blocks)
}

/// Bytes of a network's parameters in f32.
fn bytes(network: &Network) -> usize {
    let of = |parameter: &Parameter| parameter.rows.saturating_mul(parameter.columns).saturating_mul(size_of::<f32>());
    network.parameters.iter().map(of).fold(0, usize::saturating_add)
}

/// The means of every site's inputs on a sample. `model` is the network in f32.
pub(crate) fn find_means(
    network: &Network,
    model: &ModelBytes,
    sample: &[Vec<u32>],
    progress: &mut dyn FnMut(usize),
) -> Sites<Mean> {
    let mut means: Sites<Mean> = widths(network).into_iter().map(|(site, width)| (site, Mean::new(width))).collect();
    observe::run(model, bytes(network), sample, progress, &Mean::add, &mut |site, mean| {
        if let Some(all) = means.get_mut(&site) {
            all.join(std::mem::take(mean));
        }
    });
    means
}

/// The outliers of every site's inputs on a sample. `model` is the network in f32.
pub(crate) fn find_peaks(
    network: &Network,
    model: &ModelBytes,
    sample: &[Vec<u32>],
    progress: &mut dyn FnMut(usize),
) -> Sites<Peaks> {
    let mut peaks = no_peaks(network);
    observe::run(model, bytes(network), sample, progress, &Peaks::add, &mut |site, own| {
        if let Some(all) = peaks.get_mut(&site) {
            all.join(std::mem::take(own));
        }
    });
    peaks
}

/// The sites of a network about whose inputs nothing is known.
pub(crate) fn no_peaks(network: &Network) -> Sites<Peaks> {
    widths(network).into_iter().map(|(site, width)| (site, Peaks::new(width))).collect()
}

/// The Hessian of every site. `model` is the network in int8 with these split lists; `moved` is what its biases have taken
/// out of inputs.
///
/// That is put back before products are summed: means count among the inputs. The error that rounded weights make of a mean is
/// gone with it only for tokens that have it. A rare one that is far from the mean, as one without the large channels of the
/// others is, has that error in full; its own share of the sum is too small to keep it low.
pub(crate) fn find_hessians(
    network: &Network,
    model: &ModelBytes,
    splits: &Sites<Vec<u32>>,
    moved: &Sites<Moved>,
    sample: &[Vec<u32>],
    progress: &mut dyn FnMut(usize),
) -> Sites<Hessian> {
    let widths = widths(network);
    let part = cost::hessian_width(widths.values().copied(), bytes(network));
    let mut hessians: Sites<Hessian> =
        widths.into_iter().map(|(site, width)| (site, Hessian::new(width, part))).collect();
    let most = sample.iter().map(Vec::len).max().unwrap_or(0) * depths(network);
    let keep = |rows: &mut Vec<f32>, row: &[f32]| {
        if rows.is_empty() {
            // All at once: as vectors grow on their own, they take twice as much and leave holes.
            rows.reserve_exact(most * row.len());
        }
        rows.extend_from_slice(row);
    };
    observe::run(model, bytes(network), sample, progress, &keep, &mut |site, rows| {
        let (Some(hessian), Some(splits)) = (hessians.get_mut(&site), splits.get(&site)) else { return };
        rows.chunks_exact_mut(hessian.width()).for_each(|row| splits::round_inputs(row, splits));
        if let Some(moved) = moved.get(&site) {
            moved.put_back(rows);
        }
        hessian.add(rows);
        rows.clear();
    });
    hessians
}
