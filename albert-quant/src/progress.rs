//! How far long work is.

/// A stage of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Running the network on the sample to find the means of activations; units are inputs.
    Means,
    /// Running the network on the sample to find outlier channels; units are inputs.
    Outliers,
    /// Running the network on the sample to find the Hessians; units are inputs.
    Hessians,
    /// Trying the matrices in smaller formats; units are matrices.
    Sensitivity,
    /// Rounding and writing; units are tensors.
    Quantize,
}

impl Stage {
    /// What is done in it, in words: `calibrating`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Means => "finding means",
            Self::Outliers => "finding outlier channels",
            Self::Hessians => "calibrating",
            Self::Sensitivity => "measuring sensitivity",
            Self::Quantize => "quantizing",
        }
    }
}

/// Progress of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Units done.
    pub done: usize,
    /// Total number of units.
    pub total: usize,
}
