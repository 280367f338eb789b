//! What a conversion did, tensor by tensor.

use serde::Serialize;

use crate::tokenizer::VocabularyReport;

/// Sizes and errors of every tensor of a conversion.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// All tensors, in file order.
    pub tensors: Vec<TensorReport>,
    /// Bytes of the weights in the checkpoint.
    pub checkpoint_bytes: u64,
    /// Bytes of the tokenizer's file in the checkpoint; 0 if there is none.
    pub tokenizer_bytes: u64,
    /// Bytes of the model file.
    pub model_bytes: u64,
    /// What was kept of the vocabulary, if it was reduced.
    pub vocabulary: Option<VocabularyReport>,
}

/// One tensor of a conversion.
#[derive(Clone, Debug, Serialize)]
pub struct TensorReport {
    /// Name without prefixes, as in transformers.
    pub name: String,
    /// `f32`, `f16`, `int8`, `int5` or `int4`.
    pub dtype: &'static str,
    /// Output channels; 1 for a vector.
    pub rows: usize,
    /// Inputs, or the length of a vector.
    pub columns: usize,
    /// Places in K that outlier channel splitting adds.
    pub ocs_places: usize,
    /// Bytes in the model file, scales and sums included.
    pub bytes: usize,
    /// Bytes in the checkpoint.
    pub checkpoint_bytes: usize,
    /// Root mean square of the weights' error over that of the weights.
    pub relative_error: f64,
    /// Whether it is a bias that calibration changed to center activations. The network computes the same with it.
    pub moved: bool,
}
