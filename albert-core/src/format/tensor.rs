//! The typed views of tensors that kernels read.

use super::layout::stepped_scale;
use crate::slices::part;

/// Elements of a weight matrix in the file's blocked layout, channels padded to a multiple of 16.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Weights<'a> {
    /// `[rows/16][K][16]`.
    F32(&'a [f32]),
    /// `[rows/16][K][16]`, IEEE binary16.
    F16(&'a [u16]),
    /// `[rows/16][K/4][16][4]`.
    I8 {
        /// The weights.
        values: &'a [i8],
        /// Scale of each channel.
        scales: Scales<'a>,
        /// Sum of each channel's weights; none of a table whose rows are looked up.
        sums: &'a [i32],
    },
    /// Compressed int8: codebook indices and multipliers, which the kernels expand a few blocks at a time.
    Codebook {
        /// One of the codebook formats.
        dtype: u8,
        /// `[rows/16]` panels of codes and multipliers.
        panels: &'a [u8],
        /// Scale of each channel.
        scales: Scales<'a>,
        /// Sum of each channel's expanded weights; none of a table whose rows are looked up.
        sums: &'a [i32],
    },
}

/// The scales of an integer matrix, those of padding channels included.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scales<'a> {
    /// Of an int8 matrix that inputs are multiplied by.
    Exact(&'a [f32]),
    /// Of all others; see [`stepped_scale`].
    Steps {
        /// Bits of the least scale.
        least: u32,
        /// How many steps each channel's scale is above it.
        steps: &'a [u8],
    },
}

impl<'a> Scales<'a> {
    /// Those of an int8 matrix that inputs are multiplied by; else none.
    pub fn exact(self) -> &'a [f32] {
        match self {
            Self::Exact(scales) => scales,
            Self::Steps { .. } => &[],
        }
    }

    /// The scale of a channel, 0 beyond the last.
    pub fn of(self, channel: usize) -> f32 {
        match self {
            Self::Exact(scales) => scales.get(channel).copied().unwrap_or(0.0),
            Self::Steps { least, steps } => steps.get(channel).map_or(0.0, |&steps| stepped_scale(least, steps)),
        }
    }

    /// The scales of as many channels from `first` on as `out` has elements; elements past the last channel stay.
    pub fn copy_to(self, first: usize, out: &mut [f32]) {
        match self {
            Self::Exact(scales) => {
                let scales = part(scales, first..);
                out.iter_mut().zip(scales).for_each(|(out, &scale)| *out = scale);
            }
            Self::Steps { least, steps } => {
                let steps = part(steps, first..);
                out.iter_mut().zip(steps).for_each(|(out, &steps)| *out = stepped_scale(least, steps));
            }
        }
    }
}

/// A weight matrix or an embedding table.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Output channels.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// The elements.
    pub weights: Weights<'a>,
    /// Input channel that each OCS place repeats, ascending.
    pub splits: &'a [u32],
    /// Factor of each input before quantization; empty for none.
    pub smoothing: &'a [f32],
}

impl Matrix<'_> {
    /// Places in K: inputs and OCS places.
    pub fn places(&self) -> usize {
        self.columns + self.splits.len()
    }

    /// Whether the inputs are quantized before the product.
    pub fn is_integer(&self) -> bool {
        matches!(self.weights, Weights::I8 { .. } | Weights::Codebook { .. })
    }
}

/// A matrix and its bias, padded with zeros to a multiple of 16.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a> {
    /// Weights.
    pub matrix: Matrix<'a>,
    /// Bias.
    pub bias: &'a [f32],
}

/// Weight and bias of a layer norm, padded with zeros to a multiple of 16.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// Weight (gamma).
    pub weight: &'a [f32],
    /// Bias (beta).
    pub bias: &'a [f32],
}

/// What a tensor holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Elements<'a> {
    /// A bias, or the weight of a layer norm.
    Vector(&'a [f32]),
    /// A weight matrix or an embedding table.
    Matrix(Matrix<'a>),
}
