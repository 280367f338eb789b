//! Early exit: the pooled output is classified after every layer, until the exit policy is satisfied.

use crate::heads::{argmax, confidence};

/// When to stop before the last layer.
///
/// Each layer is classified by its own classifier, if the model file has one for each layer (models trained for early exit). Otherwise
/// it is the model's classifier, which was trained on the last layer only.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExitPolicy {
    /// Stops when this many layers in a row have given the same label as the layer before them; 0 stops after the first layer.
    ///
    /// Source: Zhou et al., 2020 (BERT Loses Patience: PABEE).
    Patience(u32),
    /// Stops when the softmax probability of the best label, from 0 to 1, is this or more.
    Confidence(f32),
}

/// A policy, and what it has seen of the current inference.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exit {
    pub(super) policy: Option<ExitPolicy>,
    /// Label of the previous layer.
    label: Option<usize>,
    /// Layers in a row that have agreed with the layer before them.
    agreed: u32,
}

impl Exit {
    /// The state before an inference.
    pub(super) fn new(policy: Option<ExitPolicy>) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Takes the logits of the next layer; returns whether they satisfy the policy.
    pub(super) fn suffices(&mut self, logits: &[f32]) -> bool {
        match self.policy {
            None => false,
            Some(ExitPolicy::Confidence(enough)) => confidence(logits) >= enough,
            Some(ExitPolicy::Patience(patience)) => {
                let label = argmax(logits);
                self.agreed =
                    if self.label.is_some() && self.label == label { self.agreed.saturating_add(1) } else { 0 };
                self.label = label;
                self.agreed >= patience
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Layers that run until the policy is satisfied by one of these logits.
    fn layers(policy: ExitPolicy, logits: &[[f32; 2]]) -> Option<usize> {
        let mut exit = Exit::new(Some(policy));
        logits.iter().position(|logits| exit.suffices(logits)).map(|index| index + 1)
    }

    #[test]
    fn patience_counts_agreements_in_a_row() {
        let logits = [[1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [1.0, 0.0], [3.0, 1.0], [2.0, 1.0]];
        let patient = |patience| layers(ExitPolicy::Patience(patience), &logits);
        assert_eq!([0, 1, 2, 3].map(patient), [Some(1), Some(3), Some(6), None]);
    }

    #[test]
    fn confidence_is_the_best_labels_probability() {
        // Probabilities 0.5, 0.731, 0.881.
        let logits = [[0.0, 0.0], [0.0, 1.0], [2.0, 0.0]];
        let confident = |enough| layers(ExitPolicy::Confidence(enough), &logits);
        assert_eq!([0.5, 0.6, 0.75, 0.9, f32::NAN].map(confident), [Some(1), Some(2), Some(3), None, None]);
    }
}
