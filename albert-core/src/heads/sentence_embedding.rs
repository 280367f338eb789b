//! A vector for a whole text.

use super::pooling::pool;
use crate::config::{Pooling, SentenceEmbedding};
use crate::context::Context;
use crate::format::layout::role;
use crate::kernels::{self, Store};
use crate::linear::linear;
use crate::memory::arena::{Shared, Worker};
use crate::memory::{Columns, Rows};
use crate::slices::{copy, part, part_mut};
use core::ops::Range;

/// The mean of the rows of `hidden`, `[tokens][width]`, scaled to length 1 if `normalized`; `out` is `[width]`.
pub fn sentence_embedding(hidden: &[f32], normalized: bool, out: &mut [f32]) {
    pool(Pooling::Mean, hidden, out);
    if normalized {
        normalize(out);
    }
}

/// Scales a vector to length 1; a zero vector is not changed.
pub fn normalize(vector: &mut [f32]) {
    let squares = vector.iter().fold(0.0, |sum, x| sum + x * x);
    let length = kernels::square_root(squares).max(1e-12);
    vector.iter_mut().for_each(|x| *x /= length);
}

/// The embedding of the `index`th text, whose hidden states are `rows`, by the model's own recipe. It lies in the worker's memory.
pub(crate) fn embed_text<'w>(
    context: &Context<'_>,
    recipe: &SentenceEmbedding,
    shared: &mut Shared<'_>,
    worker: Worker<'w>,
    index: usize,
    rows: Range<usize>,
) -> &'w [f32] {
    let config = context.model.config();
    let (width, outputs) = (config.hidden_size as usize, config.sentence_dense as usize);
    let Worker { intermediate, mut scratch, .. } = worker;
    let (pooled, rest) = intermediate.split_at_mut(width.min(intermediate.len()));
    match recipe.pooling {
        Pooling::Pooler => copy(pooled, part(shared.pooled, index * width..(index + 1) * width)),
        pooling => pool(pooling, part(shared.hidden, rows.start * width..rows.end * width), pooled),
    }
    let mut embedding = pooled;
    if let Some(activation) = recipe.dense {
        let mut x = Rows { data: embedding, stride: width, count: 1 };
        let out = part_mut(rest, ..outputs);
        context.observer.show(role::SENTENCE_DENSE, 0, &mut x, width);
        let dense = context.model.linear(role::SENTENCE_DENSE, 0);
        let columns = Columns { data: &mut *out, stride: outputs, rows: 1 };
        linear(context.kernels, &dense, &mut x, Store::Activate(activation), columns, &mut scratch);
        embedding = out;
    }
    if recipe.normalize {
        normalize(embedding);
    }
    embedding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_length() {
        let mut out = [0.0; 2];
        sentence_embedding(&[1.0, 2.0, 5.0, 6.0], false, &mut out);
        assert_eq!(out, [3.0, 4.0]);
        sentence_embedding(&[1.0, 2.0, 5.0, 6.0], true, &mut out);
        assert_eq!(out, [0.6, 0.8]);
        sentence_embedding(&[], true, &mut out);
        assert_eq!(out, [0.0, 0.0]);
    }
}
