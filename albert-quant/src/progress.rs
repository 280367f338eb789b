//! How far long work is.

/// A piece of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Units done.
    pub done: usize,
    /// Units in all.
    pub total: usize,
}
