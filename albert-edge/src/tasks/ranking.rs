//! Scores in order.

use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

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
    // A heap is a tenth of the code of a sort. Its keys are in the order of `total_cmp`.
    let key = |score: f32| (score.to_bits() as i32) ^ (((score.to_bits() as i32) >> 31) as u32 >> 1) as i32;
    let keys = scores.iter().enumerate().map(|(index, &score)| (key(score), Reverse(index)));
    let mut heap: BinaryHeap<(i32, Reverse<usize>)> = keys.collect();
    let best = core::iter::from_fn(|| heap.pop()).take(k);
    best.filter_map(|(_, Reverse(index))| Some((index, *scores.get(index)?))).collect()
}

/// Softmax.
pub(super) fn softmax(kernels: Kernels, logits: &[f32]) -> Vec<f32> {
    let mut scores = logits.to_vec();
    heads::scores(kernels, ProblemType::SingleLabel, 1.0, &mut scores);
    scores
}
