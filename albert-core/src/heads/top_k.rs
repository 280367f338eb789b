//! The best of a stream of logits, with their softmax probabilities.

use super::scores::exp;
use crate::slices::{part, part_mut};

/// One of the best entries.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Candidate {
    /// Index of the logit: a label, or a vocabulary id.
    pub id: u32,
    /// The logit; after [`TopK::finish`] its softmax probability.
    pub score: f32,
}

/// Keeps the `best.len()` largest of the logits pushed to it, in a caller's buffer, and the sum that their softmax needs.
#[derive(Debug)]
pub struct TopK<'b> {
    best: &'b mut [Candidate],
    kept: usize,
    largest: f32,
    /// Sum of `exp(logit - largest)`.
    sum: f32,
}

impl<'b> TopK<'b> {
    /// Starts without logits.
    pub fn new(best: &'b mut [Candidate]) -> Self {
        Self { best, kept: 0, largest: f32::NEG_INFINITY, sum: 0.0 }
    }

    /// Adds the logits of ids `first`, `first + 1`, ...
    pub fn push(&mut self, first: u32, logits: &[f32]) {
        self.extend_with(first, logits, |_| true);
    }

    /// As [`TopK::push`], but keeps only ids that `wanted` accepts. The softmax includes all logits.
    pub fn extend_with(&mut self, first: u32, logits: &[f32], mut wanted: impl FnMut(u32) -> bool) {
        let largest = logits.iter().fold(self.largest, |a, &b| if b > a { b } else { a });
        if largest > self.largest {
            self.sum *= exp(self.largest - largest);
            self.largest = largest;
        }
        for (id, &logit) in (first..).zip(logits) {
            self.sum += exp(logit - largest);
            if self.enters(logit) && wanted(id) {
                self.insert(Candidate { id, score: logit });
            }
        }
    }

    /// Takes scores of ids `first`, `first + 1`, ... that no softmax is wanted of; [`TopK::into_best`] ends that.
    pub(super) fn keep(&mut self, first: u32, scores: &[f32]) {
        for (id, &score) in (first..).zip(scores) {
            if self.enters(score) {
                self.insert(Candidate { id, score });
            }
        }
    }

    /// The best in descending order, with their scores.
    pub(super) fn into_best(self) -> &'b [Candidate] {
        part(self.best, ..self.kept)
    }

    fn enters(&self, score: f32) -> bool {
        self.kept < self.best.len() || self.best.last().is_some_and(|last| score > last.score)
    }

    /// Puts a candidate behind all that are at least as good, so that of equals the first comes first.
    fn insert(&mut self, candidate: Candidate) {
        let kept = part_mut(self.best, ..self.best.len().min(self.kept + 1));
        let place = kept.iter().take(self.kept).position(|other| candidate.score > other.score);
        let place = place.unwrap_or(self.kept.min(kept.len() - 1));
        let mut moved = candidate;
        kept.iter_mut().skip(place).for_each(|slot| core::mem::swap(slot, &mut moved));
        self.kept = kept.len();
    }

    /// The best in descending order, their logits turned into probabilities over everything that was pushed.
    pub fn finish(self) -> &'b [Candidate] {
        let best = part_mut(self.best, ..self.kept);
        for candidate in best.iter_mut() {
            candidate.score = exp(candidate.score - self.largest) / self.sum;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_in_order_and_their_softmax() {
        let logits = [1.0, 3.0, 2.0, 3.0, -1.0, 0.5];
        let mut best = [Candidate::default(); 3];
        let mut top = TopK::new(&mut best);
        top.push(0, &logits[..2]);
        top.push(2, &logits[2..]);
        let sum: f32 = logits.iter().map(|x| libm::expf(x - 3.0)).sum();
        let best = top.finish();
        assert_eq!(best.iter().map(|c| c.id).collect::<heapless::Vec<_, 3>>(), [1, 3, 2]);
        assert!((best[0].score - 1.0 / sum).abs() < 1e-6 && (best[2].score - libm::expf(-1.0) / sum).abs() < 1e-6);
    }

    #[test]
    fn fewer_logits_than_places() {
        let mut best = [Candidate::default(); 4];
        let mut top = TopK::new(&mut best);
        top.push(7, &[0.0]);
        assert_eq!(top.finish(), [Candidate { id: 7, score: 1.0 }]);
    }
}
