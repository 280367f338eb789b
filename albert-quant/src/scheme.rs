//! How each matrix of a network is stored.

use std::str::FromStr;

use albert_core::config::Precision;
use albert_core::format::layout::{
    BLOCK_CHANNELS, BLOCK_ROLES, dtype, has_scale_steps, matrix_bytes, role, round_up, scale_bytes,
};

use crate::calibrate::{Hessian, Peaks, Site, Sites, extra_slots};
use crate::error::Error;
use crate::network::{Kind, Network, Parameter};

/// What the matrices of a model are stored in. Biases and layer norms are f32 in every model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// int8 throughout; activations are int8 too.
    #[default]
    Int8,
    /// The layers' matrices in 5 bits, all others int8.
    Mixed,
    /// The layers' matrices in 4 bits, but for the attention output, which is in 5, all others int8.
    Int4,
    /// binary16 throughout; activations are f32.
    Fp16,
    /// f32 throughout.
    Fp32,
}

impl Weights {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Int8, Self::Mixed, Self::Int4, Self::Fp16, Self::Fp32];

    /// The name that `--weights` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Mixed => "mixed",
            Self::Int4 => "int4",
            Self::Fp16 => "fp16",
            Self::Fp32 => "fp32",
        }
    }

    /// What activations are.
    pub(crate) fn precision(self) -> Precision {
        match self {
            Self::Int8 | Self::Mixed | Self::Int4 => Precision::Int8,
            Self::Fp16 | Self::Fp32 => Precision::Float,
        }
    }

    /// The format of a matrix when nobody asks for another.
    fn format(self, parameter: &Parameter) -> Format {
        let layer = BLOCK_ROLES.contains(&parameter.role);
        match self {
            Self::Fp32 => Format::Fp32,
            Self::Fp16 => Format::Fp16,
            Self::Mixed if layer => Format::Int5,
            // Weight by weight it does the most damage, and it is one in twelve.
            Self::Int4 if parameter.role == role::ATTENTION_OUTPUT => Format::Int5,
            Self::Int4 if layer => Format::Int4,
            _ => Format::Int8,
        }
    }
}

/// What one matrix is stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// f32.
    Fp32,
    /// binary16.
    Fp16,
    /// int8 with a scale per output channel.
    Int8,
    /// A codebook of 32 levels with a multiplier for each 4 channels and 8 inputs.
    Int5,
    /// A codebook of 16 levels with a multiplier for each 4 channels and 8 inputs.
    Int4,
}

const FORMATS: [Format; 5] = [Format::Fp32, Format::Fp16, Format::Int8, Format::Int5, Format::Int4];

/// A format's name that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}; expected one of {names}", names = FORMATS.map(Format::name).join(", "))]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        FORMATS.into_iter().find(|format| format.name() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

impl Format {
    /// The name that `--keep` and `--embeddings` take.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
            Self::Int5 => "int5",
            Self::Int4 => "int4",
        }
    }

    pub(crate) const fn dtype(self) -> u8 {
        match self {
            Self::Fp32 => dtype::F32,
            Self::Fp16 => dtype::F16,
            Self::Int8 => dtype::I8,
            Self::Int5 => dtype::C5,
            Self::Int4 => dtype::C4,
        }
    }

    const fn is_float(self) -> bool {
        matches!(self, Self::Fp32 | Self::Fp16)
    }
}

/// A format for the matrices of some name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// A tensor's name, or consecutive parts of it: `attention.dense`, `ffn`, `pooler`, `albert_layers.0`.
    pub name: String,
    /// What they are stored in.
    pub format: Format,
}

impl Keep {
    /// Whether this is about the tensor `name`.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let (name, wanted): (Vec<&str>, Vec<&str>) = (name.split('.').collect(), self.name.split('.').collect());
        name.windows(wanted.len().max(1)).any(|parts| parts == wanted)
    }
}

/// How a network's matrices are stored.
#[derive(Clone)]
pub(crate) struct Scheme {
    pub(crate) precision: Precision,
    /// By parameter; that of a vector means nothing.
    pub(crate) formats: Vec<Format>,
    /// Channel of each extra slot; sites that are not here have none.
    pub(crate) splits: Sites<Vec<u32>>,
}

impl Scheme {
    /// The formats of a recipe, with exceptions; no extra slots.
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
            asked.map_or_else(|| weights.format(parameter), |keep| keep.format)
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
        let sums = 4 * round_up(parameter.rows, BLOCK_CHANNELS);
        let channels = if format.is_float() { 0 } else { scales + sums };
        // Key and value have the query's list.
        let list = if matches!(parameter.role, role::KEY | role::VALUE) { 0 } else { extra };
        (data + channels + list * 4) as u64
    }

    /// Whether calibration makes a difference.
    pub(crate) fn is_integer(&self) -> bool {
        self.precision == Precision::Int8
    }

    /// Gives the sites their extra slots, by the outliers of their inputs.
    pub(crate) fn split(&mut self, network: &Network, peaks: &Sites<Peaks>) {
        let mut formats: Sites<Vec<Format>> = Sites::new();
        for (parameter, &format) in network.parameters.iter().zip(&self.formats) {
            if let Some(site) = Site::of(parameter) {
                formats.entry(site).or_default().push(format);
            }
        }
        let allot = |(&site, peaks): (&Site, &Peaks)| {
            // Float matrices have none, and linears that share an input share its slots.
            let float = formats.get(&site).is_some_and(|formats| formats.iter().any(|format| format.is_float()));
            (site, peaks.allot(if float { 0 } else { extra_slots(peaks.width()) }))
        };
        self.splits = peaks.iter().map(allot).collect();
    }
}

/// By which weights are rounded; to nearest at sites that are not here.
pub(crate) type Hessians = Sites<Hessian>;
