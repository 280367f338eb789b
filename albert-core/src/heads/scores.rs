//! Logits to scores, as the Hugging Face pipelines make them.

use crate::config::{Activation, ProblemType};
use crate::kernels::{self, Kernels};

/// Turns logits into scores in place, as the problem type says: softmax, a sigmoid for each, or no change. Logits are first divided by
/// `temperature`, which is 1 if nothing was calibrated.
pub fn scores(kernels: Kernels, problem_type: ProblemType, temperature: f32, logits: &mut [f32]) {
    match problem_type {
        ProblemType::SingleLabel => kernels.softmax_f32(logits, core::f32::consts::LOG2_E / temperature),
        ProblemType::MultiLabel => {
            logits.iter_mut().for_each(|logit| *logit /= temperature);
            kernels.activate(Activation::Sigmoid, logits);
        }
        ProblemType::Regression => {}
    }
}

/// Index of the largest value, the first of equals; `None` for an empty slice.
pub fn argmax(values: &[f32]) -> Option<usize> {
    let better = |best: (usize, f32), x: (usize, f32)| if x.1 > best.1 { x } else { best };
    values.iter().copied().enumerate().reduce(better).map(|(index, _)| index)
}

/// Softmax probability of the largest logit; 1 if there is only one logit.
pub fn confidence(logits: &[f32]) -> f32 {
    let peak = logits.iter().fold(f32::NEG_INFINITY, |peak, &logit| if logit > peak { logit } else { peak });
    let sum: f32 = logits.iter().map(|logit| exp(logit - peak)).sum();
    1.0 / sum
}

/// e^x for the softmax of a head: no less than 2^-100.
pub(super) fn exp(x: f32) -> f32 {
    kernels::exp2(x * core::f32::consts::LOG2_E)
}
