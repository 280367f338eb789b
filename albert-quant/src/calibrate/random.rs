//! Inputs for a model without tokenizer: ids without meaning, drawn from those that training has seen.
//!
//! Vocabularies have entries that no text uses. Their embeddings keep the small values that they began with, and a model that is
//! fed with them behaves as it never does on text: half of a phoneme model's 178 symbols are of this kind.

use albert_core::Model;
use albert_core::format::Elements;
use albert_core::format::layout::role;
use std::cmp::Ordering;

/// Lengths of inputs, in turn.
const LENGTHS: [usize; 8] = [12, 96, 24, 64, 16, 128, 32, 48];
/// Different ids of an input, in turn.
const DISTINCT: [u32; 5] = [8, 12, 16, 24, 48];
/// Inputs.
const INPUTS: usize = 32;
/// An id counts as trained when its embedding is as long as this share of the longest.
const TRAINED: f32 = 0.5;
/// The longest embeddings, of which there may be a few by accident: that many of a hundred are passed over.
const PASSED_OVER: usize = 5;

/// The same inputs for the same model.
pub(super) fn inputs(model: &Model<'_>, limit: usize) -> Vec<Vec<u32>> {
    draw(&trained(&norms(model)), limit)
}

/// Lengths of the word embeddings.
fn norms(model: &Model<'_>) -> Vec<f32> {
    let words = model.tensors().find(|record| record.role == role::WORD_EMBEDDINGS);
    let Some(Elements::Matrix(words)) = words.map(|record| model.elements(&record)) else { return Vec::new() };
    let mut row = vec![0.0; words.places()];
    let norm = |id| {
        row.fill(0.0);
        words.add_row(id, &mut row);
        row.iter().map(|x| x * x).sum::<f32>().sqrt()
    };
    (0..words.rows).map(norm).collect()
}

/// The ids whose embeddings are long enough.
fn trained(norms: &[f32]) -> Vec<u32> {
    let mut sorted = norms.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let longest = sorted.get(norms.len() * PASSED_OVER / 100).copied().unwrap_or(0.0);
    // Where nothing is a number, every id is as good as another.
    let short = |norm: &f32| norm.partial_cmp(&(TRAINED * longest)) == Some(Ordering::Less);
    (0..).zip(norms).filter(|(_, norm)| !short(norm)).map(|(id, _)| id).collect()
}

/// As in text, an input uses few ids, and some of those often: the k-th of its own ids has weight 1/k.
fn draw(ids: &[u32], limit: usize) -> Vec<Vec<u32>> {
    let mut state = 1u64;
    let mut below = |bound: u32| {
        // Knuth's generator (MMIX); the high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(state) * u128::from(bound)) >> 64) as u32
    };
    let input = |(length, distinct): (usize, u32)| {
        let own: Vec<u32> = (0..distinct).filter_map(|_| ids.get(below(ids.len() as u32) as usize)).copied().collect();
        let weights: Vec<u32> = (1..=own.len() as u32).map(|rank| 1_000_000 / rank).collect();
        let total = weights.iter().sum();
        let mut draw = || {
            let mut at = below(total);
            let chosen = weights.iter().position(|&weight| {
                let here = at < weight;
                at = at.wrapping_sub(weight);
                here
            });
            own.get(chosen.unwrap_or(0)).copied()
        };
        (0..length.min(limit)).filter_map(|_| draw()).collect()
    };
    LENGTHS.into_iter().cycle().zip(DISTINCT.into_iter().cycle()).take(INPUTS).map(input).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_training_never_saw_are_not_drawn() {
        let norms: Vec<f32> = (0..100).map(|id| if id % 2 == 0 { 0.22 } else { 1.0 + id as f32 / 100.0 }).collect();
        let ids = trained(&norms);
        assert_eq!(ids.len(), 50);
        assert!(ids.iter().all(|id| id % 2 == 1));
        let inputs = draw(&ids, 100);
        assert_eq!(inputs.len(), INPUTS);
        assert!(inputs.iter().flatten().all(|id| id % 2 == 1));
        assert!(inputs.iter().all(|ids| !ids.is_empty() && ids.len() <= 100));
        assert_eq!(inputs, draw(&ids, 100));
    }

    #[test]
    fn where_lengths_tell_nothing_every_id_is_drawn() {
        assert_eq!(trained(&[0.0; 3]), [0, 1, 2]);
        assert_eq!(trained(&[1.0, 0.8, 1.2]), [0, 1, 2]);
        assert_eq!(trained(&[f32::NAN, f32::NAN]), [0, 1]);
    }
}
