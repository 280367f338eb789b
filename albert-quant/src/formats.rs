//! The formats that matrices can be stored in, and the recipes that choose among them.

use std::str::FromStr;

use albert_core::config::Precision;
use albert_core::format::layout::role::ATTENTION_OUTPUT;
use albert_core::format::layout::{BLOCK_ROLES, dtype};

/// The format of a model's matrices. Biases and layer norms are f32 in every model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weights {
    /// int8 throughout; activations are int8 too.
    #[default]
    Int8,
    /// The layers' matrices in 5 bits, all others int8.
    Mixed,
    /// The layers' matrices in 4 bits, except the attention output, which is in 5; all others int8.
    Int4,
    /// binary16 throughout; activations are f32.
    Fp16,
    /// f32 throughout.
    Fp32,
}

impl Weights {
    /// All formats.
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

    /// The format of a matrix of some role when nobody asks for another.
    pub(crate) fn format(self, role: u16) -> Format {
        let layer = BLOCK_ROLES.contains(&role);
        match self {
            Self::Fp32 => Format::Fp32,
            Self::Fp16 => Format::Fp16,
            Self::Mixed if layer => Format::Int5,
            // Weight by weight it does the most damage, and it is one in twelve.
            Self::Int4 if role == ATTENTION_OUTPUT => Format::Int5,
            Self::Int4 if layer => Format::Int4,
            _ => Format::Int8,
        }
    }
}

/// The format of one matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
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

/// A name that no format has.
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

    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Self::Fp32 | Self::Fp16)
    }

    pub(crate) const fn is_codebook(self) -> bool {
        matches!(self, Self::Int5 | Self::Int4)
    }
}

/// A format for all matrices whose names match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// A tensor's name, or consecutive parts of it: `attention.dense`, `ffn`, `pooler`, `albert_layers.0`.
    pub name: String,
    /// Their format.
    pub format: Format,
}

impl Keep {
    /// Whether this is about the tensor `name`.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let (name, wanted): (Vec<&str>, Vec<&str>) = (name.split('.').collect(), self.name.split('.').collect());
        name.windows(wanted.len().max(1)).any(|parts| parts == wanted)
    }
}
