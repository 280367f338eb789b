//! Logits to scores, as the Hugging Face pipelines make them.

use crate::config::{Activation, ProblemType};
use crate::kernels::Kernels;

/// Turns logits into scores in place: softmax, a sigmoid for each, or nothing, by the problem type.
pub fn scores(kernels: Kernels, problem_type: ProblemType, logits: &mut [f32]) {
    match problem_type {
        ProblemType::SingleLabel => kernels.softmax_f32(logits, core::f32::consts::LOG2_E),
        ProblemType::MultiLabel => kernels.activate(Activation::Sigmoid, logits),
        ProblemType::Regression => {}
    }
}

/// Index of the largest value, the first of equals; `None` for an empty slice.
pub fn argmax(values: &[f32]) -> Option<usize> {
    let better = |best: (usize, f32), x: (usize, f32)| if x.1 > best.1 { x } else { best };
    values.iter().copied().enumerate().reduce(better).map(|(index, _)| index)
}
