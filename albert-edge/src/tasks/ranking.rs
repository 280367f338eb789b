//! Scores in order.

use alloc::string::String;
use alloc::vec::Vec;

use albert_core::config::ProblemType;
use albert_core::heads;
use albert_core::kernels::Kernels;

/// A label and its score.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Label {
    /// The label's name.
    pub label: String,
    /// Its score.
    pub score: f32,
    /// Layers that ran, with a policy of early exit.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub layers: Option<u32>,
}

/// The `k` largest scores and their indices, in descending order, the first of equals first.
pub(super) fn top(scores: &[f32], k: usize) -> Vec<(usize, f32)> {
    let mut ranked: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(k);
    ranked
}

/// Softmax.
pub(super) fn softmax(kernels: Kernels, logits: &[f32]) -> Vec<f32> {
    let mut scores = logits.to_vec();
    heads::scores(kernels, ProblemType::SingleLabel, 1.0, &mut scores);
    scores
}
